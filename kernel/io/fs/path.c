// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/fs/path.h"

#include "lib/string.h"

static bool is_name(struct span name, const char *text)
{
	size_t len = strlen(text);

	return name.len == len && memcmp(name.data, text, len) == 0;
}

/* What is left; empty at the end. */
static struct span rest_of(const struct path_walk *walk)
{
	return span_of(walk->text + walk->at, FS_PATH_MAX - walk->at);
}

static void skip_slashes(struct path_walk *walk)
{
	while (walk->at < FS_PATH_MAX && walk->text[walk->at] == '/')
		walk->at++;
}

/* The next name off the front, and the slashes behind it. */
static struct span name_take(struct path_walk *walk)
{
	struct span rest = rest_of(walk);
	const uint8_t *slash = memchr(rest.data, '/', rest.len);
	struct span name = span_of(rest.data, slash != NULL ? (size_t)(slash - rest.data) : rest.len);

	walk->at += name.len;
	skip_slashes(walk);
	return name;
}

static void go_up(struct path_walk *walk)
{
	if (walk->depth > 0)
		fs_node_put(walk->way[walk->depth--]);
}

static void go_to_root(struct path_walk *walk)
{
	while (walk->depth > 0)
		go_up(walk);
}

/* Takes over the hold of `node`. */
static status_t go_down(struct path_walk *walk, struct fs_node *node)
{
	status_t status = node->type != FS_DIRECTORY ? STATUS_ENOTDIR : walk->depth == PATH_DEPTH_MAX ? STATUS_ENAMETOOLONG : STATUS_OK;

	if (status != STATUS_OK)
		fs_node_put(node);
	else
		walk->way[++walk->depth] = node;
	return status;
}

/*
 * Puts the content of a link before what is left. `name_end`: where its name ended; slashes behind it stay, so that they still ask for a
 * directory.
 */
static status_t follow_link(struct path_walk *walk, struct fs_node *link, size_t name_end)
{
	const struct fs_ops *ops = link->fs->ops;
	int64_t len;

	if (walk->links++ == FS_LINKS_MAX)
		return STATUS_ELOOP;
	if (ops->read_link == NULL)
		return STATUS_EIO;
	walk->at = name_end;
	len = ops->read_link(link, walk->text, walk->at);
	if (len < 0)
		return (status_t)len;
	if (len == 0)
		return STATUS_ENOENT;
	if ((size_t)len >= walk->at) /* all the room there was: it may have been cut */
		return STATUS_ENAMETOOLONG;
	if (memchr(walk->text, 0, (size_t)len) != NULL)
		return STATUS_EIO;
	walk->at -= (size_t)len;
	memmove(walk->text + walk->at, walk->text, (size_t)len);
	if (walk->text[walk->at] == '/')
		go_to_root(walk);
	skip_slashes(walk);
	return STATUS_OK;
}

/* The path is over, at a directory on the way. */
static void end_here(struct path_walk *walk)
{
	walk->node = path_directory(walk);
	fs_node_hold(walk->node);
	walk->name = span_of(NULL, 0);
	walk->is_directory = true;
}

/* A name that is the last one, or becomes part of the way. `*over`: nothing is left. */
static status_t step(struct path_walk *walk, bool follow, bool *over)
{
	struct span name = name_take(walk);
	size_t name_end = (size_t)(name.data - (const uint8_t *)walk->text) + name.len;
	bool last = walk->at == FS_PATH_MAX;
	bool slash = name_end < FS_PATH_MAX;
	struct fs_node *node = NULL;
	status_t status;

	if (name.len > FS_NAME_MAX)
		return STATUS_ENAMETOOLONG;
	if (is_name(name, "..") || is_name(name, ".")) {
		if (name.len == 2)
			go_up(walk);
		return STATUS_OK;
	}
	status = path_directory(walk)->fs->ops->lookup(path_directory(walk), name, &node);
	if (status == STATUS_ENOENT && last)
		node = NULL;
	else if (status != STATUS_OK)
		return status;
	if (node != NULL && node->type == FS_LINK && (follow || slash)) {
		status = follow_link(walk, node, name_end);
		fs_node_put(node);
		return status;
	}
	if (!last)
		return go_down(walk, node);
	walk->node = node;
	walk->name = name;
	walk->is_directory = slash;
	*over = true;
	return node != NULL && slash && node->type != FS_DIRECTORY ? STATUS_ENOTDIR : STATUS_OK;
}

status_t path_walk(struct path_walk *walk, struct fs_node *root, struct span path, bool follow)
{
	status_t status = STATUS_OK;
	bool over = false;

	walk->node = NULL;
	walk->depth = 0;
	walk->links = 0;
	walk->at = FS_PATH_MAX;
	walk->way[0] = root;
	fs_node_hold(root);
	if (path.len > FS_PATH_MAX)
		return STATUS_ENAMETOOLONG;
	if (memchr(path.data, 0, path.len) != NULL)
		return STATUS_EINVAL;
	walk->at -= path.len;
	memcpy(walk->text + walk->at, path.data, path.len);
	skip_slashes(walk);
	while (status == STATUS_OK && !over && walk->at < FS_PATH_MAX)
		status = step(walk, follow, &over);
	if (status == STATUS_OK && !over)
		end_here(walk);
	return status;
}

void path_end(struct path_walk *walk)
{
	if (walk->node != NULL)
		fs_node_put(walk->node);
	go_to_root(walk);
	fs_node_put(walk->way[0]);
}
