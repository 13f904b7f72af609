// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/socket.h"

#include "hal/contract/timer.h"
#include "kernel/core/libc.h"
#include "kernel/core/timer.h"
#include "kernel/io/fs/fs.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/subject.h"
#include "kernel/sys/linux/thread.h"
#include "lib/string.h"

enum { S_IFSOCK = 0140000 };

void linux_socket_init(struct linux_socket *socket, const struct linux_file_ops *file_ops, const struct linux_socket_ops *ops, int family, int type)
{
	const struct linux_subject who = linux_subject_of(thread_current());

	linux_file_init(&socket->file, file_ops, LINUX_O_RDWR);
	linux_event_init(&socket->event);
	linux_socket_options_init(socket);
	socket->ops = ops;
	socket->family = (uint8_t)family;
	socket->type = (uint8_t)type;
	socket->user = who.user;
	socket->group = who.group;
	socket->id = linux_anonymous_id();
}

struct linux_credentials linux_socket_peer(struct linux_socket *socket)
{
	struct linux_credentials peer;

	spinlock_take(&socket->peer_lock);
	peer = socket->peer;
	spinlock_give(&socket->peer_lock);
	return peer;
}

void linux_socket_peer_set(struct linux_socket *socket, struct linux_credentials peer)
{
	spinlock_take(&socket->peer_lock);
	socket->peer = peer;
	spinlock_give(&socket->peer_lock);
}

void linux_message_files_put(struct linux_message *message)
{
	for (unsigned i = 0; i < message->file_count; i++)
		if (message->files[i] != NULL)
			linux_file_put(message->files[i]);
	free(message->files);
	message->files = NULL;
	message->file_count = 0;
}

int64_t linux_socket_read(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	struct linux_socket *socket = linux_socket_of(file);
	struct linux_message message = { .data = data };
	int64_t result;

	(void)offset;
	if (data->left == 0)
		return 0;
	result = socket->ops->receive(socket, &message);
	linux_message_files_put(&message); /* nobody asked for them */
	return result;
}

int64_t linux_socket_write(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	struct linux_socket *socket = linux_socket_of(file);
	struct linux_message message = { .data = data };

	(void)offset;
	return socket->ops->send(socket, &message);
}

status_t linux_socket_stat(struct linux_file *file, struct fs_stat *out, uint32_t *mode_type)
{
	const struct linux_socket *socket = linux_socket_of(file);

	memset(out, 0, sizeof(*out));
	out->type = FS_OTHER;
	out->id = socket->id;
	out->user = socket->user;
	out->group = socket->group;
	out->permissions = 0777;
	out->links = 1;
	*mode_type = S_IFSOCK;
	return STATUS_OK;
}

int64_t linux_socket_await(struct thread *thread, struct linux_socket *socket, bool waits, uint64_t timeout_ns, int64_t (*look)(void *ctx), void *ctx)
{
	struct linux_waiter waiter = { 0 };
	int64_t result = look(ctx);
	uint64_t deadline_ns = WAIT_FOREVER;
	status_t status = STATUS_OK;

	if (result != STATUS_EAGAIN || !waits)
		return result;
	if (timeout_ns != 0)
		deadline_ns = timer_deadline(timeout_ns);
	linux_waiter_add(&waiter, thread, &socket->event);
	while ((result = look(ctx)) == STATUS_EAGAIN && status == STATUS_OK)
		status = linux_sleep(thread, deadline_ns);
	linux_waiter_remove(&waiter);
	if (result != STATUS_EAGAIN || status == STATUS_ETIMEDOUT)
		return result;
	/* With a time limit it is not begun anew. Spec: signal(7). */
	return status != STATUS_EINTR ? LINUX_NO_RESULT : timeout_ns != 0 ? LINUX_RESTART_NO_HANDLER : LINUX_RESTART;
}

struct linux_socket *linux_socket_find(struct linux_file *file)
{
	return file->ops->read == linux_socket_read ? linux_socket_of(file) : NULL;
}

status_t linux_socket_get(struct process *process, int fd, struct linux_socket **out)
{
	struct linux_file *file;
	status_t status = linux_fd_get(process, fd, LINUX_FILE_USE, &file);

	if (status != STATUS_OK)
		return status;
	*out = linux_socket_find(file);
	if (*out != NULL)
		return STATUS_OK;
	linux_file_put(file);
	return STATUS_ENOTSOCK;
}

status_t linux_address_in(struct thread *thread, uint64_t va, uint64_t length, struct linux_address *out)
{
	if (length > LINUX_ADDRESS_MAX)
		return STATUS_EINVAL;
	memset(out, 0, sizeof(*out));
	out->length = (uint32_t)length;
	return length > 0 ? linux_copy_in(thread, out->bytes, va, length) : STATUS_OK;
}

status_t linux_address_out(struct thread *thread, uint64_t va, uint64_t room_va, const struct linux_address *address)
{
	uint32_t room;
	status_t status = linux_copy_in(thread, &room, room_va, sizeof(room));

	if (status == STATUS_OK && (int32_t)room < 0)
		status = STATUS_EINVAL;
	if (status == STATUS_OK && room > 0)
		status = linux_copy_out(thread, va, address->bytes, room < address->length ? room : address->length);
	return status == STATUS_OK ? linux_copy_out(thread, room_va, &address->length, sizeof(address->length)) : status;
}
