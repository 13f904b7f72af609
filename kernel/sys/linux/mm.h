// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The memory of a process that runs Linux programs: areas, of which pages come when they are touched. All pages are charged to the process's budget,
 * but those that lie in the bundle. Context of all: fiber, any CPU, no lock held; what reads a file's pages may sleep.
 */
#ifndef KERNEL_SYS_LINUX_MM_H
#define KERNEL_SYS_LINUX_MM_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/core/spinlock.h"
#include "kernel/sys/linux/areas.h"
#include "lib/span.h"
#include "lib/status.h"

struct linux_file;
struct process;

enum { LINUX_MAP_SHARED = 1, LINUX_MAP_PRIVATE = 2, LINUX_MAP_FIXED = 16, LINUX_MAP_ANONYMOUS = 32, LINUX_MAP_NORESERVE = 0x4000, LINUX_MAP_FIXED_NOREPLACE = 0x100000 };

#define LINUX_VA_MIN 0x10000ul
#define LINUX_VA_END 0x7ffffff000ul

struct linux_mm {
	struct spinlock lock;
	/* W: under `lock`, all that follows, and the process's space. Nothing is held for a page that is read while the lock is not. */
	struct linux_areas areas;
	uint64_t brk_start, brk;
	uint64_t map_top;   /* where the search for a free range begins, downwards */
	bool jit;           /* W: before it runs. Memory may be both written and executed, a page at a time the one or the other */
	uint64_t auxv[2 * LINUX_AUXV_MAX]; /* W: execve. For /proc/self/auxv */
	uint64_t stack_top; /* W: execve */
	uint32_t barriers;  /* what membarrier(2) was told to be ready for */
};

void linux_mm_init(struct linux_mm *mm);

/*
 * As mmap(2) does it: the address. Both writable and executable, or executable and not proven: STATUS_EACCES unless `jit`. The backing's file stays the
 * caller's; the area holds it too.
 */
MUST_CHECK int64_t linux_mm_map(struct process *process, uint64_t va, uint64_t bytes, unsigned protection, unsigned flags,
				const struct linux_backing *backing);
MUST_CHECK status_t linux_mm_unmap(struct process *process, uint64_t va, uint64_t bytes);
MUST_CHECK status_t linux_mm_protect(struct process *process, uint64_t va, uint64_t bytes, unsigned protection);

/* Whether so much more may be mapped (RLIMIT_AS) where what is in [start, end) goes. Context: under the lock of its memory. */
bool linux_mm_has_room(const struct process *process, uint64_t start, uint64_t end, uint64_t bytes);

/* As mremap(2): the new address. `new_va` counts with LINUX_MREMAP_FIXED. */
enum { LINUX_MREMAP_MAYMOVE = 1, LINUX_MREMAP_FIXED = 2, LINUX_MREMAP_DONTUNMAP = 4 };
MUST_CHECK int64_t linux_mm_remap(struct process *process, uint64_t va, uint64_t bytes, uint64_t new_bytes, unsigned flags, uint64_t new_va);

/* As brk(2): where it is afterwards, changed or not. */
uint64_t linux_mm_brk(struct process *process, uint64_t wanted);

/* Forgets the pages of a range, which come anew when touched. STATUS_ENOMEM: not all of it is mapped. */
MUST_CHECK status_t linux_mm_forget(struct process *process, uint64_t va, uint64_t bytes);

/*
 * Has a page there that can be read (written, executed: LINUX_PROT_*), as a fault of the program would. STATUS_EFAULT: nothing is mapped;
 * STATUS_EACCES: it has no right to; STATUS_ENOMEM; STATUS_EIO: behind the file's end (SIGBUS), or it cannot be read.
 */
MUST_CHECK status_t linux_mm_fault(struct process *process, uint64_t va, unsigned protection);

/* For fork: the same areas in `child`, private pages shared until written. STATUS_ENOMEM: the child is abandoned. */
MUST_CHECK status_t linux_mm_copy(struct process *parent, struct process *child);

/* For execve, and the end: nothing is mapped any more. Nobody else is in the process. */
void linux_mm_clear(struct process *process);

/* Whether memory there is shared with other processes, so that they mean the same by it (futexes). */
bool linux_mm_is_shared(struct process *process, uint64_t va);

/* An area, with what of it is there, for /proc/self/maps and smaps. */
struct linux_mm_info {
	uint64_t start, end, offset;
	unsigned protection; /* LINUX_PROT_* */
	bool is_shared;
	enum linux_area_kind kind;
	struct linux_file *file; /* held, to be put; NULL: of no file */
	uint64_t private_pages, shared_pages, dirty_private_pages, dirty_shared_pages; /* 0 where they were not asked for */
};

/* The area that `va` is in, or the first behind it; false: there is none. `with_pages`: its pages are counted, which takes as long as there are of them. */
bool linux_mm_next(struct process *process, uint64_t va, bool with_pages, struct linux_mm_info *out);

/* Pages present in all areas, and the bytes of all areas: for /proc/self/stat and statm. */
void linux_mm_count(struct process *process, uint64_t *present_pages, uint64_t *bytes);

#endif
