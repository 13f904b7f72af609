// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Directories as capabilities: opening, looking, listing, setting. What makes and removes names: dir_names.c. */
#include <assert.h>
#include <stddef.h>

#include "kernel/cap/fs_acts.h"
#include "kernel/cap/fs_request.h"
#include "kernel/dir_methods.h"
#include "kernel/sys/process.h"
#include "lib/string.h"

enum {
	OPEN_FLAGS = CAPOS_DIR_CREATE | CAPOS_DIR_EXCLUSIVE | CAPOS_DIR_TRUNCATE | CAPOS_DIR_DIRECTORY | CAPOS_DIR_NO_FOLLOW | CAPOS_DIR_APPEND,
	CHANGING = CAPOS_DIR_RIGHT_WRITE | CAPOS_DIR_RIGHT_CREATE,
	PERMISSIONS_MASK = 07777,
	CREATE_TRIES = 8,
	NANOSECONDS = 1000000000,
};

static_assert((int)CAPOS_DIR_SET_SIZE == FS_SET_SIZE && (int)CAPOS_DIR_SET_PERMISSIONS == FS_SET_PERMISSIONS &&
		      (int)CAPOS_DIR_SET_ACCESSED == FS_SET_ACCESSED && (int)CAPOS_DIR_SET_MODIFIED == FS_SET_MODIFIED,
	      "the ABI's numbers are the file systems'");
static_assert(CAPOS_DIR_PATH_MAX == FS_PATH_MAX, "the ABI's limit is the walk's");

static status_t file_create(struct path_walk *walk, const struct fs_request *request)
{
	struct fs_node *directory = path_directory(walk);
	status_t status = FS_MAY(directory->fs, create);

	if (status != STATUS_OK)
		return status;
	return directory->fs->ops->create(directory, walk->name, FS_FILE, request->values.permissions, &walk->node);
}

/* What the path names, made where that is asked for. STATUS_EAGAIN: somebody else has just made it. */
static status_t node_find(struct path_walk *walk, const struct fs_request *request)
{
	uint32_t flags = request->flags;
	status_t status;

	if (walk->node != NULL)
		return (flags & CAPOS_DIR_EXCLUSIVE) ? STATUS_EEXIST : STATUS_OK;
	if (!(flags & CAPOS_DIR_CREATE))
		return STATUS_ENOENT;
	if (walk->is_directory)
		return STATUS_EISDIR;
	status = file_create(walk, request);
	return status == STATUS_EEXIST && !(flags & CAPOS_DIR_EXCLUSIVE) ? STATUS_EAGAIN : status;
}

static status_t node_check(const struct fs_node *node, const struct fs_request *request)
{
	uint32_t flags = request->flags;

	if (node->type == FS_LINK)
		return STATUS_ELOOP;
	if (node->type == FS_OTHER || node->type == FS_PIPE)
		return STATUS_ENOTSUP;
	if (node->type == FS_DIRECTORY)
		return (flags & (CAPOS_DIR_TRUNCATE | CAPOS_DIR_CREATE | CAPOS_DIR_APPEND)) ? STATUS_EISDIR : STATUS_OK;
	if (flags & CAPOS_DIR_DIRECTORY)
		return STATUS_ENOTDIR;
	/* `what`: the rights that were asked for by name. */
	return node->fs->read_only && (request->what & CAPOS_DIR_RIGHT_WRITE) ? STATUS_EROFS : STATUS_OK;
}

static status_t node_open(struct path_walk *walk, struct fs_request *request)
{
	status_t status = node_find(walk, request);

	if (status != STATUS_OK)
		return status;
	status = node_check(walk->node, request);
	if (status == STATUS_OK && (request->flags & CAPOS_DIR_TRUNCATE))
		status = (status_t)fs_act_set_size(walk->node, 0);
	if (status != STATUS_OK)
		return status;
	if (walk->node->fs->read_only)
		request->rights &= ~(uint32_t)CHANGING;
	fs_object_open(request->made, walk->node, (request->flags & CAPOS_DIR_APPEND) != 0);
	walk->node = NULL;
	return STATUS_OK;
}

