// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Mounting: the superblock is proved, the journal replayed where it must be, the log opened, and what was begun before the power went is finished.
 */
#include <stdlib.h>

#include "kernel/io/fs/ext4/crc32c.h"
#include "kernel/io/fs/ext4/ext4.h"
#include "kernel/io/fs/ext4/platform.h"
#include "kernel/io/fs/ext4/volume.h"
#include "lib/format.h"
#include "lib/string.h"

#define INCOMPAT_KNOWN (EXT2_FEATURE_INCOMPAT_FILETYPE | EXT3_FEATURE_INCOMPAT_RECOVER | EXT2_FEATURE_INCOMPAT_META_BG | \
			EXT3_FEATURE_INCOMPAT_EXTENTS | EXT4_FEATURE_INCOMPAT_64BIT | EXT4_FEATURE_INCOMPAT_FLEX_BG | \
			EXT4_FEATURE_INCOMPAT_CSUM_SEED | EXT4_FEATURE_INCOMPAT_LARGEDIR)
/* What a volume may have that is written to. */
#define RO_COMPAT_KNOWN (EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER | EXT2_FEATURE_RO_COMPAT_LARGE_FILE | EXT4_FEATURE_RO_COMPAT_HUGE_FILE | \
			 EXT4_FEATURE_RO_COMPAT_GDT_CSUM | EXT4_FEATURE_RO_COMPAT_DIR_NLINK | EXT4_FEATURE_RO_COMPAT_EXTRA_ISIZE | \
			 EXT4_FEATURE_RO_COMPAT_METADATA_CSUM)

enum { SECTOR_BYTES = 4096, CACHE_BLOCKS_MIN = 64, JOURNAL_RUNS = 64, IDLE_NODES_MAX = 1024, KNOWN_NAMES_MAX = 2048 };

struct mounting {
	struct volume *volume;
	const char *why;
	bool again;   /* what was read of the volume is not so any more */
	bool settled; /* whether to be lenient */
	bool lenient; /* what is wrong may be what the journal puts right */
};

static status_t refuse(struct mounting *mounting, status_t status, const char *why)
{
	mounting->why = why;
	return status;
}

/* The superblock as it is on the disk, in `super`. */
static status_t super_judge(struct mounting *mounting, const struct ext2_super_block *super)
{
	struct volume *volume = mounting->volume;
	bool write = !volume->fs.read_only;
	uint64_t bytes;

	if (super->s_magic != EXT2_SUPER_MAGIC)
		return refuse(mounting, STATUS_EINVAL, "it has no ext4 file system");
	if (super->s_log_block_size > 2)
		return refuse(mounting, STATUS_ENOTSUP, "its blocks are larger than 4096 bytes");
	if (super->s_feature_incompat & ~INCOMPAT_KNOWN)
		return refuse(mounting, STATUS_ENOTSUP, "it has a feature that is not known");
	if (write && (super->s_feature_ro_compat & ~RO_COMPAT_KNOWN))
		return refuse(mounting, STATUS_ENOTSUP, "it has a feature with which it can only be read: mount it read-only");
	if (write && !(super->s_feature_compat & EXT3_FEATURE_COMPAT_HAS_JOURNAL))
		return refuse(mounting, STATUS_ENOTSUP, "it has no journal, and can only be read: mount it read-only");
	bytes = EXT2_BLOCK_SIZE(super) * (super->s_blocks_count | (super->s_feature_incompat & EXT4_FEATURE_INCOMPAT_64BIT ?
								     (uint64_t)super->s_blocks_count_hi << 32 : 0));
	if (bytes > volume->device->bytes)
		return refuse(mounting, STATUS_EINVAL, "it is larger than its disk: a part of it is missing");
	if (super->s_state & EXT2_ERROR_FS && write)
		return refuse(mounting, STATUS_EBADMSG, "it was found damaged: run e2fsck, or mount it read-only");
	return STATUS_OK;
}

static uint32_t super_sum(const struct ext2_super_block *super)
{
	return ext4_crc32c(~0u, super, offsetof(struct ext2_super_block, s_checksum));
}

