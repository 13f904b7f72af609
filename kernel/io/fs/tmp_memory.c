// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/fs/tmp_memory.h"

#include "hal/contract/memory.h"
#include "kernel/core/libc.h"
#include "kernel/sys/budget.h"
#include "lib/string.h"

static bool reserve(struct tmp_memory *memory, uint64_t bytes)
{
	if (bytes > memory->limit - memory->used)
		return false;
	memory->used += bytes;
	return true;
}

void *tmp_memory_alloc(struct tmp_memory *memory, size_t bytes)
{
	void *at = NULL;

	if (!reserve(memory, bytes))
		return NULL;
	if (budget_charge_bytes(memory->budget, bytes)) {
		at = calloc(1, bytes);
		if (at == NULL)
			budget_credit_bytes(memory->budget, bytes);
	}
	if (at == NULL)
		memory->used -= bytes;
	return at;
}

void tmp_memory_free(struct tmp_memory *memory, void *at, size_t bytes)
{
	if (at == NULL)
		return;
	free(at);
	budget_credit_bytes(memory->budget, bytes);
	memory->used -= bytes;
}

static uint64_t page_alloc_zeroed(struct tmp_memory *memory)
{
	uint64_t pa;

	if (!reserve(memory, HAL_PAGE_BYTES))
		return 0;
	pa = budget_page_alloc(memory->budget);
	if (pa == 0)
		memory->used -= HAL_PAGE_BYTES;
	else
		memset(hal_direct_va(pa), 0, HAL_PAGE_BYTES);
	return pa;
}

static void page_drop(struct tmp_memory *memory, struct tmp_content *content, uint64_t index)
{
	if (content->pages[index] == 0)
		return;
	budget_page_free(memory->budget, content->pages[index]);
	memory->used -= HAL_PAGE_BYTES;
	content->pages[index] = 0;
	content->allocated--;
}

/* Room in the table for `count` pages. */
static bool table_grow(struct tmp_memory *memory, struct tmp_content *content, uint64_t count)
{
	uint64_t capacity = content->capacity > 0 ? content->capacity : 8;
	uint64_t *pages;

	if (count <= content->capacity)
		return true;
	while (capacity < count)
		capacity *= 2;
	pages = tmp_memory_alloc(memory, capacity * sizeof(*pages));
	if (pages == NULL)
		return false;
	memcpy(pages, content->pages, content->capacity * sizeof(*pages));
	tmp_memory_free(memory, content->pages, content->capacity * sizeof(*pages));
	content->pages = pages;
	content->capacity = capacity;
	return true;
}

static uint64_t pages_for(uint64_t bytes)
{
	return bytes / HAL_PAGE_BYTES + (bytes % HAL_PAGE_BYTES != 0);
}

/* How much of a transfer falls on the page of `offset`. */
static size_t step_of(uint64_t offset, size_t bytes)
{
	size_t left = HAL_PAGE_BYTES - offset % HAL_PAGE_BYTES;

	return bytes < left ? bytes : left;
}

int64_t tmp_content_read(const struct tmp_content *content, uint64_t offset, void *data, size_t bytes)
{
	uint8_t *to = data;

	if (offset >= content->size)
		return 0;
	if (bytes > content->size - offset)
		bytes = (size_t)(content->size - offset);
	for (size_t done = 0; done < bytes;) {
		uint64_t index = (offset + done) / HAL_PAGE_BYTES;
		uint64_t pa = index < content->capacity ? content->pages[index] : 0;
		size_t step = step_of(offset + done, bytes - done);

		if (pa != 0)
			memcpy(to + done, (uint8_t *)hal_direct_va(pa) + (offset + done) % HAL_PAGE_BYTES, step);
		else
			memset(to + done, 0, step);
		done += step;
	}
	return (int64_t)bytes;
}

int64_t tmp_content_write(struct tmp_memory *memory, struct tmp_content *content, uint64_t offset, const void *data, size_t bytes)
{
	const uint8_t *from = data;
	size_t done = 0;

	if (offset >= memory->limit)
		return STATUS_ENOSPC;
	if (bytes > memory->limit - offset)
		bytes = (size_t)(memory->limit - offset);
	if (!table_grow(memory, content, pages_for(offset + bytes)))
		return STATUS_ENOSPC;
	while (done < bytes) {
		uint64_t *pa = &content->pages[(offset + done) / HAL_PAGE_BYTES];
		size_t step = step_of(offset + done, bytes - done);

		if (*pa == 0) {
			*pa = page_alloc_zeroed(memory);
			if (*pa == 0)
				break;
			content->allocated++;
		}
		memcpy((uint8_t *)hal_direct_va(*pa) + (offset + done) % HAL_PAGE_BYTES, from + done, step);
		done += step;
	}
	if (done == 0)
		return STATUS_ENOSPC;
	if (offset + done > content->size)
		content->size = offset + done;
	return (int64_t)done;
}

/* Nothing but zeros in [from, to): whole pages of them take up nothing. */
static void clear(struct tmp_memory *memory, struct tmp_content *content, uint64_t from, uint64_t to)
{
	uint64_t end = content->capacity * HAL_PAGE_BYTES;
	size_t step;

	for (; from < to && from < end; from += step) {
		uint64_t index = from / HAL_PAGE_BYTES;

		step = step_of(from, (to < end ? to : end) - from);
		if (step == HAL_PAGE_BYTES)
			page_drop(memory, content, index);
		else if (content->pages[index] != 0)
			memset((uint8_t *)hal_direct_va(content->pages[index]) + from % HAL_PAGE_BYTES, 0, step);
	}
}

/* Nothing but zeros behind `size`, for when it grows again. */
static void cut(struct tmp_memory *memory, struct tmp_content *content, uint64_t size)
{
	clear(memory, content, size, UINT64_MAX);
}

void tmp_content_punch(struct tmp_memory *memory, struct tmp_content *content, uint64_t offset, uint64_t bytes)
{
	bool to_its_end = offset >= content->size || bytes >= content->size - offset;

	clear(memory, content, offset, to_its_end ? UINT64_MAX : offset + bytes);
}

status_t tmp_content_resize(struct tmp_memory *memory, struct tmp_content *content, uint64_t size)
{
	if (size > memory->limit)
		return STATUS_ENOSPC;
	if (size < content->size)
		cut(memory, content, size);
	content->size = size;
	return STATUS_OK;
}

void tmp_content_free(struct tmp_memory *memory, struct tmp_content *content)
{
	cut(memory, content, 0);
	tmp_memory_free(memory, content->pages, content->capacity * sizeof(*content->pages));
	*content = (struct tmp_content){ 0 };
}
