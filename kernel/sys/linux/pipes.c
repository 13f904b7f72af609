// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Pipes: a ring of pages, which come when something is written and go when it is empty, but for the one that is written to next. One thread at a time reads, and one writes: they move data between
 * the program and the ring without a lock, and others find it busy meanwhile.
 */
#include "hal/contract/memory.h"
#include "kernel/core/libc.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/dentry.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/pipe.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"
#include "kernel/sys/process.h"
#include "lib/string.h"

enum { PAGES = LINUX_PIPE_PAGES, BYTES = PAGES * HAL_PAGE_BYTES, ATOMIC_BYTES = 4096 /* PIPE_BUF */ };

struct pipe_end {
	struct linux_file file;
	struct pipe *pipe;           /* held */
	struct linux_dentry *dentry; /* held: its name; NULL: it has none */
};

static struct pipe *pipe_of(const struct linux_file *file)
{
	return LIST_OWNER((struct linux_file *)file, struct pipe_end, file)->pipe;
}

/* All but `kept` (PAGES: all). Context: nobody is at it. */
static void pages_free(struct pipe *pipe, unsigned kept)
{
	for (unsigned i = 0; i < PAGES; i++) {
		if (pipe->pages[i] == 0 || i == kept)
			continue;
		budget_page_free(pipe->budget, pipe->pages[i]);
		pipe->pages[i] = 0;
	}
}

void linux_pipe_put(struct pipe *pipe)
{
	struct budget *budget = pipe->budget;

	if (pipe->node != NULL ? !linux_fifo_unhold(pipe) : atomic_fetch_sub_explicit(&pipe->holds, 1, memory_order_acq_rel) != 1)
		return;
	pages_free(pipe, PAGES);
	free(pipe);
	budget_credit_bytes(budget, sizeof(*pipe));
	budget_put(budget);
}

/* Where in the ring a place is, and how much lies there in one piece. NULL: memory for it is out. */
static uint8_t *ring_at(struct pipe *pipe, uint64_t place, size_t *piece)
{
	uint64_t *page = &pipe->pages[place / HAL_PAGE_BYTES % PAGES];

	*piece = HAL_PAGE_BYTES - place % HAL_PAGE_BYTES;
	if (*page == 0)
		*page = budget_page_alloc(pipe->budget);
	return *page != 0 ? (uint8_t *)hal_direct_va(*page) + place % HAL_PAGE_BYTES : NULL;
}

typedef int64_t mover(struct pipe *pipe, struct linux_data *data, uint64_t place, uint64_t bytes);

static int64_t move_out(struct pipe *pipe, struct linux_data *data, uint64_t place, uint64_t bytes)
{
	size_t piece;
	const uint8_t *from = ring_at(pipe, place, &piece);

	return linux_data_give(data, from, piece < bytes ? piece : (size_t)bytes);
}

static int64_t move_in(struct pipe *pipe, struct linux_data *data, uint64_t place, uint64_t bytes)
{
	size_t piece;
	uint8_t *to = ring_at(pipe, place, &piece);

	return to != NULL ? linux_data_take(data, to, piece < bytes ? piece : (size_t)bytes) : STATUS_ENOMEM;
}

/* Moves at most `bytes` from `place` on, piece by piece: how many; an error only where there were none. */
static int64_t pieces_move(struct pipe *pipe, struct linux_data *data, uint64_t place, uint64_t bytes, mover *move)
{
	uint64_t done = 0;
	int64_t moved = 1;

	while (done < bytes && data->left > 0 && moved > 0) {
		moved = move(pipe, data, place + done, bytes - done);
		if (moved > 0)
			done += (uint64_t)moved;
	}
	return done > 0 ? (int64_t)done : moved;
}

static int64_t pipe_read(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	struct pipe *pipe = pipe_of(file);
	int64_t result = STATUS_EAGAIN;
	uint64_t bytes;

	(void)offset;
	if (data->left == 0)
		return 0;
	spinlock_take(&pipe->lock);
	bytes = pipe->reading ? 0 : pipe->head - pipe->tail;
	if (bytes > 0)
		pipe->reading = true;
	else if (!pipe->reading && pipe->writers == 0)
		result = 0;
	spinlock_give(&pipe->lock);
	if (bytes == 0)
		return result;
	result = pieces_move(pipe, data, pipe->tail, bytes, move_out);
	spinlock_take(&pipe->lock);
	if (result > 0)
		pipe->tail += (uint64_t)result;
	pipe->reading = false;
	if (pipe->tail == pipe->head && !pipe->writing)
		pages_free(pipe, pipe->head / HAL_PAGE_BYTES % PAGES);
	spinlock_give(&pipe->lock);
	linux_event_raise(&pipe->event);
	return result;
}

