// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* getsockopt and setsockopt: what is told of what was set, and what is refused. */
#include "tests/linux/claims.h"
#include "tests/linux/inet.h"

#include <netinet/tcp.h>
#include <unistd.h>

enum { PORT = 8240 };

/* What the option is once it was set; -1 where that is refused. */
static int told(int fd, int level, int name, int value)
{
	socklen_t len = sizeof(value);

	if (setsockopt(fd, level, name, &value, sizeof(value)) != 0)
		return -1;
	CLAIM(getsockopt(fd, level, name, &value, &len) == 0 && len == sizeof(value));
	return value;
}

static void flags_are_one_or_zero(void)
{
	static const int flags[][2] = { { SOL_SOCKET, SO_REUSEADDR }, { SOL_SOCKET, SO_KEEPALIVE }, { SOL_SOCKET, SO_BROADCAST }, { SOL_SOCKET, SO_REUSEPORT },
					{ SOL_SOCKET, SO_OOBINLINE }, { IPPROTO_TCP, TCP_NODELAY }, { IPPROTO_TCP, TCP_CORK }, { IPPROTO_IPV6, IPV6_V6ONLY } };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		CLAIM(told(fd, flags[i][0], flags[i][1], 5) == 1);
		CLAIM(told(fd, flags[i][0], flags[i][1], -1) == 1);
		CLAIM(told(fd, flags[i][0], flags[i][1], 0) == 0);
	}
	CLAIM(close(fd) == 0);
}

static void buffers_are_twice_what_is_asked_for(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	CLAIM(told(fd, SOL_SOCKET, SO_SNDBUF, 10000) == 20000 && told(fd, SOL_SOCKET, SO_RCVBUF, 10000) == 20000);
	CLAIM(told(fd, SOL_SOCKET, SO_SNDBUF, 1) == 4608 && told(fd, SOL_SOCKET, SO_RCVBUF, 1) == 2304);
	CLAIM(told(fd, SOL_SOCKET, SO_SNDBUF, 1 << 30) == 425984 && told(fd, SOL_SOCKET, SO_RCVBUF, -1) == 425984);
	CLAIM(close(fd) == 0);
}

static void probes_are_within_limits(void)
{
	int fd = tcp(), value = 0;
	socklen_t len = sizeof(value);

	CLAIM(getsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &value, &len) == 0 && value == 7200);
	CLAIM(told(fd, IPPROTO_TCP, TCP_KEEPIDLE, 1) == 1 && told(fd, IPPROTO_TCP, TCP_KEEPIDLE, 32767) == 32767);
	CLAIM(told(fd, IPPROTO_TCP, TCP_KEEPINTVL, 1) == 1 && told(fd, IPPROTO_TCP, TCP_KEEPINTVL, 32767) == 32767);
	CLAIM(told(fd, IPPROTO_TCP, TCP_KEEPCNT, 1) == 1 && told(fd, IPPROTO_TCP, TCP_KEEPCNT, 127) == 127);
	for (int name = TCP_KEEPIDLE; name <= TCP_KEEPCNT; name++) {
		int most = name == TCP_KEEPCNT ? 128 : 32768;

		REFUSED(setsockopt(fd, IPPROTO_TCP, name, &most, sizeof(most)), EINVAL);
		REFUSED(setsockopt(fd, IPPROTO_TCP, name, &(int){ 0 }, sizeof(int)), EINVAL);
		REFUSED(setsockopt(fd, IPPROTO_TCP, name, &(int){ -1 }, sizeof(int)), EINVAL);
		CLAIM(getsockopt(fd, IPPROTO_TCP, name, &value, &len) == 0 && value == most - 1);
	}
	CLAIM(close(fd) == 0);
}

/* A peer that has nothing to say answers, and is not given up. */
static void a_peer_that_is_there_is_kept(void)
{
	int listener = tcp(), fd = tcp();
	char got[4];

	CLAIM(binds(listener, INADDR_LOOPBACK, PORT) == 0 && listen(listener, 1) == 0);
	CLAIM(told(fd, IPPROTO_TCP, TCP_KEEPIDLE, 1) == 1 && told(fd, IPPROTO_TCP, TCP_KEEPINTVL, 1) == 1 && told(fd, IPPROTO_TCP, TCP_KEEPCNT, 1) == 1);
	CLAIM(told(fd, SOL_SOCKET, SO_KEEPALIVE, 1) == 1 && connects(fd, INADDR_LOOPBACK, PORT) == 0);
	int there = accept(listener, NULL, NULL);

	CLAIM(there >= 0 && usleep(3200000) == 0);
	CLAIM(write(there, "well", 4) == 4 && read(fd, got, 4) == 4 && write(fd, "so", 2) == 2 && read(there, got, 4) == 2);
	CLAIM(close(fd) == 0 && close(there) == 0 && close(listener) == 0);
}

int main(void)
{
	alarm(30); /* for who waits for ever */
	flags_are_one_or_zero();
	buffers_are_twice_what_is_asked_for();
	probes_are_within_limits();
	a_peer_that_is_there_is_kept();
	return claims_end("options");
}
