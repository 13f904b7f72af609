// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* rename(2): one operation, so that no power cut shows it half done. */
#include "kernel/io/fs/ext4/volume.h"

struct renaming {
	struct ext4_node *from, *to; /* directories */
	struct span name, to_name;
	struct ext4_node *node;
	struct ext4_node *victim; /* NULL: the new name is free */
	struct place place;       /* of the new name */
};

/* Whether `directory` is `ancestor` or within it. */
static status_t is_within(struct volume *volume, struct ext4_node *directory, const struct ext4_node *ancestor, bool *within)
{
	ext2_ino_t number = directory->number;
	uint32_t steps = 0;

	for (; number != EXT2_ROOT_INO && number != ancestor->number; steps++) {
		struct ext4_node *node;
		struct place place;
		status_t status = node_get(volume, number, &node);

		if (status != STATUS_OK)
			return status;
		status = node->node.type == FS_DIRECTORY ? directory_find(volume, node, DOT_DOT, &place) : STATUS_EIO;
		node_put(volume, node);
		if (status != STATUS_OK || steps > FS_PATH_MAX * 16)
			return STATUS_EIO;
		number = place.number;
	}
	*within = number == ancestor->number;
	return STATUS_OK;
}

/* What rename(2) refuses. */
static status_t judge(struct volume *volume, const struct renaming *renaming, bool exclusive)
{
	bool directory = renaming->node->node.type == FS_DIRECTORY;
	bool within = false;
	status_t status = STATUS_OK;

	if (renaming->to->inode.i_links_count == 0)
		return STATUS_ENOENT;
	if (renaming->victim != NULL && exclusive)
		return STATUS_EEXIST;
	if (directory && renaming->from != renaming->to)
		status = is_within(volume, renaming->to, renaming->node, &within);
	if (status != STATUS_OK || within || renaming->node == renaming->to)
		return status != STATUS_OK ? status : STATUS_EINVAL;
	if (renaming->victim == NULL || renaming->victim == renaming->node)
		return STATUS_OK;
	if (directory != (renaming->victim->node.type == FS_DIRECTORY))
		return directory ? STATUS_ENOTDIR : STATUS_EISDIR;
	return directory ? directory_is_empty(volume, renaming->victim) : STATUS_OK;
}

static status_t parent_change(struct volume *volume, struct ext4_node *directory, const struct ext4_node *parent)
{
	struct place place;
	status_t status = directory_find(volume, directory, DOT_DOT, &place);

	return status == STATUS_OK ? directory_replace(volume, directory, &place, parent->number, LINUX_S_IFDIR) : status;
}

static status_t new_name(struct volume *volume, const struct renaming *renaming)
{
	struct ext4_node *node = renaming->node;
	status_t status;

	if (renaming->victim == NULL)
		return directory_add(volume, renaming->to, renaming->to_name, node->number, node->inode.i_mode);
	status = directory_replace(volume, renaming->to, &renaming->place, node->number, node->inode.i_mode);
	if (status == STATUS_OK && renaming->victim->node.type == FS_DIRECTORY)
		links_change(renaming->to, -1);
	return status == STATUS_OK ? victim_drop(volume, renaming->victim) : status;
}

/* The new name first: adding it may move the old one, which is looked for then. */
static status_t rename_in_operation(struct volume *volume, const struct renaming *renaming)
{
	struct place old;
	status_t status = new_name(volume, renaming);

	names_drop_all(volume->names); /* of a directory that goes, too */
	if (status == STATUS_OK)
		status = directory_find(volume, renaming->from, renaming->name, &old);
	if (status == STATUS_OK)
		status = directory_drop(volume, renaming->from, &old);
	if (status == STATUS_OK && renaming->node->node.type == FS_DIRECTORY && renaming->from != renaming->to) {
		status = parent_change(volume, renaming->node, renaming->to);
		links_change(renaming->from, -1);
		links_change(renaming->to, 1);
	}
	node_stamp(volume, renaming->node, STAMP_CHANGED);
	node_stamp(volume, renaming->from, STAMP_MODIFIED | STAMP_CHANGED);
	node_stamp(volume, renaming->to, STAMP_MODIFIED | STAMP_CHANGED);
	if (status == STATUS_OK)
		status = node_write(volume, renaming->node);
	if (status == STATUS_OK)
		status = node_write(volume, renaming->from);
	return status == STATUS_OK ? node_write(volume, renaming->to) : status;
}

status_t name_rename(struct fs_node *from, struct span name, struct fs_node *to, struct span to_name, bool exclusive)
{
	struct volume *volume = volume_of(from);
	struct renaming renaming = { .from = node_of(from), .to = node_of(to), .name = name, .to_name = to_name };
	struct place old;
	status_t status = name_find(volume, renaming.from, name, &old, &renaming.node);

	if (status != STATUS_OK)
		return status;
	status = name_find(volume, renaming.to, to_name, &renaming.place, &renaming.victim);
	if (status == STATUS_ENOENT)
		status = STATUS_OK;
	else if (status != STATUS_OK)
		renaming.victim = NULL;
	if (status == STATUS_OK)
		status = judge(volume, &renaming, exclusive);
	if (status == STATUS_OK && renaming.victim != renaming.node) {
		status = change_begin(volume, OPERATION_BLOCKS);
		if (status == STATUS_OK)
			status = change_end(volume, rename_in_operation(volume, &renaming));
	}
	if (renaming.victim != NULL)
		node_put(volume, renaming.victim);
	node_put(volume, renaming.node);
	return status;
}
