// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Sending and receiving, with addresses and with descriptors that go along (SCM_RIGHTS).
 *
 * Spec: Linux, include/linux/socket.h (struct user_msghdr, struct cmsghdr)
 */
#include "kernel/sys/linux/socket_messages.h"

#include <assert.h>
#include <stddef.h>

#include "kernel/core/libc.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/socket.h"
#include "kernel/sys/linux/thread.h"
#include "lib/string.h"

enum { SCM_RIGHTS = 1, SCM_CREDENTIALS = 2 };

struct message_header {
	uint64_t name;
	uint32_t name_bytes, pad;
	uint64_t pieces, piece_count;
	uint64_t control, control_bytes;
	uint32_t flags, pad2;
};

static_assert(sizeof(struct message_header) == 56, "include/linux/socket.h: struct user_msghdr");

struct control_header {
	uint64_t bytes; /* with this header */
	int32_t level, type;
};

static_assert(sizeof(struct control_header) == 16, "include/linux/socket.h: struct cmsghdr");

enum { CREDENTIALS_BYTES = sizeof(struct control_header) + sizeof(struct linux_credentials) };

enum { CONTROL_MAX = 20480 /* all of a message's: net.core.optmem_max */ };

/* How far behind one the next begins. */
static uint64_t control_space(uint64_t bytes)
{
	return (bytes + 7) & ~7ul;
}

/* One call of either kind. From the heap: it is larger than a stack should bear. */
struct transfer {
	struct thread *thread;
	struct linux_socket *socket; /* held */
	struct linux_message message;
	struct linux_address address;
	struct linux_file *place;    /* held: what `address` is the path of; or NULL */
	struct linux_data data;
	struct message_header header;
	struct linux_piece *pieces; /* from the heap, or NULL */
	uint64_t moved;
};

static int64_t transfer_begin(struct thread *thread, int fd, uint32_t flags, struct transfer **out)
{
	struct transfer *transfer = calloc(1, sizeof(*transfer));
	status_t status;

	if (transfer == NULL)
		return STATUS_ENOMEM;
	status = linux_socket_get(thread->process, fd, &transfer->socket);
	if (status != STATUS_OK) {
		free(transfer);
		return status;
	}
	transfer->thread = thread;
	transfer->message.data = &transfer->data;
	transfer->message.flags = flags;
	transfer->message.address = &transfer->address;
	*out = transfer;
	return STATUS_OK;
}

static int64_t transfer_end(struct transfer *transfer, int64_t result)
{
	linux_message_files_put(&transfer->message);
	if (transfer->place != NULL)
		linux_file_put(transfer->place);
	linux_file_put(&transfer->socket->file);
	free(transfer->pieces);
	free(transfer);
	return result;
}

static bool waits(const struct transfer *transfer)
{
	return linux_socket_waits(transfer->socket, transfer->message.flags);
}

/* A stream sends all of it, bit by bit, where it may wait. */
static int64_t send_look(void *ctx)
{
	struct transfer *transfer = ctx;
	int64_t sent = transfer->socket->ops->send(transfer->socket, &transfer->message);

	if (sent > 0)
		transfer->moved += (uint64_t)sent;
	if (sent > 0 && transfer->data.left > 0 && transfer->socket->type == LINUX_SOCK_STREAM)
		return STATUS_EAGAIN;
	return sent;
}

/* Where a datagram goes that says it by a path. */
static status_t receiver_resolve(struct transfer *transfer)
{
	struct linux_socket *socket = transfer->socket;
	status_t status;

	if (socket->family != LINUX_AF_UNIX || socket->type != LINUX_SOCK_DGRAM || transfer->address.length == 0)
		return STATUS_OK;
	status = linux_unix_send_begin(socket, &transfer->message);
	return status == STATUS_OK ? linux_unix_resolve(transfer->thread->process, socket, &transfer->address, false, &transfer->place) : status;
}

static int64_t send_run(struct transfer *transfer)
{
	struct linux_socket *socket = transfer->socket;
	int64_t result;

	if (transfer->message.flags & LINUX_MSG_OOB)
		return STATUS_ENOTSUP;
	result = receiver_resolve(transfer);
	if (result != STATUS_OK)
		return result;
	result = linux_socket_await(transfer->thread, socket, waits(transfer), socket->send_timeout_ns, send_look, transfer);
	if (transfer->moved > 0)
		return (int64_t)transfer->moved;
	if (result == STATUS_EPIPE && !(transfer->message.flags & LINUX_MSG_NOSIGNAL))
		linux_file_broken(transfer->thread, &socket->file);
	return result;
}

