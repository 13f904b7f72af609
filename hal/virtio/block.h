// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What the parts of the block driver share: starting (block.c), requests (block_request.c). A request is a header, its pieces, and a
 * byte of status: what the device sees of it is in one slot, the table of its descriptors included, what it does not see in a record.
 *
 * Spec: virtio 1.2 §5.2 "Block Device".
 */
#ifndef HAL_VIRTIO_BLOCK_H
#define HAL_VIRTIO_BLOCK_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/contract/block.h"
#include "hal/contract/memory.h"
#include "hal/virtio/driver.h"

struct block_header {
	uint32_t type;
	uint32_t reserved;
	uint64_t sector;
};

struct block_discard {
	uint64_t sector;
	uint32_t sectors;
	uint32_t flags;
};

static_assert(sizeof(struct block_header) == 16 && sizeof(struct block_discard) == 16, "virtio 1.2 §5.2.6");

/* What the device sees of a request, its data apart. */
struct block_slot {
	struct block_header header;
	struct block_discard discard;
	volatile uint8_t result;
	uint8_t unused[15];
	struct virtq_desc table[HAL_BLOCK_PIECES_MAX + 2];
};

static_assert(sizeof(struct block_slot) == 1024 && offsetof(struct block_slot, table) == 48, "four to the page, tables aligned");

enum { SLOTS_PER_PAGE = HAL_PAGE_BYTES / sizeof(struct block_slot), SLOT_PAGES = HAL_BLOCK_REQUESTS_MAX / SLOTS_PER_PAGE };

/* What it does not. */
struct block_record {
	struct block_slot *slot;
	void *token;
	uint32_t written; /* what the device writes if all goes well */
	struct block_record *next_free;
};

struct hal_block {
	struct virtio_driver driver;
	struct hal_block_info info;
	uint32_t discard_sectors_max;
	struct virtio_queue queue;
	struct block_record *free;
	unsigned slot_pages;
	struct block_record records[HAL_BLOCK_REQUESTS_MAX];
};

static_assert(sizeof(struct hal_block) <= HAL_PAGE_BYTES && offsetof(struct hal_block, driver) == 0, "it lives in a page");

#endif
