// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A timer is armed, looked at and fires on one CPU, that of the thread which made it: nothing of it needs a lock, but the list that it is found in. One that
 * counts CPU time fires when that could be up at the earliest, looks, and is armed anew.
 */
#include "kernel/sys/linux/timer.h"

#include <stddef.h>

#include "hal/contract/smp.h"
#include "kernel/core/libc.h"
#include "kernel/core/message.h"
#include "kernel/core/smp.h"
#include "kernel/core/timer.h"
#include "kernel/sys/linux/clock.h"
#include "kernel/sys/linux/cpu_time.h"
#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/pending.h"
#include "kernel/sys/linux/thread.h"

enum { INTERVAL_NS_MIN = 20000, CPU_WAIT_NS_MIN = 1000000 /* a tick of Linux with HZ=1000 */, OVERRUN_MAX = INT32_MAX };

uint64_t linux_timer_now(const struct linux_timer *timer)
{
	uint64_t ns;

	if (!linux_clock_is_cpu(timer->clock))
		return hal_timer_now_ns();
	if (timer->clock == LINUX_CLOCK_PROCESS_CPUTIME)
		return linux_cpu_time_process(timer->process);
	return linux_clock_cpu(timer->process, timer->clock, &ns) == STATUS_OK ? ns : 0; /* what has gone uses no more */
}

static void fire(void *arg);

/* On its CPU. */
static void arm(struct linux_timer *timer)
{
	uint64_t now_ns = linux_timer_now(timer);
	uint64_t wait_ns = timer->at_ns > now_ns ? timer->at_ns - now_ns : 0;

	/* One that repeats faster than that is told by its overruns; and CPU time may stand still. */
	if (timer->interval_ns != 0 && timer->interval_ns < INTERVAL_NS_MIN && wait_ns < INTERVAL_NS_MIN)
		wait_ns = INTERVAL_NS_MIN;
	if (linux_clock_is_cpu(timer->clock)) {
		wait_ns /= smp_online(); /* as threads may use it up together */
		if (wait_ns < CPU_WAIT_NS_MIN)
			wait_ns = CPU_WAIT_NS_MIN;
	}
	timer->armed = true;
	timer_set(&timer->timer, timer_deadline(wait_ns), fire, timer);
}

/*
 * Whether what it sent last is still there, which says then that there is one overrun more: each timer of timer_create has one signal of its own. `thread`: who
 * it is sent to; NULL: the process.
 */
static bool is_pending(const struct linux_timer *timer, const struct thread *thread)
{
	struct linux_handlers *handlers = &timer->process->personality->handlers;
	struct list_node *queue = thread != NULL ? &thread->personality->signals.queue : &handlers->queue;
	bool pending;

	spinlock_take(&handlers->lock);
	pending = timer->id < 0 && (handlers->pending & LINUX_SIGNAL_BIT(timer->signal)) != 0;
	for (struct list_node *node = queue->next; node != queue && !pending; node = node->next) {
		struct linux_siginfo *info = &LIST_OWNER(node, struct linux_pending_info, node)->info;

		pending = info->code == LINUX_SI_TIMER && (int)info->fields[0] == timer->id;
		if (pending)
			info->fields[0] = (uint32_t)timer->id | (timer->overrun + 1ul) << 32;
	}
	spinlock_give(&handlers->lock);
	return pending;
}

static void send(struct linux_timer *timer)
{
	struct linux_siginfo info = { .signo = timer->signal, .code = timer->id >= 0 ? LINUX_SI_TIMER : LINUX_SI_KERNEL };
	struct thread *thread = NULL;

	if (timer->signal == 0)
		return;
	if (timer->id >= 0)
		info.fields[0] = (uint32_t)timer->id;
	info.fields[1] = timer->value;
	if (timer->tid != 0)
		thread = linux_family_thread(timer->process, timer->process->number, timer->tid);
	if ((timer->tid != 0 && thread == NULL) || is_pending(timer, thread)) {
		timer->overrun += timer->overrun < OVERRUN_MAX;
	} else {
		timer->overrun = 0;
		if (thread != NULL)
			linux_signal_thread(thread, timer->signal, &info);
		else
			linux_signal_process(timer->process, timer->signal, &info);
	}
	if (thread != NULL)
		object_put(&thread->object);
}

/* Its next time, beyond now: those that were missed are overruns. */
static void advance(struct linux_timer *timer)
{
	uint64_t now_ns = linux_timer_now(timer);
	uint64_t missed = now_ns > timer->at_ns ? (now_ns - timer->at_ns) / timer->interval_ns : 0;

	timer->overrun = missed < OVERRUN_MAX - timer->overrun ? timer->overrun + (uint32_t)missed : OVERRUN_MAX;
	timer->at_ns += (missed + 1) * timer->interval_ns;
}

static void fire(void *arg)
{
	struct linux_timer *timer = arg;

	timer->armed = false;
	if (linux_timer_now(timer) >= timer->at_ns) {
		send(timer);
		if (timer->interval_ns == 0)
			return;
		advance(timer);
	}
	arm(timer);
}

static void act_here(void *arg)
{
	struct linux_timer_act *act = arg;
	struct linux_timer *timer = act->timer;
	uint64_t now_ns = linux_timer_now(timer);

	act->was_interval_ns = timer->interval_ns;
	act->overrun = timer->overrun;
	if (timer->armed)
		act->was_left_ns = timer->at_ns > now_ns ? timer->at_ns - now_ns : 1;
	if (!act->sets)
		return;
	if (timer->armed)
		timer_cancel(&timer->timer);
	timer->armed = false;
	timer->overrun = 0;
	timer->at_ns = act->at_ns;
	timer->interval_ns = act->interval_ns;
	if (act->at_ns != 0)
		arm(timer);
}

struct linux_timer_act linux_timer_act(struct linux_timer *timer, bool sets, uint64_t at_ns, uint64_t interval_ns)
{
	struct linux_timer_act act = { .timer = timer, .sets = sets, .at_ns = at_ns, .interval_ns = interval_ns };

	message_call(timer->cpu, act_here, &act);
	return act;
}

struct linux_timer *linux_timer_make(struct process *process, int clock, int signal)
{
	struct linux_timer *timer = calloc(1, sizeof(*timer));

	if (timer == NULL)
		return NULL;
	timer->process = process;
	timer->clock = clock;
	timer->signal = signal;
	timer->id = -1;
	timer->holds = 1;
	timer->cpu = hal_cpu_index();
	return timer;
}

void linux_timer_drop(struct linux_timer *timer)
{
	(void)linux_timer_act(timer, true, 0, 0);
	free(timer);
}

void linux_timers_init(struct linux_timers *timers)
{
	list_init(&timers->made);
}

void linux_timers_exec(struct process *process)
{
	struct linux_timers *timers = &process->personality->timers;

	for (;;) {
		struct list_node *node;

		spinlock_take(&timers->lock);
		node = list_pop_front(&timers->made);
		timers->count -= node != NULL;
		spinlock_give(&timers->lock);
		if (node == NULL)
			return;
		linux_timer_drop(LIST_OWNER(node, struct linux_timer, node));
	}
}

void linux_timers_end(struct process *process)
{
	struct linux_timers *timers = &process->personality->timers;

	linux_timers_exec(process);
	for (unsigned i = 0; i < LINUX_ITIMERS; i++) {
		if (timers->interval[i] != NULL)
			linux_timer_drop(timers->interval[i]);
		timers->interval[i] = NULL;
	}
}
