// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The calls by which a program says what it wants of signals: handlers, masks, waiting, the alternate stack. */
#include <stddef.h>

#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/clock.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/frame.h"
#include "kernel/sys/linux/pending.h"
#include "kernel/sys/linux/thread.h"

enum { SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK };

static struct linux_handlers *handlers_of(struct thread *thread)
{
	return &linux_process_of(thread)->handlers;
}

/* A set that the program names; `bytes` is what it takes one's size for. */
static status_t set_copy_in(struct thread *thread, uint64_t *set, uint64_t va, uint64_t bytes)
{
	return bytes == sizeof(*set) ? linux_copy_in(thread, set, va, sizeof(*set)) : STATUS_EINVAL;
}

static int64_t call_rt_sigaction(struct thread *thread, const uint64_t x[6])
{
	struct linux_handlers *handlers = handlers_of(thread);
	struct linux_action set = { 0 };
	struct linux_action old;
	status_t status;
	int signal = (int)x[0];

	if (x[3] != sizeof(uint64_t) || signal < 1 || signal > LINUX_SIGNALS ||
	    (x[1] != 0 && (LINUX_SIGNALS_NEVER_BLOCKED & LINUX_SIGNAL_BIT(signal)) != 0))
		return STATUS_EINVAL;
	status = x[1] != 0 ? linux_copy_in(thread, &set, x[1], sizeof(set)) : STATUS_OK;
	if (status != STATUS_OK)
		return status;
	set.mask &= ~LINUX_SIGNALS_NEVER_BLOCKED;
	spinlock_take(&handlers->lock);
	old = handlers->actions[signal - 1];
	if (x[1] != 0)
		handlers->actions[signal - 1] = set;
	spinlock_give(&handlers->lock);
	if (x[1] != 0 && (set.handler == LINUX_SIG_IGN || (set.handler == LINUX_SIG_DFL && linux_signal_default_is_nothing(signal))))
		linux_signal_forget(thread->process, LINUX_SIGNAL_BIT(signal));
	return x[2] != 0 ? linux_copy_out(thread, x[2], &old, sizeof(old)) : STATUS_OK;
}

static int64_t call_rt_sigprocmask(struct thread *thread, const uint64_t x[6])
{
	uint64_t mask = thread->personality->signals.mask;
	const uint64_t old = mask;
	uint64_t set;
	status_t status;

	if (x[3] != sizeof(mask))
		return STATUS_EINVAL;
	if (x[1] != 0) {
		status = linux_copy_in(thread, &set, x[1], sizeof(set));
		if (status != STATUS_OK)
			return status;
		if ((int)x[0] == SIG_BLOCK)
			mask |= set;
		else if ((int)x[0] == SIG_UNBLOCK)
			mask &= ~set;
		else if ((int)x[0] == SIG_SETMASK)
			mask = set;
		else
			return STATUS_EINVAL;
		linux_signal_set_mask(thread, mask);
	}
	return x[2] != 0 ? linux_copy_out(thread, x[2], &old, sizeof(old)) : STATUS_OK;
}

uint64_t linux_signal_pending(struct thread *thread)
{
	struct linux_handlers *handlers = handlers_of(thread);
	uint64_t set;

	spinlock_take(&handlers->lock);
	set = handlers->pending | thread->personality->signals.pending;
	spinlock_give(&handlers->lock);
	return set;
}

static int64_t call_rt_sigpending(struct thread *thread, const uint64_t x[6])
{
	uint64_t set;

	if (x[1] > sizeof(set))
		return STATUS_EINVAL;
	set = linux_signal_pending(thread) & thread->personality->signals.mask;
	return linux_copy_out(thread, x[0], &set, x[1]);
}

status_t linux_signal_wait_begin(struct thread *thread, uint64_t mask_va, uint64_t bytes)
{
	struct linux_signals *signals = &thread->personality->signals;
	uint64_t mask;
	status_t status;

	if (mask_va == 0)
		return STATUS_OK;
	status = set_copy_in(thread, &mask, mask_va, bytes);
	if (status != STATUS_OK)
		return status;
	signals->saved_mask = signals->mask;
	signals->restore_mask = true;
	linux_signal_set_mask(thread, mask);
	return STATUS_OK;
}

void linux_signal_wait_end(struct thread *thread, int64_t result)
{
	struct linux_signals *signals = &thread->personality->signals;

	if (!signals->restore_mask)
		return;
	if (result == STATUS_EINTR || result == LINUX_RESTART || result == LINUX_RESTART_NO_HANDLER) {
		atomic_store_explicit(&signals->due, 1, memory_order_relaxed); /* the mask goes back on the way out */
		return;
	}
	signals->restore_mask = false;
	linux_signal_set_mask(thread, signals->saved_mask);
}

