// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Names: made, found and removed. */
#include "kernel/io/fs/ext4/platform.h"
#include "kernel/io/fs/ext4/volume.h"
#include "lib/string.h"

/* What has a name, held. The name of what was deleted is damage, and no reason to delete more. */
static status_t named_get(struct volume *volume, ext2_ino_t number, struct ext4_node **out)
{
	status_t status = node_get(volume, number, out);

	if (status != STATUS_OK || (*out)->inode.i_links_count > 0)
		return status;
	if (atomic_fetch_sub_explicit(&(*out)->node.holds, 1, memory_order_relaxed) == 1)
		node_forget(volume, *out);
	return STATUS_EIO;
}

status_t name_find(struct volume *volume, struct ext4_node *directory, struct span name, struct place *place, struct ext4_node **out)
{
	status_t status = directory_find(volume, directory, name, place);

	return status == STATUS_OK ? named_get(volume, place->number, out) : status;
}

status_t name_lookup(struct fs_node *directory, struct span name, struct fs_node **out)
{
	struct volume *volume = volume_of(directory);
	ext2_ino_t in = node_of(directory)->number;
	struct ext4_node *node;
	struct place place;
	ext2_ino_t number;
	status_t status;

	if (names_find(volume->names, in, name, &number)) {
		status = number != 0 ? named_get(volume, number, &node) : STATUS_ENOENT;
	} else {
		status = name_find(volume, node_of(directory), name, &place, &node);
		if (status == STATUS_OK || status == STATUS_ENOENT)
			names_put(volume->names, in, name, status == STATUS_OK ? place.number : 0);
	}
	if (status == STATUS_OK)
		*out = &node->node;
	return status;
}

/* Not by what names are known to mean: a directory that moves has another one. */
status_t name_parent(struct fs_node *directory, struct fs_node **out)
{
	struct volume *volume = volume_of(directory);
	struct ext4_node *own = node_of(directory);
	struct ext4_node *above;
	struct place place;
	status_t status;

	if (own->number == EXT2_ROOT_INO || own->inode.i_links_count == 0)
		return STATUS_ENOENT;
	status = name_find(volume, own, DOT_DOT, &place, &above);
	if (status != STATUS_OK)
		return status == STATUS_ENOENT ? STATUS_EIO : status;
	*out = &above->node;
	if (above->node.type == FS_DIRECTORY)
		return STATUS_OK;
	node_put(volume, above);
	return STATUS_EIO;
}

/* STATUS_EEXIST where the directory has the name. */
static status_t name_is_free(struct volume *volume, struct ext4_node *directory, struct span name)
{
	struct place place;
	ext2_ino_t number;
	status_t status = names_find(volume->names, directory->number, name, &number) ? number != 0 ? STATUS_OK : STATUS_ENOENT :
											 directory_find(volume, directory, name, &place);

	return status == STATUS_ENOENT ? STATUS_OK : status == STATUS_OK ? STATUS_EEXIST : status;
}

void links_change(struct ext4_node *directory, int change)
{
	/* 1 says: too many to be counted. */
	if (directory->inode.i_links_count == 1)
		return;
	directory->inode.i_links_count = (uint16_t)(directory->inode.i_links_count + change);
	if (directory->inode.i_links_count >= LINKS_MAX)
		directory->inode.i_links_count = 1;
}

/* An inode number, counted; and what is the same in all new inodes. */
static status_t inode_make(struct volume *volume, struct ext4_node *directory, uint16_t mode, struct ext4_node *made)
{
	ext2_filsys ext2 = volume->ext2;
	struct ext3_extent_header *header = (struct ext3_extent_header *)made->inode.i_block;
	bool is_directory = node_type(mode) == FS_DIRECTORY;
	errcode_t error = ext2fs_new_inode(ext2, directory->number, mode, NULL, &made->number);

	if (error != 0)
		return ext4_status(error);
	node_ahead(volume, made->number);
	ext2fs_inode_alloc_stats2(ext2, made->number, 1, is_directory);
	made->node.type = node_type(mode);
	made->inode.i_mode = mode;
	made->inode.i_links_count = is_directory ? 2 : 1;
	made->inode.i_generation = volume->generation++;
	if (EXT2_INODE_SIZE(ext2->super) > EXT2_GOOD_OLD_INODE_SIZE)
		made->inode.i_extra_isize = sizeof(struct ext2_inode_large) - EXT2_GOOD_OLD_INODE_SIZE;
	node_stamp(volume, made, STAMP_ACCESSED | STAMP_MODIFIED | STAMP_CHANGED);
	made->inode.i_crtime = made->inode.i_ctime;
	made->inode.i_crtime_extra = made->inode.i_ctime_extra;
	if (ext2fs_has_feature_extents(ext2->super)) {
		made->inode.i_flags = EXT4_EXTENTS_FL;
		header->eh_magic = EXT3_EXT_MAGIC;
		header->eh_max = (sizeof(made->inode.i_block) - sizeof(*header)) / sizeof(struct ext3_extent);
	}
	return node_write(volume, made); /* checksums of its blocks are over its generation, which libext2fs reads */
}

