// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Control data of messages of INET: what goes along with a datagram that is sent, and what is told of one that was received. */
#ifndef KERNEL_SYS_LINUX_SOCKET_CONTROL_H
#define KERNEL_SYS_LINUX_SOCKET_CONTROL_H

#include <stdint.h>

#include "lib/status.h"

/* Spec: Linux, include/linux/socket.h: struct cmsghdr */
struct linux_control_header {
	uint64_t bytes; /* with this header */
	int32_t level, type;
};

enum { LINUX_CONTROL_INET_MAX = 256, LINUX_CONTROL_TAKEN_MAX = 20 /* bytes of one that is sent: struct in6_pktinfo */ };

struct linux_control {
	/* Sent. */
	uint8_t source_bytes; /* of the address it comes from: 4, 16; 0: the socket's */
	uint8_t source[16];
	int16_t ttl, tos;     /* -1: the socket's */
	/* Received: headers and data as a program finds them. */
	uint32_t bytes;
	_Alignas(8) uint8_t data[LINUX_CONTROL_INET_MAX];
};

/* How far behind one the next begins. */
static inline uint64_t linux_control_space(uint64_t bytes)
{
	return (bytes + 7) & ~7ul;
}

/* One that goes along with a datagram, at the level of IP or of IPv6: `bytes` of data, of which at most LINUX_CONTROL_TAKEN_MAX are given. STATUS_EINVAL. */
MUST_CHECK status_t linux_control_take(struct linux_control *control, const struct linux_control_header *header, const uint8_t *data);

/* One more that was received; there is room for each kind once. */
void linux_control_add(struct linux_control *control, int level, int type, const void *data, uint32_t bytes);

#endif
