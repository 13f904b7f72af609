// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Sockets at their edges: names, what is cut off, what is shut down, which queue is full, and what is refused. */
#include "tests/linux/claims.h"
#include "tests/linux/rights.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { DATAGRAMS = 200, DATAGRAM = 4000 };
enum { PORT = 8181, PORT_SIX = 8182, PORT_UDP = 8183, ROUNDS = 20, NAME = offsetof(struct sockaddr_un, sun_path) };

#define BAD ((void *)16)

static struct sockaddr_in own(unsigned address, int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr.s_addr = htonl(address) };
}

static int connects(int fd, unsigned address, int port)
{
	struct sockaddr_in to = own(address, port);

	return connect(fd, (struct sockaddr *)&to, sizeof(to));
}

static int ready(int fd, short events, int timeout)
{
	struct pollfd wanted = { .fd = fd, .events = events };

	return poll(&wanted, 1, timeout) < 0 ? -1 : wanted.revents;
}

/* A datagram is cut where there is no room, and that is told; one that fits is whole. */
static void datagrams(void)
{
	struct sockaddr_in at = own(INADDR_LOOPBACK, PORT_UDP);
	struct sockaddr_in from = { 0 };
	socklen_t bytes = sizeof(from);
	static char data[16]; /* far from where addresses end */
	struct iovec piece = { data, 4 };
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1, .msg_name = &from, .msg_namelen = sizeof(from), .msg_flags = 99 };
	int a = socket(AF_INET, SOCK_DGRAM, 0);
	int b = socket(AF_INET, SOCK_DGRAM, 0);

	CLAIM(bind(a, (struct sockaddr *)&at, sizeof(at)) == 0 && getsockname(a, (struct sockaddr *)&from, &bytes) == 0);
	CLAIM(bytes == sizeof(from) && from.sin_family == AF_INET && from.sin_port == htons(PORT_UDP) && from.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
	REFUSED(getpeername(a, (struct sockaddr *)&from, &bytes), ENOTCONN);
	CLAIM(connects(b, INADDR_LOOPBACK, PORT_UDP) == 0 && getpeername(b, (struct sockaddr *)&from, &bytes) == 0 && from.sin_port == htons(PORT_UDP));
	CLAIM(send(b, "12345678", 8, 0) == 8 && send(b, "1234", 4, 0) == 4 && send(b, "", 0, 0) == 0 && send(b, "12345", 5, 0) == 5);
	CLAIM(recvmsg(a, &message, 0) == 4 && message.msg_flags == MSG_TRUNC && memcmp(data, "1234", 4) == 0 && message.msg_namelen == sizeof(from));
	CLAIM(recvmsg(a, &message, 0) == 4 && message.msg_flags == 0 && recvmsg(a, &message, 0) == 0 && message.msg_flags == 0);
	piece.iov_len = 5;
	CLAIM(recvmsg(a, &message, 0) == 5 && message.msg_flags == 0 && memcmp(data, "12345", 5) == 0);
	REFUSED(send(b, BAD, 8, 0), EFAULT);
	REFUSED(syscall(SYS_recvmsg, a, BAD, 0), EFAULT);
	piece.iov_len = (size_t)-1;
	REFUSED(sendmsg(b, &message, 0), EINVAL);
	/* More room than there can be is room enough; more to send than there is, is not there. */
	piece.iov_len = (size_t)1 << 40;
	CLAIM(send(b, "much", 4, 0) == 4 && recvmsg(a, &message, 0) == 4 && memcmp(data, "much", 4) == 0);
	REFUSED(sendmsg(b, &message, 0), EMSGSIZE);
	message.msg_iovlen = 1025;
	REFUSED(sendmsg(b, &message, 0), EMSGSIZE);
	CLAIM(close(a) == 0 && close(b) == 0);
}

