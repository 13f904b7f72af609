// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Between pipes and other files. The bytes are copied, straight from or to the pipe's pages: they are taken out of a pipe once the other side has them, and
 * read from the other side once there is room for them, so that nothing is lost. One side of a pipe is held meanwhile as a reader or writer holds it,
 * and given back before anything is waited for: pipes in a ring do not block each other.
 *
 * Spec: splice(2), tee(2), vmsplice(2); Linux 6.1, fs/splice.c
 */
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/pipe.h"
#include "kernel/sys/linux/socket.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/transfer.h"

enum { SPLICE_F_NONBLOCK = 2, SPLICE_F_ALL = 15 };

/* From a pipe to a file. */
static int64_t drain(struct linux_pair *pair, size_t bytes)
{
	struct linux_pipe_side side;
	int64_t there = linux_pipe_read_begin(pair->from, bytes, &side);
	int64_t put;

	pair->to_is_late = false;
	if (there <= 0)
		return there;
	put = linux_file_write_now(pair->to, &side.data, pair->to_offset);
	linux_pipe_read_end(&side, put > 0 ? (uint64_t)put : 0);
	pair->to_is_late = true;
	if (put > 0)
		pair->from_waits = false; /* it ends with what is there */
	if (put > 0 && pair->to_offset != NULL)
		*pair->to_offset += (uint64_t)put;
	return put;
}

/* From a file to a pipe. */
static int64_t fill(struct linux_pair *pair, size_t bytes)
{
	struct linux_pipe_side side;
	int64_t room = linux_pipe_write_begin(pair->to, bytes, &side);
	int64_t got;

	pair->to_is_late = true;
	if (room <= 0)
		return room;
	if (pair->from_offset != NULL && *pair->from_offset > INT64_MAX - (uint64_t)room) {
		linux_pipe_write_end(&side, 0);
		return STATUS_EINVAL;
	}
	got = linux_file_read_now(pair->from, &side.data, pair->from_offset);
	linux_pipe_write_end(&side, got > 0 ? (uint64_t)got : 0);
	pair->to_is_late = false;
	if (got > 0 && pair->from_offset != NULL)
		*pair->from_offset += (uint64_t)got;
	return got != STATUS_EISDIR ? got : STATUS_EINVAL;
}

/* From a pipe to another: how much was copied. */
static int64_t pipe_copy(struct linux_pair *pair, size_t bytes, bool takes)
{
	struct linux_pipe_side in;
	struct linux_pipe_side out;
	int64_t there = linux_pipe_read_begin(pair->from, bytes, &in);
	int64_t room;

	pair->to_is_late = false;
	if (there < 0)
		return there;
	room = linux_pipe_write_begin(pair->to, there > 0 ? (uint64_t)there : 1, &out);
	pair->to_is_late = true;
	if (there == 0) { /* where nobody writes any more, it is still told that nobody reads */
		if (room > 0)
			linux_pipe_write_end(&out, 0);
		return room > 0 ? 0 : room;
	}
	for (unsigned i = 0; room > 0 && i < out.data.count; i++)
		(void)!linux_data_take(&in.data, (void *)(uintptr_t)out.pieces[i].va, out.pieces[i].bytes);
	if (room > 0)
		linux_pipe_write_end(&out, (uint64_t)room);
	linux_pipe_read_end(&in, takes && room > 0 ? (uint64_t)room : 0);
	return room;
}

static int64_t pass(struct linux_pair *pair, size_t bytes)
{
	return pipe_copy(pair, bytes, true);
}

static int64_t repeat(struct linux_pair *pair, size_t bytes)
{
	return pipe_copy(pair, bytes, false);
}

/* Between a pipe and the program's memory. */
static int64_t gather(struct linux_pair *pair, size_t bytes)
{
	(void)bytes;
	pair->to_is_late = true;
	return linux_file_write_now(pair->to, pair->data, NULL);
}

static int64_t scatter(struct linux_pair *pair, size_t bytes)
{
	(void)bytes;
	pair->to_is_late = false;
	return linux_file_read_now(pair->from, pair->data, NULL);
}

static bool is_awaited(const struct linux_pair *pair, int64_t result)
{
	return result == STATUS_EAGAIN && (pair->to_is_late ? pair->to_waits : pair->from_waits);
}

