// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A block device of hal/contract/block.h as a volume sees it. */
#ifndef KERNEL_IO_FS_EXT4_DISK_H
#define KERNEL_IO_FS_EXT4_DISK_H

#include "kernel/io/fs/ext4/device.h"
#include "lib/status.h"

/* Starts block device number `index` for this CPU. STATUS_ENODEV; STATUS_ENOMEM; STATUS_EIO; STATUS_EBUSY where it is in use. Context: fiber. */
MUST_CHECK status_t disk_open(unsigned index, struct ext4_device **out);

/* Brings it up anew. Context: a panic. STATUS_EIO. */
MUST_CHECK status_t disk_begin_at_panic(struct ext4_device *device);

#define DISK_AT_PANIC_NS 3000000000ull

/* One request after that, by looking alone, until `deadline_ns`: STATUS_ETIMEDOUT. */
MUST_CHECK status_t disk_do_at_panic(struct ext4_device *device, struct ext4_io *io, uint64_t deadline_ns);

/* Stops it. Nothing may be under way. */
void disk_close(struct ext4_device *device);

#endif
