// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Entering EL0, for the loops that run threads: inline, since every system call comes through here. Context of all: the thread's fiber. */
#ifndef KERNEL_SYS_THREAD_ENTER_H
#define KERNEL_SYS_THREAD_ENTER_H

#include <stdatomic.h>

#include "hal/contract/user.h"
#include "kernel/core/sched.h"
#include "kernel/sys/process.h"
#include "kernel/sys/thread.h"

/*
 * Runs it until it stops. Meanwhile this CPU looks at nothing, so other CPUs must interrupt it as if it slept; the barrier is that of
 * sleep_until_interrupt() (sched.c), the last look hal_user_run()'s own.
 */
static inline enum hal_stop thread_enter(struct thread *thread, struct sched *sched)
{
	enum hal_stop stop;

	atomic_store_explicit(&sched->sleeping, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	stop = hal_user_run(&thread->user, &thread->process->space, &sched->attention);
	atomic_store_explicit(&sched->sleeping, 0, memory_order_relaxed);
	return stop;
}

/* The same for a slice at most (thread_run.c). */
enum hal_stop thread_enter_slice(struct thread *thread, struct sched *sched);

/* The same, for a slice at most where other fibers wait for this CPU, whose scheduler is `sched`. */
static inline enum hal_stop thread_enter_sliced(struct thread *thread, struct sched *sched)
{
	return sched->ready_mask == 0 ? thread_enter(thread, sched) : thread_enter_slice(thread, sched);
}

#endif
