// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Extended attributes: no file system here has any, as Linux's ramfs has none. Programs that copy or show files ask for them all the same, and take that
 * they are not supported for an answer, but not that nobody knows the call.
 *
 * Spec: xattr(7); Linux, fs/xattr.c
 */
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/path.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"

enum { NAME_BYTES = 256, VALUE_BYTES_MAX = 65536, CREATE_OR_REPLACE = 3 };

/* What is wrong with a name; STATUS_ENOTSUP: nothing but that it is not there. */
static status_t name_judge(struct thread *thread, uint64_t name_va)
{
	char name[NAME_BYTES];
	int64_t len = linux_copy_string(thread, name, name_va, sizeof(name));

	return len == 0 || len == STATUS_ENAMETOOLONG ? STATUS_ERANGE : len < 0 ? (status_t)len : STATUS_ENOTSUP;
}

static status_t value_judge(struct thread *thread, uint64_t va, uint64_t bytes)
{
	uint8_t part[256];

	if (bytes > VALUE_BYTES_MAX)
		return STATUS_E2BIG;
	for (uint64_t done = 0; done < bytes; done += sizeof(part))
		if (linux_copy_in(thread, part, va + done, bytes - done < sizeof(part) ? bytes - done : sizeof(part)) != STATUS_OK)
			return STATUS_EFAULT;
	return STATUS_ENOTSUP;
}

static int64_t set_judge(struct thread *thread, const uint64_t x[6])
{
	status_t status = (x[4] & ~(uint64_t)CREATE_OR_REPLACE) != 0 ? STATUS_EINVAL : name_judge(thread, x[1]);

	return status == STATUS_ENOTSUP ? value_judge(thread, x[2], x[3]) : status;
}

static int64_t name_only_judge(struct thread *thread, const uint64_t x[6])
{
	return name_judge(thread, x[1]);
}

static int64_t list_none(struct thread *thread, const uint64_t x[6])
{
	(void)thread;
	(void)x;
	return 0;
}

static int64_t judge(struct thread *thread, const struct linux_dentry *dentry, const uint64_t x[6], linux_call_run *run, bool changes)
{
	return changes && dentry != NULL && dentry->node->fs->read_only ? STATUS_EROFS : run(thread, x);
}

static int64_t at_path(struct thread *thread, const uint64_t x[6], bool follow, linux_call_run *run, bool changes)
{
	status_t status;
	struct linux_walk *walk = linux_walk_user(thread, LINUX_AT_FDCWD, x[0], follow, &status);
	int64_t result;

	if (walk == NULL)
		return status;
	result = walk->found == NULL && walk->magic == NULL ? STATUS_ENOENT : judge(thread, walk->found, x, run, changes);
	linux_walk_free(walk);
	return result;
}

static int64_t at_file(struct thread *thread, const uint64_t x[6], linux_call_run *run, bool changes)
{
	struct linux_file *file;
	int64_t result = linux_fd_get(thread->process, (int)x[0], LINUX_FILE_USE, &file);

	if (result != STATUS_OK)
		return result;
	result = judge(thread, linux_vfs_dentry(file), x, run, changes);
	linux_file_put(file);
	return result;
}

static int64_t call_setxattr(struct thread *thread, const uint64_t x[6])
{
	return at_path(thread, x, true, set_judge, true);
}

static int64_t call_lsetxattr(struct thread *thread, const uint64_t x[6])
{
	return at_path(thread, x, false, set_judge, true);
}

static int64_t call_fsetxattr(struct thread *thread, const uint64_t x[6])
{
	return at_file(thread, x, set_judge, true);
}

static int64_t call_getxattr(struct thread *thread, const uint64_t x[6])
{
	return at_path(thread, x, true, name_only_judge, false);
}

static int64_t call_lgetxattr(struct thread *thread, const uint64_t x[6])
{
	return at_path(thread, x, false, name_only_judge, false);
}

static int64_t call_fgetxattr(struct thread *thread, const uint64_t x[6])
{
	return at_file(thread, x, name_only_judge, false);
}

static int64_t call_listxattr(struct thread *thread, const uint64_t x[6])
{
	return at_path(thread, x, true, list_none, false);
}

static int64_t call_llistxattr(struct thread *thread, const uint64_t x[6])
{
	return at_path(thread, x, false, list_none, false);
}

static int64_t call_flistxattr(struct thread *thread, const uint64_t x[6])
{
	return at_file(thread, x, list_none, false);
}

static int64_t call_removexattr(struct thread *thread, const uint64_t x[6])
{
	return at_path(thread, x, true, name_only_judge, true);
}

static int64_t call_lremovexattr(struct thread *thread, const uint64_t x[6])
{
	return at_path(thread, x, false, name_only_judge, true);
}

static int64_t call_fremovexattr(struct thread *thread, const uint64_t x[6])
{
	return at_file(thread, x, name_only_judge, true);
}

const struct linux_call linux_calls_attributes[] = {
	{ 5, 5, "setxattr", call_setxattr },
	{ 6, 5, "lsetxattr", call_lsetxattr },
	{ 7, 5, "fsetxattr", call_fsetxattr },
	{ 8, 4, "getxattr", call_getxattr },
	{ 9, 4, "lgetxattr", call_lgetxattr },
	{ 10, 4, "fgetxattr", call_fgetxattr },
	{ 11, 3, "listxattr", call_listxattr },
	{ 12, 3, "llistxattr", call_llistxattr },
	{ 13, 3, "flistxattr", call_flistxattr },
	{ 14, 2, "removexattr", call_removexattr },
	{ 15, 2, "lremovexattr", call_lremovexattr },
	{ 16, 2, "fremovexattr", call_fremovexattr },
	{ 0 },
};