/*
 * Half of a superblock can be at its place when the power has gone. Where it is written with the rest of a transaction the journal has the other half. Where
 * it alone is written, only one flag is changed (recovery_mark()): if the checksum is that of the other value, it is made right here.
 */
static status_t super_mend(struct mounting *mounting, uint8_t *sector)
{
	struct volume *volume = mounting->volume;
	struct ext2_super_block *super = (void *)(sector + SUPERBLOCK_OFFSET);
	status_t status;

	if (mounting->settled || !(super->s_feature_ro_compat & EXT4_FEATURE_RO_COMPAT_METADATA_CSUM))
		return STATUS_OK;
	mounting->settled = true;
	mounting->lenient = super_sum(super) != super->s_checksum;
	super->s_feature_incompat ^= EXT3_FEATURE_INCOMPAT_RECOVER;
	bool halved = mounting->lenient && super_sum(super) == super->s_checksum;

	super->s_feature_incompat ^= EXT3_FEATURE_INCOMPAT_RECOVER;
	if (!halved || volume->fs.read_only)
		return STATUS_OK;
	mounting->lenient = false;
	super->s_checksum = super_sum(super);
	status = cache_transfer(volume->device, HAL_BLOCK_WRITE, 0, sector, SECTOR_BYTES);
	return status == STATUS_OK ? ext4_device_flush(volume->device) : status;
}

/* Reads the superblock's first `SECTOR_BYTES` of the disk, and makes a cache for blocks of the size it names. */
static status_t cache_make(struct mounting *mounting, size_t cache_bytes)
{
	struct volume *volume = mounting->volume;
	uint8_t *sector = ext4_block_alloc(SECTOR_BYTES);
	const struct ext2_super_block *super = (const void *)(sector + SUPERBLOCK_OFFSET);
	status_t status = sector == NULL ? STATUS_ENOMEM : STATUS_OK;

	if (status == STATUS_OK && volume->device->bytes < 2 * SECTOR_BYTES)
		status = refuse(mounting, STATUS_EINVAL, "it is too small for a file system");
	if (status == STATUS_OK)
		status = cache_transfer(volume->device, HAL_BLOCK_READ, 0, sector, SECTOR_BYTES);
	if (status == STATUS_OK)
		status = super_judge(mounting, super);
	if (status == STATUS_OK)
		status = super_mend(mounting, sector);
	if (status == STATUS_OK) {
		uint32_t bytes = EXT2_BLOCK_SIZE(super);
		size_t limit = cache_bytes / bytes;

		status = cache_init(&volume->cache, volume->device, bytes, volume->device->bytes / bytes,
				    limit < CACHE_BLOCKS_MIN ? CACHE_BLOCKS_MIN : (unsigned)limit);
		volume->block = ext4_block_alloc(SECTOR_BYTES);
		volume->block2 = ext4_block_alloc(SECTOR_BYTES);
		volume->name = malloc(FS_NAME_MAX + 1);
		if (volume->block == NULL || volume->block2 == NULL || volume->name == NULL)
			status = STATUS_ENOMEM;
	}
	if (sector != NULL)
		ext4_block_free(sector, SECTOR_BYTES);
	return status;
}

/* Every group's bitmaps and inodes are in the volume, and its descriptor as it was written. */
static status_t groups_judge(struct mounting *mounting)
{
	ext2_filsys ext2 = mounting->volume->ext2;
	uint64_t blocks = ext2fs_blocks_count(ext2->super);
	uint64_t first = ext2->super->s_first_data_block;

	for (dgrp_t group = 0; group < ext2->group_desc_count; group++) {
		uint64_t table = ext2fs_inode_table_loc(ext2, group);

		if (!mounting->lenient && !ext2fs_group_desc_csum_verify(ext2, group))
			return refuse(mounting, STATUS_EBADMSG, "a group descriptor is damaged: run e2fsck");
		if (ext2fs_block_bitmap_loc(ext2, group) <= first || ext2fs_block_bitmap_loc(ext2, group) >= blocks ||
		    ext2fs_inode_bitmap_loc(ext2, group) <= first || ext2fs_inode_bitmap_loc(ext2, group) >= blocks || table <= first ||
		    table >= blocks || ext2->inode_blocks_per_group > blocks - table)
			return refuse(mounting, STATUS_EBADMSG, "a group descriptor names blocks that are not there: run e2fsck");
	}
	return STATUS_OK;
}

