// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The operations of a volume as the rest of the kernel calls them: each under the volume's lock. */
#include "kernel/io/fs/ext4/platform.h"
#include "kernel/io/fs/ext4/volume.h"

#define LOCKED(fs, expression)                           \
	({                                               \
		struct ext4_lock *lock_ = ((struct volume *)(fs))->lock; \
		ext4_lock_take(lock_);                   \
		__typeof__(expression) result_ = (expression); \
		ext4_lock_give(lock_);                   \
		result_;                                 \
	})

static status_t op_lookup(struct fs_node *directory, struct span name, struct fs_node **out)
{
	return LOCKED(directory->fs, name_lookup(directory, name, out));
}

static void op_release(struct fs_node *node)
{
	struct ext4_lock *lock = volume_of(node)->lock;

	ext4_lock_take(lock);
	node_release(node);
	ext4_lock_give(lock);
}

static status_t op_stat(struct fs_node *node, struct fs_stat *out)
{
	return LOCKED(node->fs, node_stat(node, out));
}

static int64_t op_read(struct fs_node *file, uint64_t offset, void *data, size_t bytes)
{
	return LOCKED(file->fs, content_read(file, offset, data, bytes));
}

static int64_t op_write(struct fs_node *file, uint64_t offset, const void *data, size_t bytes, bool append)
{
	return LOCKED(file->fs, content_write(file, offset, data, bytes, append));
}

static int64_t op_read_link(struct fs_node *link, char *data, size_t bytes)
{
	return LOCKED(link->fs, name_read_link(link, data, bytes));
}

static status_t op_list(struct fs_node *directory, uint64_t cookie, bool (*each)(void *ctx, const struct fs_entry *entry), void *ctx)
{
	return LOCKED(directory->fs, directory_list(directory, cookie, each, ctx));
}

static status_t op_parent(struct fs_node *directory, struct fs_node **out)
{
	return LOCKED(directory->fs, name_parent(directory, out));
}

static status_t op_create(struct fs_node *directory, struct span name, enum fs_type type, uint16_t permissions, struct fs_node **out)
{
	return LOCKED(directory->fs, name_create(directory, name, type, permissions, out));
}

static status_t op_symlink(struct fs_node *directory, struct span name, struct span target)
{
	return LOCKED(directory->fs, name_symlink(directory, name, target));
}

static status_t op_link(struct fs_node *directory, struct span name, struct fs_node *file)
{
	return LOCKED(directory->fs, name_link(directory, name, file));
}

static status_t op_remove(struct fs_node *directory, struct span name, bool is_directory)
{
	return LOCKED(directory->fs, name_remove(directory, name, is_directory));
}

static status_t op_rename(struct fs_node *from, struct span name, struct fs_node *to, struct span to_name, bool exclusive)
{
	return LOCKED(from->fs, name_rename(from, name, to, to_name, exclusive));
}

static status_t op_set(struct fs_node *node, uint32_t what, const struct fs_stat *values)
{
	return LOCKED(node->fs, node_set(node, what, values));
}

/* A commit has everything. */
static status_t op_sync(struct fs_node *node)
{
	struct volume *volume = volume_of(node);

	return LOCKED(node->fs, volume->failed ? STATUS_EIO : volume_commit(volume));
}

static status_t volume_space(struct volume *volume, struct fs_space *out)
{
	struct ext2_super_block *super = volume->ext2->super;

	*out = (struct fs_space){
		.bytes = ext2fs_blocks_count(super) * volume->cache.block_bytes,
		.free_bytes = ext2fs_free_blocks_count(super) * volume->cache.block_bytes,
		.nodes = super->s_inodes_count,
		.free_nodes = super->s_free_inodes_count,
		.block_bytes = volume->cache.block_bytes,
	};
	return STATUS_OK;
}

static status_t op_space(struct fs *fs, struct fs_space *out)
{
	return LOCKED(fs, volume_space((struct volume *)fs, out));
}

/* Whoever has the volume may sleep, and wants to find it as it was. */
static bool op_at_once(struct fs *fs, bool begin)
{
	struct volume *volume = (struct volume *)fs;

	if (begin && ext4_lock_is_taken(volume->lock))
		return false;
	volume->cache.hurried = begin;
	if (!begin)
		volume->device->kick(volume->device); /* what was asked for meanwhile, all of it at once */
	return true;
}

const struct fs_ops ext4_ops = {
	.lookup = op_lookup,
	.release = op_release,
	.stat = op_stat,
	.read = op_read,
	.write = op_write,
	.read_link = op_read_link,
	.list = op_list,
	.parent = op_parent,
	.create = op_create,
	.symlink = op_symlink,
	.link = op_link,
	.keeps_owners = true,
	.remove = op_remove,
	.rename = op_rename,
	.set = op_set,
	.sync = op_sync,
	.space = op_space,
	.at_once = op_at_once,
};
