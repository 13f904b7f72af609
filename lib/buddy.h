// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Page frame allocator: blocks of 2^order pages, aligned to their size, out of one zone of memory. Pages are named by
 * their frame number (address / 4096). Context of every function: one caller at a time; there is no lock.
 */
#ifndef LIB_BUDDY_H
#define LIB_BUDDY_H

#include <stdint.h>

#include "lib/list.h"
#include "lib/status.h"

#define BUDDY_PAGE_BYTES 4096u
#define BUDDY_ORDER_MAX 18 /* 1 GiB */
#define BUDDY_RANGES_MAX 16

struct buddy_range {
	uint64_t first; /* frame number */
	uint64_t end;   /* one past the last */
};

struct buddy {
	uint8_t *base;       /* address of frame `zone.first`; links of free blocks lie in the blocks themselves */
	uint8_t *meta;       /* a byte a frame */
	struct buddy_range zone;
	uint64_t free_pages;
	uint64_t total_pages; /* sum of the ranges added */
	uint32_t nonempty;    /* bit k: free[k] holds a block */
	uint32_t range_count;
	struct buddy_range ranges[BUDDY_RANGES_MAX]; /* what was added; ranges that touch are one */
	struct list_node free[BUDDY_ORDER_MAX + 1];
};

/*
 * Makes a zone of `page_count` frames from `first_page` in which everything is reserved. `base` is where frame
 * `first_page` can be written; `meta` has `page_count` bytes, of any content, neither read nor written here. The
 * structure, `base` and `meta` must stay at their addresses as long as the zone is used.
 */
void buddy_init(struct buddy *zone, uint64_t first_page, uint64_t page_count, void *base, uint8_t *meta);

/*
 * Gives frames [first, first + count) to the zone, at any time, in O(log count); touches the heads of the blocks they
 * make and nothing else. Empty: no effect. STATUS_EINVAL: outside the zone; STATUS_EEXIST: some of it was added before;
 * STATUS_ENOSPC: more than BUDDY_RANGES_MAX separate ranges. On an error nothing is added.
 */
MUST_CHECK status_t buddy_add_range(struct buddy *zone, uint64_t first, uint64_t count);

/*
 * Takes a block of 2^order frames, of any content. STATUS_ENOMEM: no block is large enough; STATUS_EINVAL: order too
 * large.
 */
MUST_CHECK status_t buddy_alloc(struct buddy *zone, unsigned order, uint64_t *page);

/*
 * Gives back a block, whole. STATUS_EINVAL: no block of that order begins at `page`, be it that it is free already, has
 * another order, was never allocated or lies outside what was added; then nothing has changed. Exact: no such call is
 * missed.
 */
MUST_CHECK status_t buddy_free(struct buddy *zone, uint64_t page, unsigned order);

/*
 * Gives back all of an allocated block but its first `count` frames (1 up to all), which are smaller blocks from then on. STATUS_EINVAL: as buddy_free(),
 * or there are not so many.
 */
MUST_CHECK status_t buddy_keep(struct buddy *zone, uint64_t page, unsigned order, uint64_t count);

/* Gives back the `count` frames that buddy_keep() kept. STATUS_EINVAL: they were not kept so; what has changed then is not told. */
MUST_CHECK status_t buddy_free_kept(struct buddy *zone, uint64_t page, uint64_t count);

#endif
