// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/process.h"

#include <stddef.h>

#include "hal/contract/cpu.h"
#include "hal/contract/smp.h"
#include "kernel/cap/grant.h"
#include "kernel/cap/process_object.h"
#include "kernel/core/exit_status.h"
#include "kernel/core/id.h"
#include "kernel/core/kheap.h"
#include "kernel/core/libc.h"
#include "kernel/core/log.h"
#include "kernel/core/message.h"
#include "kernel/process_methods.h"
#include "kernel/sys/layout.h"
#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/memory.h"
#include "kernel/sys/thread.h"
#include "lib/string.h"

struct wait_queue process_ends = WAIT_QUEUE_INIT(process_ends);
static _Atomic unsigned processes_made;
static _Atomic unsigned processes_live; /* W: any CPU */

static void *capset_page_alloc(void *budget)
{
	uint64_t pa = budget_page_alloc(budget);

	return pa != 0 ? memset(hal_direct_va(pa), 0, HAL_PAGE_BYTES) : NULL;
}

static void capset_page_free(void *budget, void *page)
{
	budget_page_free(budget, hal_direct_pa(page));
}

struct capset_source process_capset_source(struct budget *budget)
{
	return (struct capset_source){ .ctx = budget, .alloc = capset_page_alloc, .free = capset_page_free };
}

static struct list_node all = LIST_INIT(all); /* W: under: */
static struct spinlock all_lock;

static void process_free(struct object *object)
{
	struct process *process = LIST_OWNER(object, struct process, object);

	spinlock_take(&all_lock);
	list_remove(&process->of_all);
	spinlock_give(&all_lock);
	if (process->personality != NULL)
		linux_process_free(process->personality);
	if (process->payer != NULL) {
		process_pay_back(process, sizeof(*process));
		budget_put(process->payer);
	}
	free(process);
}

bool process_pay(struct process *process, size_t bytes)
{
	return process->payer == NULL || budget_charge_bytes(process->payer, kheap_takes(bytes));
}

void process_pay_back(struct process *process, size_t bytes)
{
	if (process->payer != NULL)
		budget_credit_bytes(process->payer, kheap_takes(bytes));
}

struct process *process_next(struct process *after)
{
	struct process *found = NULL;
	struct list_node *node;

	spinlock_take(&all_lock);
	for (node = after != NULL ? after->of_all.next : all.next; node != &all; node = node->next) {
		found = LIST_OWNER(node, struct process, of_all);
		if (object_hold(&found->object))
			break;
		found = NULL;
	}
	spinlock_give(&all_lock);
	if (after != NULL)
		object_put(&after->object);
	return found;
}

unsigned process_number_next(void)
{
	return atomic_fetch_add_explicit(&processes_made, 1, memory_order_relaxed) + 1;
}

static void process_init(struct process *process, const char *name)
{
	object_init(&process->object, &process_interface, process_free);
	strcpy(process->name, strnlen(name, PROCESS_NAME_MAX + 1) <= PROCESS_NAME_MAX ? name : "?");
	capset_init(&process->capset, process_capset_source(process->budget));
	list_init(&process->mappings);
	list_init(&process->threads);
	list_init(&process->waiters);
	process->heap_low = PROCESS_HEAP_BASE;
	process->threads_max = PROCESS_THREADS_MAX;
	process->number = process_number_next();
	process->id = id_next();
	spinlock_take(&all_lock);
	list_push_back(&all, &process->of_all);
	spinlock_give(&all_lock);
}

