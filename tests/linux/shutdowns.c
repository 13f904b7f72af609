// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Who waits at a socket that another thread shuts down does not wait for what cannot come any more; what poll tells of that. */
#include "tests/linux/claims.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { LATE_US = 20000, PORT = 8190, PORT_UDP = 8191 };

static void *shuts_down(void *arg)
{
	usleep(LATE_US);
	(void)shutdown(*(int *)arg, SHUT_RDWR); /* where nobody is connected that is told, and done all the same */
	return NULL;
}

/* Accepts while another shuts down; and once it is done. */
static void accepts(int listener)
{
	pthread_t other;

	CLAIM(pthread_create(&other, NULL, shuts_down, &listener) == 0);
	REFUSED(accept(listener, NULL, NULL), EINVAL);
	CLAIM(pthread_join(other, NULL) == 0);
	REFUSED(accept(listener, NULL, NULL), EINVAL);
}

static void unix_listener(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "\0shutdowns" };
	socklen_t bytes = offsetof(struct sockaddr_un, sun_path) + 10;
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	int client = socket(AF_UNIX, SOCK_STREAM, 0);

	CLAIM(bind(listener, (struct sockaddr *)&name, bytes) == 0 && listen(listener, 1) == 0);
	accepts(listener);
	REFUSED(connect(client, (struct sockaddr *)&name, bytes), ECONNREFUSED);
	REFUSED(accept(socket(AF_UNIX, SOCK_DGRAM, 0), NULL, NULL), EOPNOTSUPP);
	CLAIM(close(client) == 0 && close(listener) == 0);
}

static int ready(int fd, short events, int timeout)
{
	struct pollfd wanted = { .fd = fd, .events = events };

	return poll(&wanted, 1, timeout) < 0 ? -1 : wanted.revents;
}

/* All that poll tells of it. */
static int told(int fd)
{
	return ready(fd, POLLIN | POLLOUT | POLLRDHUP, 0);
}

/* Each way is shut down alone, and told of alone; that both are is another matter. */
static void ways(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), pair[2];

	CLAIM(told(fd) == (POLLOUT | POLLHUP) && close(fd) == 0 && (fd = socket(AF_UNIX, SOCK_DGRAM, 0)) >= 0 && told(fd) == POLLOUT && close(fd) == 0);
	for (int type = SOCK_STREAM; type <= SOCK_SEQPACKET; type += SOCK_SEQPACKET - SOCK_STREAM) {
		CLAIM(socketpair(AF_UNIX, type, 0, pair) == 0 && told(pair[0]) == POLLOUT && shutdown(pair[0], SHUT_WR) == 0);
		CLAIM(told(pair[0]) == POLLOUT && told(pair[1]) == (POLLIN | POLLOUT | POLLRDHUP) && shutdown(pair[1], SHUT_WR) == 0);
		CLAIM(told(pair[0]) == (POLLIN | POLLOUT | POLLRDHUP | POLLHUP) && told(pair[1]) == told(pair[0]) && close(pair[0]) == 0 && close(pair[1]) == 0);
	}
	/* What is no stream goes both ways by itself. */
	CLAIM(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0 && shutdown(pair[0], SHUT_RD) == 0 && told(pair[0]) == (POLLIN | POLLOUT | POLLRDHUP));
	CLAIM(told(pair[1]) == POLLOUT && shutdown(pair[0], SHUT_WR) == 0 && told(pair[0]) == (POLLIN | POLLOUT | POLLRDHUP | POLLHUP));
	CLAIM(told(pair[1]) == POLLOUT && close(pair[0]) == 0 && told(pair[1]) == POLLOUT && close(pair[1]) == 0);
}

static struct sockaddr_in own(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

/* Who only does not send any more is a listener still; who does not receive is none, until it is made one again. */
static void tcp_listener(void)
{
	struct sockaddr_in at = own(PORT);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int client = socket(AF_INET, SOCK_STREAM, 0);
	int one = 1;

	CLAIM(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0);
	CLAIM(bind(listener, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(listener, 1) == 0 && shutdown(listener, SHUT_WR) == 0);
	accepts(listener);
	CLAIM(getsockopt(listener, SOL_SOCKET, SO_ACCEPTCONN, &one, &(socklen_t){ sizeof(one) }) == 0 && one == 0);
	REFUSED(connect(client, (struct sockaddr *)&at, sizeof(at)), ECONNREFUSED);
	REFUSED(shutdown(listener, SHUT_RD), ENOTCONN);
	CLAIM(close(client) == 0 && (client = socket(AF_INET, SOCK_STREAM, 0)) >= 0 && listen(listener, 1) == 0);
	CLAIM(connect(client, (struct sockaddr *)&at, sizeof(at)) == 0 && close(client) == 0 && close(listener) == 0);
}

/* What is connected to itself: what came before is received; then there is an end, and sending is over without a signal. */
static void datagrams(void)
{
	struct sockaddr_in at = own(PORT_UDP);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char data[8];

	CLAIM(bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0);
	CLAIM(send(fd, "before", 6, 0) == 6 && ready(fd, POLLIN, 1000) == POLLIN && shutdown(fd, SHUT_RD) == 0);
	CLAIM(told(fd) == (POLLIN | POLLOUT | POLLRDHUP));
	CLAIM(recv(fd, data, 8, 0) == 6 && recv(fd, data, 8, 0) == 0 && read(fd, data, 8) == 0);
	REFUSED(recv(fd, data, 8, MSG_DONTWAIT), EAGAIN);
	CLAIM(shutdown(fd, SHUT_WR) == 0 && told(fd) == (POLLIN | POLLOUT | POLLRDHUP | POLLHUP));
	REFUSED(send(fd, "x", 1, 0), EPIPE);
	CLAIM(close(fd) == 0);
}

/* That is done to who is not connected as well, for all that it is refused. */
static void datagrams_of_nobody(void)
{
	struct sockaddr_in at = own(PORT_UDP);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	pthread_t other;
	char data[8];

	CLAIM(bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 && pthread_create(&other, NULL, shuts_down, &fd) == 0);
	CLAIM(recv(fd, data, 8, 0) == 0 && pthread_join(other, NULL) == 0);
	REFUSED(shutdown(fd, SHUT_RDWR), ENOTCONN);
	REFUSED(sendto(fd, "x", 1, 0, (struct sockaddr *)&at, sizeof(at)), EPIPE);
	CLAIM(close(fd) == 0);
}

int main(void)
{
	alarm(20); /* for who waits for ever */
	unix_listener();
	ways();
	tcp_listener();
	datagrams();
	datagrams_of_nobody();
	return claims_end("shutdowns");
}