/* How much may be written now, and then the writer is at it: what fits a page goes whole or not at all. */
static int64_t write_begin(struct pipe *pipe, uint64_t wanted)
{
	uint64_t room;
	int64_t result = STATUS_EAGAIN;

	spinlock_take(&pipe->lock);
	room = BYTES - (pipe->head - pipe->tail);
	if (pipe->readers == 0) {
		result = STATUS_EPIPE;
	} else if (!pipe->writing && room > 0 && (wanted > ATOMIC_BYTES || room >= wanted)) {
		pipe->writing = true;
		result = (int64_t)(room < wanted ? room : wanted);
	}
	spinlock_give(&pipe->lock);
	return result;
}

static int64_t pipe_write(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	struct pipe *pipe = pipe_of(file);
	int64_t result;

	(void)offset;
	if (data->left == 0)
		return 0;
	result = write_begin(pipe, data->left);
	if (result <= 0)
		return result;
	result = pieces_move(pipe, data, pipe->head, (uint64_t)result, move_in);
	spinlock_take(&pipe->lock);
	if (result > 0)
		pipe->head += (uint64_t)result;
	pipe->writing = false;
	spinlock_give(&pipe->lock);
	linux_event_raise(&pipe->event);
	return result;
}

static uint32_t read_poll(struct linux_file *file, struct linux_waiter *waiter)
{
	struct pipe *pipe = pipe_of(file);
	uint32_t now;

	linux_poll_wait(waiter, &pipe->event);
	spinlock_take(&pipe->lock);
	now = (pipe->head != pipe->tail ? LINUX_POLLIN | LINUX_POLLRDNORM : 0) | (pipe->writers > 0 || pipe->writer_count == 0 ? 0 : LINUX_POLLHUP);
	spinlock_give(&pipe->lock);
	return now;
}

static uint32_t write_poll(struct linux_file *file, struct linux_waiter *waiter)
{
	struct pipe *pipe = pipe_of(file);
	uint32_t now;

	linux_poll_wait(waiter, &pipe->event);
	spinlock_take(&pipe->lock);
	now = (BYTES - (pipe->head - pipe->tail) >= ATOMIC_BYTES ? LINUX_POLLOUT | LINUX_POLLWRNORM : 0) | (pipe->readers > 0 ? 0 : LINUX_POLLERR);
	spinlock_give(&pipe->lock);
	return now;
}

static status_t pipe_stat(struct linux_file *file, struct fs_stat *out, uint32_t *mode_type)
{
	*mode_type = LINUX_S_IFIFO;
	out->permissions = 0600;
	out->links = 1;
	out->id = pipe_of(file)->id;
	return STATUS_OK;
}

static int64_t pipe_ioctl(struct linux_file *file, struct thread *thread, uint32_t request, uint64_t argument)
{
	struct pipe *pipe = pipe_of(file);
	int32_t bytes;

	if (request != LINUX_FIONREAD)
		return STATUS_ENOTTY;
	spinlock_take(&pipe->lock);
	bytes = (int32_t)(pipe->head - pipe->tail);
	spinlock_give(&pipe->lock);
	return linux_copy_out(thread, argument, &bytes, sizeof(bytes));
}

static uint32_t both_poll(struct linux_file *file, struct linux_waiter *waiter)
{
	return (read_poll(file, waiter) & ~(uint32_t)LINUX_POLLHUP) | (write_poll(file, waiter) & ~(uint32_t)LINUX_POLLERR);
}

static void side_end(struct pipe *pipe, unsigned *side)
{
	spinlock_take(&pipe->lock);
	--*side;
	spinlock_give(&pipe->lock);
	linux_event_raise(&pipe->event);
}

static void read_end(struct linux_file *file)
{
	side_end(pipe_of(file), &pipe_of(file)->readers);
}

static void write_end(struct linux_file *file)
{
	side_end(pipe_of(file), &pipe_of(file)->writers);
}

static void both_end(struct linux_file *file)
{
	read_end(file);
	write_end(file);
}

static void end_release(struct linux_file *file)
{
	struct pipe_end *end = LIST_OWNER(file, struct pipe_end, file);

	linux_pipe_put(end->pipe);
	linux_dentry_put(end->dentry);
	free(end);
}

static const struct linux_file_ops read_ops = {
	.name = "pipe", .is_stream = true, .read = pipe_read, .poll = read_poll, .stat = pipe_stat, .ioctl = pipe_ioctl,
	.end = read_end, .release = end_release,
};
static const struct linux_file_ops write_ops = {
	.name = "pipe", .is_stream = true, .write = pipe_write, .poll = write_poll, .stat = pipe_stat, .ioctl = pipe_ioctl,
	.end = write_end, .release = end_release,
};

