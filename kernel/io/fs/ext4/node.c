// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Nodes: the inodes that somebody holds, and those that somebody held lately, each once. */
#include <stdlib.h>

#include "kernel/io/fs/ext4/platform.h"
#include "kernel/io/fs/ext4/volume.h"

enum { INODES_AHEAD = 16 /* blocks of them */ };

/* The inode's own bytes: those that its file system has of it. */
static int inode_bytes(const struct volume *volume)
{
	unsigned has = EXT2_INODE_SIZE(volume->ext2->super);

	return (int)(has < sizeof(struct ext2_inode_large) ? has : sizeof(struct ext2_inode_large));
}

enum fs_type node_type(uint16_t mode)
{
	switch (mode & LINUX_S_IFMT) {
	case LINUX_S_IFREG:
		return FS_FILE;
	case LINUX_S_IFDIR:
		return FS_DIRECTORY;
	case LINUX_S_IFLNK:
		return FS_LINK;
	default:
		return FS_OTHER;
	}
}

uint64_t node_size(const struct ext4_node *node)
{
	return node->inode.i_size | (uint64_t)node->inode.i_size_high << 32;
}

static struct ext4_node **slot_of(struct volume *volume, ext2_ino_t number)
{
	return &volume->slots[number % NODE_SLOTS];
}

static struct ext4_node *find(struct volume *volume, ext2_ino_t number)
{
	struct ext4_node *node = *slot_of(volume, number);

	while (node != NULL && node->number != number)
		node = node->next;
	return node;
}

void node_ahead(struct volume *volume, ext2_ino_t number)
{
	const struct ext2_super_block *super = volume->ext2->super;
	uint64_t at = (uint64_t)((number - 1) % super->s_inodes_per_group) * EXT2_INODE_SIZE(super) / volume->cache.block_bytes;
	uint64_t count = volume->ext2->inode_blocks_per_group - at;
	uint64_t block = ext2fs_inode_table_loc(volume->ext2, ext2fs_group_of_ino(volume->ext2, number)) + at;

	if (!volume->cache.hurried && !cache_has(&volume->cache, block))
		cache_prefetch(&volume->cache, block, count < INODES_AHEAD ? (unsigned)count : INODES_AHEAD);
}

status_t node_reload(struct volume *volume, struct ext4_node *node)
{
	map_forget(node);
	return ext4_status(ext2fs_read_inode_full(volume->ext2, node->number, (struct ext2_inode *)&node->inode, inode_bytes(volume)));
}

status_t node_get(struct volume *volume, ext2_ino_t number, struct ext4_node **out)
{
	struct ext4_node *node = find(volume, number);
	status_t status;

	if (node != NULL) {
		if (atomic_fetch_add_explicit(&node->node.holds, 1, memory_order_relaxed) == 0) {
			list_remove(&node->idle);
			volume->idle_count--;
		}
		*out = node;
		return STATUS_OK;
	}
	node = calloc(1, sizeof(*node));
	if (node == NULL)
		return STATUS_ENOMEM;
	node->number = number;
	status = node_reload(volume, node);
	if (status == STATUS_OK && (node->inode.i_mode == 0 || number < EXT2_ROOT_INO || (number < EXT2_FIRST_INO(volume->ext2->super) && number != EXT2_ROOT_INO)))
		status = STATUS_EIO; /* a name of what is no file */
	if (status != STATUS_OK) {
		free(node);
		return status;
	}
	fs_node_init(&node->node, &volume->fs, node_type(node->inode.i_mode));
	list_init(&node->idle);
	node->next = *slot_of(volume, number);
	*slot_of(volume, number) = node;
	*out = node;
	return STATUS_OK;
}

void node_forget(struct volume *volume, struct ext4_node *node)
{
	struct ext4_node **at = slot_of(volume, node->number);

	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	free(node);
}

void nodes_idle_forget(struct volume *volume, unsigned keep)
{
	for (; volume->idle_count > keep; volume->idle_count--)
		node_forget(volume, LIST_OWNER(list_pop_front(&volume->idle), struct ext4_node, idle));
}

void node_put(struct volume *volume, struct ext4_node *node)
{
	(void)volume;
	if (atomic_fetch_sub_explicit(&node->node.holds, 1, memory_order_acq_rel) == 1)
		node_release(&node->node);
}

void node_release(struct fs_node *fs_node)
{
	struct volume *volume = volume_of(fs_node);
	struct ext4_node *node = node_of(fs_node);

	if (node->inode.i_links_count == 0) {
		orphan_delete(volume, node);
		node_forget(volume, node);
		return;
	}
	list_push_back(&volume->idle, &node->idle);
	volume->idle_count++;
	nodes_idle_forget(volume, volume->idle_max);
}

status_t node_write(struct volume *volume, struct ext4_node *node)
{
	return ext4_status(ext2fs_write_inode_full(volume->ext2, node->number, (struct ext2_inode *)&node->inode, inode_bytes(volume)));
}

