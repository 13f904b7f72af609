// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What programs ask of scheduling. A thread's policy, priorities and CPUs are kept and told, and that is all: threads of programs take turns as equals,
 * where the kernel put them, whatever they say of themselves. Spec: sched(7), getpriority(2), ioprio_set(2)
 */
#include <stdbool.h>
#include <stddef.h>

#include "hal/contract/smp.h"
#include "kernel/core/sched.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/clock.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/thread.h"

enum { SLICE_NS = 1000000, POLICY_OTHER = 0, POLICY_FIFO = 1, POLICY_RR = 2, POLICY_BATCH = 3, POLICY_IDLE = 5, POLICY_KEPT = 255, PRIORITY_MAX = 99 };
enum { NICE_LEAST = -20, NICE_MOST = 19 };
enum { IO_CLASS_SHIFT = 13, IO_NONE = 0, IO_REALTIME = 1, IO_BEST_EFFORT = 2, IO_IDLE = 3, IO_LEVELS = 8 };
/* Whom a call is about. Spec: getpriority(2): PRIO_PROCESS, ...; ioprio_set(2) has one more each */
enum { OF_THREAD = 0, OF_GROUP = 1, OF_USER = 2 };

/* A thread by its number, held; 0 is the caller. STATUS_ESRCH. */
static status_t thread_find(struct thread *thread, uint64_t tid, struct thread **of)
{
	*of = linux_family_thread(thread->process, 0, (unsigned)tid != 0 ? (unsigned)tid : thread->personality->tid);
	return *of != NULL ? STATUS_OK : STATUS_ESRCH;
}

/* The same, but of a number that is none STATUS_EINVAL. */
static status_t thread_of(struct thread *thread, uint64_t tid, struct thread **of)
{
	return (int)tid < 0 ? STATUS_EINVAL : thread_find(thread, tid, of);
}

static status_t thread_check(struct thread *thread, uint64_t tid)
{
	struct thread *of;
	status_t status = thread_of(thread, tid, &of);

	if (status == STATUS_OK)
		object_put(&of->object);
	return status;
}

/* Online. */
static uint64_t all_cpus(void)
{
	uint64_t mask = 0;

	for (unsigned cpu = 0; cpu < hal_cpu_count(); cpu++)
		mask |= sched_of(cpu) != NULL ? 1ull << cpu : 0;
	return mask;
}

