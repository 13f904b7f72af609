// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Sending signals. Locks: the process's, for its threads, then the handlers'. Nothing is woken under either: who is to look is held, and kicked
 * afterwards.
 */
#include <stddef.h>

#include "hal/contract/smp.h"
#include "kernel/core/libc.h"
#include "kernel/core/message.h"
#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/pending.h"
#include "kernel/sys/linux/signalfd.h"
#include "kernel/sys/linux/thread.h"

static void nothing(void *arg)
{
	(void)arg;
}

void linux_signal_kick(struct thread *thread)
{
	atomic_store_explicit(&thread->personality->signals.due, 1, memory_order_relaxed);
	linux_wake(thread);
	if (thread->cpu != hal_cpu_index()) /* it may be at EL0: an interrupt gets it out, and it looks */
		message_send(thread->cpu, nothing, NULL);
}

/* Threads to be kicked once no lock is held any more. */
struct kicks {
	struct thread *threads[PROCESS_THREADS_MAX]; /* held */
	unsigned count;
};

static void kicks_add(struct kicks *kicks, struct thread *thread)
{
	if (object_hold(&thread->object))
		kicks->threads[kicks->count++] = thread;
}

static void kicks_do(struct kicks *kicks)
{
	for (unsigned i = 0; i < kicks->count; i++) {
		linux_signal_kick(kicks->threads[i]);
		object_put(&kicks->threads[i]->object);
	}
}

/* Every thread that has something to look at: of `set`, or anything where that is all. Under both locks. */
static void kicks_all(struct kicks *kicks, struct process *process, uint64_t set)
{
	for (struct list_node *node = process->threads.next; node != &process->threads; node = node->next) {
		struct thread *thread = LIST_OWNER(node, struct thread, of_process);
		const struct linux_signals *signals = &thread->personality->signals;

		if (set == UINT64_MAX || (set & (~signals->mask | signals->wanted)) != 0)
			kicks_add(kicks, thread);
	}
}

static struct linux_handlers *handlers_lock(struct process *process)
{
	struct linux_handlers *handlers = &process->personality->handlers;

	spinlock_take(&process->lock);
	spinlock_take(&handlers->lock);
	return handlers;
}

static void handlers_unlock(struct process *process)
{
	spinlock_give(&process->personality->handlers.lock);
	spinlock_give(&process->lock);
}

/* A process's signals of `set`, those of its threads included, are as if they had never been sent. Under both locks. */
static void forget(struct process *process, uint64_t set)
{
	struct linux_handlers *handlers = &process->personality->handlers;

	handlers->queued -= linux_pending_forget(&handlers->pending, &handlers->queue, set);
	for (struct list_node *node = process->threads.next; node != &process->threads; node = node->next) {
		struct linux_signals *signals = &LIST_OWNER(node, struct thread, of_process)->personality->signals;

		handlers->queued -= linux_pending_forget(&signals->pending, &signals->queue, set);
	}
}

void linux_signal_continue(struct process *process)
{
	struct linux_handlers *handlers = handlers_lock(process);
	struct kicks kicks = { .count = 0 };
	bool stood = atomic_exchange_explicit(&handlers->stopped, 0, memory_order_relaxed) != 0;

	forget(process, LINUX_SIGNALS_STOP);
	if (stood)
		kicks_all(&kicks, process, UINT64_MAX);
	handlers_unlock(process);
	kicks_do(&kicks);
	if (stood)
		linux_family_continued(process);
}

/* Who is to look at a signal of the process: a thread that does not block it; NULL: each does. Under both locks. */
static struct thread *receiver_find(struct process *process, uint64_t bit)
{
	for (struct list_node *node = process->threads.next; node != &process->threads; node = node->next) {
		struct thread *thread = LIST_OWNER(node, struct thread, of_process);
		const struct linux_signals *signals = &thread->personality->signals;

		if (((~signals->mask | signals->wanted) & bit) != 0 && !atomic_load_explicit(&thread->ending, memory_order_relaxed))
			return thread;
	}
	return NULL;
}

/* Whether it goes nowhere: the action ignores it, and nobody blocks it (who does may take it by sigtimedwait). Under both locks. */
static bool is_ignored(struct process *process, const struct thread *thread, int signal)
{
	uint64_t handler = process->personality->handlers.actions[signal - 1].handler;

	if (thread == NULL && !list_is_empty(&process->threads))
		thread = LIST_OWNER(process->threads.next, struct thread, of_process);
	if (thread != NULL && (thread->personality->signals.mask & LINUX_SIGNAL_BIT(signal)) != 0)
		return false;
	return handler == LINUX_SIG_IGN || (handler == LINUX_SIG_DFL && linux_signal_default_is_nothing(signal));
}

