// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What a thread has that runs a Linux program, beside what every thread has (kernel/sys/thread.h). */
#ifndef KERNEL_SYS_LINUX_THREAD_H
#define KERNEL_SYS_LINUX_THREAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/core/timer.h"
#include "kernel/core/wait.h"
#include "kernel/sys/linux/cpu_time.h"
#include "kernel/sys/linux/identity.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/signal.h"
#include "kernel/sys/thread.h"

struct linux_start;

/* What was said of how a thread is scheduled, and nothing goes by. W: any thread of its family. */
struct linux_scheduling {
	uint8_t policy, priority; /* sched_setscheduler(2) */
	int8_t nice;              /* setpriority(2) */
	uint16_t io_priority;     /* ioprio_set(2); 0: nothing */
	uint64_t cpus;            /* sched_setaffinity(2); 0: all */
	uint64_t slack_ns;        /* PR_SET_TIMERSLACK; 0: as Linux begins with */
	uint64_t slack_first_ns;  /* what it began with: its maker's */
};

struct linux_thread {
	struct thread *thread;
	struct linux_start *start; /* what the first thread of all begins with (exec.h); NULL: it goes on where its registers say */
	unsigned tid;              /* of the same numbers as processes */
	char comm[LINUX_COMM_BYTES]; /* W: under the process's lock. Of a thread that is not its process's first */
	uint64_t clear_tid_va;     /* set to 0, and woken as a futex, when it ends; 0: nothing is */
	uint64_t set_tid_va;       /* where its number is to be when it begins; 0: nowhere */
	uint64_t robust_list_va;
	struct linux_cpu_time cpu_time;
	struct linux_identity identity;
	struct linux_scheduling scheduling;
	struct linux_signals signals;
	struct timer slice;        /* W: its CPU. Others run when it fires */
	bool slice_set;            /* W: its CPU */
	struct wait_queue queue;   /* W: its CPU. Where it sleeps; nobody else does */
	_Atomic uint32_t woken;    /* W: any CPU (set), itself (clear) */
	uint8_t woken_early;       /* W: itself. How often it did not have to sleep for that */
	_Atomic uint32_t sleeps;   /* W: itself (set, clear), who is going to wake it (clear) */
	int64_t (*restart)(struct thread *thread); /* what a call interrupted by a signal goes on with; NULL: the call itself, from its start */
	uint64_t restart_deadline_ns;              /* W: itself. For that */
};

static inline struct linux_process *linux_process_of(const struct thread *thread)
{
	return thread->process->personality;
}

#endif
