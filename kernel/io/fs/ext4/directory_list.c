// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Lists of directories. Where there can be an index, names come in the order of their hashes, and a cookie is a hash: whatever is added, removed or
 * split meanwhile, each name that stays is listed once. Else in the order in which they lie, and a cookie is a place.
 */
#include <stdlib.h>

#include "kernel/io/fs/ext4/volume.h"
#include "lib/string.h"

/* A name of a block, by hash. */
struct listed {
	uint64_t cookie;
	unsigned offset;
};

static enum fs_type type_of(const struct volume *volume, const struct ext2_dir_entry *entry)
{
	if (!ext2fs_has_feature_filetype(volume->ext2->super))
		return FS_OTHER;
	switch (ext2fs_dirent_file_type(entry)) {
	case EXT2_FT_REG_FILE:
		return FS_FILE;
	case EXT2_FT_DIR:
		return FS_DIRECTORY;
	case EXT2_FT_SYMLINK:
		return FS_LINK;
	default:
		return FS_OTHER;
	}
}

static bool is_name(const struct ext2_dir_entry *entry)
{
	int len = ext2fs_dirent_name_len(entry);

	return entry->inode != 0 && len > 0 && !(entry->name[0] == '.' && (len == 1 || (len == 2 && entry->name[1] == '.'))) &&
	       memchr(entry->name, '/', (size_t)len) == NULL && memchr(entry->name, '\0', (size_t)len) == NULL;
}

static bool give(const struct volume *volume, const struct ext2_dir_entry *entry, uint64_t cookie,
		 bool (*each)(void *ctx, const struct fs_entry *entry), void *ctx)
{
	const struct fs_entry listed = {
		.name = span_of(entry->name, (size_t)ext2fs_dirent_name_len(entry)),
		.id = entry->inode,
		.type = type_of(volume, entry),
		.cookie = cookie,
	};

	return each(ctx, &listed);
}

static int by_cookie(const void *a, const void *b)
{
	const struct listed *x = a;
	const struct listed *y = b;

	return x->cookie < y->cookie ? -1 : x->cookie > y->cookie;
}

/* Names of a block behind `cookie`, sorted. The number of them, or a status. */
static int block_sort(struct volume *volume, struct ext4_node *directory, const struct buffer *buffer, uint64_t cookie, struct listed *names)
{
	struct ext2_dir_entry *entry;
	unsigned offset = 0;
	int count = 0;
	status_t status = STATUS_OK;

	while (status == STATUS_OK && (entry = directory_entry(volume, buffer, offset, &status)) != NULL) {
		uint32_t hash, minor;

		if (is_name(entry)) {
			status = index_hash(volume, directory, entry->name, (unsigned)ext2fs_dirent_name_len(entry), &hash, &minor);
			/* The hash's lowest bit is never set; 1 so that no cookie is 0. */
			names[count] = (struct listed){ ((uint64_t)hash << 31 | minor >> 1) + 1, offset };
			count += names[count].cookie > cookie;
		}
		offset += entry->rec_len;
	}
	qsort(names, (size_t)count, sizeof(*names), by_cookie);
	return status == STATUS_OK ? count : status;
}

/* One leaf. `*more`: `each` wants more. */
static status_t leaf_list(struct volume *volume, struct ext4_node *directory, uint64_t leaf, uint64_t cookie, struct listed *names,
			  bool (*each)(void *ctx, const struct fs_entry *entry), void *ctx, bool *more)
{
	struct buffer *buffer;
	status_t status = directory_block(volume, directory, leaf, &buffer);
	int count = 0;

	if (status == STATUS_OK) {
		memcpy(volume->block2, buffer->data, volume->cache.block_bytes); /* other blocks are looked at meanwhile */
		count = block_sort(volume, directory, &(struct buffer){ .data = volume->block2 }, cookie, names);
	}
	for (int i = 0; i < count && *more; i++)
		*more = give(volume, (const struct ext2_dir_entry *)(volume->block2 + names[i].offset), names[i].cookie, each, ctx);
	return count < 0 ? count : status;
}

static status_t list_hashed(struct volume *volume, struct ext4_node *directory, uint64_t cookie,
			    bool (*each)(void *ctx, const struct fs_entry *entry), void *ctx)
{
	struct listed *names = malloc(volume->cache.block_bytes / 8 * sizeof(*names));
	bool indexed = directory->inode.i_flags & EXT2_INDEX_FL;
	uint32_t hash = (uint32_t)((cookie == 0 ? 0 : cookie - 1) >> 31);
	uint64_t leaves = directory_blocks(volume, directory);
	status_t status = names != NULL ? STATUS_OK : STATUS_ENOMEM;
	bool more = true;

	while (status == STATUS_OK && more && leaves-- > 0) {
		uint64_t leaf = 0;
		uint32_t next = 0;

		if (indexed)
			status = index_find_leaf(volume, directory, hash, &leaf, &next);
		if (status == STATUS_OK)
			status = leaf_list(volume, directory, leaf, cookie, names, each, ctx, &more);
		if (next <= hash)
			break;
		hash = next;
	}
	free(names);
	return status;
}

static status_t list_linear(struct volume *volume, struct ext4_node *directory, uint64_t cookie,
			    bool (*each)(void *ctx, const struct fs_entry *entry), void *ctx)
{
	uint64_t blocks = directory_blocks(volume, directory);

	for (uint64_t logical = cookie / volume->cache.block_bytes; logical < blocks; logical++) {
		struct ext2_dir_entry *entry;
		struct buffer *buffer;
		unsigned offset = 0;
		status_t status = directory_block(volume, directory, logical, &buffer);

		if (status != STATUS_OK)
			return status;
		memcpy(volume->block2, buffer->data, volume->cache.block_bytes);
		while ((entry = directory_entry(volume, &(struct buffer){ .data = volume->block2 }, offset, &status)) != NULL) {
			uint64_t at = logical * volume->cache.block_bytes + offset + 1;

			offset += entry->rec_len;
			if (at > cookie && is_name(entry) && !give(volume, entry, at, each, ctx))
				return STATUS_OK;
		}
		if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}

status_t directory_list(struct fs_node *node, uint64_t cookie, bool (*each)(void *ctx, const struct fs_entry *entry), void *ctx)
{
	struct volume *volume = volume_of(node);
	struct ext4_node *directory = node_of(node);

	if (volume->htree && ((directory->inode.i_flags & EXT2_INDEX_FL) || directory_blocks(volume, directory) == 1))
		return list_hashed(volume, directory, cookie, each, ctx);
	return list_linear(volume, directory, cookie, each, ctx);
}
