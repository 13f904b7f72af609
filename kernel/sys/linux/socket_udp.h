// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* UDP sockets, inside: what makes and names them (socket_udp.c), and what moves datagrams (socket_udp_data.c). */
#ifndef KERNEL_SYS_LINUX_SOCKET_UDP_H
#define KERNEL_SYS_LINUX_SOCKET_UDP_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/io/net/peers.h"
#include "kernel/sys/linux/socket_control.h"
#include "kernel/sys/linux/socket_inet.h"

struct udp_socket {
	struct linux_socket socket;
	int32_t options[LINUX_INET_OPTIONS];
	struct net_object *net; /* held */
	uint32_t rights;        /* of the capability */
	/* W: the network's CPU, all that follows. */
	struct net_datagram *datagram; /* NULL: not bound yet */
	struct net_endpoint peer;      /* of `datagram`, where that has one */
	bool sending_done, receiving_done;
	struct net_peers peers;
	struct net_marks marks, marks6;
};

static inline struct udp_socket *udp_of(struct linux_socket *socket)
{
	return LIST_OWNER(socket, struct udp_socket, socket);
}

static inline bool udp_has_peer(const struct udp_socket *own)
{
	return own->datagram != NULL && own->datagram->peer != NULL;
}

/* Something to be done on the network's CPU. */
struct udp_asking {
	struct udp_socket *own;
	struct net_endpoint at;
	struct net_arrival arrival;           /* of what was received */
	const struct linux_control *control;  /* of what is sent, or NULL */
	struct net_marks marks, marks6;
	unsigned shares; /* NET_SHARES_* */
	bool has_address;
	bool peer;
	uint8_t *memory;
	uint32_t bytes;
	bool peek;
	bool ended; /* nothing is there, and nothing is to come */
	uint32_t mask; /* of poll; what shutdown was asked for */
	int64_t result;
};

/* A port of the machine's choice, for who sends before it has any. Context: the network's CPU, as the next two. */
MUST_CHECK status_t linux_udp_bound_there(struct udp_socket *own, unsigned shares);

bool linux_udp_may_send_there(const struct udp_socket *own, const struct net_endpoint *to);

/* What its peer's machine said, once. */
status_t linux_udp_error_there(struct udp_socket *own);

/* As struct linux_socket_ops and struct linux_file_ops have them. */
int64_t linux_udp_send(struct linux_socket *socket, struct linux_message *message);
int64_t linux_udp_receive(struct linux_socket *socket, struct linux_message *message);
uint32_t linux_udp_poll(struct linux_file *file, struct linux_waiter *waiter);
int64_t linux_udp_ioctl(struct linux_file *file, struct thread *thread, uint32_t request, uint64_t argument);

#endif
