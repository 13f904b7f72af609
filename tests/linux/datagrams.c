// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Datagrams within the machine: who may send to whom, and what is no name. */
#include "tests/linux/claims.h"

#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MANY = 20, NAME = offsetof(struct sockaddr_un, sun_path) };

static const struct sockaddr_un one = { .sun_family = AF_UNIX, .sun_path = "\0one" };
static const struct sockaddr_un two = { .sun_family = AF_UNIX, .sun_path = "\0two" };
static const struct sockaddr_un six = { .sun_family = AF_UNIX, .sun_path = "\0six" };
static const struct sockaddr elsewhere = { .sa_family = AF_INET, .sa_data = "/tmp/nothing" };
static const struct sockaddr none = { .sa_family = AF_UNSPEC };

static int named(const struct sockaddr_un *name)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	CLAIM(fd >= 0 && bind(fd, (const struct sockaddr *)name, NAME + 4) == 0);
	return fd;
}

static int connects(int fd, const struct sockaddr_un *name)
{
	return connect(fd, (const struct sockaddr *)name, NAME + 4);
}

static ssize_t sends(int fd, const struct sockaddr_un *name)
{
	return sendto(fd, "x", 1, 0, (const struct sockaddr *)name, NAME + 4);
}

/* Who is connected takes what its peer sends, and nothing from others, until it is connected no more. */
static void peers(void)
{
	int a = named(&one), b = named(&two), other = socket(AF_UNIX, SOCK_DGRAM, 0), pair[2];
	char byte;

	CLAIM(sends(other, &one) == 1 && recv(a, &byte, 1, MSG_DONTWAIT) == 1 && connects(a, &two) == 0);
	REFUSED(sends(other, &one), EPERM);
	REFUSED(connects(other, &one), EPERM);
	CLAIM(sends(b, &one) == 1 && recv(a, &byte, 1, MSG_DONTWAIT) == 1 && connects(b, &one) == 0 && send(a, "x", 1, 0) == 1);
	CLAIM(connect(a, &none, sizeof(none)) == 0 && sends(other, &one) == 1 && recv(a, &byte, 1, MSG_DONTWAIT) == 1);
	REFUSED(send(a, "x", 1, 0), ENOTCONN);
	CLAIM(close(b) == 0 && socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
	CLAIM(bind(pair[0], (const struct sockaddr *)&two, NAME + 4) == 0 && send(pair[1], "x", 1, 0) == 1);
	REFUSED(sends(other, &two), EPERM);
	CLAIM(recv(pair[0], &byte, 1, MSG_DONTWAIT) == 1 && recv(pair[0], &byte, 1, MSG_DONTWAIT) == -1);
	CLAIM(close(a) == 0 && close(other) == 0 && close(pair[0]) == 0 && close(pair[1]) == 0);
}

/* What is no name, or longer than one. */
static void names(void)
{
	char longest[sizeof(struct sockaddr_un) + 1] = { AF_UNIX, 0, 0, 'l' };
	int a = socket(AF_UNIX, SOCK_DGRAM, 0), b = socket(AF_UNIX, SOCK_DGRAM, 0);

	REFUSED(bind(a, (struct sockaddr *)longest, sizeof(longest)), EINVAL);
	CLAIM(bind(a, (struct sockaddr *)longest, sizeof(longest) - 1) == 0);
	REFUSED(connect(b, (struct sockaddr *)longest, sizeof(longest)), EINVAL);
	REFUSED(sendto(b, "x", 1, 0, (struct sockaddr *)longest, sizeof(longest)), EINVAL);
	REFUSED(bind(b, &elsewhere, sizeof(elsewhere)), EINVAL);
	REFUSED(connect(b, &elsewhere, sizeof(elsewhere)), EINVAL);
	REFUSED(connect(b, (struct sockaddr *)longest, NAME), EINVAL);
	REFUSED(sendto(b, "x", 1, 0, (struct sockaddr *)longest, NAME), EINVAL);
	CLAIM(connect(b, (struct sockaddr *)longest, sizeof(longest) - 1) == 0 && send(b, "x", 1, 0) == 1);
	CLAIM(close(a) == 0 && close(b) == 0);
	a = socket(AF_UNIX, SOCK_STREAM, 0);
	REFUSED(connect(a, (struct sockaddr *)longest, NAME), EINVAL);
	REFUSED(connect(a, &none, sizeof(none)), EINVAL);
	CLAIM(close(a) == 0);
}

/* Of what is whole the rest is gone, and that is told. */
static void cut(void)
{
	char data[4];
	struct iovec piece = { data, 2 };
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };
	int pair[2];

	for (int type = SOCK_DGRAM; type <= SOCK_SEQPACKET; type += SOCK_SEQPACKET - SOCK_DGRAM) {
		CLAIM(socketpair(AF_UNIX, type, 0, pair) == 0);
		for (ssize_t bytes = 1; bytes <= 3; bytes++) {
			CLAIM(send(pair[0], "abc", (size_t)bytes, 0) == bytes && recv(pair[1], data, 1, MSG_PEEK | MSG_TRUNC) == bytes);
			CLAIM(recvmsg(pair[1], &message, 0) == (bytes < 2 ? bytes : 2) && (message.msg_flags & MSG_TRUNC) == (bytes > 2 ? MSG_TRUNC : 0));
		}
		REFUSED(recv(pair[1], (void *)-4096ul, 8, MSG_DONTWAIT), EFAULT); /* before it is looked whether there is any */
		REFUSED(send(pair[0], (void *)-4096ul, 8, 0), EFAULT);
		CLAIM(recv(pair[1], data, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN && close(pair[0]) == 0 && close(pair[1]) == 0);
	}
}

/* Who is no socket sends and receives nothing. */
static void others(int fd, int why)
{
	struct sockaddr_un name = one;
	socklen_t bytes = sizeof(name);
	struct msghdr message = { 0 };
	char byte;

	REFUSED(recv(fd, &byte, 1, 0), why);
	REFUSED(recvfrom(fd, &byte, 1, 0, (struct sockaddr *)&name, &bytes), why);
	REFUSED(send(fd, "x", 1, 0), why);
	REFUSED(sends(fd, &one), why);
	REFUSED(recvmsg(fd, &message, 0), why);
	REFUSED(sendmsg(fd, &message, 0), why);
	REFUSED(connects(fd, &one), why);
	REFUSED(bind(fd, (struct sockaddr *)&name, NAME + 4), why);
	REFUSED(listen(fd, 1), why);
	REFUSED(accept(fd, NULL, NULL), why);
	REFUSED(shutdown(fd, SHUT_RD), why);
	REFUSED(getsockname(fd, (struct sockaddr *)&name, &bytes), why);
	REFUSED(getpeername(fd, (struct sockaddr *)&name, &bytes), why);
	REFUSED(getsockopt(fd, SOL_SOCKET, SO_TYPE, &byte, &bytes), why);
	REFUSED(setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &byte, bytes), why);
}

