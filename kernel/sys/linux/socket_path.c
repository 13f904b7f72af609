// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Names of sockets that are paths: a file stands for each, so that it can be seen, moved and removed, and is what the socket is found by, whichever way leads there.
 * Where the file system has no sockets (9p, ext4) it is an empty one like any other.
 */
#include "kernel/core/libc.h"
#include "kernel/sys/linux/path.h"
#include "kernel/sys/linux/socket.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"
#include "lib/string.h"

enum { FAMILY_BYTES = 2 };

static status_t file_find(struct linux_walk *walk, bool make, struct linux_file **out)
{
	status_t status = STATUS_OK;

	if (make && walk->found != NULL)
		status = STATUS_EADDRINUSE;
	else if (!make && walk->found == NULL)
		status = STATUS_ENOENT;
	else if (make)
		status = linux_path_make(walk, FS_OTHER, 0777 & ~walk->process->personality->fds.umask);
	if (make && status == STATUS_EPERM) { /* a file system that knows no sockets */
		status = linux_path_open(walk, LINUX_O_CREAT | LINUX_O_EXCL | LINUX_O_WRONLY, 0777, out);
		if (status == STATUS_OK)
			linux_file_put(*out);
	}
	if (status == STATUS_OK)
		status = make ? STATUS_EAGAIN /* once more, to find it */ : linux_path_open(walk, LINUX_O_PATH, 0, out);
	return status;
}

static status_t path_look(struct process *process, const char *path, bool make, struct linux_address *address, struct linux_file **place)
{
	struct linux_walk *walk = malloc(sizeof(*walk));
	struct linux_dentry *start;
	struct linux_file *file;
	status_t status = STATUS_ENOMEM;

	if (walk != NULL)
		status = linux_path_start(process, LINUX_AT_FDCWD, &start);
	if (status != STATUS_OK) {
		free(walk);
		return status;
	}
	status = linux_walk(walk, process, start, path, !make);
	if (status == STATUS_OK)
		status = file_find(walk, make, &file);
	if (status == STATUS_OK && (file->ops->identity == NULL || !file->ops->identity(file, &address->fs, &address->id))) {
		linux_file_put(file);
		status = STATUS_EIO;
	}
	if (status == STATUS_OK)
		*place = file;
	linux_walk_end(walk);
	linux_dentry_put(start);
	free(walk);
	return status;
}

static status_t path_resolve(struct process *process, const char *path, bool make, struct linux_address *address, struct linux_file **place)
{
	status_t status = path_look(process, path, make, address, place);

	return status == STATUS_EAGAIN && make ? path_look(process, path, false, address, place) : status;
}

status_t linux_unix_resolve(struct process *process, const struct linux_socket *socket, struct linux_address *address, bool make,
			    struct linux_file **place)
{
	char path[LINUX_ADDRESS_MAX];
	size_t bytes;

	*place = NULL;
	if (socket->family != LINUX_AF_UNIX || linux_address_family(address) != LINUX_AF_UNIX || address->length <= FAMILY_BYTES)
		return STATUS_OK;
	if (address->length > LINUX_UNIX_ADDRESS_MAX)
		return STATUS_EINVAL;
	if (address->bytes[FAMILY_BYTES] == 0)
		return STATUS_OK;
	bytes = strnlen((const char *)address->bytes + FAMILY_BYTES, address->length - FAMILY_BYTES);
	memcpy(path, address->bytes + FAMILY_BYTES, bytes);
	path[bytes] = 0;
	return path_resolve(process, path, make, address, place);
}
