// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Socket options of one int that are remembered: what each may be, and is at first. What the stack does anyhow, or that does no more than hint, is told again
 * as programs expect it; who needs one reads it here.
 *
 * Spec: Linux, include/uapi/asm-generic/socket.h, include/uapi/linux/{in,in6,tcp}.h; net/core/sock.c: sk_setsockopt(), net/ipv4/tcp.c: do_tcp_setsockopt(),
 * net/ipv4/ip_sockglue.c: do_ip_setsockopt(), net/ipv6/ipv6_sockglue.c: do_ipv6_setsockopt()
 */
#include <stddef.h>

#include "kernel/sys/linux/socket.h"
#include "lib/status.h"
#include "lib/string.h"

enum { SO_SNDBUF = 7, SO_RCVBUF = 8 };

/* What a program may set, and what becomes of it. */
enum kind {
	ANY,
	FLAG,    /* 1, whatever it is but 0 */
	RANGE,   /* from `least` to `most`, else STATUS_EINVAL */
	STARTS,  /* the same, or -1 for what it is at first */
	UPTO,    /* 0 to what is asked for, `most` at most; less than that: STATUS_EINVAL */
	BUFFER,  /* twice that, for what else takes room, `least` at least */
	AMOUNT,  /* 1 at least; less than 0 is as much as there can be */
	TOS,     /* a byte, of which a stream's last two bits are the stack's */
	LINGER2, /* -1: none; 0: what it is at first; `most` at most */
	WAIT,    /* seconds, in whole times of a handshake's packets */
	CLAMP,   /* 0, or `least` at least */
	SEGMENT, /* 0, or as RANGE */
};

