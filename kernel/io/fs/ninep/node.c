// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Nodes and their fids. A file's own fid is opened by its first reader or writer, for the server to keep what is there from then on; what
 * else it is needed for gets a fid of its own. Opened for reading alone as long as nobody writes: a program that is opened to be written cannot
 * be started on the host meanwhile.
 */
#include "kernel/core/libc.h"
#include "kernel/io/fs/ninep/mount.h"
#include "lib/bits.h"

static bool number_take(struct ninep *mount, uint32_t *number)
{
	for (unsigned i = 0; i < ARRAY_LEN(mount->numbers); i++) {
		if (mount->numbers[i] == UINT64_MAX)
			continue;
		*number = i * 64 + (unsigned)__builtin_ctzll(~mount->numbers[i]);
		mount->numbers[i] |= 1ull << *number % 64;
		return true;
	}
	return false;
}

struct ninep_node *ninep_node_new(struct ninep *mount)
{
	struct ninep_node *node = calloc(1, sizeof(*node));
	bool numbered = node != NULL && number_take(mount, &node->number);

	while (node != NULL && !numbered && mount->ending > 0) {
		ninep_wait(mount);
		numbered = number_take(mount, &node->number);
	}
	if (!numbered) {
		free(node);
		return NULL;
	}
	list_init(&node->link);
	return node;
}

void ninep_node_free(struct ninep *mount, struct ninep_node *node)
{
	mount->numbers[node->number / 64] &= ~(1ull << node->number % 64);
	mount->ending--;
	free(node);
	ninep_wake_waiting(mount);
}

void ninep_node_begin(struct ninep *mount, struct ninep_node *node, const struct ninep_qid *qid)
{
	enum fs_type type = qid->type & NINEP_QID_DIRECTORY ? FS_DIRECTORY : qid->type & NINEP_QID_LINK ? FS_LINK : FS_FILE;

	fs_node_init(&node->node, &mount->fs, type);
	node->path = qid->path;
	node->names_synced = mount->names_changed;
	list_push_back(&mount->nodes, &node->link);
}

void ninep_release(struct fs_node *node)
{
	ninep_node_drop(ninep_of(node->fs), ninep_node_of(node));
}

status_t ninep_walk(struct ninep *mount, struct ninep_node *from, const struct span *name, struct ninep_node *to, enum ninep_fid fid,
		    struct ninep_qid *qid)
{
	struct ninep_call call;
	status_t status;

	ninep_call_begin(mount, &call, NINEP_WALK);
	call.asked.names = name != NULL;
	ninep_put_walk(&call.out, ninep_fid(from, NINEP_SELF), ninep_fid(to, fid), name);
	status = ninep_call_run(mount, &call);
	if (status != STATUS_OK)
		return status;
	to->fids |= (uint8_t)(1u << fid);
	*qid = call.reply.qid;
	return STATUS_OK;
}

status_t ninep_lookup(struct fs_node *directory, struct span name, struct fs_node **out)
{
	struct ninep *mount = ninep_of(directory->fs);
	struct ninep_node *node = ninep_node_new(mount);
	struct ninep_qid qid;
	status_t status;

	if (node == NULL)
		return STATUS_ENOMEM;
	status = ninep_walk(mount, ninep_node_of(directory), &name, node, NINEP_SELF, &qid);
	if (status != STATUS_OK) {
		ninep_node_drop(mount, node);
		return status;
	}
	ninep_node_begin(mount, node, &qid);
	*out = &node->node;
	return STATUS_OK;
}

/* The root is above itself. Spec: walk(5) */
status_t ninep_parent(struct fs_node *directory, struct fs_node **out)
{
	struct fs_node *above;
	status_t status = ninep_lookup(directory, span_of("..", 2), &above);

	if (status != STATUS_OK)
		return status;
	*out = above;
	if (above->type == FS_DIRECTORY && ninep_node_of(above)->path != ninep_node_of(directory)->path)
		return STATUS_OK;
	status = above->type == FS_DIRECTORY ? STATUS_ENOENT : STATUS_EIO;
	fs_node_put(above);
	return status;
}

status_t ninep_open(struct ninep *mount, struct ninep_node *node, enum ninep_fid fid, uint32_t flags)
{
	struct ninep_call call;
	status_t status;

	ninep_call_begin(mount, &call, NINEP_LOPEN);
	ninep_put32(&call.out, ninep_fid(node, fid));
	ninep_put32(&call.out, flags);
	status = ninep_call_run(mount, &call);
	if (status != STATUS_OK)
		return ninep_gone(status);
	if (call.reply.qid.path != node->path) {
		node->stale = true;
		return STATUS_ESTALE;
	}
	node->opened[fid] = (flags & 3) == NINEP_O_RDONLY ? NINEP_READS : (flags & 3) == NINEP_O_WRONLY ? NINEP_WRITES : NINEP_READS | NINEP_WRITES;
	return STATUS_OK;
}