static int64_t call_rt_sigsuspend(struct thread *thread, const uint64_t x[6])
{
	status_t status = x[0] != 0 ? linux_signal_wait_begin(thread, x[0], x[1]) : STATUS_EFAULT;

	if (status != STATUS_OK)
		return status;
	while (linux_sleep(thread, WAIT_FOREVER) == STATUS_OK)
		;
	linux_signal_wait_end(thread, LINUX_RESTART_NO_HANDLER);
	return LINUX_RESTART_NO_HANDLER;
}

static void wanted_set(struct thread *thread, uint64_t set)
{
	struct linux_handlers *handlers = handlers_of(thread);
	bool others;

	spinlock_take(&handlers->lock);
	others = (handlers->pending & thread->personality->signals.wanted & ~set) != 0; /* it alone was told, perhaps, that others want, too */
	thread->personality->signals.wanted = set;
	spinlock_give(&handlers->lock);
	if (others)
		linux_signal_redirect(thread->process);
}

static int64_t call_rt_sigtimedwait(struct thread *thread, const uint64_t x[6])
{
	uint64_t deadline_ns = WAIT_FOREVER;
	struct linux_siginfo info;
	status_t slept = STATUS_OK;
	uint64_t set;
	status_t status = set_copy_in(thread, &set, x[0], x[3]);
	int signal;

	if (status == STATUS_OK && x[2] != 0)
		status = linux_timeout_in(thread, x[2], &deadline_ns);
	if (status != STATUS_OK)
		return status;
	set &= ~LINUX_SIGNALS_NEVER_BLOCKED;
	wanted_set(thread, set);
	while ((signal = linux_signal_take(thread, set, &info)) == 0 && slept == STATUS_OK)
		slept = linux_sleep(thread, deadline_ns);
	wanted_set(thread, 0);
	if (signal == 0)
		return slept == STATUS_ETIMEDOUT ? STATUS_EAGAIN : STATUS_EINTR;
	if (x[1] != 0 && linux_copy_out(thread, x[1], &info, sizeof(info)) != STATUS_OK)
		return STATUS_EFAULT;
	return signal;
}

static int64_t call_rt_sigreturn(struct thread *thread, const uint64_t x[6])
{
	(void)x;
	if (linux_frame_pop(thread) != STATUS_OK)
		linux_signal_fault(thread, LINUX_SIGSEGV, LINUX_SEGV_ACCERR, thread->user.sp); /* as Linux wherever something is mapped above */
	return LINUX_NO_RESULT;
}

static int64_t call_sigaltstack(struct thread *thread, const uint64_t x[6])
{
	struct linux_stack set;
	struct linux_stack old;
	status_t status = x[0] != 0 ? linux_copy_in(thread, &set, x[0], sizeof(set)) : STATUS_OK;

	linux_stack_get(thread, &old);
	if (status == STATUS_OK && x[0] != 0)
		status = linux_stack_set(thread, &set);
	return status == STATUS_OK && x[1] != 0 ? linux_copy_out(thread, x[1], &old, sizeof(old)) : status;
}

const struct linux_call linux_calls_signals[] = {
	{ 132, 2, "sigaltstack", call_sigaltstack },
	{ 133, 2, "rt_sigsuspend", call_rt_sigsuspend },
	{ 134, 4, "rt_sigaction", call_rt_sigaction },
	{ 135, 4, "rt_sigprocmask", call_rt_sigprocmask },
	{ 136, 2, "rt_sigpending", call_rt_sigpending },
	{ 137, 4, "rt_sigtimedwait", call_rt_sigtimedwait },
	{ 139, 0, "rt_sigreturn", call_rt_sigreturn },
	{ 0 },
};

void linux_signals_init(struct linux_signals *signals)
{
	list_init(&signals->queue);
}

void linux_signals_free(struct linux_signals *signals, struct linux_handlers *handlers)
{
	unsigned freed = linux_pending_forget(&signals->pending, &signals->queue, UINT64_MAX);

	if (freed == 0 || handlers == NULL)
		return;
	spinlock_take(&handlers->lock);
	handlers->queued -= freed;
	spinlock_give(&handlers->lock);
}

void linux_handlers_init(struct linux_handlers *handlers)
{
	list_init(&handlers->queue);
}

void linux_handlers_copy(const struct linux_handlers *from, struct linux_handlers *to)
{
	for (unsigned i = 0; i < LINUX_SIGNALS; i++)
		to->actions[i] = from->actions[i];
}

void linux_handlers_exec(struct linux_handlers *handlers)
{
	spinlock_take(&handlers->lock);
	for (unsigned i = 0; i < LINUX_SIGNALS; i++) {
		bool ignored = handlers->actions[i].handler == LINUX_SIG_IGN;

		handlers->actions[i] = (struct linux_action){ .handler = ignored ? LINUX_SIG_IGN : LINUX_SIG_DFL };
	}
	spinlock_give(&handlers->lock);
}

void linux_handlers_free(struct linux_handlers *handlers)
{
	spinlock_take(&handlers->lock);
	handlers->closed = true;
	handlers->queued -= linux_pending_forget(&handlers->pending, &handlers->queue, UINT64_MAX);
	spinlock_give(&handlers->lock);
}