/* The place of one is its place here: in struct linux_socket's `options` of those of its own level, which come first, else in `inet_options`. */
static const struct remembered {
	uint8_t level, name, kind;
	int32_t start, least, most;
} remembered[] = {
	{ LINUX_SOL_SOCKET, LINUX_SO_REUSEADDR, FLAG, 0, 0, 0 }, /* bind() reads it */
	{ LINUX_SOL_SOCKET, LINUX_SO_REUSEPORT, FLAG, 0, 0, 0 }, /* the same */
	{ LINUX_SOL_SOCKET, LINUX_SO_KEEPALIVE, FLAG, 0, 0, 0 },
	{ LINUX_SOL_SOCKET, LINUX_SO_TIMESTAMP, FLAG, 0, 0, 0 }, /* when a datagram came */
	{ LINUX_SOL_SOCKET, LINUX_SO_TIMESTAMPNS, FLAG, 0, 0, 0 },
	{ LINUX_SOL_SOCKET, LINUX_SO_RCVLOWAT, AMOUNT, 1, 0, 0 },
	{ LINUX_SOL_SOCKET, SO_SNDBUF, BUFFER, LINUX_SOCKET_BUFFER, 4608, 0 },
	{ LINUX_SOL_SOCKET, SO_RCVBUF, BUFFER, LINUX_SOCKET_BUFFER, 2304, 0 },
	{ LINUX_SOL_SOCKET, 6, FLAG, 0, 0, 0 },                  /* SO_BROADCAST */
	{ LINUX_SOL_SOCKET, 10, FLAG, 0, 0, 0 },                 /* SO_OOBINLINE: there is no urgent data */
	{ LINUX_SOL_SOCKET, 1, FLAG, 0, 0, 0 },                  /* SO_DEBUG: nothing is told of it */
	{ LINUX_SOL_SOCKET, 5, FLAG, 0, 0, 0 },                  /* SO_DONTROUTE */
	{ LINUX_SOL_SOCKET, 11, FLAG, 0, 0, 0 },                 /* SO_NO_CHECK: there is a checksum all the same */
	{ LINUX_SOL_SOCKET, 12, ANY, 0, 0, 0 },                  /* SO_PRIORITY: one device, one queue */
	{ LINUX_SOL_SOCKET, 36, ANY, 0, 0, 0 },                  /* SO_MARK: nothing looks at marks */
	{ LINUX_SOL_SOCKET, 46, RANGE, 0, 0, INT32_MAX },        /* SO_BUSY_POLL: the governor decides */
	{ LINUX_SOL_SOCKET, 49, ANY, -1, 0, 0 },                 /* SO_INCOMING_CPU: the network has one */
	{ LINUX_IPPROTO_TCP, LINUX_TCP_KEEPIDLE, RANGE, 7200, 1, 32767 },
	{ LINUX_IPPROTO_TCP, LINUX_TCP_KEEPINTVL, RANGE, 75, 1, 32767 },
	{ LINUX_IPPROTO_TCP, LINUX_TCP_KEEPCNT, RANGE, 9, 1, 127 },
	{ LINUX_IPPROTO_TCP, LINUX_TCP_USER_TIMEOUT, RANGE, 0, 0, INT32_MAX },
	{ LINUX_IPPROTO_IP, LINUX_IP_TOS, TOS, 0, 0, 0 },
	{ LINUX_IPPROTO_IP, LINUX_IP_TTL, STARTS, 64, 1, 255 },
	{ LINUX_IPPROTO_IP, LINUX_IP_MULTICAST_TTL, STARTS, 1, 0, 255 },
	{ LINUX_IPPROTO_IPV6, LINUX_IPV6_UNICAST_HOPS, STARTS, 64, 0, 255 },
	{ LINUX_IPPROTO_IPV6, LINUX_IPV6_MULTICAST_HOPS, STARTS, 1, 0, 255 },
	{ LINUX_IPPROTO_IPV6, LINUX_IPV6_TCLASS, TOS, 0, -1, 255 },
	{ LINUX_IPPROTO_IP, LINUX_IP_PKTINFO, FLAG, 0, 0, 0 },   /* these six: what recvmsg() tells of a datagram */
	{ LINUX_IPPROTO_IP, LINUX_IP_RECVTTL, FLAG, 0, 0, 0 },
	{ LINUX_IPPROTO_IP, LINUX_IP_RECVTOS, FLAG, 0, 0, 0 },
	{ LINUX_IPPROTO_IPV6, LINUX_IPV6_RECVPKTINFO, FLAG, 0, 0, 0 },
	{ LINUX_IPPROTO_IPV6, LINUX_IPV6_RECVHOPLIMIT, FLAG, 0, 0, 0 },
	{ LINUX_IPPROTO_IPV6, LINUX_IPV6_RECVTCLASS, FLAG, 0, 0, 0 },
	{ LINUX_IPPROTO_IPV6, 26, FLAG, 0, 0, 0 },               /* IPV6_V6ONLY; socket_inet.c reads it */
	{ LINUX_IPPROTO_TCP, LINUX_TCP_MAXSEG, SEGMENT, 0, 88, 32767 },
	{ LINUX_IPPROTO_TCP, 1, FLAG, 0, 0, 0 },                 /* TCP_NODELAY: always so */
	{ LINUX_IPPROTO_TCP, 3, FLAG, 0, 0, 0 },                 /* TCP_CORK: what is sent in one turn goes out together anyhow */
	{ LINUX_IPPROTO_TCP, 7, RANGE, 6, 1, 127 },              /* TCP_SYNCNT: SYNs of 127 s */
	{ LINUX_IPPROTO_TCP, 8, LINGER2, 60, 0, 120 },           /* TCP_LINGER2: 20 s */
	{ LINUX_IPPROTO_TCP, 9, WAIT, 0, 0, 0 },                 /* TCP_DEFER_ACCEPT: who waits for data finds none for a while */
	{ LINUX_IPPROTO_TCP, 10, CLAMP, 0, 1152, 0 },            /* TCP_WINDOW_CLAMP */
	{ LINUX_IPPROTO_TCP, 12, FLAG, 1, 0, 0 },                /* TCP_QUICKACK */
	{ LINUX_IPPROTO_TCP, 23, UPTO, 0, 0, 4096 },             /* TCP_FASTOPEN: nobody gets a cookie, and all shake hands */
	{ LINUX_IPPROTO_TCP, 25, ANY, 0, 0, 0 },                 /* TCP_NOTSENT_LOWAT */
	{ LINUX_IPPROTO_TCP, 30, RANGE, 0, 0, 1 },               /* TCP_FASTOPEN_CONNECT: as without a cookie */
	{ LINUX_IPPROTO_IP, 10, RANGE, 1, 0, 5 },                /* IP_MTU_DISCOVER: what is too large is sent in fragments */
	{ LINUX_IPPROTO_IP, 24, FLAG, 0, 0, 0 },                 /* IP_BIND_ADDRESS_NO_PORT */
	{ LINUX_IPPROTO_IP, 34, FLAG, 1, 0, 0 },                 /* IP_MULTICAST_LOOP: no process receives any */
	{ LINUX_IPPROTO_IP, 49, RANGE, 1, 0, 1 },                /* IP_MULTICAST_ALL: the same */
	{ LINUX_IPPROTO_IPV6, 19, RANGE, 1, 0, 1 },              /* IPV6_MULTICAST_LOOP: the same */
	{ LINUX_IPPROTO_IPV6, 23, RANGE, 1, 0, 5 },              /* IPV6_MTU_DISCOVER */
};

static_assert(sizeof(remembered) / sizeof(remembered[0]) == LINUX_SOCKET_OPTIONS + LINUX_INET_OPTIONS, "one for each");

int32_t *linux_socket_option(struct linux_socket *socket, int level, int name)
{
	unsigned count = LINUX_SOCKET_OPTIONS + (linux_socket_is_inet(socket) ? LINUX_INET_OPTIONS : 0);

	for (unsigned i = level == LINUX_SOL_SOCKET ? 0 : LINUX_SOCKET_OPTIONS; i < count; i++)
		if (remembered[i].level == level && remembered[i].name == name)
			return i < LINUX_SOCKET_OPTIONS ? &socket->options[i] : &socket->inet_options[i - LINUX_SOCKET_OPTIONS];
	return NULL;
}

