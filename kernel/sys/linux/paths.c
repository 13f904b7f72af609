// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Opening, and what changes a file that a path names. */
#include "capos/abi/dir.h"
#include "hal/contract/timer.h"
#include "kernel/core/libc.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/clock.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/inotify.h"
#include "kernel/sys/linux/path.h"
#include "kernel/sys/linux/permissions.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/subject.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"
#include "lib/string.h"

enum {
	OPEN_TRIES = 8, PERMISSIONS_MASK = 07777, FLAGS_MASK = 037777703 /* those that there are */,
	PATH_FLAGS = LINUX_O_PATH | LINUX_O_DIRECTORY | LINUX_O_NOFOLLOW | LINUX_O_CLOEXEC,
	RESOLVE_MASK = 0x3f /* LINUX_RESOLVE_* */,
	UTIME_NOW = 0x3fffffff, UTIME_OMIT = 0x3ffffffe,
};

#define NANOSECONDS 1000000000

static int64_t open_at(struct thread *thread, int dirfd, uint64_t path_va, uint32_t flags, uint32_t mode, uint32_t resolve)
{
	uint32_t permissions = mode & PERMISSIONS_MASK & ~linux_process_of(thread)->fds.umask;
	bool follow = !(flags & LINUX_O_NOFOLLOW) && !((flags & LINUX_O_CREAT) && (flags & LINUX_O_EXCL));
	status_t status = STATUS_EAGAIN;
	struct linux_file *file;

	if ((flags & LINUX_O_CREAT) != 0 && (flags & LINUX_O_DIRECTORY) != 0)
		return STATUS_EINVAL;
	flags |= flags & LINUX_O_PATH ? 0 : LINUX_O_LARGEFILE;
	if ((flags & (LINUX_O_CREAT | LINUX_O_TRUNC)) != 0 && linux_fd_room(thread->process) != STATUS_OK)
		return STATUS_EMFILE;
	for (unsigned i = 0; status == STATUS_EAGAIN && i < OPEN_TRIES; i++) {
		struct linux_walk *walk = linux_walk_user_within(thread, dirfd, path_va, follow, resolve, &status);

		if (walk == NULL)
			return status;
		if ((flags & LINUX_O_CREAT) && walk->is_directory && walk->name_bytes > 0)
			status = STATUS_EISDIR; /* what is made by opening it is no directory */
		else
			status = walk->late != STATUS_OK ? walk->late : linux_path_open(walk, flags, permissions, &file);
		linux_walk_free(walk);
	}
	if (status != STATUS_OK)
		return status;
	linux_vfs_opened(file);
	return linux_fd_add(thread->process, file, 0, (flags & LINUX_O_CLOEXEC) != 0);
}

/* What only names a file has no other flags. */
static int64_t call_openat(struct thread *thread, const uint64_t x[6])
{
	uint32_t flags = (uint32_t)x[2] & (uint32_t)FLAGS_MASK;

	return open_at(thread, (int)x[0], x[1], flags & LINUX_O_PATH ? flags & PATH_FLAGS : flags, (uint32_t)x[3], 0);
}

/* struct open_how: flags, mode, resolve. Spec: openat2(2); Linux, include/uapi/linux/openat2.h */
static int64_t call_openat2(struct thread *thread, const uint64_t x[6])
{
	uint64_t how[3];
	status_t status;

	if (x[3] < sizeof(how))
		return STATUS_EINVAL;
	status = linux_copy_struct_in(thread, how, sizeof(how), x[2], x[3]);
	if (status != STATUS_OK)
		return status;
	if ((how[0] & ~(uint64_t)FLAGS_MASK) != 0 || (how[1] & ~(uint64_t)PERMISSIONS_MASK) != 0 || (how[2] & ~(uint64_t)RESOLVE_MASK) != 0)
		return STATUS_EINVAL;
	if ((how[2] & LINUX_RESOLVE_BENEATH) != 0 && (how[2] & LINUX_RESOLVE_IN_ROOT) != 0)
		return STATUS_EINVAL;
	if ((how[2] & LINUX_RESOLVE_CACHED) != 0 && (how[0] & (LINUX_O_TRUNC | LINUX_O_CREAT | (LINUX_O_TMPFILE & ~LINUX_O_DIRECTORY))) != 0)
		return STATUS_EAGAIN;
	if ((how[0] & LINUX_O_PATH) != 0 && (how[0] & ~(uint64_t)PATH_FLAGS) != 0)
		return STATUS_EINVAL;
	if (how[1] != 0 && !(how[0] & (LINUX_O_CREAT | (LINUX_O_TMPFILE & ~LINUX_O_DIRECTORY))))
		return STATUS_EINVAL;
	return open_at(thread, (int)x[0], x[1], (uint32_t)how[0], (uint32_t)how[1], (uint32_t)how[2]);
}

/* What a call changes, and to what. */
struct change {
	uint32_t what; /* FS_SET_* */
	bool now;      /* times: to this moment's */
	struct fs_stat values;
};

static status_t change_do(struct thread *thread, struct linux_dentry *dentry, struct change change)
{
	const struct linux_subject who = linux_subject_of(thread);
	status_t status = linux_may_set(&who, dentry, change.what, change.now, &change.values);

	return status == STATUS_OK && change.what != 0 ? linux_dentry_set(dentry, change.what, &change.values) : status;
}