static void open_act(struct fs_request *request)
{
	bool follow = !(request->flags & (CAPOS_DIR_NO_FOLLOW | CAPOS_DIR_EXCLUSIVE));
	unsigned tries = (request->flags & CAPOS_DIR_CREATE) ? CREATE_TRIES : 1;
	status_t status = STATUS_EAGAIN;
	struct path_walk *walk;

	for (unsigned i = 0; i < tries && status == STATUS_EAGAIN; i++) {
		status = fs_walk(request->own, request->paths[0], follow, &walk);
		if (status != STATUS_OK)
			break;
		status = node_open(walk, request);
		fs_walk_end(request->own, walk);
	}
	request->result = status;
}

static status_t open_check(const struct cap_call *call, const struct capos_dir_open *params)
{
	uint32_t flags = params->flags;
	uint32_t named = params->rights == CAPOS_DIR_RIGHTS_ALL ? 0 : params->rights;

	if ((flags & ~(uint32_t)OPEN_FLAGS) != 0 || params->permissions > PERMISSIONS_MASK)
		return STATUS_EINVAL;
	if ((flags & CAPOS_DIR_EXCLUSIVE) && !(flags & CAPOS_DIR_CREATE))
		return STATUS_EINVAL;
	if ((flags & CAPOS_DIR_DIRECTORY) && (flags & (CAPOS_DIR_CREATE | CAPOS_DIR_TRUNCATE | CAPOS_DIR_APPEND)))
		return STATUS_EINVAL;
	if ((named & ~call->rights) != 0 || ((flags & CAPOS_DIR_CREATE) && !(call->rights & CAPOS_DIR_RIGHT_CREATE)) ||
	    ((flags & CAPOS_DIR_TRUNCATE) && !(call->rights & CAPOS_DIR_RIGHT_WRITE)))
		return STATUS_EACCES;
	return STATUS_OK;
}

int64_t dir_open(struct cap_call *call, const struct capos_dir_open *params)
{
	const struct fs_request_path path = { params->path, params->path_bytes };
	int64_t result = open_check(call, params);
	struct fs_request *request;

	if (result != STATUS_OK)
		return result;
	request = fs_request_begin(call, open_act, &path, 1, 0, &result);
	if (request == NULL)
		return result;
	request->flags = params->flags;
	request->looks = !(params->flags & (CAPOS_DIR_CREATE | CAPOS_DIR_TRUNCATE));
	request->rights = params->rights & call->rights;
	request->what = params->rights == CAPOS_DIR_RIGHTS_ALL ? 0 : params->rights;
	request->values.permissions = (uint16_t)params->permissions;
	request->made = fs_object_alloc(request->own->service, request->budget);
	if (request->made == NULL) {
		fs_request_free(request);
		return STATUS_ENOMEM;
	}
	return fs_request_run(call, request);
}

static void stat_act(struct fs_request *request)
{
	struct path_walk *walk;

	request->result = fs_walk(request->own, request->paths[0], !(request->flags & CAPOS_DIR_NO_FOLLOW), &walk);
	if (request->result != STATUS_OK)
		return;
	request->result = walk->node != NULL ? fs_act_stat(request, walk->node) : STATUS_ENOENT;
	fs_walk_end(request->own, walk);
}

int64_t dir_stat(struct cap_call *call, const struct capos_dir_stat *params)
{
	const struct fs_request_path path = { params->path, params->path_bytes };
	struct fs_request *request;
	int64_t result;

	if ((params->flags & ~CAPOS_DIR_NO_FOLLOW) != 0)
		return STATUS_EINVAL;
	request = fs_request_begin(call, stat_act, &path, 1, 0, &result);
	if (request == NULL)
		return result;
	request->looks = true;
	request->flags = params->flags;
	return fs_request_run(call, request);
}

static uint8_t type_byte(enum fs_type type)
{
	return type == FS_FILE ? CAPOS_DIR_TYPE_FILE :
	       type == FS_DIRECTORY ? CAPOS_DIR_TYPE_DIRECTORY :
	       type == FS_LINK ? CAPOS_DIR_TYPE_LINK : CAPOS_DIR_TYPE_OTHER;
}

