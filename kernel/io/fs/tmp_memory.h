// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The memory of a /tmp, and what files hold in it. */
#ifndef KERNEL_IO_FS_TMP_MEMORY_H
#define KERNEL_IO_FS_TMP_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/status.h"

struct budget;

struct tmp_memory {
	struct budget *budget; /* held */
	uint64_t limit, used;  /* bytes */
};

/* Zeroed; NULL where the limit, the budget or the machine's memory is used up. */
void *tmp_memory_alloc(struct tmp_memory *memory, size_t bytes);
void tmp_memory_free(struct tmp_memory *memory, void *at, size_t bytes);

/* What a file holds. All zero: nothing. */
struct tmp_content {
	uint64_t size;
	uint64_t *pages; /* physical addresses; 0: zeros that take up nothing */
	uint64_t capacity;
	uint64_t allocated; /* pages */
};

int64_t tmp_content_read(const struct tmp_content *content, uint64_t offset, void *data, size_t bytes);

/* STATUS_ENOSPC: the limit, or memory, is used up, and not one byte was written. */
int64_t tmp_content_write(struct tmp_memory *memory, struct tmp_content *content, uint64_t offset, const void *data, size_t bytes);

/* STATUS_ENOSPC: beyond the limit. */
MUST_CHECK status_t tmp_content_resize(struct tmp_memory *memory, struct tmp_content *content, uint64_t size);

/* Zeros instead of so many bytes from `offset` on, as far as there are any; whole pages are given back. */
void tmp_content_punch(struct tmp_memory *memory, struct tmp_content *content, uint64_t offset, uint64_t bytes);

/* Gives everything back. */
void tmp_content_free(struct tmp_memory *memory, struct tmp_content *content);

#endif