/*
 * Whether a stream's receiver goes on after some of it: where all is asked for, or less is there than SO_RCVLOWAT has it. Descriptors that came along end
 * a call: those of another piece belong to the next.
 */
static bool wants_more(const struct transfer *transfer)
{
	if (transfer->data.left == 0 || transfer->message.file_count != 0 || transfer->socket->type != LINUX_SOCK_STREAM || (transfer->message.flags & LINUX_MSG_PEEK))
		return false;
	return (transfer->message.flags & LINUX_MSG_WAITALL) || transfer->moved < (uint64_t)*linux_socket_option(transfer->socket, LINUX_SOL_SOCKET, LINUX_SO_RCVLOWAT);
}

static int64_t receive_look(void *ctx)
{
	struct transfer *transfer = ctx;
	int64_t received = transfer->socket->ops->receive(transfer->socket, &transfer->message);

	if (received > 0)
		transfer->moved += (uint64_t)received;
	return received > 0 && wants_more(transfer) ? STATUS_EAGAIN : received;
}

static int64_t receive_run(struct transfer *transfer)
{
	struct linux_socket *socket = transfer->socket;
	int64_t result;

	if (transfer->message.flags & LINUX_MSG_OOB) /* there is none, or there cannot be any */
		return socket->family == LINUX_AF_UNIX && socket->type != LINUX_SOCK_STREAM ? STATUS_ENOTSUP : STATUS_EINVAL;
	result = linux_socket_await(transfer->thread, socket, waits(transfer), socket->receive_timeout_ns, receive_look, transfer);
	return transfer->moved > 0 && socket->type == LINUX_SOCK_STREAM ? (int64_t)transfer->moved : result;
}

int64_t linux_call_sendto(struct thread *thread, const uint64_t x[6])
{
	struct transfer *transfer;
	int64_t status = transfer_begin(thread, (int)x[0], (uint32_t)x[3], &transfer);

	if (status != STATUS_OK)
		return status;
	status = linux_data_user(&transfer->data, thread, x[1], x[2]);
	if (status == STATUS_OK && x[4] != 0)
		status = linux_address_in(thread, x[4], (uint32_t)x[5], &transfer->address);
	return transfer_end(transfer, status == STATUS_OK ? send_run(transfer) : status);
}

int64_t linux_call_recvfrom(struct thread *thread, const uint64_t x[6])
{
	struct transfer *transfer;
	int64_t status = transfer_begin(thread, (int)x[0], (uint32_t)x[3], &transfer);
	int64_t result;

	if (status != STATUS_OK)
		return status;
	status = linux_data_user(&transfer->data, thread, x[1], x[2]);
	if (status != STATUS_OK)
		return transfer_end(transfer, status);
	result = receive_run(transfer);
	if (result >= 0 && x[4] != 0 && x[5] != 0 && linux_address_out(thread, x[4], x[5], &transfer->address) != STATUS_OK)
		result = STATUS_EFAULT;
	return transfer_end(transfer, result);
}

static status_t header_in(struct transfer *transfer, uint64_t va)
{
	struct thread *thread = transfer->thread;
	struct message_header *header = &transfer->header;
	uint64_t total = 0;
	status_t status = linux_copy_in(thread, header, va, sizeof(*header));

	if (status != STATUS_OK)
		return status;
	if (header->piece_count > LINUX_PIECES_MAX)
		return STATUS_EMSGSIZE;
	transfer->pieces = malloc((header->piece_count + 1) * sizeof(*transfer->pieces));
	if (transfer->pieces == NULL)
		return STATUS_ENOMEM;
	if (header->piece_count > 0)
		status = linux_pieces_in(thread, transfer->pieces, header->pieces, (unsigned)header->piece_count, &total);
	transfer->data = (struct linux_data){ .thread = thread, .pieces = transfer->pieces, .count = (unsigned)header->piece_count, .left = total };
	return status;
}

/* The files of descriptors that go along, behind those that there are. */
static status_t rights_take(struct transfer *transfer, uint64_t va, uint64_t bytes)
{
	struct linux_message *message = &transfer->message;
	uint64_t count = bytes / sizeof(int32_t);
	struct linux_file **files;
	status_t status = STATUS_OK;
	int32_t fd;

	if (count > LINUX_RIGHTS_MAX - message->file_count)
		return STATUS_EINVAL;
	if (count == 0)
		return STATUS_OK;
	files = realloc(message->files, (message->file_count + count) * sizeof(files[0]));
	if (files == NULL)
		return STATUS_ENOMEM;
	message->files = files;
	for (unsigned i = 0; status == STATUS_OK && i < count; i++) {
		status = linux_copy_in(transfer->thread, &fd, va + i * sizeof(fd), sizeof(fd));
		if (status == STATUS_OK)
			status = linux_fd_get(transfer->thread->process, fd, 0, &files[message->file_count]);
		message->file_count += status == STATUS_OK;
	}
	return status;
}

