// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* splice from sockets of the network into a pipe: what is taken, what is waited for, and what stays where it is. */
#include "tests/linux/claims.h"
#include "tests/linux/pattern.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum { PORT = 8195, PORT_UDP = 8196, PIPE = 65536 };

static struct sockaddr_in own(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static bool comes(int fd)
{
	struct pollfd wanted = { .fd = fd, .events = POLLIN };

	return poll(&wanted, 1, 1000) == 1;
}

/* Both ends of a connection. */
static void connection(int pair[2])
{
	struct sockaddr_in at = own(PORT);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int one = 1;

	CLAIM(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0);
	CLAIM(bind(listener, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(listener, 1) == 0);
	pair[0] = socket(AF_INET, SOCK_STREAM, 0);
	CLAIM(connect(pair[0], (struct sockaddr *)&at, sizeof(at)) == 0 && (pair[1] = accept(listener, NULL, NULL)) >= 0 && close(listener) == 0);
}

static void *late_send(void *arg)
{
	usleep(30000);
	CLAIM(send(*(int *)arg, "late", 4, 0) == 4);
	return NULL;
}

/* That the pipe is not to be waited for says nothing of the socket. Spec: Linux, net/ipv4/tcp.c: tcp_splice_read() */
static void waits(int from, int *sends, const int ends[2])
{
	pthread_t other;

	CLAIM(pthread_create(&other, NULL, late_send, sends) == 0);
	CLAIM(splice(from, NULL, ends[1], NULL, 100, SPLICE_F_NONBLOCK) == 4 && pthread_join(other, NULL) == 0);
	CLAIM(read(ends[0], back, BYTES) == 4 && memcmp(back, "late", 4) == 0);
	CLAIM(fcntl(from, F_SETFL, O_NONBLOCK) == 0);
	REFUSED(splice(from, NULL, ends[1], NULL, 100, 0), EAGAIN);
	CLAIM(fcntl(from, F_SETFL, 0) == 0);
}

static void *sends_all(void *arg)
{
	CLAIM(write(*(int *)arg, text, BYTES) == BYTES && shutdown(*(int *)arg, SHUT_WR) == 0);
	return NULL;
}

static void tcp(void)
{
	int pair[2], ends[2], alone = socket(AF_INET, SOCK_STREAM, 0);
	pthread_t other;
	size_t done = 0;
	ssize_t some;

	connection(pair);
	CLAIM(pipe(ends) == 0);
	REFUSED(splice(alone, NULL, ends[1], NULL, 1, 0), ENOTCONN);
	REFUSED(splice(pair[1], &(loff_t){ 0 }, ends[1], NULL, 1, 0), EINVAL);
	waits(pair[1], &pair[0], ends);
	CLAIM(write(pair[0], "abcdef", 6) == 6 && comes(pair[1]) && splice(pair[1], NULL, ends[1], NULL, 2, 0) == 2);
	CLAIM(read(ends[0], back, BYTES) == 2 && memcmp(back, "ab", 2) == 0 && recv(pair[1], back, 10, MSG_PEEK) == 4);
	/* A full pipe takes nothing of the socket. */
	CLAIM(write(ends[1], text, PIPE) == PIPE);
	REFUSED(splice(pair[1], NULL, ends[1], NULL, 4, SPLICE_F_NONBLOCK), EAGAIN);
	CLAIM(read(pair[1], back, 10) == 4 && memcmp(back, "cdef", 4) == 0 && read(ends[0], back, BYTES) == PIPE);
	CLAIM(pthread_create(&other, NULL, sends_all, &pair[0]) == 0);
	while ((some = splice(pair[1], NULL, ends[1], NULL, SIZE_MAX >> 1, SPLICE_F_MOVE)) > 0 && done < BYTES) {
		CLAIM(some <= PIPE && read(ends[0], back + done, BYTES - done) == some);
		done += (size_t)some;
	}
	CLAIM(some == 0 && done == BYTES && memcmp(back, text, BYTES) == 0 && pthread_join(other, NULL) == 0);
	close(alone);
	for (int i = 0; i < 2; i++) {
		close(pair[i]);
		close(ends[i]);
	}
}

/* One datagram a call: what it has no room for is gone, as with read. */
static void udp(void)
{
	struct sockaddr_in at = own(PORT_UDP);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), ends[2];

	CLAIM(bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0 && pipe(ends) == 0);
	REFUSED(splice(fd, &(loff_t){ 0 }, ends[1], NULL, 1, 0), EINVAL);
	waits(fd, &fd, ends);
	CLAIM(send(fd, text, 5000, 0) == 5000 && send(fd, "second", 6, 0) == 6 && send(fd, "third", 5, 0) == 5);
	CLAIM(splice(fd, NULL, ends[1], NULL, BYTES, 0) == 5000 && splice(fd, NULL, ends[1], NULL, 3, 0) == 3);
	CLAIM(splice(fd, NULL, ends[1], NULL, BYTES, 0) == 5 && read(ends[0], back, BYTES) == 5008);
	CLAIM(memcmp(back, text, 5000) == 0 && memcmp(back + 5000, "secthird", 8) == 0);
	CLAIM(write(ends[1], "to", 2) == 2 && splice(ends[0], NULL, fd, NULL, 100, 0) == 2 && read(fd, back, BYTES) == 2);
	close(fd);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	pattern();
	alarm(20); /* for who waits for ever */
	tcp();
	udp();
	return claims_end("netsplice");
}
