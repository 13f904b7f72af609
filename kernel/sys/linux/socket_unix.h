// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Sockets within the machine, inside: what makes and joins them (socket_unix.c), names them
 * (socket_unix_names.c), moves bytes (socket_unix_data.c), and tells what can be done without waiting (socket_unix_ready.c).
 */
#ifndef KERNEL_SYS_LINUX_SOCKET_UNIX_H
#define KERNEL_SYS_LINUX_SOCKET_UNIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/sys/linux/socket.h"
#include "lib/list.h"

/* What is sent lies with its receiver in pieces, which its sender's budget pays for. */
struct piece {
	struct list_node node;
	struct linux_address from;
	struct linux_credentials sender; /* process 0: it is not told */
	struct budget *budget; /* held */
	size_t charged;
	size_t bytes, at; /* what is left begins at `at` */
	unsigned file_count;
	struct linux_file **files; /* as a message's */
	uint8_t data[];
};

struct unix_socket {
	struct linux_socket socket;
	/* W: under the lock. */
	struct unix_socket *peer;  /* of a connected one; NULL: gone, or never there */
	bool was_connected;
	bool sending_done, receiving_done;
	bool was_reset; /* the peer went with something unread; told once */
	struct list_node received; /* pieces */
	bool receiving;            /* somebody is at it: takes pieces out without the lock */
	bool receive_missed;       /* somebody else wanted to be meanwhile */
	size_t received_bytes;
	struct linux_address name; /* length 0: none */
	struct linux_address target; /* where a datagram goes that says nothing else, length 0: to the peer; of others, the name of a peer that has gone */
	uint64_t target_serial;      /* of a datagram's: whose name that was: who comes after has another */
	uint64_t serial;             /* of one that has a name */
	struct list_node starving;  /* of one that sends or connects to a full one it is not paired with: its place in that one's list */
	struct list_node starved;   /* those */
	struct list_node named;    /* in the list of names */
	struct list_node waiting;  /* of a listener: connections; of one of those: its place there */
	unsigned waiting_count, backlog;
	/* Of one that lies in a queue (socket_unix_collect.c). */
	struct list_node flying;
	unsigned flights, unexplained;
	uint8_t colour;
};

/* Of all of them. */
extern struct spinlock linux_unix_lock;

static inline struct unix_socket *unix_of(struct linux_socket *socket)
{
	return LIST_OWNER(socket, struct unix_socket, socket);
}

/* A name as it is kept: a path without what stands behind its NUL, or an abstract one whole. STATUS_EINVAL: it is none, or of no length. */
MUST_CHECK status_t linux_unix_name_read(const struct linux_address *address, struct linux_address *out);

/* Whether a datagram socket takes what another sends: one that is connected only what its peer does. Context: under the lock. */
bool linux_unix_takes_from(const struct unix_socket *receiver, const struct unix_socket *sender);

/* Who of a socket's family has a name; NULL: nobody. Context: under the lock. */
struct unix_socket *linux_unix_name_find(const struct unix_socket *own, const struct linux_address *name);

/* Where datagrams of one with a `target` go; NULL: that has gone. Context: under the lock. */
struct unix_socket *linux_unix_target_find(const struct unix_socket *own);

/* Where somebody asks who sends, he has a name to be answered by. Context: under the lock. */
void linux_unix_name_need(struct unix_socket *own);

/* The process that calls, with its effective user and group, or the real ones. Context: its fiber. */
struct linux_credentials linux_unix_caller(bool effective);

/* Calls a socket so; by a name that is chosen where that is a family alone. STATUS_EADDRINUSE. Context: under the lock. */
MUST_CHECK status_t linux_unix_name_give(struct unix_socket *own, struct linux_address *name);

/* Holds it; NULL where there is none, or its last hold has gone. Context: under the lock. */
struct unix_socket *linux_unix_hold(struct unix_socket *own);

/* A held socket has changed: tells who waits for that, and lets it go. NULL: there is none. */
void linux_unix_tell(struct unix_socket *own);

/* A name as a program is told it. */
void linux_unix_name_tell(const struct linux_address *name, struct linux_address *out);

/* A file that is such a socket; NULL: it is none. */
struct unix_socket *linux_unix_of_file(struct linux_file *file);

/* A piece's files lie in a queue from now on, or no longer. Context: under the lock. */
void linux_unix_fly(struct piece *piece);
void linux_unix_land(struct piece *piece);

/* Where so many lie in queues that some may be out of reach, looks for those, and empties their queues. Context: fiber, no lock held. */
void linux_unix_collect_some(void);

/* Drops what was received, with the files that came along. */
void linux_unix_pieces_free(struct list_node *pieces);

/* What a datagram socket has received is lost with whom it was connected to. Context: fiber, no lock held. */
void linux_unix_received_drop(struct unix_socket *own);

/* STATUS_ECONNRESET, once, of one that was reset. Context: under the lock. */
status_t linux_unix_error(struct unix_socket *own);

/* Has `own` told when there is room in another one: for a datagram, for a connection. Context: under the lock. */
void linux_unix_starve(struct unix_socket *own, struct unix_socket *receiver);

/* Tells all who wait for room in one. Context: fiber, no lock held. */
void linux_unix_feed(struct unix_socket *own);

/* As struct linux_socket_ops and struct linux_file_ops have them. */
int64_t linux_unix_send(struct linux_socket *socket, struct linux_message *message);
int64_t linux_unix_receive(struct linux_socket *socket, struct linux_message *message);
uint32_t linux_unix_poll(struct linux_file *file, struct linux_waiter *waiter);
int64_t linux_unix_ioctl(struct linux_file *file, struct thread *thread, uint32_t request, uint64_t argument);

#endif
