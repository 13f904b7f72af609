// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Blocks and inodes taken and given back. libext2fs counts them by the functions below, whose names are its own: ours instead of its alloc_stats.c, so
 * that what an operation did can be undone, and a commit writes the bitmaps and descriptors that changed, each once, and no others.
 */
#include <stdlib.h>

#include "kernel/io/fs/ext4/volume.h"
#include "lib/string.h"

enum { GROUP_BLOCKS = 1, GROUP_INODES = 2, ALLOCATIONS = 32 };

static struct volume *owner_of(ext2_filsys ext2)
{
	return ext2->priv_data;
}

static void remember(struct volume *volume, const struct allocation *allocation)
{
	if (!volume->cache.operation)
		return;
	if (volume->allocation_count == volume->allocation_room) {
		unsigned room = volume->allocation_room == 0 ? ALLOCATIONS : volume->allocation_room * 2;
		struct allocation *more = realloc(volume->allocations, room * sizeof(*more));

		if (more == NULL) {
			volume->allocations_lost = true;
			return;
		}
		volume->allocations = more;
		volume->allocation_room = room;
	}
	volume->allocations[volume->allocation_count++] = *allocation;
}

/* libext2fs gives back block by block: those are one. */
static void remember_blocks(struct volume *volume, uint64_t first, uint32_t count, int change)
{
	struct allocation *last = volume->allocation_count > 0 ? &volume->allocations[volume->allocation_count - 1] : NULL;

	if (volume->cache.operation && last != NULL && !last->inode && last->change == change && last->first + last->count == first)
		last->count += count;
	else
		remember(volume, &(struct allocation){ .first = first, .count = count, .change = (int8_t)change });
}

static void group_mark(struct volume *volume, dgrp_t group, uint8_t what)
{
	volume->groups_dirty[group] |= what;
	volume->descriptors_dirty[group / EXT2_DESC_PER_BLOCK(volume->ext2->super)] = 1;
	volume->super_dirty = true;
}

/* Whether what is to be taken is free, and what is to be given back is taken: else a bitmap or a mapping is wrong, and counting on makes it worse. */
static bool blocks_make_sense(struct volume *volume, uint64_t first, uint32_t count, int change)
{
	blk64_t found;

	if (change > 0)
		return ext2fs_test_block_bitmap_range2(volume->ext2->block_map, first, count) != 0;
	return ext2fs_find_first_zero_block_bitmap2(volume->ext2->block_map, first, first + count - 1, &found) != 0;
}

static bool inode_makes_sense(struct volume *volume, ext2_ino_t number, int change)
{
	return (ext2fs_test_inode_bitmap2(volume->ext2->inode_map, number) != 0) == (change < 0);
}

static void inode_count(struct volume *volume, ext2_ino_t number, int change, bool directory)
{
	ext2_filsys ext2 = volume->ext2;
	dgrp_t group = ext2fs_group_of_ino(ext2, number);
	uint32_t per_group = EXT2_INODES_PER_GROUP(ext2->super);
	uint32_t last = (number - 1) % per_group + 1;

	if (change > 0)
		ext2fs_mark_inode_bitmap2(ext2->inode_map, number);
	else
		ext2fs_unmark_inode_bitmap2(ext2->inode_map, number);
	ext2fs_bg_free_inodes_count_set(ext2, group, ext2fs_bg_free_inodes_count(ext2, group) - (unsigned)change);
	if (directory)
		ext2fs_bg_used_dirs_count_set(ext2, group, ext2fs_bg_used_dirs_count(ext2, group) + (unsigned)change);
	ext2fs_bg_flags_clear(ext2, group, EXT2_BG_INODE_UNINIT);
	if (ext2fs_has_group_desc_csum(ext2) && last > per_group - ext2fs_bg_itable_unused(ext2, group))
		ext2fs_bg_itable_unused_set(ext2, group, per_group - last);
	ext2->super->s_free_inodes_count -= (unsigned)change;
	group_mark(volume, group, GROUP_INODES);
}

