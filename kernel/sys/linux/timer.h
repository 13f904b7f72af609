// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* One timer that sends signals. Context of all: fiber, but for linux_timer_now(): any. */
#ifndef KERNEL_SYS_LINUX_TIMER_H
#define KERNEL_SYS_LINUX_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/core/timer.h"
#include "lib/list.h"

struct process;

struct linux_timer {
	struct list_node node;
	int id;        /* -1: one of setitimer's */
	int clock;     /* as linux_clock_own() has it */
	int signal;    /* 0: none */
	unsigned tid;  /* who it is sent to; 0: the process */
	unsigned holds; /* of the process's list, and of calls at work. W: under the timers' lock */
	uint64_t value;
	struct process *process; /* which takes its timers away before it goes */
	unsigned cpu;
	struct timer timer; /* W: its CPU, all that follows */
	bool armed;
	uint64_t at_ns;       /* of its clock: monotonic, or of CPU time */
	uint64_t interval_ns; /* 0: once */
	uint32_t overrun;     /* times it fired while its signal was pending */
};

/* What a call does with a timer on its CPU. */
struct linux_timer_act {
	struct linux_timer *timer;
	bool sets;
	uint64_t at_ns, interval_ns; /* at_ns 0: it is not armed any more */
	uint64_t was_left_ns, was_interval_ns; /* W: linux_timer_act() */
	uint32_t overrun;
};

/* What the timer's clock shows: the monotonic one, also for real time, or CPU time. */
uint64_t linux_timer_now(const struct linux_timer *timer);

/* Looks at it, or sets it: never to fire where `at_ns` is 0. Waits for its CPU. */
struct linux_timer_act linux_timer_act(struct linux_timer *timer, bool sets, uint64_t at_ns, uint64_t interval_ns);

/* One of this CPU, of setitimer's kind; NULL: memory is out. */
struct linux_timer *linux_timer_make(struct process *process, int clock, int signal);

/* Takes it away and frees it: nobody finds it any more. */
void linux_timer_drop(struct linux_timer *timer);

#endif
