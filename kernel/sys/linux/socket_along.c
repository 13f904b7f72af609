// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What goes along with the data of a message: descriptors (SCM_RIGHTS), who sends (SCM_CREDENTIALS), and what is told of a datagram. */
#include <stddef.h>

#include "kernel/core/libc.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/socket_transfer.h"
#include "kernel/sys/linux/thread.h"

enum { SCM_RIGHTS = 1, SCM_CREDENTIALS = 2 };

enum { CREDENTIALS_BYTES = sizeof(struct linux_control_header) + sizeof(struct linux_credentials) };

enum { CONTROL_MAX = 20480 /* all of a message's: net.core.optmem_max */ };

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

/* What is for a datagram: who is of IPv4 ignores what is for IPv6. Spec: Linux, net/ipv4/ip_sockglue.c: ip_cmsg_send() */
static status_t datagram_control_take(struct transfer *transfer, const struct linux_control_header *control, uint64_t va)
{
	uint8_t data[LINUX_CONTROL_TAKEN_MAX] = { 0 };
	uint64_t bytes = control->bytes - sizeof(*control);
	status_t status;

	if (control->level == LINUX_IPPROTO_IPV6 && transfer->socket->family == LINUX_AF_INET)
		return STATUS_OK;
	status = linux_copy_in(transfer->thread, data, va, bytes < sizeof(data) ? bytes : sizeof(data));
	return status == STATUS_OK ? linux_control_take(&transfer->control, control, data) : status;
}

/* Descriptors and credentials go along within the machine alone; what is for another layer, that ignores. Spec: Linux, net/core/{scm,sock}.c */
static status_t control_take(struct transfer *transfer, const struct linux_control_header *control, uint64_t va)
{
	bool within = transfer->socket->family == LINUX_AF_UNIX;
	bool known = control->type == SCM_RIGHTS || control->type == SCM_CREDENTIALS;
	bool addressed = linux_socket_is_inet(transfer->socket) && transfer->socket->type == LINUX_SOCK_DGRAM && (control->level == LINUX_IPPROTO_IP || control->level == LINUX_IPPROTO_IPV6);

	if (control->level != LINUX_SOL_SOCKET)
		return addressed ? datagram_control_take(transfer, control, va) : STATUS_OK;
	if (!within)
		return known ? STATUS_OK : STATUS_EINVAL;
	if (control->type == SCM_RIGHTS)
		return rights_take(transfer, va, control->bytes - sizeof(*control));
	return known ? credentials_take(transfer, va, control->bytes - sizeof(*control)) : STATUS_EINVAL;
}

status_t linux_transfer_control_in(struct transfer *transfer)
{
	const struct message_header *header = &transfer->header;
	struct linux_control_header control;
	status_t status;

	if (header->control == 0)
		return STATUS_OK;
	if (header->control_bytes > CONTROL_MAX)
		return STATUS_ENOBUFS;
	for (uint64_t at = 0; at < header->control_bytes && header->control_bytes - at >= sizeof(control); at += linux_control_space(control.bytes)) {
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

/* So much control data was written: the next begins behind, as far as there is room. */
static void control_advance(struct message_header *header, uint64_t bytes)
{
	uint64_t space = linux_control_space(bytes) < header->control_bytes ? linux_control_space(bytes) : header->control_bytes;

	header->control += space;
	header->control_bytes -= space;
}

/* A header and its data, as far as there is room. Spec: Linux, net/core/scm.c: put_cmsg() */
static void control_put(struct transfer *transfer, struct linux_control_header *control)
{
	struct message_header *header = &transfer->header;

	if (header->control == 0 || header->control_bytes < control->bytes)
		transfer->message.result_flags |= LINUX_MSG_CTRUNC;
	if (header->control == 0 || header->control_bytes < sizeof(*control))
		return;
	if (header->control_bytes < control->bytes)
		control->bytes = header->control_bytes;
	if (linux_copy_out(transfer->thread, header->control, control, control->bytes) == STATUS_OK)
		control_advance(header, control->bytes);
}

/* Who has sent it. */
static void sender_out(struct transfer *transfer)
{
	struct {
		struct linux_control_header control;
		struct linux_credentials sender;
	} told = { { CREDENTIALS_BYTES, LINUX_SOL_SOCKET, SCM_CREDENTIALS }, transfer->message.sender };

	if (transfer->message.tells_sender)
		control_put(transfer, &told.control);
}

/* What is told of a datagram. */
static void control_out(struct transfer *transfer)
{
	struct linux_control *control = &transfer->control;

	for (uint64_t at = 0, next; at < control->bytes; at = next) {
		struct linux_control_header *header = (struct linux_control_header *)(control->data + at);

		next = at + linux_control_space(header->bytes);
		control_put(transfer, header);
	}
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
	struct linux_control_header control = { .bytes = sizeof(control), .level = LINUX_SOL_SOCKET, .type = SCM_RIGHTS };
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

uint64_t linux_transfer_control_out(struct transfer *transfer)
{
	uint64_t from = transfer->header.control;

	control_out(transfer);
	sender_out(transfer);
	rights_out(transfer);
	return transfer->header.control - from;
}
