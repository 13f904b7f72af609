// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/fs/tmp.h"

#include "hal/contract/memory.h"
#include "kernel/core/libc.h"
#include "kernel/io/fs/tmp_memory.h"
#include "kernel/io/fs/tmp_tree.h"
#include "kernel/sys/budget.h"
#include "lib/list.h"
#include "lib/string.h"

enum { BUCKETS_MIN = 16 };

static void tmp_release(struct fs_node *node)
{
	tmp_node_free(tmp_of(node), tmp_node_of(node));
}

static status_t tmp_lookup(struct fs_node *directory, struct span name, struct fs_node **out)
{
	const struct tmp_entry *entry = tmp_entry_find(tmp_of(directory), tmp_node_of(directory), name);

	if (entry == NULL)
		return STATUS_ENOENT;
	*out = &entry->node->node;
	fs_node_hold(*out);
	return STATUS_OK;
}

static status_t tmp_parent(struct fs_node *directory, struct fs_node **out)
{
	struct tmp_node *parent = tmp_node_of(directory)->parent;

	if (parent == NULL)
		return STATUS_ENOENT;
	*out = &parent->node;
	fs_node_hold(*out);
	return STATUS_OK;
}

static status_t tmp_stat(struct fs_node *node, struct fs_stat *out)
{
	const struct tmp_node *own = tmp_node_of(node);

	*out = (struct fs_stat){
		.type = node->type,
		.permissions = own->permissions,
		.links = own->links,
		.user = own->user,
		.group = own->group,
		.id = own->id,
		.size = node->type == FS_LINK ? own->target_bytes : own->content.size,
		.allocated = own->content.allocated * HAL_PAGE_BYTES,
		.accessed = own->accessed,
		.modified = own->modified,
		.changed = own->changed,
	};
	return STATUS_OK;
}

static int64_t tmp_read(struct fs_node *file, uint64_t offset, void *data, size_t bytes)
{
	return tmp_content_read(&tmp_node_of(file)->content, offset, data, bytes);
}

static int64_t tmp_write(struct fs_node *file, uint64_t offset, const void *data, size_t bytes, bool append)
{
	struct tmp_node *own = tmp_node_of(file);

	tmp_touch(own);
	return tmp_content_write(&tmp_of(file)->memory, &own->content, append ? own->content.size : offset, data, bytes);
}

static int64_t tmp_read_link(struct fs_node *link, char *data, size_t bytes)
{
	const struct tmp_node *own = tmp_node_of(link);

	memcpy(data, own->target, own->target_bytes < bytes ? own->target_bytes : bytes);
	return (int64_t)own->target_bytes;
}

static status_t tmp_list(struct fs_node *directory, uint64_t cookie, bool (*each)(void *ctx, const struct fs_entry *entry), void *ctx)
{
	const struct list_node *entries = &tmp_node_of(directory)->entries;

	for (const struct list_node *node = entries->next; node != entries; node = node->next) {
		const struct tmp_entry *entry = LIST_OWNER(node, struct tmp_entry, of_directory);
		const struct fs_entry told = { .name = span_of(entry->name, entry->name_bytes),
					       .id = entry->node->id,
					       .type = entry->node->node.type,
					       .cookie = entry->cookie };

		if (entry->cookie > cookie && !each(ctx, &told))
			break;
	}
	return STATUS_OK;
}

/* Names a new node, whose hold is the caller's unless that fails. */
static status_t node_name(struct tmp *tmp, struct fs_node *directory, struct span name, struct tmp_node *made)
{
	status_t status = tmp_entry_find(tmp, tmp_node_of(directory), name) != NULL ? STATUS_EEXIST :
									     tmp_entry_add(tmp, tmp_node_of(directory), name, made);

	if (status != STATUS_OK)
		tmp_node_free(tmp, made);
	return status;
}

static status_t tmp_create(struct fs_node *directory, struct span name, enum fs_type type, uint16_t permissions, struct fs_node **out)
{
	struct tmp *tmp = tmp_of(directory);
	struct tmp_node *made = tmp_node_make(tmp, type, permissions);
	status_t status = made != NULL ? node_name(tmp, directory, name, made) : STATUS_ENOSPC;

	if (status == STATUS_OK)
		*out = &made->node;
	return status;
}