/* `budget` is taken over, on errors too; NULL: there was no memory for it. `payer`: whose memory the structure is; NULL: nobody's. */
static status_t process_make(const char *name, struct budget *budget, struct budget *payer, struct process **out)
{
	struct process *process;
	status_t status = STATUS_ENOMEM;

	if (budget == NULL)
		return STATUS_ENOMEM;
	process = calloc(1, sizeof(*process));
	if (process == NULL) {
		budget_put(budget);
		return STATUS_ENOMEM;
	}
	process->budget = budget;
	process->payer = payer;
	if (process_pay(process, sizeof(*process))) {
		status = hal_space_create(&process->space, (struct hal_page_source){
								   .ctx = process->budget,
								   .alloc = budget_page_alloc,
								   .free = budget_page_free,
							   });
		if (status != STATUS_OK)
			process_pay_back(process, sizeof(*process));
	}
	if (status != STATUS_OK) {
		budget_put(process->budget);
		free(process);
		return status;
	}
	if (payer != NULL)
		budget_hold(payer);
	process_init(process, name);
	*out = process;
	return STATUS_OK;
}

status_t process_create(const char *name, struct budget *parent, uint64_t memory_bytes, struct process **out)
{
	return process_make(name, budget_create(parent, memory_bytes / HAL_PAGE_BYTES), parent, out);
}

status_t process_create_beside(const struct process *from, struct process **out)
{
	budget_hold(from->budget);
	return process_make(from->name, from->budget, from->budget, out);
}

/*
 * All that it had but the structure itself, which its maker goes on paying for until nobody holds it. On the CPU of the last thread; every other one
 * has left the space. Its memory is its maker's again before anybody hears of its end.
 */
static void process_empty(struct process *process)
{
	if (process->personality != NULL)
		linux_process_detach(process);
	grant_close(&process->capset);
	process_unmap_objects(process);
	hal_space_destroy(&process->space);
	budget_put(process->budget);
	process->budget = NULL;
}

void process_abandon(struct process *process)
{
	process_empty(process);
	object_put(&process->object);
}

static const struct hal_user_fault no_fault;

void process_end(struct process *process, enum process_end end, int64_t code, const struct hal_user_fault *fault)
{
	struct thread *threads[PROCESS_THREADS_MAX];
	unsigned count = 0;

	if (atomic_exchange_explicit(&process->ending, 1, memory_order_relaxed) != 0)
		return;
	process->code = code;
	process->fault = *fault;
	/* Pairs with the acquire in process_finish(): the last thread sees what it ended with. */
	atomic_store_explicit(&process->end, end, memory_order_release);
	spinlock_take(&process->lock);
	for (struct list_node *node = process->threads.next; node != &process->threads; node = node->next) {
		threads[count] = LIST_OWNER(node, struct thread, of_process);
		atomic_store_explicit(&threads[count]->ending, true, memory_order_relaxed);
		(void)object_hold(&threads[count++]->object);
	}
	spinlock_give(&process->lock);
	for (unsigned i = 0; i < count; i++) {
		thread_notice(threads[i]);
		object_put(&threads[i]->object);
	}
}

void process_exit(struct process *process, int64_t code)
{
	process_end(process, PROCESS_EXITED, code, &no_fault);
}

void process_fault(struct process *process, const char *what, int signal, uint64_t address)
{
	struct hal_user_fault fault = { .what = what, .signal = signal, .address = address };

	spinlock_take(&process->lock);
	if (!list_is_empty(&process->threads)) /* where its oldest thread stopped last */
		fault.pc = LIST_OWNER(process->threads.next, struct thread, of_process)->user.pc;
	spinlock_give(&process->lock);
	process_end(process, PROCESS_KILLED, 0, &fault);
}

status_t process_join(struct process *process, struct thread *thread)
{
	status_t status = STATUS_EAGAIN;

	spinlock_take(&process->lock);
	if (process->thread_count < process->threads_max && !process_is_ending(process)) {
		process->thread_count++;
		(void)object_hold(&thread->object); /* the list's */
		list_push_back(&process->threads, &thread->of_process);
		status = STATUS_OK;
	}
	spinlock_give(&process->lock);
	return status;
}

/* Whether it was killed by what it did itself, and not by a signal that others send, such as at the end of a pipe's reader. */
static bool is_program_fault(const struct process *process)
{
	const uint64_t faults = 1u << 4 | 1u << 5 | 1u << 7 | 1u << 8 | /* ILL, TRAP, BUS, FPE */
				1u << PROCESS_SIGNAL_MEMORY | 1u << PROCESS_SIGNAL_BAD_CALL;

	return process->end == PROCESS_KILLED && process->fault.signal < 64 && faults >> process->fault.signal & 1;
}

