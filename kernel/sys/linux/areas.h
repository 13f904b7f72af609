// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Ranges of a process's addresses that are mapped alike, in order, none over another. Memory for them is charged to a budget. Who calls has the lock
 * over them. What areas hold (files, page caches) is put by who frees them, after that lock: linux_areas_free().
 */
#ifndef KERNEL_SYS_LINUX_AREAS_H
#define KERNEL_SYS_LINUX_AREAS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/list.h"
#include "lib/span.h"
#include "lib/status.h"

struct budget;
struct linux_file;
struct linux_pages;

enum { LINUX_PROT_READ = 1, LINUX_PROT_WRITE = 2, LINUX_PROT_EXEC = 4 };
enum { LINUX_AREAS_MAX = 65530 /* Linux: vm.max_map_count */, LINUX_AUXV_MAX = 24 };

enum linux_area_kind { LINUX_AREA_PLAIN, LINUX_AREA_HEAP, LINUX_AREA_STACK, LINUX_AREA_VDSO };
enum linux_area_fork { LINUX_FORK_COPY, LINUX_FORK_OMIT, LINUX_FORK_WIPE };

/* What a mapping shows: a file's content that lies in memory for ever (`memory`), a file read page by page, or nothing: zeroes. */
struct linux_backing {
	struct span memory; /* from a page boundary, of the direct map; behind its end the last page is zero */
	struct linux_file *file;
	uint64_t offset;
	enum linux_area_kind kind;
	bool is_read_only; /* shared, whatever its file is open for */
};

struct linux_area {
	struct list_node node;
	uint64_t start, end;
	uint8_t protection;      /* LINUX_PROT_* */
	uint8_t may;             /* what mprotect can give */
	uint8_t fork;            /* enum linux_area_fork */
	bool is_shared;
	bool was_writable;       /* so its content is not what was proven */
	struct linux_backing backing; /* the offset is that of `start`; the file is held */
	struct linux_pages *pages;    /* held. Where its pages are shared with others'; NULL: it is memory, or zeroes of its own */
};

struct linux_areas {
	struct list_node list;
	struct linux_area *last; /* found last */
	/* Where a free range was found last: none of `gap_bytes` or more lies above its start, up to `gap_top`. NULL: unknown. */
	struct linux_area *gap;
	uint64_t gap_bytes, gap_top;
	unsigned count;
};

void linux_areas_init(struct linux_areas *areas);

/* One that is in no list, with holds of its own where it is a copy; NULL: memory or budget is out. */
struct linux_area *linux_area_alloc(struct budget *budget, const struct linux_area *from);

/* The area at `va`, or else the first behind it; NULL. */
struct linux_area *linux_areas_find(struct linux_areas *areas, uint64_t va);

/* The next, NULL: there is none. */
struct linux_area *linux_areas_next(const struct linux_areas *areas, const struct linux_area *area);

/* The range of `area` is free. */
void linux_areas_insert(struct linux_areas *areas, struct linux_area *area);
void linux_areas_remove(struct linux_areas *areas, struct linux_area *area);

/* Sees to it that areas begin at `start` and `end`, or none goes over them. STATUS_ENOMEM. */
MUST_CHECK status_t linux_areas_cut(struct linux_areas *areas, struct budget *budget, uint64_t start, uint64_t end);

/* Has areas that touch in or at the ends of [start, end), and are alike, be one; those not needed any more go to `dead`. */
void linux_areas_merge(struct linux_areas *areas, uint64_t start, uint64_t end, struct list_node *dead);

/* Where the first hole of a range begins; `end`: it has none. */
uint64_t linux_areas_mapped_until(struct linux_areas *areas, uint64_t start, uint64_t end);

/* Whether nothing is mapped in the range; whether all of it is. */
bool linux_areas_is_free(struct linux_areas *areas, uint64_t start, uint64_t end);
bool linux_areas_is_mapped(struct linux_areas *areas, uint64_t start, uint64_t end);

/* The highest free range of so many bytes that ends at or below `top`, else the lowest above it; 0: there is none. */
uint64_t linux_areas_gap(struct linux_areas *areas, uint64_t least, uint64_t top, uint64_t end, uint64_t bytes);

/* Frees areas in no list of a process any more, and puts what they hold. Context: fiber, no lock; may sleep. */
void linux_areas_free(struct budget *budget, struct list_node *dead);

/* Whether programs write to a file by it, or may come to. */
static inline bool linux_area_writes(const struct linux_area *area)
{
	return area->is_shared && area->pages != NULL && area->backing.file != NULL && (area->may & LINUX_PROT_WRITE);
}

/* Whether it is both: then each of its pages is the one or the other. */
static inline bool linux_area_flips(const struct linux_area *area)
{
	return (area->protection & (LINUX_PROT_WRITE | LINUX_PROT_EXEC)) == (LINUX_PROT_WRITE | LINUX_PROT_EXEC);
}

#endif