/* Names of the kernel's choice are five digits, and nobody else's. */
static void chosen(void)
{
	struct sockaddr_un told[MANY] = { 0 };
	socklen_t bytes;
	int fd[MANY];

	for (int i = 0; i < MANY; i++) {
		fd[i] = socket(AF_UNIX, SOCK_DGRAM, 0);
		bytes = sizeof(told[i]);
		CLAIM(bind(fd[i], (const struct sockaddr *)&(struct sockaddr_un){ .sun_family = AF_UNIX }, NAME) == 0);
		CLAIM(getsockname(fd[i], (struct sockaddr *)&told[i], &bytes) == 0 && bytes == NAME + 6 && told[i].sun_path[0] == 0);
		CLAIM(strspn(told[i].sun_path + 1, "0123456789abcdef") == 5);
		for (int j = 0; j < i; j++)
			CLAIM(memcmp(told[i].sun_path, told[j].sun_path, 6) != 0);
	}
	for (int i = 0; i < MANY; i++)
		CLAIM(close(fd[i]) == 0);
}

/* Who is connected to one that went is told so once, and then is not connected: not to who has the name now either. */
static void successors(void)
{
	int a = named(&one), b = socket(AF_UNIX, SOCK_DGRAM, 0), c, pair[2];
	struct pollfd look = { .fd = b, .events = POLLOUT };
	struct sockaddr_un name;
	socklen_t bytes = sizeof(name);
	char byte;

	CLAIM(connects(b, &one) == 0 && send(b, "x", 1, 0) == 1 && close(a) == 0);
	a = named(&one);
	CLAIM(poll(&look, 1, 0) == 1 && look.revents == POLLOUT && getpeername(b, (struct sockaddr *)&name, &bytes) == 0 && bytes == NAME + 4);
	REFUSED(send(b, "x", 1, 0), ECONNREFUSED);
	REFUSED(send(b, "x", 1, 0), ENOTCONN);
	REFUSED(getpeername(b, (struct sockaddr *)&name, &bytes), ENOTCONN);
	REFUSED(recv(a, &byte, 1, MSG_DONTWAIT), EAGAIN);
	CLAIM(sends(b, &one) == 1 && recv(a, &byte, 1, 0) == 1 && connects(b, &one) == 0 && send(b, "x", 1, 0) == 1 && recv(a, &byte, 1, 0) == 1);
	/* And is free to hear of anybody. */
	CLAIM(bind(b, (const struct sockaddr *)&two, NAME + 4) == 0 && connects(b, &one) == 0 && close(a) == 0);
	REFUSED(send(b, "x", 1, 0), ECONNREFUSED);
	a = named(&one);
	CLAIM(sends(a, &two) == 1 && recv(b, &byte, 1, 0) == 1 && close(b) == 0);
	b = socket(AF_UNIX, SOCK_DGRAM, 0);
	/* What the one that went was connected to takes nothing of who has its name. */
	c = named(&two);
	CLAIM(connects(c, &one) == 0 && close(a) == 0);
	a = named(&one);
	REFUSED(sends(a, &two), EPERM);
	CLAIM(close(a) == 0 && close(b) == 0 && close(c) == 0 && socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0 && close(pair[1]) == 0);
	REFUSED(send(pair[0], "x", 1, 0), ECONNREFUSED);
	REFUSED(send(pair[0], "x", 1, 0), ENOTCONN);
	CLAIM(close(pair[0]) == 0);
}