static void streams(void)
{
	struct sockaddr_in at = own(INADDR_ANY, PORT);
	struct sockaddr_in other = own(INADDR_LOOPBACK, PORT + 9);
	struct linger linger = { 0 };
	char data[16];
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int one = 1;
	int fd = -1;

	CLAIM(fcntl(client, F_GETFD) == FD_CLOEXEC && setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0);
	CLAIM(bind(listener, (struct sockaddr *)&at, sizeof(at)) == 0);
	REFUSED(bind(listener, (struct sockaddr *)&other, sizeof(other)), EINVAL);
	REFUSED(bind(client, (struct sockaddr *)&at, 200), EINVAL);
	REFUSED(bind(client, BAD, sizeof(at)), EFAULT);
	CLAIM(setsockopt(client, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) == 0);
	REFUSED(setsockopt(client, SOL_SOCKET, SO_LINGER, &linger, 4), EINVAL);
	REFUSED(setsockopt(client, SOL_SOCKET, SO_KEEPALIVE, BAD, 4), EFAULT);
	REFUSED(setsockopt(client, SOL_SOCKET, SO_KEEPALIVE, &one, 3), EINVAL);
	/* Any address is this machine. */
	CLAIM(listen(listener, 0) == 0 && connects(client, INADDR_ANY, PORT) == 0 && (fd = accept(listener, NULL, NULL)) >= 0);
	REFUSED(bind(client, (struct sockaddr *)&other, sizeof(other)), EINVAL);
	CLAIM(send(client, "hello", 5, 0) == 5 && ready(fd, POLLIN | POLLRDHUP, 1000) == POLLIN && read(fd, data, 16) == 5);
	CLAIM(shutdown(client, SHUT_WR) == 0 && ready(fd, POLLRDHUP, 1000) == POLLRDHUP && read(fd, data, 16) == 0);
	REFUSED(send(client, "x", 1, MSG_NOSIGNAL), EPIPE);
	REFUSED(shutdown(fd, 3), EINVAL);
	CLAIM(write(fd, "back", 4) == 4 && read(client, data, 16) == 4 && shutdown(fd, SHUT_RDWR) == 0 && read(client, data, 16) == 0);
	CLAIM(close(fd) == 0 && close(client) == 0);
	/* Who does not want to read any more has come to the end; so has who reads at the same time. */
	client = socket(AF_INET, SOCK_STREAM, 0);
	CLAIM(connects(client, INADDR_LOOPBACK, PORT) == 0 && (fd = accept(listener, NULL, NULL)) >= 0);
	CLAIM(shutdown(client, SHUT_RD) == 0 && (ready(client, POLLIN | POLLRDHUP, 0) & POLLRDHUP) != 0 && read(client, data, 16) == 0);
	CLAIM(write(client, "still", 5) == 5 && read(fd, data, 16) == 5 && close(fd) == 0 && close(client) == 0 && close(listener) == 0);
}

/* Of both families where it was not told to be of one. */
static void families(void)
{
	struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_port = htons(PORT_SIX) };

	for (int only = 0; only < 2; only++) {
		int one = 1;
		int fd = -1;
		int client = socket(AF_INET, SOCK_STREAM, 0);
		int listener = socket(AF_INET6, SOCK_STREAM, 0);

		CLAIM(setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)) == 0);
		CLAIM(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0);
		CLAIM(bind(listener, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(listener, 1) == 0);
		if (only)
			REFUSED(connects(client, INADDR_LOOPBACK, PORT_SIX), ECONNREFUSED);
		else
			CLAIM(connects(client, INADDR_LOOPBACK, PORT_SIX) == 0 && (fd = accept(listener, NULL, NULL)) >= 0 && close(fd) == 0);
		CLAIM(close(client) == 0 && close(listener) == 0);
	}
}

static volatile sig_atomic_t broken;

static void on_broken(int signal_)
{
	(void)signal_;
	broken++;
}

static socklen_t name_make(struct sockaddr_un *name, const char *text)
{
	*name = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(name->sun_path + 1, text, strlen(text));
	return (socklen_t)(NAME + 1 + strlen(text));
}