/* As Linux: what need not be queued comes without what is known of it. Under both locks. */
static bool queue_is_full(const struct process *process)
{
	uint64_t limit = process->personality->rlimits[LINUX_RLIMIT_SIGPENDING][0];

	return process->personality->handlers.queued >= (limit < LINUX_SIGNALS_QUEUED_MAX ? limit : LINUX_SIGNALS_QUEUED_MAX);
}

/* `info`, which is taken over, has what is `said`; NULL: there was no memory for it. */
static status_t send_locked(struct process *process, struct thread *thread, int signal, const struct linux_siginfo *said, struct linux_pending_info *info,
			    struct kicks *kicks)
{
	struct linux_handlers *handlers = &process->personality->handlers;
	struct linux_signals *signals = thread != NULL ? &thread->personality->signals : NULL;

	if (linux_signal_default_stops(signal))
		forget(process, LINUX_SIGNAL_BIT(LINUX_SIGCONT));
	if (handlers->closed || is_ignored(process, thread, signal)) {
		free(info);
		return STATUS_OK;
	}
	if (info != NULL && (queue_is_full(process) || !linux_pending_charge(info, process->budget))) {
		free(info);
		info = NULL;
	}
	if (said != NULL && info == NULL && signal >= LINUX_SIGRTMIN && said->code != LINUX_SI_USER)
		return STATUS_EAGAIN;
	if (signals != NULL ? linux_pending_add(&signals->pending, &signals->queue, signal, info) :
			      linux_pending_add(&handlers->pending, &handlers->queue, signal, info))
		handlers->queued += info != NULL;
	if (thread == NULL)
		thread = receiver_find(process, LINUX_SIGNAL_BIT(signal));
	if (thread != NULL && ((~thread->personality->signals.mask | thread->personality->signals.wanted) & LINUX_SIGNAL_BIT(signal)) != 0)
		kicks_add(kicks, thread);
	return STATUS_OK;
}

static void process_kill(struct process *process)
{
	static const struct hal_user_fault killed = { .what = "SIGKILL", .signal = LINUX_SIGKILL };

	process_end(process, PROCESS_KILLED, 0, &killed);
}

status_t linux_signal_send(struct process *process, struct thread *thread, int signal, const struct linux_siginfo *info)
{
	struct linux_pending_info *queued = NULL;
	struct kicks kicks = { .count = 0 };
	status_t status;

	if (signal == LINUX_SIGKILL) {
		process_kill(process);
		return STATUS_OK;
	}
	if (info != NULL)
		queued = malloc(sizeof(*queued));
	if (queued != NULL) {
		queued->budget = NULL;
		queued->info = *info;
		queued->info.signo = signal;
	}
	if (signal == LINUX_SIGCONT)
		linux_signal_continue(process);
	(void)handlers_lock(process);
	status = send_locked(process, thread, signal, info, queued, &kicks);
	handlers_unlock(process);
	kicks_do(&kicks);
	linux_signalfd_tell();
	return status;
}

void linux_signal_process(struct process *process, int signal, const struct linux_siginfo *info)
{
	if (linux_signal_send(process, NULL, signal, info) == STATUS_EAGAIN) /* what the kernel has to say is not lost, but what is known of it */
		(void)!linux_signal_send(process, NULL, signal, NULL);
}

void linux_signal_thread(struct thread *thread, int signal, const struct linux_siginfo *info)
{
	if (linux_signal_send(thread->process, thread, signal, info) == STATUS_EAGAIN)
		(void)!linux_signal_send(thread->process, thread, signal, NULL);
}

void linux_signal_redirect(struct process *process)
{
	struct linux_handlers *handlers = handlers_lock(process);
	struct kicks kicks = { .count = 0 };

	if (handlers->pending != 0)
		kicks_all(&kicks, process, handlers->pending);
	handlers_unlock(process);
	kicks_do(&kicks);
}

void linux_signal_stop_all(struct process *process)
{
	struct kicks kicks = { .count = 0 };

	(void)handlers_lock(process);
	kicks_all(&kicks, process, UINT64_MAX);
	handlers_unlock(process);
	kicks_do(&kicks);
}

void linux_signal_forget(struct process *process, uint64_t set)
{
	(void)handlers_lock(process);
	forget(process, set);
	handlers_unlock(process);
}
