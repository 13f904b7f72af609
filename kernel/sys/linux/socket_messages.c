// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Sending and receiving, with addresses; what else goes along is in socket_along.c. */
#include "kernel/sys/linux/socket_messages.h"

#include <stddef.h>

#include "hal/contract/timer.h"
#include "kernel/core/libc.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/clock.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/socket.h"
#include "kernel/sys/linux/socket_transfer.h"
#include "kernel/sys/linux/thread.h"
#include "lib/string.h"

enum { MSG_WAITFORONE = 0x10000, OF_SEVERAL_BYTES = 64 /* struct mmsghdr */ };

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
	transfer->control.ttl = -1;
	transfer->control.tos = -1;
	*out = transfer;
	return STATUS_OK;
}

static int64_t transfer_end(struct transfer *transfer, int64_t result)
{
	linux_message_files_put(&transfer->message);
	if (transfer->place != NULL)
		linux_file_put(transfer->place);
	linux_file_put(&transfer->socket->file);
	linux_pieces_end(&transfer->pieces);
	free(transfer);
	return result;
}

static bool waits(const struct transfer *transfer)
{
	return linux_socket_waits(transfer->socket, transfer->message.flags);
}

/*
 * Moves bit by bit as long as it wants more, and something can be moved. Between two bits others run, and a signal ends it, even where there is always
 * something.
 */
static int64_t bits_move(struct transfer *transfer, int64_t (*run)(struct linux_socket *socket, struct linux_message *message),
			 bool (*wants)(const struct transfer *transfer))
{
	int64_t moved;
	bool more;

	do {
		moved = run(transfer->socket, &transfer->message);
		if (moved > 0)
			transfer->moved += (uint64_t)moved;
		more = moved > 0 && wants(transfer);
		if (more)
			linux_give_way(transfer->thread);
	} while (more && !linux_signal_is_due(transfer->thread));
	return more ? STATUS_EAGAIN : moved;
}

/* A stream sends all of it, where it may wait. */
static bool sends_more(const struct transfer *transfer)
{
	return transfer->data.left > 0 && transfer->socket->type == LINUX_SOCK_STREAM;
}

