// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What is done to a file's storage, whatever is in it. */
#include "capos/abi/dir.h"
#include "kernel/cap/fs_acts.h"
#include "kernel/io/fs/fs.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/inotify.h"
#include "kernel/sys/linux/memfd.h"
#include "kernel/sys/linux/pipe.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"

enum { FALLOC_KEEP_SIZE = 1 };

struct growing {
	struct linux_dentry *dentry;
	struct fs_stat values;
	bool keeps_size;
	status_t status;
};

/* Looked at and made larger in one, so that what another adds meanwhile is not cut off. */
static void grow_act(void *arg)
{
	struct growing *growing = arg;
	struct fs_node *node = growing->dentry->node;
	struct fs_stat stat = { 0 };

	growing->status = node->fs->ops->stat(node, &stat);
	if (growing->status != STATUS_OK || stat.size >= growing->values.size)
		return;
	growing->status = FS_MAY(node->fs, set);
	if (growing->status == STATUS_OK)
		growing->status = linux_memfd_may_resize(growing->dentry, growing->values.size);
	if (growing->status == STATUS_OK && !growing->keeps_size)
		growing->status = node->fs->ops->set(node, FS_SET_SIZE, &growing->values);
}

/* `keeps_size`: whether it might be made larger is all. */
static status_t grow(struct linux_dentry *dentry, uint64_t size, bool keeps_size)
{
	struct growing growing = { .dentry = dentry, .values = { .size = size }, .keeps_size = keeps_size };

	growing.status = linux_dentry_may(dentry, CAPOS_DIR_RIGHT_WRITE);
	if (growing.status == STATUS_OK)
		linux_fs_run(dentry->service, grow_act, &growing);
	if (growing.status == STATUS_OK)
		linux_notify(dentry, LINUX_IN_MODIFY);
	return growing.status;
}

/* Makes a file larger; that its blocks are set aside is left to the file system. */
static status_t allocate(struct linux_file *file, uint64_t mode, int64_t offset, int64_t bytes)
{
	if (offset < 0 || bytes <= 0)
		return STATUS_EINVAL;
	if ((linux_file_flags(file) & LINUX_O_ACCMODE) == 0)
		return STATUS_EBADF;
	if (!linux_vfs_is(file, FS_FILE))
		return linux_pipe_size(file) > 0 ? STATUS_ESPIPE : STATUS_ENODEV;
	if (offset > INT64_MAX - bytes)
		return STATUS_EFBIG;
	if ((mode & ~(uint64_t)FALLOC_KEEP_SIZE) != 0)
		return STATUS_ENOTSUP;
	return grow(linux_vfs_dentry(file), (uint64_t)offset + (uint64_t)bytes, (mode & FALLOC_KEEP_SIZE) != 0);
}

static int64_t call_fallocate(struct thread *thread, const uint64_t x[6])
{
	struct linux_file *file;
	status_t status = linux_fd_get(thread->process, (int)x[0], LINUX_FILE_USE, &file);

	if (status != STATUS_OK)
		return status;
	status = allocate(file, x[1], (int64_t)x[2], (int64_t)x[3]);
	linux_file_put(file);
	return status;
}

static int64_t call_fsync(struct thread *thread, const uint64_t x[6])
{
	struct linux_file *file;
	status_t status = linux_fd_get(thread->process, (int)x[0], LINUX_FILE_USE, &file);

	if (status != STATUS_OK)
		return status;
	status = linux_vfs_dentry(file) != NULL ? linux_dentry_sync(linux_vfs_dentry(file)) : STATUS_EINVAL;
	linux_file_put(file);
	return status;
}

/* Advice is free to be ignored. */
static int64_t call_fadvise64(struct thread *thread, const uint64_t x[6])
{
	struct linux_file *file;
	status_t status = linux_fd_get(thread->process, (int)x[0], LINUX_FILE_USE, &file);

	if (status != STATUS_OK)
		return status;
	status = file->ops->is_stream ? STATUS_ESPIPE : x[3] > 5 || (int64_t)x[2] < 0 ? STATUS_EINVAL : STATUS_OK;
	linux_file_put(file);
	return status;
}

const struct linux_call linux_calls_storage[] = {
	{ 47, 4, "fallocate", call_fallocate },
	{ 82, 1, "fsync", call_fsync },
	{ 83, 1, "fdatasync", call_fsync },
	{ 223, 4, "fadvise64", call_fadvise64 },
	{ 267, 1, "syncfs", call_fsync },
	{ 0 },
};
