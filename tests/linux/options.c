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

	errno = 0;
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

static const int kinds[][2] = { { AF_INET, SOCK_STREAM }, { AF_INET, SOCK_DGRAM }, { AF_INET6, SOCK_STREAM }, { AF_INET6, SOCK_DGRAM } };

/* What they are at first. */
static void all_begin_somewhere(void)
{
	static const int starts[][3] = {
		{ SOL_SOCKET, SO_PRIORITY, 0 }, { SOL_SOCKET, SO_MARK, 0 }, { SOL_SOCKET, SO_RCVLOWAT, 1 }, { SOL_SOCKET, SO_SNDLOWAT, 1 },
		{ SOL_SOCKET, SO_TIMESTAMP, 0 }, { SOL_SOCKET, SO_TIMESTAMPNS, 0 }, { SOL_SOCKET, SO_INCOMING_CPU, -1 }, { SOL_SOCKET, SO_BUSY_POLL, 0 },
		{ SOL_SOCKET, SO_DONTROUTE, 0 }, { SOL_SOCKET, SO_NO_CHECK, 0 }, { IPPROTO_IP, IP_TOS, 0 }, { IPPROTO_IP, IP_TTL, 64 },
		{ IPPROTO_IP, IP_PKTINFO, 0 }, { IPPROTO_IP, IP_RECVTTL, 0 }, { IPPROTO_IP, IP_RECVTOS, 0 }, { IPPROTO_IP, IP_MTU_DISCOVER, 1 },
		{ IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 0 }, { IPPROTO_IP, IP_MULTICAST_TTL, 1 }, { IPPROTO_IP, IP_MULTICAST_LOOP, 1 },
		{ IPPROTO_TCP, TCP_MAXSEG, 536 }, { IPPROTO_TCP, TCP_SYNCNT, 6 }, { IPPROTO_TCP, TCP_LINGER2, 60 }, { IPPROTO_TCP, TCP_WINDOW_CLAMP, 0 },
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, 0 }, { IPPROTO_TCP, TCP_FASTOPEN, 0 }, { IPPROTO_TCP, TCP_NOTSENT_LOWAT, 0 }, { IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 0 },
		{ IPPROTO_IPV6, IPV6_UNICAST_HOPS, 64 }, { IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 1 }, { IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 1 },
		{ IPPROTO_IPV6, IPV6_RECVPKTINFO, 0 }, { IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 0 }, { IPPROTO_IPV6, IPV6_MTU_DISCOVER, 1 },
		{ IPPROTO_IPV6, IPV6_TCLASS, 0 }, { IPPROTO_IPV6, IPV6_RECVTCLASS, 0 },
	};

	for (unsigned kind = 0; kind < 4; kind++) {
		int fd = socket(kinds[kind][0], kinds[kind][1], 0);

		for (unsigned i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
			int value = -7, level = starts[i][0];
			socklen_t len = sizeof(value);

			if ((level == IPPROTO_TCP && kinds[kind][1] != SOCK_STREAM) || (level == IPPROTO_IPV6 && kinds[kind][0] != AF_INET6)) {
				REFUSED(getsockopt(fd, level, starts[i][1], &value, &len), kinds[kind][0] == AF_INET6 ? ENOPROTOOPT : EOPNOTSUPP);
				REFUSED(setsockopt(fd, level, starts[i][1], &value, len), ENOPROTOOPT);
				continue;
			}
			CLAIM(getsockopt(fd, level, starts[i][1], &value, &len) == 0 && len == sizeof(value));
			if (value != starts[i][2])
				printf("option %d %d is %d\n", level, starts[i][1], value);
			CLAIM(value == starts[i][2]);
		}
		CLAIM(close(fd) == 0);
	}
}

