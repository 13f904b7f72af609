// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Messages on their way between a program and a socket: inside of socket_messages.c, and of socket_along.c, which has what goes along with the data. */
#ifndef KERNEL_SYS_LINUX_SOCKET_TRANSFER_H
#define KERNEL_SYS_LINUX_SOCKET_TRANSFER_H

#include <assert.h>
#include <stdint.h>

#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/socket.h"
#include "kernel/sys/linux/socket_control.h"

/* Spec: Linux, include/linux/socket.h: struct user_msghdr */
struct message_header {
	uint64_t name;
	uint32_t name_bytes, pad;
	uint64_t pieces, piece_count;
	uint64_t control, control_bytes;
	uint32_t flags, pad2;
};

static_assert(sizeof(struct message_header) == 56, "include/linux/socket.h");

/* One call of either kind. From the heap: it is larger than a stack should bear. */
struct transfer {
	struct thread *thread;
	struct linux_socket *socket; /* held */
	struct linux_message message;
	struct linux_address address;
	struct linux_file *place;    /* held: what `address` is the path of; or NULL */
	struct linux_control control;
	struct linux_data data;
	struct message_header header;
	struct linux_pieces pieces;
	uint64_t moved;
};

/* What goes along, as the program's header says it, or why it cannot. Context: the thread's fiber. */
MUST_CHECK status_t linux_transfer_control_in(struct transfer *transfer);

/* What came along, to where the program's header says, as far as there is room: how many bytes. */
uint64_t linux_transfer_control_out(struct transfer *transfer);

#endif
