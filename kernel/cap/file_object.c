// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Files as capabilities. Where the file system never sleeps, reads and writes go through a few pages of the kernel's for as long as the call takes;
 * else through memory of the request's.
 */
#include <stddef.h>

#include "kernel/cap/fs_acts.h"
#include "kernel/cap/fs_request.h"
#include "kernel/core/libc.h"
#include "kernel/core/page.h"
#include "kernel/file_methods.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/memory.h"
#include "kernel/sys/process.h"
#include "lib/string.h"

enum { BOUNCE_ORDER_MAX = 4 };

/* A part of a transfer, on the file system's CPU. */
struct part {
	struct fs_object *own;
	uint8_t *memory;
	size_t bytes;
	uint64_t offset;
	bool append;
	int64_t result;
};

static int64_t node_read(struct fs_node *node, uint64_t offset, void *data, size_t bytes)
{
	return bytes > 0 ? node->fs->ops->read(node, offset, data, bytes) : 0;
}

static int64_t node_write(struct fs_node *node, uint64_t offset, const void *data, size_t bytes, bool append)
{
	status_t status = FS_MAY(node->fs, write);

	if (status != STATUS_OK || bytes == 0)
		return status;
	return node->fs->ops->write(node, offset, data, bytes, append);
}

static void part_read(void *arg)
{
	struct part *part = arg;

	part->result = node_read(part->own->node, part->offset, part->memory, part->bytes);
}

static void part_write(void *arg)
{
	struct part *part = arg;

	part->result = node_write(part->own->node, part->offset, part->memory, part->bytes, part->append);
}

/* One part, from or to the process at `va`. */
static int64_t part_run(struct cap_call *call, struct part *part, uint64_t va, bool write)
{
	if (write && process_copy_in(call->process, part->memory, va, part->bytes) != STATUS_OK)
		return STATUS_EFAULT;
	fs_do(part->own->service, write ? part_write : part_read, part);
	if (!write && part->result > 0 && process_copy_out(call->process, va, part->memory, (size_t)part->result) != STATUS_OK)
		return STATUS_EFAULT;
	return part->result;
}

/* All of it, part by part; what was done before something fails counts. */
static int64_t parts_run(struct cap_call *call, struct part *part, uint64_t va, uint64_t bytes, bool write)
{
	size_t step = part->bytes;
	uint64_t done = 0;
	int64_t result = 0;

	do {
		part->bytes = bytes - done < step ? (size_t)(bytes - done) : step;
		result = part_run(call, part, va + done, write);
		if (result <= 0)
			break;
		done += (uint64_t)result;
		part->offset += (uint64_t)result;
	} while ((size_t)result == part->bytes && done < bytes);
	return done > 0 ? (int64_t)done : result;
}

static int64_t transfer_now(struct cap_call *call, uint64_t offset, uint64_t va, uint64_t bytes, bool write, bool append)
{
	struct part part = { .own = fs_object_of(call->object), .offset = offset, .append = append };
	unsigned order = 0;
	int64_t result;
	uint64_t pa;

	while (order < BOUNCE_ORDER_MAX && HAL_PAGE_BYTES << order < bytes)
		order++;
	pa = page_alloc(order);
	if (pa == 0)
		return STATUS_ENOMEM;
	if (!object_hold(call->object)) {
		page_free(pa, order);
		return STATUS_EBADF;
	}
	part.memory = hal_direct_va(pa);
	part.bytes = HAL_PAGE_BYTES << order;
	result = parts_run(call, &part, va, bytes, write);
	page_free(pa, order);
	object_put(call->object);
	return result;
}

static void read_act(struct fs_request *request)
{
	request->result = node_read(request->own->node, request->offset, request->data, request->data_bytes);
	if (request->result > 0) {
		request->out = request->data;
		request->out_bytes = (size_t)request->result;
	}
}

static bool is_immediate(const struct cap_call *call)
{
	return fs_object_of(call->object)->service->fs->workers == 0;
}

static uint64_t bytes_for(uint64_t offset, uint64_t bytes)
{
	uint64_t left = (uint64_t)INT64_MAX - offset;

	if (bytes > CAPOS_FILE_BYTES_MAX)
		bytes = CAPOS_FILE_BYTES_MAX;
	return bytes < left ? bytes : left;
}

int64_t file_read(struct cap_call *call, const struct capos_file_read *params)
{
	const struct capos_submission *submission = call->submission;
	struct fs_request *request;
	uint64_t bytes;
	int64_t result;

	if (params->offset > INT64_MAX)
		return STATUS_EINVAL;
	bytes = bytes_for(params->offset, submission->result_len);
	if (is_immediate(call))
		return transfer_now(call, params->offset, submission->result, bytes, false, false);
	request = fs_request_begin(call, read_act, NULL, 0, bytes, &result);
	if (request == NULL)
		return result;
	request->offset = params->offset;
	request->looks = true;
	return fs_request_run(call, request);
}

