// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What becomes of TCP sockets when connecting fails, when it is undone, and when a connection ends. */
#include "tests/linux/claims.h"
#include "tests/linux/inet.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { PORT = 8220, NOBODY = 8229, ROUNDS = 50 };

static const struct sockaddr elsewhere = { .sa_family = AF_UNIX, .sa_data = "/tmp/nothing" };

/* Nobody listens there: that is known at once within the machine, and the socket can be used again. */
static void refused(void)
{
	int fd = tcp(), listener = tcp(), why = 0;
	struct sockaddr_in name;
	socklen_t len = sizeof(why);

	REFUSED(connects(fd, INADDR_LOOPBACK, NOBODY), ECONNREFUSED);
	REFUSED(connects(fd, INADDR_LOOPBACK, NOBODY), ECONNREFUSED);
	REFUSED(recv(fd, &why, 1, 0), ENOTCONN);
	CLAIM(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
	REFUSED(connects(fd, INADDR_LOOPBACK, NOBODY), EINPROGRESS);
	CLAIM(poll(&(struct pollfd){ .fd = fd }, 1, 5000) == 1);
	REFUSED(send(fd, "x", 1, MSG_NOSIGNAL), ECONNREFUSED);
	REFUSED(send(fd, "x", 1, MSG_NOSIGNAL), EPIPE);
	REFUSED(listen(fd, 1), EINVAL);
	REFUSED(connect(fd, &elsewhere, sizeof(elsewhere)), ECONNABORTED); /* not that it is no address of its own */
	REFUSED(connect(fd, &elsewhere, sizeof(elsewhere)), EAFNOSUPPORT);
	REFUSED(connects(fd, INADDR_LOOPBACK, NOBODY), EINPROGRESS);
	CLAIM(poll(&(struct pollfd){ .fd = fd }, 1, 5000) == 1);
	CLAIM(getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &len) == 0 && why == ECONNREFUSED);
	CLAIM(getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &len) == 0 && why == 0 && recv(fd, &why, 1, 0) == 0);
	REFUSED(connects(fd, INADDR_LOOPBACK, NOBODY), ECONNABORTED);
	CLAIM(fcntl(fd, F_SETFL, 0) == 0 && binds(fd, INADDR_LOOPBACK, PORT + 3) == 0);
	REFUSED(connects(fd, INADDR_LOOPBACK, NOBODY), ECONNREFUSED);
	CLAIM(is_at(fd, INADDR_LOOPBACK, PORT + 3) && binds(listener, INADDR_LOOPBACK, PORT) == 0 && listen(listener, 1) == 0);
	CLAIM(connects(fd, INADDR_ANY, PORT) == 0 && is_at(fd, INADDR_LOOPBACK, PORT + 3));
	REFUSED(connects(fd, INADDR_LOOPBACK, PORT), EISCONN);
	len = sizeof(name);
	CLAIM(getpeername(fd, (struct sockaddr *)&name, &len) == 0 && name.sin_port == htons(PORT) && close(fd) == 0 && close(listener) == 0);
}

/* Who sends with MSG_FASTOPEN is connected by that, here always without a cookie. */
static void sent_first(void)
{
	const struct sockaddr_in there = at(INADDR_LOOPBACK, PORT + 8), nowhere = at(INADDR_LOOPBACK, NOBODY);
	int listener = tcp(), fd = tcp(), again = tcp(), to;
	char bytes[8];

	shares(listener);
	CLAIM(binds(listener, INADDR_LOOPBACK, PORT + 8) == 0 && listen(listener, 2) == 0);
	CLAIM(sendto(fd, "first", 5, MSG_FASTOPEN, (const struct sockaddr *)&there, sizeof(there)) == 5);
	CLAIM((to = accept(listener, NULL, NULL)) >= 0 && recv(to, bytes, sizeof(bytes), 0) == 5 && memcmp(bytes, "first", 5) == 0);
	REFUSED(sendto(fd, "more", 4, MSG_FASTOPEN, (const struct sockaddr *)&there, sizeof(there)), EISCONN);
	REFUSED(sendto(again, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, (const struct sockaddr *)&nowhere, sizeof(nowhere)), ECONNREFUSED);
	REFUSED(send(again, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL), EINVAL);
	REFUSED(sendto(again, "x", 1, MSG_FASTOPEN | MSG_DONTWAIT, (const struct sockaddr *)&there, sizeof(there)), EINPROGRESS);
	CLAIM(poll(&(struct pollfd){ .fd = again, .events = POLLOUT }, 1, 5000) == 1 && send(again, "later", 5, 0) == 5 && close(to) == 0);
	CLAIM((to = accept(listener, NULL, NULL)) >= 0 && recv(to, bytes, sizeof(bytes), 0) == 5 && memcmp(bytes, "later", 5) == 0);
	CLAIM(close(fd) == 0 && close(again) == 0 && close(to) == 0 && close(listener) == 0);
}

