// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Directories: making, removing and renaming what is in them. */
#include "kernel/core/page.h"
#include "kernel/io/fs/ninep/mount.h"
#include "lib/string.h"

enum { READLINK_ORDER = 1, PERMISSIONS = 07777 };

static_assert(NINEP_READLINK_BYTES <= HAL_PAGE_BYTES << READLINK_ORDER, "it fits");

int64_t ninep_read_link(struct fs_node *link, char *data, size_t bytes)
{
	struct ninep *mount = ninep_of(link->fs);
	uint64_t pa = page_alloc(READLINK_ORDER);
	struct ninep_call call;
	status_t status;
	size_t length = 0;

	if (pa == 0)
		return STATUS_ENOMEM;
	ninep_call_begin(mount, &call, NINEP_READLINK);
	call.room = hal_direct_va(pa);
	ninep_put32(&call.out, ninep_fid(ninep_node_of(link), NINEP_SELF));
	status = ninep_gone(ninep_call_run(mount, &call));
	if (status == STATUS_OK) {
		length = call.reply.target.len < bytes ? call.reply.target.len : bytes;
		memcpy(data, call.reply.target.data, length);
	}
	page_free(pa, READLINK_ORDER);
	return status == STATUS_OK ? (int64_t)length : status;
}

static status_t file_create(struct ninep *mount, struct ninep_node *directory, struct span name, uint16_t permissions, struct ninep_node *node)
{
	struct ninep_call call;
	struct ninep_qid qid;
	status_t status = ninep_walk(mount, directory, NULL, node, NINEP_SELF, &qid);

	if (status != STATUS_OK)
		return status;
	ninep_call_begin(mount, &call, NINEP_LCREATE);
	ninep_put_create(&call.out, ninep_fid(node, NINEP_SELF), name, NINEP_O_RDWR | NINEP_O_CREATE | NINEP_O_EXCL, permissions & PERMISSIONS);
	status = ninep_call_run(mount, &call);
	if (status != STATUS_OK)
		return status;
	node->opened[NINEP_SELF] = NINEP_READS | NINEP_WRITES;
	node->regular = true;
	ninep_node_begin(mount, node, &call.reply.qid);
	return STATUS_OK;
}

static status_t directory_create(struct ninep *mount, struct ninep_node *directory, struct span name, uint16_t permissions)
{
	struct ninep_call call;

	ninep_call_begin(mount, &call, NINEP_MKDIR);
	ninep_put_mkdir(&call.out, ninep_fid(directory, NINEP_SELF), name, permissions & PERMISSIONS);
	return ninep_call_run(mount, &call);
}

status_t ninep_create(struct fs_node *directory, struct span name, enum fs_type type, uint16_t permissions, struct fs_node **out)
{
	struct ninep *mount = ninep_of(directory->fs);
	struct ninep_node *node;
	status_t status;

	if (type == FS_DIRECTORY) {
		status = directory_create(mount, ninep_node_of(directory), name, permissions);
		if (status != STATUS_OK)
			return status;
		mount->names_changed++;
		status = ninep_lookup(directory, name, out);
	} else {
		node = ninep_node_new(mount);
		if (node == NULL)
			return STATUS_ENOMEM;
		status = file_create(mount, ninep_node_of(directory), name, permissions, node);
		if (status != STATUS_OK) {
			ninep_node_drop(mount, node);
			return status;
		}
		mount->names_changed++;
		*out = &node->node;
	}
	if (status == STATUS_OK) /* its name is to be synced, too */
		ninep_node_of(*out)->names_synced = mount->names_changed - 1;
	return status;
}

/* A change of names that is asked for by now: counted where it was done. */
static status_t names_change(struct ninep *mount, struct ninep_call *call)
{
	status_t status = ninep_call_run(mount, call);

	mount->names_changed += status == STATUS_OK;
	return status;
}

status_t ninep_symlink(struct fs_node *directory, struct span name, struct span target)
{
	struct ninep *mount = ninep_of(directory->fs);
	struct ninep_call call;
	uint64_t pa;
	status_t status;

	if (target.len == 0 || target.len > NINEP_TARGET_MAX)
		return target.len == 0 ? STATUS_ENOENT : STATUS_ENAMETOOLONG;
	pa = page_alloc(0);
	if (pa == 0)
		return STATUS_ENOMEM;
	memcpy(hal_direct_va(pa), target.data, target.len);
	ninep_call_begin(mount, &call, NINEP_SYMLINK);
	ninep_put32(&call.out, ninep_fid(ninep_node_of(directory), NINEP_SELF));
	ninep_put_text(&call.out, name);
	ninep_put16(&call.out, (uint16_t)target.len);
	call.data = hal_direct_va(pa);
	call.data_bytes = (uint32_t)target.len;
	call.split = call.out.len;
	ninep_put32(&call.out, NINEP_NOBODY);
	status = names_change(mount, &call);
	page_free(pa, 0);
	return status;
}

