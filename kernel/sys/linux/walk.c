// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/core/libc.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/path.h"
#include "kernel/sys/linux/permissions.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/root.h"
#include "kernel/sys/linux/subject.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"
#include "kernel/sys/linux/virtual.h"
#include "lib/string.h"

/* Among LINUX_RESOLVE_*. */
enum {
	AS_REAL_USER = 1 << 16 /* access(2) */, AS_NAME = 1 << 17 /* its last name is made, moved or removed, and not followed, whatever stands behind it */,
	AS_EMPTY = 1 << 18 /* it can be empty: AT_EMPTY_PATH */,
};

static void skip_slashes(struct linux_walk *walk)
{
	while (walk->rest < FS_PATH_MAX && walk->text[walk->rest] == '/')
		walk->rest++;
}

/* The next name off the front, and the slashes behind it. */
static struct span name_take(struct linux_walk *walk)
{
	const char *text = walk->text + walk->rest;
	const char *slash = memchr(text, '/', FS_PATH_MAX - walk->rest);
	struct span name = span_of(text, slash != NULL ? (size_t)(slash - text) : FS_PATH_MAX - walk->rest);

	walk->rest += name.len;
	skip_slashes(walk);
	return name;
}

/* Takes over the hold of `to`. */
static void go_to(struct linux_walk *walk, struct linux_dentry *to)
{
	linux_dentry_put(walk->at);
	walk->at = to;
}

/* The content of a link, as much as fits. */
static int64_t link_text(struct linux_walk *walk, struct fs_node *link, char *to, size_t bytes)
{
	if (linux_virtual_has(link))
		return linux_virtual_read_link(walk->process, link, to, bytes);
	return link->fs->ops->read_link != NULL ? link->fs->ops->read_link(link, to, bytes) : STATUS_EIO;
}

/* Whether the walk may go on at what a link says. Spec: Linux, fs/namei.c: pick_link(), nd_jump_link() */
static status_t may_follow(const struct linux_walk *walk, struct fs_node *link, bool last)
{
	bool magic = linux_virtual_has(link) && linux_virtual_is_magic(link);

	if ((walk->resolve & LINUX_RESOLVE_NO_SYMLINKS) || (magic && (walk->resolve & LINUX_RESOLVE_NO_MAGICLINKS)))
		return STATUS_ELOOP;
	if (magic && (walk->resolve & (LINUX_RESOLVE_BENEATH | LINUX_RESOLVE_IN_ROOT)))
		return STATUS_EXDEV;
	return last ? linux_may_follow(&walk->who, walk->at->node, link) : STATUS_OK;
}

/* "/" in front of a path, or of what a link says. */
static status_t go_to_top(struct linux_walk *walk)
{
	if (walk->resolve & LINUX_RESOLVE_BENEATH)
		return STATUS_EXDEV;
	if (walk->at != NULL && (walk->resolve & LINUX_RESOLVE_NO_XDEV) && walk->at->device != walk->top->device)
		return STATUS_EXDEV;
	go_to(walk, linux_dentry_hold(walk->top));
	return STATUS_OK;
}

static status_t go_up(struct linux_walk *walk)
{
	struct linux_dentry *above;
	status_t status;

	if (linux_dentry_is_same(walk->at, walk->top))
		return walk->resolve & LINUX_RESOLVE_BENEATH ? STATUS_EXDEV : STATUS_OK;
	status = linux_dentry_above(walk->top, walk->at, &above);
	if (status != STATUS_OK || above == NULL)
		return status;
	if ((walk->resolve & LINUX_RESOLVE_NO_XDEV) && above->device != walk->at->device) {
		linux_dentry_put(above);
		return STATUS_EXDEV;
	}
	go_to(walk, above);
	return STATUS_OK;
}