static status_t tmp_symlink(struct fs_node *directory, struct span name, struct span target)
{
	struct tmp *tmp = tmp_of(directory);
	struct tmp_node *made = tmp_node_make(tmp, FS_LINK, 0777);
	status_t status = STATUS_ENOSPC;

	if (made == NULL)
		return status;
	made->target = tmp_memory_alloc(&tmp->memory, target.len);
	if (made->target == NULL) {
		tmp_node_free(tmp, made);
		return status;
	}
	made->target_bytes = target.len;
	memcpy(made->target, target.data, target.len);
	status = node_name(tmp, directory, name, made);
	if (status == STATUS_OK)
		fs_node_put(&made->node);
	return status;
}

static status_t tmp_link(struct fs_node *directory, struct span name, struct fs_node *file)
{
	struct tmp *tmp = tmp_of(directory);
	uint32_t links = tmp_node_of(file)->links;

	if (tmp_entry_find(tmp, tmp_node_of(directory), name) != NULL)
		return STATUS_EEXIST;
	if (links == 0)
		return STATUS_ENOENT; /* it was removed */
	return links == UINT32_MAX ? STATUS_EMLINK : tmp_entry_add(tmp, tmp_node_of(directory), name, tmp_node_of(file));
}

/* Whether `entry` may go: `is_directory` says what it is to be. */
static status_t may_remove(const struct tmp_entry *entry, bool is_directory)
{
	bool directory = entry->node->node.type == FS_DIRECTORY;

	if (directory != is_directory)
		return directory ? STATUS_EISDIR : STATUS_ENOTDIR;
	return directory && !list_is_empty(&entry->node->entries) ? STATUS_ENOTEMPTY : STATUS_OK;
}

static status_t tmp_remove(struct fs_node *directory, struct span name, bool is_directory)
{
	struct tmp *tmp = tmp_of(directory);
	struct tmp_entry *entry = tmp_entry_find(tmp, tmp_node_of(directory), name);
	status_t status = entry != NULL ? may_remove(entry, is_directory) : STATUS_ENOENT;

	if (status == STATUS_OK)
		tmp_entry_remove(tmp, entry);
	return status;
}

static bool is_below(const struct tmp_node *node, const struct tmp_node *above)
{
	while (node != NULL && node != above)
		node = node->parent;
	return node != NULL;
}

static status_t tmp_rename(struct fs_node *from, struct span name, struct fs_node *to, struct span to_name, bool exclusive)
{
	struct tmp *tmp = tmp_of(from);
	struct tmp_entry *entry = tmp_entry_find(tmp, tmp_node_of(from), name);
	struct tmp_entry *there = tmp_entry_find(tmp, tmp_node_of(to), to_name);
	bool directory;
	status_t status;

	if (entry == NULL)
		return STATUS_ENOENT;
	if (there != NULL && exclusive)
		return STATUS_EEXIST;
	if (there != NULL && there->node == entry->node)
		return STATUS_OK;
	directory = entry->node->node.type == FS_DIRECTORY;
	if (directory && is_below(tmp_node_of(to), entry->node))
		return STATUS_EINVAL;
	status = there != NULL ? may_remove(there, directory) : STATUS_OK;
	if (status == STATUS_OK)
		status = tmp_entry_add(tmp, tmp_node_of(to), to_name, entry->node);
	if (status != STATUS_OK)
		return status;
	if (there != NULL)
		tmp_entry_remove(tmp, there);
	tmp_entry_remove(tmp, entry);
	return STATUS_OK;
}

static status_t tmp_exchange(struct fs_node *from, struct span name, struct fs_node *to, struct span to_name)
{
	struct tmp_entry *one = tmp_entry_find(tmp_of(from), tmp_node_of(from), name);
	struct tmp_entry *other = tmp_entry_find(tmp_of(from), tmp_node_of(to), to_name);

	if (one == NULL || other == NULL)
		return STATUS_ENOENT;
	if (is_below(tmp_node_of(to), one->node) || is_below(tmp_node_of(from), other->node))
		return STATUS_EINVAL;
	tmp_entry_exchange(one, other);
	return STATUS_OK;
}

