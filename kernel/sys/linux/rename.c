// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Files get other names, and second ones: two paths, looked at in Linux's order. Spec: Linux, fs/namei.c: do_renameat2(), do_linkat() */
#include "capos/abi/dir.h"
#include "kernel/cap/fs_acts.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/identity.h"
#include "kernel/sys/linux/inotify.h"
#include "kernel/sys/linux/names.h"
#include "kernel/sys/linux/permissions.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"

enum { RENAME_NOREPLACE = 1, RENAME_EXCHANGE = 2, RENAME_WHITEOUT = 4 };

static void link_act(void *arg)
{
	struct linux_name_act *act = arg;
	struct fs_node *directory = act->walk->at->node;

	act->status = FS_MAY(directory->fs, link);
	if (act->status == STATUS_OK)
		act->status = directory->fs->ops->link(directory, linux_name_of(act->walk), act->from->found->node);
	else if (act->status == STATUS_ENOTSUP)
		act->status = STATUS_EPERM;
}

static status_t link_walked(struct linux_name_act *act)
{
	struct linux_dentry *from = act->from->found;
	status_t status = linux_name_is_new(act->walk);

	if (act->from->magic != NULL)
		return STATUS_EXDEV;
	if (status == STATUS_OK && act->walk->is_directory)
		status = STATUS_ENOENT;
	if (status == STATUS_OK)
		status = linux_may_link(&act->walk->who, from);
	if (status == STATUS_OK && from->service != act->walk->at->service)
		status = STATUS_EXDEV;
	if (status == STATUS_OK)
		status = linux_may_make(act->walk);
	if (status == STATUS_OK && from->node->type == FS_DIRECTORY)
		status = STATUS_EPERM;
	if (status == STATUS_OK)
		status = linux_name_run(act, link_act);
	if (status == STATUS_OK && linux_is_watched()) {
		linux_watches_tell_self(from, LINUX_IN_ATTRIB);
		linux_notify_name(act->walk->at, linux_name_of(act->walk), LINUX_IN_CREATE);
	}
	return status;
}

static void rename_act(void *arg)
{
	struct linux_name_act *act = arg;
	struct fs_node *directory = act->from->at->node;

	act->status = FS_MAY(directory->fs, rename);
	if (act->status != STATUS_OK)
		return;
	act->leaving = linux_watches_leaving(act->walk->at->node, linux_name_of(act->walk));
	act->status = directory->fs->ops->rename(directory, linux_name_of(act->from), act->walk->at->node, linux_name_of(act->walk), act->flags != 0);
	if (act->status == STATUS_OK && act->from->found->node->type == FS_DIRECTORY)
		fs_moved(directory->fs);
}

/* Whether `below` was found in `above`, or is that itself. Where it is by now its file system alone knows. */
static bool is_in(const struct linux_dentry *below, const struct linux_dentry *above)
{
	while (below != NULL && (below->service != above->service || below->node != above->node))
		below = below->parent;
	return below != NULL;
}

/* Both last names, in the order in which Linux looks at them. */
static status_t names_are_good(const struct linux_name_act *act)
{
	status_t status = STATUS_OK;

	if (act->from->name_bytes == 0 && act->from->late == STATUS_OK)
		return STATUS_EBUSY;
	if (act->walk->name_bytes == 0 && act->walk->late == STATUS_OK)
		return act->flags == RENAME_NOREPLACE ? STATUS_EEXIST : STATUS_EBUSY;
	if (act->from->late == STATUS_ENAMETOOLONG)
		return STATUS_ENAMETOOLONG;
	status = linux_name_is_removable(act->from);
	return status == STATUS_OK && act->walk->late == STATUS_ENAMETOOLONG ? STATUS_ENAMETOOLONG : status;
}