static int64_t send_look(void *ctx)
{
	struct transfer *transfer = ctx;

	return bits_move(transfer, transfer->socket->ops->send, sends_more);
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
	if (result == STATUS_OK && (transfer->message.flags & LINUX_MSG_FASTOPEN) && linux_socket_is_inet(socket) && socket->type == LINUX_SOCK_STREAM)
		result = linux_socket_connect(transfer->thread, socket, &transfer->address, transfer->message.flags); /* nobody gets a cookie */
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
static bool receives_more(const struct transfer *transfer)
{
	if (transfer->data.left == 0 || transfer->message.file_count != 0 || transfer->socket->type != LINUX_SOCK_STREAM || (transfer->message.flags & LINUX_MSG_PEEK))
		return false;
	return (transfer->message.flags & LINUX_MSG_WAITALL) || transfer->moved < (uint64_t)*linux_socket_option(transfer->socket, LINUX_SOL_SOCKET, LINUX_SO_RCVLOWAT);
}

static int64_t receive_look(void *ctx)
{
	struct transfer *transfer = ctx;

	return bits_move(transfer, transfer->socket->ops->receive, receives_more);
}

static int64_t receive_run(struct transfer *transfer)
{
	struct linux_socket *socket = transfer->socket;
	int64_t result;

	if (transfer->message.flags & LINUX_MSG_OOB) /* there is none, or there cannot be any */
		return !linux_socket_is_inet(socket) && socket->type != LINUX_SOCK_STREAM ? STATUS_ENOTSUP : STATUS_EINVAL;
	if ((transfer->message.flags & LINUX_MSG_ERRQUEUE) && linux_socket_is_inet(socket)) /* nothing is ever told there */
		return STATUS_EAGAIN;
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
	status_t status = linux_copy_in(thread, header, va, sizeof(*header));

	if (status != STATUS_OK)
		return status;
	if (header->piece_count > LINUX_PIECES_MAX)
		return STATUS_EMSGSIZE;
	return linux_pieces_begin(&transfer->pieces, &transfer->data, thread, header->pieces, header->piece_count);
}

int64_t linux_call_sendmsg(struct thread *thread, const uint64_t x[6])
{
	struct transfer *transfer;
	int64_t status = transfer_begin(thread, (int)x[0], (uint32_t)x[2], &transfer);

	if (status != STATUS_OK)
		return status;
	transfer->message.control = &transfer->control;
	status = header_in(transfer, x[1]);
	if (status == STATUS_OK && transfer->header.name != 0)
		status = linux_address_in(thread, transfer->header.name, transfer->header.name_bytes, &transfer->address);
	if (status == STATUS_OK)
		status = linux_transfer_control_in(transfer);
	return transfer_end(transfer, status == STATUS_OK ? send_run(transfer) : status);
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
		uint64_t written = linux_transfer_control_out(transfer);

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
	transfer->message.control = &transfer->control;
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

/* One of several: how many bytes it was of goes behind its header. */
static int64_t each_run(struct thread *thread, int64_t (*run)(struct thread *thread, const uint64_t x[6]), int fd, uint64_t va, uint32_t flags)
{
	const uint64_t one[6] = { (uint64_t)fd, va, flags };
	int64_t result = run(thread, one);
	uint32_t bytes = (uint32_t)result;

	return result < 0 ? result : linux_copy_out(thread, va + sizeof(struct message_header), &bytes, sizeof(bytes));
}

static uint64_t count_of(uint64_t wanted)
{
	return (uint32_t)wanted < LINUX_PIECES_MAX ? (uint32_t)wanted : LINUX_PIECES_MAX;
}

/* Of none there is to be a socket all the same. */
static int64_t none_run(struct thread *thread, int fd)
{
	struct linux_socket *socket;
	status_t status = linux_socket_get(thread->process, fd, &socket);

	if (status == STATUS_OK)
		linux_file_put(&socket->file);
	return status;
}

/* As many as go; what hinders one is told where it is the first. */
int64_t linux_call_sendmmsg(struct thread *thread, const uint64_t x[6])
{
	int64_t result = (uint32_t)x[2] == 0 ? none_run(thread, (int)x[0]) : STATUS_OK;
	uint64_t done = 0;

	for (; result == STATUS_OK && done < count_of(x[2]); done += result == STATUS_OK)
		result = each_run(thread, linux_call_sendmsg, (int)x[0], x[1] + done * OF_SEVERAL_BYTES, (uint32_t)x[3]);
	return done > 0 ? (int64_t)done : result;
}

/* What is left of a time limit, into the program's. */
static status_t left_out(struct thread *thread, uint64_t va, uint64_t until_ns)
{
	uint64_t now_ns = hal_timer_now_ns();
	struct linux_timespec left = linux_timespec_of(now_ns < until_ns ? until_ns - now_ns : 0);

	return linux_copy_out(thread, va, &left, sizeof(left));
}

/* The time limit counts when one has come, and not while none does. Spec: recvmmsg(2) */
int64_t linux_call_recvmmsg(struct thread *thread, const uint64_t x[6])
{
	uint32_t flags = (uint32_t)x[3] & ~(uint32_t)MSG_WAITFORONE;
	uint64_t until_ns = UINT64_MAX;
	int64_t result = x[4] != 0 ? linux_timeout_in(thread, x[4], &until_ns) : STATUS_OK;
	uint64_t done = 0;

	if (result == STATUS_OK && (uint32_t)x[2] == 0)
		result = none_run(thread, (int)x[0]);
	while (result == STATUS_OK && done < count_of(x[2]) && (done == 0 || hal_timer_now_ns() < until_ns)) {
		result = each_run(thread, linux_call_recvmsg, (int)x[0], x[1] + done * OF_SEVERAL_BYTES, flags);
		done += result == STATUS_OK;
		if (x[3] & MSG_WAITFORONE)
			flags |= LINUX_MSG_DONTWAIT;
	}
	if (done > 0 && x[4] != 0 && left_out(thread, x[4], until_ns) != STATUS_OK)
		return STATUS_EFAULT;
	return done > 0 ? (int64_t)done : result;
}
