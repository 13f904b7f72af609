// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What a program learns of a datagram besides its bytes, as it asked by setsockopt(); and says of one. Spec: Linux, include/uapi/linux/{in,ipv6}.h */
#include "kernel/io/net/interfaces.h"
#include "kernel/sys/linux/clock.h"
#include "kernel/sys/linux/socket_control.h"
#include "kernel/sys/linux/socket_inet.h"
#include "lib/string.h"

struct in_pktinfo {
	int32_t interface;
	uint8_t local[4], to[4];
};

struct in6_pktinfo {
	uint8_t to[16];
	int32_t interface;
};

static bool asks(struct linux_socket *socket, int level, int name)
{
	return *linux_socket_option(socket, level, name) != 0;
}

static void number_tell(struct linux_control *control, int level, int type, int32_t number)
{
	linux_control_add(control, level, type, &number, sizeof(number));
}

static void time_tell(struct linux_socket *socket, const struct net_arrival *arrival, struct linux_control *control)
{
	uint64_t ns = arrival->at_ns + linux_clock_offset_ns();
	struct linux_timespec fine = linux_timespec_of(ns);
	struct linux_timeval coarse = linux_timeval_of(ns);

	if (asks(socket, LINUX_SOL_SOCKET, LINUX_SO_TIMESTAMPNS))
		linux_control_add(control, LINUX_SOL_SOCKET, LINUX_SO_TIMESTAMPNS, &fine, sizeof(fine));
	else if (asks(socket, LINUX_SOL_SOCKET, LINUX_SO_TIMESTAMP))
		linux_control_add(control, LINUX_SOL_SOCKET, LINUX_SO_TIMESTAMP, &coarse, sizeof(coarse));
}

static void tell4(struct linux_socket *socket, const struct net_arrival *arrival, struct linux_control *control)
{
	struct in_pktinfo info = { .interface = arrival->is_from_here ? NET_INTERFACE_SELF : NET_INTERFACE_DEVICE };

	memcpy(info.local, arrival->to.bytes, sizeof(info.local));
	memcpy(info.to, arrival->to.bytes, sizeof(info.to));
	if (asks(socket, LINUX_IPPROTO_IP, LINUX_IP_PKTINFO))
		linux_control_add(control, LINUX_IPPROTO_IP, LINUX_IP_PKTINFO, &info, sizeof(info));
	if (asks(socket, LINUX_IPPROTO_IP, LINUX_IP_RECVTTL))
		number_tell(control, LINUX_IPPROTO_IP, LINUX_IP_TTL, arrival->ttl);
	if (asks(socket, LINUX_IPPROTO_IP, LINUX_IP_RECVTOS))
		linux_control_add(control, LINUX_IPPROTO_IP, LINUX_IP_TOS, &arrival->tos, sizeof(arrival->tos));
}

static void tell6(struct linux_socket *socket, const struct net_arrival *arrival, struct linux_control *control)
{
	if (asks(socket, LINUX_IPPROTO_IPV6, LINUX_IPV6_RECVHOPLIMIT))
		number_tell(control, LINUX_IPPROTO_IPV6, LINUX_IPV6_HOPLIMIT, arrival->ttl);
	if (asks(socket, LINUX_IPPROTO_IPV6, LINUX_IPV6_RECVTCLASS))
		number_tell(control, LINUX_IPPROTO_IPV6, LINUX_IPV6_TCLASS, arrival->tos);
}

/* Where it came to is told alike of both families by a socket of IPv6. Spec: Linux, net/ipv6/datagram.c: ip6_datagram_recv_common_ctl() */
void linux_inet_arrival_tell(struct linux_socket *socket, const struct net_arrival *arrival, struct linux_control *control)
{
	struct in6_pktinfo info = { .interface = arrival->is_from_here ? NET_INTERFACE_SELF : NET_INTERFACE_DEVICE };

	time_tell(socket, arrival, control);
	if (socket->family == LINUX_AF_INET6 && asks(socket, LINUX_IPPROTO_IPV6, LINUX_IPV6_RECVPKTINFO)) {
		linux_inet_bytes6(&arrival->to, info.to);
		linux_control_add(control, LINUX_IPPROTO_IPV6, LINUX_IPV6_PKTINFO, &info, sizeof(info));
	}
	(arrival->to.family == NET_FAMILY_6 ? tell6 : tell4)(socket, arrival, control);
}

void linux_inet_source(const struct linux_control *control, struct net_address *out)
{
	*out = (struct net_address){ 0 };
	if (control->source_bytes == sizeof(control->source)) {
		linux_inet_address6(control->source, out);
	} else if (control->source_bytes != 0) {
		out->family = NET_FAMILY_4;
		memcpy(out->bytes, control->source, control->source_bytes);
	}
}
