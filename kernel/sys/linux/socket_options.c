// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * getsockopt and setsockopt: most options are remembered (socket_remembered.c); what would change something and is not there is ENOPROTOOPT.
 *
 * Spec: Linux, include/uapi/asm-generic/socket.h, include/uapi/linux/{in,tcp}.h
 */
#include <stddef.h>

#include "kernel/sys/linux/socket.h"
#include "lib/status.h"
#include "lib/string.h"

enum {
	SO_TYPE = 3, SO_ERROR = 4, SO_LINGER = 13, SO_PASSCRED = 16, SO_PEERCRED = 17, SO_SNDLOWAT = 19, SO_RCVTIMEO = 20, SO_SNDTIMEO = 21,
	SO_BINDTODEVICE = 25, SO_ACCEPTCONN = 30, SO_SNDBUFFORCE = 32, SO_RCVBUFFORCE = 33, SO_PROTOCOL = 38, SO_DOMAIN = 39,
};

enum { NAME_MAX = 15 /* of a device: IFNAMSIZ; of a congestion control: TCP_CA_NAME_MAX; without the NUL */ };

/* Whether the socket's protocol has options of a level at all. */
static bool has_level(const struct linux_socket *socket, int level)
{
	if (level == LINUX_SOL_SOCKET)
		return true;
	if (!linux_socket_is_inet(socket))
		return socket->ops->option != NULL;
	if (level == LINUX_IPPROTO_TCP || level == LINUX_IPPROTO_UDP)
		return (level == LINUX_IPPROTO_TCP) == (socket->type == LINUX_SOCK_STREAM);
	return level != LINUX_IPPROTO_IPV6 || socket->family == LINUX_AF_INET6;
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

/* A name that is given: of no device but none, of no congestion control but lwIP's. */
static int64_t name_set(struct thread *thread, int name, const uint64_t x[6])
{
	char given[NAME_MAX + 1] = { 0 };
	uint32_t bytes = (uint32_t)x[4];

	if ((int32_t)bytes < (name == LINUX_TCP_CONGESTION))
		return STATUS_EINVAL;
	if (linux_copy_in(thread, given, x[3], bytes < NAME_MAX ? bytes : NAME_MAX) != STATUS_OK)
		return STATUS_EFAULT;
	if (name == LINUX_TCP_CONGESTION)
		return strcmp(given, "reno") == 0 ? 0 : STATUS_ENOENT;
	return given[0] == '\0' ? 0 : STATUS_ENODEV;
}

/* The int that is given: at the level of IP a byte may be, or nothing. */
static status_t wanted_in(struct thread *thread, const uint64_t x[6], int32_t *wanted)
{
	uint8_t byte = 0;

	if ((int)x[4] >= (int)sizeof(*wanted))
		return linux_copy_in(thread, wanted, x[3], sizeof(*wanted));
	if ((int)x[1] != LINUX_IPPROTO_IP || (int)x[4] < 0)
		return STATUS_EINVAL;
	if (x[4] > 0 && linux_copy_in(thread, &byte, x[3], sizeof(byte)) != STATUS_OK)
		return STATUS_EFAULT;
	*wanted = byte;
	return STATUS_OK;
}

/* One of an int: `value`, where it is remembered. */
static int64_t value_set(struct thread *thread, struct linux_socket *socket, int32_t *value, const uint64_t x[6])
{
	bool own = (int)x[1] == LINUX_SOL_SOCKET;
	int32_t wanted;
	status_t status;

	if (value == NULL && !own && ((int)x[1] != LINUX_IPPROTO_TCP || (int)x[4] >= (int)sizeof(wanted)))
		return STATUS_ENOPROTOOPT;
	status = wanted_in(thread, x, &wanted);
	if (status != STATUS_OK)
		return status;
	if (value != NULL)
		return linux_socket_option_put(socket, value, wanted);
	if (own && ((int)x[2] == SO_SNDBUFFORCE || (int)x[2] == SO_RCVBUFFORCE))
		linux_socket_buffer_force(socket, (int)x[2] == SO_SNDBUFFORCE, wanted);
	else if (own && (int)x[2] == SO_PASSCRED)
		atomic_store_explicit(&socket->asks_sender, wanted != 0, memory_order_relaxed);
	else
		return STATUS_ENOPROTOOPT;
	return 0;
}

int64_t linux_socket_option_set(struct thread *thread, struct linux_socket *socket, const uint64_t x[6])
{
	int level = (int)x[1];
	int name = (int)x[2];

	if (level == LINUX_SOL_SOCKET && name == SO_RCVTIMEO)
		return timeout_set(thread, &socket->receive_timeout_ns, x);
	if (level == LINUX_SOL_SOCKET && name == SO_SNDTIMEO)
		return timeout_set(thread, &socket->send_timeout_ns, x);
	if (level == LINUX_SOL_SOCKET && name == SO_LINGER)
		return linger_set(thread, socket, x);
	if (level == LINUX_SOL_SOCKET && name == SO_BINDTODEVICE)
		return name_set(thread, name, x);
	if (level != LINUX_SOL_SOCKET && socket->ops->option_set != NULL)
		return socket->ops->option_set(thread, socket, x);
	if (!has_level(socket, level))
		return socket->family == LINUX_AF_UNIX ? STATUS_ENOTSUP : STATUS_ENOPROTOOPT;
	if (level == LINUX_IPPROTO_TCP && name == LINUX_TCP_CONGESTION)
		return name_set(thread, name, x);
	return value_set(thread, socket, linux_socket_option(socket, level, name), x);
}

/* One of the socket's own int, or STATUS_ENOPROTOOPT. */
static int64_t number_read(struct linux_socket *socket, int name, int32_t *to)
{
	switch (name) {
	case SO_TYPE:
		*to = socket->type;
		break;
	case SO_DOMAIN:
		*to = socket->family;
		break;
	case SO_PROTOCOL:
		*to = !linux_socket_is_inet(socket) ? 0 : socket->type == LINUX_SOCK_STREAM ? LINUX_IPPROTO_TCP : LINUX_IPPROTO_UDP;
		break;
	case SO_PASSCRED:
		*to = atomic_load_explicit(&socket->asks_sender, memory_order_relaxed);
		break;
	case SO_ACCEPTCONN:
		*to = socket->listening;
		break;
	case SO_SNDLOWAT:
		*to = 1;
		break;
	case SO_ERROR:
		*to = socket->ops->take_error != NULL ? -socket->ops->take_error(socket) : 0;
		break;
	default:
		return STATUS_ENOPROTOOPT;
	}
	return sizeof(*to);
}

/* What an option of every socket is, in `to`: how many bytes, or STATUS_ENOPROTOOPT. */
static int64_t own_read(struct linux_socket *socket, int name, void *to)
{
	int32_t number;
	int64_t bytes;

	if (name == SO_BINDTODEVICE) /* to none */
		return 0;
	if (name == SO_LINGER) {
		memcpy(to, &socket->linger, sizeof(socket->linger));
		return sizeof(socket->linger);
	}
	if (name == SO_PEERCRED) {
		struct linux_credentials peer = linux_socket_peer(socket);

		if (peer.process == 0)
			peer.user = peer.group = UINT32_MAX;
		memcpy(to, &peer, sizeof(peer));
		return sizeof(peer);
	}
	if (name == SO_RCVTIMEO || name == SO_SNDTIMEO) {
		uint64_t ns = name == SO_RCVTIMEO ? socket->receive_timeout_ns : socket->send_timeout_ns;

		memcpy(to, &(struct timeval){ (int64_t)(ns / 1000000000u), (int64_t)(ns % 1000000000u / 1000u) }, sizeof(struct timeval));
		return sizeof(struct timeval);
	}
	bytes = number_read(socket, name, &number);
	if (bytes > 0)
		memcpy(to, &number, sizeof(number));
	return bytes;
}

/* The same of any option. */
static int64_t option_read(struct linux_socket *socket, int level, int name, void *to)
{
	const int32_t *value = linux_socket_option(socket, level, name);
	int64_t bytes = socket->ops->option != NULL ? socket->ops->option(socket, level, name, to) : STATUS_ENOPROTOOPT;

	if (bytes != STATUS_ENOPROTOOPT)
		return bytes;
	if (value == NULL)
		return level == LINUX_SOL_SOCKET ? own_read(socket, name, to) : STATUS_ENOPROTOOPT;
	memcpy(to, value, sizeof(*value));
	return sizeof(*value);
}

/* Who has room for less than an int is told a byte at the level of IP. Spec: Linux, net/ipv4/ip_sockglue.c: do_ip_getsockopt() */
static uint32_t told_of(int level, const uint8_t *answer, uint32_t bytes, uint32_t room)
{
	int32_t number;

	memcpy(&number, answer, sizeof(number));
	if (level == LINUX_IPPROTO_IP && room > 0 && room < sizeof(number) && number >= 0 && number <= UINT8_MAX)
		return 1;
	return bytes < room ? bytes : room;
}

int64_t linux_socket_option_get(struct thread *thread, struct linux_socket *socket, const uint64_t x[6])
{
	_Alignas(8) uint8_t answer[LINUX_OPTION_MAX] = { 0 };
	uint32_t room;
	int64_t bytes;

	if (linux_copy_in(thread, &room, x[4], sizeof(room)) != STATUS_OK)
		return STATUS_EFAULT;
	if ((int32_t)room < 0)
		return STATUS_EINVAL;
	if (!has_level(socket, (int)x[1]))
		return socket->family == LINUX_AF_INET6 ? STATUS_ENOPROTOOPT : STATUS_ENOTSUP;
	bytes = option_read(socket, (int)x[1], (int)x[2], answer);
	if (bytes < 0)
		return bytes;
	room = told_of((int)x[1], answer, (uint32_t)bytes, room);
	if (linux_copy_out(thread, x[3], answer, room) != STATUS_OK)
		return STATUS_EFAULT;
	return linux_copy_out(thread, x[4], &room, sizeof(room));
}