/* The first block of a directory or a long link. */
static status_t block_make(struct volume *volume, struct ext4_node *made, const void *content)
{
	struct mapping run;
	struct buffer *buffer;
	status_t status = map_make(volume, made, 0, 1, &run);

	if (status == STATUS_OK)
		status = cache_get_new(&volume->cache, run.physical, &buffer);
	if (status == STATUS_OK)
		status = cache_change(&volume->cache, buffer);
	if (status == STATUS_OK)
		memcpy(buffer->data, content, volume->cache.block_bytes);
	return status;
}

static status_t directory_fill(struct volume *volume, struct ext4_node *parent, struct ext4_node *made)
{
	char *block;
	status_t status = ext4_status(ext2fs_new_dir_block(volume->ext2, made->number, parent->number, &block));

	if (status != STATUS_OK)
		return status;
	made->inode.i_size = volume->cache.block_bytes;
	status = ext4_status(ext2fs_dir_block_csum_set(volume->ext2, made->number, (struct ext2_dir_entry *)block));
	if (status == STATUS_OK)
		status = block_make(volume, made, block);
	ext2fs_free_mem(&block);
	links_change(parent, 1);
	return status;
}

static status_t link_fill(struct volume *volume, struct ext4_node *made, struct span target)
{
	made->inode.i_size = (uint32_t)target.len;
	if (target.len < sizeof(made->inode.i_block)) {
		made->inode.i_flags = 0;
		memset(made->inode.i_block, 0, sizeof(made->inode.i_block));
		memcpy(made->inode.i_block, target.data, target.len);
		return STATUS_OK;
	}
	memset(volume->block2, 0, volume->cache.block_bytes);
	memcpy(volume->block2, target.data, target.len);
	return block_make(volume, made, volume->block2);
}

/* A new node with a name, in the operation that runs. `target`: of a link. */
static status_t make(struct volume *volume, struct ext4_node *directory, struct span name, uint16_t mode, struct span target, ext2_ino_t *number)
{
	struct ext4_node made = { .node.fs = &volume->fs };
	status_t status = name_is_free(volume, directory, name);

	if (status != STATUS_OK)
		return status;
	names_drop(volume->names, directory->number, name);
	status = inode_make(volume, directory, mode, &made);
	if (status == STATUS_OK && made.node.type == FS_DIRECTORY)
		status = directory_fill(volume, directory, &made);
	if (status == STATUS_OK && made.node.type == FS_LINK)
		status = link_fill(volume, &made, target);
	if (status == STATUS_OK)
		status = node_write(volume, &made);
	if (status == STATUS_OK)
		status = directory_add(volume, directory, name, made.number, mode);
	if (status == STATUS_OK)
		names_put(volume->names, directory->number, name, made.number);
	node_stamp(volume, directory, STAMP_MODIFIED | STAMP_CHANGED);
	*number = made.number;
	return status == STATUS_OK ? node_write(volume, directory) : status;
}

status_t name_create(struct fs_node *directory, struct span name, enum fs_type type, uint16_t permissions, struct fs_node **out)
{
	struct volume *volume = volume_of(directory);
	uint16_t mode = (uint16_t)((type == FS_DIRECTORY ? LINUX_S_IFDIR : LINUX_S_IFREG) | (permissions & 07777));
	struct ext4_node *node;
	ext2_ino_t number;
	status_t status;

	if (type != FS_FILE && type != FS_DIRECTORY)
		return STATUS_ENOTSUP;
	if (node_of(directory)->inode.i_links_count == 0)
		return STATUS_ENOENT; /* it was removed */
	status = change_begin(volume, OPERATION_BLOCKS);
	if (status != STATUS_OK)
		return status;
	status = make(volume, node_of(directory), name, mode, span_of(NULL, 0), &number);
	if (status == STATUS_OK)
		status = node_get(volume, number, &node);
	status = change_end(volume, status);
	if (status == STATUS_OK)
		*out = &node->node;
	return status;
}

