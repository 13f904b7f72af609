// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Waiting for children, and a process's place among others: wait4, waitid, groups, sessions, prctl. */
#include <stddef.h>

#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/cpu_time.h"
#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/pidfd.h"
#include "kernel/sys/linux/thread.h"
#include "lib/string.h"

/* linux/wait.h */
enum { WNOHANG = 1, WSTOPPED = 2, WEXITED = 4, WCONTINUED = 8, WNOWAIT = 0x1000000 };
#define WAIT4_FLAGS (WNOHANG | WSTOPPED | WCONTINUED | 0xe0000000u /* __WNOTHREAD, __WALL, __WCLONE */)
enum { P_ALL, P_PID, P_PGID, P_PIDFD };

struct wanted {
	int type;
	unsigned id;
	unsigned flags;
};

/* What became of a child. */
struct outcome {
	unsigned pid;
	uint64_t stamp; /* in siginfo_t */
	int code; /* LINUX_CLD_*; 0: nothing yet */
	int value;
	int status; /* as wait4 tells it */
	uint64_t cpu_ns;
	struct process *gone; /* to be put */
};

static void outcome_of(struct linux_family *child, unsigned flags, struct outcome *outcome)
{
	int status = child->status;

	outcome->code = 0;
	outcome->pid = child->process->number;
	outcome->stamp = linux_family_stamp(child);
	if (child->ended && (flags & WEXITED) != 0) {
		bool killed = (status & 0x7f) != 0;

		*outcome = (struct outcome){ .pid = outcome->pid, .stamp = outcome->stamp, .code = killed ? LINUX_CLD_KILLED : LINUX_CLD_EXITED, .status = status };
		outcome->value = killed ? status & 0x7f : status >> 8;
		outcome->cpu_ns = child->cpu_ns + child->children_cpu_ns;
	} else if (child->stop_signal != 0 && (flags & WSTOPPED) != 0 && !child->ended) {
		*outcome = (struct outcome){ .pid = outcome->pid, .stamp = outcome->stamp, .code = LINUX_CLD_STOPPED, .value = child->stop_signal };
		outcome->status = child->stop_signal << 8 | 0x7f;
	} else if (child->continued && (flags & WCONTINUED) != 0 && !child->ended) {
		*outcome = (struct outcome){ .pid = outcome->pid, .stamp = outcome->stamp, .code = LINUX_CLD_CONTINUED, .value = LINUX_SIGCONT, .status = 0xffff };
	}
}

/* It has been told: it is not told again. */
static void outcome_settle(struct linux_family *parent, struct linux_family *child, struct outcome *outcome)
{
	if (outcome->code == LINUX_CLD_STOPPED) {
		child->stop_signal = 0;
	} else if (outcome->code == LINUX_CLD_CONTINUED) {
		child->continued = false;
	} else {
		parent->children_cpu_ns += outcome->cpu_ns;
		outcome->gone = child->process;
		linux_family_remove(child);
	}
}

/* Under the lock. STATUS_ECHILD: there is no such child; STATUS_EAGAIN: none has anything to tell. */
static status_t child_look(struct linux_family *parent, const struct wanted *wanted, struct outcome *outcome)
{
	status_t status = STATUS_ECHILD;

	for (struct list_node *node = parent->children.next; node != &parent->children; node = node->next) {
		struct linux_family *child = LIST_OWNER(node, struct linux_family, of_parent);

		if (wanted->type != P_ALL && wanted->id != (wanted->type == P_PID ? child->process->number : child->group))
			continue;
		status = STATUS_EAGAIN;
		outcome_of(child, wanted->flags, outcome);
		if (outcome->code == 0)
			continue;
		if ((wanted->flags & WNOWAIT) == 0)
			outcome_settle(parent, child, outcome);
		return STATUS_OK;
	}
	return status;
}

static status_t child_look_once(struct linux_family *parent, const struct wanted *wanted, struct outcome *outcome)
{
	status_t status;

	spinlock_take(&linux_family_lock);
	status = child_look(parent, wanted, outcome);
	spinlock_give(&linux_family_lock);
	if (status == STATUS_OK && outcome->gone != NULL)
		object_put(&outcome->gone->object);
	return status;
}