void linux_socket_options_init(struct linux_socket *socket)
{
	for (unsigned i = 0; i < LINUX_SOCKET_OPTIONS; i++)
		socket->options[i] = remembered[i].start;
	for (unsigned i = 0; i < LINUX_INET_OPTIONS && linux_socket_is_inet(socket); i++)
		socket->inet_options[i] = remembered[LINUX_SOCKET_OPTIONS + i].start;
}

void linux_socket_options_copy(struct linux_socket *to, const struct linux_socket *from)
{
	memcpy(to->options, from->options, sizeof(to->options));
	if (linux_socket_is_inet(to))
		memcpy(to->inet_options, from->inet_options, LINUX_INET_OPTIONS * sizeof(to->inet_options[0]));
	to->receive_timeout_ns = from->receive_timeout_ns;
	to->send_timeout_ns = from->send_timeout_ns;
	to->linger = from->linger;
}

/* Which one it is whose value lies there. */
static const struct remembered *option_of(const struct linux_socket *socket, const int32_t *value)
{
	bool own = value >= socket->options && value < socket->options + LINUX_SOCKET_OPTIONS;

	return own ? &remembered[value - socket->options] : &remembered[LINUX_SOCKET_OPTIONS + (value - socket->inet_options)];
}

/* How long so many packets wait, each twice as long as the one before, that are enough for `seconds`. Spec: Linux, net/ipv4/tcp.c: secs_to_retrans() */
static int32_t wait_of(int32_t seconds)
{
	int32_t period = 1, step = 1;

	if (seconds <= 0)
		return 0;
	for (unsigned count = 1; period < seconds && count < 255; count++) {
		step = step < 60 ? 2 * step : 120;
		period += step;
	}
	return period;
}

static int32_t twice(int32_t value, int32_t least)
{
	return 2 * value < least ? least : 2 * value;
}

/* What it says once `wanted` was asked for, of which it is known that it may be. */
static int32_t value_of(const struct linux_socket *socket, const struct remembered *option, int32_t wanted)
{
	switch (option->kind) {
	case FLAG:
		return wanted != 0;
	case STARTS:
		return wanted == -1 ? option->start : wanted;
	case UPTO:
		return wanted < option->most ? wanted : option->most;
	case BUFFER:
		return (uint32_t)wanted > LINUX_SOCKET_BUFFER ? 2 * LINUX_SOCKET_BUFFER : twice(wanted, option->least);
	case AMOUNT:
		return wanted < 0 ? INT32_MAX : wanted == 0 ? 1 : wanted;
	case TOS:
		wanted = wanted == -1 && option->most != 0 ? 0 : wanted;
		return wanted & (socket->type == LINUX_SOCK_STREAM ? 0xfc : 0xff);
	case LINGER2:
		return wanted < 0 ? -1 : wanted == 0 ? option->start : wanted < option->most ? wanted : option->most;
	case WAIT:
		return wait_of(wanted);
	case CLAMP:
		return wanted > 0 && wanted < option->least ? option->least : wanted;
	default:
		return wanted;
	}
}

static bool may_be(const struct remembered *option, int32_t wanted)
{
	bool within = wanted >= option->least && wanted <= option->most;

	switch (option->kind) {
	case RANGE:
		return within;
	case STARTS:
		return within || wanted == -1;
	case UPTO:
		return wanted >= option->least;
	case SEGMENT:
		return within || wanted == 0;
	case TOS:
		return option->most == 0 || within;
	default:
		return true;
	}
}

status_t linux_socket_option_put(struct linux_socket *socket, int32_t *value, int32_t wanted)
{
	const struct remembered *option = option_of(socket, value);

	if (!may_be(option, wanted))
		return STATUS_EINVAL;
	*value = value_of(socket, option, wanted);
	if (option->level == LINUX_SOL_SOCKET && (option->name == LINUX_SO_TIMESTAMP || option->name == LINUX_SO_TIMESTAMPNS)) /* the time is told in one form */
		*linux_socket_option(socket, LINUX_SOL_SOCKET, LINUX_SO_TIMESTAMP + LINUX_SO_TIMESTAMPNS - option->name) = 0;
	if (socket->ops->options_changed != NULL)
		socket->ops->options_changed(socket);
	return STATUS_OK;
}

void linux_socket_buffer_force(struct linux_socket *socket, bool sends, int32_t wanted)
{
	int32_t *value = linux_socket_option(socket, LINUX_SOL_SOCKET, sends ? SO_SNDBUF : SO_RCVBUF);
	int32_t most = INT32_MAX / 2;

	wanted = wanted < 0 ? 0 : wanted < most ? wanted : most;
	*value = twice(wanted, option_of(socket, value)->least);
}
