// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The methods of dir that make, move and remove names; and what symbolic links hold. */
#include "kernel/cap/capset.h"
#include "kernel/cap/fs_acts.h"
#include "kernel/cap/fs_request.h"
#include "kernel/dir_methods.h"
#include "kernel/sys/process.h"
#include "lib/string.h"

enum { PERMISSIONS_MASK = 07777 };

/* A walk to a name that is to be made: nothing has it yet. */
static status_t walk_to_new(const struct fs_object *from, struct span path, struct path_walk **out)
{
	status_t status = fs_walk(from, path, false, out);

	if (status != STATUS_OK || (*out)->node == NULL)
		return status;
	fs_walk_end(from, *out);
	return STATUS_EEXIST;
}

/* A walk to a name that is there. */
static status_t walk_to_old(const struct fs_object *from, struct span path, struct path_walk **out)
{
	status_t status = fs_walk(from, path, false, out);

	if (status != STATUS_OK)
		return status;
	status = (*out)->name.len == 0 ? STATUS_EBUSY : (*out)->node == NULL ? STATUS_ENOENT : STATUS_OK;
	if (status != STATUS_OK)
		fs_walk_end(from, *out);
	return status;
}

static void make_dir_act(struct fs_request *request)
{
	struct fs_node *made = NULL;
	struct path_walk *walk;
	struct fs *fs = request->own->service->fs;
	status_t status = walk_to_new(request->own, request->paths[0], &walk);

	request->result = status;
	if (status != STATUS_OK)
		return;
	status = FS_MAY(fs, create);
	if (status == STATUS_OK)
		status = fs->ops->create(path_directory(walk), walk->name, FS_DIRECTORY, request->values.permissions, &made);
	if (made != NULL)
		fs_node_put(made);
	request->result = status;
	fs_walk_end(request->own, walk);
}

int64_t dir_make_dir(struct cap_call *call, const struct capos_dir_make_dir *params)
{
	const struct fs_request_path path = { params->path, params->path_bytes };
	struct fs_request *request;
	int64_t result;

	if (params->permissions > PERMISSIONS_MASK)
		return STATUS_EINVAL;
	request = fs_request_begin(call, make_dir_act, &path, 1, 0, &result);
	if (request == NULL)
		return result;
	request->values.permissions = (uint16_t)params->permissions;
	return fs_request_run(call, request);
}

static void remove_act(struct fs_request *request)
{
	bool wants_directory = request->flags != 0;
	struct fs *fs = request->own->service->fs;
	struct path_walk *walk;
	status_t status = walk_to_old(request->own, request->paths[0], &walk);

	request->result = status;
	if (status != STATUS_OK)
		return;
	if (wants_directory != (walk->node->type == FS_DIRECTORY))
		status = wants_directory ? STATUS_ENOTDIR : STATUS_EISDIR;
	if (status == STATUS_OK)
		status = FS_MAY(fs, remove);
	if (status == STATUS_OK) {
		path_let_go(walk);
		status = fs->ops->remove(path_directory(walk), walk->name, wants_directory);
	}
	if (status == STATUS_OK && wants_directory)
		fs_moved(fs);
	request->result = status;
	fs_walk_end(request->own, walk);
}

int64_t dir_remove(struct cap_call *call, const struct capos_dir_remove *params)
{
	const struct fs_request_path path = { params->path, params->path_bytes };
	struct fs_request *request;
	int64_t result;

	if ((params->flags & ~CAPOS_DIR_DIRECTORY) != 0)
		return STATUS_EINVAL;
	request = fs_request_begin(call, remove_act, &path, 1, 0, &result);
	if (request == NULL)
		return result;
	request->flags = params->flags;
	return fs_request_run(call, request);
}

static status_t rename_walked(struct path_walk *from, struct path_walk *to, bool exclusive)
{
	struct fs *fs = path_directory(from)->fs;
	status_t status = FS_MAY(fs, rename);
	bool directory = from->node->type == FS_DIRECTORY;

	if (status != STATUS_OK)
		return status;
	if (to->name.len == 0)
		return STATUS_EBUSY;
	if (to->is_directory && !directory)
		return STATUS_ENOTDIR;
	if (to->node != NULL && exclusive)
		return STATUS_EEXIST;
	if (to->node != NULL && (to->node->type == FS_DIRECTORY) != directory)
		return directory ? STATUS_ENOTDIR : STATUS_EISDIR;
	for (unsigned i = 0; directory && i <= to->depth; i++)
		if (to->way[i] == from->node)
			return STATUS_EINVAL; /* the file system looks too: there may be other ways there */
	path_let_go(to);
	status = fs->ops->rename(path_directory(from), from->name, path_directory(to), to->name, exclusive);
	if (status == STATUS_OK && directory)
		fs_moved(fs);
	return status;
}

static void rename_act(struct fs_request *request)
{
	struct path_walk *from;
	struct path_walk *to;

	request->result = walk_to_old(request->own, request->paths[0], &from);
	if (request->result != STATUS_OK)
		return;
	request->result = fs_walk(request->to, request->paths[1], false, &to);
	if (request->result == STATUS_OK) {
		request->result = rename_walked(from, to, request->flags != 0);
		fs_walk_end(request->to, to);
	}
	fs_walk_end(request->own, from);
}

