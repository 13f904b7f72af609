// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Directories: blocks of entries, with an index over them by the hash of the names where there is more than one (directory_index.c). Blocks are read and
 * changed where they lie in the cache; libext2fs splits what is full. Names are listed in the order of their hashes, which no change disturbs.
 */
#include "kernel/io/fs/ext4/volume.h"
#include "lib/string.h"

enum { ENTRY_BYTES = 8, TAIL_BYTES = 12 };

static unsigned entry_needs(unsigned name_bytes)
{
	return (ENTRY_BYTES + name_bytes + 3) & ~3u;
}

/* Bytes of a directory's block that entries are in. */
static unsigned entries_end(const struct volume *volume)
{
	return volume->cache.block_bytes - (ext2fs_has_feature_metadata_csum(volume->ext2->super) ? TAIL_BYTES : 0);
}

uint64_t directory_blocks(const struct volume *volume, const struct ext4_node *directory)
{
	return node_size(directory) / volume->cache.block_bytes;
}

/* A block of a directory, its checksum proved. */
status_t directory_block(struct volume *volume, struct ext4_node *directory, uint64_t logical, struct buffer **out)
{
	struct mapping run;
	status_t status = logical < directory_blocks(volume, directory) ? map_find(volume, directory, logical, &run) : STATUS_EIO;

	if (status == STATUS_OK && (run.physical == 0 || run.unwritten))
		status = STATUS_EIO;
	if (status == STATUS_OK)
		status = cache_get(&volume->cache, run.physical, out);
	if (status != STATUS_OK || (*out)->checked)
		return status;
	if (!ext2fs_dir_block_csum_verify(volume->ext2, directory->number, (struct ext2_dir_entry *)(*out)->data))
		return STATUS_EIO;
	(*out)->checked = true;
	return STATUS_OK;
}

/* The entry at `offset`; NULL where there is none, and where it is no entry (`*status`). */
struct ext2_dir_entry *directory_entry(struct volume *volume, const struct buffer *buffer, unsigned offset, status_t *status)
{
	struct ext2_dir_entry *entry = (struct ext2_dir_entry *)(buffer->data + offset);
	unsigned end = entries_end(volume);

	if (offset >= end)
		return NULL;
	/* The second one of an index's root has the index in it, up to the block's end. */
	if (end - offset < ENTRY_BYTES || entry->rec_len % 4 != 0 || entry->rec_len < ENTRY_BYTES || entry->rec_len > volume->cache.block_bytes - offset ||
	    entry_needs(ext2fs_dirent_name_len(entry)) > entry->rec_len || entry->inode > volume->ext2->super->s_inodes_count) {
		*status = STATUS_EIO;
		return NULL;
	}
	return entry;
}

/* STATUS_ENOENT where the block does not have it. */
static status_t block_find(struct volume *volume, const struct buffer *buffer, struct span name, struct place *out)
{
	status_t status = STATUS_ENOENT;
	unsigned offset = 0;
	struct ext2_dir_entry *entry;

	while ((entry = directory_entry(volume, buffer, offset, &status)) != NULL) {
		if (entry->inode != 0 && (unsigned)ext2fs_dirent_name_len(entry) == name.len && memcmp(entry->name, name.data, name.len) == 0) {
			*out = (struct place){ buffer->block, offset, entry->inode };
			return STATUS_OK;
		}
		offset += entry->rec_len;
	}
	return status;
}

static bool is_indexed(const struct volume *volume, const struct ext4_node *directory)
{
	return volume->htree && (directory->inode.i_flags & EXT2_INDEX_FL);
}

/* Names of one hash can go on in the next leaf: its entry in the index is that hash, and one. */
static status_t find_indexed(struct volume *volume, struct ext4_node *directory, struct span name, struct place *out)
{
	uint32_t hash, minor, next;
	uint64_t leaf;
	status_t status = index_hash(volume, directory, name.data, (unsigned)name.len, &hash, &minor);

	for (uint32_t from = hash; status == STATUS_OK; from = next) {
		struct buffer *buffer;

		status = index_find_leaf(volume, directory, from, &leaf, &next);
		if (status == STATUS_OK)
			status = directory_block(volume, directory, leaf, &buffer);
		if (status == STATUS_OK)
			status = block_find(volume, buffer, name, out);
		if (status == STATUS_ENOENT && next == (hash | 1) && from == hash)
			status = STATUS_OK;
		else
			break;
	}
	return status;
}

status_t directory_find(struct volume *volume, struct ext4_node *directory, struct span name, struct place *out)
{
	uint64_t blocks = directory_blocks(volume, directory);
	bool dots = name.len <= 2 && name.data[0] == '.' && name.data[name.len - 1] == '.';

	if (is_indexed(volume, directory) && !dots)
		return find_indexed(volume, directory, name, out);
	for (uint64_t logical = 0; logical < (dots ? 1 : blocks); logical++) {
		struct buffer *buffer;
		status_t status = directory_block(volume, directory, logical, &buffer);

		if (status == STATUS_OK)
			status = block_find(volume, buffer, name, out);
		if (status != STATUS_ENOENT)
			return status;
	}
	return STATUS_ENOENT;
}

