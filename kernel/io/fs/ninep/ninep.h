// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The host's folder: a file system over 9P2000.L. Nothing is cached, neither data nor attributes nor names: what the host changes is seen
 * at once. A node is the path that it was found by, told by the server's identifier for what is there: where the host has put something else
 * there, its operations fail with STATUS_ESTALE, but reading and writing a file goes on with the one that was opened.
 */
#ifndef KERNEL_IO_FS_NINEP_NINEP_H
#define KERNEL_IO_FS_NINEP_NINEP_H

#include "kernel/io/fs/fs.h"

/*
 * Mounts what the host offers under the name `tag`, on this CPU. `read_only` is as the server says. Returns STATUS_OK; else `why` says in words
 * what is wrong: STATUS_ENODEV where no device has that name, STATUS_EBUSY where it is mounted, STATUS_EIO, STATUS_ENOMEM, what the server said.
 * Context: fiber; sleeps.
 */
MUST_CHECK status_t ninep_mount(const char *tag, struct fs **out, char *why, size_t why_bytes);

/*
 * Leaves `text` as the file `name` in the folder's root, in the place of what a file of that name had: by a session of its own, for which the
 * device is brought up anew, and by looking alone. Returns STATUS_OK, where the server says that it is on its disk; what the server failed
 * with; STATUS_EIO; STATUS_ETIMEDOUT, after at most NINEP_AT_PANIC_NS besides a second for the device. Nothing else works with the mount
 * from then on. `text`: in the direct map. Context: a panic.
 */
MUST_CHECK status_t ninep_put_at_panic(struct fs *fs, struct span name, struct span text);

#define NINEP_AT_PANIC_NS 3000000000ull

/* The end of it: all nodes but the root have been released, and no operation runs. Its memory is free when this returns. Context: fiber of its CPU; yields. */
void ninep_unmount(struct fs *fs);

#endif
