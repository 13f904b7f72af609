// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The kernel maps at the lowest place that is free, so that a page below a stack which just is not there would soon be somebody's
 * memory, and an overflow would go unseen. A place of one's own choice is not to be had; but the lowest free one can be filled until the
 * page's turn comes. What fills it is one page of a region, the same everywhere, mapped for reading alone: it costs no memory.
 */
#include "capos/src/guard.h"

#include <capos/capos.h>
#include <capos/thread.h>

#include "capos/src/start.h"

/* Free places below the page, at most, that are filled meanwhile. */
enum { HOLES_MAX = 64 };

static struct capos_mutex lock;
static capos_cap_t region; /* one page; under the lock */

static bool place(void *page)
{
	void *holes[HOLES_MAX];
	unsigned count = 0;
	bool is_there = false;

	while (!is_there && count < HOLES_MAX) {
		int64_t address = capos_region_map(region, 0);

		if (address < 0)
			break;
		is_there = (void *)address == page;
		if (!is_there)
			holes[count++] = (void *)address;
		if ((uint64_t)address > (uint64_t)page)
			break; /* another thread has got it */
	}
	while (count > 0)
		(void)capos_region_unmap(region, holes[--count]);
	return is_there;
}

bool guard_set(void *page)
{
	bool is_there;

	capos_mutex_lock(&lock);
	is_there = capos_memory_unmap(capos_own.memory, page, CAPOS_PAGE_BYTES) == 0;
	if (region == CAPOS_CAP_NONE && capos_memory_create_region(capos_own.memory, CAPOS_PAGE_BYTES, &region) != 0)
		is_there = false;
	is_there = is_there && place(page);
	capos_mutex_unlock(&lock);
	return is_there;
}

void guard_clear(void *page)
{
	(void)capos_region_unmap(region, page);
}
