// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The calls of timers: one of each kind (setitimer), and as many as are made (timer_create). */
#include <stddef.h>

#include "kernel/core/libc.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/clock.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/timer.h"

enum { TIMERS_MAX = 128, TIMER_ABSTIME = 1 };
enum { SIGEV_SIGNAL = 0, SIGEV_NONE = 1, SIGEV_THREAD = 2, SIGEV_THREAD_ID = 4 };

/* struct itimerval; struct itimerspec. */
struct interval_us {
	struct linux_timeval interval, value;
};

struct interval_ns {
	struct linux_timespec interval, value;
};

/* The process's one of a kind, made where `make`; NULL: there is none. Once made it stays as long as the process. */
static struct linux_timer *interval_timer(struct process *process, unsigned which, bool make)
{
	static const struct { int clock, signal; } kinds[LINUX_ITIMERS] = {
		{ LINUX_CLOCK_MONOTONIC, LINUX_SIGALRM }, { LINUX_CLOCK_PROCESS_CPUTIME, LINUX_SIGVTALRM },
		{ LINUX_CLOCK_PROCESS_CPUTIME, LINUX_SIGPROF },
	};
	struct linux_timers *timers = &process->personality->timers;
	struct linux_timer *made = make ? linux_timer_make(process, kinds[which].clock, kinds[which].signal) : NULL;
	struct linux_timer *timer;

	spinlock_take(&timers->lock);
	timer = timers->interval[which];
	if (timer == NULL)
		timer = timers->interval[which] = made;
	spinlock_give(&timers->lock);
	if (timer != made)
		free(made);
	return timer;
}

static int64_t call_getitimer(struct thread *thread, const uint64_t x[6])
{
	struct interval_us out = { 0 };
	struct linux_timer *timer;

	if (x[0] >= LINUX_ITIMERS)
		return STATUS_EINVAL;
	timer = interval_timer(thread->process, (unsigned)x[0], false);
	if (timer != NULL) {
		struct linux_timer_act act = linux_timer_act(timer, false, 0, 0);

		out = (struct interval_us){ linux_timeval_of(act.was_interval_ns), linux_timeval_of(act.was_left_ns) };
	}
	return linux_copy_out(thread, x[1], &out, sizeof(out));
}

static int64_t call_setitimer(struct thread *thread, const uint64_t x[6])
{
	struct interval_us set = { 0 };
	struct linux_timer *timer;
	uint64_t interval_ns;
	uint64_t value_ns;
	struct linux_timer_act act;
	status_t status;

	if (x[0] >= LINUX_ITIMERS)
		return STATUS_EINVAL;
	status = x[1] != 0 ? linux_copy_in(thread, &set, x[1], sizeof(set)) : STATUS_OK;
	if (status == STATUS_OK && (linux_timeval_ns(&set.interval, &interval_ns) != STATUS_OK || linux_timeval_ns(&set.value, &value_ns) != STATUS_OK))
		status = STATUS_EINVAL;
	if (status != STATUS_OK)
		return status;
	timer = interval_timer(thread->process, (unsigned)x[0], true);
	if (timer == NULL)
		return STATUS_ENOMEM;
	if (x[0] == 0 && value_ns == 0)
		interval_ns = 0; /* ITIMER_REAL that is stopped forgets it. Spec: Linux, kernel/time/itimer.c */
	act = linux_timer_act(timer, true, value_ns != 0 ? linux_timer_now(timer) + value_ns : 0, interval_ns);
	if (x[2] == 0)
		return 0;
	set = (struct interval_us){ linux_timeval_of(act.was_interval_ns), linux_timeval_of(act.was_left_ns) };
	return linux_copy_out(thread, x[2], &set, sizeof(set));
}

struct sigevent { /* asm-generic/siginfo.h */
	uint64_t value;
	int32_t signal, notify, tid, pad[11];
};

static_assert(sizeof(struct sigevent) == 64, "SIGEV_MAX_SIZE");

static status_t event_check(struct thread *thread, const struct sigevent *event)
{
	struct thread *target;

	if (event->notify == SIGEV_NONE)
		return STATUS_OK;
	if (event->signal < 1 || event->signal > LINUX_SIGNALS)
		return STATUS_EINVAL;
	if (event->notify == SIGEV_SIGNAL || event->notify == SIGEV_THREAD)
		return STATUS_OK;
	if (event->notify != SIGEV_THREAD_ID)
		return STATUS_EINVAL;
	target = linux_family_thread(thread->process, thread->process->number, (unsigned)event->tid);
	if (target == NULL)
		return STATUS_EINVAL;
	object_put(&target->object);
	return STATUS_OK;
}

/* A process's timer, held; NULL: there is none. `deleted`: it is the process's no more. */
static struct linux_timer *timer_take(struct thread *thread, uint64_t id, bool deleted)
{
	struct linux_timers *timers = &linux_process_of(thread)->timers;
	struct linux_timer *found = NULL;

	spinlock_take(&timers->lock);
	for (struct list_node *node = timers->made.next; node != &timers->made && found == NULL; node = node->next)
		if (LIST_OWNER(node, struct linux_timer, node)->id == (int)id)
			found = LIST_OWNER(node, struct linux_timer, node);
	if (found != NULL && deleted) { /* the list's hold goes on as the caller's */
		list_remove(&found->node);
		timers->count--;
	} else if (found != NULL) {
		found->holds++;
	}
	spinlock_give(&timers->lock);
	return found;
}

