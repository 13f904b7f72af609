// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/run.h"

#include <stdatomic.h>

#include "kernel/core/exit_status.h"
#include "kernel/core/fiber.h"
#include "kernel/core/libc.h"
#include "kernel/core/sched.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/exec.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/process.h"
#include "kernel/sys/thread_enter.h"

struct linux_thread *linux_thread_alloc(void)
{
	return calloc(1, sizeof(struct linux_thread));
}

void linux_thread_free(struct linux_thread *personality)
{
	linux_start_free(personality->start);
	free(personality);
}

static __attribute__((noinline)) void thread_fault(struct thread *thread)
{
	struct hal_user_fault fault = hal_user_fault(&thread->user);

	if (fault.access != 0 && linux_mm_fault(thread->process, fault.address, fault.access) == STATUS_OK)
		return;
	process_end(thread->process, PROCESS_KILLED, 0, &fault);
}

void linux_run(struct thread *thread)
{
	struct sched *sched = sched_this();

	thread->personality->thread = thread;
	wait_queue_init(&thread->personality->queue);
	if (thread->personality->start != NULL && linux_exec_first(thread) != STATUS_OK)
		process_exit(thread->process, EXIT_STATUS_UNLOADABLE);
	while (!atomic_load_explicit(&thread->ending, memory_order_relaxed)) {
		enum hal_stop stop = thread_enter_sliced(thread, sched);

		if (stop == HAL_STOP_CALL)
			linux_call(thread);
		else if (stop == HAL_STOP_FAULT)
			thread_fault(thread);
		if (sched_has_work(sched))
			fiber_yield();
	}
}