static bool is_own(const struct linux_ids *ids, uint32_t id)
{
	return id == ids->real || id == ids->effective || id == ids->saved;
}

/* Who sends may say so; whoever may become others may say that it is one of them. Spec: Linux, net/core/scm.c: scm_check_creds() */
static status_t credentials_take(struct transfer *transfer, uint64_t va, uint64_t bytes)
{
	const struct linux_identity *identity = &transfer->thread->personality->identity;
	struct linux_credentials said = { 0 };
	status_t status = STATUS_EINVAL;

	if (bytes == sizeof(said))
		status = linux_copy_in(transfer->thread, &said, va, sizeof(said));
	if (status != STATUS_OK)
		return status;
	if (said.process != transfer->thread->process->number || (!is_own(&identity->user, said.user) && !linux_identity_may(transfer->thread, LINUX_CAP_SETUID)) ||
	    (!is_own(&identity->group, said.group) && !linux_identity_may(transfer->thread, LINUX_CAP_SETGID)))
		return STATUS_EPERM;
	transfer->message.tells_sender = true;
	transfer->message.sender = said;
	return STATUS_OK;
}

/* Descriptors and credentials go along within the machine alone; what is for another layer, that ignores. Spec: Linux, net/core/{scm,sock}.c */
static status_t control_take(struct transfer *transfer, const struct control_header *control, uint64_t va)
{
	bool within = transfer->socket->family == LINUX_AF_UNIX;
	bool known = control->type == SCM_RIGHTS || control->type == SCM_CREDENTIALS;
	bool addressed = transfer->socket->type == LINUX_SOCK_DGRAM && (control->level == LINUX_IPPROTO_IP || control->level == LINUX_IPPROTO_IPV6);

	if (control->level != LINUX_SOL_SOCKET)
		return within || !addressed ? STATUS_OK : STATUS_EINVAL;
	if (!within)
		return known ? STATUS_OK : STATUS_EINVAL;
	if (control->type == SCM_RIGHTS)
		return rights_take(transfer, va, control->bytes - sizeof(*control));
	return known ? credentials_take(transfer, va, control->bytes - sizeof(*control)) : STATUS_EINVAL;
}