static void timer_put(struct linux_timer *timer)
{
	struct linux_timers *timers = &timer->process->personality->timers;
	bool last;

	spinlock_take(&timers->lock);
	last = --timer->holds == 0;
	spinlock_give(&timers->lock);
	if (last)
		linux_timer_drop(timer);
}

static int64_t call_timer_delete(struct thread *thread, const uint64_t x[6])
{
	struct linux_timer *timer = timer_take(thread, x[0], true);

	if (timer == NULL)
		return STATUS_EINVAL;
	timer_put(timer);
	return 0;
}

static int64_t call_timer_create(struct thread *thread, const uint64_t x[6])
{
	struct linux_timers *timers = &linux_process_of(thread)->timers;
	struct sigevent event = { .signal = LINUX_SIGALRM };
	struct linux_timer *timer;
	uint64_t now_ns;
	status_t status = linux_clock_now(thread, (int)x[0], &now_ns);
	uint64_t id;
	bool full;

	if (status == STATUS_OK && linux_clock_is_shown_only((int)x[0]))
		status = STATUS_ENOTSUP;
	if (status == STATUS_OK && x[1] != 0)
		status = linux_copy_in(thread, &event, x[1], sizeof(event));
	if (status == STATUS_OK)
		status = event_check(thread, &event);
	if (status != STATUS_OK)
		return status;
	timer = linux_timer_make(thread->process, linux_clock_own(thread, (int)x[0]), event.notify == SIGEV_NONE ? 0 : event.signal);
	if (timer == NULL)
		return STATUS_EAGAIN;
	timer->tid = event.notify == SIGEV_THREAD_ID ? (unsigned)event.tid : 0;
	spinlock_take(&timers->lock);
	full = timers->count == TIMERS_MAX;
	timer->id = timers->next_id++ & INT32_MAX;
	id = (unsigned)timer->id;
	timer->value = x[1] != 0 ? event.value : id;
	if (!full) {
		list_push_back(&timers->made, &timer->node);
		timers->count++;
	}
	spinlock_give(&timers->lock);
	if (full) {
		free(timer);
		return STATUS_EAGAIN;
	}
	status = linux_copy_out(thread, x[2], &(int){ (int)id }, sizeof(int));
	if (status != STATUS_OK) /* what nobody knows of is not left */
		(void)call_timer_delete(thread, (const uint64_t[6]){ id });
	return status;
}

static int64_t call_timer_gettime(struct thread *thread, const uint64_t x[6])
{
	struct linux_timer *timer = timer_take(thread, x[0], false);
	struct interval_ns out;
	struct linux_timer_act act;

	if (timer == NULL)
		return STATUS_EINVAL;
	act = linux_timer_act(timer, false, 0, 0);
	timer_put(timer);
	out = (struct interval_ns){ linux_timespec_of(act.was_interval_ns), linux_timespec_of(act.was_left_ns) };
	return linux_copy_out(thread, x[1], &out, sizeof(out));
}

static int64_t call_timer_getoverrun(struct thread *thread, const uint64_t x[6])
{
	struct linux_timer *timer = timer_take(thread, x[0], false);
	struct linux_timer_act act;

	if (timer == NULL)
		return STATUS_EINVAL;
	act = linux_timer_act(timer, false, 0, 0);
	timer_put(timer);
	return act.overrun;
}

/* When a timer is to fire, by its clock; 0: never. */
static uint64_t expiry(const struct linux_timer *timer, uint64_t value_ns, bool absolute)
{
	bool real = timer->clock == LINUX_CLOCK_REALTIME || timer->clock == LINUX_CLOCK_REALTIME_ALARM || timer->clock == LINUX_CLOCK_TAI;
	uint64_t at_ns;

	if (value_ns == 0)
		return 0;
	if (!absolute)
		return linux_timer_now(timer) + value_ns;
	at_ns = real ? linux_deadline_of_realtime(value_ns) : value_ns;
	return at_ns != 0 ? at_ns : 1;
}

static int64_t call_timer_settime(struct thread *thread, const uint64_t x[6])
{
	struct interval_ns set;
	struct linux_timer *timer;
	uint64_t interval_ns;
	uint64_t value_ns;
	struct linux_timer_act act;
	status_t status = linux_copy_in(thread, &set, x[2], sizeof(set));

	if (status == STATUS_OK && (linux_timespec_ns(&set.interval, &interval_ns) != STATUS_OK || linux_timespec_ns(&set.value, &value_ns) != STATUS_OK))
		status = STATUS_EINVAL;
	if (status != STATUS_OK)
		return status;
	timer = timer_take(thread, x[0], false);
	if (timer == NULL)
		return STATUS_EINVAL;
	act = linux_timer_act(timer, true, expiry(timer, value_ns, ((int)x[1] & TIMER_ABSTIME) != 0), interval_ns);
	timer_put(timer);
	if (x[3] == 0)
		return 0;
	set = (struct interval_ns){ linux_timespec_of(act.was_interval_ns), linux_timespec_of(act.was_left_ns) };
	return linux_copy_out(thread, x[3], &set, sizeof(set));
}

const struct linux_call linux_calls_timers[] = {
	{ 102, 2, "getitimer", call_getitimer },
	{ 103, 3, "setitimer", call_setitimer },
	{ 107, 3, "timer_create", call_timer_create },
	{ 108, 2, "timer_gettime", call_timer_gettime },
	{ 109, 1, "timer_getoverrun", call_timer_getoverrun },
	{ 110, 4, "timer_settime", call_timer_settime },
	{ 111, 1, "timer_delete", call_timer_delete },
	{ 0 },
};
