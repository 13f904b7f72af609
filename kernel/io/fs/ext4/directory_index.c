// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Indexes of directories (htree): the first block has, behind its two dots, a sorted list of hashes and the leaves where the names of each begin, or of
 * nodes with such lists, to a depth that libext2fs names.
 *
 * Spec: Linux, Documentation/filesystems/ext4/directory.rst "Hash Tree Directories".
 */
#include "kernel/io/fs/ext4/volume.h"
#include "lib/string.h"

enum { ROOT_INFO_AT = 24, ROOT_LIST_AT = 32, NODE_LIST_AT = 8, DOT_BYTES = 12, TAIL_BYTES = 8, BLOCK_MASK = 0x0fffffff };

static struct ext2_dx_root_info *root_info(const struct buffer *buffer)
{
	return (struct ext2_dx_root_info *)(buffer->data + ROOT_INFO_AT);
}

status_t index_hash(struct volume *volume, struct ext4_node *directory, const void *name, unsigned len, uint32_t *hash, uint32_t *minor)
{
	const struct ext2_super_block *super = volume->ext2->super;
	int version = super->s_def_hash_version;

	if (directory->inode.i_flags & EXT2_INDEX_FL) {
		struct buffer *buffer;
		status_t status = directory_block(volume, directory, 0, &buffer);

		if (status != STATUS_OK)
			return status;
		version = root_info(buffer)->hash_version;
	}
	if (version <= EXT2_HASH_TEA && (super->s_flags & EXT2_FLAGS_UNSIGNED_HASH))
		version += 3;
	return ext4_status(ext2fs_dirhash(version, name, (int)len, super->s_hash_seed, hash, minor));
}

/* One list: the leaf or node for `hash`, and the first hash behind it, if this list has one. */
static status_t list_search(struct volume *volume, const struct buffer *buffer, unsigned at, uint32_t hash, uint64_t *block, uint32_t *next_hash)
{
	const struct ext2_dx_countlimit *head = (const struct ext2_dx_countlimit *)(buffer->data + at);
	const struct ext2_dx_entry *entries = (const struct ext2_dx_entry *)head;
	unsigned count = head->count;
	unsigned low = 0;
	unsigned high = count;

	if (count == 0 || count > head->limit || head->limit > (volume->cache.block_bytes - at) / sizeof(*entries))
		return STATUS_EIO;
	while (high - low > 1) { /* the first one's hash is where the count is: it is before all others */
		unsigned middle = (low + high) / 2;

		if (entries[middle].hash <= hash)
			low = middle;
		else
			high = middle;
	}
	*block = entries[low].block & BLOCK_MASK;
	if (low + 1 < count)
		*next_hash = entries[low + 1].hash;
	return STATUS_OK;
}

/* `*next_hash`: where the leaf behind this one begins; 0 where there is none. */
status_t index_find_leaf(struct volume *volume, struct ext4_node *directory, uint32_t hash, uint64_t *leaf, uint32_t *next_hash)
{
	struct buffer *buffer;
	status_t status = directory_block(volume, directory, 0, &buffer);
	unsigned levels = status == STATUS_OK ? root_info(buffer)->indirect_levels : 0;

	*next_hash = 0;
	*leaf = 0;
	if (status == STATUS_OK && (root_info(buffer)->info_length != sizeof(struct ext2_dx_root_info) || levels >= ext2_dir_htree_level(volume->ext2)))
		status = STATUS_EIO;
	if (status == STATUS_OK)
		status = list_search(volume, buffer, ROOT_LIST_AT, hash, leaf, next_hash);
	for (unsigned level = 0; status == STATUS_OK && level < levels; level++) {
		status = directory_block(volume, directory, *leaf, &buffer);
		if (status == STATUS_OK)
			status = list_search(volume, buffer, NODE_LIST_AT, hash, leaf, next_hash);
	}
	return status == STATUS_OK && *leaf == 0 ? STATUS_EIO : status;
}