/* All that goes along, one after the other. */
static status_t control_in(struct transfer *transfer)
{
	const struct message_header *header = &transfer->header;
	struct control_header control;
	status_t status;

	if (header->control == 0)
		return STATUS_OK;
	if (header->control_bytes > CONTROL_MAX)
		return STATUS_ENOBUFS;
	for (uint64_t at = 0; at < header->control_bytes && header->control_bytes - at >= sizeof(control); at += control_space(control.bytes)) {
		status = linux_copy_in(transfer->thread, &control, header->control + at, sizeof(control));
		if (status == STATUS_OK && (control.bytes < sizeof(control) || control.bytes > header->control_bytes - at))
			status = STATUS_EINVAL;
		if (status == STATUS_OK)
			status = control_take(transfer, &control, header->control + at + sizeof(control));
		if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}

int64_t linux_call_sendmsg(struct thread *thread, const uint64_t x[6])
{
	struct transfer *transfer;
	int64_t status = transfer_begin(thread, (int)x[0], (uint32_t)x[2], &transfer);

	if (status != STATUS_OK)
		return status;
	status = header_in(transfer, x[1]);
	if (status == STATUS_OK && transfer->header.name != 0)
		status = linux_address_in(thread, transfer->header.name, transfer->header.name_bytes, &transfer->address);
	if (status == STATUS_OK)
		status = control_in(transfer);
	return transfer_end(transfer, status == STATUS_OK ? send_run(transfer) : status);
}

/* So much control data was written: the next begins behind, as far as there is room. */
static void control_advance(struct message_header *header, uint64_t bytes)
{
	uint64_t space = control_space(bytes) < header->control_bytes ? control_space(bytes) : header->control_bytes;

	header->control += space;
	header->control_bytes -= space;
}

/* Who has sent it, as far as there is room. Spec: Linux, net/core/scm.c: put_cmsg() */
static void sender_out(struct transfer *transfer)
{
	struct message_header *header = &transfer->header;
	struct {
		struct control_header control;
		struct linux_credentials sender;
	} told = { { CREDENTIALS_BYTES, LINUX_SOL_SOCKET, SCM_CREDENTIALS }, transfer->message.sender };

	if (!transfer->message.tells_sender)
		return;
	if (header->control == 0 || header->control_bytes < CREDENTIALS_BYTES) {
		transfer->message.result_flags |= LINUX_MSG_CTRUNC;
		told.control.bytes = header->control_bytes;
	}
	if (header->control != 0 && told.control.bytes >= sizeof(told.control) &&
	    linux_copy_out(transfer->thread, header->control, &told, told.control.bytes) == STATUS_OK)
		control_advance(header, told.control.bytes);
}

/* A descriptor for a file, whose hold it takes over, told at `va`. A number that nobody is told of is none. */
static bool right_out(struct transfer *transfer, struct linux_file *file, uint64_t va)
{
	int32_t fd = (int32_t)linux_fd_add(transfer->thread->process, file, 0, (transfer->message.flags & LINUX_MSG_CMSG_CLOEXEC) != 0);

	if (fd < 0)
		return false;
	if (linux_copy_out(transfer->thread, va, &fd, sizeof(fd)) == STATUS_OK)
		return true;
	(void)linux_fd_close(transfer->thread->process, fd);
	return false;
}

/* Descriptors for the files that came along, as far as there is room for them; the others are closed. Spec: Linux, net/core/scm.c: scm_detach_fds() */
static void rights_out(struct transfer *transfer)
{
	struct message_header *header = &transfer->header;
	struct linux_message *message = &transfer->message;
	struct control_header control = { .bytes = sizeof(control), .level = LINUX_SOL_SOCKET, .type = SCM_RIGHTS };
	unsigned count = 0;
	bool goes_on = true;

	while (goes_on && count < message->file_count && control.bytes + sizeof(int32_t) <= header->control_bytes) {
		struct linux_file *file = message->files[count];

		message->files[count] = NULL;
		goes_on = right_out(transfer, file, header->control + control.bytes);
		count += goes_on;
		control.bytes += goes_on ? sizeof(int32_t) : 0;
	}
	if (count < message->file_count)
		message->result_flags |= LINUX_MSG_CTRUNC;
	linux_message_files_put(message);
	if (count > 0 && linux_copy_out(transfer->thread, header->control, &control, sizeof(control)) == STATUS_OK)
		control_advance(header, control.bytes);
}

/* What came besides the data, into the program's header at `va`. */
static status_t header_out(struct transfer *transfer, uint64_t va)
{
	struct message_header *header = &transfer->header;
	struct thread *thread = transfer->thread;
	uint32_t length = transfer->address.length;
	status_t status = STATUS_OK;

	if (header->name != 0) {
		uint32_t room = header->name_bytes < length ? header->name_bytes : length;

		status = room > 0 ? linux_copy_out(thread, header->name, transfer->address.bytes, room) : STATUS_OK;
		if (status == STATUS_OK)
			status = linux_copy_out(thread, va + offsetof(struct message_header, name_bytes), &length, sizeof(length));
	}
	if (status == STATUS_OK) {
		uint64_t written = header->control;

		sender_out(transfer);
		rights_out(transfer);
		written = header->control - written;
		status = linux_copy_out(thread, va + offsetof(struct message_header, control_bytes), &written, sizeof(written));
	}
	if (status == STATUS_OK)
		status = linux_copy_out(thread, va + offsetof(struct message_header, flags), &transfer->message.result_flags,
					sizeof(transfer->message.result_flags));
	return status;
}

int64_t linux_call_recvmsg(struct thread *thread, const uint64_t x[6])
{
	struct transfer *transfer;
	int64_t status = transfer_begin(thread, (int)x[0], (uint32_t)x[2], &transfer);
	int64_t result;

	if (status != STATUS_OK)
		return status;
	status = header_in(transfer, x[1]);
	if (status != STATUS_OK)
		return transfer_end(transfer, status);
	transfer->message.result_flags = transfer->message.flags & LINUX_MSG_CMSG_CLOEXEC; /* told again. Spec: Linux, net/socket.c: ____sys_recvmsg() */
	result = receive_run(transfer);
	if (result >= 0) {
		status = header_out(transfer, x[1]);
		result = status == STATUS_OK ? result : status;
	}
	return transfer_end(transfer, result);
}