/* With whom it was connected to what has come is lost: when it learns that that one has gone, or is connected elsewhere. */
static void lost(void)
{
	int a = named(&one), b = named(&two), c = named(&six), pair[2];
	char byte;

	CLAIM(sends(a, &two) == 1 && connects(b, &one) == 0 && recv(b, &byte, 1, MSG_DONTWAIT) == 1);
	CLAIM(sends(a, &two) == 1 && connects(b, &one) == 0 && recv(b, &byte, 1, MSG_DONTWAIT) == 1); /* to the same */
	CLAIM(sends(a, &two) == 1 && connect(b, &none, sizeof(none)) == 0);
	REFUSED(recv(b, &byte, 1, MSG_DONTWAIT), EAGAIN);
	CLAIM(sends(a, &two) == 1 && connect(b, &none, sizeof(none)) == 0 && recv(b, &byte, 1, MSG_DONTWAIT) == 1); /* it was not */
	CLAIM(connects(b, &one) == 0 && sends(a, &two) == 1 && connects(b, &six) == 0);
	REFUSED(recv(b, &byte, 1, MSG_DONTWAIT), EAGAIN);
	CLAIM(connects(b, &one) == 0 && sends(a, &two) == 1 && close(a) == 0 && recv(b, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 1);
	REFUSED(send(b, "x", 1, 0), ECONNREFUSED);
	REFUSED(recv(b, &byte, 1, MSG_DONTWAIT), EAGAIN);
	CLAIM(sends(c, &two) == 1 && recv(b, &byte, 1, MSG_DONTWAIT) == 1 && close(b) == 0 && close(c) == 0);
	CLAIM(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0 && send(pair[1], "x", 1, 0) == 1 && close(pair[1]) == 0);
	REFUSED(send(pair[0], "x", 1, 0), ECONNREFUSED);
	REFUSED(recv(pair[0], &byte, 1, MSG_DONTWAIT), EAGAIN);
	CLAIM(close(pair[0]) == 0);
}

/* Who sends no more is told that, before it is looked where to. */
static void silent(void)
{
	static const struct sockaddr_un nowhere = { .sun_family = AF_UNIX, .sun_path = "/tmp/nothing" };
	static char large[1 << 18];
	int a = named(&one), b = socket(AF_UNIX, SOCK_DGRAM, 0);

	REFUSED(sendto(b, "x", 1, 0, (const struct sockaddr *)&nowhere, sizeof(nowhere)), ENOENT);
	REFUSED(sendto(b, large, sizeof(large), 0, (const struct sockaddr *)&nowhere, sizeof(nowhere)), EMSGSIZE);
	CLAIM(shutdown(b, SHUT_WR) == 0);
	REFUSED(send(b, "x", 1, 0), ENOTCONN);
	REFUSED(sendto(b, "x", 1, 0, (const struct sockaddr *)&nowhere, sizeof(nowhere)), EPIPE);
	REFUSED(sendto(b, large, sizeof(large), 0, (const struct sockaddr *)&nowhere, sizeof(nowhere)), EMSGSIZE);
	REFUSED(sendto(b, "x", 1, 0, (const struct sockaddr *)&nowhere, sizeof(nowhere) + 1), EINVAL);
	REFUSED(sends(b, &two), EPIPE);
	CLAIM(connects(b, &one) == 0 && close(a) == 0);
	REFUSED(send(b, "x", 1, 0), EPIPE);
	CLAIM(close(b) == 0);
}

int main(void)
{
	peers();
	names();
	cut();
	others(-1, EBADF);
	others(0, ENOTSOCK);
	chosen();
	successors();
	silent();
	lost();
	return claims_end("datagrams");
}
