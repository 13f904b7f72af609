// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Directories that were moved since they were looked up: where they are is asked from them upwards, as far as the root of what the process was given, and then
 * walked down from there.
 */
#include "kernel/core/libc.h"
#include "kernel/sys/linux/dentry.h"
#include "lib/string.h"

/* A path, which grows from its end to its front. */
struct way {
	size_t at;
	char text[FS_PATH_MAX];
};

/* A name in a directory that is looked for by the number of what it names. */
struct seeking {
	struct way *way;
	uint64_t id;
	status_t status;
};

static bool seek_each(void *ctx, const struct fs_entry *entry)
{
	struct seeking *seeking = ctx;
	struct way *way = seeking->way;

	if (entry->id != seeking->id || entry->type != FS_DIRECTORY)
		return true;
	seeking->status = STATUS_ENAMETOOLONG;
	if (entry->name.len >= way->at)
		return false;
	seeking->status = STATUS_OK;
	way->at -= entry->name.len;
	memcpy(way->text + way->at, entry->name.data, entry->name.len);
	way->text[--way->at] = '/';
	return false;
}

static status_t id_of(struct fs_node *node, uint64_t *id)
{
	struct fs_stat stat = { 0 };
	status_t status = node->fs->ops->stat(node, &stat);

	*id = stat.id;
	return status;
}

/* One step up: the name of `*at`, whose number is `id`, in the directory that it is in, which it becomes. */
static status_t climb(struct way *way, struct fs_node **at, uint64_t id)
{
	struct seeking seeking = { .way = way, .id = id, .status = STATUS_ENOENT };
	struct fs_node *above;
	status_t status = (*at)->fs->ops->parent(*at, &above);

	if (status != STATUS_OK)
		return status;
	fs_node_put(*at);
	*at = above;
	status = above->fs->ops->list(above, 0, seek_each, &seeking);
	return status == STATUS_OK ? seeking.status : status;
}

/* The way from `base` to a directory below it. STATUS_ENOENT: it is not. */
static status_t way_find(struct way *way, const struct linux_dentry *base, struct fs_node *directory)
{
	uint64_t base_id, id;
	status_t status = id_of(base->node, &base_id);

	way->at = sizeof(way->text);
	fs_node_hold(directory);
	while (status == STATUS_OK && (status = id_of(directory, &id)) == STATUS_OK && id != base_id)
		status = climb(way, &directory, id);
	fs_node_put(directory);
	return status;
}

static status_t step_down(struct linux_dentry **at, struct span name, uint32_t moves)
{
	struct fs_node *node;
	struct linux_dentry *made;
	status_t status = (*at)->node->fs->ops->lookup((*at)->node, name, &node);

	if (status != STATUS_OK)
		return status;
	made = linux_dentry_make(*at, *at, node, name);
	if (made == NULL)
		return STATUS_ENOMEM;
	linux_dentry_found(made, moves);
	linux_dentry_put(*at);
	*at = made;
	return node->type == FS_DIRECTORY ? STATUS_OK : STATUS_ENOENT;
}

/* Where the way leads from `base`, held. */
static status_t way_walk(const struct way *way, struct linux_dentry *base, uint32_t moves, struct linux_dentry **out)
{
	struct linux_dentry *at = linux_dentry_hold(base);
	status_t status = STATUS_OK;

	for (size_t i = way->at; status == STATUS_OK && i < sizeof(way->text);) {
		const char *name = way->text + i + 1;
		const char *slash = memchr(name, '/', sizeof(way->text) - i - 1);
		size_t bytes = slash != NULL ? (size_t)(slash - name) : sizeof(way->text) - i - 1;

		status = step_down(&at, span_of(name, bytes), moves);
		i += 1 + bytes;
	}
	if (status == STATUS_OK)
		*out = at;
	else
		linux_dentry_put(at);
	return status;
}

static bool is_base(const struct linux_dentry *dentry)
{
	return dentry->parent == NULL || dentry->parent->service != dentry->service;
}

/* The directory by its names of now, below the root of what `like`, of the same file system, was reached by; or below `top`, where that was on the way. */
static status_t reach(struct linux_dentry *like, const struct linux_dentry *top, struct fs_node *directory, struct linux_dentry **out)
{
	uint32_t moves = fs_moves(directory->fs);
	struct way *way = malloc(sizeof(*way));
	struct linux_dentry *base = like;
	status_t status;

	if (way == NULL)
		return STATUS_ENOMEM;
	while (!is_base(base) && !linux_dentry_is_same(base, top))
		base = base->parent;
	status = way_find(way, base, directory);
	if (status == STATUS_OK)
		status = way_walk(way, base, moves, out);
	free(way);
	return status;
}

/* As linux_dentry_above(), where `above` is what the file system says. */
static status_t above_find(const struct linux_dentry *top, struct linux_dentry *dentry, struct fs_node *above, uint32_t moves, struct linux_dentry **out)
{
	uint64_t id, parent_id;
	status_t status = id_of(above, &id);

	if (status != STATUS_OK)
		return status;
	if (id_of(dentry->parent->node, &parent_id) != STATUS_OK || id != parent_id)
		return reach(dentry, top, above, out);
	atomic_store_explicit(&dentry->parent_at, moves, memory_order_relaxed);
	*out = linux_dentry_hold(dentry->parent);
	return STATUS_OK;
}

status_t linux_dentry_above(const struct linux_dentry *top, struct linux_dentry *dentry, struct linux_dentry **out)
{
	const struct fs *fs = dentry->node->fs;
	uint32_t moves = fs_moves(fs);
	status_t status = STATUS_ENOENT;
	struct fs_node *above;

	if (!is_base(dentry) && fs->ops->parent != NULL && atomic_load_explicit(&dentry->parent_at, memory_order_relaxed) != moves)
		status = fs->ops->parent(dentry->node, &above);
	if (status == STATUS_ENOENT) {
		*out = dentry->parent != NULL ? linux_dentry_hold(dentry->parent) : NULL;
		return STATUS_OK;
	}
	if (status != STATUS_OK)
		return status;
	status = above_find(top, dentry, above, moves, out);
	fs_node_put(above);
	return status;
}

struct again {
	const struct linux_dentry *top;
	struct linux_dentry *dentry, *out;
	status_t status;
};

static void again_act(void *arg)
{
	struct again *again = arg;

	again->status = reach(again->dentry, again->top, again->dentry->node, &again->out);
}

status_t linux_dentry_again(const struct linux_dentry *top, struct linux_dentry *dentry, struct linux_dentry **out)
{
	struct again again = { .top = top, .dentry = dentry };
	uint32_t moves = fs_moves(dentry->node->fs);
	const struct linux_dentry *at = dentry;

	while (!is_base(at) && !linux_dentry_is_same(at, top) && at->found_at == moves)
		at = at->parent;
	if (is_base(at) || linux_dentry_is_same(at, top) || dentry->node->fs->ops->parent == NULL) {
		*out = linux_dentry_hold(dentry);
		return STATUS_OK;
	}
	linux_fs_run(dentry->service, again_act, &again);
	*out = again.out;
	return again.status == STATUS_ESTALE ? STATUS_ENOENT : again.status;
}
