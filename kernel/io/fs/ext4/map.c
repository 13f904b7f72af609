// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Where a file's blocks lie: extents, or the block maps of ext2 and ext3. */
#include "kernel/io/fs/ext4/volume.h"

enum { EXTENT_STEPS = 2000 }; /* more than a leaf has */

#define EXTENT_BLOCKS_MAX EXT_INIT_MAX_LEN

static bool has_extents(const struct ext4_node *node)
{
	return node->inode.i_flags & EXT4_EXTENTS_FL;
}

/*
 * What is behind a hole, or where the file's last extent ends: the hole is that long. After ext2fs_extent_goto() the next leaf is first the same one
 * again, from its beginning.
 */
static errcode_t hole_measure(ext2_extent_handle_t handle, uint64_t logical, struct mapping *out)
{
	struct ext2fs_extent extent;
	errcode_t error = ext2fs_extent_get(handle, EXT2_EXTENT_CURRENT, &extent);

	out->count = UINT32_MAX - logical;
	if (error == 0 && extent.e_lblk <= logical)
		error = ext2fs_extent_get(handle, EXT2_EXTENT_NEXT_SIB, &extent);
	for (unsigned steps = 0; steps < EXTENT_STEPS && (error == EXT2_ET_EXTENT_NO_NEXT || (error == 0 && extent.e_lblk <= logical)); steps++) {
		error = ext2fs_extent_get(handle, EXT2_EXTENT_NEXT_LEAF, &extent);
		if (error == EXT2_ET_EXTENT_NO_NEXT)
			return 0;
	}
	if (error == EXT2_ET_NO_CURRENT_NODE || error == EXT2_ET_EXTENT_NO_NEXT)
		return 0;
	if (error == 0 && extent.e_lblk > logical)
		out->count = extent.e_lblk - logical;
	return error != 0 || extent.e_lblk > logical ? error : EXT2_ET_EXTENT_HEADER_BAD;
}

void map_forget(struct ext4_node *node)
{
	for (unsigned i = 0; i < NODE_RUNS; i++)
		node->runs[i].count = 0;
}

#define RUN_UNWRITTEN (1ull << 63)

/* The run that has `logical`, among those that were found; NULL: none. */
static const struct node_run *run_known(const struct ext4_node *node, uint64_t logical)
{
	for (unsigned i = 0; i < NODE_RUNS; i++)
		if (logical - node->runs[i].logical < node->runs[i].count) /* it wraps, and is large, before the run */
			return &node->runs[i];
	return NULL;
}

static void run_keep(struct ext4_node *node, const struct mapping *mapping)
{
	node->runs[node->run_next++ % NODE_RUNS] = (struct node_run){
		(uint32_t)mapping->logical, (uint32_t)mapping->count, mapping->physical | (mapping->unwritten ? RUN_UNWRITTEN : 0),
	};
}

/* Blocks of a hole have a place now: behind the run before them, or a run of their own. */
static void run_made(struct ext4_node *node, const struct mapping *made)
{
	struct node_run *before = NULL;

	for (unsigned i = 0; i < NODE_RUNS; i++) {
		struct node_run *run = &node->runs[i];

		if (run->physical == 0)
			run->count = 0;
		else if (run->count > 0 && run->logical + (uint64_t)run->count == made->logical && run->physical + run->count == made->physical)
			before = run;
	}
	if (before != NULL)
		before->count += (uint32_t)made->count;
	else
		run_keep(node, made);
}

static status_t find_extent(struct volume *volume, struct ext4_node *node, uint64_t logical, struct mapping *out)
{
	struct ext2fs_extent extent;
	ext2_extent_handle_t handle;
	errcode_t error = ext2fs_extent_open2(volume->ext2, node->number, (struct ext2_inode *)&node->inode, &handle);

	if (error != 0)
		return ext4_status(error);
	*out = (struct mapping){ .logical = logical };
	error = ext2fs_extent_goto(handle, logical);
	if (error == 0)
		error = ext2fs_extent_get(handle, EXT2_EXTENT_CURRENT, &extent);
	if (error == 0) {
		*out = (struct mapping){ extent.e_lblk, extent.e_pblk, extent.e_len, extent.e_flags & EXT2_EXTENT_FLAGS_UNINIT };
		if (extent.e_pblk <= volume->ext2->super->s_first_data_block || extent.e_pblk >= volume->cache.blocks ||
		    extent.e_len > volume->cache.blocks - extent.e_pblk)
			error = EXT2_ET_BAD_BLOCK_NUM;
	} else if (error == EXT2_ET_EXTENT_NOT_FOUND) {
		error = hole_measure(handle, logical, out);
	}
	ext2fs_extent_free(handle);
	return ext4_status(error);
}

