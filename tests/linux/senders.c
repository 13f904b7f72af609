// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Who is at the other end of a socket within the machine (SO_PEERCRED), and who sent what is received (SO_PASSCRED). */
#include "tests/linux/claims.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NAME = offsetof(struct sockaddr_un, sun_path), NOBODY = 65534, SENDER_BYTES = CMSG_SPACE(sizeof(struct ucred)), RIGHT_BYTES = CMSG_SPACE(sizeof(int)) };

static const struct sockaddr_un server = { .sun_family = AF_UNIX, .sun_path = "\0server" };
static const struct sockaddr_un other = { .sun_family = AF_UNIX, .sun_path = "\0other" };

static int named(int type, const struct sockaddr_un *name)
{
	int fd = socket(AF_UNIX, type, 0);

	CLAIM(fd >= 0 && bind(fd, (const struct sockaddr *)name, NAME + 6) == 0);
	return fd;
}

static int connects(int fd, const struct sockaddr_un *name)
{
	return connect(fd, (const struct sockaddr *)name, NAME + 6);
}

static int option_set(int fd, int value)
{
	return setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &value, sizeof(value));
}

static int option(int fd)
{
	socklen_t bytes = sizeof(int);
	int value = -1;

	CLAIM(getsockopt(fd, SOL_SOCKET, SO_PASSCRED, &value, &bytes) == 0 && bytes == sizeof(value));
	return value;
}

/* Whether a socket tells of that process, or of nobody: 0. */
static int peer_is(int fd, pid_t pid)
{
	struct ucred told = { 1, 1, 1 };
	socklen_t bytes = sizeof(told);
	uid_t user = pid != 0 ? getuid() : (uid_t)-1;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &told, &bytes) == 0 && bytes == sizeof(told) && told.pid == pid && told.uid == user &&
	       told.gid == user;
}

static void ends(pid_t child)
{
	int status = -1;

	CLAIM(waitpid(child, &status, 0) == child && status == 0);
}

/* What a child does, and that it is done. */
static pid_t child_of(int (*run)(int fd), int fd)
{
	pid_t child = fork();

	if (child == 0)
		_exit(run(fd) != 0);
	return child;
}

static int listens(int fd)
{
	return listen(fd, 3);
}

static int joins(int type)
{
	int fd = socket(AF_UNIX, type, 0);

	/* Who has called listen, though another made the socket. */
	return connects(fd, &server) != 0 || peer_is(fd, getppid()) || peer_is(fd, getpid()) || write(fd, "x", 1) != 1;
}

static void peers(int type)
{
	int fd = named(type, &server), client = socket(AF_UNIX, type, 0), pair[2], accepted = -1;
	pid_t child;

	CLAIM(peer_is(fd, 0) && peer_is(client, 0) && socketpair(AF_UNIX, type, 0, pair) == 0 && peer_is(pair[0], getpid()) && peer_is(pair[1], getpid()));
	CLAIM(listen(fd, 3) == 0 && peer_is(fd, getpid()));
	ends(child = child_of(listens, fd));
	CLAIM(peer_is(fd, child) && connects(client, &server) == 0 && peer_is(client, child));
	CLAIM((accepted = accept(fd, NULL, NULL)) >= 0 && peer_is(accepted, getpid()) && close(accepted) == 0 && peer_is(client, child));
	ends(child = child_of(joins, type));
	CLAIM((accepted = accept(fd, NULL, NULL)) >= 0 && peer_is(accepted, child) && listen(fd, 3) == 0 && peer_is(fd, getpid()));
	CLAIM(close(accepted) == 0 && close(fd) == 0 && close(client) == 0 && close(pair[0]) == 0 && close(pair[1]) == 0);
}

/* Of datagram sockets those of a pair alone. */
static void datagrams(void)
{
	int fd = named(SOCK_DGRAM, &server), client = socket(AF_UNIX, SOCK_DGRAM, 0), inet = socket(AF_INET, SOCK_STREAM, 0), pair[2];

	CLAIM(connects(client, &server) == 0 && peer_is(client, 0) && peer_is(fd, 0) && socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0 && peer_is(pair[1], getpid()));
	CLAIM(peer_is(inet, 0) && close(inet) == 0);
	CLAIM(close(fd) == 0 && close(client) == 0 && close(pair[0]) == 0 && close(pair[1]) == 0);
}

/* What came: how much, as whose, with a descriptor or not, in so much room. */
struct come {
	ssize_t bytes;
	struct ucred sender;
	int has_sender, has_right, flags;
	size_t control;
};