static status_t ext2_open(struct mounting *mounting)
{
	struct volume *volume = mounting->volume;
	char name[24];
	errcode_t error;

	(void)format_print(name, sizeof(name), "%llx", (unsigned long long)(uintptr_t)volume);
	error = ext2fs_open2(name, NULL, EXT2_FLAG_64BITS | (volume->fs.read_only ? 0 : EXT2_FLAG_RW) |
					  (mounting->lenient ? EXT2_FLAG_IGNORE_CSUM_ERRORS : 0), 0, 0, &ext4_channel, &volume->ext2);
	if (error != 0) {
		volume->ext2 = NULL;
		return refuse(mounting, ext4_status(error), error == EXT2_ET_SB_CSUM_INVALID ? "its superblock is damaged: run e2fsck" :
									"its superblock or group descriptors cannot be read, or make no sense: run e2fsck");
	}
	volume->ext2->priv_data = volume;
	volume->ext2->default_bitmap_type = EXT2FS_BMAP64_BITARRAY;
	volume->cache.blocks = ext2fs_blocks_count(volume->ext2->super);
	volume->htree = ext2fs_has_feature_dir_index(volume->ext2->super);
	if (EXT2_INODES_PER_GROUP(volume->ext2->super) % 8 != 0 || EXT2_INODES_PER_GROUP(volume->ext2->super) > volume->cache.block_bytes * 8 ||
	    EXT2_BLOCKS_PER_GROUP(volume->ext2->super) % 8 != 0 || EXT2_FIRST_INO(volume->ext2->super) < EXT2_GOOD_OLD_FIRST_INO)
		return refuse(mounting, STATUS_EBADMSG, "its superblock makes no sense: run e2fsck");
	return groups_judge(mounting);
}

/* Where the journal lies: `*runs`, made by malloc. */
static status_t journal_map(struct volume *volume, struct ext4_node *node, struct journal_run **runs, unsigned *count, uint32_t blocks)
{
	unsigned room = 0;

	*runs = NULL;
	*count = 0;
	for (uint32_t at = 0; at < blocks;) {
		struct mapping run;
		status_t status = map_find(volume, node, at, &run);

		if (status != STATUS_OK || run.physical == 0 || run.unwritten)
			return status != STATUS_OK ? status : STATUS_EBADMSG;
		if (*count == room) {
			struct journal_run *more = realloc(*runs, (room += JOURNAL_RUNS) * sizeof(*more));

			if (more == NULL)
				return STATUS_ENOMEM;
			*runs = more;
		}
		(*runs)[(*count)++] = (struct journal_run){ at, (uint32_t)(run.count < blocks - at ? run.count : blocks - at), run.physical };
		at += (*runs)[*count - 1].count;
	}
	return *count > 0 ? STATUS_OK : STATUS_EBADMSG;
}

static status_t journal_open(struct mounting *mounting)
{
	struct volume *volume = mounting->volume;
	struct ext4_node node = { .node.fs = &volume->fs, .number = volume->ext2->super->s_journal_inum };
	struct journal_run *runs;
	uint64_t blocks;
	unsigned count;
	status_t status;

	if (node.number == 0)
		return refuse(mounting, STATUS_ENOTSUP, "its journal is on another disk");
	status = node_reload(volume, &node);
	blocks = node_size(&node) / volume->cache.block_bytes;
	if (status != STATUS_OK || node_type(node.inode.i_mode) != FS_FILE || blocks > UINT32_MAX / 2)
		return refuse(mounting, STATUS_EBADMSG, "its journal's inode is damaged: run e2fsck");
	status = journal_map(volume, &node, &runs, &count, (uint32_t)blocks);
	if (status != STATUS_OK) {
		free(runs);
		return refuse(mounting, status, "its journal's blocks cannot be found: run e2fsck");
	}
	return journal_init(&volume->journal, &volume->cache, runs, count, (uint32_t)blocks, &mounting->why);
}

