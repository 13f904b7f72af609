// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * How much a pipe holds. Its ring is changed by who is at both its sides, which are taken one after the other: others that come and go do not keep it out.
 *
 * Spec: fcntl(2), F_SETPIPE_SZ; Linux 6.1, fs/pipe.c
 */
#include "hal/contract/memory.h"
#include "kernel/core/libc.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/identity.h"
#include "kernel/sys/linux/pipe.h"
#include "kernel/sys/linux/wait.h"
#include "lib/string.h"

#define ARGUMENT_MAX (UINT64_C(1) << 31)
/* Without CAP_SYS_RESOURCE: /proc/sys/fs/pipe-max-size. */
enum { PAGES_MAX = (1 << 20) / HAL_PAGE_BYTES };

int64_t linux_pipe_size(const struct linux_file *file)
{
	struct pipe *pipe = linux_pipe_of(file);
	uint64_t bytes;

	if (pipe == NULL)
		return STATUS_EBADF;
	spinlock_take(&pipe->lock);
	bytes = linux_pipe_bytes(pipe);
	spinlock_give(&pipe->lock);
	return (int64_t)bytes;
}

/* Until nobody is at that side, and then the caller is. */
static status_t side_take(struct thread *thread, struct pipe *pipe, bool *busy, bool *missed)
{
	struct linux_waiter waiter = { 0 };
	status_t status = STATUS_OK;
	bool taken;

	linux_waiter_add(&waiter, thread, &pipe->event);
	for (;;) {
		spinlock_take(&pipe->lock);
		taken = !*busy;
		*busy = true;
		*missed |= !taken;
		spinlock_give(&pipe->lock);
		if (taken || status != STATUS_OK)
			break;
		status = linux_sleep(thread, WAIT_FOREVER);
	}
	linux_waiter_remove(&waiter);
	return taken ? STATUS_OK : status == STATUS_EINTR ? LINUX_RESTART : status;
}

static void side_give(struct pipe *pipe, bool *busy, bool *missed)
{
	spinlock_take(&pipe->lock);
	*busy = false;
	*missed = false;
	spinlock_give(&pipe->lock);
	linux_event_raise(&pipe->event);
}

/* A page that the beginning and the end of a full ring share becomes two: what is at its beginning, copied. 0: memory is out. */
static uint64_t page_split(struct pipe *pipe, uint64_t shared)
{
	uint64_t page = budget_page_alloc(pipe->budget);

	if (page != 0) {
		memcpy(hal_direct_va(page), hal_direct_va(shared), pipe->head % HAL_PAGE_BYTES);
		pipe->pages_there++;
	}
	return page;
}

/* What lies in the ring goes to another with `count` pages. */
static status_t pages_move(struct pipe *pipe, uint64_t *to, uint32_t count)
{
	uint64_t first = pipe->tail / HAL_PAGE_BYTES;
	uint64_t end = pipe->head != pipe->tail ? (pipe->head - 1) / HAL_PAGE_BYTES + 1 : first;
	uint64_t split = 0;

	if (end - first > count)
		return STATUS_EBUSY;
	if (end - first > pipe->page_count) {
		split = page_split(pipe, pipe->pages[first & (pipe->page_count - 1)]);
		if (split == 0)
			return STATUS_ENOMEM;
		to[--end & (count - 1)] = split;
	}
	for (uint64_t i = first; i < end; i++) {
		to[i & (count - 1)] = pipe->pages[i & (pipe->page_count - 1)];
		pipe->pages[i & (pipe->page_count - 1)] = 0;
	}
	return STATUS_OK;
}

/* Context: both sides are the caller's. */
static status_t ring_change(struct pipe *pipe, uint32_t count)
{
	uint64_t bytes = count * sizeof(*pipe->pages);
	uint64_t *old = pipe->pages;
	uint32_t old_count = pipe->page_count;
	uint64_t *pages;
	status_t status;

	if (!linux_charge(pipe->budget, bytes))
		return STATUS_ENOMEM;
	pages = calloc(count, sizeof(*pages));
	status = pages != NULL ? pages_move(pipe, pages, count) : STATUS_ENOMEM;
	if (status != STATUS_OK) {
		free(pages);
		budget_credit_bytes(pipe->budget, bytes);
		return status;
	}
	for (uint32_t i = 0; i < old_count; i++) {
		if (old[i] == 0)
			continue;
		budget_page_free(pipe->budget, old[i]);
		pipe->pages_there--;
	}
	spinlock_take(&pipe->lock);
	pipe->pages = pages;
	pipe->page_count = count;
	spinlock_give(&pipe->lock);
	free(old);
	budget_credit_bytes(pipe->budget, old_count * sizeof(*old));
	return STATUS_OK;
}

static status_t resize(struct thread *thread, struct pipe *pipe, uint32_t count)
{
	if (count == pipe->page_count)
		return STATUS_OK;
	if (count > pipe->page_count && count > PAGES_MAX && !linux_identity_may(thread, LINUX_CAP_SYS_RESOURCE))
		return STATUS_EPERM;
	return ring_change(pipe, count);
}

int64_t linux_pipe_resize(struct linux_file *file, struct thread *thread, uint64_t bytes)
{
	struct pipe *pipe = linux_pipe_of(file);
	uint32_t count = 1;
	status_t status;

	if (pipe == NULL)
		return STATUS_EBADF;
	if (bytes > ARGUMENT_MAX)
		return STATUS_EINVAL;
	while ((uint64_t)count * HAL_PAGE_BYTES < bytes)
		count *= 2;
	status = side_take(thread, pipe, &pipe->reading, &pipe->read_missed);
	if (status != STATUS_OK)
		return status;
	status = side_take(thread, pipe, &pipe->writing, &pipe->write_missed);
	if (status == STATUS_OK) {
		status = resize(thread, pipe, count);
		side_give(pipe, &pipe->writing, &pipe->write_missed);
	}
	side_give(pipe, &pipe->reading, &pipe->read_missed);
	return status == STATUS_OK ? (int64_t)((uint64_t)count * HAL_PAGE_BYTES) : status;
}