/* STATUS_EAGAIN: nothing yet, and WNOHANG was said; LINUX_RESTART; STATUS_ECHILD. */
static int64_t child_wait(struct thread *thread, const struct wanted *wanted, struct outcome *outcome)
{
	struct linux_family *family = linux_process_of(thread)->family;
	status_t slept = STATUS_OK;
	struct linux_waiter waiter;
	status_t status;

	*outcome = (struct outcome){ 0 };
	linux_waiter_add(&waiter, thread, &family->changed);
	/* Looked at once more when a signal has come: that may be the child's own. */
	while ((status = child_look_once(family, wanted, outcome)) == STATUS_EAGAIN && (wanted->flags & WNOHANG) == 0 && slept == STATUS_OK)
		slept = linux_sleep(thread, WAIT_FOREVER);
	linux_waiter_remove(&waiter);
	return status == STATUS_EAGAIN && slept != STATUS_OK ? LINUX_RESTART : status;
}

static int64_t call_wait4(struct thread *thread, const uint64_t x[6])
{
	int32_t pid = (int32_t)x[0];
	struct wanted wanted = { .type = P_ALL, .flags = (unsigned)x[2] | WEXITED };
	struct outcome outcome;
	int64_t result;

	if (((unsigned)x[2] & ~WAIT4_FLAGS) != 0)
		return STATUS_EINVAL;
	if (pid == INT32_MIN)
		return STATUS_ESRCH;
	if (pid > 0)
		wanted = (struct wanted){ P_PID, (unsigned)pid, wanted.flags };
	else if (pid != -1)
		wanted = (struct wanted){ P_PGID, pid == 0 ? linux_family_group(thread->process) : (unsigned)-pid, wanted.flags };
	result = child_wait(thread, &wanted, &outcome);
	if (result == STATUS_EAGAIN)
		return 0;
	if (result != 0)
		return result;
	if (x[1] != 0 && linux_copy_out(thread, x[1], &outcome.status, sizeof(outcome.status)) != STATUS_OK)
		return STATUS_EFAULT;
	if (x[3] != 0 && linux_usage_out(thread, x[3], outcome.cpu_ns) != STATUS_OK)
		return STATUS_EFAULT;
	return outcome.pid;
}

/* A child by its descriptor; where that does not wait, neither does the call. */
static status_t wanted_of(struct thread *thread, int fd, struct wanted *wanted)
{
	struct process *process;
	bool nonblocking;
	status_t status = fd >= 0 ? linux_pidfd_get(thread, fd, &process, &nonblocking) : STATUS_EINVAL;

	if (status != STATUS_OK)
		return status;
	wanted->type = P_PID;
	wanted->id = process->number;
	wanted->flags |= nonblocking ? WNOHANG : 0;
	object_put(&process->object);
	return STATUS_OK;
}

static int64_t call_waitid(struct thread *thread, const uint64_t x[6])
{
	struct wanted wanted = { .type = (int)x[0], .id = (unsigned)x[1], .flags = (unsigned)x[3] };
	struct linux_siginfo info = { 0 };
	struct outcome outcome;
	int64_t result;

	if ((wanted.flags & ~(WAIT4_FLAGS | WEXITED | WNOWAIT)) != 0 || (wanted.flags & (WEXITED | WSTOPPED | WCONTINUED)) == 0 ||
	    x[0] > P_PIDFD || (x[0] == P_PID && wanted.id == 0))
		return STATUS_EINVAL;
	if (wanted.type == P_PGID && wanted.id == 0)
		wanted.id = linux_family_group(thread->process);
	result = wanted.type == P_PIDFD ? wanted_of(thread, (int)x[1], &wanted) : STATUS_OK;
	if (result != STATUS_OK)
		return result;
	result = child_wait(thread, &wanted, &outcome);
	if (result != STATUS_OK && (result != STATUS_EAGAIN || (x[3] & WNOHANG) == 0))
		return result; /* STATUS_EAGAIN: its descriptor does not wait */
	if (result == STATUS_OK)
		info = (struct linux_siginfo){ .signo = LINUX_SIGCHLD, .code = outcome.code, .fields = { outcome.stamp, (uint32_t)outcome.value } };
	if (x[2] != 0 && linux_copy_out(thread, x[2], &info, sizeof(info)) != STATUS_OK)
		return STATUS_EFAULT;
	if (x[4] != 0 && result == STATUS_OK && linux_usage_out(thread, x[4], outcome.cpu_ns) != STATUS_OK)
		return STATUS_EFAULT;
	return 0;
}

