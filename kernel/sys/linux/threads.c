// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/threads.h"

#include <stddef.h>

#include "kernel/core/timer.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/cpu_time.h"
#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/fork.h"
#include "kernel/sys/linux/futex.h"
#include "kernel/sys/linux/run.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/timers.h"
#include "kernel/sys/linux/vfork.h"
#include "lib/string.h"

enum { END_LOOK_NS = 200000 };

/* linux/sched.h */
enum {
	CSIGNAL = 0xff, CLONE_VM = 0x100, CLONE_SIGHAND = 0x800, CLONE_PIDFD = 0x1000, CLONE_VFORK = 0x4000, CLONE_THREAD = 0x10000,
	CLONE_SETTLS = 0x80000, CLONE_PARENT_SETTID = 0x100000, CLONE_CHILD_CLEARTID = 0x200000, CLONE_CHILD_SETTID = 0x1000000,
};
#define CLONE_CLEAR_SIGHAND 0x100000000u /* of clone3 alone */
/* What makes no difference: UNTRACED, IO; for a thread FS, FILES, SYSVSEM, DETACHED too. */
#define CLONE_UNTRACED_IO (0x800000u | 0x80000000u)
#define CLONE_NO_MATTER (0x200u | 0x400u | 0x40000u | 0x400000u | CLONE_UNTRACED_IO)
#define CLONE_THREAD_NEEDS (CLONE_VM | CLONE_SIGHAND | CLONE_THREAD)
#define CLONE_THREAD_MAY (CLONE_THREAD_NEEDS | CLONE_NO_MATTER | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID)
#define CLONE_FORK_MAY                                                                                                                       \
	(CSIGNAL | CLONE_VM | CLONE_PIDFD | CLONE_VFORK | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | \
	 CLONE_UNTRACED_IO | CLONE_CLEAR_SIGHAND)

void linux_thread_copy_registers(struct thread *from, struct thread *to, uint64_t stack_va)
{
	uint64_t tls = to->user.tls;

	hal_user_vector_sync(&from->user);
	to->user = from->user;
	to->user.kernel_sp = 0;
	to->user.x[0] = 0;
	to->user.tls = tls;
	if (stack_va != 0)
		to->user.sp = stack_va;
}

static int64_t thread_make(struct thread *thread, const struct linux_clone *clone, struct linux_thread *personality)
{
	struct thread_options options = {
		.cpu = THREAD_CPU_ANY, .personality = personality, .tls = clone->flags & CLONE_SETTLS ? clone->tls : thread->user.tls,
	};
	unsigned tid = process_number_next();
	struct thread *made;
	status_t status;

	personality->tid = tid;
	linux_comm_get(thread->process, thread, personality->comm);
	personality->identity = thread->personality->identity;
	personality->scheduling = thread->personality->scheduling;
	personality->scheduling.slack_first_ns = personality->scheduling.slack_ns;
	personality->signals.mask = thread->personality->signals.mask;
	personality->clear_tid_va = clone->flags & CLONE_CHILD_CLEARTID ? clone->child_tid_va : 0;
	status = thread_create(thread->process, &options, &made);
	if (status != STATUS_OK) {
		linux_thread_free(personality);
		return status == STATUS_ENOMEM ? STATUS_EAGAIN : status;
	}
	linux_thread_copy_registers(thread, made, clone->stack_va);
	if (clone->flags & CLONE_PARENT_SETTID)
		status = linux_copy_out(thread, clone->parent_tid_va, &tid, sizeof(tid));
	if (status == STATUS_OK && (clone->flags & CLONE_CHILD_SETTID) != 0)
		status = linux_copy_out(thread, clone->child_tid_va, &tid, sizeof(tid));
	if (status == STATUS_OK)
		status = thread_start(made);
	if (status != STATUS_OK) {
		thread_abandon(made);
		return status;
	}
	object_put(&made->object);
	return tid;
}

