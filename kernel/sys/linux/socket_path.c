// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Names of sockets that are paths: a file stands for each, so that it can be seen, moved and removed, and is what the socket is found by, whichever way leads there.
 * Where the file system has no sockets (9p, ext4) it is an empty one like any other.
 */
#include "kernel/core/libc.h"
#include "kernel/sys/linux/path.h"
#include "kernel/sys/linux/permissions.h"
#include "kernel/sys/linux/socket.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"
#include "lib/string.h"

enum { FAMILY_BYTES = 2 };

static status_t file_find(struct linux_walk *walk, bool make, struct linux_file **out)
{
	uint32_t permissions = 0777 & ~walk->process->personality->fds.umask;
	status_t status = STATUS_OK;

	if (make && walk->found != NULL)
		status = STATUS_EADDRINUSE;
	else if (!make && walk->found == NULL)
		status = STATUS_ENOENT;
	else if (make)
		status = linux_path_make(walk, FS_OTHER, permissions);
	else
		status = linux_may(&walk->who, walk->found, LINUX_MAY_WRITE);
	if (make && status == STATUS_EPERM) { /* a file system that knows no sockets */
		status = linux_path_open(walk, LINUX_O_CREAT | LINUX_O_EXCL | LINUX_O_WRONLY, permissions, out);
		if (status == STATUS_OK)
			linux_file_put(*out);
	}
	if (status == STATUS_OK)
		status = make ? STATUS_EAGAIN /* once more, to find it */ : linux_path_open(walk, LINUX_O_PATH, 0, out);
	return status;
}

/* A walk to the path, of the heap: the caller ends it with linux_walk_free(). NULL: `*why`. */
static struct linux_walk *path_walk(struct process *process, const char *path, bool follow, status_t *why)
{
	struct linux_walk *walk = malloc(sizeof(*walk));
	struct linux_dentry *start;

	*why = walk != NULL ? linux_path_start(process, LINUX_AT_FDCWD, &start) : STATUS_ENOMEM;
	if (*why != STATUS_OK) {
		free(walk);
		return NULL;
	}
	*why = linux_walk(walk, process, start, path, follow);
	linux_dentry_put(start);
	if (*why == STATUS_OK)
		return walk;
	linux_walk_free(walk);
	return NULL;
}

static status_t path_look(struct process *process, const char *path, bool make, struct linux_address *address, struct linux_file **place)
{
	struct linux_file *file;
	status_t status;
	struct linux_walk *walk = path_walk(process, path, !make, &status);

	if (walk == NULL)
		return status;
	status = file_find(walk, make, &file);
	if (status == STATUS_OK && (file->ops->identity == NULL || !file->ops->identity(file, &address->fs, &address->id))) {
		linux_file_put(file);
		status = STATUS_EIO;
	}
	if (status == STATUS_OK)
		*place = file;
	linux_walk_free(walk);
	return status;
}

static status_t path_resolve(struct process *process, const char *path, bool make, struct linux_address *address, struct linux_file **place)
{
	status_t status = path_look(process, path, make, address, place);

	return status == STATUS_EAGAIN && make ? path_look(process, path, false, address, place) : status;
}

static void path_of(const struct linux_address *address, char path[LINUX_ADDRESS_MAX])
{
	size_t bytes = strnlen((const char *)address->bytes + FAMILY_BYTES, address->length - FAMILY_BYTES);

	memcpy(path, address->bytes + FAMILY_BYTES, bytes);
	path[bytes] = 0;
}

status_t linux_unix_resolve(struct process *process, const struct linux_socket *socket, struct linux_address *address, bool make,
			    struct linux_file **place)
{
	char path[LINUX_ADDRESS_MAX];

	*place = NULL;
	if (socket->family != LINUX_AF_UNIX || linux_address_family(address) != LINUX_AF_UNIX || address->length <= FAMILY_BYTES)
		return STATUS_OK;
	if (address->length > LINUX_UNIX_ADDRESS_MAX)
		return STATUS_EINVAL;
	if (address->bytes[FAMILY_BYTES] == 0)
		return STATUS_OK;
	path_of(address, path);
	return path_resolve(process, path, make, address, place);
}

void linux_unix_take_back(struct process *process, const struct linux_address *address, struct linux_file *place)
{
	char path[LINUX_ADDRESS_MAX];
	struct linux_walk *walk;
	status_t status;
	uint64_t id;

	path_of(address, path);
	walk = path_walk(process, path, false, &status);
	if (walk != NULL && walk->found != NULL && walk->found->node->fs == address->fs && linux_dentry_id(walk->found, &id) && id == address->id)
		status = linux_path_remove(walk, 0);
	if (walk != NULL)
		linux_walk_free(walk);
	linux_file_put(place);
	(void)status;
}
