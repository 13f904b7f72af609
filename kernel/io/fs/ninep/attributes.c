// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What is said of nodes, and of the file system: asked anew each time. */
#include "kernel/io/fs/ninep/mount.h"

#define BLOCK_BYTES 512u
#define SECOND_NS 1000000000u

static struct fs_time time_of(struct ninep_time from)
{
	return (struct fs_time){ (int64_t)from.seconds, (uint32_t)(from.nanoseconds < SECOND_NS ? from.nanoseconds : SECOND_NS - 1) };
}

static struct ninep_time time_to(struct fs_time from)
{
	return (struct ninep_time){ (uint64_t)from.seconds, from.nanoseconds };
}

static uint64_t multiplied(uint64_t a, uint64_t b)
{
	uint64_t product;

	return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

static enum fs_type type_of(uint32_t mode)
{
	switch (mode & NINEP_MODE_TYPE) {
	case NINEP_MODE_FILE:
		return FS_FILE;
	case NINEP_MODE_DIRECTORY:
		return FS_DIRECTORY;
	case NINEP_MODE_LINK:
		return FS_LINK;
	default:
		return FS_OTHER;
	}
}

status_t ninep_stat(struct fs_node *node, struct fs_stat *out)
{
	struct ninep *mount = ninep_of(node->fs);
	struct ninep_node *own = ninep_node_of(node);
	const struct ninep_attributes *got;
	struct ninep_call call;
	status_t status;

	ninep_call_begin(mount, &call, NINEP_GETATTR);
	ninep_put32(&call.out, ninep_fid(own, NINEP_SELF));
	ninep_put64(&call.out, NINEP_GETATTR_BASIC);
	status = ninep_call_run(mount, &call);
	if (status != STATUS_OK)
		return ninep_gone(status);
	if (call.reply.qid.path != own->path)
		return STATUS_ESTALE;
	got = &call.reply.attributes;
	*out = (struct fs_stat){
		.type = type_of(got->mode),
		.permissions = got->mode & 07777,
		.links = got->links < UINT32_MAX ? (uint32_t)got->links : UINT32_MAX,
		.user = got->user,
		.group = got->group,
		.id = call.reply.qid.path,
		.size = got->size,
		.allocated = multiplied(got->block_count, BLOCK_BYTES),
		.accessed = time_of(got->accessed),
		.modified = time_of(got->modified),
		.changed = time_of(got->changed),
	};
	own->regular |= out->type == FS_FILE;
	return STATUS_OK;
}

status_t ninep_set(struct fs_node *node, uint32_t what, const struct fs_stat *values)
{
	struct ninep *mount = ninep_of(node->fs);
	struct ninep_call call;
	struct ninep_changes changes = {
		.mode = values->permissions,
		.size = values->size,
		.accessed = time_to(values->accessed),
		.modified = time_to(values->modified),
	};

	if (what & FS_SET_PERMISSIONS)
		changes.what |= NINEP_SET_MODE;
	if (what & FS_SET_SIZE)
		changes.what |= NINEP_SET_SIZE;
	if (what & FS_SET_ACCESSED)
		changes.what |= NINEP_SET_ACCESSED | NINEP_SET_ACCESSED_TO;
	if (what & FS_SET_MODIFIED)
		changes.what |= NINEP_SET_MODIFIED | NINEP_SET_MODIFIED_TO;
	ninep_call_begin(mount, &call, NINEP_SETATTR);
	ninep_put_setattr(&call.out, ninep_fid(ninep_node_of(node), NINEP_SELF), &changes);
	return ninep_gone(ninep_call_run(mount, &call));
}

status_t ninep_space(struct fs *fs, struct fs_space *out)
{
	struct ninep *mount = ninep_of(fs);
	const struct ninep_space *got;
	struct ninep_call call;
	status_t status;

	ninep_call_begin(mount, &call, NINEP_STATFS);
	ninep_put32(&call.out, ninep_fid(ninep_node_of(fs->root), NINEP_SELF));
	status = ninep_call_run(mount, &call);
	if (status != STATUS_OK)
		return ninep_gone(status);
	got = &call.reply.space;
	*out = (struct fs_space){
		.bytes = multiplied(got->blocks, got->block_bytes),
		.free_bytes = multiplied(got->usable_blocks, got->block_bytes),
		.nodes = got->files,
		.free_nodes = got->free_files,
		.block_bytes = got->block_bytes,
	};
	return STATUS_OK;
}
