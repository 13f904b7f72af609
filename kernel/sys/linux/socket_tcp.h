// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* TCP sockets, inside: what makes and joins them (socket_tcp.c), and what moves bytes (socket_tcp_data.c). */
#ifndef KERNEL_SYS_LINUX_SOCKET_TCP_H
#define KERNEL_SYS_LINUX_SOCKET_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/io/net/binding.h"
#include "kernel/sys/linux/socket_inet.h"

struct tcp_socket {
	struct linux_socket socket;
	int32_t options[LINUX_INET_OPTIONS];
	struct net_object *net; /* held */
	uint32_t rights;        /* of the capability */
	/* W: the network's CPU, all that follows. */
	struct net_stream *stream;
	struct net_listener *listener;
	struct net_binding binding; /* of bind(); `tcp` is NULL as long as `stream` or `listener` has it */
	bool is_bound;              /* it was called: `binding` is for the next connection too */
	struct net_endpoint local;  /* as getsockname() tells it */
	struct net_tuning tuning;
	bool connect_told; /* how connecting ended has been told */
	bool is_shut; /* shutdown() was called when connecting had failed and that had not been told */
	bool receiving_done; /* SHUT_RD */
	bool error_told;
};

static inline struct tcp_socket *tcp_of(struct linux_socket *socket)
{
	return LIST_OWNER(socket, struct tcp_socket, socket);
}

/* Something to be done on the network's CPU. */
struct tcp_asking {
	struct tcp_socket *own;
	struct net_endpoint at;
	unsigned shares; /* NET_SHARES_* */
	struct net_tuning tuning;
	struct net_stream_info info;
	unsigned backlog;
	uint32_t mask;
	bool peer;
	struct net_stream *stream;
	uint8_t *memory;
	size_t bytes;
	bool peek;
	int64_t result;
};

/* As struct linux_socket_ops and struct linux_file_ops have them. */
int64_t linux_tcp_send(struct linux_socket *socket, struct linux_message *message);
int64_t linux_tcp_receive(struct linux_socket *socket, struct linux_message *message);
status_t linux_tcp_take_error(struct linux_socket *socket);
int64_t linux_tcp_option(struct linux_socket *socket, int level, int name, void *to);
uint32_t linux_tcp_poll(struct linux_file *file, struct linux_waiter *waiter);
int64_t linux_tcp_ioctl(struct linux_file *file, struct thread *thread, uint32_t request, uint64_t argument);

#endif
