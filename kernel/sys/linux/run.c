// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/run.h"

#include <stdatomic.h>

#include "kernel/core/exit_status.h"
#include "kernel/core/fiber.h"
#include "kernel/core/libc.h"
#include "kernel/core/log.h"
#include "kernel/core/sched.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/exec.h"
#include "kernel/sys/linux/root.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/threads.h"
#include "kernel/sys/process.h"
#include "kernel/sys/thread_enter.h"

/*
 * How long others of its CPU wait at most for a program that does not sleep. It is not stopped sooner for them: what a server does in one go, the
 * network's fiber then finds together, and sends with one word to the device.
 */
#define SLICE_NS 1000000ul

struct linux_thread *linux_thread_alloc(void)
{
	struct linux_thread *personality = calloc(1, sizeof(*personality));

	if (personality == NULL)
		return NULL;
	linux_signals_init(&personality->signals);
	linux_identity_init(&personality->identity);
	return personality;
}

void linux_thread_free(struct linux_thread *personality)
{
	linux_signals_free(&personality->signals, personality->thread != NULL ? &linux_process_of(personality->thread)->handlers : NULL);
	linux_start_free(personality->start);
	free(personality);
}

/* With `jit` a page is executed and written by turns: what stores to the page that it runs from would take turns with itself for ever. Said once. */
static bool stores_to_itself(const struct thread *thread, const struct hal_user_fault *fault)
{
	static _Atomic bool told;

	if (!linux_process_of(thread)->mm.jit || !(fault->access & LINUX_PROT_WRITE) || (fault->pc ^ fault->address) >= HAL_PAGE_BYTES)
		return false;
	if (!atomic_exchange_explicit(&told, true, memory_order_relaxed))
		log_print(LOG_LINUX, LOG_WARN, "process %u (%s) stores to the page that it runs from (%llx)", thread->process->number,
			  linux_process_of(thread)->comm, (unsigned long long)fault->pc);
	return true;
}

/* Programs look at the CPU's identification, as AT_HWCAP says that they may. */
static bool identifies(struct thread *thread, const struct hal_user_fault *fault)
{
	uint32_t instruction;

	return fault->signal == LINUX_SIGILL && linux_copy_in(thread, &instruction, fault->pc, sizeof(instruction)) == STATUS_OK &&
	       hal_user_identify(&thread->user, instruction);
}

static __attribute__((noinline)) void thread_fault(struct thread *thread)
{
	struct hal_user_fault fault = hal_user_fault(&thread->user);
	status_t status = STATUS_EFAULT;

	if (stores_to_itself(thread, &fault))
		status = STATUS_EACCES;
	else if (fault.access != 0)
		status = linux_mm_fault(thread->process, fault.address, fault.access);
	else if (identifies(thread, &fault))
		status = STATUS_OK;
	if (status != STATUS_OK)
		linux_signal_exception(thread, status);
}

static void slice_over(void *arg)
{
	struct linux_thread *personality = arg;

	personality->slice_set = false; /* its interrupt has stopped the thread, which then lets others run */
}

/* The slice goes on while the thread sleeps: setting it anew each time would cost more than an interrupt now and then. */
static __attribute__((noinline)) void slice_set(struct linux_thread *personality)
{
	personality->slice_set = true;
	timer_set(&personality->slice, hal_timer_now_ns() + SLICE_NS, slice_over, personality);
}

static __attribute__((noinline)) void others_run(struct linux_thread *personality)
{
	linux_cpu_time_pause(&personality->cpu_time);
	fiber_yield();
	linux_cpu_time_go(&personality->cpu_time);
}

void linux_run(struct thread *thread)
{
	struct linux_thread *personality = thread->personality;
	struct sched *sched = sched_this();

	personality->thread = thread;
	wait_queue_init(&personality->queue);
	if (personality->start != NULL &&
	    (linux_files_begin(thread->process) != STATUS_OK || linux_exec_first(thread) != STATUS_OK))
		process_exit(thread->process, EXIT_STATUS_UNLOADABLE);
	linux_thread_begin(thread);
	linux_signal_deliver(thread, 0); /* what was sent to it, or had all stand still, before it could be told */
	while (!atomic_load_explicit(&thread->ending, memory_order_relaxed)) {
		enum hal_stop stop;
		int64_t restarted = 0;

		if (sched->ready_mask != 0 && !personality->slice_set)
			slice_set(personality);
		stop = thread_enter(thread, sched);
		if (__builtin_expect(stop == HAL_STOP_CALL, 1))
			restarted = linux_call(thread);
		else if (stop == HAL_STOP_FAULT)
			thread_fault(thread);
		/* What is urgent, and the end of the slice. */
		if (atomic_load_explicit(&sched->attention, memory_order_relaxed) != 0)
			others_run(personality);
		/* After it has let others run: what they sent is seen before the program goes on. */
		if (__builtin_expect(restarted != 0, 0) ||
		    __builtin_expect(atomic_load_explicit(&personality->signals.due, memory_order_relaxed) != 0, 0))
			linux_signal_deliver(thread, restarted != LINUX_NO_RESULT ? restarted : 0);
	}
	if (personality->slice_set)
		timer_cancel(&personality->slice);
	linux_thread_end(thread);
}