/*
 * The directory in which a name is to be, held. What comes there must not become more than it was: its capability may have no right
 * that this one has not.
 */
static status_t second_find(const struct cap_call *call, capos_cap_t cap, struct fs_object **out)
{
	struct object *object;
	uint32_t rights;
	status_t status = capset_find(&call->process->capset, cap, &object, &rights);

	if (status != STATUS_OK)
		return status;
	if (object->interface != &dir_interface)
		return STATUS_EBADF;
	if (fs_object_of(object)->service != fs_object_of(call->object)->service)
		return STATUS_EXDEV;
	if (!(rights & CAPOS_DIR_RIGHT_CREATE) || (rights & ~call->rights) != 0)
		return STATUS_EACCES;
	if (!object_hold(object))
		return STATUS_EBADF;
	*out = fs_object_of(object);
	return STATUS_OK;
}

/* A request with a second directory. */
static int64_t two_run(struct cap_call *call, void (*act)(struct fs_request *request), const struct fs_request_path paths[2],
		       capos_cap_t to, uint32_t flags)
{
	struct fs_object *second;
	struct fs_request *request;
	int64_t result = second_find(call, to, &second);

	if (result != STATUS_OK)
		return result;
	request = fs_request_begin(call, act, paths, 2, 0, &result);
	if (request == NULL) {
		object_put(&second->object);
		return result;
	}
	request->to = second;
	request->flags = flags;
	return fs_request_run(call, request);
}

int64_t dir_rename(struct cap_call *call, const struct capos_dir_rename *params)
{
	const struct fs_request_path paths[2] = { { params->path, params->path_bytes }, { params->to_path, params->to_bytes } };

	if ((params->flags & ~CAPOS_DIR_EXCLUSIVE) != 0)
		return STATUS_EINVAL;
	return two_run(call, rename_act, paths, params->to, params->flags);
}

static void link_act(struct fs_request *request)
{
	struct fs *fs = request->own->service->fs;
	struct path_walk *from;
	struct path_walk *to;
	status_t status = walk_to_old(request->own, request->paths[0], &from);

	request->result = status;
	if (status != STATUS_OK)
		return;
	status = from->node->type == FS_DIRECTORY ? STATUS_EPERM : walk_to_new(request->to, request->paths[1], &to);
	if (status == STATUS_OK) {
		status = to->is_directory ? STATUS_ENOENT : FS_MAY(fs, link);
		if (status == STATUS_OK)
			status = fs->ops->link(path_directory(to), to->name, from->node);
		fs_walk_end(request->to, to);
	}
	request->result = status;
	fs_walk_end(request->own, from);
}

int64_t dir_link(struct cap_call *call, const struct capos_dir_link *params)
{
	const struct fs_request_path paths[2] = { { params->path, params->path_bytes }, { params->to_path, params->to_bytes } };

	return two_run(call, link_act, paths, params->to, 0);
}

static void symlink_act(struct fs_request *request)
{
	struct fs *fs = request->own->service->fs;
	struct path_walk *walk;
	status_t status = walk_to_new(request->own, request->paths[0], &walk);

	request->result = status;
	if (status != STATUS_OK)
		return;
	status = walk->is_directory ? STATUS_ENOENT : FS_MAY(fs, symlink);
	if (status == STATUS_OK)
		status = fs->ops->symlink(path_directory(walk), walk->name, request->paths[1]);
	request->result = status;
	fs_walk_end(request->own, walk);
}

int64_t dir_symlink(struct cap_call *call, const struct capos_dir_symlink *params)
{
	const struct fs_request_path paths[2] = { { params->path, params->path_bytes }, { params->target, params->target_bytes } };
	struct fs_request *request;
	int64_t result;

	if (params->target_bytes == 0)
		return STATUS_EINVAL;
	request = fs_request_begin(call, symlink_act, paths, 2, 0, &result);
	if (request == NULL)
		return result;
	if (memchr(request->paths[1].data, 0, request->paths[1].len) != NULL) {
		fs_request_free(request);
		return STATUS_EINVAL;
	}
	return fs_request_run(call, request);
}

static void read_link_act(struct fs_request *request)
{
	struct path_walk *walk;
	int64_t result = walk_to_old(request->own, request->paths[0], &walk);

	request->result = result;
	if (result != STATUS_OK)
		return;
	if (walk->node->type != FS_LINK)
		result = STATUS_EINVAL;
	else
		result = walk->node->fs->ops->read_link(walk->node, (char *)request->data, request->data_bytes);
	if (result > 0) {
		request->out = request->data;
		request->out_bytes = (size_t)result < request->data_bytes ? (size_t)result : request->data_bytes;
	}
	request->result = result;
	fs_walk_end(request->own, walk);
}

int64_t dir_read_link(struct cap_call *call, const struct capos_dir_read_link *params)
{
	const struct fs_request_path path = { params->path, params->path_bytes };
	struct fs_request *request;
	int64_t result;

	request = fs_request_begin(call, read_link_act, &path, 1, FS_PATH_MAX, &result);
	return request != NULL ? fs_request_run(call, request) : result;
}
