// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Counts lie in leaves, one for each LEAF_PAGES pages of RAM, found by way of two tables; a leaf is there as long as one of its counts is not 0.
 */
#include "kernel/sys/linux/frames.h"

#include <assert.h>
#include <stddef.h>

#include "hal/contract/memory.h"
#include "kernel/core/libc.h"
#include "kernel/core/spinlock.h"
#include "kernel/sys/budget.h"

enum { LEAF_PAGES = 1022, TABLE_LEAVES = 256 };

struct leaf {
	uint32_t shared; /* counts that are not 0 */
	uint32_t pad;
	uint32_t counts[LEAF_PAGES];
};

static_assert(sizeof(struct leaf) == HAL_PAGE_BYTES, "a page");

#define TABLE_BYTES (LEAF_PAGES * HAL_PAGE_BYTES * TABLE_LEAVES)

struct table {
	struct leaf *leaves[TABLE_LEAVES];
};

static struct spinlock lock;
/* W: under it. */
static struct table *tables[HAL_DIRECT_BYTES / TABLE_BYTES + 1];

static struct leaf **leaf_at(uint64_t pa, bool make)
{
	struct table **table = &tables[pa / TABLE_BYTES];

	if (*table == NULL && make)
		*table = calloc(1, sizeof(**table));
	return *table == NULL ? NULL : &(*table)->leaves[pa % TABLE_BYTES / (LEAF_PAGES * HAL_PAGE_BYTES)];
}

static unsigned index_of(uint64_t pa)
{
	return pa / HAL_PAGE_BYTES % LEAF_PAGES;
}

status_t linux_frame_share(uint64_t pa)
{
	status_t status = STATUS_ENOMEM;
	struct leaf **leaf;

	spinlock_take(&lock);
	leaf = leaf_at(pa, true);
	if (leaf != NULL && *leaf == NULL)
		*leaf = calloc(1, sizeof(**leaf));
	if (leaf != NULL && *leaf != NULL) {
		if ((*leaf)->counts[index_of(pa)]++ == 0)
			(*leaf)->shared++;
		status = STATUS_OK;
	}
	spinlock_give(&lock);
	return status;
}

bool linux_frame_is_shared(uint64_t pa)
{
	struct leaf **leaf;
	bool is_shared;

	spinlock_take(&lock);
	leaf = leaf_at(pa, false);
	is_shared = leaf != NULL && *leaf != NULL && (*leaf)->counts[index_of(pa)] != 0;
	spinlock_give(&lock);
	return is_shared;
}

void linux_frame_put(struct budget *budget, uint64_t pa)
{
	struct leaf **leaf;
	bool is_last = true;

	spinlock_take(&lock);
	leaf = leaf_at(pa, false);
	if (leaf != NULL && *leaf != NULL && (*leaf)->counts[index_of(pa)] != 0) {
		is_last = false;
		if (--(*leaf)->counts[index_of(pa)] == 0 && --(*leaf)->shared == 0) {
			free(*leaf);
			*leaf = NULL;
		}
	}
	spinlock_give(&lock);
	if (is_last)
		budget_page_free(budget, pa);
}