/* Whether the inode has a field behind its first 128 bytes. */
static bool has_extra(const struct volume *volume, const struct ext4_node *node, size_t end)
{
	return EXT2_INODE_SIZE(volume->ext2->super) > EXT2_GOOD_OLD_INODE_SIZE && EXT2_GOOD_OLD_INODE_SIZE + (size_t)node->inode.i_extra_isize >= end;
}

#define HAS_EXTRA(volume, node, field) \
	has_extra(volume, node, offsetof(struct ext2_inode_large, field) + sizeof((node)->inode.field))

/* Seconds are 34 bits, signed and counted from -2^31; nanoseconds 30. */
static struct fs_time time_get(uint32_t seconds, uint32_t extra)
{
	return (struct fs_time){ (int32_t)seconds + ((int64_t)(extra & 3) << 32), extra >> 2 };
}

static uint32_t time_extra(struct fs_time time)
{
	return (uint32_t)((uint64_t)(time.seconds - (int32_t)time.seconds) >> 32 & 3) | time.nanoseconds << 2;
}

static void time_put(struct volume *volume, struct ext4_node *node, unsigned stamps, struct fs_time time)
{
	struct ext2_inode_large *inode = &node->inode;
	bool extra = HAS_EXTRA(volume, node, i_atime_extra);

	if (stamps & STAMP_ACCESSED) {
		inode->i_atime = (uint32_t)time.seconds;
		inode->i_atime_extra = extra ? time_extra(time) : inode->i_atime_extra;
	}
	if (stamps & STAMP_MODIFIED) {
		inode->i_mtime = (uint32_t)time.seconds;
		inode->i_mtime_extra = extra ? time_extra(time) : inode->i_mtime_extra;
	}
	if (stamps & STAMP_CHANGED) {
		inode->i_ctime = (uint32_t)time.seconds;
		inode->i_ctime_extra = extra ? time_extra(time) : inode->i_ctime_extra;
	}
}

void node_stamp(struct volume *volume, struct ext4_node *node, unsigned stamps)
{
	if ((stamps & STAMP_CHANGED) && node->number == volume->kept.number)
		volume->kept.number = 0;
	time_put(volume, node, stamps, (struct fs_time){ (int64_t)volume_seconds(volume), (uint32_t)(ext4_now_ns() % 1000000000) });
}

status_t node_stat(struct fs_node *fs_node, struct fs_stat *out)
{
	struct volume *volume = volume_of(fs_node);
	struct ext4_node *node = node_of(fs_node);
	const struct ext2_inode_large *inode = &node->inode;
	bool extra = HAS_EXTRA(volume, node, i_atime_extra);
	uint64_t units = ext2fs_has_feature_huge_file(volume->ext2->super) && (inode->i_flags & EXT4_HUGE_FILE_FL) ? volume->cache.block_bytes : 512;

	*out = (struct fs_stat){
		.type = fs_node->type,
		.permissions = inode->i_mode & 07777,
		.links = inode->i_links_count,
		.user = inode_uid(*inode),
		.group = inode_gid(*inode),
		.id = node->number,
		.size = node_size(node),
		.allocated = (inode->i_blocks | (uint64_t)inode->osd2.linux2.l_i_blocks_hi << 32) * units,
		.accessed = time_get(inode->i_atime, extra ? inode->i_atime_extra : 0),
		.modified = time_get(inode->i_mtime, extra ? inode->i_mtime_extra : 0),
		.changed = time_get(inode->i_ctime, extra ? inode->i_ctime_extra : 0),
	};
	return STATUS_OK;
}

/* Each in two halves. */
static void owner_put(struct ext2_inode_large *inode, uint32_t user, uint32_t group)
{
	inode->i_uid = (uint16_t)user;
	inode->osd2.linux2.l_i_uid_high = (uint16_t)(user >> 16);
	inode->i_gid = (uint16_t)group;
	inode->osd2.linux2.l_i_gid_high = (uint16_t)(group >> 16);
}

status_t node_set(struct fs_node *fs_node, uint32_t what, const struct fs_stat *values)
{
	struct volume *volume = volume_of(fs_node);
	struct ext4_node *node = node_of(fs_node);
	status_t status = STATUS_OK;

	if ((what & FS_SET_SIZE) && fs_node->type != FS_FILE)
		return STATUS_EINVAL;
	if (what & FS_SET_SIZE)
		status = content_resize(volume, node, values->size);
	if (status != STATUS_OK || what == FS_SET_SIZE)
		return status;
	status = change_begin(volume, OPERATION_BLOCKS);
	if (status != STATUS_OK)
		return status;
	if (what & FS_SET_PERMISSIONS)
		node->inode.i_mode = (uint16_t)((node->inode.i_mode & LINUX_S_IFMT) | (values->permissions & 07777));
	if (what & FS_SET_OWNER)
		owner_put(&node->inode, values->user, values->group);
	if (what & FS_SET_ACCESSED)
		time_put(volume, node, STAMP_ACCESSED, values->accessed);
	if (what & FS_SET_MODIFIED)
		time_put(volume, node, STAMP_MODIFIED, values->modified);
	node_stamp(volume, node, STAMP_CHANGED);
	return change_end(volume, node_write(volume, node));
}