/* connect() with no address undoes a connection, and listening; shutdown() ends both as well. */
static void undone(void)
{
	int listener = tcp(), fd = tcp(), to;
	struct sockaddr_in name;
	socklen_t len = sizeof(name);
	char byte;

	shares(listener);
	CLAIM(binds(listener, INADDR_LOOPBACK, PORT + 4) == 0 && listen(listener, 1) == 0 && connects(fd, INADDR_LOOPBACK, PORT + 4) == 0);
	to = accept(listener, NULL, NULL);
	CLAIM(connect(fd, &unspecified, sizeof(unspecified)) == 0);
	REFUSED(getpeername(fd, (struct sockaddr *)&name, &len), ENOTCONN);
	REFUSED(recv(to, &byte, 1, 0), ECONNRESET);
	CLAIM(name_of(fd).sin_addr.s_addr == 0 && connects(fd, INADDR_LOOPBACK, PORT + 4) == 0 && close(to) == 0);
	to = accept(listener, NULL, NULL);
	CLAIM(send(fd, "x", 1, 0) == 1 && recv(to, &byte, 1, 0) == 1 && close(to) == 0 && close(fd) == 0);
	CLAIM(connect(listener, &unspecified, sizeof(unspecified)) == 0 && is_at(listener, INADDR_LOOPBACK, PORT + 4));
	REFUSED(accept(listener, NULL, NULL), EINVAL);
	fd = tcp();
	REFUSED(connects(fd, INADDR_LOOPBACK, PORT + 4), ECONNREFUSED);
	CLAIM(listen(listener, 1) == 0 && connects(fd, INADDR_LOOPBACK, PORT + 4) == 0);
	CLAIM(shutdown(listener, SHUT_RD) == 0 && listen(listener, 1) == 0 && close(fd) == 0 && close(listener) == 0);
}

/* One more waits to be accepted than listen() says. */
static void queued(void)
{
	int listener = tcp(), a = tcp(), b = tcp();
	struct pollfd poll_b = { .fd = b, .events = POLLOUT };

	CLAIM(binds(listener, INADDR_LOOPBACK, PORT + 5) == 0 && listen(listener, 1) == 0 && connects(a, INADDR_LOOPBACK, PORT + 5) == 0);
	CLAIM(fcntl(b, F_SETFL, O_NONBLOCK) == 0);
	REFUSED(connects(b, INADDR_LOOPBACK, PORT + 5), EINPROGRESS);
	CLAIM(poll(&poll_b, 1, 5000) == 1 && poll_b.revents == POLLOUT);
	CLAIM(close(a) == 0 && close(b) == 0 && close(listener) == 0);
}

static short polled(int fd, short wanted)
{
	struct pollfd look = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP };

	for (int i = 0; i < 1000 && look.revents != wanted; i++) {
		CLAIM(poll(&look, 1, 0) >= 0);
		usleep(look.revents != wanted ? 1000 : 0);
	}
	return look.revents;
}