/* Names that are no files: equal only in length and content, and one for who asks for any. */
static void abstract_names(void)
{
	struct sockaddr_un one, two, told;
	socklen_t bytes = name_make(&one, "name-one");
	socklen_t other = name_make(&two, "name-two");
	char data[8];
	int a = socket(AF_UNIX, SOCK_DGRAM, 0);
	int b = socket(AF_UNIX, SOCK_DGRAM, 0);
	int c = socket(AF_UNIX, SOCK_DGRAM, 0);

	CLAIM(bind(a, (struct sockaddr *)&one, bytes) == 0 && bind(b, (struct sockaddr *)&two, other) == 0);
	REFUSED(bind(c, (struct sockaddr *)&one, bytes), EADDRINUSE);
	REFUSED(bind(a, (struct sockaddr *)&two, bytes - 1), EINVAL);
	CLAIM(sendto(c, "to a", 4, 0, (struct sockaddr *)&one, bytes) == 4 && sendto(c, "to b!", 5, 0, (struct sockaddr *)&two, other) == 5);
	CLAIM(recv(a, data, 8, MSG_DONTWAIT) == 4 && recv(b, data, 8, MSG_DONTWAIT) == 5 && memcmp(data, "to b!", 5) == 0);
	REFUSED(sendto(c, "x", 1, 0, (struct sockaddr *)&one, bytes - 1), ECONNREFUSED);
	CLAIM(bind(c, (struct sockaddr *)&(struct sockaddr_un){ .sun_family = AF_UNIX }, NAME) == 0 && (bytes = sizeof(told)) > 0);
	CLAIM(getsockname(c, (struct sockaddr *)&told, &bytes) == 0 && bytes == NAME + 6 && told.sun_path[0] == 0 && told.sun_path[1] != 0);
	CLAIM(bind(c, (struct sockaddr *)&(struct sockaddr_un){ .sun_family = AF_UNIX }, NAME) == 0); /* it has one */
	bytes = name_make(&one, "");
	CLAIM(close(a) == 0 && (a = socket(AF_UNIX, SOCK_STREAM, 0)) >= 0 && bind(a, (struct sockaddr *)&one, bytes) == 0);
	CLAIM((bytes = sizeof(told)) > 0 && getsockname(a, (struct sockaddr *)&told, &bytes) == 0 && bytes == NAME + 1);
	REFUSED(socket(AF_UNIX, SOCK_RDM, 0), ESOCKTNOSUPPORT);
	REFUSED(socketpair(AF_UNIX, SOCK_RDM, 0, (int[2]){ -1, -1 }), ESOCKTNOSUPPORT);
	CLAIM(close(a) == 0 && close(b) == 0 && close(c) == 0);
}

/* Who connected, spoke and went is accepted all the same; and room in the queue is what was not accepted. */
static void waiting(void)
{
	struct sockaddr_un name;
	socklen_t bytes = name_make(&name, "waiting");
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	char data[8];

	CLAIM(bind(listener, (struct sockaddr *)&name, bytes) == 0 && listen(listener, 2) == 0);
	for (int i = 0; i < ROUNDS; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);
		int taken;

		CLAIM(connect(fd, (struct sockaddr *)&name, bytes) == 0 && write(fd, "word", 4) == 4 && close(fd) == 0);
		CLAIM((taken = accept(listener, NULL, NULL)) >= 0 && read(taken, data, 8) == 4 && read(taken, data, 8) == 0 && close(taken) == 0);
	}
	CLAIM(close(listener) == 0);
	for (int i = 0; i < ROUNDS; i++) { /* a listener that goes takes with it who waits */
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		listener = socket(AF_UNIX, SOCK_STREAM, 0);
		CLAIM(bind(listener, (struct sockaddr *)&name, bytes) == 0 && listen(listener, 2) == 0 && connect(fd, (struct sockaddr *)&name, bytes) == 0);
		CLAIM(close(listener) == 0);
		REFUSED(read(fd, data, 8), ECONNRESET);
		CLAIM(close(fd) == 0);
	}
}