/* As many blocks as follow each other, up to 16. */
static status_t find_block(struct volume *volume, struct ext4_node *node, uint64_t logical, struct mapping *out)
{
	*out = (struct mapping){ .logical = logical };
	for (; out->count < 16; out->count++) {
		blk64_t block;
		errcode_t error = ext2fs_bmap2(volume->ext2, node->number, (struct ext2_inode *)&node->inode, NULL, 0, logical + out->count, NULL, &block);

		if (error != 0)
			return out->count > 0 ? STATUS_OK : ext4_status(error);
		if (block != 0 && (block <= volume->ext2->super->s_first_data_block || block >= volume->cache.blocks))
			return out->count > 0 ? STATUS_OK : STATUS_EIO;
		if (out->count == 0)
			out->physical = block;
		else if (block != (out->physical == 0 ? 0 : out->physical + out->count))
			break;
	}
	return STATUS_OK;
}

/* The run that `logical` is in, from there on. */
status_t map_find(struct volume *volume, struct ext4_node *node, uint64_t logical, struct mapping *out)
{
	const struct node_run *run;
	struct mapping found = { 0 };
	uint64_t skip;
	status_t status;

	if (logical >= UINT32_MAX)
		return STATUS_EFBIG;
	run = run_known(node, logical);
	if (run != NULL) {
		found = (struct mapping){ run->logical, run->physical & ~RUN_UNWRITTEN, run->count, (run->physical & RUN_UNWRITTEN) != 0 };
	} else {
		status = has_extents(node) ? find_extent(volume, node, logical, &found) : find_block(volume, node, logical, &found);
		if (status != STATUS_OK)
			return status;
		run_keep(node, &found);
	}
	skip = logical - found.logical;
	*out = (struct mapping){ logical, found.physical == 0 ? 0 : found.physical + skip, found.count - skip, found.unwritten };
	return STATUS_OK;
}

/* The same of a block map: by the last pointer of the inode that is set, of the block that it names, and so on. */
static status_t pointers_end(struct volume *volume, struct ext4_node *node, uint64_t *end)
{
	unsigned bits = EXT2_BLOCK_SIZE_BITS(volume->ext2->super) - 2;
	unsigned last = EXT2_N_BLOCKS;
	uint64_t block;

	while (last > 0 && node->inode.i_block[last - 1] == 0)
		last--;
	*end = last < EXT2_IND_BLOCK ? last : EXT2_IND_BLOCK;
	if (last <= EXT2_IND_BLOCK)
		return STATUS_OK;
	for (unsigned level = 1; level < last - EXT2_IND_BLOCK; level++)
		*end += 1ull << level * bits;
	block = node->inode.i_block[last - 1];
	for (unsigned level = last - EXT2_IND_BLOCK; level > 0 && block != 0; level--) {
		struct buffer *buffer;
		uint64_t at = (1ull << bits) - 1;
		status_t status = cache_get(&volume->cache, block, &buffer);

		if (status != STATUS_OK)
			return status == STATUS_EBADMSG ? STATUS_EIO : status;
		while (at > 0 && ((const uint32_t *)buffer->data)[at] == 0)
			at--;
		block = ((const uint32_t *)buffer->data)[at];
		*end += at << (level - 1) * bits;
	}
	*end += 1;
	return STATUS_OK;
}

/* The block behind the last one that has a place. */
status_t map_end(struct volume *volume, struct ext4_node *node, uint64_t *end)
{
	struct ext2fs_extent extent;
	ext2_extent_handle_t handle;
	errcode_t error;

	if (!has_extents(node))
		return pointers_end(volume, node, end);
	*end = 0;
	error = ext2fs_extent_open2(volume->ext2, node->number, (struct ext2_inode *)&node->inode, &handle);
	if (error != 0)
		return ext4_status(error);
	error = ext2fs_extent_goto(handle, UINT32_MAX - 1ul);
	if (error == 0 || error == EXT2_ET_EXTENT_NOT_FOUND)
		error = ext2fs_extent_get(handle, EXT2_EXTENT_CURRENT, &extent);
	if (error == 0)
		*end = extent.e_lblk + extent.e_len;
	ext2fs_extent_free(handle);
	return error == EXT2_ET_NO_CURRENT_NODE ? STATUS_OK : ext4_status(error);
}