/* Puts the content of a link before what is left. `name_end`: where its name ended; slashes behind it still ask for a directory. */
static status_t follow_link(struct linux_walk *walk, struct fs_node *link, size_t name_end)
{
	int64_t len;

	if (walk->links++ == FS_LINKS_MAX)
		return STATUS_ELOOP;
	walk->rest = name_end;
	len = link_text(walk, link, walk->text, walk->rest);
	if (len <= 0)
		return len < 0 ? (status_t)len : STATUS_ENOENT;
	if ((size_t)len >= walk->rest) /* all the room there was: it may have been cut */
		return STATUS_ENAMETOOLONG;
	if (memchr(walk->text, 0, (size_t)len) != NULL)
		return STATUS_EIO;
	walk->rest -= (size_t)len;
	memmove(walk->text + walk->rest, walk->text, (size_t)len);
	if (walk->text[walk->rest] != '/')
		return STATUS_OK;
	skip_slashes(walk);
	return go_to_top(walk);
}

/* A descriptor's link at the end of the path names its file itself; then the walk is over. */
static status_t follow_magic(struct linux_walk *walk, struct fs_node *link)
{
	struct linux_file *file = NULL;
	struct linux_dentry *dentry;
	status_t status = linux_virtual_has(link) ? linux_virtual_magic(walk->process, link, &file) : STATUS_OK;

	if (file == NULL)
		return status;
	dentry = linux_vfs_dentry(file);
	if (dentry != NULL) {
		walk->found = linux_dentry_hold(dentry);
		linux_file_put(file);
	} else {
		walk->magic = file;
		walk->is_anothers = !linux_virtual_is_own(walk->process, link);
	}
	walk->over = true;
	return STATUS_OK;
}

/* What a name in the directory means; NULL: nothing is called so. */
static status_t look_up(struct linux_walk *walk, struct span name, struct linux_dentry **out)
{
	const struct linux_mount *mount = walk->at->is_base ? linux_root_mount(walk->root, walk->at, name) : NULL;
	struct fs_node *directory = walk->at->node;
	uint32_t moves = fs_moves(directory->fs);
	struct fs_node *node;
	status_t status;

	*out = NULL;
	if (mount != NULL && (walk->resolve & LINUX_RESOLVE_NO_XDEV))
		return STATUS_EXDEV;
	if (mount != NULL) {
		*out = linux_dentry_hold(mount->dentry);
		return STATUS_OK;
	}
	if (directory->type != FS_DIRECTORY)
		return STATUS_ENOTDIR;
	status = linux_virtual_has(directory) ? linux_virtual_lookup(walk->process, directory, name, &node) :
						directory->fs->ops->lookup(directory, name, &node);
	if (status != STATUS_OK)
		return status == STATUS_ENOENT ? STATUS_OK : status;
	*out = linux_dentry_make(walk->at, walk->at, node, name);
	if (*out == NULL)
		return STATUS_ENOMEM;
	linux_dentry_found(*out, moves);
	return STATUS_OK;
}

/* The last name of the path. Takes over the hold of `child`. */
static status_t end_at(struct linux_walk *walk, struct span name, bool slash, struct linux_dentry *child)
{
	walk->found = child;
	walk->name_bytes = (uint32_t)name.len;
	memcpy(walk->name, name.data, name.len);
	walk->name[name.len] = '\0';
	walk->is_directory = slash;
	walk->over = true;
	if (child != NULL && slash && child->node->type != FS_DIRECTORY)
		walk->late = STATUS_ENOTDIR;
	return STATUS_OK;
}

/* A name that became part of the way. */
static status_t pass(struct linux_walk *walk, struct linux_dentry *child)
{
	if (child == NULL)
		return STATUS_ENOENT;
	go_to(walk, child);
	return child->node->type == FS_DIRECTORY ? STATUS_OK : STATUS_ENOTDIR;
}

static status_t step(struct linux_walk *walk)
{
	struct span name = name_take(walk);
	size_t name_end = (size_t)(name.data - (const uint8_t *)walk->text) + name.len;
	bool last = walk->rest == FS_PATH_MAX;
	bool slash = name_end < FS_PATH_MAX;
	struct linux_dentry *child;
	status_t status;

	walk->dots = 0;
	status = linux_node_may(&walk->who, walk->at->node, LINUX_MAY_EXECUTE);
	if (status != STATUS_OK)
		return status;
	if (name.len > FS_NAME_MAX && last) {
		walk->is_directory = slash;
		walk->late = STATUS_ENAMETOOLONG;
		walk->over = true;
		return STATUS_OK;
	}
	if (name.len > FS_NAME_MAX)
		return STATUS_ENAMETOOLONG;
	if (name.len <= 2 && name.data[0] == '.' && name.data[name.len - 1] == '.') {
		walk->dots = (uint32_t)name.len;
		return name.len == 2 ? go_up(walk) : STATUS_OK;
	}
	status = look_up(walk, name, &child);
	if (status != STATUS_OK)
		return status;
	if (child != NULL && child->node->type == FS_LINK && (walk->follow || (slash && !(last && (walk->resolve & AS_NAME))))) {
		status = may_follow(walk, child->node, last);
		if (status == STATUS_OK && last && !slash)
			status = follow_magic(walk, child->node);
		if (status == STATUS_OK && !walk->over)
			status = follow_link(walk, child->node, name_end);
		linux_dentry_put(child);
		return status;
	}
	return last ? end_at(walk, name, slash, child) : pass(walk, child);
}

