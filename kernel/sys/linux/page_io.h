// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What is in a page of a file, to memory and back. Context: fiber; may sleep. */
#ifndef KERNEL_SYS_LINUX_PAGE_IO_H
#define KERNEL_SYS_LINUX_PAGE_IO_H

#include <stddef.h>
#include <stdint.h>

#include "lib/status.h"

struct linux_file;

/* What the file has from `offset` on, and zeroes behind its end: how much; and what its read says. */
MUST_CHECK int64_t linux_page_read(struct linux_file *file, uint64_t offset, uint8_t *to, size_t bytes);

/* As much of the page as lies within a file of `size` bytes, which it begins in. STATUS_EIO: not all of that; and what its write says. */
MUST_CHECK status_t linux_page_write(struct linux_file *file, uint64_t index, uint8_t *page, uint64_t size);

#endif