static struct come receives(int fd, size_t bytes, size_t room, int flags)
{
	_Alignas(struct cmsghdr) char control[SENDER_BYTES + RIGHT_BYTES] = { 0 };
	char data[16];
	struct iovec piece = { data, bytes };
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = room };
	struct come come = { .bytes = recvmsg(fd, &message, flags), .flags = message.msg_flags, .control = message.msg_controllen };
	int right;

	for (struct cmsghdr *at = CMSG_FIRSTHDR(&message); come.bytes >= 0 && at != NULL; at = CMSG_NXTHDR(&message, at)) {
		if (at->cmsg_type == SCM_CREDENTIALS && !come.has_right && at->cmsg_len == CMSG_LEN(sizeof(come.sender))) {
			come.has_sender++;
			memcpy(&come.sender, CMSG_DATA(at), sizeof(come.sender));
		} else if (at->cmsg_type == SCM_RIGHTS) {
			come.has_right++;
			memcpy(&right, CMSG_DATA(at), sizeof(right));
			CLAIM(close(right) == 0);
		}
	}
	return come;
}

static int came_from(struct come come, ssize_t bytes, pid_t pid, uid_t user)
{
	return come.bytes == bytes && come.has_sender == 1 && come.sender.pid == pid && come.sender.uid == user && come.sender.gid == user &&
	       come.flags == 0 && !come.has_right && come.control == SENDER_BYTES;
}

/* With a descriptor, and what the sender is, where that is asked for. */
static int sends(int fd, int says)
{
	struct ucred own = { getpid(), getuid(), getgid() };
	_Alignas(struct cmsghdr) char control[SENDER_BYTES + RIGHT_BYTES] = { 0 };
	struct iovec piece = { "y", 1 };
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = says ? sizeof(control) : RIGHT_BYTES };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	*header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	if (says) {
		header = CMSG_NXTHDR(&message, header);
		*header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(own)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_CREDENTIALS };
		memcpy(CMSG_DATA(header), &own, sizeof(own));
	}
	return sendmsg(fd, &message, 0) == 1 ? 0 : 1;
}

static int says_two(int fd)
{
	return write(fd, "ab", 2) != 2;
}

static int says_who(int fd)
{
	return sends(fd, 1);
}

/* Who sends is told who asks for it before; with what came before only where the sender said so. */
static void told(int type)
{
	pid_t own = getpid(), child;
	uid_t user = getuid();
	struct come come = { 0 };
	int pair[2];

	CLAIM(socketpair(AF_UNIX, type, 0, pair) == 0 && option(pair[0]) == 0 && says_two(pair[0]) == 0);
	CLAIM(receives(pair[1], 2, SENDER_BYTES, 0).control == 0 && says_two(pair[0]) == 0);
	CLAIM(option_set(pair[1], 7) == 0 && option(pair[1]) == 1 && option(pair[0]) == 0);
	CLAIM(came_from(receives(pair[1], 2, SENDER_BYTES, 0), 2, 0, NOBODY));
	CLAIM(says_two(pair[0]) == 0 && came_from(receives(pair[1], 2, SENDER_BYTES, MSG_PEEK), 2, own, user));
	CLAIM(came_from(receives(pair[1], 2, SENDER_BYTES, 0), 2, own, user));
	ends(child = child_of(says_two, pair[0]));
	CLAIM(came_from(receives(pair[1], 2, SENDER_BYTES, 0), 2, child, user) && option_set(pair[1], 0) == 0 && option(pair[1]) == 0);
	ends(child = child_of(says_who, pair[0]));
	CLAIM(option_set(pair[1], 1) == 0 && (come = receives(pair[1], 1, SENDER_BYTES + RIGHT_BYTES, 0)).bytes == 1);
	CLAIM(come.has_sender == 1 && come.has_right == 1 && come.sender.pid == child && come.control == SENDER_BYTES + RIGHT_BYTES);
	/* Who asks for it tells it as well. */
	CLAIM(option_set(pair[0], 1) == 0 && option_set(pair[1], 0) == 0 && says_two(pair[0]) == 0 && option_set(pair[1], 1) == 0);
	CLAIM(came_from(receives(pair[1], 2, SENDER_BYTES, 0), 2, own, user));
	CLAIM(close(pair[0]) == 0);
	if (type != SOCK_DGRAM) { /* at the end of a stream, it is nobody, and root */
		come = receives(pair[1], 1, SENDER_BYTES, 0);
		CLAIM(come.bytes == 0 && come.has_sender == (type == SOCK_STREAM) && come.sender.pid == 0 && come.sender.uid == 0);
	}
	CLAIM(close(pair[1]) == 0);
}