/* The journal, where there is one, is empty when this returns. */
static status_t journal_settle(struct mounting *mounting)
{
	struct volume *volume = mounting->volume;
	uint32_t blocks = 0;
	status_t status;

	if (!ext2fs_has_feature_journal(volume->ext2->super))
		return STATUS_OK;
	status = journal_open(mounting);
	if (status != STATUS_OK)
		return status;
	mounting->again = mounting->lenient;
	mounting->lenient = false;
	if (volume->journal.format.start == 0)
		return STATUS_OK;
	if (volume->device->read_only || volume->fs.read_only)
		return refuse(mounting, STATUS_EROFS, "its journal must be replayed: mount it once writable");
	mounting->again = true;
	return journal_recover(&volume->journal, &blocks, &mounting->why);
}

static void volume_close(struct volume *volume)
{
	nodes_idle_forget(volume, 0);
	journal_end(&volume->journal);
	if (volume->ext2 != NULL)
		ext2fs_free(volume->ext2);
	volume->ext2 = NULL;
	cache_end(&volume->cache);
	if (volume->block != NULL)
		ext4_block_free(volume->block, SECTOR_BYTES);
	if (volume->block2 != NULL)
		ext4_block_free(volume->block2, SECTOR_BYTES);
	volume->block = NULL;
	volume->block2 = NULL;
	free(volume->name);
	volume->name = NULL;
}

static void volume_free(struct volume *volume)
{
	volume_close(volume);
	free(volume->groups_dirty);
	free(volume->descriptors_dirty);
	free(volume->allocations);
	names_free(volume->names);
	ext4_lock_free(volume->lock);
	free(volume);
}

/*
 * Says on the disk whether there may be something to replay, and nothing else: Linux forgets what the log has where the superblock does not say so. So it
 * does before the log has anything, and until it has nothing any more.
 */
static status_t recovery_mark(struct volume *volume, bool set)
{
	uint32_t bytes = volume->cache.block_bytes;
	struct ext2_super_block *super;
	struct buffer *buffer;
	status_t status = cache_get(&volume->cache, SUPERBLOCK_OFFSET / bytes, &buffer);

	if (status != STATUS_OK)
		return status;
	super = (void *)(buffer->data + SUPERBLOCK_OFFSET % bytes);
	if (set)
		super->s_feature_incompat |= EXT3_FEATURE_INCOMPAT_RECOVER;
	else
		super->s_feature_incompat &= ~(uint32_t)EXT3_FEATURE_INCOMPAT_RECOVER;
	if (super->s_feature_ro_compat & EXT4_FEATURE_RO_COMPAT_METADATA_CSUM)
		super->s_checksum = super_sum(super);
	volume->ext2->super->s_feature_incompat = super->s_feature_incompat;
	status = cache_transfer(volume->device, HAL_BLOCK_WRITE, buffer->block * bytes, buffer->data, bytes);
	return status == STATUS_OK ? ext4_device_flush(volume->device) : status;
}

static status_t write_begin(struct mounting *mounting)
{
	struct volume *volume = mounting->volume;
	ext2_filsys ext2 = volume->ext2;
	uint32_t wants = (ext2fs_has_feature_metadata_csum(ext2->super) ? JBD2_INCOMPAT_CSUM_V3 : 0) |
			 (ext2fs_has_feature_64bit(ext2->super) ? JBD2_INCOMPAT_64BIT : 0);
	status_t status;

	volume->groups_dirty = calloc(ext2->group_desc_count, 1);
	volume->descriptors_dirty = calloc(ext2->desc_blocks, 1);
	if (volume->groups_dirty == NULL || volume->descriptors_dirty == NULL)
		return STATUS_ENOMEM;
	status = ext4_status(ext2fs_read_bitmaps(ext2));
	if (status != STATUS_OK)
		return refuse(mounting, status, "its bitmaps are damaged: run e2fsck");
	mounting->why = "its journal cannot be written";
	status = recovery_mark(volume, true);
	if (status == STATUS_OK)
		status = journal_begin(&volume->journal, wants, 2 * ext2->group_desc_count + (unsigned)ext2->desc_blocks + 1);
	if (status != STATUS_OK)
		return status;
	ext4_random(&volume->generation, sizeof(volume->generation));
	ext2->super->s_mtime = (uint32_t)volume_seconds(volume);
	ext2->super->s_mnt_count++;
	volume->super_dirty = true;
	volume->changed = true;
	status = volume_commit(volume);
	if (status != STATUS_OK)
		return status;
	status = orphans_end(volume);
	return status == STATUS_OK ? STATUS_OK : refuse(mounting, status, "its list of deletions that were begun is damaged: run e2fsck");
}