static uint8_t entry_type(uint16_t mode)
{
	switch (node_type(mode)) {
	case FS_FILE:
		return EXT2_FT_REG_FILE;
	case FS_DIRECTORY:
		return EXT2_FT_DIR;
	case FS_LINK:
		return EXT2_FT_SYMLINK;
	default:
		return EXT2_FT_UNKNOWN;
	}
}

static void entry_fill(struct volume *volume, struct ext2_dir_entry *entry, struct span name, ext2_ino_t number, uint16_t mode)
{
	entry->inode = number;
	ext2fs_dirent_set_name_len(entry, (int)name.len);
	ext2fs_dirent_set_file_type(entry, ext2fs_has_feature_filetype(volume->ext2->super) ? entry_type(mode) : 0);
	memcpy(entry->name, name.data, name.len);
}

static status_t block_sign(struct volume *volume, struct ext4_node *directory, struct buffer *buffer)
{
	return ext4_status(ext2fs_dir_block_csum_set(volume->ext2, directory->number, (struct ext2_dir_entry *)buffer->data));
}

/* STATUS_ENOSPC where the block has no room for the name. */
static status_t block_add(struct volume *volume, struct ext4_node *directory, struct buffer *buffer, struct span name, ext2_ino_t number, uint16_t mode)
{
	unsigned needs = entry_needs((unsigned)name.len);
	status_t status = STATUS_ENOSPC;
	unsigned offset = 0;
	struct ext2_dir_entry *entry;

	while ((entry = directory_entry(volume, buffer, offset, &status)) != NULL) {
		unsigned used = entry->inode == 0 ? 0 : entry_needs((unsigned)ext2fs_dirent_name_len(entry));
		unsigned room = entry->rec_len - used;

		if (room < needs) {
			offset += entry->rec_len;
			continue;
		}
		status = cache_change(&volume->cache, buffer);
		if (status != STATUS_OK)
			return status;
		if (used > 0) {
			entry->rec_len = (uint16_t)used;
			entry = (struct ext2_dir_entry *)(buffer->data + offset + used);
			entry->rec_len = (uint16_t)room;
		}
		entry_fill(volume, entry, name, number, mode);
		return block_sign(volume, directory, buffer);
	}
	return status;
}

/*
 * Packs a leaf's names: all that is free lies behind them. Where much is before the first one libext2fs 1.47.0 moves all of them when it splits the leaf, and one stays
 * besides (dx_split_leaf()).
 */
static status_t leaf_pack(struct volume *volume, struct ext4_node *directory, struct buffer *buffer)
{
	const struct buffer from = { .data = volume->block2 };
	struct ext2_dir_entry *last = (struct ext2_dir_entry *)buffer->data;
	struct ext2_dir_entry *entry;
	unsigned offset = 0;
	unsigned at = 0;
	status_t status = cache_change(&volume->cache, buffer);

	if (status != STATUS_OK)
		return status;
	memcpy(from.data, buffer->data, volume->cache.block_bytes);
	last->inode = 0;
	while ((entry = directory_entry(volume, &from, offset, &status)) != NULL) {
		unsigned bytes = entry_needs((unsigned)ext2fs_dirent_name_len(entry));

		offset += entry->rec_len;
		if (entry->inode == 0)
			continue;
		last = memcpy(buffer->data + at, entry, bytes);
		last->rec_len = (uint16_t)bytes;
		at += bytes;
	}
	last->rec_len = (uint16_t)(entries_end(volume) - (unsigned)((uint8_t *)last - buffer->data));
	return status == STATUS_OK ? block_sign(volume, directory, buffer) : status;
}

/* libext2fs splits the leaf and puts the name in. */
static status_t add_splitting(struct volume *volume, struct ext4_node *directory, struct span name, ext2_ino_t number, uint16_t mode)
{
	status_t status = node_write(volume, directory);

	memcpy(volume->name, name.data, name.len);
	volume->name[name.len] = '\0';
	if (status == STATUS_OK)
		status = ext4_status(ext2fs_link(volume->ext2, directory->number, volume->name, number, entry_type(mode)));
	return status == STATUS_OK ? node_reload(volume, directory) : status;
}

