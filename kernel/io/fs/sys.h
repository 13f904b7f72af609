// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* /sys/rumpk: what the kernel knows of itself, as text, a fact a line. */
#ifndef KERNEL_IO_FS_SYS_H
#define KERNEL_IO_FS_SYS_H

#include "kernel/io/fs/fs.h"
#include "lib/status.h"

/* STATUS_ENOMEM. Context: fiber. It is unmounted by flat_unmount(). */
MUST_CHECK status_t sys_mount(struct fs **out);

#endif