/* Whether the user may take away what is renamed, and what is replaced (NULL: nothing is); a directory that moves has another "..", which is written to it. */
static status_t user_may(const struct linux_name_act *act, const struct linux_dentry *there)
{
	const struct linux_walk *from = act->from;
	bool moves = from->found->node->type == FS_DIRECTORY && !linux_dentry_is_same(from->at, act->walk->at);
	status_t status = linux_may_delete(from);

	if (status == STATUS_OK)
		status = there != NULL ? linux_may_delete(act->walk) : linux_may_make(act->walk);
	return status == STATUS_OK && moves ? linux_may(&from->who, from->found, LINUX_MAY_WRITE) : status;
}

/* Whether what is there can be replaced. */
static status_t replaced_check(const struct linux_name_act *act, bool directory)
{
	if (linux_name_is_removable(act->walk) != STATUS_OK)
		return STATUS_EBUSY;
	if ((act->walk->found->node->type == FS_DIRECTORY) != directory)
		return directory ? STATUS_ENOTDIR : STATUS_EISDIR;
	return STATUS_OK;
}

/* That one would be in the other is told before all that is wrong besides. */
static status_t refusal(const struct linux_name_act *act, const struct linux_dentry *there, status_t status)
{
	if (is_in(act->walk->at, act->from->found))
		return STATUS_EINVAL;
	return there != NULL && is_in(act->from->at, there) ? STATUS_ENOTEMPTY : status;
}

static void exchange_act(void *arg)
{
	struct linux_name_act *act = arg;
	struct fs_node *directory = act->from->at->node;

	act->status = FS_MAY(directory->fs, exchange);
	if (act->status == STATUS_OK)
		act->status = directory->fs->ops->exchange(directory, linux_name_of(act->from), act->walk->at->node, linux_name_of(act->walk));
	else if (act->status == STATUS_ENOTSUP)
		act->status = STATUS_EINVAL;
	if (act->status == STATUS_OK && (act->from->found->node->type == FS_DIRECTORY || act->walk->found->node->type == FS_DIRECTORY))
		fs_moved(directory->fs);
}

/* Each gets the other's name. */
static status_t exchange_walked(struct linux_name_act *act)
{
	static const struct linux_leaving nothing;
	const struct linux_dentry *found = act->from->found;
	const struct linux_dentry *there = act->walk->found;
	status_t status;

	if (there == NULL)
		return STATUS_ENOENT;
	if ((act->walk->is_directory && there->node->type != FS_DIRECTORY) || (act->from->is_directory && found->node->type != FS_DIRECTORY))
		return STATUS_ENOTDIR;
	if (is_in(act->walk->at, found) || is_in(act->from->at, there))
		return STATUS_EINVAL;
	if (found->node == there->node)
		return STATUS_OK;
	status = linux_name_is_removable(act->walk);
	if (status == STATUS_OK)
		status = user_may(act, there);
	if (status == STATUS_OK && there->node->type == FS_DIRECTORY && !linux_dentry_is_same(act->from->at, act->walk->at))
		status = linux_may(&act->walk->who, act->walk->found, LINUX_MAY_WRITE);
	if (status == STATUS_OK)
		status = linux_dentry_may(act->from->at, CAPOS_DIR_RIGHT_CREATE);
	if (status == STATUS_OK)
		status = linux_name_run(act, exchange_act);
	if (status == STATUS_OK) {
		linux_dentries_moved(act->from, act->walk);
		linux_dentries_moved(act->walk, act->from);
	}
	if (status == STATUS_OK && linux_is_watched()) {
		linux_watches_moved(act->from, act->walk, &nothing);
		linux_watches_moved(act->walk, act->from, &nothing);
	}
	return status;
}