/* Whatever it is, a stream goes nowhere else than where it is connected to, and what is whole goes there all the same. */
static void destinations(void)
{
	struct sockaddr_in elsewhere = own(INADDR_LOOPBACK, PORT);
	struct sockaddr *const to = (struct sockaddr *)&elsewhere;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int pair[2];

	REFUSED(sendto(fd, "x", 1, 0, to, sizeof(elsewhere)), EOPNOTSUPP);
	CLAIM(close(fd) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	REFUSED(sendto(pair[0], "x", 1, 0, to, sizeof(elsewhere)), EISCONN);
	REFUSED(sendto(pair[0], "x", 1, 0, to, 1), EISCONN);
	CLAIM(close(pair[0]) == 0 && close(pair[1]) == 0 && socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	CLAIM(sendto(pair[0], "x", 1, 0, to, sizeof(elsewhere)) == 1 && close(pair[0]) == 0 && close(pair[1]) == 0);
	CLAIM(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
	REFUSED(sendto(pair[0], "x", 1, 0, to, sizeof(elsewhere)), EINVAL);
	CLAIM(close(pair[0]) == 0 && close(pair[1]) == 0);
}

static void pairs(void)
{
	char data[8];
	int pair[2];

	signal(SIGPIPE, on_broken);
	CLAIM(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0 && ready(pair[0], POLLIN | POLLOUT, 0) == POLLOUT);
	CLAIM(send(pair[0], "", 0, 0) == 0 && ready(pair[1], POLLIN, 0) == 0); /* nothing is no message of a stream */
	CLAIM(shutdown(pair[1], SHUT_RD) == 0 && read(pair[1], data, 8) == 0 && send(pair[1], "x", 1, 0) == 1 && read(pair[0], data, 8) == 1);
	REFUSED(send(pair[0], "x", 1, MSG_NOSIGNAL), EPIPE);
	CLAIM(broken == 0);
	REFUSED(send(pair[0], "x", 1, 0), EPIPE);
	CLAIM(broken == 1);
	REFUSED(write(pair[0], "x", 1), EPIPE);
	CLAIM(broken == 2 && close(pair[0]) == 0 && close(pair[1]) == 0);
	CLAIM(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0 && send(pair[0], "", 0, 0) == 0 && send(pair[0], "ab", 2, 0) == 2);
	CLAIM(read(pair[1], data, 8) == 0 && read(pair[1], data, 1) == 1 && ready(pair[1], POLLIN, 0) == 0 && close(pair[0]) == 0 && close(pair[1]) == 0);
}

/* Descriptors that cannot be told are none, and what was sent along is gone; the data that it came with is not. */
static void rights_lost(void)
{
	char byte = 'x';
	struct iovec piece = { &byte, 1 };
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1, .msg_control = BAD, .msg_controllen = CMSG_SPACE(sizeof(int)) };
	int pair[2];
	int ends[2];

	CLAIM(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && pipe2(ends, O_NONBLOCK) == 0);
	CLAIM(hand_over(pair[0], ends[1], 0) == 1 && close(ends[1]) == 0);
	CLAIM(syscall(SYS_recvmsg, pair[1], &message, 0) == 1 && (message.msg_flags & MSG_CTRUNC) != 0 && read(ends[0], &byte, 1) == 0);
	CLAIM(close(ends[0]) == 0 && close(pair[0]) == 0 && close(pair[1]) == 0);
}

/* Writable is who has at most a quarter of the room taken; who has gone still has a name; what cannot come is not waited for. */
static void peers(void)
{
	static char much[65536];
	struct sockaddr_un told;
	socklen_t bytes = sizeof(told);
	struct iovec piece = { much, 1 };
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };
	int pair[2];

	CLAIM(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0 && write(pair[0], much, sizeof(much)) == sizeof(much));
	CLAIM(ready(pair[0], POLLIN | POLLOUT, 0) == 0 && write(pair[0], much, 1) == 1 && recv(pair[1], much, sizeof(much), MSG_WAITALL) == sizeof(much));
	CLAIM(ready(pair[0], POLLOUT, 0) == POLLOUT && recvmsg(pair[1], &message, MSG_CMSG_CLOEXEC) == 1 && message.msg_flags == MSG_CMSG_CLOEXEC);
	CLAIM(getsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, much, &(socklen_t){ 4 }) == 0 && memcmp(much, "\0\0\0", 4) == 0);
	CLAIM(close(pair[0]) == 0 && getpeername(pair[1], (struct sockaddr *)&told, &bytes) == 0 && bytes == NAME);
	REFUSED(send(pair[1], "", 0, MSG_NOSIGNAL), EPIPE); /* even nothing */
	CLAIM(syscall(SYS_writev, pair[1], &piece, 0) == 0); /* but pieces of nothing */
	CLAIM(close(pair[1]) == 0 && socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0 && send(pair[0], "x", 1, 0) == 1 && close(pair[1]) == 0);
	REFUSED(send(pair[0], "x", 1, MSG_NOSIGNAL), ECONNRESET);
	REFUSED(send(pair[0], "x", 1, MSG_NOSIGNAL), EPIPE);
	/* To who receives that is told before what has come, and what has come is still there. */
	CLAIM(close(pair[0]) == 0 && socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0 && send(pair[0], "x", 1, 0) == 1 && send(pair[1], "y", 1, 0) == 1);
	CLAIM(close(pair[1]) == 0);
	REFUSED(recv(pair[0], much, 8, 0), ECONNRESET);
	CLAIM(recv(pair[0], much, 8, 0) == 1 && much[0] == 'y' && recv(pair[0], much, 8, 0) == 0);
	CLAIM(close(pair[0]) == 0);
	CLAIM(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair) == 0 && shutdown(pair[1], SHUT_RD) == 0);
	REFUSED(read(pair[1], much, 8), EAGAIN);
	CLAIM(fcntl(pair[1], F_SETFL, 0) == 0 && read(pair[1], much, 8) == 0);
	REFUSED(recv(pair[1], much, 8, MSG_DONTWAIT), EAGAIN);
	CLAIM(close(pair[0]) == 0 && close(pair[1]) == 0);
}

