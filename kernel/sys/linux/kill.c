// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The calls by which a program sends signals: to processes of its own family, and to no others. */
#include <stddef.h>

#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/pidfd.h"
#include "kernel/sys/linux/thread.h"

static bool is_signal(int signal)
{
	return signal >= 0 && signal <= LINUX_SIGNALS;
}

static struct linux_siginfo info_from(const struct thread *thread, int signal, int code)
{
	return (struct linux_siginfo){ .signo = signal, .code = code, .fields = { linux_identity_stamp(thread) } };
}

/*
 * Whether it may be sent to one that is there. A session goes on whoever its processes are. STATUS_EINVAL: it is no signal; STATUS_EPERM. Spec: Linux,
 * kernel/signal.c: check_kill_permission()
 */
static status_t may_signal(const struct thread *thread, struct process *process, const struct thread *to, int signal)
{
	if (!is_signal(signal))
		return STATUS_EINVAL;
	if (linux_identity_may_signal(thread, process, to))
		return STATUS_OK;
	return signal == LINUX_SIGCONT && linux_family_session(process) == linux_family_session(thread->process) ? STATUS_OK : STATUS_EPERM;
}

void linux_signal_group(unsigned group, int signal, const struct linux_siginfo *info)
{
	struct process *process;
	unsigned after = 0;

	for (; (process = linux_family_next(NULL, after, group)) != NULL; object_put(&process->object)) {
		after = process->number;
		linux_signal_process(process, signal, info);
	}
}

/*
 * To all of a group of the thread's family, and it is enough that one may be sent it; `group` 0: to all others of the family that may, and it is enough
 * that there are any.
 */
static status_t group_kill(struct thread *thread, unsigned group, int signal, const struct linux_siginfo *info)
{
	status_t status = STATUS_ESRCH, may;
	struct process *process;
	unsigned after = 0;

	for (; (process = linux_family_next(thread->process, after, group)) != NULL; object_put(&process->object)) {
		after = process->number;
		if (group == 0 && process == thread->process)
			continue;
		may = may_signal(thread, process, NULL, signal);
		if (may == STATUS_OK) {
			status = STATUS_OK;
			if (signal != 0)
				linux_signal_process(process, signal, info);
		} else if (status == STATUS_ESRCH) {
			status = group == 0 && may == STATUS_EPERM ? STATUS_OK : may;
		}
	}
	return status;
}

static int64_t process_kill(struct thread *thread, unsigned pid, int signal, const struct linux_siginfo *info)
{
	struct process *process = linux_family_find(thread->process, pid);
	struct thread *of = process == NULL ? linux_family_thread(thread->process, 0, pid) : NULL; /* any thread's number is its process's, too */
	status_t status;

	if (of != NULL)
		process = of->process;
	if (process == NULL)
		return STATUS_ESRCH;
	status = may_signal(thread, process, NULL, signal);
	if (status == STATUS_OK && signal != 0)
		status = linux_signal_send(process, NULL, signal, info);
	object_put(of != NULL ? &of->object : &process->object);
	return status;
}

static int64_t call_kill(struct thread *thread, const uint64_t x[6])
{
	int32_t pid = (int32_t)x[0];
	int signal = (int)x[1];
	const struct linux_siginfo info = info_from(thread, signal, LINUX_SI_USER);
	unsigned group = pid < -1 ? (unsigned)-(int64_t)pid : 0;

	if (pid == 0)
		group = linux_family_group(thread->process);
	if (pid <= 0)
		return group_kill(thread, group, signal, &info);
	return process_kill(thread, (unsigned)pid, signal, &info);
}

/* `pid` 0: of any process. */
static int64_t thread_kill(struct thread *thread, unsigned pid, unsigned tid, int signal, const struct linux_siginfo *info)
{
	struct thread *target;
	status_t status;

	if ((int)tid <= 0)
		return STATUS_EINVAL;
	target = linux_family_thread(thread->process, pid, tid);
	if (target == NULL)
		return STATUS_ESRCH;
	status = may_signal(thread, target->process, target, signal);
	if (status == STATUS_OK && signal != 0)
		status = linux_signal_send(target->process, target, signal, info);
	object_put(&target->object);
	return status;
}

