// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What a walk has come to is opened, and made where it was not there. */
#include "capos/abi/dir.h"
#include "kernel/cap/fs_acts.h"
#include "kernel/core/libc.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/inotify.h"
#include "kernel/sys/linux/owners.h"
#include "kernel/sys/linux/path.h"
#include "kernel/sys/linux/permissions.h"
#include "kernel/sys/linux/pipe.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/subject.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"
#include "kernel/sys/linux/virtual.h"
#include "lib/format.h"
#include "lib/string.h"

struct create {
	struct linux_walk *walk;
	uint16_t permissions;
	status_t status;
};

static void create_act(void *arg)
{
	struct create *create = arg;
	struct linux_walk *walk = create->walk;
	struct fs_node *directory = walk->at->node;
	struct fs_node *made;

	create->status = FS_MAY(directory->fs, create);
	if (create->status == STATUS_OK)
		create->status = directory->fs->ops->create(directory, span_of(walk->name, walk->name_bytes), FS_FILE, create->permissions, &made);
	if (create->status != STATUS_OK)
		return;
	linux_owner_give(directory, made, &walk->who);
	walk->found = linux_dentry_make(walk->at, walk->at, made, span_of(walk->name, walk->name_bytes));
	if (walk->found == NULL)
		create->status = STATUS_ENOMEM;
}

static status_t file_create(struct linux_walk *walk, uint32_t permissions)
{
	struct create create = { .walk = walk, .permissions = (uint16_t)permissions, .status = linux_may_make(walk) };

	if (walk->is_directory)
		return STATUS_EISDIR;
	if (create.status == STATUS_OK)
		linux_fs_run(walk->at->service, create_act, &create);
	if (create.status == STATUS_OK)
		linux_notify_name(walk->at, span_of(walk->name, walk->name_bytes), LINUX_IN_CREATE);
	return create.status;
}

/* Whether the process may open it so, and its user: what he has just made he may whatever its mode, and what he runs he need not read. */
static status_t may_use(const struct linux_walk *walk, uint32_t flags, bool made)
{
	bool writes = (flags & LINUX_O_ACCMODE) != 0 || (flags & LINUX_O_TRUNC) != 0;
	bool reads = (flags & LINUX_O_ACCMODE) != LINUX_O_WRONLY;
	uint32_t read_right = walk->found->node->type == FS_DIRECTORY ? (uint32_t)CAPOS_DIR_RIGHT_LIST : (uint32_t)CAPOS_DIR_RIGHT_READ;
	status_t status = linux_dentry_may(walk->found, (reads ? read_right : 0) | (writes ? (uint32_t)CAPOS_DIR_RIGHT_WRITE : 0));

	if (status != STATUS_OK || made || (flags & LINUX_O_EXEC) != 0)
		return status;
	status = linux_may(&walk->who, walk->found, (reads ? (uint32_t)LINUX_MAY_READ : 0) | (writes ? (uint32_t)LINUX_MAY_WRITE : 0));
	return status == STATUS_OK && (flags & LINUX_O_NOATIME) != 0 ? linux_may_as_owner(&walk->who, walk->found) : status;
}

/* Whether what is there may be opened so. */
static status_t may_open(const struct linux_walk *walk, uint32_t flags, bool made)
{
	const struct linux_dentry *dentry = walk->found;
	enum fs_type type = dentry->node->type;
	status_t status;

	if ((flags & LINUX_O_DIRECTORY) != 0 && type != FS_DIRECTORY)
		return STATUS_ENOTDIR;
	if ((flags & LINUX_O_PATH) != 0)
		return STATUS_OK;
	if (type == FS_LINK)
		return STATUS_ELOOP;
	if ((flags & LINUX_O_EXEC) != 0 && type != FS_FILE)
		return STATUS_EACCES;
	if (type == FS_DIRECTORY && ((flags & LINUX_O_ACCMODE) != 0 || (flags & (LINUX_O_CREAT | LINUX_O_TRUNC)) != 0))
		return STATUS_EISDIR;
	status = may_use(walk, flags, made);
	return status == STATUS_OK && type == FS_OTHER && !linux_virtual_has(dentry->node) ? STATUS_ENXIO : status;
}

/* A descriptor's link to what has no name: the same open file, as far as it may be used so; another process's is its own. */
static status_t open_magic(struct linux_walk *walk, uint32_t flags, struct linux_file **out)
{
	uint32_t has = linux_file_flags(walk->magic) & LINUX_O_ACCMODE;

	if (walk->is_anothers)
		return STATUS_EACCES;
	if ((flags & LINUX_O_PATH) == 0 && has != LINUX_O_RDWR && has != (flags & LINUX_O_ACCMODE))
		return STATUS_EACCES;
	*out = walk->magic;
	walk->magic = NULL;
	return STATUS_OK;
}

