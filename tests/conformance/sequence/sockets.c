// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Sockets: UNIX ones by abstract names and by paths, INET ones over the loopback device. */
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/conformance/sequence/call.h"

enum { PORT_FIRST = 7000, INET_NAMES = 16, PATH_NAMES = 8, SETTLE_MS = 300 };

/* Numbers below PATH_NAMES are abstract names, below INET_NAMES paths, beyond them ports. */
static socklen_t address_of(long number, struct sockaddr_storage *storage)
{
	struct sockaddr_un *un = (struct sockaddr_un *)storage;
	struct sockaddr_in *in = (struct sockaddr_in *)storage;

	memset(storage, 0, sizeof(*storage));
	if (number >= INET_NAMES) {
		in->sin_family = AF_INET;
		in->sin_port = __builtin_bswap16((uint16_t)(PORT_FIRST + number - INET_NAMES));
		in->sin_addr.s_addr = __builtin_bswap32(INADDR_LOOPBACK);
		return sizeof(*in);
	}
	un->sun_family = AF_UNIX;
	int len = number < PATH_NAMES ? format_print(un->sun_path + 1, sizeof(un->sun_path) - 1, "name%ld", number) + 1
		: format_print(un->sun_path, sizeof(un->sun_path), "/tmp/s%ld", number - PATH_NAMES) + 1;
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len);
}

static void say_address(struct line *line, const struct sockaddr_storage *storage, socklen_t len)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)storage;
	const struct sockaddr_in *in = (const struct sockaddr_in *)storage;

	if (len < sizeof(un->sun_family))
		say(line, " len=%u", len);
	else if (storage->ss_family == AF_INET) /* a port that the kernel chose is its own business */
		say(line, " inet len=%u %08x chosen=%d", len, __builtin_bswap32(in->sin_addr.s_addr), __builtin_bswap16(in->sin_port) >= 32768);
	else
		say(line, " %u len=%u h=%08x", storage->ss_family, len, digest(un->sun_path, len - sizeof(un->sun_family)));
}

static long do_socket(const long *arg, struct line *line)
{
	(void)line;
	return keep(arg[0], SYS(socket, arg[1], arg[2], arg[3]));
}

static long do_socketpair(const long *arg, struct line *line)
{
	int ends[2];
	long result = SYS(socketpair, arg[2], arg[3], 0, ends);

	if (result == 0) {
		say(line, " %d %d", ends[0], ends[1]);
		keep(arg[0], ends[0]);
		keep(arg[1], ends[1]);
	}
	return result;
}