static uint64_t latest(const struct ext2_super_block *super)
{
	uint64_t seconds = super->s_wtime;

	seconds = super->s_mtime > seconds ? super->s_mtime : seconds;
	seconds = super->s_mkfs_time > seconds ? super->s_mkfs_time : seconds;
	return super->s_lastcheck > seconds ? super->s_lastcheck : seconds;
}

static status_t mount(struct mounting *mounting, size_t cache_bytes)
{
	struct volume *volume = mounting->volume;
	struct ext4_node *root;
	status_t status;

	do {
		mounting->again = false;
		volume_close(volume);
		status = cache_make(mounting, cache_bytes);
		if (status == STATUS_OK)
			status = ext2_open(mounting);
		if (status == STATUS_OK)
			status = journal_settle(mounting);
	} while (status == STATUS_OK && mounting->again);
	if (status != STATUS_OK)
		return status;
	volume->idle_max = volume->cache.limit / 4 < IDLE_NODES_MAX ? volume->cache.limit / 4 : IDLE_NODES_MAX;
	volume->names = names_make(volume->cache.limit / 2 < KNOWN_NAMES_MAX ? volume->cache.limit / 2 : KNOWN_NAMES_MAX);
	volume->clock_base = latest(volume->ext2->super) - ext4_now_ns() / 1000000000;
	if (!volume->fs.read_only)
		status = write_begin(mounting);
	if (status != STATUS_OK)
		return status;
	mounting->why = "its root directory cannot be read: run e2fsck";
	status = node_get(volume, EXT2_ROOT_INO, &root);
	if (status != STATUS_OK)
		return status;
	if (root->node.type != FS_DIRECTORY) {
		node_forget(volume, root);
		return STATUS_EBADMSG;
	}
	volume->fs.root = &root->node;
	return STATUS_OK;
}

status_t volume_mount(struct ext4_device *device, bool read_only, size_t cache_bytes, struct volume **out, char *why, size_t why_bytes)
{
	struct volume *volume = calloc(1, sizeof(*volume));
	struct mounting mounting = { .volume = volume, .why = "it cannot be read" };
	status_t status = STATUS_ENOMEM;

	if (volume != NULL) {
		list_init(&volume->idle);
		volume->device = device;
		volume->fs = (struct fs){ .ops = &ext4_ops, .name = "ext4", .workers = 1, .node_bytes = sizeof(struct ext4_node),
					  .read_only = read_only || device->read_only };
		volume->lock = ext4_lock_make();
		status = volume->lock != NULL && crc32c_prepare() ? mount(&mounting, cache_bytes) : STATUS_ENOMEM;
	}
	if (status == STATUS_OK) {
		*out = volume;
		return STATUS_OK;
	}
	(void)format_print(why, why_bytes, "%s", status == STATUS_ENOMEM ? "out of memory" : mounting.why);
	if (volume != NULL)
		volume_free(volume);
	return status;
}

/* Everything is at its place, and the log is empty, before the superblock says that there is nothing to replay. */
static status_t finish(struct volume *volume)
{
	status_t status = volume_commit(volume);

	if (status == STATUS_OK)
		status = journal_checkpoint(&volume->journal, true);
	return status == STATUS_OK ? recovery_mark(volume, false) : status;
}

status_t volume_unmount(struct volume *volume)
{
	status_t status = STATUS_OK;

	ext4_lock_take(volume->lock);
	node_put(volume, node_of(volume->fs.root));
	nodes_idle_forget(volume, 0);
	for (unsigned i = 0; i < NODE_SLOTS; i++)
		while (volume->slots[i] != NULL) {
			node_release(&volume->slots[i]->node);
			nodes_idle_forget(volume, 0);
		}
	if (!volume->fs.read_only)
		status = finish(volume);
	ext4_lock_give(volume->lock);
	volume_free(volume);
	return status;
}
