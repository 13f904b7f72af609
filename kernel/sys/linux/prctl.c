// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Spec: prctl(2) */
#include <stddef.h>

#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/thread.h"

enum { /* linux/prctl.h */
	PR_SET_PDEATHSIG = 1, PR_GET_PDEATHSIG = 2, PR_GET_DUMPABLE = 3, PR_SET_DUMPABLE = 4, PR_SET_NAME = 15, PR_GET_NAME = 16,
	PR_GET_SECCOMP = 21, PR_SET_TIMERSLACK = 29, PR_GET_TIMERSLACK = 30, PR_SET_CHILD_SUBREAPER = 36, PR_GET_CHILD_SUBREAPER = 37,
	PR_SET_THP_DISABLE = 41, PR_GET_THP_DISABLE = 42,
};

enum { SLACK_NS = 50000 /* as on Linux */ };

static int64_t name_set(struct thread *thread, uint64_t va)
{
	char name[LINUX_COMM_BYTES] = { 0 };
	int64_t len = linux_copy_string(thread, name, va, sizeof(name));

	if (len < 0 && len != STATUS_ENAMETOOLONG)
		return len;
	linux_comm_set(thread, name);
	return 0;
}

static int64_t name_get(struct thread *thread, uint64_t va)
{
	char name[LINUX_COMM_BYTES];

	linux_comm_get(thread->process, thread, name);
	return linux_copy_out(thread, va, name, sizeof(name));
}

static int64_t death_signal_set(struct thread *thread, uint64_t signal)
{
	if (signal > LINUX_SIGNALS)
		return STATUS_EINVAL;
	spinlock_take(&linux_family_lock);
	linux_process_of(thread)->family->death_signal = (int)signal;
	spinlock_give(&linux_family_lock);
	return 0;
}

static int64_t reaper_set(struct thread *thread, bool reaps)
{
	spinlock_take(&linux_family_lock);
	linux_process_of(thread)->family->reaps = reaps;
	spinlock_give(&linux_family_lock);
	return 0;
}

static int64_t call_prctl(struct thread *thread, const uint64_t x[6])
{
	struct linux_scheduling *scheduling = &thread->personality->scheduling;

	switch (x[0]) {
	case PR_SET_PDEATHSIG:
		return death_signal_set(thread, x[1]);
	case PR_GET_PDEATHSIG:
		return linux_copy_out(thread, x[1], &linux_process_of(thread)->family->death_signal, sizeof(int));
	case PR_SET_NAME:
		return name_set(thread, x[1]);
	case PR_GET_NAME:
		return name_get(thread, x[1]);
	case PR_GET_DUMPABLE:
		return !atomic_load_explicit(&linux_process_of(thread)->hides, memory_order_relaxed);
	case PR_SET_DUMPABLE:
		if (x[1] > 1)
			return STATUS_EINVAL;
		atomic_store_explicit(&linux_process_of(thread)->hides, x[1] == 0, memory_order_relaxed);
		return 0;
	case PR_GET_SECCOMP:
		return 0;
	case PR_SET_TIMERSLACK:
		scheduling->slack_ns = x[1] != 0 ? x[1] : scheduling->slack_first_ns;
		return 0;
	case PR_GET_TIMERSLACK:
		return scheduling->slack_ns != 0 ? (int64_t)scheduling->slack_ns : SLACK_NS;
	case PR_SET_THP_DISABLE:
		if ((x[2] | x[3] | x[4]) != 0)
			return STATUS_EINVAL;
		linux_process_of(thread)->no_huge_pages = x[1] != 0;
		return 0;
	case PR_GET_THP_DISABLE:
		return (x[1] | x[2] | x[3] | x[4]) == 0 ? linux_process_of(thread)->no_huge_pages : STATUS_EINVAL;
	case PR_SET_CHILD_SUBREAPER:
		return reaper_set(thread, x[1] != 0);
	case PR_GET_CHILD_SUBREAPER:
		return linux_copy_out(thread, x[1], &(int){ linux_process_of(thread)->family->reaps }, sizeof(int));
	default:
		return linux_identity_prctl(thread, x);
	}
}

const struct linux_call linux_calls_prctl[] = {
	{ 167, 5, "prctl", call_prctl },
	{ 0 },
};
