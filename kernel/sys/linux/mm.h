// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The memory of a process that runs Linux programs: areas, of which pages come when they are touched. All pages are charged to the process's budget,
 * but those that lie in the bundle. Context: fiber, any CPU, no lock held; what reads a file's pages may sleep.
 */
#ifndef KERNEL_SYS_LINUX_MM_H
#define KERNEL_SYS_LINUX_MM_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/core/spinlock.h"
#include "lib/list.h"
#include "lib/span.h"
#include "lib/status.h"

struct linux_file;
struct process;
struct thread;

enum { LINUX_PROT_READ = 1, LINUX_PROT_WRITE = 2, LINUX_PROT_EXEC = 4 };
enum { LINUX_MAP_SHARED = 1, LINUX_MAP_PRIVATE = 2, LINUX_MAP_FIXED = 16, LINUX_MAP_ANONYMOUS = 32, LINUX_MAP_NORESERVE = 0x4000, LINUX_MAP_FIXED_NOREPLACE = 0x100000 };

#define LINUX_VA_MIN 0x10000ul
#define LINUX_VA_END 0x7ffffff000ul

struct linux_mm {
	struct spinlock lock;
	/* W: under `lock`, all that follows. */
	struct list_node areas; /* by address */
	uint64_t brk_start, brk;
	uint64_t map_top; /* where the search for a free range begins, downwards */
	uint64_t stack_low;
};

/* What a mapping shows: the program's file in memory for ever (`memory`), a file (held by the mapping), or nothing: zeroes. */
struct linux_backing {
	struct span memory;
	struct linux_file *file;
	uint64_t offset;
};

void linux_mm_init(struct linux_mm *mm);

/* As mmap(2) does it: the address. Both writable and executable: STATUS_EACCES. */
MUST_CHECK int64_t linux_mm_map(struct process *process, uint64_t va, uint64_t bytes, unsigned protection, unsigned flags,
				const struct linux_backing *backing);
MUST_CHECK status_t linux_mm_unmap(struct process *process, uint64_t va, uint64_t bytes);

/* Has a page there that can be read (written, executed), as a fault of the program would. STATUS_EFAULT: it has no right to; STATUS_ENOMEM; STATUS_EIO: behind the file's end (SIGBUS). */
MUST_CHECK status_t linux_mm_fault(struct process *process, uint64_t va, unsigned protection);

/* For fork: the same areas in `child`, private pages shared until written. STATUS_ENOMEM: the child is abandoned. */
MUST_CHECK status_t linux_mm_copy(struct process *parent, struct process *child);

/* For execve, and the end: nothing is mapped any more. */
void linux_mm_clear(struct process *process);

#endif
