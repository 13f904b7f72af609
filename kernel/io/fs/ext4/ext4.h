// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Volumes: ext4 as mkfs.ext4 makes it and Linux mounts it. The format is libext2fs'; what is read and written goes through a block cache of
 * ours, and everything that changes, data too, through ext4's own journal: after a power cut the volume is as it was at some moment after
 * the last sync, whole operations only.
 */
#ifndef KERNEL_IO_FS_EXT4_EXT4_H
#define KERNEL_IO_FS_EXT4_EXT4_H

#include <stdbool.h>
#include <stddef.h>

#include "kernel/io/fs/fs.h"

/*
 * Mounts the ext4 volume on block device number `block_device` (hal/contract/block.h), replaying its journal where that is needed. `*why` gets one line
 * where it cannot be. STATUS_OK; STATUS_ENODEV where there is no such device; STATUS_EIO; STATUS_ENOMEM; STATUS_EBADMSG for what is damaged; STATUS_EINVAL for what
 * is no ext4; STATUS_ENOTSUP for features that are not known; STATUS_EROFS where it must be written to be read. Context: fiber; the file
 * system is its CPU's.
 */
MUST_CHECK status_t ext4_mount(unsigned block_device, bool read_only, struct fs **out, char *why, size_t why_bytes);

/*
 * Has a file of `bytes` under `name` in the root, made where it is not there yet, ready to be written over by ext4_put_at_panic(): until
 * somebody changes it, its name or its attributes. `bytes`: a multiple of the volume's blocks. STATUS_OK; STATUS_EEXIST where something else
 * has that name; STATUS_ENOSPC, also where it lies in too many pieces; STATUS_EROFS, STATUS_EIO, STATUS_ENOMEM. Context: fiber; sleeps.
 */
MUST_CHECK status_t ext4_keep(struct fs *fs, struct span name, uint32_t bytes);

/*
 * Writes `text`, as long as the file, over it: these blocks and no others, by looking alone, on a device that is brought up anew. What the
 * volume is about does not matter: none of these blocks is in its journal. Returns STATUS_OK, where it is on the disk; STATUS_ENOENT where
 * no file is kept; STATUS_EIO; STATUS_ETIMEDOUT, after at most DISK_AT_PANIC_NS besides a second for the device. Nothing else works with
 * the volume from then on. `text`: in the direct map. Context: a panic.
 */
MUST_CHECK status_t ext4_put_at_panic(struct fs *fs, struct span text);

/* Writes all there is, marks the volume clean, and forgets it. Nodes that are held are gone with it. STATUS_OK, or what could not be written. Context: fiber, same CPU. */
status_t ext4_unmount(struct fs *fs);

#endif
