// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Names are made and removed; and what symbolic links hold is read. */
#include "kernel/sys/linux/names.h"

#include "capos/abi/dir.h"
#include "kernel/cap/fs_acts.h"
#include "kernel/core/libc.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/inotify.h"
#include "kernel/sys/linux/owners.h"
#include "kernel/sys/linux/permissions.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"
#include "kernel/sys/linux/virtual.h"
#include "lib/string.h"

enum { PERMISSIONS_MASK = 07777, DIRECTORY_MASK = 01777 };

status_t linux_name_run(struct linux_name_act *act, void (*run)(void *arg))
{
	status_t status = linux_dentry_may(act->walk->at, CAPOS_DIR_RIGHT_CREATE);

	if (status != STATUS_OK)
		return status;
	linux_fs_run(act->walk->at->service, run, act);
	return act->status;
}

status_t linux_name_is_new(const struct linux_walk *walk)
{
	if (walk->late == STATUS_ENAMETOOLONG)
		return STATUS_ENAMETOOLONG;
	return walk->found != NULL || walk->magic != NULL ? STATUS_EEXIST : STATUS_OK;
}

/* The same for what is no directory, which a path that ends in '/' means. */
static status_t is_new_file(const struct linux_walk *walk)
{
	status_t status = linux_name_is_new(walk);

	return status == STATUS_OK && walk->is_directory ? STATUS_ENOENT : status;
}

status_t linux_name_is_removable(const struct linux_walk *walk)
{
	if (walk->name_bytes == 0)
		return STATUS_EBUSY;
	if (walk->found == NULL)
		return STATUS_ENOENT;
	return walk->found->service != walk->at->service || walk->found->is_base ? STATUS_EBUSY : STATUS_OK; /* something is mounted there */
}

static void make_act(void *arg)
{
	struct linux_name_act *act = arg;
	struct fs_node *directory = act->walk->at->node;
	struct fs_node *made = NULL;
	struct fs_stat stat;

	act->status = FS_MAY(directory->fs, create);
	if (act->status == STATUS_OK && act->type == FS_DIRECTORY && directory->fs->ops->stat(directory, &stat) == STATUS_OK)
		act->permissions |= stat.permissions & FS_MODE_SETGID;
	if (act->status == STATUS_OK && act->type != FS_DIRECTORY && !directory->fs->ops->names_others)
		act->status = STATUS_EPERM;
	if (act->status == STATUS_OK)
		act->status = directory->fs->ops->create(directory, linux_name_of(act->walk), act->type, act->permissions, &made);
	if (made == NULL)
		return;
	linux_owner_give(directory, made, &act->walk->who);
	fs_node_put(made);
}

status_t linux_path_make(struct linux_walk *walk, enum fs_type type, uint32_t permissions)
{
	struct linux_name_act act = { .walk = walk, .type = type, .permissions = (uint16_t)(permissions & PERMISSIONS_MASK) };
	status_t status = linux_name_is_new(walk);

	if (status == STATUS_OK)
		status = linux_may_make(walk);
	if (status == STATUS_OK)
		status = linux_name_run(&act, make_act);
	if (status == STATUS_OK)
		linux_notify_name(walk->at, linux_name_of(walk), LINUX_IN_CREATE | (type == FS_DIRECTORY ? (uint32_t)LINUX_IN_ISDIR : 0));
	return status;
}

static int64_t call_mkdirat(struct thread *thread, const uint64_t x[6])
{
	status_t status;
	struct linux_walk *walk = linux_walk_user_late(thread, (int)x[0], x[1], &status);

	if (walk == NULL)
		return status;
	status = linux_path_make(walk, FS_DIRECTORY, (uint32_t)x[2] & DIRECTORY_MASK & ~linux_process_of(thread)->fds.umask);
	linux_walk_free(walk);
	return status;
}

