// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The content of files. It goes from where the caller has it to the host, or back, without a copy, where the device reaches it. */
#include "kernel/core/page.h"
#include "kernel/io/fs/ninep/mount.h"
#include "lib/string.h"

/* The longest data that fits a message; 24 bytes are for what surrounds it (IOHDRSZ). */
static uint32_t data_max(const struct ninep *mount)
{
	return mount->message_bytes - 24;
}

/* One request; how many bytes it moved. */
static status_t move(struct ninep *mount, enum ninep_type type, uint32_t fid, uint64_t offset, void *data, uint32_t *bytes)
{
	struct ninep_call call;
	status_t status;

	ninep_call_begin(mount, &call, type);
	call.asked.bytes = *bytes;
	ninep_put_io(&call.out, fid, offset, *bytes);
	if (type == NINEP_WRITE) {
		call.data = data;
		call.data_bytes = *bytes;
	} else {
		call.room = data;
	}
	status = ninep_call_run(mount, &call);
	*bytes = status == STATUS_OK ? call.reply.bytes : 0;
	return status;
}

/* The same for memory that the device does not reach, a stack: by way of a page. */
static status_t move_copied(struct ninep *mount, enum ninep_type type, uint32_t fid, uint64_t offset, void *data, uint32_t *bytes)
{
	uint64_t pa = page_alloc(0);
	status_t status;

	if (pa == 0) {
		*bytes = 0;
		return STATUS_ENOMEM;
	}
	if (*bytes > HAL_PAGE_BYTES)
		*bytes = HAL_PAGE_BYTES;
	if (type == NINEP_WRITE)
		memcpy(hal_direct_va(pa), data, *bytes);
	status = move(mount, type, fid, offset, hal_direct_va(pa), bytes);
	if (type == NINEP_READ)
		memcpy(data, hal_direct_va(pa), *bytes);
	page_free(pa, 0);
	return status;
}

/* All of it, in as few requests as there can be; up to the end of the file, or an error. */
static int64_t move_all(struct ninep *mount, enum ninep_type type, uint32_t fid, uint64_t offset, void *data, size_t bytes)
{
	size_t moved = 0;
	status_t status = STATUS_OK;

	while (moved < bytes) {
		uint32_t some = bytes - moved < data_max(mount) ? (uint32_t)(bytes - moved) : data_max(mount);
		bool reached = hal_ninep_reaches((uint8_t *)data + moved, some);

		status = (reached ? move : move_copied)(mount, type, fid, offset + moved, (uint8_t *)data + moved, &some);
		moved += some;
		if (some == 0)
			break;
	}
	return moved > 0 ? (int64_t)moved : status;
}

int64_t ninep_read(struct fs_node *file, uint64_t offset, void *data, size_t bytes)
{
	struct ninep *mount = ninep_of(file->fs);
	uint32_t fid;
	status_t status = ninep_opened(mount, ninep_node_of(file), NINEP_READS, false, &fid);

	return status != STATUS_OK ? status : move_all(mount, NINEP_READ, fid, offset, data, bytes);
}

int64_t ninep_write(struct fs_node *file, uint64_t offset, const void *data, size_t bytes, bool append)
{
	struct ninep *mount = ninep_of(file->fs);
	uint32_t fid;
	status_t status = ninep_opened(mount, ninep_node_of(file), NINEP_WRITES, append, &fid);
	int64_t moved;

	if (status != STATUS_OK)
		return status;
	/* It is not written to: the same path serves both directions. */
	moved = move_all(mount, NINEP_WRITE, fid, append ? 0 : offset, (void *)(uintptr_t)data, bytes);
	return moved == 0 && bytes > 0 ? STATUS_EIO : moved;
}

/* What is open of a node, or can be. */
static status_t fid_to_sync(struct ninep *mount, struct ninep_node *node, uint32_t *fid)
{
	status_t status;

	if (node->node.type == FS_DIRECTORY)
		return ninep_opened_list(mount, node, fid);
	for (unsigned i = 0; i < NINEP_FIDS; i++) {
		*fid = ninep_fid(node, i);
		if (node->opened[i] & NINEP_WRITES)
			return STATUS_OK;
	}
	status = ninep_opened(mount, node, NINEP_READS, false, fid);
	return status == STATUS_EACCES ? ninep_opened(mount, node, NINEP_WRITES, false, fid) : status;
}

/* The directory that the node's name is in; nothing where that is gone, and the name with it. */
static status_t parent_sync(struct ninep *mount, struct ninep_node *node)
{
	const struct span up = span_of("..", 2);
	struct ninep_node *parent = ninep_node_new(mount);
	struct ninep_qid qid;
	status_t status;

	if (parent == NULL)
		return STATUS_ENOMEM;
	status = ninep_walk(mount, node, &up, parent, NINEP_SELF, &qid);
	if (status == STATUS_OK) {
		parent->path = qid.path;
		status = ninep_open(mount, parent, NINEP_SELF, NINEP_O_RDONLY | NINEP_O_DIRECTORY);
	}
	if (status == STATUS_OK)
		status = ninep_call_fid(mount, NINEP_FSYNC, ninep_fid(parent, NINEP_SELF));
	ninep_node_drop(mount, parent);
	return status == STATUS_ENOENT || status == STATUS_ESTALE ? STATUS_OK : status;
}

status_t ninep_sync(struct fs_node *node)
{
	struct ninep *mount = ninep_of(node->fs);
	struct ninep_node *own = ninep_node_of(node);
	uint32_t changed = mount->names_changed;
	uint32_t fid;
	status_t status;

	if (node->type == FS_LINK)
		return parent_sync(mount, own);
	status = fid_to_sync(mount, own, &fid);
	if (status == STATUS_OK)
		status = ninep_call_fid(mount, NINEP_FSYNC, fid);
	if (status != STATUS_OK || own->names_synced == changed)
		return status;
	status = parent_sync(mount, own);
	if (status == STATUS_OK)
		own->names_synced = changed;
	return status;
}
