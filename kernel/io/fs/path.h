// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Paths: from a directory, the root of all that a walk can reach, to what a name in it means. Pure but for the file system it asks.
 *
 * The directories on the way are held, from the root on, and ".." is the one before: no file system is asked for a parent, so that a walk
 * cannot leave its root, whatever links say and whatever is moved meanwhile. An absolute link begins at that root again.
 */
#ifndef KERNEL_IO_FS_PATH_H
#define KERNEL_IO_FS_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "kernel/io/fs/fs.h"
#include "lib/span.h"
#include "lib/status.h"

enum { PATH_DEPTH_MAX = 128 /* directories below the root */ };

/* A walk, and where it has come to. 5 KiB: from the heap. */
struct path_walk {
	/* Read after path_walk(). */
	struct fs_node *node; /* what the path names; held. NULL: there is nothing of that name */
	struct span name;     /* its name in path_directory(); empty where the path ended at a directory on the way: "", "/", "a/.." */
	bool is_directory;    /* the path ended in '/', or as just said: it means a directory and nothing else */

	/* The walk's own. */
	struct fs_node *way[PATH_DEPTH_MAX + 1]; /* held */
	unsigned depth;
	unsigned links;
	size_t at; /* what is left of the path lies at the end of `text` */
	char text[FS_PATH_MAX + 1];
};

/*
 * Walks `path` from `root`. A symbolic link at its end is followed where `follow` says so, or a '/' follows it: what a link names that is not there
 * is then what the path names. The caller ends it with path_end(), on errors too. STATUS_ENOENT, STATUS_ENOTDIR: something on the
 * way is not there, or no directory; STATUS_ELOOP: more than FS_LINKS_MAX links; STATUS_ENAMETOOLONG: a name, the path, what links make of it, or
 * its depth; STATUS_EINVAL: a NUL; and what the file system says. Context: as an operation of the file system.
 */
MUST_CHECK status_t path_walk(struct path_walk *walk, struct fs_node *root, struct span path, bool follow);

/* Gives back all that the walk holds, but for `node` where the caller has taken it and set it to NULL. */
void path_end(struct path_walk *walk);

/* What the path names is held no more, before it loses its name: a file system keeps what somebody holds then, at a price. */
static inline void path_let_go(struct path_walk *walk)
{
	if (walk->node != NULL)
		fs_node_put(walk->node);
	walk->node = NULL;
}

/* The directory in which `name` is, or would be. */
static inline struct fs_node *path_directory(const struct path_walk *walk)
{
	return walk->way[walk->depth];
}

#endif