/* A file, or a name for a pipe or a socket; devices are nothing that a program can make. */
static int64_t call_mknodat(struct thread *thread, const uint64_t x[6])
{
	uint32_t type = (uint32_t)x[2] & LINUX_S_IFMT;
	struct linux_file *file = NULL;
	struct linux_walk *walk;
	status_t status;

	if (type == LINUX_S_IFDIR)
		return STATUS_EPERM;
	if (type != 0 && type != LINUX_S_IFREG && type != LINUX_S_IFCHR && type != LINUX_S_IFBLK && type != LINUX_S_IFIFO && type != LINUX_S_IFSOCK)
		return STATUS_EINVAL;
	walk = linux_walk_user_late(thread, (int)x[0], x[1], &status);
	if (walk == NULL)
		return status;
	status = is_new_file(walk);
	if (status == STATUS_OK && (type == LINUX_S_IFIFO || type == LINUX_S_IFSOCK))
		status = linux_path_make(walk, type == LINUX_S_IFIFO ? FS_PIPE : FS_OTHER, (uint32_t)x[2] & ~linux_process_of(thread)->fds.umask);
	else if (status == STATUS_OK && type != 0 && type != LINUX_S_IFREG)
		status = STATUS_EPERM;
	else if (status == STATUS_OK)
		status = linux_path_open(walk, LINUX_O_CREAT | LINUX_O_EXCL, (uint32_t)x[2] & PERMISSIONS_MASK & ~linux_process_of(thread)->fds.umask, &file);
	linux_walk_free(walk);
	if (file != NULL)
		linux_file_put(file);
	return status;
}

static void unlink_act(void *arg)
{
	struct linux_name_act *act = arg;
	struct fs_node *directory = act->walk->at->node;

	act->status = FS_MAY(directory->fs, remove);
	if (act->status != STATUS_OK)
		return;
	act->leaving = linux_watches_leaving(directory, linux_name_of(act->walk));
	act->status = directory->fs->ops->remove(directory, linux_name_of(act->walk), act->flags != 0);
	if (act->status == STATUS_OK && act->flags != 0)
		fs_moved(directory->fs);
}

status_t linux_path_remove(struct linux_walk *walk, uint32_t flags)
{
	struct linux_name_act act = { .walk = walk, .flags = flags };
	status_t status;

	linux_walk_let_go(walk);
	status = linux_name_run(&act, unlink_act);
	if (status == STATUS_OK && act.leaving.fs != NULL) {
		linux_watches_left(&act.leaving);
		linux_notify_name(walk->at, linux_name_of(walk), LINUX_IN_DELETE | (flags != 0 ? (uint32_t)LINUX_IN_ISDIR : 0));
	}
	return status;
}

/* In Linux's order: who may not take it away is told so before what it is, but where a '/' stands behind it. */
static status_t may_unlink(const struct linux_walk *walk, uint32_t flags)
{
	bool slash = walk->is_directory && walk->name_bytes > 0;
	status_t status;

	if (walk->late == STATUS_ENAMETOOLONG || (walk->late != STATUS_OK && flags == 0))
		return walk->late;
	if (walk->name_bytes == 0)
		return flags == 0 ? STATUS_EISDIR : walk->dots == 1 ? STATUS_EINVAL : walk->dots == 2 ? STATUS_ENOTEMPTY : STATUS_EBUSY;
	if (walk->found != NULL && slash && flags == 0)
		return STATUS_EISDIR;
	status = walk->found != NULL ? linux_may_delete(walk) : STATUS_OK;
	if (status != STATUS_OK)
		return status;
	if (walk->found != NULL && (walk->found->node->type == FS_DIRECTORY) != (flags != 0))
		return flags != 0 ? STATUS_ENOTDIR : STATUS_EISDIR; /* told before that something is mounted there */
	return linux_name_is_removable(walk);
}

static int64_t call_unlinkat(struct thread *thread, const uint64_t x[6])
{
	uint32_t flags = (uint32_t)x[2];
	struct linux_walk *walk;
	status_t status;

	if ((x[2] & ~(uint64_t)LINUX_AT_REMOVEDIR) != 0)
		return STATUS_EINVAL;
	walk = linux_walk_user_late(thread, (int)x[0], x[1], &status);
	if (walk == NULL)
		return status;
	status = may_unlink(walk, flags);
	if (status == STATUS_OK)
		status = linux_path_remove(walk, flags);
	linux_walk_free(walk);
	return status;
}

