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
#include "kernel/sys/linux/owners.h"
#include "kernel/sys/linux/pages.h"
#include "kernel/sys/linux/pipe.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/root.h"
#include "kernel/sys/linux/subject.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"

/* linux/falloc.h: FALLOC_FL_* */
enum { SYNC_WAIT_BEFORE = 1, SYNC_WAIT_AFTER = 4, SYNC_KNOWN = 7 };
enum { KEEP_SIZE = 1, PUNCH_HOLE = 2, COLLAPSE_RANGE = 8, ZERO_RANGE = 16, INSERT_RANGE = 32, UNSHARE_RANGE = 64, MODES = 123 };

struct storing {
	struct linux_dentry *dentry;
	struct linux_subject who;
	uint64_t offset, bytes;
	bool keeps_size;
	status_t status;
};

/* Looked at and made larger in one, so that what another adds meanwhile is not cut off. With `keeps_size`, whether it might be made larger is all. */
static void grow_act(void *arg)
{
	struct storing *storing = arg;
	struct fs_node *node = storing->dentry->node;
	const struct fs_stat values = { .size = storing->offset + storing->bytes };
	struct fs_stat stat = { 0 };

	storing->status = linux_owner_lose(node, &storing->who);
	if (storing->status == STATUS_OK)
		storing->status = node->fs->ops->stat(node, &stat);
	if (storing->status != STATUS_OK || stat.size >= values.size)
		return;
	storing->status = FS_MAY(node->fs, set);
	if (storing->status == STATUS_OK)
		storing->status = linux_memfd_may_resize(storing->dentry, values.size);
	if (storing->status == STATUS_OK && !storing->keeps_size)
		storing->status = node->fs->ops->set(node, FS_SET_SIZE, &values);
}

static void punch_act(void *arg)
{
	struct storing *storing = arg;
	struct fs_node *node = storing->dentry->node;

	storing->status = FS_MAY(node->fs, punch);
	if (storing->status == STATUS_OK)
		storing->status = linux_memfd_may_punch(storing->dentry);
	if (storing->status == STATUS_OK)
		storing->status = linux_owner_lose(node, &storing->who);
	if (storing->status == STATUS_OK)
		storing->status = node->fs->ops->punch(node, storing->offset, storing->bytes);
}

static status_t store(struct storing *storing, void (*run)(void *arg))
{
	storing->who = linux_subject_of(thread_current());
	storing->status = linux_dentry_may(storing->dentry, CAPOS_DIR_RIGHT_WRITE);
	if (storing->status == STATUS_OK)
		linux_fs_run(storing->dentry->service, run, storing);
	if (storing->status == STATUS_OK)
		linux_notify(storing->dentry, LINUX_IN_MODIFY);
	return storing->status;
}

/* Mapped memory shows it. */
static status_t punch(struct storing *storing)
{
	status_t status = store(storing, punch_act);

	if (status == STATUS_OK)
		linux_pages_changed(storing->dentry, storing->offset, storing->offset + storing->bytes);
	return status;
}

/* Which go together. Spec: Linux, fs/open.c: vfs_fallocate() */
static status_t modes_check(uint32_t mode)
{
	if ((mode & ~(uint32_t)MODES) != 0 || (mode & (PUNCH_HOLE | ZERO_RANGE)) == (PUNCH_HOLE | ZERO_RANGE) || (mode & (PUNCH_HOLE | KEEP_SIZE)) == PUNCH_HOLE)
		return STATUS_ENOTSUP;
	if (((mode & COLLAPSE_RANGE) && mode != COLLAPSE_RANGE) || ((mode & INSERT_RANGE) && mode != INSERT_RANGE) ||
	    ((mode & UNSHARE_RANGE) && (mode & ~(uint32_t)KEEP_SIZE) != UNSHARE_RANGE))
		return STATUS_EINVAL;
	return STATUS_OK;
}