static int64_t clone_do(struct thread *thread, const struct linux_clone *clone)
{
	struct linux_thread *personality;
	bool is_thread = (clone->flags & CLONE_THREAD) != 0;
	uint64_t may = is_thread ? CLONE_THREAD_MAY : CLONE_FORK_MAY;

	if (is_thread && (clone->flags & CLONE_THREAD_NEEDS) != CLONE_THREAD_NEEDS)
		return STATUS_EINVAL;
	/* A process that shared its memory, but no more, with its maker could not be told apart from a thread: vfork alone gets a copy instead. */
	if ((clone->flags & ~may) != 0 || (!is_thread && (clone->flags & (CLONE_VM | CLONE_VFORK)) == CLONE_VM))
		return STATUS_EINVAL;
	if ((clone->flags & (CLONE_PIDFD | CLONE_PARENT_SETTID)) == (CLONE_PIDFD | CLONE_PARENT_SETTID) && clone->pidfd_va == clone->parent_tid_va)
		return STATUS_EINVAL;
	if (!is_thread)
		return linux_fork(thread, clone, (clone->flags & CLONE_VFORK) != 0, (clone->flags & CLONE_VM) != 0);
	personality = linux_thread_alloc();
	return personality != NULL ? thread_make(thread, clone, personality) : STATUS_EAGAIN;
}

static int64_t call_clone(struct thread *thread, const uint64_t x[6])
{
	struct linux_clone clone = {
		.flags = (uint32_t)x[0] & ~(uint32_t)CSIGNAL, .exit_signal = (int)(x[0] & CSIGNAL), .stack_va = x[1], .parent_tid_va = x[2], .pidfd_va = x[2],
		.tls = x[3], .child_tid_va = x[4],
	};

	if (clone.exit_signal > LINUX_SIGNALS)
		return STATUS_EINVAL;
	clone.child_set_tid = (clone.flags & CLONE_CHILD_SETTID) != 0;
	clone.child_clear_tid = (clone.flags & CLONE_CHILD_CLEARTID) != 0;
	clone.parent_set_tid = (clone.flags & CLONE_PARENT_SETTID) != 0;
	clone.set_tls = (clone.flags & CLONE_SETTLS) != 0;
	clone.makes_pidfd = (clone.flags & CLONE_PIDFD) != 0;
	return clone_do(thread, &clone);
}

/* struct clone_args (linux/sched.h), as far as anything of it is served. */
struct clone_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

static_assert(sizeof(struct clone_args) == 88, "CLONE_ARGS_SIZE_VER2");

static int64_t call_clone3(struct thread *thread, const uint64_t x[6])
{
	struct clone_args args;
	struct linux_clone clone;
	status_t status;

	if (x[1] < 64)
		return STATUS_EINVAL;
	status = linux_copy_struct_in(thread, &args, sizeof(args), x[0], x[1]);
	if (status != STATUS_OK)
		return status;
	if (args.exit_signal > LINUX_SIGNALS || (args.flags & CSIGNAL) != 0 || args.set_tid_size != 0 || (args.stack == 0) != (args.stack_size == 0) ||
	    args.stack_size > UINT64_MAX - args.stack)
		return STATUS_EINVAL;
	clone = (struct linux_clone){
		.flags = args.flags, .exit_signal = (int)args.exit_signal, .stack_va = args.stack + args.stack_size,
		.parent_tid_va = args.parent_tid, .pidfd_va = args.pidfd, .tls = args.tls, .child_tid_va = args.child_tid,
		.child_set_tid = (args.flags & CLONE_CHILD_SETTID) != 0, .child_clear_tid = (args.flags & CLONE_CHILD_CLEARTID) != 0,
		.parent_set_tid = (args.flags & CLONE_PARENT_SETTID) != 0, .set_tls = (args.flags & CLONE_SETTLS) != 0,
		.makes_pidfd = (args.flags & CLONE_PIDFD) != 0, .clears_handlers = (args.flags & CLONE_CLEAR_SIGHAND) != 0,
	};
	return clone_do(thread, &clone);
}