static status_t rename_walked(struct linux_name_act *act)
{
	struct linux_dentry *there = act->walk->found;
	status_t status;
	bool directory;

	if (act->from->at->service != act->walk->at->service || act->from->at->device != act->walk->at->device)
		return STATUS_EXDEV;
	status = names_are_good(act);
	if (status != STATUS_OK)
		return status;
	if (act->flags == RENAME_EXCHANGE)
		return exchange_walked(act);
	if ((act->flags & ~(uint32_t)RENAME_NOREPLACE) != 0)
		return STATUS_EINVAL; /* no file system can */
	directory = act->from->found->node->type == FS_DIRECTORY;
	if (there != NULL && act->flags != 0)
		return STATUS_EEXIST;
	if ((act->from->is_directory || act->walk->is_directory) && !directory)
		return STATUS_ENOTDIR;
	if (there != NULL && there->node == act->from->found->node)
		return linux_dentry_may(act->walk->at, CAPOS_DIR_RIGHT_CREATE); /* there is nothing to be done */
	status = user_may(act, there);
	if (status == STATUS_OK && there != NULL)
		status = replaced_check(act, directory);
	if (status != STATUS_OK)
		return refusal(act, there, status);
	linux_walk_let_go(act->walk);
	status = linux_dentry_may(act->from->at, CAPOS_DIR_RIGHT_CREATE);
	if (status == STATUS_OK)
		status = linux_name_run(act, rename_act);
	if (status == STATUS_OK)
		linux_dentries_moved(act->from, act->walk);
	if (status == STATUS_OK && linux_is_watched())
		linux_watches_moved(act->from, act->walk, &act->leaving);
	return status;
}

/* Walks the second path, and does with both what is to be done. */
static int64_t second_run(struct thread *thread, const uint64_t x[4], struct linux_name_act *act, status_t (*run)(struct linux_name_act *act))
{
	status_t status;

	act->walk = linux_walk_user_late(thread, (int)x[2], x[3], &status);
	if (act->walk == NULL)
		return status;
	status = run(act);
	linux_walk_free(act->walk);
	return status;
}

/* What is linked to has to be there before the second path is looked at. Spec: Linux, fs/namei.c: do_linkat() */
static int64_t call_linkat(struct thread *thread, const uint64_t x[6])
{
	const struct linux_subject who = linux_subject_of(thread);
	int64_t status;
	status_t why;
	struct linux_name_act act = { 0 };

	if ((x[4] & ~(uint64_t)(LINUX_AT_SYMLINK_FOLLOW | LINUX_AT_EMPTY_PATH)) != 0)
		return STATUS_EINVAL;
	if ((x[4] & LINUX_AT_EMPTY_PATH) != 0 && !linux_subject_can(&who, LINUX_CAP_DAC_READ_SEARCH))
		return STATUS_ENOENT;
	act.from = linux_walk_user_empty(thread, (int)x[0], x[1], (x[4] & LINUX_AT_SYMLINK_FOLLOW) != 0, (x[4] & LINUX_AT_EMPTY_PATH) != 0, &why);
	if (act.from == NULL)
		return why;
	status = act.from->found == NULL && act.from->magic == NULL ? STATUS_ENOENT : second_run(thread, x, &act, link_walked);
	linux_walk_free(act.from);
	return status;
}

static int64_t rename_at(struct thread *thread, const uint64_t x[4], uint32_t flags)
{
	int64_t status;
	status_t why;
	struct linux_name_act act = { .flags = flags, .from = linux_walk_user_late(thread, (int)x[0], x[1], &why) };

	if (act.from == NULL)
		return why;
	status = second_run(thread, x, &act, rename_walked);
	linux_walk_free(act.from);
	return status;
}

static int64_t call_renameat(struct thread *thread, const uint64_t x[6])
{
	return rename_at(thread, x, 0);
}

static int64_t call_renameat2(struct thread *thread, const uint64_t x[6])
{
	uint32_t flags = (uint32_t)x[4];

	if ((flags & ~(uint32_t)(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT)) != 0 ||
	    ((flags & RENAME_EXCHANGE) != 0 && flags != RENAME_EXCHANGE))
		return STATUS_EINVAL;
	return rename_at(thread, x, flags);
}

const struct linux_call linux_calls_rename[] = {
	{ 37, 5, "linkat", call_linkat },
	{ 38, 4, "renameat", call_renameat },
	{ 276, 5, "renameat2", call_renameat2 },
	{ 0 },
};