/* The first block becomes the index's root; its names were copied to `leaf`, but for the two dots, which stay. */
static void root_fill(struct volume *volume, struct buffer *root)
{
	unsigned bytes = volume->cache.block_bytes;
	bool sums = ext2fs_has_feature_metadata_csum(volume->ext2->super);
	struct ext2_dir_entry *parent = (struct ext2_dir_entry *)(root->data + DOT_BYTES);
	struct ext2_dx_countlimit *head = (struct ext2_dx_countlimit *)(root->data + ROOT_LIST_AT);

	parent->rec_len = (uint16_t)(bytes - DOT_BYTES);
	memset(root->data + ROOT_INFO_AT, 0, bytes - ROOT_INFO_AT);
	root_info(root)->hash_version = volume->ext2->super->s_def_hash_version;
	root_info(root)->info_length = sizeof(struct ext2_dx_root_info);
	head->limit = (uint16_t)((bytes - ROOT_LIST_AT - (sums ? TAIL_BYTES : 0)) / sizeof(struct ext2_dx_entry));
	head->count = 1;
	((struct ext2_dx_entry *)head)->block = 1;
}

/* Moves every name but the dots from the first block to `to`, packed. */
static status_t names_move(struct volume *volume, const struct buffer *from, struct buffer *to)
{
	unsigned end = volume->cache.block_bytes - (ext2fs_has_feature_metadata_csum(volume->ext2->super) ? sizeof(struct ext2_dir_entry_tail) : 0);
	struct ext2_dir_entry *last = NULL;
	struct ext2_dir_entry *entry;
	unsigned offset = 0;
	unsigned at = 0;
	status_t status = STATUS_OK;

	memset(to->data, 0, volume->cache.block_bytes);
	for (unsigned i = 0; (entry = directory_entry(volume, from, offset, &status)) != NULL; i++) {
		unsigned bytes = EXT2_DIR_REC_LEN(ext2fs_dirent_name_len(entry));

		offset += entry->rec_len;
		if (i < 2 && offset != (i + 1) * DOT_BYTES)
			return STATUS_EIO; /* the dots are first, and as short as they can be */
		if (i < 2 || entry->inode == 0)
			continue;
		last = memcpy(to->data + at, entry, bytes);
		last->rec_len = (uint16_t)bytes;
		at += bytes;
	}
	if (status == STATUS_OK && last == NULL)
		return STATUS_EIO; /* an empty block would have had room */
	if (status == STATUS_OK)
		last->rec_len = (uint16_t)(end - (unsigned)((uint8_t *)last - to->data));
	if (status == STATUS_OK && end < volume->cache.block_bytes)
		ext2fs_initialize_dirent_tail(volume->ext2, (struct ext2_dir_entry_tail *)(to->data + end));
	return status;
}

/* Of a directory with one block, which is full: two, and an index. */
status_t index_make(struct volume *volume, struct ext4_node *directory)
{
	ext2_filsys ext2 = volume->ext2;
	struct buffer *root, *leaf;
	struct mapping run;
	status_t status = directory_grow(volume, directory);

	if (status == STATUS_OK)
		status = map_find(volume, directory, 1, &run);
	if (status == STATUS_OK)
		status = cache_get(&volume->cache, run.physical, &leaf);
	if (status == STATUS_OK)
		status = cache_change(&volume->cache, leaf); /* changed, it stays */
	if (status == STATUS_OK)
		status = directory_block(volume, directory, 0, &root);
	if (status == STATUS_OK)
		status = cache_change(&volume->cache, root);
	if (status == STATUS_OK)
		status = names_move(volume, root, leaf);
	if (status != STATUS_OK)
		return status;
	root_fill(volume, root);
	directory->inode.i_flags |= EXT2_INDEX_FL;
	status = ext4_status(ext2fs_dir_block_csum_set(ext2, directory->number, (struct ext2_dir_entry *)leaf->data));
	if (status == STATUS_OK)
		status = ext4_status(ext2fs_dir_block_csum_set(ext2, directory->number, (struct ext2_dir_entry *)root->data));
	return status == STATUS_OK ? node_write(volume, directory) : status;
}
