// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A process: an address space, a budget of memory, a set of capabilities and a pair of rings, driven by one fiber of its own.
 * Context of every function: a fiber of the CPU where it runs; process_fault(), process_copy_in() and the heap's also the poller
 * of another CPU, while that owns the rings (kernel/io/ring_war.h).
 */
#ifndef KERNEL_SYS_PROCESS_H
#define KERNEL_SYS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/contract/user.h"
#include "kernel/cap/capset.h"
#include "kernel/cap/rings.h"
#include "kernel/core/wait.h"
#include "kernel/io/ring_war.h"
#include "lib/status.h"

enum { PROCESS_NAME_MAX = 32 };

enum process_end {
	PROCESS_RUNS,
	PROCESS_EXITED, /* `code` holds what it said */
	PROCESS_KILLED, /* `fault` holds why */
};

struct process {
	struct hal_user user;
	struct hal_space space;
	struct capset capset;
	struct cap_rings rings;
	struct wait_queue ended;
	struct ring_war war;
	uint64_t calls; /* system calls made */
	unsigned cpu;   /* where its fiber runs */
	char name[PROCESS_NAME_MAX + 1];
	unsigned number; /* counts from 1; what people see */
	uint64_t id;     /* what programs see */
	uint64_t pages_limit;
	uint64_t pages_used; /* all of it: image, stack, heap, tables */
	uint64_t heap_low;   /* no free page of the heap lies below */
	bool started;  /* its fiber frees the space */
	bool finished; /* W: its fiber, with its last act; `end` may be set long before */
	_Atomic enum process_end end; /* W: who owns the rings; the process's fiber notices */
	int64_t code;
	struct hal_user_fault fault;
};

/* Makes a process with nothing in it that may use `memory_bytes`. STATUS_ENOMEM. The caller owns it, to process_destroy(). */
MUST_CHECK status_t process_create(const char *name, uint64_t memory_bytes, struct process **out);

/* Gives back all that the process had. Its fiber must have ended, or never begun. */
void process_destroy(struct process *process);

/*
 * Maps a zeroed page at `va`, and tells where the kernel reaches it. STATUS_ENOMEM where the process's budget or the machine's
 * memory is used up, STATUS_EEXIST, STATUS_EINVAL as hal_space_map().
 */
MUST_CHECK status_t process_map(struct process *process, uint64_t va, unsigned rights, void **page);

/* Prints that it started, and lets it run from user.pc in a fiber of its own. STATUS_ENOMEM. */
MUST_CHECK status_t process_start(struct process *process);

/* Waits until it has ended, and returns the machine's exit status for that end (kernel/core/exit_status.h). */
int process_wait(struct process *process);

/* Ends it because it broke the rules at `address`; takes effect when its call returns. */
void process_fault(struct process *process, const char *what, int signal, uint64_t address);

/* Copies `bytes` from the process; where they cannot be read the process is faulted too. STATUS_EFAULT. */
MUST_CHECK status_t process_copy_in(struct process *process, void *to, uint64_t from_va, size_t bytes);

/*
 * The heap: zeroed read/write pages at an address of the kernel's choice. STATUS_EINVAL where `bytes` is 0 or not whole pages,
 * or what is to be unmapped is not all there; STATUS_ENOMEM.
 */
MUST_CHECK status_t process_heap_map(struct process *process, uint64_t bytes, uint64_t *address);
MUST_CHECK status_t process_heap_unmap(struct process *process, uint64_t address, uint64_t bytes);

#endif
