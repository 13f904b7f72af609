// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * getsockopt and setsockopt. What the stack does anyhow, or cannot do otherwise, is remembered and told again, as programs expect it; what would change
 * something and is not there is ENOPROTOOPT.
 *
 * Spec: Linux, include/uapi/asm-generic/socket.h, include/uapi/linux/{in,in6,tcp}.h
 */
#include <stddef.h>

#include "kernel/sys/linux/socket.h"
#include "lib/status.h"
#include "lib/string.h"

enum { SO_TYPE = 3, SO_ERROR = 4, SO_SNDBUF = 7, SO_RCVBUF = 8, SO_RCVTIMEO = 20, SO_SNDTIMEO = 21, SO_LINGER = 13, SO_PASSCRED = 16, SO_PEERCRED = 17, SO_ACCEPTCONN = 30,
       SO_PROTOCOL = 38, SO_DOMAIN = 39 };

/* What a program may set, and what becomes of it. */
enum kind {
	ANY,
	FLAG,    /* 1, whatever it is but 0 */
	SECONDS, /* 1 to 32767, else STATUS_EINVAL */
	TIMES,   /* 1 to 127 */
	BUFFER,  /* twice that, for what else takes room. Spec: Linux, net/core/sock.c: sk_setsockopt() */
};

enum { BUFFER_LEAST_SENT = 4608, BUFFER_LEAST_RECEIVED = 2304 };

/* Options of one int that are remembered: their place in struct linux_socket's `options` is their place here. */
static const struct remembered {
	uint8_t level, name;
	uint8_t kind;
	int32_t start;
} remembered[] = {
	{ LINUX_SOL_SOCKET, LINUX_SO_REUSEADDR, FLAG, 0 },       /* bind() reads it */
	{ LINUX_SOL_SOCKET, 6, FLAG, 0 },                        /* SO_BROADCAST */
	{ LINUX_SOL_SOCKET, SO_SNDBUF, BUFFER, LINUX_SOCKET_BUFFER },
	{ LINUX_SOL_SOCKET, SO_RCVBUF, BUFFER, LINUX_SOCKET_BUFFER },
	{ LINUX_SOL_SOCKET, LINUX_SO_KEEPALIVE, FLAG, 0 },
	{ LINUX_SOL_SOCKET, LINUX_SO_REUSEPORT, FLAG, 0 },       /* the same */
	{ LINUX_IPPROTO_TCP, 1, FLAG, 0 },                       /* TCP_NODELAY: always so */
	{ LINUX_IPPROTO_TCP, LINUX_TCP_KEEPIDLE, SECONDS, 7200 },
	{ LINUX_IPPROTO_TCP, LINUX_TCP_KEEPINTVL, SECONDS, 75 },
	{ LINUX_IPPROTO_TCP, LINUX_TCP_KEEPCNT, TIMES, 9 },
	{ LINUX_IPPROTO_TCP, 9, ANY, 0 },                        /* TCP_DEFER_ACCEPT */
	{ LINUX_IPPROTO_TCP, 12, FLAG, 1 },                      /* TCP_QUICKACK */
	{ LINUX_IPPROTO_TCP, 3, FLAG, 0 },                       /* TCP_CORK: what is sent in one turn goes out together anyhow */
	{ LINUX_IPPROTO_IP, 1, ANY, 0 },                         /* IP_TOS */
	{ LINUX_IPPROTO_IPV6, 26, FLAG, 0 },                     /* IPV6_V6ONLY; socket_inet.c reads it */
	{ LINUX_SOL_SOCKET, 10, FLAG, 0 },                       /* SO_OOBINLINE: there is no urgent data */
	{ LINUX_SOL_SOCKET, 1, FLAG, 0 },                        /* SO_DEBUG: nothing is told of it */
};

static_assert(sizeof(remembered) / sizeof(remembered[0]) == LINUX_SOCKET_OPTIONS, "one for each");