static void print_end(const struct process *process)
{
	if (process->quiet && !is_program_fault(process) && !log_passes(LOG_PROC, LOG_DEBUG))
		return;
	if (process->end == PROCESS_EXITED)
		log_line("proc: process %u exited with code %lld", process->number, (long long)process->code);
	else
		log_line("proc: process %u killed: %s at pc 0x%llx addr 0x%llx", process->number, process->fault.what,
			 (unsigned long long)process->fault.pc, (unsigned long long)process->fault.address);
}

static void wake_ends(void *arg)
{
	(void)arg;
	wait_queue_wake(&process_ends);
}

unsigned process_count(void)
{
	return atomic_load_explicit(&processes_live, memory_order_relaxed);
}

/* The last thread has left. */
static void process_finish(struct process *process)
{
	process_exit(process, 0); /* each thread ended by itself, and none ended the process */
	while (atomic_load_explicit(&process->end, memory_order_acquire) == PROCESS_RUNS) /* or another CPU is just writing down what ended it */
		hal_cpu_relax();
	process_empty(process);
	print_end(process);
	spinlock_take(&process->lock);
	/* Pairs with the acquire in process_wait(). */
	atomic_store_explicit(&process->finished, true, memory_order_release);
	spinlock_give(&process->lock);
	if (process->personality != NULL)
		linux_family_end(process);
	process_waiters_finish(process);
	atomic_fetch_sub_explicit(&processes_live, 1, memory_order_relaxed);
	message_send(process_ends.cpu, wake_ends, NULL);
}

void process_leave(struct process *process, struct thread *thread)
{
	bool last;

	spinlock_take(&process->lock);
	list_remove(&thread->of_process);
	last = --process->thread_count == 0;
	spinlock_give(&process->lock);
	object_put(&thread->object); /* the list's */
	if (last && process->started)
		process_finish(process);
}

void process_print_start(const struct process *process)
{
	if (!process->quiet || log_passes(LOG_PROC, LOG_DEBUG))
		log_line("proc: process %u (%s) started", process->number, process->name);
	log_print(LOG_PROC, LOG_DEBUG, "process %u: id %016llx, %llu of %llu pages used", process->number,
		  (unsigned long long)process->id, (unsigned long long)(process->budget->limit - budget_left(process->budget)),
		  (unsigned long long)process->budget->limit);
}

status_t process_start(struct process *process, struct thread *main)
{
	process->started = true;
	atomic_fetch_add_explicit(&processes_live, 1, memory_order_relaxed);

	status_t status = thread_start(main);

	if (status != STATUS_OK) {
		process->started = false;
		atomic_fetch_sub_explicit(&processes_live, 1, memory_order_relaxed);
	}
	return status;
}

int process_exit_status(const struct process *process)
{
	if (process->end == PROCESS_KILLED)
		return EXIT_STATUS_FAULT + process->fault.signal;
	return process->code >= 0 && process->code <= EXIT_STATUS_OWN_MAX ? (int)process->code : EXIT_STATUS_OWN_MAX;
}

int process_wait(struct process *process)
{
	while (!atomic_load_explicit(&process->finished, memory_order_acquire))
		(void)wait_queue_sleep(&process_ends, WAIT_FOREVER);
	return process_exit_status(process);
}

status_t process_fault_params(struct process *process, uint64_t address)
{
	process_fault(process, "bad memory access (parameters of a submission)", PROCESS_SIGNAL_MEMORY, address);
	return STATUS_EFAULT;
}

status_t process_fault_result(struct process *process, uint64_t address)
{
	process_fault(process, "bad memory access (results of a submission)", PROCESS_SIGNAL_MEMORY, address);
	return STATUS_EFAULT;
}