/* Makes a fid that is to be opened, where the server does not know it yet. */
static status_t fid_make(struct ninep *mount, struct ninep_node *node, enum ninep_fid fid)
{
	struct ninep_qid qid;

	return node->fids & 1u << fid ? STATUS_OK : ninep_gone(ninep_walk(mount, node, NULL, node, fid, &qid));
}

/* Whoever opens a node does it alone. */
static void node_lock(struct ninep *mount, struct ninep_node *node)
{
	while (node->busy)
		ninep_wait(mount);
	node->busy = true;
}

static void node_unlock(struct ninep *mount, struct ninep_node *node)
{
	node->busy = false;
	ninep_wake_waiting(mount);
}

/* The fid that is opened so; NINEP_FIDS: none. */
static enum ninep_fid opened_find(const struct ninep_node *node, unsigned how, bool append)
{
	if (append)
		return node->opened[NINEP_APPEND] ? NINEP_APPEND : NINEP_FIDS;
	for (enum ninep_fid fid = NINEP_SELF; fid <= NINEP_SECOND; fid++)
		if (node->opened[fid] & how)
			return fid;
	return NINEP_FIDS;
}

/* Whether a file may be opened: a fifo or a device would do what nobody knows, and the server takes it amiss. A walk does not tell. */
static status_t openable(struct ninep_node *node)
{
	struct fs_stat stat;
	status_t status;

	if (node->node.type != FS_FILE)
		return node->node.type == FS_LINK ? STATUS_ELOOP : STATUS_EISDIR;
	if (node->regular)
		return STATUS_OK;
	status = ninep_stat(&node->node, &stat);
	return status != STATUS_OK || node->regular ? status : STATUS_ENOTSUP;
}

/* Opens a fid of the two that are for reading and writing; where both are open, neither is allowed what is wanted. */
static status_t open_plain(struct ninep *mount, struct ninep_node *node, unsigned how)
{
	enum ninep_fid fid = node->opened[NINEP_SELF] == 0 ? NINEP_SELF : NINEP_SECOND;
	status_t status;

	if (node->opened[fid] != 0)
		return STATUS_EACCES;
	status = fid_make(mount, node, fid);
	if (status != STATUS_OK)
		return status;
	status = ninep_open(mount, node, fid, how == NINEP_READS ? NINEP_O_RDONLY : NINEP_O_RDWR);
	if (how == NINEP_WRITES && (status == STATUS_EACCES || status == STATUS_EPERM))
		status = ninep_open(mount, node, fid, NINEP_O_WRONLY);
	return status;
}

/* Opens what is wanted; alone. */
static status_t open_now(struct ninep *mount, struct ninep_node *node, unsigned how, bool append)
{
	status_t status = node->stale ? STATUS_ESTALE : openable(node);

	if (status == STATUS_OK && !append)
		return open_plain(mount, node, how);
	if (status == STATUS_OK)
		status = fid_make(mount, node, NINEP_APPEND);
	return status != STATUS_OK ? status : ninep_open(mount, node, NINEP_APPEND, NINEP_O_WRONLY | NINEP_O_APPEND);
}

status_t ninep_opened(struct ninep *mount, struct ninep_node *node, unsigned how, bool append, uint32_t *fid)
{
	enum ninep_fid found = opened_find(node, how, append);
	status_t status = STATUS_OK;

	if (found == NINEP_FIDS) {
		node_lock(mount, node);
		if (opened_find(node, how, append) == NINEP_FIDS)
			status = open_now(mount, node, how, append);
		found = opened_find(node, how, append);
		node_unlock(mount, node);
	}
	*fid = ninep_fid(node, found);
	return status;
}

status_t ninep_opened_list(struct ninep *mount, struct ninep_node *node, uint32_t *fid)
{
	status_t status = STATUS_OK;

	*fid = ninep_fid(node, NINEP_SECOND);
	if (node->opened[NINEP_SECOND] != 0)
		return STATUS_OK;
	node_lock(mount, node);
	if (node->stale)
		status = STATUS_ESTALE;
	else if (node->opened[NINEP_SECOND] == 0 && (status = fid_make(mount, node, NINEP_SECOND)) == STATUS_OK)
		status = ninep_open(mount, node, NINEP_SECOND, NINEP_O_RDONLY | NINEP_O_DIRECTORY);
	node_unlock(mount, node);
	return status;
}
