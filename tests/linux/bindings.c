// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Local addresses and ports of TCP and UDP: when they are taken, by whom, and what tells them. */
#include "tests/linux/claims.h"
#include "tests/linux/inet.h"

#include <sys/socket.h>
#include <unistd.h>

enum { PORT = 8210, NOBODY = 8219, ELSEWHERE = 0x0a7b0001 /* 10.123.0.1 */ };

/* A port is taken by bind(), not only by listen(). */
static void taken(void)
{
	int a = tcp(), b = tcp(), c = tcp();

	CLAIM(binds(a, INADDR_LOOPBACK, PORT) == 0 && is_at(a, INADDR_LOOPBACK, PORT));
	REFUSED(binds(b, INADDR_LOOPBACK, PORT), EADDRINUSE);
	REFUSED(binds(b, INADDR_ANY, PORT), EADDRINUSE);
	shares(b);
	REFUSED(binds(b, INADDR_LOOPBACK, PORT), EADDRINUSE);
	REFUSED(binds(a, INADDR_LOOPBACK, PORT), EINVAL);
	CLAIM(close(a) == 0 && binds(b, INADDR_ANY, PORT) == 0);
	shares(c);
	CLAIM(binds(c, INADDR_LOOPBACK, PORT) == 0 && listen(b, 1) == 0);
	REFUSED(listen(c, 1), EADDRINUSE);
	a = tcp();
	shares(a);
	REFUSED(binds(a, INADDR_LOOPBACK, PORT), EADDRINUSE);
	CLAIM(close(b) == 0 && listen(c, 1) == 0 && close(c) == 0 && close(a) == 0);
}

/* No address of this machine. As long as it has none of its own, any may yet come to be its own: then it can be bound. */
static void elsewhere(int type)
{
	int fd = socket(AF_INET, type, 0);

	while (binds(fd, ELSEWHERE, 0) == 0) {
		CLAIM(close(fd) == 0);
		usleep(1000);
		fd = socket(AF_INET, type, 0);
	}
	REFUSED(binds(fd, ELSEWHERE, 0), EADDRNOTAVAIL);
	CLAIM(binds(fd, INADDR_LOOPBACK, 0) == 0 && close(fd) == 0);
}

/* One of the machine's choice is known as soon as it is asked for; a listener that was never bound has one too. */
static void chosen(void)
{
	int a = tcp(), b = tcp(), c = tcp();
	int port;

	CLAIM(name_of(a).sin_port == 0 && binds(a, INADDR_LOOPBACK, 0) == 0);
	port = ntohs(name_of(a).sin_port);
	CLAIM(port > 1024 && is_at(a, INADDR_LOOPBACK, port));
	REFUSED(binds(b, INADDR_ANY, port), EADDRINUSE);
	CLAIM(listen(a, 1) == 0 && is_at(a, INADDR_LOOPBACK, port) && connects(b, INADDR_LOOPBACK, port) == 0);
	CLAIM(listen(c, 1) == 0 && is_at(c, INADDR_ANY, ntohs(name_of(c).sin_port)) && name_of(c).sin_port != 0);
	CLAIM(connects(tcp(), INADDR_LOOPBACK, ntohs(name_of(c).sin_port)) == 0);
	CLAIM(close(a) == 0 && close(b) == 0 && close(c) == 0);
}

/* Who is bound connects from there, as far as the peer sees as well. */
static void from_there(void)
{
	int listener = tcp(), from = tcp(), to;
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);

	CLAIM(binds(listener, INADDR_LOOPBACK, PORT) == 0 && listen(listener, 2) == 0);
	CLAIM(binds(from, INADDR_ANY, PORT + 1) == 0 && is_at(from, INADDR_ANY, PORT + 1) && connects(from, INADDR_LOOPBACK, PORT) == 0);
	CLAIM(is_at(from, INADDR_LOOPBACK, PORT + 1));
	to = accept(listener, (struct sockaddr *)&peer, &len);
	CLAIM(to >= 0 && peer.sin_port == htons(PORT + 1) && peer.sin_addr.s_addr == htonl(INADDR_LOOPBACK) && is_at(to, INADDR_LOOPBACK, PORT));
	REFUSED(listen(from, 1), EINVAL);
	REFUSED(binds(to, INADDR_ANY, PORT + 2), EINVAL);
	CLAIM(close(to) == 0 && close(from) == 0 && close(listener) == 0);
}

/* A connected one tells the address that leads to its peer; a send that fails has bound it; two may share a port, and the last one gets what comes. */
static void datagrams(void)
{
	int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0), c = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in to = at(INADDR_LOOPBACK, PORT);
	char byte;

	REFUSED(send(a, "x", 1, 0), EDESTADDRREQ);
	CLAIM(name_of(a).sin_port != 0);
	REFUSED(binds(a, INADDR_ANY, PORT), EINVAL);
	CLAIM(binds(b, INADDR_ANY, PORT) == 0 && connects(b, INADDR_LOOPBACK, NOBODY) == 0 && is_at(b, INADDR_LOOPBACK, PORT));
	CLAIM(send(b, "x", 1, 0) == 1);
	REFUSED(recv(b, &byte, 1, MSG_DONTWAIT), ECONNREFUSED); /* at once, within the machine */
	CLAIM(connect(b, &unspecified, sizeof(unspecified)) == 0 && is_at(b, INADDR_ANY, PORT));
	shares(c);
	REFUSED(binds(c, INADDR_ANY, PORT), EADDRINUSE);
	CLAIM(close(b) == 0 && binds(c, INADDR_ANY, PORT) == 0);
	b = socket(AF_INET, SOCK_DGRAM, 0);
	shares(b);
	CLAIM(binds(b, INADDR_ANY, PORT) == 0 && sendto(a, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)) == 1 && recv(b, &byte, 1, 0) == 1);
	CLAIM(connects(a, INADDR_ANY, PORT) == 0 && send(a, "y", 1, 0) == 1 && recv(b, &byte, 1, 0) == 1 && byte == 'y');
	CLAIM(close(a) == 0 && close(b) == 0 && close(c) == 0);
}

int main(void)
{
	alarm(30); /* for who waits for ever */
	taken();
	elsewhere(SOCK_STREAM);
	elsewhere(SOCK_DGRAM);
	chosen();
	from_there();
	datagrams();
	return claims_end("bindings");
}