/* Makes a file larger, where that its blocks are set aside is left to the file system; or a hole in it. */
static status_t allocate(struct linux_file *file, uint32_t mode, int64_t offset, int64_t bytes)
{
	struct storing storing = { .offset = (uint64_t)offset, .bytes = (uint64_t)bytes, .keeps_size = (mode & KEEP_SIZE) != 0 };
	status_t status = offset < 0 || bytes <= 0 ? STATUS_EINVAL : modes_check(mode);

	if (status != STATUS_OK)
		return status;
	if ((linux_file_flags(file) & LINUX_O_ACCMODE) == 0)
		return STATUS_EBADF;
	if (!linux_vfs_is(file, FS_FILE))
		return linux_pipe_size(file) > 0 ? STATUS_ESPIPE : STATUS_ENODEV;
	if (offset > INT64_MAX - bytes)
		return STATUS_EFBIG;
	storing.dentry = linux_vfs_dentry(file);
	if (mode & PUNCH_HOLE)
		return punch(&storing);
	return (mode & ~(uint32_t)KEEP_SIZE) != 0 ? STATUS_ENOTSUP : store(&storing, grow_act);
}

static int64_t call_fallocate(struct thread *thread, const uint64_t x[6])
{
	struct linux_file *file;
	status_t status = linux_fd_get(thread->process, (int)x[0], LINUX_FILE_USE, &file);

	if (status != STATUS_OK)
		return status;
	status = allocate(file, (uint32_t)x[1], (int64_t)x[2], (int64_t)x[3]);
	linux_file_put(file);
	return status;
}

/* What was written by memory that shows the file is part of it. */
static status_t file_sync(struct linux_file *file)
{
	linux_pages_settle(linux_vfs_dentry(file), 0, UINT64_MAX);
	return linux_dentry_sync(linux_vfs_dentry(file));
}

static int64_t call_fsync(struct thread *thread, const uint64_t x[6])
{
	struct linux_file *file;
	status_t status = linux_fd_get(thread->process, (int)x[0], LINUX_FILE_USE, &file);

	if (status != STATUS_OK)
		return status;
	status = linux_vfs_dentry(file) != NULL ? file_sync(file) : STATUS_EINVAL;
	linux_file_put(file);
	return status;
}

/* Every file system that the process sees. Spec: sync(2): it tells of no error */
static int64_t call_sync(struct thread *thread, const uint64_t x[6])
{
	const struct linux_root *root = thread->process->personality->root;

	(void)x;
	for (unsigned i = 0; i < root->count; i++)
		(void)!linux_dentry_sync(root->mounts[i].dentry);
	return 0;
}

/* What is only to be begun is left to whoever waits for its end: then all of the file is written. Spec: sync_file_range(2) */
static int64_t call_sync_file_range(struct thread *thread, const uint64_t x[6])
{
	int64_t offset = (int64_t)x[1];
	int64_t bytes = (int64_t)x[2];
	struct linux_file *file;
	status_t status = linux_fd_get(thread->process, (int)x[0], LINUX_FILE_USE, &file);

	if (status != STATUS_OK)
		return status;
	if ((x[3] & ~(uint64_t)SYNC_KNOWN) != 0 || offset < 0 || bytes < 0 || bytes > INT64_MAX - offset)
		status = STATUS_EINVAL;
	else if (linux_vfs_dentry(file) == NULL)
		status = STATUS_ESPIPE;
	else if (x[3] & (SYNC_WAIT_BEFORE | SYNC_WAIT_AFTER))
		status = file_sync(file);
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

/* So is this; that it is a file, and open to be read, is looked at. Spec: readahead(2) */
static int64_t call_readahead(struct thread *thread, const uint64_t x[6])
{
	struct linux_file *file;
	status_t status = linux_fd_get(thread->process, (int)x[0], LINUX_FILE_READ, &file);

	if (status != STATUS_OK)
		return status;
	status = (int64_t)x[2] < 0 || !linux_vfs_is(file, FS_FILE) ? STATUS_EINVAL : STATUS_OK;
	linux_file_put(file);
	return status;
}

const struct linux_call linux_calls_storage[] = {
	{ 47, 4, "fallocate", call_fallocate },
	{ 81, 0, "sync", call_sync },
	{ 82, 1, "fsync", call_fsync },
	{ 83, 1, "fdatasync", call_fsync },
	{ 84, 4, "sync_file_range", call_sync_file_range },
	{ 213, 3, "readahead", call_readahead },
	{ 223, 4, "fadvise64", call_fadvise64 },
	{ 267, 1, "syncfs", call_fsync },
	{ 0 },
};