/* What poll says of a socket of which a half, or both, are done, by whichever end; and that what it was accepted from has handed on. */
static void halves(void)
{
	int listener = tcp(), fd = tcp(), to;
	int value = 0;
	socklen_t len = sizeof(value);

	shares(listener);
	CLAIM(setsockopt(listener, SOL_SOCKET, SO_KEEPALIVE, &(int){ 1 }, sizeof(int)) == 0);
	CLAIM(binds(listener, INADDR_LOOPBACK, PORT + 7) == 0 && listen(listener, 2) == 0 && connects(fd, INADDR_LOOPBACK, PORT + 7) == 0);
	to = accept(listener, NULL, NULL);
	CLAIM(getsockopt(to, SOL_SOCKET, SO_KEEPALIVE, &value, &len) == 0 && value == 1);
	CLAIM(getsockopt(to, SOL_SOCKET, SO_REUSEADDR, &value, &len) == 0 && value == 1);
	CLAIM(polled(fd, POLLOUT) == POLLOUT && shutdown(fd, SHUT_RDWR) == 0);
	CLAIM(polled(fd, POLLIN | POLLOUT | POLLRDHUP | POLLHUP) == (POLLIN | POLLOUT | POLLRDHUP | POLLHUP));
	CLAIM(polled(to, POLLIN | POLLOUT | POLLRDHUP) == (POLLIN | POLLOUT | POLLRDHUP));
	CLAIM(shutdown(to, SHUT_WR) == 0 && polled(to, POLLIN | POLLOUT | POLLRDHUP | POLLHUP) == (POLLIN | POLLOUT | POLLRDHUP | POLLHUP));
	CLAIM(getsockopt(to, SOL_SOCKET, SO_ERROR, &value, &len) == 0 && value == 0 && close(to) == 0 && close(fd) == 0);
	fd = tcp();
	REFUSED(shutdown(fd, SHUT_RD), ENOTCONN);
	CLAIM(recv(fd, &value, 1, 0) == 0 && polled(fd, POLLIN | POLLOUT | POLLRDHUP | POLLHUP) == (POLLIN | POLLOUT | POLLRDHUP | POLLHUP));
	CLAIM(close(fd) == 0 && close(listener) == 0);
}

/* Who sends on when the peer has ended and gone is reset: nobody is there to read. */
static void gone(void)
{
	int listener = tcp(), fd = tcp(), to, why = 0;
	socklen_t len = sizeof(why);

	shares(listener);
	CLAIM(binds(listener, INADDR_LOOPBACK, PORT + 8) == 0 && listen(listener, 2) == 0 && connects(fd, INADDR_LOOPBACK, PORT + 8) == 0);
	to = accept(listener, NULL, NULL);
	CLAIM(close(fd) == 0 && polled(to, POLLIN | POLLOUT | POLLRDHUP) == (POLLIN | POLLOUT | POLLRDHUP));
	CLAIM(send(to, "x", 1, MSG_NOSIGNAL) == 1 && polled(to, POLLIN | POLLOUT | POLLRDHUP | POLLHUP | POLLERR) & POLLERR);
	CLAIM(getsockopt(to, SOL_SOCKET, SO_ERROR, &why, &len) == 0 && why == EPIPE && recv(to, &why, 1, 0) == 0);
	REFUSED(send(to, "x", 1, MSG_NOSIGNAL), EPIPE);
	REFUSED(shutdown(to, SHUT_WR), ENOTCONN);
	CLAIM(close(to) == 0 && close(listener) == 0);
}