static int64_t call_tkill(struct thread *thread, const uint64_t x[6])
{
	const struct linux_siginfo info = info_from(thread, (int)x[1], LINUX_SI_TKILL);

	return thread_kill(thread, 0, (unsigned)x[0], (int)x[1], &info);
}

static int64_t call_tgkill(struct thread *thread, const uint64_t x[6])
{
	const struct linux_siginfo info = info_from(thread, (int)x[2], LINUX_SI_TKILL);

	if ((int)x[0] <= 0)
		return STATUS_EINVAL;
	return thread_kill(thread, (unsigned)x[0], (unsigned)x[1], (int)x[2], &info);
}

/* What a program says of a signal itself: nobody but itself is told what only the kernel can say. */
static bool may_say(const struct thread *thread, const struct linux_siginfo *info, unsigned pid)
{
	return (info->code < 0 && info->code != LINUX_SI_TKILL) || pid == thread->process->number;
}

static status_t info_copy_in(struct thread *thread, struct linux_siginfo *info, uint64_t va, unsigned pid)
{
	status_t status = linux_copy_in(thread, info, va, sizeof(*info));

	return status == STATUS_OK && !may_say(thread, info, pid) ? STATUS_EPERM : status;
}

static int64_t call_rt_sigqueueinfo(struct thread *thread, const uint64_t x[6])
{
	struct linux_siginfo info;
	status_t status = info_copy_in(thread, &info, x[2], (unsigned)x[0]);

	if (status != STATUS_OK)
		return status;
	return process_kill(thread, (unsigned)x[0], (int)x[1], &info);
}

static int64_t call_rt_tgsigqueueinfo(struct thread *thread, const uint64_t x[6])
{
	struct linux_siginfo info;
	status_t status = info_copy_in(thread, &info, x[3], (unsigned)x[0]);

	if (status == STATUS_OK && (int)x[0] <= 0)
		status = STATUS_EINVAL;
	return status == STATUS_OK ? thread_kill(thread, (unsigned)x[0], (unsigned)x[1], (int)x[2], &info) : status;
}

/* To the process that has `pid`, which is nobody else's. Spec: pidfd_send_signal(2); Linux, kernel/signal.c */
static int64_t pidfd_kill(struct thread *thread, unsigned pid, int signal, uint64_t info_va)
{
	struct linux_siginfo info = info_from(thread, signal, LINUX_SI_USER);
	status_t status = info_va != 0 ? linux_copy_in(thread, &info, info_va, sizeof(info)) : STATUS_OK;

	if (status != STATUS_OK)
		return status;
	if (info.signo != signal)
		return STATUS_EINVAL;
	if (info_va != 0 && !may_say(thread, &info, pid))
		return STATUS_EPERM;
	return process_kill(thread, pid, signal, &info);
}

static int64_t call_pidfd_send_signal(struct thread *thread, const uint64_t x[6])
{
	unsigned pid;
	status_t status;

	if ((uint32_t)x[3] != 0)
		return STATUS_EINVAL;
	status = linux_pidfd_named(thread, (int)x[0], &pid);
	return status == STATUS_OK ? pidfd_kill(thread, pid, (int)x[1], x[2]) : status;
}

const struct linux_call linux_calls_kill[] = {
	{ 129, 2, "kill", call_kill },
	{ 130, 2, "tkill", call_tkill },
	{ 131, 3, "tgkill", call_tgkill },
	{ 138, 3, "rt_sigqueueinfo", call_rt_sigqueueinfo },
	{ 240, 4, "rt_tgsigqueueinfo", call_rt_tgsigqueueinfo },
	{ 424, 4, "pidfd_send_signal", call_pidfd_send_signal },
	{ 0 },
};
