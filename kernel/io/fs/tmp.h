// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* /tmp: files in memory, which is a process's own. They go with it. */
#ifndef KERNEL_IO_FS_TMP_H
#define KERNEL_IO_FS_TMP_H

#include <stdint.h>

#include "kernel/io/fs/fs.h"
#include "lib/status.h"

struct budget;

/*
 * An empty file system of CPU `cpu`, of which everything, names included, is charged to `budget`, and is at most `limit_bytes`. Times are
 * counted from the machine's start. STATUS_ENOMEM. Context: fiber.
 */
MUST_CHECK status_t tmp_mount(struct budget *budget, uint64_t limit_bytes, unsigned cpu, struct fs **out);

/* Gives all of it back. Context: nobody holds a node of it; fiber or scheduler. */
void tmp_unmount(struct fs *fs);

#endif
