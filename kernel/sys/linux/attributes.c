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

/* The kinds of calls in the order of their numbers; each kind by the path, by the path of a link itself, and by a descriptor. */
static const struct kind {
	linux_call_run *run;
	bool changes;
} kinds[] = { { set_judge, true }, { name_only_judge, false }, { list_none, false }, { name_only_judge, true } };

enum { FIRST = 5, BY_PATH = 0, BY_DESCRIPTOR = 2, FORMS = 3 };

static int64_t judge(struct thread *thread, const struct linux_dentry *dentry, const uint64_t x[6], const struct kind *kind)
{
	return kind->changes && dentry != NULL && dentry->node->fs->read_only ? STATUS_EROFS : kind->run(thread, x);
}

static int64_t at_path(struct thread *thread, const uint64_t x[6], bool follow, const struct kind *kind)
{
	status_t status;
	struct linux_walk *walk = linux_walk_user(thread, LINUX_AT_FDCWD, x[0], follow, &status);
	int64_t result;

	if (walk == NULL)
		return status;
	result = walk->found == NULL && walk->magic == NULL ? STATUS_ENOENT : judge(thread, walk->found, x, kind);
	linux_walk_free(walk);
	return result;
}

static int64_t at_file(struct thread *thread, const uint64_t x[6], const struct kind *kind)
{
	struct linux_file *file;
	int64_t result = linux_fd_get(thread->process, (int)x[0], LINUX_FILE_USE, &file);

	if (result != STATUS_OK)
		return result;
	result = judge(thread, linux_vfs_dentry(file), x, kind);
	linux_file_put(file);
	return result;
}

/* Any of them: which, its number tells. */
static int64_t call_xattr(struct thread *thread, const uint64_t x[6])
{
	unsigned number = (unsigned)thread->user.x[8] - FIRST;
	const struct kind *kind = &kinds[number / FORMS];

	return number % FORMS == BY_DESCRIPTOR ? at_file(thread, x, kind) : at_path(thread, x, number % FORMS == BY_PATH, kind);
}

const struct linux_call linux_calls_attributes[] = {
	{ 5, 5, "setxattr", call_xattr },
	{ 6, 5, "lsetxattr", call_xattr },
	{ 7, 5, "fsetxattr", call_xattr },
	{ 8, 4, "getxattr", call_xattr },
	{ 9, 4, "lgetxattr", call_xattr },
	{ 10, 4, "fgetxattr", call_xattr },
	{ 11, 3, "listxattr", call_xattr },
	{ 12, 3, "llistxattr", call_xattr },
	{ 13, 3, "flistxattr", call_xattr },
	{ 14, 2, "removexattr", call_xattr },
	{ 15, 2, "lremovexattr", call_xattr },
	{ 16, 2, "fremovexattr", call_xattr },
	{ 0 },
};
