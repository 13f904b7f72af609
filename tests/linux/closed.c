// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* UDP to ports that nobody has: who is connected is told, once, whatever it does next; others are not. */
#include "tests/linux/claims.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORT = 4444 };

static const struct sockaddr none = { .sa_family = AF_UNSPEC };

static struct sockaddr_in local(unsigned port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int connected(unsigned port)
{
	struct sockaddr_in to = local(port);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	CLAIM(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0);
	return fd;
}

/* What poll tells once there is more than that one may send; 0: that does not come. */
static int news(int fd, int wait_ms)
{
	struct pollfd look = { .fd = fd, .events = POLLIN };

	return poll(&look, 1, wait_ms) == 1 ? look.revents : 0;
}

static int sends(int fd, unsigned port)
{
	struct sockaddr_in to = local(port);

	return (int)sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
}

/* By poll, and by whatever comes first of receiving, sending and asking for it. */
static void told_once(void)
{
	int fd = connected(PORT), error = 0;
	socklen_t bytes = sizeof(error);
	char byte;

	CLAIM(send(fd, "x", 1, 0) == 1);
	REFUSED(recv(fd, &byte, 1, 0), ECONNREFUSED);
	REFUSED(recv(fd, &byte, 1, MSG_DONTWAIT), EAGAIN);
	CLAIM(news(fd, 0) == 0 && write(fd, "x", 1) == 1 && news(fd, 5000) == POLLERR);
	REFUSED(write(fd, "x", 1), ECONNREFUSED);
	CLAIM(news(fd, 0) == 0 && send(fd, "", 0, 0) == 0 && news(fd, 5000) == POLLERR);
	CLAIM(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes) == 0 && error == ECONNREFUSED && news(fd, 0) == 0);
	CLAIM(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes) == 0 && error == 0);
	CLAIM(send(fd, "x", 1, 0) == 1 && news(fd, 5000) == POLLERR);
	REFUSED(recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT), ECONNREFUSED);
	CLAIM(send(fd, "x", 1, 0) == 1 && news(fd, 5000) == POLLERR && shutdown(fd, SHUT_WR) == 0);
	REFUSED(send(fd, "x", 1, MSG_NOSIGNAL), ECONNREFUSED);
	REFUSED(send(fd, "x", 1, MSG_NOSIGNAL), EPIPE);
	CLAIM(close(fd) == 0);
}

/* It comes before what was received, and stays when the peer is another one, or none. */
static void told_first(void)
{
	struct sockaddr_in at = local(PORT), mine = local(0);
	int fd = connected(PORT), peer = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t bytes = sizeof(mine);
	char byte;

	CLAIM(getsockname(fd, (struct sockaddr *)&mine, &bytes) == 0 && bind(peer, (struct sockaddr *)&at, sizeof(at)) == 0);
	CLAIM(sends(peer, ntohs(mine.sin_port)) == 1 && news(fd, 5000) == POLLIN && close(peer) == 0);
	CLAIM(send(fd, "x", 1, 0) == 1);
	for (int i = 0; i < 5000 && news(fd, 0) == POLLIN; i++)
		usleep(1000);
	CLAIM(news(fd, 0) == (POLLIN | POLLERR));
	REFUSED(recv(fd, &byte, 1, 0), ECONNREFUSED);
	CLAIM(recv(fd, &byte, 1, 0) == 1);
	CLAIM(send(fd, "x", 1, 0) == 1 && news(fd, 5000) == POLLERR && connect(fd, &none, sizeof(none)) == 0);
	REFUSED(sends(fd, PORT), ECONNREFUSED);
	CLAIM(close(fd) == 0);
}

/* Nobody else is: neither who sends without being connected, nor who is connected elsewhere. */
static void told_to_none(void)
{
	int fd = connected(PORT + 1);

	CLAIM(sends(fd, PORT) == 1 && news(fd, 100) == 0);
	CLAIM(connect(fd, &none, sizeof(none)) == 0 && sends(fd, PORT) == 1 && news(fd, 100) == 0);
	REFUSED(sends(fd, 0), EINVAL);
	CLAIM(close(fd) == 0);
}

/* Of either family, and of one within the other. */
static void told_of_six(void)
{
	static const char *const addresses[] = { "::1", "::ffff:127.0.0.1" };
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	char byte;

	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		int fd = socket(AF_INET6, SOCK_DGRAM, 0);

		CLAIM(inet_pton(AF_INET6, addresses[i], &to.sin6_addr) == 1 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0);
		CLAIM(send(fd, "x", 1, 0) == 1 && news(fd, 5000) == POLLERR);
		REFUSED(recv(fd, &byte, 1, MSG_DONTWAIT), ECONNREFUSED);
		CLAIM(news(fd, 0) == 0 && close(fd) == 0);
	}
}

int main(void)
{
	told_once();
	told_of_six();
	told_first();
	told_to_none();
	return claims_end("closed");
}