static int64_t call_getpid(struct thread *thread, const uint64_t x[6])
{
	(void)x;
	return thread->process->number;
}

static int64_t call_getppid(struct thread *thread, const uint64_t x[6])
{
	(void)x;
	return atomic_load_explicit(&linux_process_of(thread)->family->parent_number, memory_order_relaxed);
}

/* Whether `target`'s group may be set to `group` by `asking`. Under the lock. */
static status_t group_check(const struct linux_family *asking, const struct linux_family *target, unsigned group)
{
	if (target != asking && target->parent != asking)
		return STATUS_ESRCH;
	if (target != asking && target->executed)
		return STATUS_EACCES;
	if (target->session != asking->session || target->session == target->process->number)
		return STATUS_EPERM;
	return group == target->process->number ? STATUS_OK : STATUS_EAGAIN;
}

static int64_t call_setpgid(struct thread *thread, const uint64_t x[6])
{
	unsigned pid = (unsigned)x[0] != 0 ? (unsigned)x[0] : thread->process->number;
	unsigned group = (unsigned)x[1] != 0 ? (unsigned)x[1] : pid;
	unsigned session = linux_group_session(group);
	struct process *process;
	struct linux_family *family;
	status_t status;

	if ((int)x[0] < 0 || (int)x[1] < 0)
		return STATUS_EINVAL;
	process = linux_family_find(thread->process, pid);
	if (process == NULL)
		return STATUS_ESRCH;
	family = process->personality->family;
	spinlock_take(&linux_family_lock);
	status = group_check(linux_process_of(thread)->family, family, group);
	if (status == STATUS_EAGAIN) /* a group that others are in */
		status = session == family->session ? STATUS_OK : STATUS_EPERM;
	if (status == STATUS_OK)
		family->group = group;
	spinlock_give(&linux_family_lock);
	object_put(&process->object);
	return status;
}

/* Of the process that is asked for: its group or its session. */
static int64_t place_of(struct thread *thread, unsigned pid, bool session)
{
	struct process *process = linux_family_find(thread->process, pid != 0 ? pid : thread->process->number);
	int64_t result;

	if (process == NULL)
		return STATUS_ESRCH;
	result = session ? linux_family_session(process) : linux_family_group(process);
	object_put(&process->object);
	return result;
}

static int64_t call_getpgid(struct thread *thread, const uint64_t x[6])
{
	return place_of(thread, (unsigned)x[0], false);
}

static int64_t call_getsid(struct thread *thread, const uint64_t x[6])
{
	return place_of(thread, (unsigned)x[0], true);
}

static int64_t call_setsid(struct thread *thread, const uint64_t x[6])
{
	struct linux_family *family = linux_process_of(thread)->family;
	unsigned pid = thread->process->number;

	(void)x;
	if (linux_group_session(pid) != 0)
		return STATUS_EPERM;
	spinlock_take(&linux_family_lock);
	family->group = family->session = pid;
	family->left_terminal = false;
	spinlock_give(&linux_family_lock);
	return pid;
}

const struct linux_call linux_calls_family[] = {
	{ 95, 5, "waitid", call_waitid },
	{ 154, 2, "setpgid", call_setpgid },
	{ 155, 1, "getpgid", call_getpgid },
	{ 156, 1, "getsid", call_getsid },
	{ 157, 0, "setsid", call_setsid },
	{ 172, 0, "getpid", call_getpid },
	{ 173, 0, "getppid", call_getppid },
	{ 260, 4, "wait4", call_wait4 },
	{ 0 },
};
