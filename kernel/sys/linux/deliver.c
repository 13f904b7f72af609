// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Taking signals: what a thread does before its program goes on. */
#include <stddef.h>

#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/frame.h"
#include "kernel/sys/linux/pending.h"
#include "kernel/sys/linux/thread.h"

enum { CALL_BYTES = 4 /* of the instruction SVC */ };

/* A signal that was taken, and what was to be done with it then. */
struct taken {
	int signal;
	struct linux_siginfo info;
	struct linux_action action;
};

static struct linux_handlers *handlers_of(const struct thread *thread)
{
	return &thread->process->personality->handlers;
}

/* Under the handlers' lock: SIGKILL, else the thread's own before the process's. Spec: Linux, kernel/signal.c: dequeue_signal() */
static int first_locked(const struct linux_signals *signals, const struct linux_handlers *handlers, uint64_t set)
{
	bool is_own = (signals->pending & set) != 0 && (handlers->pending & set & LINUX_SIGNAL_BIT(LINUX_SIGKILL)) == 0;

	return linux_pending_first((is_own ? signals->pending : handlers->pending) & set);
}

/* Under the handlers' lock. What was known of it is to be freed. */
static int take_locked(struct thread *thread, uint64_t set, struct linux_pending_info **info)
{
	struct linux_handlers *handlers = handlers_of(thread);
	struct linux_signals *signals = &thread->personality->signals;
	int signal = first_locked(signals, handlers, set);

	*info = NULL;
	if (signal == 0)
		return 0;
	if ((signals->pending & LINUX_SIGNAL_BIT(signal)) != 0)
		*info = linux_pending_take(&signals->pending, &signals->queue, signal);
	else
		*info = linux_pending_take(&handlers->pending, &handlers->queue, signal);
	handlers->queued -= *info != NULL;
	return signal;
}

static void info_give(struct linux_pending_info *from, int signal, struct linux_siginfo *info)
{
	*info = from != NULL ? from->info : (struct linux_siginfo){ .signo = signal };
	linux_pending_free(from);
}

int linux_signal_take(struct thread *thread, uint64_t set, struct linux_siginfo *info)
{
	struct linux_handlers *handlers = handlers_of(thread);
	struct linux_pending_info *known;
	int signal;

	spinlock_take(&handlers->lock);
	signal = take_locked(thread, set, &known);
	spinlock_give(&handlers->lock);
	if (signal != 0)
		info_give(known, signal, info);
	return signal;
}

/* What is to be delivered next; false: nothing. A signal that stops the process stops it here, so that none that lets it go on comes between. */
static bool signal_next(struct thread *thread, struct taken *taken)
{
	struct linux_handlers *handlers = handlers_of(thread);
	struct linux_signals *signals = &thread->personality->signals;
	struct linux_pending_info *known;

	spinlock_take(&handlers->lock);
	taken->signal = take_locked(thread, ~signals->mask, &known);
	if (taken->signal != 0) {
		taken->action = handlers->actions[taken->signal - 1];
		if ((taken->action.flags & LINUX_SA_RESETHAND) != 0)
			handlers->actions[taken->signal - 1].handler = LINUX_SIG_DFL;
		if (taken->action.handler == LINUX_SIG_DFL && linux_signal_default_stops(taken->signal))
			atomic_store_explicit(&handlers->stopped, 1, memory_order_relaxed);
	} else if (atomic_load_explicit(&handlers->stopped, memory_order_relaxed) == 0) {
		atomic_store_explicit(&signals->due, 0, memory_order_relaxed);
	}
	spinlock_give(&handlers->lock);
	if (taken->signal != 0)
		info_give(known, taken->signal, &taken->info);
	return taken->signal != 0;
}

bool linux_signal_is_due(struct thread *thread)
{
	struct linux_handlers *handlers = handlers_of(thread);
	struct linux_signals *signals = &thread->personality->signals;
	bool due;

	if (__builtin_expect(atomic_load_explicit(&signals->due, memory_order_relaxed) == 0, 1))
		return false;
	spinlock_take(&handlers->lock);
	due = ((signals->pending | handlers->pending) & (~signals->mask | signals->wanted)) != 0 ||
	      atomic_load_explicit(&handlers->stopped, memory_order_relaxed) != 0;
	if (!due)
		atomic_store_explicit(&signals->due, 0, memory_order_relaxed);
	spinlock_give(&handlers->lock);
	return due;
}

static void stand_still(struct thread *thread)
{
	struct linux_handlers *handlers = handlers_of(thread);

	status_t status = STATUS_OK;

	while (status == STATUS_OK && atomic_load_explicit(&handlers->stopped, memory_order_relaxed) != 0)
		status = linux_sleep_uninterrupted(thread, WAIT_FOREVER); /* not where it is to end */
}

static void process_stop(struct thread *thread, int signal)
{
	struct process *process = thread->process;

	/* Nobody could let it go on whose terminal that is. */
	if (signal != LINUX_SIGSTOP && linux_group_is_orphaned(linux_family_group(process))) {
		linux_signal_continue(process);
		return;
	}
	linux_signal_stop_all(process);
	linux_family_stopped(process, signal);
}

static void process_kill(struct thread *thread, const struct taken *taken)
{
	struct hal_user_fault fault = hal_user_fault(&thread->user);

	if (taken->info.code <= 0 || taken->info.code == LINUX_SI_KERNEL || fault.signal != taken->signal)
		fault = (struct hal_user_fault){ .what = linux_signal_name(taken->signal), .signal = taken->signal, .pc = thread->user.pc };
	process_end(thread->process, PROCESS_KILLED, 0, &fault);
}