static status_t tmp_set(struct fs_node *node, uint32_t what, const struct fs_stat *values)
{
	struct tmp_node *own = tmp_node_of(node);
	status_t status = STATUS_OK;

	if (what & FS_SET_SIZE) {
		status = tmp_content_resize(&tmp_of(node)->memory, &own->content, values->size);
		tmp_touch(own);
	}
	if (what & FS_SET_PERMISSIONS)
		own->permissions = values->permissions;
	if (what & FS_SET_OWNER) {
		own->user = values->user;
		own->group = values->group;
	}
	if (what & FS_SET_ACCESSED)
		own->accessed = values->accessed;
	if (what & FS_SET_MODIFIED)
		own->modified = values->modified;
	own->changed = tmp_now();
	return status;
}

static status_t tmp_punch(struct fs_node *file, uint64_t offset, uint64_t bytes)
{
	struct tmp_node *own = tmp_node_of(file);

	tmp_content_punch(&tmp_of(file)->memory, &own->content, offset, bytes);
	tmp_touch(own);
	return STATUS_OK;
}

static status_t tmp_space(struct fs *fs, struct fs_space *out)
{
	const struct tmp *tmp = LIST_OWNER(fs, struct tmp, fs);

	*out = (struct fs_space){
		.bytes = tmp->memory.limit,
		.free_bytes = tmp->memory.limit - tmp->memory.used,
		.block_bytes = HAL_PAGE_BYTES,
	};
	return STATUS_OK;
}

static const struct fs_ops ops = {
	.lookup = tmp_lookup,
	.release = tmp_release,
	.stat = tmp_stat,
	.read = tmp_read,
	.write = tmp_write,
	.read_link = tmp_read_link,
	.list = tmp_list,
	.parent = tmp_parent,
	.names_others = true,
	.keeps_owners = true,
	.create = tmp_create,
	.symlink = tmp_symlink,
	.link = tmp_link,
	.remove = tmp_remove,
	.rename = tmp_rename,
	.exchange = tmp_exchange,
	.set = tmp_set,
	.punch = tmp_punch,
	.space = tmp_space,
};

status_t tmp_mount(struct budget *budget, uint64_t limit_bytes, unsigned cpu, struct fs **out)
{
	struct tmp *tmp = calloc(1, sizeof(*tmp));
	struct tmp_node *root;

	if (tmp == NULL)
		return STATUS_ENOMEM;
	budget_hold(budget);
	tmp->memory = (struct tmp_memory){ .budget = budget, .limit = limit_bytes };
	tmp->fs = (struct fs){ .ops = &ops, .name = "tmp", .cpu = cpu, .counts_from_start = true };
	tmp->bucket_count = BUCKETS_MIN;
	tmp->buckets = tmp_memory_alloc(&tmp->memory, BUCKETS_MIN * sizeof(struct tmp_entry *));
	root = tmp->buckets != NULL ? tmp_node_make(tmp, FS_DIRECTORY, 01777) : NULL;
	if (root == NULL) {
		tmp->fs.root = NULL;
		tmp_unmount(&tmp->fs);
		return STATUS_ENOMEM;
	}
	root->links = 1;
	tmp->fs.root = &root->node;
	*out = &tmp->fs;
	return STATUS_OK;
}

void tmp_unmount(struct fs *fs)
{
	struct tmp *tmp = LIST_OWNER(fs, struct tmp, fs);
	struct budget *budget = tmp->memory.budget;

	for (uint32_t i = 0; tmp->buckets != NULL && i < tmp->bucket_count; i++)
		while (tmp->buckets[i] != NULL)
			tmp_entry_remove(tmp, tmp->buckets[i]);
	if (fs->root != NULL)
		fs_node_put(fs->root);
	tmp_memory_free(&tmp->memory, tmp->buckets, tmp->bucket_count * sizeof(struct tmp_entry *));
	free(tmp);
	budget_put(budget);
}