/* Near what is before it in the file, or near its inode. */
static uint64_t goal_of(struct volume *volume, struct ext4_node *node, uint64_t logical)
{
	struct mapping before;

	if (logical > 0 && map_find(volume, node, logical - 1, &before) == STATUS_OK && before.physical != 0)
		return before.physical + 1;
	return ext2fs_find_inode_goal(volume->ext2, node->number, (struct ext2_inode *)&node->inode, logical);
}

static errcode_t extent_insert(ext2_extent_handle_t handle, const struct mapping *run)
{
	struct ext2fs_extent extent = { .e_pblk = run->physical, .e_lblk = run->logical, .e_len = (uint32_t)run->count };
	struct ext2fs_extent before;
	errcode_t error = ext2fs_extent_goto(handle, run->logical);
	int flags = 0;

	if (error != EXT2_ET_EXTENT_NOT_FOUND)
		return error != 0 ? error : EXT2_ET_EXTENT_HEADER_BAD;
	error = ext2fs_extent_get(handle, EXT2_EXTENT_CURRENT, &before);
	if (error != 0 && error != EXT2_ET_NO_CURRENT_NODE)
		return error;
	if (error == 0 && before.e_lblk < run->logical) {
		flags = EXT2_EXTENT_INSERT_AFTER;
		if (before.e_lblk + before.e_len == run->logical && before.e_pblk + before.e_len == run->physical &&
		    !(before.e_flags & EXT2_EXTENT_FLAGS_UNINIT) && before.e_len + run->count <= EXTENT_BLOCKS_MAX) {
			before.e_len += (uint32_t)run->count;
			return ext2fs_extent_replace(handle, 0, &before);
		}
	}
	error = ext2fs_extent_insert(handle, flags, &extent);
	return error != 0 ? error : ext2fs_extent_fix_parents(handle);
}

static status_t make_extent(struct volume *volume, struct ext4_node *node, uint64_t count, struct mapping *out)
{
	ext2_filsys ext2 = volume->ext2;
	struct ext2_inode *inode = (struct ext2_inode *)&node->inode;
	ext2_extent_handle_t handle;
	blk64_t length;
	blk64_t block;
	errcode_t error = ext2fs_new_range(ext2, 0, goal_of(volume, node, out->logical), count, NULL, &block, &length);

	if (error != 0)
		return error == ENOENT ? STATUS_ENOSPC : ext4_status(error);
	out->physical = block;
	out->count = length < count ? length : count;
	ext2fs_block_alloc_stats_range(ext2, block, (blk_t)out->count, 1);
	error = ext2fs_iblk_add_blocks(ext2, inode, out->count);
	if (error == 0)
		error = ext2fs_extent_open2(ext2, node->number, inode, &handle);
	if (error != 0)
		return ext4_status(error);
	error = extent_insert(handle, out);
	ext2fs_extent_free(handle);
	return ext4_status(error);
}

static status_t make_block(struct volume *volume, struct ext4_node *node, struct mapping *out)
{
	blk64_t block;
	errcode_t error = ext2fs_bmap2(volume->ext2, node->number, (struct ext2_inode *)&node->inode, NULL, BMAP_ALLOC, out->logical, NULL, &block);

	out->physical = block;
	out->count = 1;
	return ext4_status(error);
}

status_t map_make(struct volume *volume, struct ext4_node *node, uint64_t logical, uint64_t count, struct mapping *out)
{
	status_t status;

	*out = (struct mapping){ .logical = logical };
	status = has_extents(node) ? make_extent(volume, node, count < EXTENT_BLOCKS_MAX ? count : EXTENT_BLOCKS_MAX, out) : make_block(volume, node, out);
	if (status == STATUS_OK)
		run_made(node, out);
	else
		map_forget(node);
	return status;
}

status_t map_written(struct volume *volume, struct ext4_node *node, const struct mapping *mapping, uint64_t logical)
{
	ext2_extent_handle_t handle;
	errcode_t error = ext2fs_extent_open2(volume->ext2, node->number, (struct ext2_inode *)&node->inode, &handle);

	if (error != 0)
		return ext4_status(error);
	error = ext2fs_extent_set_bmap(handle, logical, mapping->physical + (logical - mapping->logical), 0);
	ext2fs_extent_free(handle);
	map_forget(node);
	return ext4_status(error);
}