static int64_t call_exit(struct thread *thread, const uint64_t x[6])
{
	struct process *process = thread->process;
	bool last;

	spinlock_take(&process->lock);
	last = process->thread_count == 1;
	spinlock_give(&process->lock);
	if (last) {
		linux_vfork_tell(thread);
		process_exit(process, x[0] & 0xff);
	}
	atomic_store_explicit(&thread->ending, 1, memory_order_relaxed);
	return LINUX_NO_RESULT;
}

static int64_t call_set_tid_address(struct thread *thread, const uint64_t x[6])
{
	thread->personality->clear_tid_va = x[0];
	return thread->personality->tid;
}

static int64_t call_gettid(struct thread *thread, const uint64_t x[6])
{
	(void)x;
	return thread->personality->tid;
}

const struct linux_call linux_calls_threads[] = {
	{ 93, 1, "exit", call_exit },
	{ 96, 1, "set_tid_address", call_set_tid_address },
	{ 178, 0, "gettid", call_gettid },
	{ 220, 5, "clone", call_clone },
	{ 435, 2, "clone3", call_clone3 },
	{ 0 },
};

void linux_thread_begin(struct thread *thread)
{
	struct linux_thread *personality = thread->personality;

	linux_cpu_time_go(&personality->cpu_time);
	linux_vfork_begin(thread);
	if (personality->set_tid_va != 0) /* where it cannot be written nobody is told, as in Linux */
		(void)!linux_copy_out(thread, personality->set_tid_va, &personality->tid, sizeof(personality->tid));
}

void linux_thread_end(struct thread *thread)
{
	const uint32_t none = 0;
	uint64_t va = thread->personality->clear_tid_va;

	linux_futex_robust_end(thread);
	if (va != 0 && linux_copy_out(thread, va, &none, sizeof(none)) == STATUS_OK)
		linux_futex_wake_at(thread->process, va);
	linux_signal_redirect(thread->process);
	linux_cpu_time_end(thread);
}

/* Marks every other thread as one that is to end; tells whether there are any. STATUS_ECANCELED: so is this one. */
static status_t others_end(struct thread *thread, bool *any)
{
	struct process *process = thread->process;
	struct thread *others[PROCESS_THREADS_MAX];
	status_t status = STATUS_OK;
	unsigned count = 0;

	spinlock_take(&process->lock);
	*any = process->thread_count > 1;
	if (atomic_load_explicit(&thread->ending, memory_order_relaxed))
		status = STATUS_ECANCELED;
	for (struct list_node *node = process->threads.next; status == STATUS_OK && node != &process->threads; node = node->next) {
		struct thread *other = LIST_OWNER(node, struct thread, of_process);

		if (other != thread && !atomic_exchange_explicit(&other->ending, 1, memory_order_relaxed) && object_hold(&other->object))
			others[count++] = other;
	}
	spinlock_give(&process->lock);
	for (unsigned i = 0; i < count; i++) {
		thread_notice(others[i]);
		object_put(&others[i]->object);
	}
	return status;
}

status_t linux_threads_end_others(struct thread *thread)
{
	bool any = true;
	status_t status;

	/* Nothing tells when the last has left; that is soon. */
	while ((status = others_end(thread, &any)) == STATUS_OK && any) {
		status = linux_sleep_uninterrupted(thread, timer_deadline(END_LOOK_NS));
		if (status == STATUS_ECANCELED)
			break;
	}
	if (status != STATUS_OK)
		return STATUS_ECANCELED;
	thread->personality->tid = thread->process->number;
	return STATUS_OK;
}

void linux_exec_settle(struct thread *thread)
{
	struct linux_thread *personality = thread->personality;
	struct linux_signals *signals = &personality->signals;

	linux_handlers_exec(&linux_process_of(thread)->handlers);
	signals->stack_va = signals->stack_bytes = signals->stack_flags = 0;
	personality->clear_tid_va = personality->robust_list_va = 0;
	personality->restart = NULL;
	linux_timers_exec(thread->process);
	linux_vfork_free(thread->process);
	linux_family_executed(thread->process);
}
