// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/process.h"

#include <stdatomic.h>

#include "hal/contract/smp.h"
#include "hal/contract/timer.h"
#include "kernel/core/exit_status.h"
#include "kernel/core/fiber.h"
#include "kernel/core/id.h"
#include "kernel/core/libc.h"
#include "kernel/core/log.h"
#include "kernel/core/page.h"
#include "kernel/core/panic.h"
#include "kernel/core/sched.h"
#include "kernel/sys/layout.h"
#include "kernel/sys/native.h"
#include "lib/string.h"

#define SLICE_NS 4000000ul

static _Atomic unsigned processes_made;

static uint64_t budget_alloc(void *ctx)
{
	struct process *process = ctx;
	uint64_t pa = process->pages_used < process->pages_limit ? page_alloc(0) : 0;

	if (pa != 0)
		process->pages_used++;
	return pa;
}

static void budget_free(void *ctx, uint64_t pa)
{
	struct process *process = ctx;

	process->pages_used--;
	page_free(pa, 0);
}

status_t process_create(const char *name, uint64_t memory_bytes, struct process **out)
{
	struct process *process = calloc(1, sizeof(*process));

	if (process == NULL)
		return STATUS_ENOMEM;
	process->pages_limit = memory_bytes / HAL_PAGE_BYTES;

	status_t status = hal_space_create(&process->space, (struct hal_page_source){
								    .ctx = process,
								    .alloc = budget_alloc,
								    .free = budget_free,
							    });

	if (status != STATUS_OK) {
		free(process);
		return status;
	}
	strcpy(process->name, strnlen(name, PROCESS_NAME_MAX + 1) <= PROCESS_NAME_MAX ? name : "?");
	capset_init(&process->capset);
	wait_queue_init(&process->ended);
	ring_war_init(&process->war);
	process->cpu = hal_cpu_index();
	process->number = atomic_fetch_add_explicit(&processes_made, 1, memory_order_relaxed) + 1;
	process->id = id_next();
	process->heap_low = PROCESS_HEAP_BASE;
	*out = process;
	return STATUS_OK;
}

void process_destroy(struct process *process)
{
	if (!process->started)
		hal_space_destroy(&process->space);
	VERIFY(process->pages_used == 0);
	free(process);
}

status_t process_map(struct process *process, uint64_t va, unsigned rights, void **page)
{
	uint64_t pa = budget_alloc(process);

	if (pa == 0)
		return STATUS_ENOMEM;
	memset(hal_direct_va(pa), 0, HAL_PAGE_BYTES);

	status_t status = hal_space_map(&process->space, va, pa, rights);

	if (status != STATUS_OK) {
		budget_free(process, pa);
		return status;
	}
	*page = hal_direct_va(pa);
	return STATUS_OK;
}

void process_fault(struct process *process, const char *what, int signal, uint64_t address)
{
	process->fault = (struct hal_user_fault){
		.what = what, .signal = signal, .pc = process->user.pc, .address = address,
	};
	process->end = PROCESS_KILLED;
}

status_t process_copy_in(struct process *process, void *to, uint64_t from_va, size_t bytes)
{
	status_t status = hal_user_copy_in(&process->space, to, from_va, bytes);

	if (status != STATUS_OK)
		process_fault(process, "bad memory access (parameters of a submission)", 11, from_va);
	return status;
}

static void print_end(const struct process *process)
{
	if (process->end == PROCESS_EXITED)
		log_line("proc: process %u exited with code %lld", process->number, (long long)process->code);
	else
		log_line("proc: process %u killed: %s at pc 0x%llx addr 0x%llx", process->number, process->fault.what,
			 (unsigned long long)process->fault.pc, (unsigned long long)process->fault.address);
}

static void slice_over(void *arg)
{
	(void)arg; /* the interrupt has stopped the process, which is all */
}

/*
 * Runs it until it stops. Meanwhile this CPU looks at nothing, so other CPUs must interrupt it as if it slept; the barrier is that of
 * sleep_until_interrupt() (sched.c), the last look hal_user_run()'s own.
 */
static enum hal_stop process_enter(struct process *process, struct sched *sched)
{
	enum hal_stop stop;

	atomic_store_explicit(&sched->sleeping, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	stop = hal_user_run(&process->user, &process->space, &sched->attention);
	atomic_store_explicit(&sched->sleeping, 0, memory_order_relaxed);
	return stop;
}

/* The same, for a slice at most where other fibers wait for this CPU. */
static enum hal_stop process_run(struct process *process, struct sched *sched)
{
	enum hal_stop stop;
	struct timer slice;

	if (sched->ready_mask == 0)
		return process_enter(process, sched);
	timer_set(&slice, hal_timer_now_ns() + SLICE_NS, slice_over, NULL);
	stop = process_enter(process, sched);
	timer_cancel(&slice);
	return stop;
}

/* The process, as a fiber: a loop around running it. */
static void process_main(void *arg)
{
	struct process *process = arg;
	struct sched *sched = sched_this();

	while (process->end == PROCESS_RUNS) {
		switch (process_run(process, sched)) {
		case HAL_STOP_CALL:
			native_call(process);
			break;
		case HAL_STOP_INTERRUPT:
			break;
		case HAL_STOP_FAULT:
			process->fault = hal_user_fault(&process->user);
			process->end = PROCESS_KILLED;
			break;
		}
		if (sched_has_work(sched))
			fiber_yield();
	}
	ring_war_end(process);
	log_print(LOG_PROC, LOG_DEBUG, "process %u: %llu system calls; ring: %llu submissions in War, %llu in Peace, %llu wars",
		  process->number, (unsigned long long)process->calls,
		  (unsigned long long)process->war.governor.counters.events[GOVERNOR_WAR],
		  (unsigned long long)process->war.governor.counters.events[GOVERNOR_PEACE],
		  (unsigned long long)process->war.wars);
	/* Here, where it ran: this CPU holds registers of it, and its tables. */
	hal_user_retire(&process->user);
	hal_space_destroy(&process->space);
	print_end(process);
	process->finished = true;
	wait_queue_wake(&process->ended);
}

status_t process_start(struct process *process)
{
	if (fiber_create("process", process_main, process) == NULL) /* it runs once this fiber yields */
		return STATUS_ENOMEM;
	process->started = true;
	log_line("proc: process %u (%s) started", process->number, process->name);
	log_print(LOG_PROC, LOG_DEBUG, "process %u: id %016llx, %llu of %llu pages used", process->number,
		  (unsigned long long)process->id, (unsigned long long)process->pages_used,
		  (unsigned long long)process->pages_limit);
	return STATUS_OK;
}

int process_wait(struct process *process)
{
	while (!process->finished)
		(void)wait_queue_sleep(&process->ended, WAIT_FOREVER);
	if (process->end == PROCESS_KILLED)
		return EXIT_STATUS_FAULT + process->fault.signal;
	return process->code >= 0 && process->code <= EXIT_STATUS_OWN_MAX ? (int)process->code : EXIT_STATUS_OWN_MAX;
}