int32_t *linux_socket_option(struct linux_socket *socket, int level, int name)
{
	for (unsigned i = 0; i < LINUX_SOCKET_OPTIONS; i++)
		if (remembered[i].level == level && remembered[i].name == name)
			return &socket->options[i];
	return NULL;
}

void linux_socket_options_init(struct linux_socket *socket)
{
	for (unsigned i = 0; i < LINUX_SOCKET_OPTIONS; i++)
		socket->options[i] = remembered[i].start;
}

void linux_socket_options_copy(struct linux_socket *to, const struct linux_socket *from)
{
	memcpy(to->options, from->options, sizeof(to->options));
	to->receive_timeout_ns = from->receive_timeout_ns;
	to->send_timeout_ns = from->send_timeout_ns;
	to->linger = from->linger;
}

/* Whether the socket's protocol has options of a level at all. */
static bool has_level(const struct linux_socket *socket, int level)
{
	if (level == LINUX_SOL_SOCKET)
		return true;
	return socket->family != LINUX_AF_UNIX && (level != LINUX_IPPROTO_TCP || socket->type == LINUX_SOCK_STREAM);
}

struct timeval {
	int64_t seconds, microseconds;
};

static int64_t timeout_set(struct thread *thread, uint64_t *to, const uint64_t x[6])
{
	struct timeval time;

	if (x[4] < sizeof(time))
		return STATUS_EINVAL;
	if (linux_copy_in(thread, &time, x[3], sizeof(time)) != STATUS_OK)
		return STATUS_EFAULT;
	if (time.microseconds < 0 || time.microseconds >= 1000000)
		return STATUS_EDOM;
	if (time.seconds < 0 || time.seconds > INT64_MAX / 1000000000 - 1)
		*to = 0;
	else
		*to = (uint64_t)time.seconds * 1000000000u + (uint64_t)time.microseconds * 1000u;
	return 0;
}

static int64_t linger_set(struct thread *thread, struct linux_socket *socket, const uint64_t x[6])
{
	struct linux_linger wanted;

	if ((uint32_t)x[4] < sizeof(wanted))
		return STATUS_EINVAL;
	if (linux_copy_in(thread, &wanted, x[3], sizeof(wanted)) != STATUS_OK)
		return STATUS_EFAULT;
	socket->linger.on = wanted.on != 0;
	if (wanted.on)
		socket->linger.seconds = wanted.seconds;
	return 0;
}

static status_t value_check(const struct remembered *option, int32_t *value)
{
	int32_t least = option->name == SO_SNDBUF ? BUFFER_LEAST_SENT : BUFFER_LEAST_RECEIVED;

	if (option->kind == FLAG)
		*value = *value != 0;
	if ((option->kind == SECONDS || option->kind == TIMES) && (*value < 1 || *value > (option->kind == SECONDS ? 32767 : 127)))
		return STATUS_EINVAL;
	if (option->kind == BUFFER)
		*value = (uint32_t)*value > LINUX_SOCKET_BUFFER ? 2 * LINUX_SOCKET_BUFFER : 2 * *value < least ? least : 2 * *value;
	return STATUS_OK;
}

/* One of those that are remembered. */
static int64_t value_set(struct linux_socket *socket, int32_t *value, int32_t wanted)
{
	status_t status = value_check(&remembered[value - socket->options], &wanted);

	if (status != STATUS_OK)
		return status;
	*value = wanted;
	if (socket->ops->options_changed != NULL)
		socket->ops->options_changed(socket);
	return 0;
}

