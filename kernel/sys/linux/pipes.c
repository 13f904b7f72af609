// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Pipes: a ring of pages, which come when something is written and go when it is empty, but for one, which was written to last. One thread at a time reads, and one writes: they move data between
 * the program and the ring without a lock, and others find it busy meanwhile.
 */
#include "hal/contract/memory.h"
#include "kernel/core/libc.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/dentry.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/pipe.h"
#include "kernel/sys/linux/vfs.h"
#include "lib/string.h"

enum { ATOMIC_BYTES = 4096 /* PIPE_BUF */ };

struct pipe_end {
	struct linux_file file;
	struct pipe *pipe;           /* held */
	struct linux_dentry *dentry; /* held: its name; NULL: it has none */
};

static struct pipe *pipe_of(const struct linux_file *file)
{
	return LIST_OWNER((struct linux_file *)file, struct pipe_end, file)->pipe;
}

static uint64_t *page_at(struct pipe *pipe, uint64_t place)
{
	return &pipe->pages[place / HAL_PAGE_BYTES & (pipe->page_count - 1)];
}

/*
 * All but `kept` of them, from the one before that which was written to last: they lie in a row, but for what a side was given and did not fill.
 * Context: nobody is at it. What is in it is lost.
 */
static void pages_free(struct pipe *pipe, unsigned kept)
{
	for (uint64_t place = pipe->head - 1 - HAL_PAGE_BYTES; pipe->pages_there > kept; place -= HAL_PAGE_BYTES) {
		uint64_t *page = page_at(pipe, place);

		if (*page == 0)
			continue;
		budget_page_free(pipe->budget, *page);
		*page = 0;
		pipe->pages_there--;
	}
}

void linux_pipe_put(struct pipe *pipe)
{
	struct budget *budget = pipe->budget;

	if (pipe->node != NULL ? !linux_fifo_unhold(pipe) : atomic_fetch_sub_explicit(&pipe->holds, 1, memory_order_acq_rel) != 1)
		return;
	pages_free(pipe, 0);
	budget_credit_bytes(budget, sizeof(*pipe) + pipe->page_count * sizeof(*pipe->pages));
	free(pipe->pages);
	free(pipe);
	budget_put(budget);
}