/* Until something has been moved, as far as that may wait. */
static int64_t part_await(struct thread *thread, struct linux_pair *pair, size_t bytes)
{
	struct linux_waiter from = { .thread = thread };
	struct linux_waiter to = { .thread = thread };
	int64_t result = pair->once(pair, bytes);
	status_t status = STATUS_OK;

	if (!is_awaited(pair, result))
		return result;
	(void)linux_file_poll(pair->from, &from);
	(void)linux_file_poll(pair->to, &to);
	while (is_awaited(pair, result = pair->once(pair, bytes)) && status == STATUS_OK)
		status = linux_sleep(thread, WAIT_FOREVER);
	linux_waiter_remove(&from);
	linux_waiter_remove(&to);
	return result != STATUS_EAGAIN || status == STATUS_OK ? result : status == STATUS_EINTR ? LINUX_RESTART : status;
}

/* Whether a file may be waited for. */
static bool may_wait(const struct linux_file *file)
{
	return file->ops->poll != NULL && !(linux_file_flags(file) & LINUX_O_NONBLOCK);
}

/* Who writes to what nobody reads is told so by a signal as well. */
static int64_t told(struct thread *thread, const struct linux_pair *pair, int64_t result)
{
	if (result == STATUS_EPIPE)
		linux_file_broken(thread, pair->to);
	return result;
}

/* Both are pipes. */
static int64_t between_pipes(struct thread *thread, struct linux_pair *pair, uint64_t bytes, bool waits)
{
	if (linux_pipe_of(pair->from) == linux_pipe_of(pair->to))
		return STATUS_EINVAL;
	pair->from_waits = waits && may_wait(pair->from) && may_wait(pair->to);
	pair->to_waits = pair->from_waits;
	return told(thread, pair, part_await(thread, pair, bytes < LINUX_PART_BYTES ? (size_t)bytes : LINUX_PART_BYTES));
}

/* The other side of a pipe: no event, timer or the like, and with a place where one is named. */
static bool is_spliced(const struct linux_file *file, const uint64_t *offset)
{
	return file->ops->stat != linux_anonymous_stat && (offset == NULL || !file->ops->is_stream);
}

static int64_t from_pipe(struct thread *thread, struct linux_pair *pair, uint64_t bytes, bool waits)
{
	uint64_t offset = pair->to_offset != NULL ? *pair->to_offset : 0;

	if (!is_spliced(pair->to, pair->to_offset) || (linux_file_flags(pair->to) & LINUX_O_APPEND) || bytes > INT64_MAX || offset > INT64_MAX - bytes)
		return STATUS_EINVAL;
	pair->once = drain;
	pair->from_waits = waits && may_wait(pair->from);
	pair->to_waits = may_wait(pair->to);
	return told(thread, pair, linux_pair_move(thread, pair, bytes, part_await));
}

/*
 * That the call is not to wait is said of the pipe: the other side has its own O_NONBLOCK. Streams within the machine take it as said of them too. Spec: Linux,
 * net/ipv4/tcp.c: tcp_splice_read(); net/unix/af_unix.c: unix_stream_splice_read()
 */
static bool may_wait_for(struct linux_file *from, bool waits)
{
	const struct linux_socket *socket = linux_socket_find(from);

	return may_wait(from) && (waits || socket == NULL || socket->family != LINUX_AF_UNIX || socket->type != LINUX_SOCK_STREAM);
}

static int64_t to_pipe(struct thread *thread, struct linux_pair *pair, uint64_t bytes, bool waits)
{
	if (bytes > LINUX_PART_BYTES)
		bytes = LINUX_PART_BYTES;
	if (!is_spliced(pair->from, pair->from_offset))
		return STATUS_EINVAL;
	pair->once = fill;
	pair->from_waits = may_wait_for(pair->from, waits);
	pair->to_waits = waits && may_wait(pair->to);
	return told(thread, pair, part_await(thread, pair, (size_t)bytes));
}

int64_t linux_splice_to_pipe(struct thread *thread, struct linux_pair *pair, uint64_t bytes)
{
	return to_pipe(thread, pair, bytes, true);
}

/* The place that is named for a file, if one is. */
static status_t place_take(struct thread *thread, const struct linux_file *file, uint64_t va, uint64_t *offset, uint64_t **to)
{
	*to = va != 0 ? offset : NULL;
	if (va != 0 && linux_pipe_of(file) != NULL)
		return STATUS_ESPIPE;
	return va != 0 ? linux_copy_in(thread, offset, va, sizeof(*offset)) : STATUS_OK;
}

/* The places of both, which comes before whether they may be read and written. */
static status_t places_take(struct thread *thread, const uint64_t x[6], uint64_t offsets[2], struct linux_pair *pair)
{
	struct linux_file *from;
	struct linux_file *to;
	status_t status = linux_fd_get(thread->process, (int)x[0], LINUX_FILE_USE, &from);

	if (status != STATUS_OK)
		return status;
	status = linux_fd_get(thread->process, (int)x[2], LINUX_FILE_USE, &to);
	if (status == STATUS_OK) {
		status = place_take(thread, from, x[1], &offsets[0], &pair->from_offset);
		if (status == STATUS_OK)
			status = place_take(thread, to, x[3], &offsets[1], &pair->to_offset);
		linux_file_put(to);
	}
	linux_file_put(from);
	return status;
}

