// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Spec: Linux, include/uapi/linux/{in,in6}.h */
#include "kernel/sys/linux/socket_inet.h"

#include <assert.h>
#include <stddef.h>

#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/root.h"
#include "lib/bits.h"
#include "lib/string.h"

enum { IPV6_V6ONLY = 26 };

struct sockaddr_in {
	uint16_t family;
	uint8_t port[2];
	uint8_t address[4];
	uint8_t zero[8];
};

struct sockaddr_in6 {
	uint16_t family;
	uint8_t port[2];
	uint32_t flow;
	uint8_t address[16];
	uint32_t scope;
};

static_assert(sizeof(struct sockaddr_in) == 16, "include/uapi/linux/in.h");
static_assert(sizeof(struct sockaddr_in6) == 28, "include/uapi/linux/in6.h");

enum { SOCKADDR_IN6_LEAST = 24 /* RFC 2133's, without a scope */ };

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff }; /* RFC 4291 §2.5.5.2 */

static bool is_zero(const uint8_t *bytes, size_t count)
{
	uint8_t any = 0;

	for (size_t i = 0; i < count; i++)
		any |= bytes[i];
	return any == 0;
}

void linux_inet_bytes6(const struct net_address *address, uint8_t to[16])
{
	if (address->family == NET_FAMILY_4) {
		memcpy(to, mapped, sizeof(mapped));
		memcpy(to + sizeof(mapped), address->bytes, 4);
	} else {
		memcpy(to, address->bytes, sizeof(address->bytes));
	}
}

void linux_inet_address6(const uint8_t from[16], struct net_address *out)
{
	*out = (struct net_address){ .family = NET_FAMILY_6 };
	if (memcmp(from, mapped, sizeof(mapped)) == 0) {
		out->family = NET_FAMILY_4;
		memcpy(out->bytes, from + sizeof(mapped), 4);
	} else {
		memcpy(out->bytes, from, sizeof(out->bytes));
	}
}

status_t linux_inet_endpoint(const struct linux_socket *socket, const struct linux_address *address, struct net_endpoint *out)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	memset(out, 0, sizeof(*out));
	if (address->length < (socket->family == LINUX_AF_INET ? (uint32_t)sizeof(in) : SOCKADDR_IN6_LEAST))
		return STATUS_EINVAL;
	if (linux_address_family(address) != socket->family)
		return STATUS_EAFNOSUPPORT;
	if (socket->family == LINUX_AF_INET) {
		memcpy(&in, address->bytes, sizeof(in));
		out->address.family = NET_FAMILY_4;
		memcpy(out->address.bytes, in.address, sizeof(in.address));
		out->port = (uint16_t)(in.port[0] << 8 | in.port[1]);
		return STATUS_OK;
	}
	memcpy(&in6, address->bytes, sizeof(in6));
	out->port = (uint16_t)(in6.port[0] << 8 | in6.port[1]);
	linux_inet_address6(in6.address, &out->address);
	if (is_zero(in6.address, sizeof(in6.address)) && *linux_socket_option((struct linux_socket *)socket, LINUX_IPPROTO_IPV6, IPV6_V6ONLY) == 0)
		out->address.family = NET_FAMILY_ANY;
	return STATUS_OK;
}

status_t linux_inet_peer(const struct linux_socket *socket, const struct linux_address *address, struct net_endpoint *out)
{
	status_t status = linux_inet_endpoint(socket, address, out);

	if (status != STATUS_OK || !is_zero(out->address.bytes, sizeof(out->address.bytes)))
		return status;
	if (out->address.family == NET_FAMILY_4)
		out->address = (struct net_address){ .family = NET_FAMILY_4, .bytes = { 127, 0, 0, 1 } };
	else
		out->address = (struct net_address){ .family = NET_FAMILY_6, .bytes = { [15] = 1 } };
	return STATUS_OK;
}

void linux_inet_address(const struct linux_socket *socket, const struct net_endpoint *endpoint, struct linux_address *out)
{
	const uint8_t port[2] = { (uint8_t)(endpoint->port >> 8), (uint8_t)endpoint->port };

	memset(out, 0, sizeof(*out));
	if (socket->family == LINUX_AF_INET) {
		struct sockaddr_in in = { .family = LINUX_AF_INET, .port = { port[0], port[1] } };

		memcpy(in.address, endpoint->address.bytes, sizeof(in.address));
		memcpy(out->bytes, &in, sizeof(in));
		out->length = sizeof(in);
	} else {
		struct sockaddr_in6 in6 = { .family = LINUX_AF_INET6, .port = { port[0], port[1] } };

		linux_inet_bytes6(&endpoint->address, in6.address);
		memcpy(out->bytes, &in6, sizeof(in6));
		out->length = sizeof(in6);
	}
}

static uint8_t byte_of(struct linux_socket *socket, int level, int name)
{
	return (uint8_t)*linux_socket_option(socket, level, name);
}

void linux_inet_marks(struct linux_socket *socket, struct net_marks *marks, struct net_marks *marks6)
{
	*marks = (struct net_marks){
		.ttl = byte_of(socket, LINUX_IPPROTO_IP, LINUX_IP_TTL),
		.tos = byte_of(socket, LINUX_IPPROTO_IP, LINUX_IP_TOS),
		.multicast_ttl = byte_of(socket, LINUX_IPPROTO_IP, LINUX_IP_MULTICAST_TTL),
	};
	*marks6 = (struct net_marks){
		.ttl = byte_of(socket, LINUX_IPPROTO_IPV6, LINUX_IPV6_UNICAST_HOPS),
		.tos = byte_of(socket, LINUX_IPPROTO_IPV6, LINUX_IPV6_TCLASS),
		.multicast_ttl = byte_of(socket, LINUX_IPPROTO_IPV6, LINUX_IPV6_MULTICAST_HOPS),
	};
}

status_t linux_inet_make(struct process *process, int family, int type, int protocol, struct linux_socket **out)
{
	bool tcp = type == LINUX_SOCK_STREAM && (protocol == 0 || protocol == LINUX_IPPROTO_TCP);
	bool udp = type == LINUX_SOCK_DGRAM && (protocol == 0 || protocol == LINUX_IPPROTO_UDP);
	const struct linux_root *root = process->personality->root;

	if (root->net == NULL)
		return STATUS_EACCES;
	if (!tcp && !udp)
		return type == LINUX_SOCK_STREAM || type == LINUX_SOCK_DGRAM ? STATUS_EPROTONOSUPPORT : STATUS_ESOCKTNOSUPPORT;
	*out = (tcp ? linux_tcp_make : linux_udp_make)(family, root->net, root->net_rights);
	return *out != NULL ? STATUS_OK : STATUS_ENOMEM;
}
