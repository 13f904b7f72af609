// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Data from one descriptor to another by way of the kernel. */
#include "kernel/sys/linux/transfer.h"

#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/pipe.h"
#include "kernel/sys/linux/room.h"
#include "kernel/sys/linux/signal.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"

/* Moves one part: how much was written. What was read and not written is not lost: it is read from a place, which goes on by what was written. */
static int64_t part_copy(struct thread *thread, struct linux_pair *pair, size_t bytes)
{
	struct linux_data data = { 0 };
	int64_t got;
	int64_t put;

	linux_data_kernel(&data, pair->buffer, bytes);
	got = linux_file_read(thread, pair->from, &data, pair->from_offset);
	if (got <= 0)
		return got;
	linux_data_kernel(&data, pair->buffer, (size_t)got);
	put = linux_file_write(thread, pair->to, &data, pair->to_offset);
	if (put > 0)
		*pair->from_offset += (uint64_t)put;
	if (put > 0 && pair->to_offset != NULL)
		*pair->to_offset += (uint64_t)put;
	return put;
}

int64_t linux_pair_move(struct thread *thread, struct linux_pair *pair, uint64_t bytes, linux_part_move *move)
{
	int64_t done = 0;
	int64_t moved = 0;

	if (bytes > LINUX_BYTES_MAX)
		bytes = LINUX_BYTES_MAX;
	while ((uint64_t)done < bytes) {
		uint64_t left = bytes - (uint64_t)done;

		if (done > 0)
			linux_give_way(thread); /* neither end need ever wait */
		moved = move(thread, pair, left < LINUX_PART_BYTES ? (size_t)left : LINUX_PART_BYTES);
		if (moved > 0)
			done += moved;
		if (moved <= 0 || linux_signal_is_due(thread))
			break;
	}
	return done > 0 ? done : moved;
}

static int64_t pair_copy(struct thread *thread, struct linux_pair *pair, uint64_t bytes)
{
	int64_t result = STATUS_ENOMEM;
	size_t room;

	if (linux_pipe_of(pair->to) != NULL)
		return linux_splice_to_pipe(thread, pair, bytes);
	room = bytes < LINUX_PART_BYTES ? (size_t)bytes : LINUX_PART_BYTES;
	pair->buffer = linux_room_take(thread->process->budget, room);
	if (pair->buffer != NULL)
		result = linux_pair_move(thread, pair, bytes, part_copy);
	linux_room_give(thread->process->budget, pair->buffer, room);
	return result;
}

/* The place that is named, or the file's own. */
static uint64_t place_of(struct linux_file *file, const uint64_t *named)
{
	uint64_t place;

	if (named != NULL)
		return *named;
	spinlock_take(&file->lock);
	place = file->offset;
	spinlock_give(&file->lock);
	return place;
}

/*
 * From the file's own place where no other is named. That is where it was at the beginning and what was moved, whatever others do to it meanwhile. Spec: Linux,
 * fs/read_write.c: do_sendfile()
 */
static int64_t pair_copy_placed(struct thread *thread, struct linux_pair *pair, uint64_t bytes)
{
	bool is_own = pair->from_offset == NULL;
	uint64_t place;
	int64_t result;

	if ((int64_t)bytes < 0)
		return STATUS_EINVAL;
	if (bytes == 0)
		return 0;
	if (is_own) {
		place = place_of(pair->from, NULL);
		pair->from_offset = &place;
	}
	result = pair_copy(thread, pair, bytes);
	if (is_own && result > 0) {
		spinlock_take(&pair->from->lock);
		pair->from->offset = place;
		spinlock_give(&pair->from->lock);
	}
	return result;
}

/* The other side of one that has been opened, which is put where there is none. */
static status_t pair_open_to(struct thread *thread, int to, struct linux_pair *pair)
{
	status_t status = linux_fd_get(thread->process, to, LINUX_FILE_WRITE, &pair->to);

	if (status != STATUS_OK)
		linux_file_put(pair->from);
	return status;
}

status_t linux_pair_open(struct thread *thread, int from, int to, struct linux_pair *pair)
{
	status_t status = linux_fd_get(thread->process, from, LINUX_FILE_READ, &pair->from);

	return status == STATUS_OK ? pair_open_to(thread, to, pair) : status;
}

void linux_pair_close(struct linux_pair *pair)
{
	linux_file_put(pair->from);
	linux_file_put(pair->to);
}

/* What has no places has none to send from, whatever it is sent to. */
static status_t sendfile_open(struct thread *thread, int from, int to, struct linux_pair *pair)
{
	status_t status = linux_fd_get(thread->process, from, LINUX_FILE_READ, &pair->from);

	if (status != STATUS_OK)
		return status;
	if (pair->from_offset == NULL || !pair->from->ops->is_stream)
		return pair_open_to(thread, to, pair);
	linux_file_put(pair->from);
	return STATUS_ESPIPE;
}