/* As far as the file system goes in which it is. */
static void stretch(void *arg)
{
	struct linux_walk *walk = arg;
	struct fs_service *service = walk->at->service;

	while (walk->status == STATUS_OK && !walk->over && walk->rest < FS_PATH_MAX && walk->at->service == service)
		walk->status = step(walk);
}

static void walk_begin(struct linux_walk *walk, struct process *process, bool follow)
{
	walk->at = NULL;
	walk->found = NULL;
	walk->magic = NULL;
	walk->is_anothers = false;
	walk->late = STATUS_OK;
	walk->is_directory = false;
	walk->name_bytes = 0;
	walk->dots = 0;
	walk->process = process;
	walk->root = process->personality->root;
	walk->links = 0;
	walk->follow = follow;
	walk->over = false;
	walk->status = STATUS_OK;
}

/* `at`: where a path begins that does not begin at the top; NULL: it does. */
static status_t walk_within(struct linux_walk *walk, struct process *process, struct linux_dentry *at, const char *path, bool follow, uint32_t resolve)
{
	size_t len = strnlen(path, FS_PATH_MAX + 1);

	walk_begin(walk, process, follow);
	walk->who = resolve & AS_REAL_USER ? linux_subject_real(thread_current()) : linux_subject_of(thread_current());
	walk->resolve = resolve;
	walk->top = at != NULL && (resolve & (LINUX_RESOLVE_BENEATH | LINUX_RESOLVE_IN_ROOT)) ? linux_dentry_hold(at) : linux_path_top(process);
	if (path[0] == '/')
		walk->status = go_to_top(walk);
	else
		walk->at = linux_dentry_hold(at);
	if (len == 0 && !(resolve & AS_EMPTY))
		return STATUS_ENOENT;
	if (len > FS_PATH_MAX)
		return STATUS_ENAMETOOLONG;
	walk->rest = FS_PATH_MAX - len;
	memmove(walk->text + walk->rest, path, len);
	skip_slashes(walk);
	while (walk->status == STATUS_OK && !walk->over && walk->rest < FS_PATH_MAX) {
		/* The file system stays while the stretch runs, wherever the walk goes. */
		struct linux_dentry *from = linux_dentry_hold(walk->at);

		linux_fs_run(from->service, stretch, walk);
		linux_dentry_put(from);
	}
	if (walk->status == STATUS_OK && !walk->over) {
		walk->found = linux_dentry_hold(walk->at);
		walk->is_directory = true;
	}
	return walk->status == STATUS_OK ? walk->late : walk->status;
}

status_t linux_walk(struct linux_walk *walk, struct process *process, struct linux_dentry *at, const char *path, bool follow)
{
	return walk_within(walk, process, at, path, follow, 0);
}

void linux_walk_end(struct linux_walk *walk)
{
	linux_dentry_put(walk->top);
	linux_dentry_put(walk->at);
	linux_dentry_put(walk->found);
	if (walk->magic != NULL)
		linux_file_put(walk->magic);
}

struct linux_dentry *linux_path_top(struct process *process)
{
	struct linux_fds *fds = &process->personality->fds;
	struct linux_dentry *top;

	spinlock_take(&fds->lock);
	top = linux_dentry_hold(fds->top != NULL ? fds->top : process->personality->root->dentry);
	spinlock_give(&fds->lock);
	return top;
}

