// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Netlink sockets, of the one kind that is about the network (NETLINK_ROUTE): what is asked is answered at once, and lies with the socket until it is
 * received. Nothing can be changed, and nobody is told of changes. Who has no network has no such socket.
 *
 * Spec: netlink(7), rtnetlink(7); Linux, net/netlink/af_netlink.c
 */
#ifndef KERNEL_SYS_LINUX_SOCKET_NETLINK_H
#define KERNEL_SYS_LINUX_SOCKET_NETLINK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/core/spinlock.h"
#include "kernel/sys/linux/socket.h"
#include "lib/list.h"
#include "lib/status.h"

struct linux_root;

/* struct sockaddr_nl */
struct netlink_name {
	uint16_t family, pad;
	uint32_t port, groups;
};

struct netlink_socket {
	struct linux_socket socket;
	struct list_node node;         /* of those that have a port. W: under the lock of all */
	const struct linux_root *root; /* whose it is: ports are a family's own. Never looked into */
	uint32_t port, groups;         /* W: the same. 0: it has none yet; the first 32 of those it asked for */
	_Atomic uint32_t peer;         /* W: connect(); 0: the kernel */
	_Atomic uint32_t options;      /* 1 << NETLINK_*: those that are on */
	struct spinlock lock;
	/* W: under the lock. */
	struct list_node queue;
	unsigned queued;
	bool is_lost; /* there was no room for an answer, and nobody has been told */
};

enum { LINUX_NETLINK_PKTINFO = 3, LINUX_NETLINK_NO_ENOBUFS = 5, LINUX_NETLINK_CAP_ACK = 10 };

/* Whether an option (NETLINK_*) is on. */
static inline bool netlink_option_is_on(struct netlink_socket *own, unsigned option)
{
	return (atomic_load_explicit(&own->options, memory_order_relaxed) & 1u << option) != 0;
}

static inline struct netlink_socket *netlink_of(struct linux_socket *socket)
{
	return LIST_OWNER(socket, struct netlink_socket, socket);
}

/* The socket's port: one of its own from now on, if it had none. Context: fiber of a process. */
uint32_t linux_netlink_port(struct netlink_socket *own);

/* Reads an address. STATUS_EINVAL; STATUS_EPERM: it is not the kernel's, and the thread that asks may not speak with others. Context: fiber of a process. */
MUST_CHECK status_t linux_netlink_peer(const struct linux_address *address, struct netlink_name *out);

/* An address of netlink. */
void linux_netlink_name_tell(uint32_t port, uint32_t groups, struct linux_address *out);

/* As struct linux_socket_ops and struct linux_file_ops have them. */
int64_t linux_netlink_send(struct linux_socket *socket, struct linux_message *message);
int64_t linux_netlink_receive(struct linux_socket *socket, struct linux_message *message);
status_t linux_netlink_take_error(struct linux_socket *socket);
uint32_t linux_netlink_poll(struct linux_file *file, struct linux_waiter *waiter);

/* Answers that nobody has received, and nobody will. Context: fiber or scheduler. */
void linux_netlink_forget(struct netlink_socket *own);

#endif