/* Changes what a path names, or where `path_va` is 0, an open file. */
static int64_t set_at(struct thread *thread, int dirfd, uint64_t path_va, uint64_t at_flags, const struct change *change)
{
	struct linux_walk *walk;
	struct linux_file *file;
	status_t status;

	if (path_va == 0) {
		status = linux_fd_get(thread->process, dirfd, LINUX_FILE_USE, &file);
		if (status != STATUS_OK)
			return status;
		status = linux_file_dentry(file) != NULL ? change_do(thread, linux_file_dentry(file), *change) : STATUS_OK;
		linux_file_put(file);
		return status;
	}
	walk = linux_walk_user_empty(thread, dirfd, path_va, !(at_flags & LINUX_AT_SYMLINK_NOFOLLOW), (at_flags & LINUX_AT_EMPTY_PATH) != 0, &status);
	if (walk == NULL)
		return status;
	if (walk->magic == NULL)
		status = walk->found != NULL ? change_do(thread, walk->found, *change) : STATUS_ENOENT;
	linux_walk_free(walk);
	return status;
}

static int64_t call_fchmod(struct thread *thread, const uint64_t x[6])
{
	const struct change change = { .what = FS_SET_PERMISSIONS, .values = { .permissions = x[1] & PERMISSIONS_MASK } };

	return set_at(thread, (int)x[0], 0, 0, &change);
}

static int64_t call_fchmodat(struct thread *thread, const uint64_t x[6])
{
	const struct change change = { .what = FS_SET_PERMISSIONS, .values = { .permissions = x[2] & PERMISSIONS_MASK } };

	return x[1] != 0 ? set_at(thread, (int)x[0], x[1], 0, &change) : STATUS_EFAULT;
}

/* One of utimensat's times. */
static status_t time_take(const int64_t from[2], struct fs_time *to, uint32_t bit, uint32_t *what)
{
	uint64_t now = hal_timer_now_ns() + linux_clock_offset_ns();

	if (from[1] == UTIME_OMIT)
		return STATUS_OK;
	*what |= bit;
	if (from[1] == UTIME_NOW)
		*to = (struct fs_time){ .seconds = (int64_t)(now / NANOSECONDS), .nanoseconds = (uint32_t)(now % NANOSECONDS) };
	else if (from[1] < 0 || from[1] >= NANOSECONDS)
		return STATUS_EINVAL;
	else
		*to = (struct fs_time){ .seconds = from[0], .nanoseconds = (uint32_t)from[1] };
	return STATUS_OK;
}

static int64_t call_utimensat(struct thread *thread, const uint64_t x[6])
{
	int64_t times[2][2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };
	static const struct change nothing;
	struct change change = { .what = 0 };

	if (x[2] != 0 && linux_copy_in(thread, times, x[2], sizeof(times)) != STATUS_OK)
		return STATUS_EFAULT;
	if (times[0][1] == UTIME_OMIT && times[1][1] == UTIME_OMIT)
		return STATUS_OK; /* whatever the path */
	if ((x[3] & ~(uint64_t)(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH)) != 0 || (x[1] == 0 && x[3] != 0))
		return STATUS_EINVAL;
	change.now = times[0][1] == UTIME_NOW && times[1][1] == UTIME_NOW;
	if (time_take(times[0], &change.values.accessed, FS_SET_ACCESSED, &change.what) != STATUS_OK ||
	    time_take(times[1], &change.values.modified, FS_SET_MODIFIED, &change.what) != STATUS_OK) {
		int64_t there = set_at(thread, (int)x[0], x[1], x[3], &nothing); /* that it is not there comes first */

		return there < 0 ? there : STATUS_EINVAL;
	}
	return set_at(thread, (int)x[0], x[1], x[3], &change);
}

static int64_t call_truncate(struct thread *thread, const uint64_t x[6])
{
	const struct change change = { .what = FS_SET_SIZE, .values = { .size = x[1] } };

	return (int64_t)x[1] < 0 ? STATUS_EINVAL : x[0] == 0 ? STATUS_EFAULT : set_at(thread, LINUX_AT_FDCWD, x[0], 0, &change);
}

static int64_t call_ftruncate(struct thread *thread, const uint64_t x[6])
{
	const struct fs_stat values = { .size = x[1] };
	struct linux_file *file;
	status_t status;

	if ((int64_t)x[1] < 0)
		return STATUS_EINVAL;
	status = linux_fd_get(thread->process, (int)x[0], LINUX_FILE_USE, &file);
	if (status != STATUS_OK)
		return status;
	linux_file_put(file);
	status = linux_fd_get(thread->process, (int)x[0], LINUX_FILE_WRITE, &file);
	if (status != STATUS_OK)
		return STATUS_EINVAL;
	status = linux_vfs_dentry(file) != NULL ? linux_dentry_set(linux_vfs_dentry(file), FS_SET_SIZE, &values) : STATUS_EINVAL;
	linux_file_put(file);
	return status;
}

const struct linux_call linux_calls_paths[] = {
	{ 45, 2, "truncate", call_truncate },
	{ 46, 2, "ftruncate", call_ftruncate },
	{ 52, 2, "fchmod", call_fchmod },
	{ 53, 3, "fchmodat", call_fchmodat },
	{ 56, 4, "openat", call_openat },
	{ 88, 4, "utimensat", call_utimensat },
	{ 437, 4, "openat2", call_openat2 },
	{ 0 },
};
