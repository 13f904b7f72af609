// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A small file system for walks: a table of nodes, each with its parent's number, and a count of who holds it. */
#ifndef TESTS_UNIT_KERNEL_IO_FS_MODEL_H
#define TESTS_UNIT_KERNEL_IO_FS_MODEL_H

#include <string.h>

#include "kernel/io/fs/fs.h"
#include "lib/list.h"

enum { MODEL_MAX = 256 };

struct model_node {
	struct fs_node node;
	unsigned parent; /* its own number: the root's */
	struct span name;
	struct span target;
};

static struct model_node model_nodes[MODEL_MAX];
static unsigned model_count;
static unsigned model_released;
static status_t model_fails; /* what lookup answers to the name "bad" */

static inline struct model_node *model_of(const struct fs_node *node)
{
	return LIST_OWNER((struct fs_node *)node, struct model_node, node);
}

static inline status_t model_lookup(struct fs_node *directory, struct span name, struct fs_node **out)
{
	unsigned parent = (unsigned)(model_of(directory) - model_nodes);

	if (model_fails != STATUS_OK && name.len == 3 && memcmp(name.data, "bad", 3) == 0)
		return model_fails;
	for (unsigned i = 1; i < model_count; i++) {
		struct model_node *node = &model_nodes[i];

		if (node->parent == parent && node->name.len == name.len && memcmp(node->name.data, name.data, name.len) == 0) {
			fs_node_hold(&node->node);
			*out = &node->node;
			return STATUS_OK;
		}
	}
	return STATUS_ENOENT;
}

static inline void model_release(struct fs_node *node)
{
	(void)node;
	model_released++; /* the model's own hold stays: this is one put too many */
}

static inline int64_t model_read_link(struct fs_node *link, char *data, size_t bytes)
{
	struct span target = model_of(link)->target;

	memcpy(data, target.data, target.len < bytes ? target.len : bytes);
	return (int64_t)(target.len < bytes ? target.len : bytes);
}

static const struct fs_ops model_ops = { .lookup = model_lookup, .release = model_release, .read_link = model_read_link };
static struct fs model_fs = { .ops = &model_ops, .name = "model" };

/* Adds a node; its number. The first is the root. */
static inline unsigned model_add(unsigned parent, struct span name, enum fs_type type, struct span target)
{
	model_nodes[model_count] = (struct model_node){ .parent = parent, .name = name, .target = target };
	fs_node_init(&model_nodes[model_count].node, &model_fs, type);
	return model_count++;
}

/* Whether everything that was held was given back, once. */
static inline bool model_is_unheld(void)
{
	for (unsigned i = 0; i < model_count; i++)
		if (atomic_load(&model_nodes[i].node.holds) != 1)
			return false;
	return model_released == 0;
}

/* Whether a node is `above`, or below it. */
static inline bool model_is_below(unsigned node, unsigned above)
{
	while (node != above && node != 0)
		node = model_nodes[node].parent;
	return node == above;
}

#endif