/* Of a pipe with a name, opened for both. */
static const struct linux_file_ops both_ops = {
	.name = "pipe", .is_stream = true, .read = pipe_read, .write = pipe_write, .poll = both_poll, .stat = pipe_stat, .ioctl = pipe_ioctl,
	.end = both_end, .release = end_release,
};

int64_t linux_pipe_size(const struct linux_file *file)
{
	return file->ops == &read_ops || file->ops == &write_ops || file->ops == &both_ops ? BYTES : STATUS_EBADF;
}

struct pipe *linux_pipe_make(struct budget *budget)
{
	static _Atomic uint64_t last_id;
	struct pipe *pipe;

	if (!linux_charge(budget, sizeof(*pipe)))
		return NULL;
	pipe = calloc(1, sizeof(*pipe));
	if (pipe == NULL) {
		budget_credit_bytes(budget, sizeof(*pipe));
		return NULL;
	}
	budget_hold(budget);
	pipe->budget = budget;
	list_init(&pipe->named);
	pipe->id = atomic_fetch_add_explicit(&last_id, 1, memory_order_relaxed) + 1;
	atomic_init(&pipe->holds, 1);
	linux_event_init(&pipe->event);
	return pipe;
}

struct linux_file *linux_pipe_end_make(struct pipe *pipe, uint32_t flags, struct linux_dentry *dentry)
{
	uint32_t access = flags & LINUX_O_ACCMODE;
	struct pipe_end *end = malloc(sizeof(*end));

	if (end == NULL)
		return NULL;
	atomic_fetch_add_explicit(&pipe->holds, 1, memory_order_relaxed);
	end->pipe = pipe;
	end->dentry = dentry != NULL ? linux_dentry_hold(dentry) : NULL;
	linux_file_init(&end->file, access == LINUX_O_RDWR ? &both_ops : access == LINUX_O_WRONLY ? &write_ops : &read_ops, flags);
	spinlock_take(&pipe->lock);
	pipe->readers += access != LINUX_O_WRONLY;
	pipe->reader_count += access != LINUX_O_WRONLY;
	pipe->writers += access != 0;
	pipe->writer_count += access != 0;
	spinlock_give(&pipe->lock);
	linux_event_raise(&pipe->event);
	return &end->file;
}

/* Two open files for a new pipe. */
static status_t ends_make(struct process *process, uint32_t flags, struct linux_file *files[2])
{
	struct pipe *pipe = linux_pipe_make(process->budget);

	if (pipe == NULL)
		return STATUS_ENOMEM;
	files[0] = linux_pipe_end_make(pipe, flags, NULL);
	files[1] = files[0] != NULL ? linux_pipe_end_make(pipe, flags | LINUX_O_WRONLY, NULL) : NULL;
	if (files[0] != NULL && files[1] == NULL)
		linux_file_put(files[0]);
	linux_pipe_put(pipe);
	return files[1] != NULL ? STATUS_OK : STATUS_ENOMEM;
}

static int64_t call_pipe2(struct thread *thread, const uint64_t x[6])
{
	struct linux_file *files[2];
	bool close = (x[1] & LINUX_O_CLOEXEC) != 0;
	int32_t fds[2];
	int64_t fd;

	if ((x[1] & ~(uint64_t)(LINUX_O_CLOEXEC | LINUX_O_NONBLOCK | LINUX_O_DIRECT)) != 0)
		return STATUS_EINVAL;
	if (ends_make(thread->process, (uint32_t)x[1] & LINUX_O_NONBLOCK, files) != STATUS_OK)
		return STATUS_ENOMEM;
	fd = linux_fd_add(thread->process, files[0], 0, close);
	if (fd < 0) {
		linux_file_put(files[1]);
		return fd;
	}
	fds[0] = (int32_t)fd;
	fd = linux_fd_add(thread->process, files[1], 0, close);
	fds[1] = (int32_t)fd;
	if (fd >= 0 && linux_copy_out(thread, x[0], fds, sizeof(fds)) != STATUS_OK) {
		(void)linux_fd_close(thread->process, fds[1]);
		fd = STATUS_EFAULT;
	}
	if (fd < 0)
		(void)linux_fd_close(thread->process, fds[0]);
	return fd < 0 ? fd : STATUS_OK;
}

const struct linux_call linux_calls_pipes[] = {
	{ 59, 2, "pipe2", call_pipe2 },
	{ 0 },
};