/* Who sends to one that neither sends nor receives any more, though it is open, is reset, and does not wait. */
static void deaf(void)
{
	static char much[100000];
	int listener = tcp(), fd = tcp(), to;
	struct timeval limit = { .tv_sec = 10 };
	ssize_t sent = 1;

	shares(listener);
	CLAIM(binds(listener, INADDR_LOOPBACK, PORT + 2) == 0 && listen(listener, 2) == 0 && connects(fd, INADDR_LOOPBACK, PORT + 2) == 0);
	to = accept(listener, NULL, NULL);
	CLAIM(send(to, "before", 6, 0) == 6 && recv(fd, much, 6, MSG_PEEK | MSG_WAITALL) == 6 && shutdown(fd, SHUT_RDWR) == 0);
	CLAIM(setsockopt(to, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0 && recv(fd, much, 9, 0) == 6);
	CLAIM(polled(to, POLLIN | POLLOUT | POLLRDHUP) == (POLLIN | POLLOUT | POLLRDHUP));
	for (int i = 0; i < 400 && sent > 0; i++)
		sent = send(to, much, sizeof(much), MSG_NOSIGNAL);
	CLAIM(sent == -1 && errno != EAGAIN);
	REFUSED(recv(fd, much, 1, 0), ECONNRESET);
	CLAIM(close(to) == 0 && close(fd) == 0 && close(listener) == 0);
}

/* Connected, and reset before that was told: it is connected no more. */
static void over(void)
{
	int listener = tcp(), fd = tcp();
	char byte;

	shares(listener);
	CLAIM(fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && binds(listener, INADDR_LOOPBACK, PORT + 6) == 0 && listen(listener, 2) == 0);
	REFUSED(connects(fd, INADDR_LOOPBACK, PORT + 6), EINPROGRESS);
	CLAIM(polled(fd, POLLOUT) == POLLOUT && close(listener) == 0);
	CLAIM(polled(fd, POLLIN | POLLOUT | POLLRDHUP | POLLHUP | POLLERR) == (POLLIN | POLLOUT | POLLRDHUP | POLLHUP | POLLERR));
	REFUSED(recv(fd, &byte, 1, 0), ECONNRESET);
	REFUSED(connects(fd, INADDR_LOOPBACK, PORT + 6), ECONNABORTED);
	REFUSED(recv(fd, &byte, 1, 0), ENOTCONN);
	CLAIM(close(fd) == 0);
}

/* Who gives no time to what was sent resets the connection when it is closed, as do those that were accepted from it. */
static void lingers(void)
{
	int listener = tcp(), fd = tcp(), to;
	struct linger linger = { .l_onoff = 5, .l_linger = 0 };
	socklen_t len = sizeof(linger);
	char byte;

	CLAIM(setsockopt(listener, SOL_SOCKET, SO_LINGER, &linger, len) == 0);
	REFUSED(setsockopt(listener, SOL_SOCKET, SO_LINGER, &linger, 4), EINVAL);
	REFUSED(setsockopt(listener, SOL_SOCKET, SO_LINGER, (void *)16, len), EFAULT);
	shares(listener);
	CLAIM(binds(listener, INADDR_LOOPBACK, PORT + 6) == 0 && listen(listener, 2) == 0 && connects(fd, INADDR_LOOPBACK, PORT + 6) == 0);
	to = accept(listener, NULL, NULL);
	CLAIM(getsockopt(to, SOL_SOCKET, SO_LINGER, &linger, &len) == 0 && len == sizeof(linger) && linger.l_onoff == 1 && linger.l_linger == 0);
	CLAIM(close(to) == 0);
	REFUSED(recv(fd, &byte, 1, 0), ECONNRESET);
	CLAIM(close(fd) == 0);
	fd = tcp();
	CLAIM(connects(fd, INADDR_LOOPBACK, PORT + 6) == 0 && (to = accept(listener, NULL, NULL)) >= 0);
	linger = (struct linger){ .l_onoff = 1, .l_linger = 3 };
	CLAIM(setsockopt(to, SOL_SOCKET, SO_LINGER, &linger, len) == 0);
	linger = (struct linger){ .l_onoff = 0, .l_linger = 9 };
	CLAIM(setsockopt(to, SOL_SOCKET, SO_LINGER, &linger, len) == 0 && getsockopt(to, SOL_SOCKET, SO_LINGER, &linger, &len) == 0);
	CLAIM(linger.l_onoff == 0 && linger.l_linger == 3 && close(to) == 0 && recv(fd, &byte, 1, 0) == 0 && close(fd) == 0 && close(listener) == 0);
}

/* What was sent before goes out all the same: who is reset reads it first. */
static void lingers_behind_data(void)
{
	int listener = tcp();
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };
	char word[16];

	shares(listener);
	CLAIM(binds(listener, INADDR_LOOPBACK, PORT + 6) == 0 && listen(listener, 2) == 0);
	for (int i = 0; i < ROUNDS; i++) {
		int fd = tcp(), to;
		struct pollfd polled = { .events = POLLRDHUP };

		CLAIM(connects(fd, INADDR_LOOPBACK, PORT + 6) == 0);
		to = accept(listener, NULL, NULL);
		CLAIM(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) == 0 && send(fd, "last words", 10, 0) == 10 && close(fd) == 0);
		polled.fd = to;
		CLAIM(poll(&polled, 1, 10000) == 1 && recv(to, word, sizeof(word), 0) == 10 && memcmp(word, "last words", 10) == 0);
		REFUSED(recv(to, word, sizeof(word), 0), ECONNRESET);
		CLAIM(close(to) == 0);
	}
	CLAIM(close(listener) == 0);
}

