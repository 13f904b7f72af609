// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/cap/fs_acts.h"

#include "kernel/core/libc.h"

status_t fs_may_change(const struct fs *fs, bool has_operation)
{
	return fs->read_only ? STATUS_EROFS : has_operation ? STATUS_OK : STATUS_ENOTSUP;
}

status_t fs_walk(const struct fs_object *from, struct span path, bool follow, struct path_walk **out)
{
	/* Acquire; pairs with the exchange in fs_walk_end(): it is nobody else's. */
	struct path_walk *walk = atomic_exchange_explicit(&from->service->walk, NULL, memory_order_acquire);
	status_t status;

	if (walk == NULL)
		walk = malloc(sizeof(*walk));
	if (walk == NULL)
		return STATUS_ENOMEM;
	status = path_walk(walk, from->node, path, follow);
	if (status != STATUS_OK) {
		fs_walk_end(from, walk);
		return status;
	}
	*out = walk;
	return STATUS_OK;
}

void fs_walk_end(const struct fs_object *from, struct path_walk *walk)
{
	path_end(walk);
	free(atomic_exchange_explicit(&from->service->walk, walk, memory_order_acq_rel));
}

static uint32_t type_number(enum fs_type type)
{
	return type == FS_FILE ? CAPOS_DIR_TYPE_FILE :
	       type == FS_DIRECTORY ? CAPOS_DIR_TYPE_DIRECTORY :
	       type == FS_LINK ? CAPOS_DIR_TYPE_LINK : CAPOS_DIR_TYPE_OTHER;
}

int64_t fs_act_stat(struct fs_request *request, struct fs_node *node)
{
	struct fs_stat stat;
	status_t status = node->fs->ops->stat(node, &stat);

	if (status != STATUS_OK)
		return status;
	request->reply.stat = (struct capos_dir_stat_result){
		.id = stat.id,
		.size = stat.size,
		.allocated = stat.allocated,
		.accessed = stat.accessed.seconds,
		.modified = stat.modified.seconds,
		.changed = stat.changed.seconds,
		.accessed_ns = stat.accessed.nanoseconds,
		.modified_ns = stat.modified.nanoseconds,
		.changed_ns = stat.changed.nanoseconds,
		.type = type_number(stat.type),
		.permissions = stat.permissions,
		.links = stat.links,
		.user = stat.user,
		.group = stat.group,
	};
	request->out = &request->reply.stat;
	request->out_bytes = sizeof(request->reply.stat);
	return STATUS_OK;
}

int64_t fs_act_sync(struct fs_node *node)
{
	return node->fs->ops->sync != NULL && !node->fs->read_only ? node->fs->ops->sync(node) : STATUS_OK;
}

int64_t fs_act_set_size(struct fs_node *node, uint64_t size)
{
	const struct fs_stat values = { .size = size };
	status_t status = FS_MAY(node->fs, set);

	if (status == STATUS_OK && node->type != FS_FILE)
		status = node->type == FS_DIRECTORY ? STATUS_EISDIR : STATUS_EINVAL;
	if (status == STATUS_OK && size > INT64_MAX)
		status = STATUS_EFBIG;
	return status == STATUS_OK ? node->fs->ops->set(node, FS_SET_SIZE, &values) : status;
}
