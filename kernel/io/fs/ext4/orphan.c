// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Orphans: files that were removed while somebody holds them, and such as are being cut. They are in a list on the disk, from the superblock on, so that
 * what was begun is finished when the volume is next mounted. An orphan's time of deletion is the next one's number.
 */
#include "kernel/io/fs/ext4/volume.h"
#include "lib/string.h"

status_t orphan_add(struct volume *volume, struct ext4_node *node)
{
	struct ext2_super_block *super = volume->ext2->super;

	node->inode.i_dtime = super->s_last_orphan;
	super->s_last_orphan = node->number;
	volume->super_dirty = true;
	return STATUS_OK;
}

/* Links what is before it to what is behind it. The node's own inode is written by who calls. */
status_t orphan_remove(struct volume *volume, struct ext4_node *node)
{
	struct ext2_super_block *super = volume->ext2->super;
	ext2_ino_t number = super->s_last_orphan;
	ext2_ino_t next = node->inode.i_dtime;

	volume->super_dirty = true;
	node->inode.i_dtime = 0;
	if (number == node->number) {
		super->s_last_orphan = next;
		return STATUS_OK;
	}
	for (uint32_t steps = 0; number != 0 && steps < super->s_inodes_count; steps++) {
		struct ext4_node *before;
		status_t status = node_get(volume, number, &before);

		if (status != STATUS_OK)
			return status;
		number = before->inode.i_dtime;
		if (number == node->number) {
			before->inode.i_dtime = next;
			status = node_write(volume, before);
		}
		/* Not node_put(): that it has no links is no reason to delete it now. */
		if (atomic_fetch_sub_explicit(&before->node.holds, 1, memory_order_relaxed) == 1)
			node_forget(volume, before);
		if (number == node->number || status != STATUS_OK)
			return status;
	}
	return STATUS_EIO;
}

/* The block of extended attributes, which several files may have. */
static status_t attributes_drop(struct volume *volume, struct ext4_node *node)
{
	struct ext2_inode *inode = (struct ext2_inode *)&node->inode;
	uint64_t block = ext2fs_file_acl_block(volume->ext2, inode);
	struct ext2_ext_attr_header *header;
	struct buffer *buffer;
	status_t status;

	if (block == 0)
		return STATUS_OK;
	if (block <= volume->ext2->super->s_first_data_block)
		return STATUS_EIO;
	status = cache_get(&volume->cache, block, &buffer);
	if (status != STATUS_OK)
		return STATUS_EIO;
	header = (struct ext2_ext_attr_header *)buffer->data;
	if (header->h_magic != EXT2_EXT_ATTR_MAGIC)
		return STATUS_EIO;
	if (header->h_refcount > 1) {
		status = cache_change(&volume->cache, buffer);
		if (status != STATUS_OK)
			return status;
		header->h_refcount--;
		status = ext4_status(ext2fs_ext_attr_block_csum_set(volume->ext2, node->number, block, header));
	} else {
		ext2fs_block_alloc_stats2(volume->ext2, block, -1);
	}
	ext2fs_file_acl_block_set(volume->ext2, inode, 0);
	return status == STATUS_OK ? ext4_status(ext2fs_iblk_sub_blocks(volume->ext2, inode, 1)) : status;
}

/* Whether what the inode has instead of its own content are blocks. */
static bool has_blocks(const struct ext4_node *node)
{
	enum fs_type type = node_type(node->inode.i_mode);

	return type == FS_FILE || type == FS_DIRECTORY || (type == FS_LINK && !ext4_link_is_short(node));
}

static status_t inode_free(struct volume *volume, struct ext4_node *node)
{
	bool directory = node_type(node->inode.i_mode) == FS_DIRECTORY;
	status_t status = change_begin(volume, OPERATION_BLOCKS);

	if (status != STATUS_OK)
		return status;
	status = orphan_remove(volume, node);
	if (status == STATUS_OK)
		status = attributes_drop(volume, node);
	if (status == STATUS_OK) {
		node->inode.i_dtime = (uint32_t)volume_seconds(volume);
		node->inode.i_size = 0;
		node->inode.i_size_high = 0;
		status = node_write(volume, node);
	}
	if (status == STATUS_OK)
		ext2fs_inode_alloc_stats2(volume->ext2, node->number, -1, directory);
	return change_end(volume, status);
}

/* Where it cannot be done now, it stays in the list, and is done when the volume is mounted next. */
void orphan_delete(struct volume *volume, struct ext4_node *node)
{
	status_t status = STATUS_OK;

	if (volume->failed || volume->fs.read_only)
		return;
	if (has_blocks(node))
		status = content_cut(volume, node, 0);
	if (status == STATUS_OK)
		(void)inode_free(volume, node);
}

static status_t list_leave(struct volume *volume, struct ext4_node *node)
{
	status_t status = change_begin(volume, OPERATION_BLOCKS);

	if (status != STATUS_OK)
		return status;
	status = orphan_remove(volume, node);
	if (status == STATUS_OK)
		status = node_write(volume, node);
	return change_end(volume, status);
}

status_t orphan_cut(struct volume *volume, struct ext4_node *node)
{
	status_t status = content_cut(volume, node, (node_size(node) + volume->cache.block_bytes - 1) / volume->cache.block_bytes);

	if (status == STATUS_OK && node->inode.i_links_count > 0)
		status = list_leave(volume, node);
	if (status == STATUS_OK && node->cutting) {
		node->cutting = false;
		node_put(volume, node); /* not the last hold: the caller has one */
	}
	return status;
}

status_t orphans_end(struct volume *volume)
{
	struct ext2_super_block *super = volume->ext2->super;

	for (uint32_t steps = 0; super->s_last_orphan != 0 && steps < super->s_inodes_count; steps++) {
		ext2_ino_t number = super->s_last_orphan;
		struct ext4_node *node;
		status_t status = node_get(volume, number, &node);

		if (status != STATUS_OK)
			return status;
		if (!ext2fs_test_inode_bitmap2(volume->ext2->inode_map, number))
			status = STATUS_EIO;
		else if (node->inode.i_links_count > 0)
			status = orphan_cut(volume, node);
		node_put(volume, node); /* which deletes it */
		if (status != STATUS_OK || super->s_last_orphan == number)
			return status != STATUS_OK ? status : STATUS_EIO;
	}
	return STATUS_OK;
}
