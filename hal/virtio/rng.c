// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The entropy device: one buffer at a time, polled, since it is read seldom and before there is anything else to do.
 * Spec: virtio 1.2 §5.4 "Entropy Device".
 */
#include "hal/contract/rng.h"

#include "hal/contract/cpu.h"
#include "hal/contract/timer.h"
#include "hal/virtio/device.h"
#include "lib/string.h"

enum { RNG_QUEUE_SIZE = 2 };

static struct virtio_queue queue;
static uint64_t buffer_pa;
static bool started;

bool hal_rng_present(void)
{
	return virtio_find(VIRTIO_TYPE_ENTROPY, 0) != NULL;
}

static status_t rng_start(struct virtio_device *device)
{
	const struct hal_page_source *pages = &virtio_services->pages;
	status_t status;

	if (buffer_pa == 0 && (buffer_pa = pages->alloc(pages->ctx)) == 0)
		return STATUS_ENOMEM;
	status = virtio_begin(device, 0);
	if (status == STATUS_OK)
		status = virtio_queue_begin(device, &queue, 0, RNG_QUEUE_SIZE);
	if (status != STATUS_OK)
		return status;
	virtqueue_hush(&queue.ring);
	virtio_go(device);
	started = true;
	return STATUS_OK;
}

/* After this the buffer is ours, whatever was in flight. */
static status_t rng_stop(struct virtio_device *device, status_t why, const char *text)
{
	virtio_report(device, true, text);
	started = false;
	if (!virtio_reset(device))
		buffer_pa = 0; /* or is not: then it is left to the device */
	return why;
}

/* Has the device fill the buffer, with `bytes` at most; `got` is more than 0. */
static status_t rng_fill(struct virtio_device *device, uint32_t bytes, uint64_t deadline_ns, uint32_t *got)
{
	struct virtqueue_piece piece = { buffer_pa, bytes };
	struct virtqueue_chain chain = { .pieces = &piece, .writable = 1 };
	struct virtqueue_done done;
	status_t status = virtqueue_add(&queue.ring, &chain);

	if (status != STATUS_OK)
		return status;
	virtio_queue_publish(device, &queue);
	while ((status = virtqueue_take(&queue.ring, &done)) == STATUS_EAGAIN) {
		if (hal_timer_now_ns() > deadline_ns)
			return rng_stop(device, STATUS_ETIMEDOUT, "gives nothing in time: reset");
		hal_cpu_relax();
	}
	if (status != STATUS_OK)
		return rng_stop(device, STATUS_EIO, queue.ring.why);
	if (done.bytes == 0)
		return rng_stop(device, STATUS_EIO, "gives an empty buffer: reset");
	*got = done.bytes;
	return STATUS_OK;
}

status_t hal_rng_read(void *to, size_t bytes, uint64_t deadline_ns)
{
	struct virtio_device *device = virtio_find(VIRTIO_TYPE_ENTROPY, 0);
	uint8_t *at = to;
	status_t status;

	if (device == NULL)
		return STATUS_ENODEV;
	status = started ? STATUS_OK : rng_start(device);
	while (status == STATUS_OK && bytes > 0) {
		uint32_t got = 0;

		status = rng_fill(device, bytes < HAL_PAGE_BYTES ? (uint32_t)bytes : (uint32_t)HAL_PAGE_BYTES, deadline_ns, &got);
		if (status != STATUS_OK)
			break;
		memcpy(at, hal_direct_va(buffer_pa), got);
		memset(hal_direct_va(buffer_pa), 0, got); /* nobody else reads it later */
		at += got;
		bytes -= got;
	}
	return status;
}
