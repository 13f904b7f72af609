// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * CPU time: from when a thread's fiber goes on until it sleeps or lets others run. What the kernel does for it counts as its own, so that all of it is
 * told as time of the program.
 */
#ifndef KERNEL_SYS_LINUX_CPU_TIME_H
#define KERNEL_SYS_LINUX_CPU_TIME_H

#include <stdatomic.h>
#include <stdint.h>

#include "hal/contract/timer.h"
#include "lib/status.h"

struct process;
struct thread;

struct linux_cpu_time {
	_Atomic uint64_t used_ns;  /* W: its fiber */
	_Atomic uint64_t since_ns; /* W: its fiber. 0: it does not run */
};

/* Context: the thread's fiber. */
static inline void linux_cpu_time_go(struct linux_cpu_time *time)
{
	atomic_store_explicit(&time->since_ns, hal_timer_now_ns(), memory_order_relaxed);
}

static inline void linux_cpu_time_pause(struct linux_cpu_time *time)
{
	uint64_t since_ns = atomic_load_explicit(&time->since_ns, memory_order_relaxed);
	uint64_t used_ns = atomic_load_explicit(&time->used_ns, memory_order_relaxed);

	atomic_store_explicit(&time->since_ns, 0, memory_order_relaxed);
	atomic_store_explicit(&time->used_ns, used_ns + hal_timer_now_ns() - since_ns, memory_order_relaxed);
}

/* Of a thread; of all threads that a process has and has had. Context: fiber or scheduler, any CPU. */
uint64_t linux_cpu_time_thread(const struct thread *thread);
uint64_t linux_cpu_time_process(struct process *process);

/* The thread ends: what it has used is its process's. Context: its fiber. */
void linux_cpu_time_end(struct thread *thread);

/* A struct rusage that says nothing but CPU time. STATUS_EFAULT. Context: the thread's fiber. */
MUST_CHECK status_t linux_usage_out(struct thread *thread, uint64_t va, uint64_t cpu_ns);

#endif
