// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Reading, writing and moving about in open files. */
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"

enum { SEEK_SET_ = 0, SEEK_CUR_ = 1, SEEK_END_ = 2, SEEK_DATA_ = 3, SEEK_HOLE_ = 4 };

typedef int64_t transfer(struct thread *thread, struct linux_file *file, struct linux_data *data, const uint64_t *offset);

static status_t fd_check(struct thread *thread, int fd, uint32_t right)
{
	struct linux_file *file;
	status_t status = linux_fd_get(thread->process, fd, right, &file);

	if (status == STATUS_OK)
		linux_file_put(file);
	return status;
}

/* Moves data between a descriptor and what `data` says, at `offset` unless that is NULL. */
static int64_t fd_transfer(struct thread *thread, int fd, uint32_t right, transfer *run, struct linux_data *data, const uint64_t *offset)
{
	struct linux_file *file;
	int64_t result;

	if (offset != NULL && (int64_t)*offset < 0)
		return STATUS_EINVAL;
	result = linux_fd_get(thread->process, fd, offset == NULL ? right : LINUX_FILE_USE, &file);
	if (result != STATUS_OK)
		return result;
	if (offset != NULL && file->ops->is_stream)
		result = STATUS_ESPIPE;
	else if (offset != NULL)
		result = fd_check(thread, fd, right);
	if (result == STATUS_OK)
		result = run(thread, file, data, offset);
	linux_file_put(file);
	return result;
}

static int64_t one(struct thread *thread, const uint64_t x[6], uint32_t right, transfer *run, const uint64_t *offset)
{
	struct linux_data data = { 0 };
	status_t status = linux_data_user(&data, thread, x[1], x[2]);

	return status == STATUS_OK ? fd_transfer(thread, (int)x[0], right, run, &data, offset) : status;
}

static int64_t many(struct thread *thread, const uint64_t x[6], uint32_t right, transfer *run, const uint64_t *offset)
{
	struct linux_pieces pieces;
	struct linux_data data;
	int64_t result = fd_check(thread, (int)x[0], right);

	if (result != STATUS_OK)
		return result;
	result = linux_pieces_begin(&pieces, &data, thread, x[1], x[2]);
	if (result == STATUS_OK && (data.left > 0 || offset != NULL)) /* pieces of nothing are not even tried. Spec: Linux, fs/read_write.c: do_iter_write() */
		result = fd_transfer(thread, (int)x[0], right, run, &data, offset);
	linux_pieces_end(&pieces);
	return result;
}

static int64_t call_read(struct thread *thread, const uint64_t x[6])
{
	return one(thread, x, LINUX_FILE_READ, linux_file_read, NULL);
}

static int64_t call_write(struct thread *thread, const uint64_t x[6])
{
	return one(thread, x, LINUX_FILE_WRITE, linux_file_write, NULL);
}

static int64_t call_pread64(struct thread *thread, const uint64_t x[6])
{
	return one(thread, x, LINUX_FILE_READ, linux_file_read, &x[3]);
}

static int64_t call_pwrite64(struct thread *thread, const uint64_t x[6])
{
	return one(thread, x, LINUX_FILE_WRITE, linux_file_write, &x[3]);
}

static int64_t call_readv(struct thread *thread, const uint64_t x[6])
{
	return many(thread, x, LINUX_FILE_READ, linux_file_read, NULL);
}

static int64_t call_writev(struct thread *thread, const uint64_t x[6])
{
	return many(thread, x, LINUX_FILE_WRITE, linux_file_write, NULL);
}

static int64_t call_preadv(struct thread *thread, const uint64_t x[6])
{
	return many(thread, x, LINUX_FILE_READ, linux_file_read, &x[3]);
}

static int64_t call_pwritev(struct thread *thread, const uint64_t x[6])
{
	return many(thread, x, LINUX_FILE_WRITE, linux_file_write, &x[3]);
}

/* Flags (RWF_*) that ask for what a file does anyway are not told from those that are not there. */
static int64_t call_preadv2(struct thread *thread, const uint64_t x[6])
{
	return x[5] != 0 ? STATUS_ENOTSUP : many(thread, x, LINUX_FILE_READ, linux_file_read, x[3] == UINT64_MAX ? NULL : &x[3]);
}

static int64_t call_pwritev2(struct thread *thread, const uint64_t x[6])
{
	return x[5] != 0 ? STATUS_ENOTSUP : many(thread, x, LINUX_FILE_WRITE, linux_file_write, x[3] == UINT64_MAX ? NULL : &x[3]);
}

/* Where lseek goes: files have no holes as far as it is told. */
static int64_t seek_to(struct linux_file *file, int64_t offset, uint64_t whence, uint64_t now)
{
	struct linux_stat stat;
	int64_t base = 0;
	status_t status;

	if (whence >= SEEK_END_ && linux_vfs_is(file, FS_DIRECTORY))
		return STATUS_EINVAL;
	if (whence == SEEK_CUR_)
		base = (int64_t)now;
	if (whence >= SEEK_END_) {
		status = linux_file_stat(file, &stat);
		if (status != STATUS_OK)
			return status;
		base = (int64_t)stat.fs.size;
	}
	if (whence >= SEEK_DATA_) {
		if (offset < 0 || offset >= base)
			return STATUS_ENXIO;
		return whence == SEEK_DATA_ ? offset : base;
	}
	if (offset > 0 && base > INT64_MAX - offset)
		return STATUS_EOVERFLOW;
	return base + offset < 0 ? STATUS_EINVAL : base + offset;
}

static int64_t call_lseek(struct thread *thread, const uint64_t x[6])
{
	struct linux_file *file;
	int64_t result = linux_fd_get(thread->process, (int)x[0], LINUX_FILE_USE, &file);

	if (result != STATUS_OK)
		return result;
	if (x[2] > SEEK_HOLE_)
		result = STATUS_EINVAL;
	else if (file->ops->stat == linux_anonymous_stat) /* an eventfd and the like has no place, and goes there. Spec: Linux, fs/read_write.c: noop_llseek() */
		result = 0;
	else
		result = file->ops->is_stream ? STATUS_ESPIPE : seek_to(file, (int64_t)x[1], x[2], file->offset);
	if (result >= 0) {
		spinlock_take(&file->lock);
		file->offset = (uint64_t)result;
		spinlock_give(&file->lock);
	}
	linux_file_put(file);
	return result;
}

const struct linux_call linux_calls_files[] = {
	{ 62, 3, "lseek", call_lseek },
	{ 63, 3, "read", call_read },
	{ 64, 3, "write", call_write },
	{ 65, 3, "readv", call_readv },
	{ 66, 3, "writev", call_writev },
	{ 67, 4, "pread64", call_pread64 },
	{ 68, 4, "pwrite64", call_pwrite64 },
	{ 69, 4, "preadv", call_preadv },
	{ 70, 4, "pwritev", call_pwritev },
	{ 286, 6, "preadv2", call_preadv2 },
	{ 287, 6, "pwritev2", call_pwritev2 },
	{ 0 },
};
