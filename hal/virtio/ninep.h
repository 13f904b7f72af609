// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A 9p device: one queue of requests, each a chain of what the device reads and where it writes the reply.
 *
 * Spec: virtio has no chapter on it beyond its number (§5, "Device Types"): Linux, include/uapi/linux/virtio_9p.h.
 */
#ifndef HAL_VIRTIO_NINEP_H
#define HAL_VIRTIO_NINEP_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "hal/contract/memory.h"
#include "hal/contract/ninep.h"
#include "hal/virtio/driver.h"

struct ninep_table {
	struct virtq_desc descriptors[HAL_NINEP_PIECES_MAX];
};

static_assert(HAL_NINEP_REQUESTS_MAX * sizeof(struct ninep_table) <= HAL_PAGE_BYTES, "a page of them");

/* What the device does not see of a request. */
struct ninep_record {
	struct ninep_table *table;
	void *token;
	struct ninep_record *next_free;
};

struct hal_ninep {
	struct virtio_driver driver;
	struct virtio_queue queue;
	struct ninep_table *tables; /* a page of them */
	struct ninep_record *free;
	struct ninep_record records[HAL_NINEP_REQUESTS_MAX];
};

static_assert(sizeof(struct hal_ninep) <= HAL_PAGE_BYTES, "it lives in a page");

#endif