static int64_t call_sendfile(struct thread *thread, const uint64_t x[6])
{
	struct linux_pair pair = { 0 };
	uint64_t offset;
	int64_t result;

	if (x[2] != 0) {
		if (linux_copy_in(thread, &offset, x[2], sizeof(offset)) != STATUS_OK)
			return STATUS_EFAULT;
		if ((int64_t)offset < 0)
			return STATUS_EINVAL;
		pair.from_offset = &offset;
	}
	result = sendfile_open(thread, (int)x[1], (int)x[0], &pair);
	if (result != STATUS_OK)
		return result;
	if (pair.from->ops->is_stream || linux_vfs_is(pair.from, FS_DIRECTORY) || (linux_file_flags(pair.to) & LINUX_O_APPEND))
		result = STATUS_EINVAL;
	else
		result = pair_copy_placed(thread, &pair, x[3]);
	linux_pair_close(&pair);
	if (result > 0 && x[2] != 0 && linux_copy_out(thread, x[2], &offset, sizeof(offset)) != STATUS_OK)
		return STATUS_EFAULT;
	return result;
}

static status_t offset_take(struct thread *thread, uint64_t va, uint64_t *offset, uint64_t **to)
{
	*to = va != 0 ? offset : NULL;
	if (va == 0)
		return STATUS_OK;
	if (linux_copy_in(thread, offset, va, sizeof(*offset)) != STATUS_OK)
		return STATUS_EFAULT;
	return (int64_t)*offset < 0 ? STATUS_EINVAL : STATUS_OK;
}

/* Of files that are regular; as much as is there at the beginning, for one that is copied to its own end. Spec: Linux, fs/read_write.c: generic_copy_file_checks() */
static status_t range_check(const struct linux_pair *pair, uint64_t *bytes)
{
	uint64_t from = place_of(pair->from, pair->from_offset);
	uint64_t to = place_of(pair->to, pair->to_offset);
	struct linux_stat stat;
	status_t status;

	if (linux_file_flags(pair->to) & LINUX_O_APPEND)
		return STATUS_EBADF;
	if (*bytes > UINT64_MAX - from || *bytes > UINT64_MAX - to)
		return STATUS_EOVERFLOW;
	if ((int64_t)*bytes < 0)
		return STATUS_EINVAL;
	status = linux_file_stat(pair->from, &stat);
	if (status != STATUS_OK)
		return status;
	if (from >= stat.fs.size || *bytes > stat.fs.size - from)
		*bytes = from < stat.fs.size ? stat.fs.size - from : 0;
	if (linux_vfs_dentry(pair->from)->node == linux_vfs_dentry(pair->to)->node && to + *bytes > from && to < from + *bytes)
		return STATUS_EINVAL;
	return STATUS_OK;
}

/* What they are comes before whether they may be read and written. Spec: Linux, fs/read_write.c: generic_file_rw_checks() */
static status_t kinds_check(struct process *process, int from, int to)
{
	struct linux_file *source, *sink;
	status_t status = linux_fd_get(process, from, LINUX_FILE_USE, &source);

	if (status != STATUS_OK)
		return status;
	status = linux_fd_get(process, to, LINUX_FILE_USE, &sink);
	if (status == STATUS_OK) {
		if (linux_vfs_is(source, FS_DIRECTORY) || linux_vfs_is(sink, FS_DIRECTORY))
			status = STATUS_EISDIR;
		else if (!linux_vfs_is(source, FS_FILE) || !linux_vfs_is(sink, FS_FILE))
			status = STATUS_EINVAL;
		linux_file_put(sink);
	}
	linux_file_put(source);
	return status;
}

static int64_t call_copy_file_range(struct thread *thread, const uint64_t x[6])
{
	struct linux_pair pair = { 0 };
	uint64_t bytes = x[4];
	uint64_t from;
	uint64_t to;
	int64_t result = offset_take(thread, x[1], &from, &pair.from_offset);

	if (result == STATUS_OK)
		result = offset_take(thread, x[3], &to, &pair.to_offset);
	if (result == STATUS_OK)
		result = x[5] != 0 ? STATUS_EINVAL : kinds_check(thread->process, (int)x[0], (int)x[2]);
	if (result == STATUS_OK)
		result = linux_pair_open(thread, (int)x[0], (int)x[2], &pair);
	if (result != STATUS_OK)
		return result;
	result = range_check(&pair, &bytes);
	if (result == STATUS_OK)
		result = pair_copy_placed(thread, &pair, bytes);
	linux_pair_close(&pair);
	if (result > 0 && ((x[1] != 0 && linux_copy_out(thread, x[1], &from, sizeof(from)) != STATUS_OK) ||
			   (x[3] != 0 && linux_copy_out(thread, x[3], &to, sizeof(to)) != STATUS_OK)))
		return STATUS_EFAULT;
	return result;
}

const struct linux_call linux_calls_transfer[] = {
	{ 71, 4, "sendfile", call_sendfile },
	{ 285, 6, "copy_file_range", call_copy_file_range },
	{ 0 },
};