static void blocks_count(struct volume *volume, uint64_t first, uint32_t count, int change)
{
	ext2_filsys ext2 = volume->ext2;

	if (change > 0)
		ext2fs_mark_block_bitmap_range2(ext2->block_map, first, count);
	else
		ext2fs_unmark_block_bitmap_range2(ext2->block_map, first, count);
	volume->given_back |= change < 0;
	while (count > 0) {
		dgrp_t group = ext2fs_group_of_blk2(ext2, first);
		uint64_t in_group = ext2->super->s_first_data_block + (group + 1ul) * EXT2_BLOCKS_PER_GROUP(ext2->super) - first;
		uint32_t step = in_group < count ? (uint32_t)in_group : count;
		int64_t taken = change > 0 ? (int64_t)step : -(int64_t)step;

		ext2fs_bg_free_blocks_count_set(ext2, group, (uint32_t)(ext2fs_bg_free_blocks_count(ext2, group) - taken));
		ext2fs_bg_flags_clear(ext2, group, EXT2_BG_BLOCK_UNINIT);
		ext2fs_free_blocks_count_set(ext2->super, ext2fs_free_blocks_count(ext2->super) - (uint64_t)taken);
		group_mark(volume, group, GROUP_BLOCKS);
		first += step;
		count -= step;
	}
}

void ext2fs_inode_alloc_stats2(ext2_filsys ext2, ext2_ino_t number, int change, int directory)
{
	if (number == 0 || number > ext2->super->s_inodes_count)
		return;
	if (!inode_makes_sense(owner_of(ext2), number, change)) {
		owner_of(ext2)->allocations_wrong = true;
		return;
	}
	remember(owner_of(ext2), &(struct allocation){ .first = number, .count = 1, .change = (int8_t)change, .inode = true, .directory = directory != 0 });
	inode_count(owner_of(ext2), number, change, directory != 0);
}

void ext2fs_inode_alloc_stats(ext2_filsys ext2, ext2_ino_t number, int change)
{
	ext2fs_inode_alloc_stats2(ext2, number, change, 0);
}

void ext2fs_block_alloc_stats_range(ext2_filsys ext2, blk64_t first, blk_t count, int change)
{
	uint64_t blocks = owner_of(ext2)->cache.blocks;

	if (first < ext2->super->s_first_data_block || first >= blocks || count > blocks - first || count == 0)
		return;
	if (!blocks_make_sense(owner_of(ext2), first, count, change)) {
		owner_of(ext2)->allocations_wrong = true;
		return;
	}
	remember_blocks(owner_of(ext2), first, count, change);
	blocks_count(owner_of(ext2), first, count, change);
}

void ext2fs_block_alloc_stats2(ext2_filsys ext2, blk64_t block, int change)
{
	ext2fs_block_alloc_stats_range(ext2, block, 1, change);
}

void ext2fs_block_alloc_stats(ext2_filsys ext2, blk_t block, int change)
{
	ext2fs_block_alloc_stats2(ext2, block, change);
}

void allocation_undo(struct volume *volume)
{
	while (volume->allocation_count > 0) {
		const struct allocation *last = &volume->allocations[--volume->allocation_count];

		if (last->inode)
			inode_count(volume, (ext2_ino_t)last->first, -last->change, last->directory);
		else
			blocks_count(volume, last->first, last->count, -last->change);
	}
}

/* A whole block of the volume as it is to be. */
static status_t put_block(struct volume *volume, uint64_t block, const void *data)
{
	struct buffer *buffer;
	status_t status = cache_get_new(&volume->cache, block, &buffer);

	if (status != STATUS_OK)
		return status;
	cache_change_data(&volume->cache, buffer);
	memcpy(buffer->data, data, volume->cache.block_bytes);
	return STATUS_OK;
}

/* Whether a block may be one of the bitmaps'. */
static bool is_block(const struct volume *volume, uint64_t block)
{
	return block > volume->ext2->super->s_first_data_block && block < volume->cache.blocks;
}

