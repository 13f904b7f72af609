// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Block devices, after hal_virtio_probe(). Context of every call: one fiber a device, always the same; `ready` alone is called in
 * interrupt context. Nothing is allocated between start and stop, and no byte is copied. Devices are not trusted, as net.h says.
 */
#ifndef HAL_CONTRACT_BLOCK_H
#define HAL_CONTRACT_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/status.h"

enum {
	HAL_BLOCK_UNIT = 512,        /* offsets and lengths are multiples of it */
	HAL_BLOCK_PIECES_MAX = 59,   /* of one request: what describes it to the device is a quarter of a page */
	HAL_BLOCK_REQUESTS_MAX = 64, /* at a time */
};

struct hal_block;

struct hal_block_info {
	uint64_t bytes;
	uint32_t block_bytes; /* what the device likes best; a multiple of HAL_BLOCK_UNIT */
	uint32_t pieces_max;  /* of one request: at least 1, at most HAL_BLOCK_PIECES_MAX */
	bool read_only;
	bool flush;   /* what was written may be lost with the power before a flush; without: it is not */
	bool discard; /* the device can be told what nobody needs any more */
};

enum hal_block_operation {
	HAL_BLOCK_READ,
	HAL_BLOCK_WRITE,
	HAL_BLOCK_FLUSH,   /* all that was done before it was submitted; no pieces */
	HAL_BLOCK_DISCARD, /* no pieces; what is read there later is undefined */
};

/* Memory in the direct map or the kernel's image; multiples of HAL_BLOCK_UNIT. */
struct hal_block_piece {
	void *data;
	uint32_t len;
};

struct hal_block_request {
	enum hal_block_operation operation;
	uint64_t offset;                      /* bytes */
	uint64_t len;                         /* bytes, of HAL_BLOCK_DISCARD alone */
	const struct hal_block_piece *pieces; /* the device's until the request is done; the array itself is not kept */
	unsigned count;
	void *token;
};

unsigned hal_block_count(void);
struct hal_block *hal_block_at(unsigned index);

/* Known once the device has been started. */
void hal_block_info(const struct hal_block *block, struct hal_block_info *out);

/*
 * Brings the device up, with interrupts off; they come to the CPU that calls this. Memory is taken at the first start and kept.
 * Returns STATUS_OK; STATUS_ENOMEM; STATUS_EIO where the device does not take part; STATUS_EBUSY where it is started already, or hal_block_done() has
 * not given every request back.
 */
MUST_CHECK status_t hal_block_start(struct hal_block *block, void (*ready)(void *ctx), void *ctx);

/*
 * Brings a device up anew that has been started before, whatever it, its driver and its requests were about: nothing of them comes back,
 * and no interrupt follows. It takes no memory, and at most a second. STATUS_EIO where the device does not take part. Context: a panic; the
 * caller has the device for itself from then on.
 */
MUST_CHECK status_t hal_block_start_at_panic(struct hal_block *block);

/* Resets the device: what was not done is given back by hal_block_done() with STATUS_ECANCELED, and may have happened or not. */
void hal_block_stop(struct hal_block *block);

/*
 * Queues a request; requests may be done in any order. The device sees them at hal_block_kick().
 * Returns STATUS_OK; STATUS_EAGAIN where there are too many; STATUS_EIO where the device does not run; STATUS_EACCES for a change of a read-only
 * device; STATUS_ENOTSUP; STATUS_EINVAL for what is misaligned, beyond the device, or no memory of the kernel's.
 */
MUST_CHECK status_t hal_block_submit(struct hal_block *block, const struct hal_block_request *request);

void hal_block_kick(struct hal_block *block);

/* A request that is done, and how: STATUS_OK, STATUS_EIO, STATUS_ENOTSUP, STATUS_ECANCELED. False where there is none. */
bool hal_block_done(struct hal_block *block, void **token, status_t *status);

/* Interrupts on: `ready` follows when a request is done; true where one is already. Or off. */
bool hal_block_listen(struct hal_block *block, bool interrupts);

/* Whether the device broke the rules. It has been reset and reported; requests come back as if it had been stopped. */
bool hal_block_is_broken(struct hal_block *block);

#endif
