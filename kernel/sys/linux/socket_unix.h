// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Sockets within the machine, inside: what makes, names and joins them (socket_unix.c), and what moves bytes (socket_unix_data.c). */
#ifndef KERNEL_SYS_LINUX_SOCKET_UNIX_H
#define KERNEL_SYS_LINUX_SOCKET_UNIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/sys/linux/socket.h"
#include "lib/list.h"

struct piece {
	struct list_node node;
	struct linux_address from;
	size_t bytes, at; /* what is left begins at `at` */
	unsigned file_count;
	struct linux_file *files[LINUX_RIGHTS_MAX]; /* held */
	uint8_t data[];
};

struct unix_socket {
	struct linux_socket socket;
	/* W: under the lock. */
	struct unix_socket *peer;  /* of a connected one; NULL: gone, or never there */
	bool was_connected;
	bool sending_done, receiving_done;
	struct list_node received; /* pieces */
	size_t received_bytes;
	struct linux_address name; /* length 0: none */
	struct linux_address target; /* where a datagram goes that says nothing else; length 0: to the peer */
	struct list_node named;    /* in the list of names */
	struct list_node waiting;  /* of a listener: connections; of one of those: its place there */
	struct unix_socket *listener; /* whose connection it is, that nobody has accepted yet */
	unsigned waiting_count, backlog;
};

/* Of all of them. */
extern struct spinlock linux_unix_lock;

static inline struct unix_socket *unix_of(struct linux_socket *socket)
{
	return LIST_OWNER(socket, struct unix_socket, socket);
}

/* A name as it is compared: a path without what stands behind its NUL, or an abstract one whole. STATUS_EINVAL. */
MUST_CHECK status_t linux_unix_name_read(const struct linux_address *address, struct linux_address *out);

/* Who has a name; NULL: nobody. Context: under the lock. */
struct unix_socket *linux_unix_name_find(const struct linux_address *name);

/* Holds it; NULL where there is none, or its last hold has gone. Context: under the lock. */
struct unix_socket *linux_unix_hold(struct unix_socket *own);

/* A held socket has changed: tells who waits for that, and lets it go. NULL: there is none. */
void linux_unix_tell(struct unix_socket *own);

/* Drops what was received, with the files that came along. */
void linux_unix_pieces_free(struct list_node *pieces);

/* As struct linux_socket_ops and struct linux_file_ops have them. */
int64_t linux_unix_send(struct linux_socket *socket, struct linux_message *message);
int64_t linux_unix_receive(struct linux_socket *socket, struct linux_message *message);
uint32_t linux_unix_poll(struct linux_file *file, struct linux_waiter *waiter);

#endif
