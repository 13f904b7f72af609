// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#ifndef KERNEL_SYS_LINUX_PIPE_H
#define KERNEL_SYS_LINUX_PIPE_H

#include <stdint.h>

struct linux_file;

/* How many bytes a pipe holds; STATUS_EBADF: the file is none. */
int64_t linux_pipe_size(const struct linux_file *file);

#endif
