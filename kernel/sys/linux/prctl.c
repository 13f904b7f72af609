// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * prctl(2), and what programs ask of scheduling. A thread's policy and priority are kept and told, and that is all: threads of programs take turns as
 * equals, whatever they say of themselves.
 */
#include <stdbool.h>
#include <stddef.h>

#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/clock.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/thread.h"
#include "lib/string.h"

enum { /* linux/prctl.h */
	PR_SET_PDEATHSIG = 1, PR_GET_PDEATHSIG = 2, PR_GET_DUMPABLE = 3, PR_SET_DUMPABLE = 4, PR_SET_NAME = 15, PR_GET_NAME = 16,
	PR_GET_SECCOMP = 21, PR_SET_TIMERSLACK = 29, PR_GET_TIMERSLACK = 30,
};
enum { SLICE_NS = 1000000, POLICY_OTHER = 0, POLICY_FIFO = 1, POLICY_RR = 2, POLICY_BATCH = 3, POLICY_IDLE = 5, POLICY_KEPT = 255, PRIORITY_MAX = 99, PRIORITY_NICE_0 = 20 };

static int64_t name_set(struct thread *thread, uint64_t va)
{
	struct linux_process *personality = linux_process_of(thread);
	char name[sizeof(personality->comm)] = { 0 };
	int64_t len = linux_copy_string(thread, name, va, sizeof(name));

	if (len < 0 && len != STATUS_ENAMETOOLONG)
		return len;
	name[sizeof(name) - 1] = '\0';
	memcpy(personality->comm, name, sizeof(name));
	return 0;
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

static int64_t call_prctl(struct thread *thread, const uint64_t x[6])
{
	switch (x[0]) {
	case PR_SET_PDEATHSIG:
		return death_signal_set(thread, x[1]);
	case PR_GET_PDEATHSIG:
		return linux_copy_out(thread, x[1], &linux_process_of(thread)->family->death_signal, sizeof(int));
	case PR_SET_NAME:
		return name_set(thread, x[1]);
	case PR_GET_NAME:
		return linux_copy_out(thread, x[1], linux_process_of(thread)->comm, sizeof(linux_process_of(thread)->comm));
	case PR_GET_DUMPABLE:
		return 1;
	case PR_SET_DUMPABLE:
	case PR_GET_SECCOMP:
	case PR_SET_TIMERSLACK:
		return 0;
	case PR_GET_TIMERSLACK:
		return 50000;
	default:
		return linux_identity_prctl(thread, x);
	}
}

/* A thread by its number, held; 0 is the caller. STATUS_ESRCH, STATUS_EINVAL. */
static status_t thread_of(struct thread *thread, uint64_t tid, struct thread **of)
{
	if ((int)tid < 0)
		return STATUS_EINVAL;
	*of = linux_family_thread(thread->process, 0, (unsigned)tid != 0 ? (unsigned)tid : thread->personality->tid);
	return *of != NULL ? STATUS_OK : STATUS_ESRCH;
}

static status_t thread_check(struct thread *thread, uint64_t tid)
{
	struct thread *of;
	status_t status = thread_of(thread, tid, &of);

	if (status == STATUS_OK)
		object_put(&of->object);
	return status;
}

static bool is_realtime(uint64_t policy)
{
	return policy == POLICY_FIFO || policy == POLICY_RR;
}

static bool is_policy(uint64_t policy)
{
	return is_realtime(policy) || policy == POLICY_OTHER || policy == POLICY_BATCH || policy == POLICY_IDLE;
}

/* `policy` POLICY_KEPT: the one that it has. */
static int64_t policy_set(struct thread *thread, uint64_t tid, uint64_t policy, uint64_t param_va)
{
	struct thread *of;
	int32_t priority;
	status_t status = param_va != 0 && (policy == POLICY_KEPT || is_policy(policy)) ? thread_of(thread, tid, &of) : STATUS_EINVAL;

	if (status != STATUS_OK)
		return status;
	status = linux_copy_in(thread, &priority, param_va, sizeof(priority));
	if (policy == POLICY_KEPT)
		policy = of->personality->policy;
	if (status == STATUS_OK && (is_realtime(policy) ? priority < 1 || priority > PRIORITY_MAX : priority != 0))
		status = STATUS_EINVAL;
	if (status == STATUS_OK) {
		of->personality->policy = (uint8_t)policy;
		of->personality->priority = (uint8_t)priority;
	}
	object_put(&of->object);
	return status;
}

static int64_t call_sched_setparam(struct thread *thread, const uint64_t x[6])
{
	return policy_set(thread, x[0], POLICY_KEPT, x[1]);
}

static int64_t call_sched_setscheduler(struct thread *thread, const uint64_t x[6])
{
	return policy_set(thread, x[0], (uint32_t)x[1] & ~0x40000000u /* SCHED_RESET_ON_FORK */, x[2]);
}

static int64_t call_sched_getscheduler(struct thread *thread, const uint64_t x[6])
{
	struct thread *of;
	int64_t result = thread_of(thread, x[0], &of);

	if (result == STATUS_OK) {
		result = of->personality->policy;
		object_put(&of->object);
	}
	return result;
}

static int64_t call_sched_getparam(struct thread *thread, const uint64_t x[6])
{
	struct thread *of;
	int32_t priority;
	status_t status = x[1] != 0 ? thread_of(thread, x[0], &of) : STATUS_EINVAL;

	if (status != STATUS_OK)
		return status;
	priority = of->personality->priority;
	object_put(&of->object);
	return linux_copy_out(thread, x[1], &priority, sizeof(priority));
}

static int64_t priority_limit(uint64_t policy, int64_t realtime)
{
	if (is_realtime(policy))
		return realtime;
	return is_policy(policy) ? 0 : STATUS_EINVAL;
}

static int64_t call_sched_get_priority_max(struct thread *thread, const uint64_t x[6])
{
	(void)thread;
	return priority_limit(x[0], PRIORITY_MAX);
}

static int64_t call_sched_get_priority_min(struct thread *thread, const uint64_t x[6])
{
	(void)thread;
	return priority_limit(x[0], 1);
}

static int64_t call_sched_rr_get_interval(struct thread *thread, const uint64_t x[6])
{
	const struct linux_timespec slice = linux_timespec_of(SLICE_NS);
	status_t status = thread_check(thread, x[0]);

	return status == STATUS_OK ? linux_copy_out(thread, x[1], &slice, sizeof(slice)) : status;
}

static int64_t call_sched_setaffinity(struct thread *thread, const uint64_t x[6])
{
	uint64_t mask = 0;
	status_t status = thread_check(thread, x[0]);

	if (status == STATUS_OK)
		status = linux_copy_in(thread, &mask, x[2], x[1] < sizeof(mask) ? x[1] : sizeof(mask));
	return status == STATUS_OK && mask == 0 ? STATUS_EINVAL : status;
}

static int64_t call_getpriority(struct thread *thread, const uint64_t x[6])
{
	(void)thread;
	return x[0] <= 2 ? PRIORITY_NICE_0 : STATUS_EINVAL;
}

static int64_t call_setpriority(struct thread *thread, const uint64_t x[6])
{
	(void)thread;
	return x[0] <= 2 ? STATUS_OK : STATUS_EINVAL;
}

const struct linux_call linux_calls_prctl[] = {
	{ 118, 2, "sched_setparam", call_sched_setparam },
	{ 119, 3, "sched_setscheduler", call_sched_setscheduler },
	{ 120, 1, "sched_getscheduler", call_sched_getscheduler },
	{ 121, 2, "sched_getparam", call_sched_getparam },
	{ 122, 3, "sched_setaffinity", call_sched_setaffinity },
	{ 125, 1, "sched_get_priority_max", call_sched_get_priority_max },
	{ 126, 1, "sched_get_priority_min", call_sched_get_priority_min },
	{ 127, 2, "sched_rr_get_interval", call_sched_rr_get_interval },
	{ 140, 3, "setpriority", call_setpriority },
	{ 141, 2, "getpriority", call_getpriority },
	{ 167, 5, "prctl", call_prctl },
	{ 0 },
};