status_t name_symlink(struct fs_node *directory, struct span name, struct span target)
{
	struct volume *volume = volume_of(directory);
	ext2_ino_t number;
	status_t status;

	if (target.len == 0 || memchr(target.data, '\0', target.len) != NULL)
		return target.len == 0 ? STATUS_ENOENT : STATUS_EINVAL;
	if (target.len >= volume->cache.block_bytes)
		return STATUS_ENAMETOOLONG;
	if (node_of(directory)->inode.i_links_count == 0)
		return STATUS_ENOENT;
	status = change_begin(volume, OPERATION_BLOCKS);
	if (status != STATUS_OK)
		return status;
	return change_end(volume, make(volume, node_of(directory), name, LINUX_S_IFLNK | 0777, target, &number));
}

bool ext4_link_is_short(const struct ext4_node *link)
{
	return ext2fs_is_fast_symlink((struct ext2_inode *)&link->inode);
}

int64_t name_read_link(struct fs_node *link, char *data, size_t bytes)
{
	struct ext4_node *node = node_of(link);
	size_t len = (size_t)node_size(node);
	char *from = (char *)node->inode.i_block;

	if (!ext4_link_is_short(node)) {
		struct volume *volume = volume_of(link);

		if (node_size(node) >= volume->cache.block_bytes)
			return STATUS_EIO;
		return content_read(link, 0, data, bytes);
	}
	if (node_size(node) >= sizeof(node->inode.i_block))
		return STATUS_EIO;
	len = len < bytes ? len : bytes;
	memcpy(data, from, len);
	return (int64_t)len;
}

static status_t link_in_operation(struct volume *volume, struct ext4_node *directory, struct span name, struct ext4_node *file)
{
	status_t status = name_is_free(volume, directory, name);

	if (status != STATUS_OK)
		return status;
	names_drop(volume->names, directory->number, name);
	file->inode.i_links_count++;
	node_stamp(volume, file, STAMP_CHANGED);
	status = node_write(volume, file);
	if (status == STATUS_OK)
		status = directory_add(volume, directory, name, file->number, file->inode.i_mode);
	node_stamp(volume, directory, STAMP_MODIFIED | STAMP_CHANGED);
	return status == STATUS_OK ? node_write(volume, directory) : status;
}

status_t name_link(struct fs_node *directory, struct span name, struct fs_node *file)
{
	struct volume *volume = volume_of(directory);
	struct ext4_node *node = node_of(file);
	status_t status;

	if (file->type == FS_DIRECTORY)
		return STATUS_EPERM;
	if (node->inode.i_links_count >= LINKS_MAX)
		return STATUS_EMLINK;
	if (node->inode.i_links_count == 0 || node_of(directory)->inode.i_links_count == 0)
		return STATUS_ENOENT;
	status = change_begin(volume, OPERATION_BLOCKS);
	if (status != STATUS_OK)
		return status;
	return change_end(volume, link_in_operation(volume, node_of(directory), name, node));
}

/* A name of it has gone, by which name_find() found it; the last one: it is an orphan until nobody holds it. */
status_t victim_drop(struct volume *volume, struct ext4_node *victim)
{
	status_t status = STATUS_OK;

	victim->inode.i_links_count = victim->node.type == FS_DIRECTORY ? 0 : (uint16_t)(victim->inode.i_links_count - 1);
	node_stamp(volume, victim, STAMP_CHANGED);
	if (victim->inode.i_links_count == 0 && !victim->cutting)
		status = orphan_add(volume, victim);
	return status == STATUS_OK ? node_write(volume, victim) : status;
}

static status_t remove_in_operation(struct volume *volume, struct ext4_node *directory, const struct place *place, struct ext4_node *victim)
{
	status_t status = directory_drop(volume, directory, place);

	if (victim->node.type == FS_DIRECTORY)
		names_drop_all(volume->names); /* its number may soon be another's */
	if (status == STATUS_OK)
		status = victim_drop(volume, victim);
	if (status == STATUS_OK && victim->node.type == FS_DIRECTORY)
		links_change(directory, -1);
	node_stamp(volume, directory, STAMP_MODIFIED | STAMP_CHANGED);
	return status == STATUS_OK ? node_write(volume, directory) : status;
}

status_t name_remove(struct fs_node *directory, struct span name, bool is_directory)
{
	struct volume *volume = volume_of(directory);
	struct ext4_node *victim;
	struct place place;
	status_t status = name_find(volume, node_of(directory), name, &place, &victim);

	if (status != STATUS_OK)
		return status;
	if (is_directory != (victim->node.type == FS_DIRECTORY))
		status = is_directory ? STATUS_ENOTDIR : STATUS_EISDIR;
	else if (is_directory)
		status = directory_is_empty(volume, victim);
	if (status == STATUS_OK)
		status = change_begin(volume, OPERATION_BLOCKS);
	names_drop(volume->names, node_of(directory)->number, name);
	if (status == STATUS_OK)
		status = change_end(volume, remove_in_operation(volume, node_of(directory), &place, victim));
	node_put(volume, victim);
	return status;
}