/* Descriptors that were only looked at are there, and come again; a listener that is shut down says so. */
static void looked_at(void)
{
	struct sockaddr_un name;
	socklen_t bytes = name_make(&name, "looked-at");
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	int pair[2];
	int ends[2];
	char data;

	CLAIM(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && pipe(ends) == 0 && hand_over(pair[0], ends[1], 0) == 1 && close(ends[1]) == 0);
	for (int i = 0; i < 3; i++) {
		int fd = take_over(pair[1], i < 2 ? MSG_PEEK : 0);

		CLAIM(fd >= 0 && write(fd, "x", 1) == 1 && read(ends[0], &data, 1) == 1 && close(fd) == 0);
	}
	CLAIM(read(ends[0], &data, 1) == 0); /* nobody has it any more */
	for (int closes = 0; closes < 2; closes++) {
		int fd = hand_over(pair[0], ends[0], 0) == 1 ? take_over(pair[1], closes ? MSG_CMSG_CLOEXEC : 0) : -1;

		CLAIM(fd >= 0 && fcntl(fd, F_GETFD) == (closes ? FD_CLOEXEC : 0) && close(fd) == 0);
	}
	CLAIM(close(ends[0]) == 0 && close(pair[0]) == 0 && close(pair[1]) == 0);
	CLAIM(bind(listener, (struct sockaddr *)&name, bytes) == 0 && listen(listener, 1) == 0 && ready(listener, POLLIN | POLLOUT, 0) == 0);
	REFUSED(ioctl(listener, FIONREAD, &bytes), EINVAL);
	REFUSED(syscall(SYS_accept4, 99, NULL, NULL, 1), EBADF);
	REFUSED(syscall(SYS_accept4, listener, NULL, NULL, 1), EINVAL);
	CLAIM(shutdown(listener, SHUT_RDWR) == 0 && ready(listener, POLLIN | POLLOUT, 0) == (POLLIN | POLLHUP) && close(listener) == 0);
}

static void *sends_much(void *arg)
{
	static const char data[DATAGRAM];

	for (int i = 0; i < DATAGRAMS; i++)
		CLAIM(send(*(int *)arg, data, sizeof(data), 0) == sizeof(data));
	return NULL;
}

/* Who sends to a full queue by its name goes on when there is room again. */
static void full_queue(void)
{
	struct timeval limit = { .tv_sec = 5 }; /* for a claim that does not hold */
	struct sockaddr_un name;
	socklen_t bytes = name_make(&name, "full-queue");
	int receiver = socket(AF_UNIX, SOCK_DGRAM, 0);
	int sender = socket(AF_UNIX, SOCK_DGRAM, 0);
	char data[DATAGRAM] = "";
	pthread_t thread;
	int sent = 0;

	CLAIM(bind(receiver, (struct sockaddr *)&name, bytes) == 0 && connect(sender, (struct sockaddr *)&name, bytes) == 0);
	CLAIM(setsockopt(sender, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0);
	CLAIM(setsockopt(receiver, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0 && ready(sender, POLLOUT, 0) == POLLOUT);
	while (sent < DATAGRAMS && send(sender, data, sizeof(data), MSG_DONTWAIT) == sizeof(data))
		sent++;
	CLAIM(sent < DATAGRAMS && errno == EAGAIN && ready(sender, POLLOUT, 0) == 0);
	CLAIM(pthread_create(&thread, NULL, sends_much, &sender) == 0 && usleep(20000) == 0);
	for (int i = 0; i < sent + DATAGRAMS; i++)
		CLAIM(recv(receiver, data, sizeof(data), 0) == sizeof(data));
	CLAIM(pthread_join(thread, NULL) == 0 && ready(sender, POLLOUT, 0) == POLLOUT && recv(receiver, data, 1, MSG_DONTWAIT) == -1);
	/* A receiver that goes while somebody waits for it. */
	while (send(sender, data, sizeof(data), MSG_DONTWAIT) == sizeof(data))
		;
	CLAIM(ready(sender, POLLOUT, 0) == 0 && close(receiver) == 0 && ready(sender, POLLOUT, 1000) == POLLOUT);
	REFUSED(send(sender, data, 1, 0), ECONNREFUSED);
	CLAIM(close(sender) == 0);
}

int main(void)
{
	datagrams();
	streams();
	families();
	abstract_names();
	waiting();
	destinations();
	pairs();
	rights_lost();
	peers();
	looked_at();
	full_queue();
	return claims_end("endpoints");
}