static long do_bind(const long *arg, struct line *line)
{
	struct sockaddr_storage address;
	socklen_t len = address_of(arg[1], &address);
	int on = 1;

	(void)line;
	if (arg[1] >= INET_NAMES)
		SYS(setsockopt, fd_of(arg[0]), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return SYS(bind, fd_of(arg[0]), &address, arg[2] ? arg[2] : len);
}

static long do_listen(const long *arg, struct line *line)
{
	(void)line;
	return SYS(listen, fd_of(arg[0]), arg[1]);
}

static long do_connect(const long *arg, struct line *line)
{
	struct sockaddr_storage address;
	socklen_t len = address_of(arg[1], &address);

	(void)line;
	return SYS(connect, fd_of(arg[0]), &address, len);
}

/* Over the loopback device what was sent is there soon, not at once. */
static void settle(int fd, short events, long wanted)
{
	struct pollfd poll = {.fd = fd, .events = events};
	struct timespec limit = {0, SETTLE_MS * 1000000L};

	if (wanted)
		SYS(ppoll, &poll, 1, &limit, NULL, 8);
}

static long do_accept(const long *arg, struct line *line)
{
	struct sockaddr_storage address = {0};
	socklen_t len = sizeof(address);

	settle(fd_of(arg[1]), POLLIN, arg[3]);
	long result = SYS(accept4, fd_of(arg[1]), &address, &len, arg[2]);
	if (result >= 0)
		say_address(line, &address, len);
	return keep(arg[0], result);
}

static long do_send(const long *arg, struct line *line)
{
	size_t len = at_most(arg[1], BUFFER_BYTES);

	(void)line;
	fill(arg[3], len);
	return SYS(sendto, fd_of(arg[0]), buffer, len, arg[2] | MSG_NOSIGNAL | MSG_DONTWAIT, NULL, 0);
}

static long do_sendto(const long *arg, struct line *line)
{
	struct sockaddr_storage address;
	socklen_t address_len = address_of(arg[3], &address);
	size_t len = at_most(arg[1], BUFFER_BYTES);

	(void)line;
	fill(arg[4], len);
	return SYS(sendto, fd_of(arg[0]), buffer, len, arg[2] | MSG_NOSIGNAL | MSG_DONTWAIT, &address, address_len);
}

static long do_recv(const long *arg, struct line *line)
{
	struct sockaddr_storage address = {0};
	socklen_t len = sizeof(address);

	settle(fd_of(arg[0]), POLLIN, arg[3]);
	long result = SYS(recvfrom, fd_of(arg[0]), buffer, at_most(arg[1], BUFFER_BYTES), arg[2] | MSG_DONTWAIT, &address, &len);
	if (result > 0)
		say(line, " h=%08x", digest(buffer, at_most(result, (size_t)arg[1])));
	if (result >= 0)
		say_address(line, &address, len);
	return result;
}

/* Some bytes, and with them a descriptor where a slot is named. */
static long do_sendmsg(const long *arg, struct line *line)
{
	size_t len = at_most(arg[1], BUFFER_BYTES);
	struct iovec vec = {buffer, len};
	union { struct cmsghdr head; uint8_t bytes[CMSG_SPACE(sizeof(int))]; } control = {.bytes = {0}};
	struct msghdr message = {.msg_iov = &vec, .msg_iovlen = 1};
	int fd = fd_of(arg[2]);

	(void)line;
	fill(arg[3], len);
	if (arg[4]) {
		control.head = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	return SYS(sendmsg, fd_of(arg[0]), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static long do_recvmsg(const long *arg, struct line *line)
{
	struct iovec vec = {buffer, at_most(arg[1], BUFFER_BYTES)};
	union { struct cmsghdr head; uint8_t bytes[64]; } control = {.bytes = {0}};
	struct msghdr message = {.msg_iov = &vec, .msg_iovlen = 1, .msg_control = arg[3] ? &control : NULL,
		.msg_controllen = arg[3] ? (size_t)arg[3] : 0};
	long result = SYS(recvmsg, fd_of(arg[0]), &message, arg[4] | MSG_DONTWAIT);
	int fd = -1;

	if (result < 0)
		return result;
	say(line, " h=%08x flags=%x control=%lu", digest(buffer, at_most(result, BUFFER_BYTES)), message.msg_flags,
		(unsigned long)message.msg_controllen);
	if (message.msg_controllen >= CMSG_LEN(sizeof(int)) && control.head.cmsg_type == SCM_RIGHTS) {
		memcpy(&fd, CMSG_DATA(&control.head), sizeof(fd));
		keep(arg[2], fd);
		say(line, " fd=%d", fd);
	}
	return result;
}

static long do_shutdown(const long *arg, struct line *line)
{
	(void)line;
	return SYS(shutdown, fd_of(arg[0]), arg[1]);
}

static long do_getsockopt(const long *arg, struct line *line)
{
	int value = 0;
	socklen_t len = sizeof(value);
	long result = SYS(getsockopt, fd_of(arg[0]), arg[1], arg[2], &value, &len);

	if (result == 0)
		say(line, " %d len=%u", value, len);
	return result;
}

static long do_setsockopt(const long *arg, struct line *line)
{
	int value = (int)arg[3];

	(void)line;
	return SYS(setsockopt, fd_of(arg[0]), arg[1], arg[2], &value, arg[4] ? arg[4] : (long)sizeof(value));
}

static long do_sockname(const long *arg, struct line *line)
{
	struct sockaddr_storage address = {0};
	socklen_t len = sizeof(address);
	long result = arg[1] ? SYS(getpeername, fd_of(arg[0]), &address, &len) : SYS(getsockname, fd_of(arg[0]), &address, &len);

	if (result == 0)
		say_address(line, &address, len);
	return result;
}

const struct operation sockets_operations[] = {
	{"socket", do_socket}, {"socketpair", do_socketpair}, {"bind", do_bind}, {"listen", do_listen}, {"connect", do_connect},
	{"accept", do_accept}, {"send", do_send}, {"sendto", do_sendto}, {"recv", do_recv}, {"sendmsg", do_sendmsg}, {"recvmsg", do_recvmsg},
	{"shutdown", do_shutdown}, {"getsockopt", do_getsockopt}, {"setsockopt", do_setsockopt}, {"sockname", do_sockname}, {NULL, NULL},
};