static void default_act(struct thread *thread, const struct taken *taken)
{
	if (linux_signal_default_is_nothing(taken->signal))
		return;
	if (linux_signal_default_stops(taken->signal))
		process_stop(thread, taken->signal);
	else
		process_kill(thread, taken);
}

/* A call that was interrupted ends before a handler, or is begun again behind it. */
static void call_end(struct thread *thread, int64_t restarted, const struct linux_action *action)
{
	thread->personality->restart = NULL;
	if (restarted == 0)
		return;
	if (restarted == LINUX_RESTART && (action->flags & LINUX_SA_RESTART) != 0)
		thread->user.pc -= CALL_BYTES;
	else
		thread->user.x[0] = (uint64_t)(int64_t)STATUS_EINTR;
}

static void handler_begin(struct thread *thread, const struct taken *taken)
{
	struct linux_signals *signals = &thread->personality->signals;
	uint64_t back = signals->restore_mask ? signals->saved_mask : signals->mask;
	uint64_t mask = signals->mask | taken->action.mask;

	if (linux_frame_push(thread, taken->signal, &taken->info, &taken->action, back) != STATUS_OK) {
		if (taken->signal == LINUX_SIGSEGV)
			process_kill(thread, taken);
		else
			linux_signal_fault(thread, LINUX_SIGSEGV, LINUX_SI_KERNEL, 0);
		return;
	}
	signals->restore_mask = false;
	if ((taken->action.flags & LINUX_SA_NODEFER) == 0)
		mask |= LINUX_SIGNAL_BIT(taken->signal);
	linux_signal_set_mask(thread, mask);
}

/* The mask from before a call that has waited with another one; false: there is none to be put back. */
static bool mask_restore(struct thread *thread)
{
	struct linux_signals *signals = &thread->personality->signals;

	if (!signals->restore_mask)
		return false;
	signals->restore_mask = false;
	linux_signal_set_mask(thread, signals->saved_mask);
	return true;
}

void linux_signal_deliver(struct thread *thread, int64_t restarted)
{
	struct taken taken;

	for (;;) {
		stand_still(thread);
		if (atomic_load_explicit(&thread->ending, memory_order_relaxed))
			return;
		if (!signal_next(thread, &taken)) {
			if (mask_restore(thread))
				continue;
			break;
		}
		if (taken.action.handler == LINUX_SIG_DFL) {
			default_act(thread, &taken);
		} else if (taken.action.handler != LINUX_SIG_IGN) {
			call_end(thread, restarted, &taken.action);
			restarted = 0;
			handler_begin(thread, &taken);
		}
	}
	if (restarted != 0)
		thread->user.pc -= CALL_BYTES;
}

void linux_signal_set_mask(struct thread *thread, uint64_t mask)
{
	struct linux_handlers *handlers = handlers_of(thread);
	struct linux_signals *signals = &thread->personality->signals;
	bool others;

	mask &= ~LINUX_SIGNALS_NEVER_BLOCKED;
	spinlock_take(&handlers->lock);
	others = (handlers->pending & mask & ~signals->mask) != 0; /* this thread was perhaps to take it */
	signals->mask = mask;
	if (((signals->pending | handlers->pending) & ~mask) != 0)
		atomic_store_explicit(&signals->due, 1, memory_order_relaxed);
	spinlock_give(&handlers->lock);
	if (others)
		linux_signal_redirect(thread->process);
}

void linux_signal_fault(struct thread *thread, int signal, int code, uint64_t address)
{
	struct linux_handlers *handlers = handlers_of(thread);
	struct linux_signals *signals = &thread->personality->signals;
	const struct linux_siginfo info = { .signo = signal, .code = code, .fields = { address } };
	struct linux_action *action = &handlers->actions[signal - 1];

	spinlock_take(&handlers->lock);
	if ((signals->mask & LINUX_SIGNAL_BIT(signal)) != 0 || action->handler == LINUX_SIG_IGN) {
		action->handler = LINUX_SIG_DFL;
		signals->mask &= ~LINUX_SIGNAL_BIT(signal);
	}
	spinlock_give(&handlers->lock);
	linux_signal_thread(thread, signal, &info);
}

void linux_signal_exception(struct thread *thread, status_t status)
{
	static const struct hal_user_fault out_of_memory = { .what = "its memory is used up", .signal = LINUX_SIGKILL };
	struct hal_user_fault fault = hal_user_fault(&thread->user);
	uint64_t address = fault.address;
	int code;

	if (status == STATUS_ENOMEM) {
		process_end(thread->process, PROCESS_KILLED, 0, &out_of_memory);
		return;
	}
	switch (fault.signal) {
	case LINUX_SIGSEGV:
		code = status == STATUS_EACCES ? LINUX_SEGV_ACCERR : LINUX_SEGV_MAPERR;
		if (status == STATUS_EIO) {
			fault.signal = LINUX_SIGBUS;
			code = LINUX_BUS_ADRERR;
		}
		break;
	case LINUX_SIGBUS:
		code = LINUX_BUS_ADRALN;
		break;
	case LINUX_SIGFPE:
		code = LINUX_FPE_FLTUNK;
		address = fault.pc;
		break;
	default: /* ILL_ILLOPC and TRAP_BRKPT are the same */
		code = LINUX_ILL_ILLOPC;
		address = fault.pc;
		break;
	}
	linux_signal_fault(thread, fault.signal, code, address);
}