status_t ninep_link(struct fs_node *directory, struct span name, struct fs_node *file)
{
	struct ninep *mount = ninep_of(directory->fs);
	struct ninep_call call;

	ninep_call_begin(mount, &call, NINEP_LINK);
	ninep_put_link(&call.out, ninep_fid(ninep_node_of(directory), NINEP_SELF), ninep_fid(ninep_node_of(file), NINEP_SELF), name);
	return names_change(mount, &call);
}

/* Whether a file that somebody holds may still be opened for something: the server knows it by its name alone, then. */
static bool may_be_opened(const struct ninep_node *node)
{
	unsigned opened = node->opened[NINEP_SELF] | node->opened[NINEP_SECOND];

	return node->node.type == FS_FILE && (opened != (NINEP_READS | NINEP_WRITES) || node->opened[NINEP_APPEND] == 0);
}

static bool any_may_be_opened(const struct ninep *mount)
{
	for (struct list_node *at = mount->nodes.next; at != &mount->nodes; at = at->next)
		if (may_be_opened(LIST_OWNER(at, struct ninep_node, link)))
			return true;
	return false;
}

/* What a name is, without holding it. */
static status_t peek(struct ninep *mount, struct ninep_node *directory, struct span name, struct ninep_qid *qid)
{
	struct ninep_node *node = ninep_node_new(mount);
	status_t status;

	if (node == NULL)
		return STATUS_ENOMEM;
	status = ninep_walk(mount, directory, &name, node, NINEP_SELF, qid);
	ninep_node_drop(mount, node);
	return status;
}

/* What loses a name is opened first, for all that it allows, where somebody holds it: so it stays what it was. */
static void keep(struct ninep *mount, struct ninep_node *directory, struct span name)
{
	struct list_node *next;
	struct ninep_qid qid;
	uint32_t fid;

	if (!any_may_be_opened(mount) || peek(mount, directory, name, &qid) != STATUS_OK)
		return;
	for (struct list_node *at = mount->nodes.next; at != &mount->nodes; at = next) {
		struct ninep_node *node = LIST_OWNER(at, struct ninep_node, link);

		fs_node_hold(&node->node); /* it stays in the list */
		if (node->path == qid.path && may_be_opened(node)) {
			ninep_opened(mount, node, NINEP_READS, false, &fid);
			ninep_opened(mount, node, NINEP_WRITES, false, &fid);
			ninep_opened(mount, node, NINEP_WRITES, true, &fid);
		}
		next = at->next;
		fs_node_put(&node->node);
	}
}

status_t ninep_remove(struct fs_node *directory, struct span name, bool is_directory)
{
	struct ninep *mount = ninep_of(directory->fs);
	struct ninep_call call;

	if (!is_directory)
		keep(mount, ninep_node_of(directory), name);
	ninep_call_begin(mount, &call, NINEP_UNLINKAT);
	ninep_put32(&call.out, ninep_fid(ninep_node_of(directory), NINEP_SELF));
	ninep_put_text(&call.out, name);
	ninep_put32(&call.out, is_directory ? NINEP_UNLINK_DIRECTORY : 0);
	return names_change(mount, &call);
}

status_t ninep_rename(struct fs_node *from, struct span name, struct fs_node *to, struct span to_name, bool exclusive)
{
	struct ninep *mount = ninep_of(from->fs);
	struct ninep_call call;
	struct ninep_qid qid;
	status_t status;

	/* The protocol cannot leave alone what is there: it is looked for. Only the host can slip in between. */
	if (exclusive) {
		status = peek(mount, ninep_node_of(to), to_name, &qid);
		if (status != STATUS_ENOENT)
			return status == STATUS_OK ? STATUS_EEXIST : status;
	} else {
		keep(mount, ninep_node_of(to), to_name);
	}
	ninep_call_begin(mount, &call, NINEP_RENAMEAT);
	ninep_put_rename(&call.out, ninep_fid(ninep_node_of(from), NINEP_SELF), name, ninep_fid(ninep_node_of(to), NINEP_SELF), to_name);
	return names_change(mount, &call);
}