/* What is told of what is asked for; -22: EINVAL. Of the kinds of sockets, one that has it. */
static void values_have_limits(void)
{
	static const struct {
		int kind, level, name, asked[5], told[5];
	} limits[] = {
		{ 0, IPPROTO_IP, IP_TOS, { 0xb8, 0xff, -1, 256, 3 }, { 0xb8, 0xfc, 0xfc, 0, 0 } },
		{ 1, IPPROTO_IP, IP_TOS, { 0xb8, 0xff, -1, 256, 3 }, { 0xb8, 0xff, 0xff, 0, 3 } },
		{ 1, IPPROTO_IP, IP_TTL, { -1, 0, 1, 255, 256 }, { 64, -22, 1, 255, -22 } },
		{ 1, IPPROTO_IP, IP_MULTICAST_TTL, { -1, 0, -2, 255, 256 }, { 1, 0, -22, 255, -22 } },
		{ 1, IPPROTO_IP, IP_MTU_DISCOVER, { -1, 0, 3, 5, 6 }, { -22, 0, 3, 5, -22 } },
		{ 1, IPPROTO_IP, IP_PKTINFO, { -1, 0, 3, 0, 6 }, { 1, 0, 1, 0, 1 } },
		{ 3, IPPROTO_IPV6, IPV6_UNICAST_HOPS, { -1, 0, -2, 255, 256 }, { 64, 0, -22, 255, -22 } },
		{ 3, IPPROTO_IPV6, IPV6_TCLASS, { -1, 0, -2, 255, 256 }, { 0, 0, -22, 255, -22 } },
		{ 2, IPPROTO_IPV6, IPV6_TCLASS, { -1, 3, -2, 255, 256 }, { 0, 0, -22, 252, -22 } },
		{ 3, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, { -1, 0, 1, 2, 0 }, { -22, 0, 1, -22, 0 } },
		{ 0, IPPROTO_TCP, TCP_MAXSEG, { 87, 88, 0, 32767, 32768 }, { -22, 88, 536, 32767, -22 } },
		{ 0, IPPROTO_TCP, TCP_SYNCNT, { 0, 1, 127, 128, -1 }, { -22, 1, 127, -22, -22 } },
		{ 0, IPPROTO_TCP, TCP_LINGER2, { -5, 0, 1, 120, 121 }, { -1, 60, 1, 120, 120 } },
		{ 0, IPPROTO_TCP, TCP_DEFER_ACCEPT, { -5, 2, 64, 128, 256 }, { 0, 3, 127, 247, 367 } },
		{ 0, IPPROTO_TCP, TCP_WINDOW_CLAMP, { 1, 1152, 5000, 0, 1151 }, { 1152, 1152, 5000, 0, 1152 } },
		{ 0, IPPROTO_TCP, TCP_USER_TIMEOUT, { -1, 0, 1, 30000, -2 }, { -22, 0, 1, 30000, -22 } },
		{ 0, IPPROTO_TCP, TCP_FASTOPEN, { -1, 0, 16, 4096, 5000 }, { -22, 0, 16, 4096, 4096 } },
		{ 0, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, { -1, 0, 1, 2, 0 }, { -22, 0, 1, -22, 0 } },
		{ 1, SOL_SOCKET, SO_RCVLOWAT, { -1, 0, 1, 100, 0 }, { 0x7fffffff, 1, 1, 100, 1 } },
		{ 1, SOL_SOCKET, SO_BUSY_POLL, { -1, 0, 1, 100, -2 }, { -22, 0, 1, 100, -22 } },
		{ 1, SOL_SOCKET, SO_PRIORITY, { -1, 0, 6, 7, 100 }, { -1, 0, 6, 7, 100 } },
	};

	for (unsigned i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		for (unsigned j = 0; j < 5; j++) {
			int fd = socket(kinds[limits[i].kind][0], kinds[limits[i].kind][1], 0);
			int value = told(fd, limits[i].level, limits[i].name, limits[i].asked[j]);

			if (value == -1 && errno == EINVAL)
				value = -22;
			if (value != limits[i].told[j])
				printf("option %d %d: %d for %d\n", limits[i].level, limits[i].name, value, limits[i].asked[j]);
			CLAIM(value == limits[i].told[j]);
			CLAIM(close(fd) == 0);
		}
}

/* At the level of IP a byte is enough, both ways. */
static void a_byte_is_enough(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	unsigned char byte = 0x10;
	socklen_t len = 1;

	CLAIM(setsockopt(fd, IPPROTO_IP, IP_TOS, &byte, 1) == 0 && getsockopt(fd, IPPROTO_IP, IP_TOS, &byte, &len) == 0 && len == 1 && byte == 0x10);
	CLAIM(setsockopt(fd, IPPROTO_IP, IP_TTL, &(unsigned char){ 9 }, 1) == 0 && getsockopt(fd, IPPROTO_IP, IP_TTL, &byte, &len) == 0 && byte == 9);
	REFUSED(setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &byte, 1), EINVAL);
	CLAIM(close(fd) == 0);
}

/* A socket is bound to no device, nor can it be to one that is not there; and congestion is controlled by what is there. */
static void names(void)
{
	int fd = tcp();
	char name[16] = "x";
	socklen_t len = sizeof(name);

	CLAIM(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len) == 0 && len == 0);
	CLAIM(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 1) == 0 && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0) == 0);
	REFUSED(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "nowhere", 7), ENODEV);
	len = sizeof(name);
	CLAIM(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4) == 0);
	CLAIM(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &len) == 0 && len == 16 && strcmp(name, "reno") == 0);
	REFUSED(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "nonesuch", 8), ENOENT);
	REFUSED(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "", 0), EINVAL);
	REFUSED(setsockopt(fd, SOL_SOCKET, SO_SNDLOWAT, &(int){ 1 }, sizeof(int)), ENOPROTOOPT);
	CLAIM(close(fd) == 0);
}

/* The time is told in one form, or not at all. */
static void times_take_turns(void)
{
	int fd = tcp(), value;
	socklen_t len = sizeof(value);

	CLAIM(told(fd, SOL_SOCKET, SO_TIMESTAMP, 3) == 1 && told(fd, SOL_SOCKET, SO_TIMESTAMPNS, 3) == 1);
	CLAIM(getsockopt(fd, SOL_SOCKET, SO_TIMESTAMP, &value, &len) == 0 && value == 0 && told(fd, SOL_SOCKET, SO_TIMESTAMP, 1) == 1);
	CLAIM(getsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &value, &len) == 0 && value == 0 && told(fd, SOL_SOCKET, SO_TIMESTAMPNS, 0) == 0);
	CLAIM(getsockopt(fd, SOL_SOCKET, SO_TIMESTAMP, &value, &len) == 0 && value == 0);
	CLAIM(close(fd) == 0);
}

/* Who may, has buffers of any size. */
static void buffers_are_forced(void)
{
	int fd = tcp(), value;
	socklen_t len = sizeof(value);

	CLAIM(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &(int){ 1 << 20 }, sizeof(int)) == 0);
	CLAIM(getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, &len) == 0 && value == 2 << 20);
	CLAIM(setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &(int){ -1 }, sizeof(int)) == 0);
	CLAIM(getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &value, &len) == 0 && value == 4608);
	REFUSED(getsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &value, &len), ENOPROTOOPT);
	CLAIM(close(fd) == 0);
}

int main(void)
{
	alarm(30); /* for who waits for ever */
	all_begin_somewhere();
	values_have_limits();
	a_byte_is_enough();
	names();
	times_take_turns();
	buffers_are_forced();
	flags_are_one_or_zero();
	buffers_are_twice_what_is_asked_for();
	probes_are_within_limits();
	a_peer_that_is_there_is_kept();
	return claims_end("options");
}