static status_t add_indexed(struct volume *volume, struct ext4_node *directory, struct span name, ext2_ino_t number, uint16_t mode)
{
	uint32_t hash, minor, next;
	uint64_t leaf;
	struct buffer *buffer;
	status_t status = index_hash(volume, directory, name.data, (unsigned)name.len, &hash, &minor);

	if (status == STATUS_OK)
		status = index_find_leaf(volume, directory, hash, &leaf, &next);
	if (status == STATUS_OK)
		status = directory_block(volume, directory, leaf, &buffer);
	if (status == STATUS_OK)
		status = block_add(volume, directory, buffer, name, number, mode);
	if (status == STATUS_ENOSPC) {
		status = leaf_pack(volume, directory, buffer);
		if (status == STATUS_OK)
			status = block_add(volume, directory, buffer, name, number, mode);
	}
	return status == STATUS_ENOSPC ? add_splitting(volume, directory, name, number, mode) : status;
}

/* One more block, with one empty entry. */
status_t directory_grow(struct volume *volume, struct ext4_node *directory)
{
	status_t status = node_write(volume, directory);

	if (status == STATUS_OK)
		status = ext4_status(ext2fs_expand_dir(volume->ext2, directory->number));
	return status == STATUS_OK ? node_reload(volume, directory) : status;
}

/* The name must not be there. The directory's inode is written by who calls. */
status_t directory_add(struct volume *volume, struct ext4_node *directory, struct span name, ext2_ino_t number, uint16_t mode)
{
	uint64_t blocks = directory_blocks(volume, directory);
	struct buffer *buffer;
	status_t status = STATUS_ENOSPC;

	if (is_indexed(volume, directory))
		return add_indexed(volume, directory, name, number, mode);
	for (uint64_t logical = 0; logical < blocks && status == STATUS_ENOSPC; logical++) {
		status = directory_block(volume, directory, logical, &buffer);
		if (status == STATUS_OK)
			status = block_add(volume, directory, buffer, name, number, mode);
	}
	if (status != STATUS_ENOSPC)
		return status;
	if (volume->htree && blocks == 1) {
		status = index_make(volume, directory);
		return status == STATUS_OK ? add_indexed(volume, directory, name, number, mode) : status;
	}
	/* libext2fs clears the index of what it does not keep: so it is one long list, as it was. */
	status = directory_grow(volume, directory);
	if (status == STATUS_OK)
		status = directory_block(volume, directory, blocks, &buffer);
	return status == STATUS_OK ? block_add(volume, directory, buffer, name, number, mode) : status;
}

status_t directory_replace(struct volume *volume, struct ext4_node *directory, const struct place *place, ext2_ino_t number, uint16_t mode)
{
	struct buffer *buffer;
	status_t status = cache_get(&volume->cache, place->block, &buffer);
	struct ext2_dir_entry *entry;

	if (status == STATUS_OK)
		status = cache_change(&volume->cache, buffer);
	if (status != STATUS_OK)
		return status;
	entry = (struct ext2_dir_entry *)(buffer->data + place->offset);
	entry->inode = number;
	if (ext2fs_has_feature_filetype(volume->ext2->super))
		ext2fs_dirent_set_file_type(entry, entry_type(mode));
	return block_sign(volume, directory, buffer);
}

status_t directory_drop(struct volume *volume, struct ext4_node *directory, const struct place *place)
{
	struct ext2_dir_entry *before = NULL;
	struct ext2_dir_entry *entry;
	struct buffer *buffer;
	unsigned offset = 0;
	status_t status = cache_get(&volume->cache, place->block, &buffer);

	if (status == STATUS_OK)
		status = cache_change(&volume->cache, buffer);
	if (status != STATUS_OK)
		return status;
	while ((entry = directory_entry(volume, buffer, offset, &status)) != NULL && offset != place->offset) {
		before = entry;
		offset += entry->rec_len;
	}
	if (entry == NULL)
		return STATUS_EIO;
	if (before != NULL)
		before->rec_len = (uint16_t)(before->rec_len + entry->rec_len);
	else
		entry->inode = 0;
	return block_sign(volume, directory, buffer);
}

static bool is_dots(const struct ext2_dir_entry *entry)
{
	int len = ext2fs_dirent_name_len(entry);

	return (len == 1 && entry->name[0] == '.') || (len == 2 && entry->name[0] == '.' && entry->name[1] == '.');
}

status_t directory_is_empty(struct volume *volume, struct ext4_node *directory)
{
	for (uint64_t logical = 0; logical < directory_blocks(volume, directory); logical++) {
		struct ext2_dir_entry *entry;
		struct buffer *buffer;
		unsigned offset = 0;
		status_t status = directory_block(volume, directory, logical, &buffer);

		if (status != STATUS_OK)
			return status;
		while ((entry = directory_entry(volume, buffer, offset, &status)) != NULL) {
			if (entry->inode != 0 && !is_dots(entry))
				return STATUS_ENOTEMPTY;
			offset += entry->rec_len;
		}
		/* The blocks of an index have one entry each, an empty one, or dots. */
		if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}
