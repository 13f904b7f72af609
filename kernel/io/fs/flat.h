// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A directory of files whose content is made when it is read: what /sys/rumpk and /log are made of. */
#ifndef KERNEL_IO_FS_FLAT_H
#define KERNEL_IO_FS_FLAT_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/io/fs/fs.h"
#include "lib/status.h"

/* Where the files come from, by their numbers. All of it may be called on any CPU, and does not sleep. */
struct flat_source {
	unsigned count;
	const char *(*name)(unsigned file);
	/* How large it is, and how much of that there is: what comes before is gone, and reads as 0. */
	void (*size)(unsigned file, uint64_t *size, uint64_t *kept);
	int64_t (*read)(unsigned file, uint64_t offset, void *data, size_t bytes);
};

/* `name`: of the kind. STATUS_ENOMEM. Context: fiber. */
MUST_CHECK status_t flat_mount(const char *name, const struct flat_source *source, struct fs **out);

/* Context: nobody holds a node of it. */
void flat_unmount(struct fs *fs);

#endif