static status_t open_found(struct linux_walk *walk, uint32_t flags, bool made, struct linux_file **out)
{
	static const struct fs_stat empty;
	struct linux_dentry *found = walk->found;
	status_t status = may_open(walk, flags, made);

	if (status != STATUS_OK)
		return status;
	if (found->node->type == FS_PIPE && !(flags & LINUX_O_PATH))
		return linux_fifo_open(found, flags, out);
	if (linux_virtual_has(found->node) && found->node->type != FS_DIRECTORY && !(flags & LINUX_O_PATH))
		return linux_virtual_open(walk->process, found, flags, out);
	if ((flags & LINUX_O_TRUNC) != 0 && !(flags & LINUX_O_PATH))
		status = linux_dentry_set(found, FS_SET_SIZE, &empty);
	if (status != STATUS_OK)
		return status;
	*out = linux_vfs_file_make(found, flags & ~(uint32_t)(LINUX_O_CREAT | LINUX_O_EXCL | LINUX_O_TRUNC | LINUX_O_NOCTTY | LINUX_O_CLOEXEC | LINUX_O_EXEC));
	return *out != NULL ? STATUS_OK : STATUS_ENOMEM;
}

status_t linux_path_open(struct linux_walk *walk, uint32_t flags, uint32_t permissions, struct linux_file **out)
{
	status_t status = STATUS_OK;

	if ((flags & LINUX_O_TMPFILE) == LINUX_O_TMPFILE)
		return STATUS_ENOTSUP;
	if (walk->magic != NULL)
		return open_magic(walk, flags, out);
	if (walk->found != NULL)
		return (flags & LINUX_O_CREAT) && (flags & LINUX_O_EXCL) ? STATUS_EEXIST : open_found(walk, flags, false, out);
	if (!(flags & LINUX_O_CREAT))
		return STATUS_ENOENT;
	status = file_create(walk, permissions);
	if (status == STATUS_EEXIST && !(flags & LINUX_O_EXCL))
		return STATUS_EAGAIN; /* somebody else has just made it */
	return status == STATUS_OK ? open_found(walk, flags & ~(uint32_t)LINUX_O_TRUNC, true, out) : status;
}

/* A program's file by its name. */
static status_t program_walk(struct process *process, int dirfd, const char *path, bool follow, struct linux_file **out)
{
	struct linux_walk *walk = malloc(sizeof(*walk));
	struct linux_dentry *start;
	status_t status;

	if (walk == NULL)
		return STATUS_ENOMEM;
	status = linux_path_start(process, path[0] == '/' ? LINUX_AT_FDCWD : dirfd, &start);
	if (status == STATUS_OK) {
		status = linux_walk(walk, process, start, path, follow);
		linux_dentry_put(start);
		if (status == STATUS_OK)
			status = linux_path_open(walk, LINUX_O_EXEC, 0, out);
		if (status == STATUS_OK)
			linux_vfs_opened(*out);
		linux_walk_end(walk);
	}
	free(walk);
	return status;
}

static status_t may_run(struct linux_file *file)
{
	const struct linux_subject who = linux_subject_of(thread_current());
	struct linux_dentry *dentry = linux_vfs_dentry(file);
	status_t status;

	if (dentry == NULL || dentry->node->type != FS_FILE)
		return STATUS_EACCES;
	status = linux_dentry_may(dentry, CAPOS_DIR_RIGHT_EXEC);
	return status == STATUS_OK ? linux_may(&who, dentry, LINUX_MAY_EXECUTE) : status;
}

status_t linux_open_program(struct process *process, int dirfd, const char *path, unsigned at_flags, struct linux_file **out)
{
	struct linux_file *named;
	status_t status;

	if (path[0] == '\0' && (at_flags & LINUX_AT_EMPTY_PATH) != 0)
		status = linux_fd_get(process, dirfd, 0, out);
	else if (path[0] == '\0')
		status = STATUS_ENOENT; /* whatever the descriptor is */
	else
		status = program_walk(process, dirfd, path, !(at_flags & LINUX_AT_SYMLINK_NOFOLLOW), out);
	if (status != STATUS_OK)
		return status;
	status = may_run(*out);
	if (status == STATUS_OK && !(linux_file_flags(*out) & LINUX_O_PATH))
		return STATUS_OK;
	named = *out;
	*out = status == STATUS_OK ? linux_vfs_file_make(linux_vfs_dentry(named), 0) : NULL; /* what only names it is opened */
	linux_file_put(named);
	return status == STATUS_OK && *out == NULL ? STATUS_ENOMEM : status;
}

size_t linux_file_path(struct linux_file *file, char *to, size_t bytes)
{
	struct linux_dentry *dentry = linux_file_dentry(file);
	int64_t len = dentry != NULL ? linux_dentry_path(dentry, to, bytes) : STATUS_ENOENT;
	struct linux_stat stat;

	if (len >= 0)
		return (size_t)len;
	if (file->ops->path != NULL)
		return file->ops->path(file, to, bytes);
	if (strchr(file->ops->name, '/') != NULL || strchr(file->ops->name, ':') != NULL)
		len = format_print(to, bytes, "%s", file->ops->name);
	else
		len = format_print(to, bytes, "%s:[%llu]", file->ops->name, linux_file_stat(file, &stat) == STATUS_OK ? (unsigned long long)stat.fs.id : 0);
	return (size_t)len < bytes ? (size_t)len : bytes - 1;
}
