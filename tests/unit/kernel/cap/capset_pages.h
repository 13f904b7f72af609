// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Pages for the tables of capability sets in tests: counted, and limited. */
#ifndef TESTS_UNIT_KERNEL_CAP_CAPSET_PAGES_H
#define TESTS_UNIT_KERNEL_CAP_CAPSET_PAGES_H

#include <stdlib.h>
#include <string.h>

#include "kernel/cap/capset.h"

struct pages {
	unsigned left;
	unsigned taken;
};

static inline void *pages_alloc(void *ctx)
{
	struct pages *pages = ctx;
	size_t bytes = CAPSET_CHUNK_SLOTS * sizeof(struct capset_slot);
	void *page = pages->left > 0 ? aligned_alloc(bytes, bytes) : NULL;

	if (page == NULL)
		return NULL;
	pages->left--;
	pages->taken++;
	return memset(page, 0, bytes);
}

static inline void pages_free(void *ctx, void *page)
{
	struct pages *pages = ctx;

	pages->left++;
	pages->taken--;
	free(page);
}

static inline struct capset_source pages_source(struct pages *pages)
{
	return (struct capset_source){ .ctx = pages, .alloc = pages_alloc, .free = pages_free };
}

#endif
