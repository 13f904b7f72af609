// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Questions to netlink sockets, and what they answer. */
#ifndef TESTS_LINUX_NETLINK_H
#define TESTS_LINUX_NETLINK_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/linux/claims.h"

struct request {
	struct nlmsghdr header;
	struct ifinfomsg link; /* as long as any */
};

static char got[16384] __attribute__((aligned(8)));

static inline int asks(int fd, int type, int flags, int family, int index)
{
	static unsigned sequence;
	struct request request = { .header = { sizeof(request), (uint16_t)type, (uint16_t)flags, ++sequence, 0 }, .link = { .ifi_family = (uint8_t)family, .ifi_index = index } };

	return send(fd, &request, sizeof(request), 0) == sizeof(request) ? (int)sequence : -1;
}

static inline const struct nlmsghdr *message(const char *from)
{
	return (const struct nlmsghdr *)(const void *)from;
}

/* The next datagram; how long it is, as told with what it is cut to. */
static inline long receives(int fd)
{
	long whole = recv(fd, got, 1, MSG_PEEK | MSG_TRUNC);

	return whole > 0 && recv(fd, got, sizeof(got), 0) == whole ? whole : -1;
}

/* What the one message that comes says: 0 or an error; 1: it is no error. */
static inline int error_told(int fd, int sequence)
{
	struct nlmsgerr told;

	if (receives(fd) < (long)(sizeof(struct nlmsghdr) + sizeof(told)) || message(got)->nlmsg_type != NLMSG_ERROR || (int)message(got)->nlmsg_seq != sequence)
		return 1;
	memcpy(&told, got + sizeof(struct nlmsghdr), sizeof(told));
	return told.error;
}

static inline uint32_t port_of(int fd)
{
	struct sockaddr_nl name = { 0 };
	socklen_t len = sizeof(name);

	CLAIM(getsockname(fd, (struct sockaddr *)&name, &len) == 0 && len == sizeof(name) && name.nl_family == AF_NETLINK);
	return name.nl_pid;
}

#endif
