// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Many descriptors in one message: as many as Linux takes, and no more. Spec: unix(7), SCM_RIGHTS */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MOST = 253 /* SCM_MAX_FD */, TOO_MANY = MOST + 1, ROOM = CMSG_SPACE(TOO_MANY * sizeof(int)) + CMSG_SPACE(sizeof(int)) };

static _Alignas(struct cmsghdr) char control[ROOM];
static int given[TOO_MANY], got[TOO_MANY], pair[2];

static struct msghdr message_of(struct iovec *byte, size_t room)
{
	static char text[1];

	*byte = (struct iovec){ text, 1 };
	return (struct msghdr){ .msg_iov = byte, .msg_iovlen = 1, .msg_control = control, .msg_controllen = room };
}

/* Descriptors `first` to `end` as one control message at `at`: how far it reaches. */
static size_t put(size_t at, int first, int end)
{
	size_t bytes = (size_t)(end - first) * sizeof(int);
	struct cmsghdr *header = (struct cmsghdr *)(void *)(control + at);

	*header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(bytes), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(header), &given[first], bytes);
	return at + CMSG_SPACE(bytes);
}

static ssize_t sends(size_t bytes)
{
	struct iovec byte;
	struct msghdr message = message_of(&byte, bytes);

	return syscall(SYS_sendmsg, pair[0], &message, 0); /* the C library's own takes less */
}

/* What comes with a byte, in room for so many: how many came, and the flags. */
static int receives(int room, int flags, int *told)
{
	struct iovec byte;
	struct msghdr message = message_of(&byte, CMSG_LEN((size_t)room * sizeof(int)));
	struct cmsghdr *header = (struct cmsghdr *)(void *)control;

	header->cmsg_len = CMSG_LEN(0);
	CLAIM(recvmsg(pair[1], &message, flags) == 1);
	*told = message.msg_flags;
	if (message.msg_controllen == 0)
		return 0;
	memcpy(got, CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
	return (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
}

static void closed(int count)
{
	for (int i = 0; i < count; i++)
		CLAIM(close(got[i]) == 0);
}

/* One number lower than all that are open. */
static int lowest(void)
{
	int fd = dup(0);

	CLAIM(fd >= 0 && close(fd) == 0);
	return fd;
}

static void all_of_them(void)
{
	int ends[2], told;
	char text[MOST];

	CLAIM(pipe(ends) == 0);
	for (int i = 0; i < TOO_MANY; i++)
		given[i] = ends[i % 2];
	CLAIM(sends(put(0, 0, MOST)) == 1);
	REFUSED(sends(put(0, 0, TOO_MANY)), EINVAL);
	CLAIM(sends(put(put(0, 0, 200), 200, MOST)) == 1);
	REFUSED(sends(put(put(0, 0, 200), 200, TOO_MANY)), EINVAL);
	CLAIM(receives(MOST, MSG_PEEK, &told) == MOST && told == 0);
	closed(MOST);
	for (int turn = 0; turn < 2; turn++) {
		CLAIM(receives(TOO_MANY, 0, &told) == MOST && told == 0);
		for (int i = 1; i < MOST; i += 2)
			CLAIM(write(got[i], "x", 1) == 1);
		CLAIM(read(got[MOST - 1], text, MOST) == MOST / 2);
		closed(MOST);
	}
	CLAIM(close(ends[1]) == 0 && read(ends[0], text, 1) == 0 && close(ends[0]) == 0);
}

/* What there is no room for is closed, and what is behind a number that is none goes nowhere. */
static void some_of_them(void)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec byte;
	struct msghdr message = message_of(&byte, CMSG_LEN(8 * sizeof(int)));
	int ends[2], told, first = lowest();

	CLAIM(pipe(ends) == 0);
	for (int i = 0; i < TOO_MANY; i++)
		given[i] = ends[1];
	CLAIM(sends(put(0, 0, MOST)) == 1 && receives(100, 0, &told) == 100 && told == MSG_CTRUNC);
	closed(100);
	given[150] = -1;
	REFUSED(sends(put(0, 0, MOST)), EBADF);
	REFUSED(recv(pair[1], &told, 1, MSG_DONTWAIT), EAGAIN);
	/* Where the memory ends, those are told that fit before. */
	CLAIM(page != MAP_FAILED && munmap(page + 4096, 4096) == 0 && sends(put(0, 0, 100)) == 1);
	message.msg_control = page + 4096 - CMSG_LEN(3 * sizeof(int));
	CLAIM(recvmsg(pair[1], &message, 0) == 1 && message.msg_flags == MSG_CTRUNC);
	memcpy(got, page + 4096 - 3 * sizeof(int), 3 * sizeof(int));
	closed(3);
	CLAIM(close(ends[1]) == 0 && read(ends[0], &told, 1) == 0 && close(ends[0]) == 0 && lowest() == first && munmap(page, 4096) == 0);
}

int main(void)
{
	CLAIM(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	all_of_them();
	some_of_them();
	CLAIM(close(pair[0]) == 0 && close(pair[1]) == 0);
	return claims_end("handovers");
}