static void write_act(struct fs_request *request)
{
	request->result = node_write(request->own->node, request->offset, request->data, request->data_bytes, request->flags != 0);
}

int64_t file_write(struct cap_call *call, const struct capos_file_write *params)
{
	bool append = fs_object_of(call->object)->append || (params->flags & CAPOS_FILE_APPEND);
	uint64_t offset = append ? 0 : params->offset;
	struct fs_request *request;
	uint64_t bytes;
	int64_t result;

	if ((params->flags & ~CAPOS_FILE_APPEND) != 0)
		return STATUS_EINVAL;
	if (offset >= INT64_MAX)
		return STATUS_EFBIG;
	bytes = bytes_for(offset, params->bytes);
	if (is_immediate(call))
		return transfer_now(call, offset, params->data, bytes, true, append);
	request = fs_request_begin(call, write_act, NULL, 0, bytes, &result);
	if (request == NULL)
		return result;
	if (process_copy_in(call->process, request->data, params->data, request->data_bytes) != STATUS_OK) {
		fs_request_free(request);
		return STATUS_EFAULT;
	}
	request->offset = offset;
	request->flags = append;
	return fs_request_run(call, request);
}

static int64_t simple(struct cap_call *call, void (*act)(struct fs_request *request), uint64_t value)
{
	int64_t result;
	struct fs_request *request = fs_request_begin(call, act, NULL, 0, 0, &result);

	if (request == NULL)
		return result;
	request->offset = value;
	return fs_request_run(call, request);
}

static void stat_act(struct fs_request *request)
{
	request->result = fs_act_stat(request, request->own->node);
}

int64_t file_stat(struct cap_call *call)
{
	struct fs_request *request;
	int64_t result;
	static_assert(sizeof(struct capos_file_stat_result) == sizeof(struct capos_dir_stat_result) &&
			      offsetof(struct capos_file_stat_result, group) == offsetof(struct capos_dir_stat_result, group),
		      "one answer");

	request = fs_request_begin(call, stat_act, NULL, 0, 0, &result);
	if (request == NULL)
		return result;
	request->looks = true;
	return fs_request_run(call, request);
}

static void set_size_act(struct fs_request *request)
{
	request->result = fs_act_set_size(request->own->node, request->offset);
}

int64_t file_set_size(struct cap_call *call, const struct capos_file_set_size *params)
{
	return fs_object_of(call->object)->append ? STATUS_EPERM : simple(call, set_size_act, params->size);
}

static void sync_act(struct fs_request *request)
{
	request->result = fs_act_sync(request->own->node);
}

int64_t file_sync(struct cap_call *call)
{
	return simple(call, sync_act, 0);
}

/* The last page, of which the file has only a part, as a copy: what follows it in memory is not the process's to see. */
static uint64_t tail_page(struct fs_object *own, struct span tail)
{
	uint64_t pa;

	spinlock_take(&own->lock);
	pa = own->tail_pa;
	if (pa == 0 && own->budget != NULL)
		pa = budget_page_alloc(own->budget);
	if (pa != 0 && own->tail_pa == 0) {
		memcpy(hal_direct_va(pa), tail.data, tail.len);
		memset((uint8_t *)hal_direct_va(pa) + tail.len, 0, HAL_PAGE_BYTES - tail.len);
		own->tail_pa = pa;
	}
	spinlock_give(&own->lock);
	return pa;
}

static int64_t map_pages(struct cap_call *call, struct fs_object *own, struct span content)
{
	uint64_t whole = content.len / HAL_PAGE_BYTES;
	uint64_t count = (content.len + HAL_PAGE_BYTES - 1) / HAL_PAGE_BYTES;
	uint64_t *pages = malloc(count * sizeof(*pages));
	uint64_t address = 0;
	status_t status = STATUS_ENOMEM;

	if (pages == NULL)
		return STATUS_ENOMEM;
	for (uint64_t i = 0; i < whole; i++)
		pages[i] = hal_direct_pa(content.data + i * HAL_PAGE_BYTES);
	if (count > whole)
		pages[whole] = tail_page(own, span_of(content.data + whole * HAL_PAGE_BYTES, content.len % HAL_PAGE_BYTES));
	if (count == whole || pages[whole] != 0)
		status = process_map_object(call->process, call->object, pages, count, HAL_USER_READ, &address);
	free(pages);
	return status == STATUS_OK ? (int64_t)address : status;
}

int64_t file_map(struct cap_call *call)
{
	struct fs_object *own = fs_object_of(call->object);
	const struct fs_ops *ops = own->service->fs->ops;
	struct span content;

	if (ops->pages == NULL)
		return STATUS_ENOTSUP;
	content = ops->pages(own->node);
	if (content.len == 0 || (uint64_t)content.data % HAL_PAGE_BYTES != 0)
		return STATUS_ENOTSUP;
	return map_pages(call, own, content);
}

int64_t file_unmap(struct cap_call *call, const struct capos_file_unmap *params)
{
	return process_unmap_object(call->process, call->object, params->address);
}