static void symlink_act(void *arg)
{
	struct linux_name_act *act = arg;
	struct fs_node *directory = act->walk->at->node;
	struct fs_node *made;

	act->status = FS_MAY(directory->fs, symlink);
	if (act->status == STATUS_OK)
		act->status = directory->fs->ops->symlink(directory, linux_name_of(act->walk), act->text);
	else if (act->status == STATUS_ENOTSUP)
		act->status = STATUS_EPERM;
	if (act->status != STATUS_OK || !directory->fs->ops->keeps_owners || directory->fs->ops->lookup(directory, linux_name_of(act->walk), &made) != STATUS_OK)
		return;
	linux_owner_give(directory, made, &act->walk->who);
	fs_node_put(made);
}

static status_t symlink_to(struct thread *thread, struct linux_name_act *act, int dirfd, uint64_t path_va)
{
	status_t status;

	act->walk = linux_walk_user_late(thread, dirfd, path_va, &status);
	if (act->walk == NULL)
		return status;
	status = is_new_file(act->walk);
	if (status == STATUS_OK)
		status = linux_may_make(act->walk);
	if (status == STATUS_OK)
		status = linux_name_run(act, symlink_act);
	if (status == STATUS_OK)
		linux_notify_name(act->walk->at, linux_name_of(act->walk), LINUX_IN_CREATE);
	linux_walk_free(act->walk);
	return status;
}

static int64_t call_symlinkat(struct thread *thread, const uint64_t x[6])
{
	char *target = malloc(FS_PATH_MAX + 1);
	struct linux_name_act act = { 0 };
	int64_t result;

	if (target == NULL)
		return STATUS_ENOMEM;
	result = linux_copy_string(thread, target, x[0], FS_PATH_MAX + 1);
	if (result == 0)
		result = STATUS_ENOENT;
	if (result > 0) {
		act.text = span_of(target, (size_t)result);
		result = symlink_to(thread, &act, (int)x[1], x[2]);
	}
	free(target);
	return result;
}

struct link_read {
	struct fs_node *node;
	char *text;
	int64_t result;
};

static void read_link_act(void *arg)
{
	struct link_read *read = arg;

	read->result = read->node->fs->ops->read_link != NULL ? read->node->fs->ops->read_link(read->node, read->text, FS_PATH_MAX) : STATUS_EIO;
}

static int64_t read_link(struct thread *thread, struct linux_dentry *link, char *text)
{
	struct link_read read = { .node = link->node, .text = text };

	if (link->node->type != FS_LINK)
		return STATUS_EINVAL;
	if (linux_virtual_has(link->node))
		return linux_virtual_read_link(thread->process, link->node, text, FS_PATH_MAX);
	linux_fs_run(link->service, read_link_act, &read);
	return read.result;
}

static int64_t call_readlinkat(struct thread *thread, const uint64_t x[6])
{
	struct linux_walk *walk;
	status_t status;
	int64_t len;
	bool empty;

	if ((int32_t)x[3] <= 0)
		return STATUS_EINVAL;
	walk = linux_walk_user_empty(thread, (int)x[0], x[1], false, true, &status);
	if (walk == NULL)
		return status;
	empty = walk->text[0] == '\0';
	len = walk->found != NULL ? read_link(thread, walk->found, walk->text) : STATUS_ENOENT;
	if (len == STATUS_EINVAL && empty)
		len = STATUS_ENOENT;
	if (len > FS_PATH_MAX)
		len = FS_PATH_MAX;
	if (len > (int32_t)x[3])
		len = (int32_t)x[3];
	if (len > 0 && linux_copy_out(thread, x[2], walk->text, (size_t)len) != STATUS_OK)
		len = STATUS_EFAULT;
	linux_walk_free(walk);
	return len;
}

const struct linux_call linux_calls_names[] = {
	{ 33, 4, "mknodat", call_mknodat },
	{ 34, 3, "mkdirat", call_mkdirat },
	{ 35, 3, "unlinkat", call_unlinkat },
	{ 36, 3, "symlinkat", call_symlinkat },
	{ 78, 4, "readlinkat", call_readlinkat },
	{ 0 },
};
