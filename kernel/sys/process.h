// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A process: an address space, a budget of memory, a set of capabilities, and threads. It is a kernel object (interface process), so
 * that another process can hold it. It ends once: by exit, by a fault of any thread, by whoever holds the right to kill it; then each
 * thread ends where it is, and the last one gives everything back.
 * Context of every function, unless it says otherwise: fiber, any CPU.
 */
#ifndef KERNEL_SYS_PROCESS_H
#define KERNEL_SYS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/contract/user.h"
#include "kernel/cap/capset.h"
#include "kernel/cap/object.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/wait.h"
#include "kernel/sys/budget.h"
#include "lib/list.h"
#include "lib/status.h"

struct linux_process;
struct thread;

enum {
	PROCESS_NAME_MAX = 32,
	PROCESS_THREADS_MAX = 64,
	PROCESS_SIGNAL_BAD_CALL = 31, /* Linux's SIGSYS */
	PROCESS_SIGNAL_KILL = 9,
	PROCESS_SIGNAL_MEMORY = 11,
};

enum process_end {
	PROCESS_RUNS,
	PROCESS_EXITED, /* `code` holds what it said */
	PROCESS_KILLED, /* `fault` holds why */
};

struct process {
	struct object object;
	struct budget *budget; /* all it uses: program, stacks, heap, tables, rings, the kernel's memory for its threads. NULL: it has ended */
	struct budget *payer;  /* held: what the kernel keeps of it, after its end too, is charged to its maker. NULL: it has none */
	struct capset capset;
	char name[PROCESS_NAME_MAX + 1];
	unsigned number; /* counts from 1; what people see */
	uint64_t id;     /* what programs see */
	unsigned threads_max;
	bool started; /* W: process_start(). Its last thread ends it */
	bool quiet;   /* W: before it starts. Its start and its exit are of no interest (LOG_DEBUG) */
	struct linux_process *personality; /* W: before it starts. What runs Linux programs has besides; NULL: it is native */

	struct spinlock lock;
	/* W: under `lock`, all that follows up to the empty line. */
	struct hal_space space;
	uint64_t heap_low;         /* no free page of the heap lies below */
	struct list_node mappings; /* of regions */
	struct list_node threads;
	unsigned thread_count;
	uint64_t ring_blocks;       /* bit n: block n of PROCESS_RINGS_VA is taken */
	struct list_node waiters;   /* operations that wait for its end */

	_Atomic uint32_t ending; /* W: who ends it, once */
	/* W: that one; then `end`, with release. */
	int64_t code;
	struct hal_user_fault fault;
	_Atomic enum process_end end;
	_Atomic bool finished; /* W: the last thread, with its last act */
	struct list_node of_all; /* W: under the list's lock */
};

/*
 * Makes a process with nothing in it that may use `memory_bytes`, out of `parent`'s budget where that is not NULL. STATUS_ENOMEM,
 * STATUS_EAGAIN where too many processes live. The caller holds it.
 */
MUST_CHECK status_t process_create(const char *name, struct budget *parent, uint64_t memory_bytes, struct process **out);

/* The same, which uses the budget of `from` itself. */
MUST_CHECK status_t process_create_beside(const struct process *from, struct process **out);

/* Charges its maker for so many bytes of the kernel's heap, and gives them back. False: that has not so much left. */
MUST_CHECK bool process_pay(struct process *process, size_t bytes);
void process_pay_back(struct process *process, size_t bytes);

/* Gives back all of a process that has no thread, and the caller's hold. */
void process_abandon(struct process *process);

/*
 * Lets its main thread run, which first prints that it started. STATUS_ENOMEM where there is no stack for that: the caller
 * abandons thread and process. The caller's hold stays.
 */
MUST_CHECK status_t process_start(struct process *process, struct thread *main);
void process_print_start(const struct process *process);

/* A number for a process, or for a thread that has one of its own. Context: any. */
unsigned process_number_next(void);

/* Woken when a process has ended. The boot CPU's. */
extern struct wait_queue process_ends;

/*
 * The process made after `after` (NULL: the first), held, with the hold of `after` taken over; NULL: there are no more. Each is there as long as
 * anybody holds it.
 */
struct process *process_next(struct process *after);

/* Processes that have started and not ended. */
unsigned process_count(void);

/* Waits until it has ended, and returns the machine's exit status for that end (kernel/core/exit_status.h). Context: fiber of the boot CPU. */
int process_wait(struct process *process);
int process_exit_status(const struct process *process);

/* Pages for tables of capabilities, charged to a budget. */
struct capset_source process_capset_source(struct budget *budget);

/* Whether it has begun to end. Context: any. */
static inline bool process_is_ending(const struct process *process)
{
	return atomic_load_explicit(&process->end, memory_order_relaxed) != PROCESS_RUNS;
}

/* Ends it with what it said itself; because it broke the rules at `address`; by a fault of a thread. The first one counts. */
void process_exit(struct process *process, int64_t code);
void process_fault(struct process *process, const char *what, int signal, uint64_t address);
void process_end(struct process *process, enum process_end end, int64_t code, const struct hal_user_fault *fault);

/* For threads: joins or leaves the process. With the last one to leave the process is gone. STATUS_EAGAIN: too many, or ending. */
MUST_CHECK status_t process_join(struct process *process, struct thread *thread);
void process_leave(struct process *process, struct thread *thread);

/* Faults it for what it named to be read, or written, by the kernel. STATUS_EFAULT. */
status_t process_fault_params(struct process *process, uint64_t address);
status_t process_fault_result(struct process *process, uint64_t address);

/* Copies `bytes` from and to the process; where it may not read (write) them it is faulted too. STATUS_EFAULT. */
MUST_CHECK static inline status_t process_copy_in(struct process *process, void *to, uint64_t from_va, size_t bytes)
{
	return hal_user_copy_in(&process->space, to, from_va, bytes) == STATUS_OK ? STATUS_OK : process_fault_params(process, from_va);
}

MUST_CHECK static inline status_t process_copy_out(struct process *process, uint64_t to_va, const void *from, size_t bytes)
{
	return hal_user_copy_out(&process->space, to_va, from, bytes) == STATUS_OK ? STATUS_OK : process_fault_result(process, to_va);
}

#endif
