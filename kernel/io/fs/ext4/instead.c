// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What libext2fs refers to and has in files that are not compiled. First what a volume never gets to, features that volume_mount() refuses or kinds of bitmaps that are
 * not asked for: each fails
 * where it is reached after all. Then what is used. Declared by libext2fs' own headers.
 */
#include <ext2fs/ext2fsP.h>
#include <ext2fs/bmap64.h>

#include "kernel/io/fs/ext4/volume.h"
#include "lib/string.h"

struct ext2_bitmap_ops ext2fs_blkmap64_rbtree;

void com_err(const char *who, long code, const char *text, ...)
{
	(void)who;
	(void)code;
	(void)text;
}

int ext2fs_inline_data_dir_iterate(ext2_filsys fs, ext2_ino_t number, void *ctx)
{
	(void)fs;
	(void)number;
	(void)ctx;
	return BLOCK_ABORT;
}

errcode_t ext2fs_inline_data_ea_remove(ext2_filsys fs, ext2_ino_t number)
{
	(void)fs;
	(void)number;
	return EXT2_ET_UNSUPP_FEATURE;
}

errcode_t ext2fs_inline_data_expand(ext2_filsys fs, ext2_ino_t number)
{
	(void)fs;
	(void)number;
	return EXT2_ET_UNSUPP_FEATURE;
}

errcode_t ext2fs_inline_data_size(ext2_filsys fs, ext2_ino_t number, size_t *size)
{
	(void)fs;
	(void)number;
	(void)size;
	return EXT2_ET_UNSUPP_FEATURE;
}

errcode_t ext2fs_inline_data_set(ext2_filsys fs, ext2_ino_t number, struct ext2_inode *inode, void *data, size_t size)
{
	(void)fs;
	(void)number;
	(void)inode;
	(void)data;
	(void)size;
	return EXT2_ET_UNSUPP_FEATURE;
}

errcode_t ext2fs_get_num_dirs(ext2_filsys fs, ext2_ino_t *count)
{
	(void)fs;
	(void)count;
	return EXT2_ET_UNSUPP_FEATURE;
}

errcode_t ext2fs_mmp_start(ext2_filsys fs)
{
	(void)fs;
	return EXT2_ET_UNSUPP_FEATURE;
}

errcode_t ext2fs_mmp_stop(ext2_filsys fs)
{
	(void)fs;
	return 0;
}

errcode_t ext2fs_read_bb_inode(ext2_filsys fs, ext2_badblocks_list *list)
{
	(void)fs;
	(void)list;
	return EXT2_ET_UNSUPP_FEATURE;
}

const struct ext2fs_nls_table *ext2fs_load_nls_table(int encoding)
{
	(void)encoding;
	return NULL;
}

struct ext2fs_hashmap *ext2fs_hashmap_create(uint32_t (*hash)(const void *key, size_t bytes), void (*drop)(void *value), size_t size)
{
	(void)hash;
	(void)drop;
	(void)size;
	return NULL;
}

void ext2fs_hashmap_free(struct ext2fs_hashmap *map)
{
	(void)map;
}

uint32_t ext2fs_djb2_hash(const void *key, size_t bytes)
{
	(void)key;
	(void)bytes;
	return 0;
}

/* New blocks of libext2fs' own, of block maps: this one is used. */
errcode_t ext2fs_zero_blocks2(ext2_filsys fs, blk64_t block, int count, blk64_t *at, int *done)
{
	struct volume *volume = fs != NULL ? fs->priv_data : NULL;
	struct buffer *buffer;

	(void)at;
	(void)done;
	for (; volume != NULL && count > 0; block++, count--) {
		if (cache_get_new(&volume->cache, block, &buffer) != STATUS_OK || cache_change(&volume->cache, buffer) != STATUS_OK)
			return EXT2_ET_NO_MEMORY;
		memset(buffer->data, 0, volume->cache.block_bytes);
	}
	return 0;
}

/* A block more of a directory that is split: the next one. ext2fs_bmap2() reads the inode anew where its tree grows; the size is not written yet. */
errcode_t ext2fs_fallocate(ext2_filsys fs, int flags, ext2_ino_t number, struct ext2_inode *inode, blk64_t goal, blk64_t start, blk64_t count)
{
	uint64_t size = EXT2_I_SIZE(inode);
	blk64_t block;
	errcode_t error = 0;

	(void)flags;
	(void)goal;
	for (; error == 0 && count > 0; start++, count--)
		error = ext2fs_bmap2(fs, number, inode, NULL, BMAP_ALLOC, start, NULL, &block);
	return error != 0 ? error : ext2fs_inode_size_set(fs, inode, (ext2_off64_t)size);
}

/* Links whose content is in the inode: libext2fs' own is in a file with much else. */
int ext2fs_is_fast_symlink(struct ext2_inode *inode)
{
	return LINUX_S_ISLNK(inode->i_mode) && EXT2_I_SIZE(inode) != 0 && EXT2_I_SIZE(inode) < sizeof(inode->i_block);
}