/* TCP's options are those of TCP alone, and what goes along within the machine is of no interest beyond it: no descriptor is -1. */
static void levels(void)
{
	int stream = tcp(), datagram = socket(AF_INET, SOCK_DGRAM, 0), within = socket(AF_UNIX, SOCK_STREAM, 0);
	int value = 1;
	socklen_t len = sizeof(value);
	struct sockaddr_in to = at(INADDR_LOOPBACK, NOBODY);
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
	struct iovec data = { .iov_base = "x", .iov_len = 1 };
	struct msghdr message = { .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };

	memset(CMSG_DATA(&control.header), 0xff, sizeof(int));
	REFUSED(getsockopt(datagram, IPPROTO_TCP, TCP_NODELAY, &value, &len), EOPNOTSUPP);
	REFUSED(setsockopt(datagram, IPPROTO_TCP, TCP_NODELAY, &value, 2), ENOPROTOOPT);
	REFUSED(getsockopt(within, IPPROTO_TCP, TCP_NODELAY, &value, &len), EOPNOTSUPP);
	REFUSED(setsockopt(within, IPPROTO_TCP, TCP_NODELAY, &value, len), EOPNOTSUPP);
	REFUSED(setsockopt(stream, IPPROTO_TCP, 999, &value, 2), EINVAL);
	REFUSED(setsockopt(stream, IPPROTO_TCP, 999, &value, len), ENOPROTOOPT);
	CLAIM(sendmsg(datagram, &message, 0) == 1);
	control.header.cmsg_level = IPPROTO_TCP;
	CLAIM(sendmsg(datagram, &message, 0) == 1);
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = 77;
	REFUSED(sendmsg(datagram, &message, 0), EINVAL);
	CLAIM(setsockopt(stream, SOL_SOCKET, SO_DEBUG, &value, len) == 0 && close(stream) == 0 && close(datagram) == 0 && close(within) == 0);
}

/* What came before a datagram socket was connected to somebody else is there to be received; what comes later is not. */
static void earlier(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), other = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in name = at(INADDR_LOOPBACK, PORT + 5);
	struct pollfd look = { .fd = fd, .events = POLLIN };
	char byte = 0;

	CLAIM(binds(fd, INADDR_LOOPBACK, PORT + 5) == 0 && sendto(other, "x", 1, 0, (struct sockaddr *)&name, sizeof(name)) == 1);
	CLAIM(poll(&look, 1, 5000) == 1 && connects(fd, INADDR_LOOPBACK, NOBODY) == 0 && poll(&look, 1, 0) == 1);
	REFUSED(recv(fd, &byte, 1, MSG_ERRQUEUE), EAGAIN); /* it is no error */
	CLAIM(recv(fd, &byte, 1, MSG_DONTWAIT) == 1 && byte == 'x');
	CLAIM(sendto(other, "y", 1, 0, (struct sockaddr *)&name, sizeof(name)) == 1 && poll(&look, 1, 50) == 0);
	CLAIM(close(fd) == 0 && close(other) == 0);
}

int main(void)
{
	alarm(30); /* for who waits for ever */
	refused();
	sent_first();
	undone();
	queued();
	halves();
	gone();
	deaf();
	over();
	lingers();
	lingers_behind_data();
	levels();
	earlier();
	return claims_end("connecting");
}
