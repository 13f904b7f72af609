// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* File systems that keep no owner (the bundle, /host) say so themselves. Spec: chown(2); Linux, fs/attr.c: setattr_prepare() */
#include "kernel/sys/linux/owners.h"

#include "kernel/io/fs/fs.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/identity.h"
#include "kernel/sys/linux/inotify.h"
#include "kernel/sys/linux/path.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/subject.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"

enum { GROUP_RUNS = 010, CHOWN_FLAGS = LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH };

void linux_owner_give(struct fs_node *directory, struct fs_node *made, const struct linux_subject *who)
{
	const struct fs_ops *ops = directory->fs->ops;
	struct fs_stat stat;

	if (!ops->keeps_owners)
		return;
	if (ops->stat(directory, &stat) != STATUS_OK || !(stat.permissions & FS_MODE_SETGID))
		stat.group = who->group;
	stat.user = who->user;
	if (stat.user != 0 || stat.group != 0)
		(void)!ops->set(made, FS_SET_OWNER, &stat); /* a volume that is full has it as root's */
}

/* Root gives anything away; who owns a file, to a group of his. */
static bool may_give(const struct linux_subject *who, const struct fs_stat *stat, struct linux_owner to)
{
	bool own = who->user == stat->user;

	if (linux_subject_can(who, LINUX_CAP_CHOWN))
		return true;
	return (to.user == LINUX_ID_AS_IT_IS || (to.user == stat->user && own)) &&
	       (to.group == LINUX_ID_AS_IT_IS || (own && (to.group == stat->group || linux_subject_has_group(who, to.group))));
}

/* What of the mode is lost by it. Spec: Linux, fs/attr.c: setattr_should_drop_sgid() */
static uint16_t lost(const struct linux_subject *who, const struct fs_stat *stat)
{
	bool keeps_group = (stat->permissions & GROUP_RUNS) == 0 && (linux_subject_has_group(who, stat->group) || linux_subject_can(who, LINUX_CAP_FSETID));

	return (uint16_t)(keeps_group ? FS_MODE_SETUID : FS_MODE_SETUID | FS_MODE_SETGID);
}

status_t linux_owner_lose(struct fs_node *file, const struct linux_subject *who)
{
	struct fs_stat stat;
	uint16_t losing;
	status_t status;

	if (linux_subject_can(who, LINUX_CAP_FSETID) || !file->fs->ops->keeps_owners)
		return STATUS_OK;
	status = file->fs->ops->stat(file, &stat);
	if (status != STATUS_OK)
		return status;
	losing = stat.permissions & lost(who, &stat);
	stat.permissions ^= losing;
	return losing != 0 ? file->fs->ops->set(file, FS_SET_PERMISSIONS, &stat) : STATUS_OK;
}

/* Where owners are not kept it is as if it were done. */
static status_t owner_set(struct thread *thread, struct linux_dentry *dentry, struct linux_owner to)
{
	const struct linux_subject who = linux_subject_of(thread);
	struct linux_stat stat;
	bool gives = to.user != LINUX_ID_AS_IT_IS || to.group != LINUX_ID_AS_IT_IS;
	uint32_t what = gives ? FS_SET_OWNER : 0; /* without it the file is only touched */
	uint16_t before;
	status_t status;

	if (!dentry->node->fs->ops->keeps_owners) {
		if (gives)
			linux_notify(dentry, LINUX_IN_ATTRIB);
		return STATUS_OK;
	}
	status = linux_dentry_stat(dentry, &stat);
	if (status != STATUS_OK)
		return status;
	if (!may_give(&who, &stat.fs, to))
		return STATUS_EPERM;
	before = stat.fs.permissions;
	if (dentry->node->type != FS_DIRECTORY)
		stat.fs.permissions &= (uint16_t)~lost(&who, &stat.fs);
	stat.fs.user = to.user != LINUX_ID_AS_IT_IS ? to.user : stat.fs.user;
	stat.fs.group = to.group != LINUX_ID_AS_IT_IS ? to.group : stat.fs.group;
	if (stat.fs.permissions != before)
		what |= FS_SET_PERMISSIONS;
	return linux_dentry_set(dentry, what, &stat.fs);
}

static int64_t file_give(struct thread *thread, int fd, struct linux_owner to, uint32_t rights)
{
	struct linux_file *file;
	status_t status = linux_fd_get(thread->process, fd, rights, &file);

	if (status != STATUS_OK)
		return status;
	if (linux_file_dentry(file) != NULL)
		status = owner_set(thread, linux_file_dentry(file), to);
	linux_file_put(file);
	return status;
}

static int64_t call_fchown(struct thread *thread, const uint64_t x[6])
{
	return file_give(thread, (int)x[0], (struct linux_owner){ (uint32_t)x[1], (uint32_t)x[2] }, LINUX_FILE_USE);
}

static int64_t call_fchownat(struct thread *thread, const uint64_t x[6])
{
	const struct linux_owner to = { (uint32_t)x[2], (uint32_t)x[3] };
	struct linux_walk *walk;
	status_t status;
	char first;

	if ((x[4] & ~(uint64_t)CHOWN_FLAGS) != 0)
		return STATUS_EINVAL;
	if ((x[4] & LINUX_AT_EMPTY_PATH) != 0 && (int)x[0] != LINUX_AT_FDCWD && linux_copy_in(thread, &first, x[1], 1) == STATUS_OK && first == '\0')
		return file_give(thread, (int)x[0], to, 0);
	walk = linux_walk_user(thread, (int)x[0], x[1], !(x[4] & LINUX_AT_SYMLINK_NOFOLLOW), &status);
	if (walk == NULL)
		return status;
	if (walk->found != NULL)
		status = owner_set(thread, walk->found, to);
	else
		status = walk->magic != NULL ? STATUS_OK : STATUS_ENOENT;
	linux_walk_free(walk);
	return status;
}

const struct linux_call linux_calls_owners[] = {
	{ 54, 5, "fchownat", call_fchownat },
	{ 55, 3, "fchown", call_fchown },
	{ 0 },
};
