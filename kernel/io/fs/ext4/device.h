// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What a volume lies on: requests to a block device, several at a time. In the kernel a device of hal/contract/block.h (disk.c); in
 * tests a model that loses what was not flushed.
 */
#ifndef KERNEL_IO_FS_EXT4_DEVICE_H
#define KERNEL_IO_FS_EXT4_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "hal/contract/block.h"
#include "lib/list.h"

/* A request; its maker's until it is done. */
struct ext4_io {
	enum hal_block_operation operation;
	uint64_t offset; /* bytes */
	unsigned count;
	struct hal_block_piece pieces[HAL_BLOCK_PIECES_MAX];
	/* W: the device. */
	bool done;
	status_t status;
	struct list_node node;
};

struct ext4_device {
	uint64_t bytes;
	bool read_only;
	bool flush; /* what was written is safe only behind a flush */
	uint32_t pieces_max; /* of one request: at least 1, at most HAL_BLOCK_PIECES_MAX */
	/* Takes a request, for the next kick() or wait() to begin with; `done` is set in a later call. */
	void (*submit)(struct ext4_device *device, struct ext4_io *io);
	/* The device hears of all that it was given: once for many, since that may cost more than the requests. */
	void (*kick)(struct ext4_device *device);
	/* Until it is done. */
	void (*wait)(struct ext4_device *device, struct ext4_io *io);
};

/* One request, waited for. */
static inline status_t ext4_device_do(struct ext4_device *device, struct ext4_io *io)
{
	device->submit(device, io);
	device->wait(device, io);
	return io->status;
}

/* STATUS_OK at once where the device has nothing to flush. */
static inline status_t ext4_device_flush(struct ext4_device *device)
{
	struct ext4_io io = { .operation = HAL_BLOCK_FLUSH };

	return device->flush ? ext4_device_do(device, &io) : STATUS_OK;
}

#endif