static int64_t splice(struct thread *thread, struct linux_pair *pair, uint64_t bytes, bool waits)
{
	bool from = linux_pipe_of(pair->from) != NULL;
	bool to = linux_pipe_of(pair->to) != NULL;

	if ((from && pair->from_offset != NULL) || (to && pair->to_offset != NULL))
		return STATUS_ESPIPE; /* it has become a pipe since */
	pair->once = pass;
	if (from && to)
		return between_pipes(thread, pair, bytes, waits);
	return from ? from_pipe(thread, pair, bytes, waits) : to ? to_pipe(thread, pair, bytes, waits) : STATUS_EINVAL;
}

static int64_t call_splice(struct thread *thread, const uint64_t x[6])
{
	struct linux_pair pair = { 0 };
	uint64_t offsets[2];
	int64_t result;

	if (x[4] == 0)
		return 0;
	if ((uint32_t)x[5] & ~(uint32_t)SPLICE_F_ALL)
		return STATUS_EINVAL;
	result = places_take(thread, x, offsets, &pair);
	if (result == STATUS_OK)
		result = linux_pair_open(thread, (int)x[0], (int)x[2], &pair);
	if (result != STATUS_OK)
		return result;
	result = splice(thread, &pair, x[4], !(x[5] & SPLICE_F_NONBLOCK));
	linux_pair_close(&pair);
	if (result >= 0 && ((x[3] != 0 && linux_copy_out(thread, x[3], &offsets[1], sizeof(offsets[1])) != STATUS_OK) ||
			    (x[1] != 0 && linux_copy_out(thread, x[1], &offsets[0], sizeof(offsets[0])) != STATUS_OK)))
		return STATUS_EFAULT;
	return result;
}

static int64_t call_tee(struct thread *thread, const uint64_t x[6])
{
	struct linux_pair pair = { .once = repeat };
	int64_t result;

	if ((uint32_t)x[3] & ~(uint32_t)SPLICE_F_ALL)
		return STATUS_EINVAL;
	if (x[2] == 0)
		return 0;
	result = linux_pair_open(thread, (int)x[0], (int)x[1], &pair);
	if (result != STATUS_OK)
		return result;
	if (linux_pipe_of(pair.from) == NULL || linux_pipe_of(pair.to) == NULL)
		result = STATUS_EINVAL;
	else
		result = between_pipes(thread, &pair, x[2], !(x[3] & SPLICE_F_NONBLOCK));
	linux_pair_close(&pair);
	return result;
}

/* The pipe's own O_NONBLOCK does not count: so it is on Linux. */
static int64_t vmsplice(struct thread *thread, struct linux_file *file, struct linux_data *data, bool writes, bool waits)
{
	struct linux_pair pair = { .from = file, .to = file, .once = writes ? gather : scatter, .data = data, .from_waits = waits, .to_waits = waits };

	if (data->left == 0)
		return 0;
	return linux_pipe_of(file) != NULL ? told(thread, &pair, part_await(thread, &pair, data->left)) : STATUS_EBADF;
}

static int64_t call_vmsplice(struct thread *thread, const uint64_t x[6])
{
	struct linux_pieces pieces;
	struct linux_data data;
	struct linux_file *file;
	int64_t result;
	bool writes;

	if ((uint32_t)x[3] & ~(uint32_t)SPLICE_F_ALL)
		return STATUS_EINVAL;
	result = linux_fd_get(thread->process, (int)x[0], LINUX_FILE_WRITE, &file);
	writes = result == STATUS_OK;
	if (!writes)
		result = linux_fd_get(thread->process, (int)x[0], LINUX_FILE_READ, &file);
	if (result != STATUS_OK)
		return result;
	result = linux_pieces_begin(&pieces, &data, thread, x[1], x[2]);
	if (result == STATUS_OK)
		result = vmsplice(thread, file, &data, writes, !(x[3] & SPLICE_F_NONBLOCK));
	linux_pieces_end(&pieces);
	linux_file_put(file);
	return result;
}

const struct linux_call linux_calls_splice[] = {
	{ 75, 4, "vmsplice", call_vmsplice },
	{ 76, 6, "splice", call_splice },
	{ 77, 4, "tee", call_tee },
	{ 0 },
};