static status_t block_bitmap_put(struct volume *volume, dgrp_t group)
{
	ext2_filsys ext2 = volume->ext2;
	uint32_t per_group = EXT2_BLOCKS_PER_GROUP(ext2->super);
	uint64_t first = ext2->super->s_first_data_block + (uint64_t)group * per_group;
	uint64_t count = ext2fs_blocks_count(ext2->super) - first < per_group ? ext2fs_blocks_count(ext2->super) - first : per_group;

	memset(volume->block, 0xff, volume->cache.block_bytes);
	if (!is_block(volume, ext2fs_block_bitmap_loc(ext2, group)))
		return STATUS_EIO;
	if (ext2fs_get_block_bitmap_range2(ext2->block_map, first, per_group, volume->block) != 0)
		return STATUS_EIO;
	for (uint64_t bit = count; bit < volume->cache.block_bytes * 8ul; bit++) /* what the last group does not have is taken */
		volume->block[bit / 8] |= (uint8_t)(1u << bit % 8);
	if (ext2fs_block_bitmap_csum_set(ext2, group, (char *)volume->block, (int)per_group / 8) != 0)
		return STATUS_EIO;
	return put_block(volume, ext2fs_block_bitmap_loc(ext2, group), volume->block);
}

static status_t inode_bitmap_put(struct volume *volume, dgrp_t group)
{
	ext2_filsys ext2 = volume->ext2;
	uint32_t per_group = EXT2_INODES_PER_GROUP(ext2->super);

	memset(volume->block, 0xff, volume->cache.block_bytes);
	if (!is_block(volume, ext2fs_inode_bitmap_loc(ext2, group)))
		return STATUS_EIO;
	if (ext2fs_get_inode_bitmap_range2(ext2->inode_map, (uint64_t)group * per_group + 1, per_group, volume->block) != 0)
		return STATUS_EIO;
	if (ext2fs_inode_bitmap_csum_set(ext2, group, (char *)volume->block, (int)per_group / 8) != 0)
		return STATUS_EIO;
	return put_block(volume, ext2fs_inode_bitmap_loc(ext2, group), volume->block);
}

static status_t group_put(struct volume *volume, dgrp_t group)
{
	status_t status = STATUS_OK;

	if (volume->groups_dirty[group] & GROUP_BLOCKS)
		status = block_bitmap_put(volume, group);
	if (status == STATUS_OK && (volume->groups_dirty[group] & GROUP_INODES))
		status = inode_bitmap_put(volume, group);
	if (status != STATUS_OK)
		return status;
	ext2fs_group_desc_csum_set(volume->ext2, group);
	volume->groups_dirty[group] = 0;
	return STATUS_OK;
}

static status_t super_put(struct volume *volume)
{
	uint32_t bytes = volume->cache.block_bytes;
	struct buffer *buffer;
	status_t status = cache_get(&volume->cache, SUPERBLOCK_OFFSET / bytes, &buffer);

	if (status != STATUS_OK)
		return status;
	volume->ext2->super->s_wtime = (uint32_t)volume_seconds(volume);
	if (ext2fs_superblock_csum_set(volume->ext2, volume->ext2->super) != 0)
		return STATUS_EIO;
	cache_change_data(&volume->cache, buffer);
	memcpy(buffer->data + SUPERBLOCK_OFFSET % bytes, volume->ext2->super, SUPERBLOCK_SIZE);
	volume->super_dirty = false;
	return STATUS_OK;
}

status_t allocation_flush(struct volume *volume)
{
	ext2_filsys ext2 = volume->ext2;
	status_t status = STATUS_OK;

	for (dgrp_t group = 0; status == STATUS_OK && volume->super_dirty && group < ext2->group_desc_count; group++)
		if (volume->groups_dirty[group] != 0)
			status = group_put(volume, group);
	for (unsigned i = 0; status == STATUS_OK && volume->super_dirty && i < ext2->desc_blocks; i++) {
		if (!volume->descriptors_dirty[i])
			continue;
		status = put_block(volume, ext2fs_descriptor_block_loc2(ext2, ext2->super->s_first_data_block, i),
				   (const uint8_t *)ext2->group_desc + (size_t)i * ext2->blocksize);
		volume->descriptors_dirty[i] = 0;
	}
	if (status == STATUS_OK && volume->super_dirty)
		status = super_put(volume);
	return status;
}