/* Where in the ring a place is, and how much lies there in one piece. NULL: memory for it is out. */
static uint8_t *ring_at(struct pipe *pipe, uint64_t place, size_t *piece)
{
	uint64_t *page = page_at(pipe, place);

	*piece = HAL_PAGE_BYTES - place % HAL_PAGE_BYTES;
	if (*page == 0) {
		*page = budget_page_alloc(pipe->budget);
		pipe->pages_there += *page != 0;
	}
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

/* How much there is to be read, 0 at the end, and then the reader is at it. */
static inline __attribute__((always_inline)) int64_t read_begin(struct pipe *pipe)
{
	int64_t result = STATUS_EAGAIN;

	spinlock_take(&pipe->lock);
	if (pipe->reading) {
		pipe->read_missed = true;
	} else if (pipe->head != pipe->tail) {
		pipe->reading = true;
		result = (int64_t)(pipe->head - pipe->tail);
	} else if (pipe->writers == 0) {
		result = 0;
	}
	spinlock_give(&pipe->lock);
	return result;
}

/* The reader has taken so much, and is at it no more. Who found it busy is told even where that is nothing. */
static inline __attribute__((always_inline)) void read_over(struct pipe *pipe, uint64_t taken)
{
	bool tell;

	spinlock_take(&pipe->lock);
	pipe->tail += taken;
	pipe->reading = false;
	tell = taken > 0 || pipe->read_missed;
	pipe->read_missed = false;
	if (pipe->tail == pipe->head && !pipe->writing)
		pages_free(pipe, 1);
	spinlock_give(&pipe->lock);
	if (tell)
		linux_event_raise(&pipe->event);
}

static int64_t pipe_read(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	struct pipe *pipe = pipe_of(file);
	int64_t result;

	(void)offset;
	if (data->left == 0)
		return 0;
	result = read_begin(pipe);
	if (result <= 0)
		return result;
	result = pieces_move(pipe, data, pipe->tail, (uint64_t)result, move_out);
	read_over(pipe, result > 0 ? (uint64_t)result : 0);
	return result;
}

/* How much may be written now, and then the writer is at it: what fits a page goes whole or not at all. */
static inline __attribute__((always_inline)) int64_t write_begin(struct pipe *pipe, uint64_t wanted)
{
	uint64_t room;
	int64_t result = STATUS_EAGAIN;

	spinlock_take(&pipe->lock);
	room = linux_pipe_bytes(pipe) - (pipe->head - pipe->tail);
	if (pipe->readers == 0) {
		result = STATUS_EPIPE;
	} else if (pipe->writing) {
		pipe->write_missed = true;
	} else if (room > 0 && (wanted > ATOMIC_BYTES || room >= wanted)) {
		pipe->writing = true;
		result = (int64_t)(room < wanted ? room : wanted);
	}
	spinlock_give(&pipe->lock);
	return result;
}

static inline __attribute__((always_inline)) void write_over(struct pipe *pipe, uint64_t put)
{
	bool tell;

	spinlock_take(&pipe->lock);
	pipe->head += put;
	pipe->writing = false;
	tell = put > 0 || pipe->write_missed;
	pipe->write_missed = false;
	if (put == 0 && pipe->tail == pipe->head && !pipe->reading)
		pages_free(pipe, 1);
	spinlock_give(&pipe->lock);
	if (tell)
		linux_event_raise(&pipe->event);
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
	write_over(pipe, result > 0 ? (uint64_t)result : 0);
	return result;
}

/* A stretch of the ring as pieces: how much of it; less than `bytes` where it takes more pieces than a side has, or memory for its pages is out. */
static uint64_t side_fill(struct linux_pipe_side *side, uint64_t place, uint64_t bytes)
{
	uint64_t done = 0;
	unsigned count = 0;

	while (done < bytes && count < sizeof(side->pieces) / sizeof(side->pieces[0])) {
		size_t piece;
		uint8_t *at = ring_at(side->pipe, place + done, &piece);

		if (at == NULL)
			break;
		if (piece > bytes - done)
			piece = (size_t)(bytes - done);
		side->pieces[count++] = (struct linux_piece){ .va = (uint64_t)(uintptr_t)at, .bytes = piece };
		done += piece;
	}
	side->data = (struct linux_data){ .pieces = side->pieces, .count = count, .left = done };
	return done;
}

int64_t linux_pipe_read_begin(struct linux_file *file, uint64_t bytes, struct linux_pipe_side *side)
{
	struct pipe *pipe = pipe_of(file);
	int64_t result = read_begin(pipe);

	if (result <= 0)
		return result;
	side->pipe = pipe;
	return (int64_t)side_fill(side, pipe->tail, (uint64_t)result < bytes ? (uint64_t)result : bytes);
}

void linux_pipe_read_end(struct linux_pipe_side *side, uint64_t taken)
{
	read_over(side->pipe, taken);
}

int64_t linux_pipe_write_begin(struct linux_file *file, uint64_t bytes, struct linux_pipe_side *side)
{
	struct pipe *pipe = pipe_of(file);
	int64_t result = write_begin(pipe, UINT64_MAX);

	if (result <= 0)
		return result;
	side->pipe = pipe;
	result = (int64_t)side_fill(side, pipe->head, (uint64_t)result < bytes ? (uint64_t)result : bytes);
	if (result > 0)
		return result;
	write_over(pipe, 0);
	return STATUS_ENOMEM;
}

void linux_pipe_write_end(struct linux_pipe_side *side, uint64_t put)
{
	write_over(side->pipe, put);
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
	now = (linux_pipe_bytes(pipe) - (pipe->head - pipe->tail) >= ATOMIC_BYTES ? LINUX_POLLOUT | LINUX_POLLWRNORM : 0) | (pipe->readers > 0 ? 0 : LINUX_POLLERR);
	spinlock_give(&pipe->lock);
	return now;
}

static status_t pipe_stat(struct linux_file *file, struct fs_stat *out, uint32_t *mode_type)
{
	*mode_type = LINUX_S_IFIFO;
	out->permissions = 0600;
	out->links = 1;
	out->id = pipe_of(file)->id;
	out->user = pipe_of(file)->owner.user;
	out->group = pipe_of(file)->owner.group;
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

struct pipe *linux_pipe_of(const struct linux_file *file)
{
	return file->ops == &read_ops || file->ops == &write_ops || file->ops == &both_ops ? pipe_of(file) : NULL;
}

struct linux_dentry *linux_pipe_dentry(const struct linux_file *file)
{
	return linux_pipe_of(file) != NULL ? LIST_OWNER((struct linux_file *)file, struct pipe_end, file)->dentry : NULL;
}

struct linux_file *linux_pipe_end_make(struct pipe *pipe, uint32_t flags, struct linux_dentry *dentry, uint64_t *others)
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
	*others = access == 0 ? pipe->writer_count - (pipe->writers > 0) : pipe->reader_count - (pipe->readers > 0);
	pipe->readers += access != LINUX_O_WRONLY;
	pipe->reader_count += access != LINUX_O_WRONLY;
	pipe->writers += access != 0;
	pipe->writer_count += access != 0;
	spinlock_give(&pipe->lock);
	linux_event_raise(&pipe->event);
	return &end->file;
}
