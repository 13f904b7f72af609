// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Timers that send signals: setitimer(2), timer_create(2). Context of all: fiber. */
#ifndef KERNEL_SYS_LINUX_TIMERS_H
#define KERNEL_SYS_LINUX_TIMERS_H

#include "kernel/core/spinlock.h"
#include "lib/list.h"

struct linux_timer;
struct process;

enum { LINUX_ITIMERS = 3 };

/* Of a process. */
struct linux_timers {
	struct spinlock lock;
	/* W: under `lock`. */
	struct linux_timer *interval[LINUX_ITIMERS]; /* ITIMER_REAL, VIRTUAL, PROF; NULL: never set */
	struct list_node made;                       /* by timer_create */
	unsigned count;
	int next_id;
};

void linux_timers_init(struct linux_timers *timers);

/* Those of timer_create go with their program; all of them with the process. */
void linux_timers_exec(struct process *process);
void linux_timers_end(struct process *process);

#endif
