// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/thread_run.h"

#include <stdatomic.h>

#include "hal/contract/timer.h"
#include "kernel/core/fiber.h"
#include "kernel/core/log.h"
#include "kernel/core/sched.h"
#include "kernel/sys/native.h"
#include "kernel/sys/process.h"
#include "kernel/sys/thread.h"
#include "kernel/sys/thread_enter.h"

#define SLICE_NS 4000000ul

static void slice_over(void *arg)
{
	(void)arg; /* the interrupt has stopped the thread, which is all */
}

enum hal_stop thread_enter_slice(struct thread *thread, struct sched *sched)
{
	enum hal_stop stop;
	struct timer slice;

	timer_set(&slice, hal_timer_now_ns() + SLICE_NS, slice_over, NULL);
	stop = thread_enter(thread, sched);
	timer_cancel(&slice);
	return stop;
}

/* Operations that finished while it ran, or waited for this CPU. In War the poller looks after them. */
static __attribute__((noinline)) void thread_settle(struct thread *thread)
{
	if (ring_set_has_done(thread->rings) && !ring_war_is_on(&thread->rings->war))
		ring_set_drain(thread->rings);
}

static __attribute__((noinline)) void thread_fault(struct thread *thread)
{
	struct hal_user_fault fault = hal_user_fault(&thread->user);

	process_end(thread->process, PROCESS_KILLED, 0, &fault);
}

static void log_counters(const struct thread *thread)
{
	const struct ring_war *war = &thread->own.war;

	log_print(LOG_PROC, LOG_DEBUG, "process %u: %llu system calls; ring: %llu submissions in War, %llu in Peace, %llu wars",
		  thread->process->number, (unsigned long long)thread->calls,
		  (unsigned long long)war->governor.counters.events[GOVERNOR_WAR],
		  (unsigned long long)war->governor.counters.events[GOVERNOR_PEACE], (unsigned long long)war->wars);
}

void thread_run(struct thread *thread)
{
	struct sched *sched = sched_this();

	while (!atomic_load_explicit(&thread->ending, memory_order_relaxed)) {
		enum hal_stop stop = thread_enter_sliced(thread, sched);

		if (__builtin_expect(stop == HAL_STOP_CALL, 1))
			native_call(thread);
		else if (stop == HAL_STOP_INTERRUPT)
			thread_settle(thread);
		else
			thread_fault(thread);
		if (sched_has_work(sched)) {
			fiber_yield();
			thread_settle(thread);
		}
	}
	log_counters(thread);
}
