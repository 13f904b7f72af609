// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The entropy device: one buffer at a time. Spec: virtio 1.2 §5.4 "Entropy Device". */
#include "hal/contract/rng.h"

#include <assert.h>
#include <stddef.h>

#include "hal/virtio/driver.h"
#include "hal/virtio/memory.h"

enum { RNG_QUEUE_SIZE = 2 };

struct rng {
	struct virtio_driver driver;
	struct virtio_queue queue;
	uint8_t *buffer; /* a page; the device's while something is in flight */
};

static_assert(sizeof(struct rng) <= HAL_PAGE_BYTES && offsetof(struct rng, driver) == 0, "it lives in a page");

static struct rng *rng; /* once it has been started */

static void ended(struct virtio_driver *driver)
{
	void *token;

	while (virtqueue_reclaim(&((struct rng *)driver)->queue.ring, &token))
		;
}

static void found(struct virtio_driver *driver)
{
	driver->ended = ended;
}

bool hal_rng_present(void)
{
	return virtio_find(VIRTIO_TYPE_ENTROPY, 0) != NULL;
}

static status_t memory_take(void)
{
	uint64_t pa;

	if (rng == NULL)
		rng = (struct rng *)virtio_driver_at(VIRTIO_TYPE_ENTROPY, 0, found);
	if (rng == NULL)
		return hal_rng_present() ? STATUS_ENOMEM : STATUS_ENODEV;
	if (rng->buffer == NULL) {
		pa = virtio_page_take();
		if (pa == 0)
			return STATUS_ENOMEM;
		rng->buffer = hal_direct_va(pa);
	}
	return STATUS_OK;
}

status_t hal_rng_start(void (*ready)(void *ctx), void *ctx)
{
	status_t status = memory_take();

	if (status != STATUS_OK)
		return status;
	if (rng->driver.state == VIRTIO_DRIVER_RUNNING || rng->queue.ring.in_flight > 0)
		return STATUS_EBUSY;
	status = virtio_begin(rng->driver.device, 0);
	if (status != STATUS_OK)
		return status;
	virtio_driver_begin(&rng->driver, ready, ctx);
	status = virtio_queue_begin(rng->driver.device, &rng->queue, 0, RNG_QUEUE_SIZE);
	if (status != STATUS_OK)
		return status;
	virtio_driver_go(&rng->driver);
	return virtio_driver_listen(&rng->driver, true) ? STATUS_OK : STATUS_EIO;
}

void hal_rng_stop(void)
{
	if (rng != NULL)
		virtio_driver_stop(&rng->driver);
}

status_t hal_rng_ask(uint32_t bytes)
{
	struct virtqueue_chain chain = { .writable = 1 };
	struct virtqueue_piece piece = { .bytes = bytes };
	status_t status;

	if (rng == NULL || !virtio_driver_runs(&rng->driver))
		return STATUS_EIO;
	if (rng->queue.ring.in_flight > 0)
		return STATUS_EAGAIN;
	if (bytes == 0 || bytes > HAL_PAGE_BYTES)
		return STATUS_EINVAL;
	piece.address = hal_direct_pa(rng->buffer);
	chain.pieces = &piece;
	status = virtqueue_add(&rng->queue.ring, &chain);
	if (status == STATUS_OK) {
		(void)virtqueue_listen(&rng->queue.ring, 0); /* nothing can be done already: the device does not know of it */
		virtio_queue_publish(rng->driver.device, &rng->queue);
	}
	return status;
}

status_t hal_rng_take(void *to, uint32_t room, uint32_t *got)
{
	struct virtqueue_done done;
	status_t status;

	if (rng == NULL || !virtio_driver_runs(&rng->driver))
		return STATUS_EIO;
	status = virtqueue_take(&rng->queue.ring, &done);
	if (status == STATUS_EAGAIN)
		return status;
	if (status != STATUS_OK || done.bytes == 0) {
		virtio_driver_break(&rng->driver, status != STATUS_OK ? rng->queue.ring.why : "gives an empty buffer: reset");
		return STATUS_EIO;
	}
	*got = done.bytes < room ? done.bytes : room;
	memcpy(to, rng->buffer, *got);
	memset(rng->buffer, 0, done.bytes); /* nobody else reads it later */
	return STATUS_OK;
}
