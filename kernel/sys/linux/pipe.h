// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#ifndef KERNEL_SYS_LINUX_PIPE_H
#define KERNEL_SYS_LINUX_PIPE_H

#include <stdint.h>

#include "lib/status.h"

struct linux_dentry;
struct linux_file;

/* How many bytes a pipe holds; STATUS_EBADF: the file is none. */
int64_t linux_pipe_size(const struct linux_file *file);

/*
 * Opens the pipe that a node of type FS_PIPE names; waits for the other end, unless O_NONBLOCK. STATUS_ENXIO: nobody reads, and it does not wait;
 * STATUS_ENOMEM; LINUX_RESTART. Context: the thread's fiber.
 */
MUST_CHECK status_t linux_fifo_open(struct linux_dentry *dentry, uint32_t flags, struct linux_file **out);

#endif
