// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* /app: the bundle's archive as a file system. It is read where it lies; only names are indexed. */
#ifndef KERNEL_IO_FS_APP_H
#define KERNEL_IO_FS_APP_H

#include "kernel/io/fs/fs.h"
#include "lib/span.h"
#include "lib/status.h"

/* Indexes an archive that cpio_check() has found well formed, and that stays. STATUS_ENOMEM. Context: fiber. */
MUST_CHECK status_t app_mount(struct span archive, struct fs **out);

/* Context: nobody holds a node of it. */
void app_unmount(struct fs *fs);

#endif
