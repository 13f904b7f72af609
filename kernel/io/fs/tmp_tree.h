// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The names of a /tmp. Directories hold entries, entries hold nodes: a file with two names has two entries. Entries are found by a hash table
 * over (directory, name), and lie in their directory in the order in which they came, which is that of their cookies.
 */
#ifndef KERNEL_IO_FS_TMP_TREE_H
#define KERNEL_IO_FS_TMP_TREE_H

#include <stdint.h>

#include "kernel/io/fs/fs.h"
#include "kernel/io/fs/tmp_memory.h"
#include "lib/list.h"

struct tmp_node {
	struct fs_node node;
	uint64_t id;
	uint32_t links;
	uint16_t permissions;
	uint32_t user, group;
	struct fs_time accessed, modified, changed;
	struct tmp_node *parent;    /* of a directory that has a name */
	struct list_node entries;   /* of a directory */
	struct tmp_content content; /* of a file; a link's is `target` */
	char *target;
	size_t target_bytes;
};

struct tmp_entry {
	struct list_node of_directory;
	struct tmp_entry *next; /* of the same hash */
	struct tmp_node *directory; /* held */
	struct tmp_node *node;      /* held */
	uint64_t cookie;
	uint32_t hash;
	uint32_t name_bytes;
	uint8_t name[];
};

struct tmp {
	struct fs fs;
	struct tmp_memory memory;
	struct tmp_entry **buckets;
	uint32_t bucket_count; /* a power of two */
	uint32_t entry_count;
	uint64_t last_cookie, last_id;
};

static inline struct tmp *tmp_of(const struct fs_node *node)
{
	return LIST_OWNER(node->fs, struct tmp, fs);
}

static inline struct tmp_node *tmp_node_of(const struct fs_node *node)
{
	return LIST_OWNER((struct fs_node *)node, struct tmp_node, node);
}

/* A node without a name, with one hold. NULL where memory is used up. */
struct tmp_node *tmp_node_make(struct tmp *tmp, enum fs_type type, uint16_t permissions);
void tmp_node_free(struct tmp *tmp, struct tmp_node *own);

/* Since the machine's start; marks a node as changed now. */
struct fs_time tmp_now(void);
void tmp_touch(struct tmp_node *node);

/* NULL: there is none of that name. */
struct tmp_entry *tmp_entry_find(const struct tmp *tmp, const struct tmp_node *directory, struct span name);

/* Names `node`, which is held for that, in `directory`. STATUS_ENOENT: that was removed; STATUS_ENOSPC. */
MUST_CHECK status_t tmp_entry_add(struct tmp *tmp, struct tmp_node *directory, struct span name, struct tmp_node *node);
void tmp_entry_remove(struct tmp *tmp, struct tmp_entry *entry);

/* Each names what the other did. */
void tmp_entry_exchange(struct tmp_entry *one, struct tmp_entry *other);

#endif
