// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Memory that several processes can map. Its pages are charged to whoever made it, as long as anybody has them. */
#ifndef KERNEL_CAP_REGION_H
#define KERNEL_CAP_REGION_H

#include <stdint.h>

#include "kernel/cap/object.h"
#include "lib/status.h"

#define REGION_BYTES_MAX (64ul << 20)

struct budget;

struct region_pages {
	struct budget *budget; /* held */
	uint64_t count;
	uint64_t *pa; /* of each; charged too, in whole pages */
	unsigned pa_order;
};

struct region {
	struct object object;
	struct region_pages pages;
};

/* `bytes` of zeroed memory. STATUS_EINVAL where that is 0, not whole pages or above REGION_BYTES_MAX; STATUS_ENOMEM. Context: fiber. */
MUST_CHECK status_t region_pages_alloc(struct budget *budget, uint64_t bytes, struct region_pages *pages);
void region_pages_free(struct region_pages *pages);

/* A region as an object, with one hold. As region_pages_alloc(). */
MUST_CHECK status_t region_create(struct budget *budget, uint64_t bytes, struct region **out);

#endif