/* Where there is no room for it. */
static void cut(void)
{
	struct come come = { 0 };
	int pair[2];

	CLAIM(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0 && option_set(pair[1], 1) == 0);
	for (size_t room = 0; room <= SENDER_BYTES + RIGHT_BYTES; room += 4) {
		size_t used = room < sizeof(struct cmsghdr) ? 0 : room < SENDER_BYTES ? room : SENDER_BYTES;
		int has_right = room >= SENDER_BYTES + CMSG_LEN(sizeof(int));

		CLAIM(sends(pair[0], 0) == 0 && (come = receives(pair[1], 1, room, 0)).bytes == 1);
		CLAIM(come.flags == (has_right ? 0 : MSG_CTRUNC) && come.has_right == has_right && come.has_sender == (room >= CMSG_LEN(sizeof(struct ucred))));
		CLAIM(come.control == (has_right ? room : used));
		CLAIM(write(pair[0], "y", 1) == 1 && (come = receives(pair[1], 1, room, 0)).bytes == 1 && come.control == used);
		CLAIM(come.flags == (room < CMSG_LEN(sizeof(struct ucred)) ? MSG_CTRUNC : 0)); /* that alone */
	}
	CLAIM(close(pair[0]) == 0 && close(pair[1]) == 0);
}

/* What several sent is one stream, but for who asks whose it is. */
static void apart(void)
{
	char data[8];
	pid_t child = -1;
	int pair[2];

	CLAIM(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	for (int asks = 0; asks < 2; asks++) {
		CLAIM(option_set(pair[1], asks) == 0 && says_two(pair[0]) == 0 && says_two(pair[0]) == 0);
		ends(child = child_of(says_two, pair[0]));
		if (!asks)
			CLAIM(read(pair[1], data, 8) == 6);
	}
	CLAIM(came_from(receives(pair[1], 8, SENDER_BYTES, MSG_PEEK), 4, getpid(), getuid()) && came_from(receives(pair[1], 8, SENDER_BYTES, MSG_WAITALL), 4, getpid(), getuid()));
	CLAIM(came_from(receives(pair[1], 8, SENDER_BYTES, 0), 2, child, getuid()) && says_two(pair[0]) == 0);
	ends(child_of(says_two, pair[0]));
	CLAIM(read(pair[1], data, 8) == 2 && recv(pair[1], data, 2, MSG_WAITALL) == 2);
	CLAIM(close(pair[0]) == 0 && close(pair[1]) == 0);
}

/* What is not yet accepted tells of all who send; who is accepted asks as the listener does, and who asks has a name. */
static void accepted(void)
{
	static const struct sockaddr_un left = { .sun_family = AF_UNIX, .sun_path = "/tmp/left" };
	int fd = named(SOCK_STREAM, &server), client = socket(AF_UNIX, SOCK_STREAM, 0), made = -1;
	struct sockaddr_un name;
	socklen_t bytes = sizeof(name);

	CLAIM(option_set(client, 1) == 0 && listen(fd, 3) == 0 && option_set(fd, 1) == 0 && connects(client, &server) == 0);
	CLAIM(getsockname(client, (struct sockaddr *)&name, &bytes) == 0 && bytes == NAME + 6);
	REFUSED(bind(client, (const struct sockaddr *)&left, sizeof(left)), EINVAL);
	REFUSED(access(left.sun_path, F_OK), ENOENT); /* and nothing is left of that */
	CLAIM(option_set(client, 0) == 0 && option_set(fd, 0) == 0 && says_two(client) == 0 && (made = accept(fd, NULL, NULL)) >= 0 && option(made) == 0);
	CLAIM(option_set(made, 1) == 0 && came_from(receives(made, 8, SENDER_BYTES, 0), 2, getpid(), getuid()) && close(made) == 0 && close(client) == 0);
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	CLAIM(connects(client, &server) == 0 && option_set(fd, 1) == 0 && (made = accept(fd, NULL, NULL)) >= 0 && option(made) == 1);
	CLAIM(close(made) == 0 && close(client) == 0 && close(fd) == 0 && (client = socket(AF_UNIX, SOCK_DGRAM, 0)) >= 0 && option_set(client, 1) == 0);
	fd = named(SOCK_DGRAM, &other);
	bytes = sizeof(name);
	CLAIM(sendto(client, "x", 1, 0, (const struct sockaddr *)&other, NAME + 6) == 1 && getsockname(client, (struct sockaddr *)&name, &bytes) == 0 && bytes == NAME + 6);
	CLAIM(close(client) == 0 && close(fd) == 0);
}

int main(void)
{
	peers(SOCK_STREAM);
	peers(SOCK_SEQPACKET);
	datagrams();
	told(SOCK_STREAM);
	told(SOCK_SEQPACKET);
	told(SOCK_DGRAM);
	cut();
	apart();
	accepted();
	return claims_end("senders");
}