/* `any`: it need not be a directory. */
static status_t path_start(struct process *process, int dirfd, bool any, struct linux_dentry **out)
{
	struct linux_fds *fds = &process->personality->fds;
	struct linux_file *file;
	status_t status;

	if (dirfd == LINUX_AT_FDCWD) {
		spinlock_take(&fds->lock);
		*out = linux_dentry_hold(fds->cwd != NULL ? fds->cwd : process->personality->root->dentry);
		spinlock_give(&fds->lock);
		return STATUS_OK;
	}
	status = linux_fd_get(process, dirfd, 0, &file);
	if (status != STATUS_OK)
		return status;
	*out = linux_vfs_dentry(file);
	if (*out == NULL || (!any && (*out)->node->type != FS_DIRECTORY))
		status = any ? STATUS_ENOENT : STATUS_ENOTDIR;
	else
		(void)linux_dentry_hold(*out);
	linux_file_put(file);
	return status;
}

status_t linux_path_start(struct process *process, int dirfd, struct linux_dentry **out)
{
	return path_start(process, dirfd, false, out);
}

static struct linux_walk *walk_try(struct thread *thread, int dirfd, uint64_t path_va, bool follow, bool late, uint32_t resolve, status_t *why)
{
	struct linux_walk *walk = malloc(sizeof(*walk));
	struct linux_dentry *start = NULL;
	int64_t len;

	*why = STATUS_ENOMEM;
	if (walk == NULL)
		return NULL;
	len = linux_copy_string(thread, walk->text, path_va, FS_PATH_MAX + 1);
	*why = len < 0 ? (status_t)len : len == 0 && !(resolve & AS_EMPTY) ? STATUS_ENOENT : STATUS_OK;
	if (*why == STATUS_OK && (walk->text[0] != '/' || (resolve & LINUX_RESOLVE_IN_ROOT)))
		*why = path_start(thread->process, dirfd, len == 0, &start);
	if (*why != STATUS_OK) {
		free(walk);
		return NULL;
	}
	*why = walk_within(walk, thread->process, start, walk->text, follow, resolve);
	linux_dentry_put(start);
	if (late && *why == walk->late)
		*why = STATUS_OK;
	if (*why == STATUS_OK)
		return walk;
	linux_walk_free(walk);
	return NULL;
}

/* What was closed is charged until it is destroyed, as linux_charge() knows; but that is waited for here: a file system's side may not yield. */
static struct linux_walk *walk_user(struct thread *thread, int dirfd, uint64_t path_va, bool follow, bool late, uint32_t resolve, status_t *why)
{
	struct linux_walk *walk = walk_try(thread, dirfd, path_va, follow, late, resolve, why);

	if (walk != NULL || *why != STATUS_ENOMEM)
		return walk;
	linux_files_settle();
	return walk_try(thread, dirfd, path_va, follow, late, resolve, why);
}

struct linux_walk *linux_walk_user(struct thread *thread, int dirfd, uint64_t path_va, bool follow, status_t *why)
{
	return walk_user(thread, dirfd, path_va, follow, false, 0, why);
}

struct linux_walk *linux_walk_user_empty(struct thread *thread, int dirfd, uint64_t path_va, bool follow, bool empty, status_t *why)
{
	return walk_user(thread, dirfd, path_va, follow, false, empty ? AS_EMPTY : 0, why);
}

struct linux_walk *linux_walk_user_late(struct thread *thread, int dirfd, uint64_t path_va, status_t *why)
{
	return linux_walk_user_within(thread, dirfd, path_va, false, AS_NAME, why);
}

struct linux_walk *linux_walk_user_within(struct thread *thread, int dirfd, uint64_t path_va, bool follow, uint32_t resolve, status_t *why)
{
	return walk_user(thread, dirfd, path_va, follow, true, resolve, why);
}

struct linux_walk *linux_walk_user_real(struct thread *thread, int dirfd, uint64_t path_va, bool follow, status_t *why)
{
	return walk_user(thread, dirfd, path_va, follow, false, AS_REAL_USER, why);
}

void linux_walk_let_go(struct linux_walk *walk)
{
	linux_dentry_put(walk->found);
	walk->found = NULL;
}

void linux_walk_free(struct linux_walk *walk)
{
	linux_walk_end(walk);
	free(walk);
}
