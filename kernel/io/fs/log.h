// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * /log: the log as files, `all` and one of each component. From mounting on every line that the console writes is kept, and those that are
 * still in the log's ring then.
 */
#ifndef KERNEL_IO_FS_LOG_H
#define KERNEL_IO_FS_LOG_H

#include "kernel/io/fs/fs.h"
#include "lib/status.h"

/* One at a time. STATUS_ENOMEM. Context: fiber of the boot CPU. */
MUST_CHECK status_t log_mount(struct fs **out);

/* Context: as log_mount(); nobody holds a node of it. */
void log_unmount(struct fs *fs);

#endif