int64_t linux_socket_option_set(struct thread *thread, struct linux_socket *socket, const uint64_t x[6])
{
	int level = (int)x[1];
	int name = (int)x[2];
	int32_t *value = linux_socket_option(socket, level, name);
	int32_t wanted;

	if (level == LINUX_SOL_SOCKET && name == SO_RCVTIMEO)
		return timeout_set(thread, &socket->receive_timeout_ns, x);
	if (level == LINUX_SOL_SOCKET && name == SO_SNDTIMEO)
		return timeout_set(thread, &socket->send_timeout_ns, x);
	if (level == LINUX_SOL_SOCKET && name == SO_LINGER)
		return linger_set(thread, socket, x);
	if (!has_level(socket, level))
		return socket->family == LINUX_AF_UNIX ? STATUS_ENOTSUP : STATUS_ENOPROTOOPT;
	if ((value != NULL || level == LINUX_SOL_SOCKET || level == LINUX_IPPROTO_TCP) && (int)x[4] < (int)sizeof(wanted))
		return STATUS_EINVAL;
	if (value == NULL && (level != LINUX_SOL_SOCKET || name != SO_PASSCRED))
		return STATUS_ENOPROTOOPT;
	if (linux_copy_in(thread, &wanted, x[3], sizeof(wanted)) != STATUS_OK)
		return STATUS_EFAULT;
	if (value != NULL)
		return value_set(socket, value, wanted);
	atomic_store_explicit(&socket->asks_sender, wanted != 0, memory_order_relaxed);
	return 0;
}

/* What the option is, in `to`: its bytes; 0: there is no such option. */
static uint32_t option_read(struct linux_socket *socket, int level, int name, void *to)
{
	const int32_t *value = linux_socket_option(socket, level, name);
	int32_t answer;

	if (value != NULL) {
		answer = *value;
	} else if (level != LINUX_SOL_SOCKET) {
		return 0;
	} else if (name == SO_TYPE) {
		answer = socket->type;
	} else if (name == SO_DOMAIN) {
		answer = socket->family;
	} else if (name == SO_PROTOCOL) {
		answer = socket->family == LINUX_AF_UNIX ? 0 : socket->type == LINUX_SOCK_STREAM ? LINUX_IPPROTO_TCP : LINUX_IPPROTO_UDP;
	} else if (name == SO_PASSCRED) {
		answer = atomic_load_explicit(&socket->asks_sender, memory_order_relaxed);
	} else if (name == SO_ACCEPTCONN) {
		answer = socket->listening;
	} else if (name == SO_ERROR) {
		answer = socket->ops->take_error != NULL ? -socket->ops->take_error(socket) : 0;
	} else if (name == SO_LINGER) {
		memcpy(to, &socket->linger, sizeof(socket->linger));
		return sizeof(socket->linger);
	} else if (name == SO_PEERCRED) {
		struct linux_credentials peer = linux_socket_peer(socket);

		if (peer.process == 0)
			peer.user = peer.group = UINT32_MAX;
		memcpy(to, &peer, sizeof(peer));
		return sizeof(peer);
	} else if (name == SO_RCVTIMEO || name == SO_SNDTIMEO) {
		uint64_t ns = name == SO_RCVTIMEO ? socket->receive_timeout_ns : socket->send_timeout_ns;

		memcpy(to, &(struct timeval){ (int64_t)(ns / 1000000000u), (int64_t)(ns % 1000000000u / 1000u) }, sizeof(struct timeval));
		return sizeof(struct timeval);
	} else {
		return 0;
	}
	memcpy(to, &answer, sizeof(answer));
	return sizeof(answer);
}

int64_t linux_socket_option_get(struct thread *thread, struct linux_socket *socket, const uint64_t x[6])
{
	uint8_t answer[16];
	uint32_t room;
	uint32_t bytes;

	if (linux_copy_in(thread, &room, x[4], sizeof(room)) != STATUS_OK)
		return STATUS_EFAULT;
	if ((int32_t)room < 0)
		return STATUS_EINVAL;
	if (!has_level(socket, (int)x[1]))
		return STATUS_ENOTSUP;
	bytes = option_read(socket, (int)x[1], (int)x[2], answer);
	if (bytes == 0)
		return STATUS_ENOPROTOOPT;
	if (bytes > room)
		bytes = room;
	if (linux_copy_out(thread, x[3], answer, bytes) != STATUS_OK)
		return STATUS_EFAULT;
	return linux_copy_out(thread, x[4], &bytes, sizeof(bytes));
}
