// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Sockets of IPv4, and their names. */
#ifndef TESTS_LINUX_INET_H
#define TESTS_LINUX_INET_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

#include "tests/linux/claims.h"

static const struct sockaddr unspecified = { .sa_family = AF_UNSPEC };

static inline struct sockaddr_in at(in_addr_t address, int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(address) };
}

static inline int tcp(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CLAIM(fd >= 0);
	return fd;
}

static inline int binds(int fd, in_addr_t address, int port)
{
	struct sockaddr_in name = at(address, port);

	return bind(fd, (struct sockaddr *)&name, sizeof(name));
}

static inline int connects(int fd, in_addr_t address, int port)
{
	struct sockaddr_in name = at(address, port);

	return connect(fd, (struct sockaddr *)&name, sizeof(name));
}

static inline struct sockaddr_in name_of(int fd)
{
	struct sockaddr_in name = { 0 };
	socklen_t len = sizeof(name);

	CLAIM(getsockname(fd, (struct sockaddr *)&name, &len) == 0 && len == sizeof(name));
	return name;
}

static inline int is_at(int fd, in_addr_t address, int port)
{
	struct sockaddr_in name = name_of(fd);

	return name.sin_addr.s_addr == htonl(address) && name.sin_port == htons((uint16_t)port);
}

static inline void shares(int fd)
{
	CLAIM(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)) == 0);
}

#endif