/* One entry behind those that are in the request's data. False: it has no room. */
static bool entry_add(void *ctx, const struct fs_entry *entry)
{
	struct fs_request *request = ctx;
	size_t fixed = offsetof(struct capos_dir_entry, name);
	size_t bytes = (fixed + entry->name.len + 1 + 7) & ~(size_t)7;
	struct capos_dir_entry head = {
		.id = entry->id,
		.cookie = entry->cookie,
		.record_bytes = (uint16_t)bytes,
		.type = type_byte(entry->type),
		.name_bytes = (uint8_t)entry->name.len,
	};
	uint8_t *to = request->data + request->out_bytes;

	if (entry->name.len > FS_NAME_MAX || bytes > request->data_bytes - request->out_bytes) {
		request->result = request->out_bytes > 0 ? STATUS_OK : STATUS_EINVAL;
		return false;
	}
	memcpy(to, &head, fixed);
	memcpy(to + fixed, entry->name.data, entry->name.len);
	memset(to + fixed + entry->name.len, 0, bytes - fixed - entry->name.len);
	request->out_bytes += bytes;
	return true;
}

static void list_act(struct fs_request *request)
{
	struct fs_node *node = request->own->node;
	status_t status;

	request->out = request->data;
	status = node->fs->ops->list(node, request->offset, entry_add, request);
	if (status != STATUS_OK && request->out_bytes == 0)
		request->result = status;
	if (request->result == STATUS_OK)
		request->result = (int64_t)request->out_bytes;
}

int64_t dir_list(struct cap_call *call, const struct capos_dir_list *params)
{
	size_t room = call->submission->result_len;
	struct fs_request *request;
	int64_t result;

	request = fs_request_begin(call, list_act, NULL, 0, room < CAPOS_DIR_LIST_MAX ? room : CAPOS_DIR_LIST_MAX, &result);
	if (request == NULL)
		return result;
	request->offset = params->cookie;
	return fs_request_run(call, request);
}

static void set_act(struct fs_request *request)
{
	struct path_walk *walk;
	int64_t result = fs_walk(request->own, request->paths[0], !(request->flags & CAPOS_DIR_NO_FOLLOW), &walk);

	request->result = result;
	if (result != STATUS_OK)
		return;
	if (walk->node == NULL)
		result = STATUS_ENOENT;
	else if (request->what & FS_SET_SIZE)
		result = fs_act_set_size(walk->node, request->values.size);
	request->what &= ~(uint32_t)FS_SET_SIZE;
	if (result == STATUS_OK && request->what != 0)
		result = FS_MAY(walk->node->fs, set);
	if (result == STATUS_OK && request->what != 0)
		result = walk->node->fs->ops->set(walk->node, request->what, &request->values);
	request->result = result;
	fs_walk_end(request->own, walk);
}

int64_t dir_set(struct cap_call *call, const struct capos_dir_set *params)
{
	const struct fs_request_path path = { params->path, params->path_bytes };
	struct fs_request *request;
	int64_t result;

	if ((params->flags & ~CAPOS_DIR_NO_FOLLOW) != 0 || params->what == 0 || params->what > 15 || params->permissions > PERMISSIONS_MASK ||
	    params->accessed_ns >= NANOSECONDS || params->modified_ns >= NANOSECONDS)
		return STATUS_EINVAL;
	request = fs_request_begin(call, set_act, &path, 1, 0, &result);
	if (request == NULL)
		return result;
	request->flags = params->flags;
	request->what = params->what;
	request->values = (struct fs_stat){
		.size = params->size,
		.permissions = (uint16_t)params->permissions,
		.accessed = { params->accessed, params->accessed_ns },
		.modified = { params->modified, params->modified_ns },
	};
	return fs_request_run(call, request);
}

static void space_act(struct fs_request *request)
{
	struct fs *fs = request->own->service->fs;
	struct fs_space space = { 0 };

	request->result = fs->ops->space != NULL ? fs->ops->space(fs, &space) : STATUS_ENOTSUP;
	request->reply.space = (struct capos_dir_space_result){
		.bytes = space.bytes,
		.free_bytes = space.free_bytes,
		.nodes = space.nodes,
		.free_nodes = space.free_nodes,
		.block_bytes = space.block_bytes,
	};
	request->out = &request->reply.space;
	request->out_bytes = sizeof(request->reply.space);
}

static int64_t simple(struct cap_call *call, void (*act)(struct fs_request *request))
{
	int64_t result;
	struct fs_request *request = fs_request_begin(call, act, NULL, 0, 0, &result);

	return request != NULL ? fs_request_run(call, request) : result;
}

int64_t dir_space(struct cap_call *call)
{
	return simple(call, space_act);
}

static void sync_act(struct fs_request *request)
{
	request->result = fs_act_sync(request->own->node);
}

int64_t dir_sync(struct cap_call *call)
{
	return simple(call, sync_act);
}
