// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What TCP and UDP sockets share: addresses, and what the process's capability `net` allows. */
#ifndef KERNEL_SYS_LINUX_SOCKET_INET_H
#define KERNEL_SYS_LINUX_SOCKET_INET_H

#include <stdint.h>

#include "kernel/cap/net_object.h"
#include "kernel/io/net/datagram.h"
#include "kernel/io/net/sharing.h"
#include "kernel/io/net/stream.h"
#include "kernel/sys/linux/socket.h"

/* Of the socket's family. STATUS_EINVAL too short, STATUS_EAFNOSUPPORT another family. IPv4 addresses in IPv6 ones become what they are. */
MUST_CHECK status_t linux_inet_endpoint(const struct linux_socket *socket, const struct linux_address *address, struct net_endpoint *out);

/* The same of whom to connect or to send to: an address that says "any" means this machine. */
MUST_CHECK status_t linux_inet_peer(const struct linux_socket *socket, const struct linux_address *address, struct net_endpoint *out);

/* linux_inet_endpoint() backwards. */
void linux_inet_address(const struct linux_socket *socket, const struct net_endpoint *endpoint, struct linux_address *out);

/* With whom it shares what it is bound to: NET_SHARES_*. */
static inline unsigned linux_inet_shares(struct linux_socket *socket)
{
	return (*linux_socket_option(socket, LINUX_SOL_SOCKET, LINUX_SO_REUSEADDR) != 0 ? (unsigned)NET_SHARES_ADDRESS : 0) |
	       (*linux_socket_option(socket, LINUX_SOL_SOCKET, LINUX_SO_REUSEPORT) != 0 ? (unsigned)NET_SHARES_PORT : 0);
}

/* An address as one of IPv6, and backwards: one of IPv4 is mapped. */
void linux_inet_bytes6(const struct net_address *address, uint8_t to[16]);
void linux_inet_address6(const uint8_t from[16], struct net_address *out);

/* What the headers of IPv4 and of IPv6 packets say. */
void linux_inet_marks(struct linux_socket *socket, struct net_marks *marks, struct net_marks *marks6);

/* The address that a datagram is to come from; of NET_FAMILY_ANY: none was said. */
void linux_inet_source(const struct linux_control *control, struct net_address *out);

/* Tells of a datagram what the socket's options ask for. */
void linux_inet_arrival_tell(struct linux_socket *socket, const struct net_arrival *arrival, struct linux_control *control);

/* Sockets that may do what `net`, of which they get a hold of their own, allows. NULL where memory is out. */
struct linux_socket *linux_tcp_make(int family, struct net_object *net, uint32_t rights);
struct linux_socket *linux_udp_make(int family, struct net_object *net, uint32_t rights);

#endif