/* Whether it is the caller's to say how a thread is scheduled. Spec: Linux, kernel/sched/core.c: check_same_owner() */
static bool is_own(const struct thread *thread, const struct thread *of)
{
	uint32_t user = thread->personality->identity.user.effective;
	const struct linux_ids *its = &of->personality->identity.user;

	return user == its->effective || user == its->real || linux_identity_may(thread, LINUX_CAP_SYS_NICE);
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
	struct linux_scheduling *now;
	struct thread *of;
	int32_t priority = 0;
	bool raises;
	status_t status = param_va != 0 && (policy == POLICY_KEPT || is_policy(policy)) ? thread_of(thread, tid, &of) : STATUS_EINVAL;

	if (status != STATUS_OK)
		return status;
	status = linux_copy_in(thread, &priority, param_va, sizeof(priority));
	now = &of->personality->scheduling;
	if (policy == POLICY_KEPT)
		policy = now->policy;
	if (status == STATUS_OK && (is_realtime(policy) ? priority < 1 || priority > PRIORITY_MAX : priority != 0))
		status = STATUS_EINVAL;
	raises = is_realtime(policy) && (policy != now->policy || priority > now->priority);
	if (status == STATUS_OK && (!is_own(thread, of) || (raises && !linux_identity_may(thread, LINUX_CAP_SYS_NICE))))
		status = STATUS_EPERM;
	if (status == STATUS_OK) {
		now->policy = (uint8_t)policy;
		now->priority = (uint8_t)priority;
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
		result = of->personality->scheduling.policy;
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
	priority = of->personality->scheduling.priority;
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
	struct thread *of;
	status_t status = linux_copy_in(thread, &mask, x[2], x[1] < sizeof(mask) ? x[1] : sizeof(mask));

	if (status == STATUS_OK)
		status = thread_find(thread, x[0], &of);
	if (status != STATUS_OK)
		return status;
	mask &= all_cpus();
	status = !is_own(thread, of) ? STATUS_EPERM : mask == 0 ? STATUS_EINVAL : STATUS_OK;
	if (status == STATUS_OK)
		of->personality->scheduling.cpus = mask;
	object_put(&of->object);
	return status;
}

static int64_t call_sched_getaffinity(struct thread *thread, const uint64_t x[6])
{
	struct thread *of;
	uint64_t mask;
	status_t status = x[1] < sizeof(mask) || x[1] % sizeof(mask) != 0 ? STATUS_EINVAL : thread_find(thread, x[0], &of);

	if (status != STATUS_OK)
		return status;
	mask = of->personality->scheduling.cpus != 0 ? of->personality->scheduling.cpus : all_cpus();
	object_put(&of->object);
	status = linux_copy_out(thread, x[2], &mask, sizeof(mask));
	return status == STATUS_OK ? (int64_t)sizeof(mask) : status;
}

static int64_t call_sched_yield(struct thread *thread, const uint64_t x[6])
{
	(void)x;
	linux_give_way(thread);
	return 0;
}

/* A call about a thread, or about several. */
struct call {
	const struct thread *thread;
	int value;      /* that is set */
	int64_t result; /* STATUS_ESRCH: it was about nobody so far */
};

typedef void visit_run(struct call *call, struct thread *of);

/* All of a group or of a user. Context: the thread's fiber; visit() is called under the lock of a process. */
static void each(struct thread *thread, uint64_t which, int who, struct call *call, visit_run *visit)
{
	unsigned group = which == OF_GROUP ? who != 0 ? (unsigned)who : linux_family_group(thread->process) : 0;
	uint32_t user = who != 0 ? (uint32_t)who : thread->personality->identity.user.real;
	struct process *process;

	for (unsigned after = 0; (process = linux_family_next(thread->process, after, group)) != NULL; object_put(&process->object)) {
		after = process->number;
		spinlock_take(&process->lock);
		for (struct list_node *node = process->threads.next; node != &process->threads; node = node->next) {
			struct thread *of = LIST_OWNER(node, struct thread, of_process);

			if (which == OF_GROUP || of->personality->identity.user.real == user)
				visit(call, of);
		}
		spinlock_give(&process->lock);
	}
}

/* Whom a call is about: one thread, or many. */
static int64_t visit_all(struct thread *thread, uint64_t which, int who, int value, visit_run *visit)
{
	struct call call = { .thread = thread, .value = value, .result = STATUS_ESRCH };
	struct thread *of;

	if (which > OF_USER)
		return STATUS_EINVAL;
	if (which != OF_THREAD) {
		each(thread, which, who, &call, visit);
	} else if (thread_of(thread, (unsigned)who, &of) == STATUS_OK) {
		spinlock_take(&of->process->lock);
		visit(&call, of);
		spinlock_give(&of->process->lock);
		object_put(&of->object);
	}
	return call.result;
}

static void nice_get(struct call *call, struct thread *of)
{
	int64_t told = NICE_MOST + 1 - of->personality->scheduling.nice;

	call->result = told > call->result ? told : call->result;
}

static void nice_set(struct call *call, struct thread *of)
{
	struct linux_scheduling *now = &of->personality->scheduling;

	if (!is_own(call->thread, of)) {
		call->result = STATUS_EPERM;
	} else if (call->value < now->nice && !linux_identity_may(call->thread, LINUX_CAP_SYS_NICE)) {
		call->result = STATUS_EACCES;
	} else {
		now->nice = (int8_t)call->value;
		call->result = call->result == STATUS_ESRCH ? STATUS_OK : call->result;
	}
}

static int64_t call_getpriority(struct thread *thread, const uint64_t x[6])
{
	return visit_all(thread, x[0], (int)x[1], 0, nice_get);
}

static int64_t call_setpriority(struct thread *thread, const uint64_t x[6])
{
	int nice = (int)x[2] < NICE_LEAST ? NICE_LEAST : (int)x[2] > NICE_MOST ? NICE_MOST : (int)x[2];

	return visit_all(thread, x[0], (int)x[1], nice, nice_set);
}

/* Who said nothing has what follows from how it is scheduled. Spec: Linux, include/linux/ioprio.h: __get_task_ioprio() */
static int io_priority(const struct linux_scheduling *now)
{
	int class = is_realtime(now->policy) ? IO_REALTIME : now->policy == POLICY_IDLE ? IO_IDLE : IO_BEST_EFFORT;

	return now->io_priority != 0 ? now->io_priority : class << IO_CLASS_SHIFT | (now->nice - NICE_LEAST) / 5;
}

/* What it said itself. */
static void io_get(struct call *call, struct thread *of)
{
	call->result = of->personality->scheduling.io_priority;
}

/* The best of all. */
static void io_best(struct call *call, struct thread *of)
{
	int told = io_priority(&of->personality->scheduling);

	call->result = call->result == STATUS_ESRCH || told < call->result ? told : call->result;
}

static void io_set(struct call *call, struct thread *of)
{
	const struct linux_ids *own = &call->thread->personality->identity.user;
	uint32_t its = of->personality->identity.user.real;

	if (own->effective != its && own->real != its && !linux_identity_may(call->thread, LINUX_CAP_SYS_NICE)) {
		call->result = STATUS_EPERM;
	} else {
		of->personality->scheduling.io_priority = (uint16_t)call->value;
		call->result = call->result == STATUS_ESRCH ? STATUS_OK : call->result;
	}
}

static int64_t call_ioprio_get(struct thread *thread, const uint64_t x[6])
{
	uint64_t which = x[0] - 1;

	return visit_all(thread, which, (int)x[1], 0, which == OF_THREAD ? io_get : io_best);
}

static int64_t call_ioprio_set(struct thread *thread, const uint64_t x[6])
{
	uint64_t which = x[0] - 1;
	int class = (int)x[2] >> IO_CLASS_SHIFT;
	int level = (int)x[2] & ((1 << IO_CLASS_SHIFT) - 1);

	if (class == IO_REALTIME && !linux_identity_may(thread, LINUX_CAP_SYS_NICE) && !linux_identity_may(thread, LINUX_CAP_SYS_ADMIN))
		return STATUS_EPERM;
	if (class < IO_NONE || class > IO_IDLE || (class == IO_NONE && level != 0) || (class != IO_IDLE && level >= IO_LEVELS))
		return STATUS_EINVAL;
	return visit_all(thread, which, (int)x[1], (int)x[2], io_set);
}

const struct linux_call linux_calls_scheduling[] = {
	{ 30, 3, "ioprio_set", call_ioprio_set },
	{ 31, 2, "ioprio_get", call_ioprio_get },
	{ 118, 2, "sched_setparam", call_sched_setparam },
	{ 119, 3, "sched_setscheduler", call_sched_setscheduler },
	{ 120, 1, "sched_getscheduler", call_sched_getscheduler },
	{ 121, 2, "sched_getparam", call_sched_getparam },
	{ 122, 3, "sched_setaffinity", call_sched_setaffinity },
	{ 123, 3, "sched_getaffinity", call_sched_getaffinity },
	{ 124, 0, "sched_yield", call_sched_yield },
	{ 125, 1, "sched_get_priority_max", call_sched_get_priority_max },
	{ 126, 1, "sched_get_priority_min", call_sched_get_priority_min },
	{ 127, 2, "sched_rr_get_interval", call_sched_rr_get_interval },
	{ 140, 3, "setpriority", call_setpriority },
	{ 141, 2, "getpriority", call_getpriority },
	{ 0 },
};
