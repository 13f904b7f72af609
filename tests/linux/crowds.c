// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* More descriptors than a limit allows at first: thousands of one process, asked for together, handed to children, connected with each other. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "tests/linux/claims.h"

enum { MANY = 4000, FDS_MAX = 16000, WORD_BITS = 64, EVENTS = 3000, PAIRS = 1200, EVENT_AT = 2345 };

static int fds_max; /* the hard limit, or so many as are made here */

static int low(void)
{
	int fd = dup(0);

	CLAIM(fd >= 0 && close(fd) == 0);
	return fd;
}

static void limits(void)
{
	struct rlimit limit;

	CLAIM(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == 1024 && limit.rlim_max >= MANY);
	fds_max = limit.rlim_max < FDS_MAX ? (int)limit.rlim_max : FDS_MAX;
	REFUSED(fcntl(0, F_DUPFD, 1024), EINVAL);
	REFUSED(dup2(0, 1024), EBADF);
	limit.rlim_cur = (rlim_t)fds_max;
	CLAIM(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	CLAIM(fcntl(0, F_DUPFD, 1024) == 1024 && dup2(0, fds_max - 1) == fds_max - 1 && close(1024) == 0 && close(fds_max - 1) == 0);
	REFUSED(fcntl(0, F_DUPFD, fds_max), EINVAL);
	REFUSED(dup2(0, fds_max), EBADF);
}

/* Every number there is; the lowest that is free is the next, wherever it is. */
static void numbers(void)
{
	int first = low();
	int last = first - 1;
	int wrong = 0;

	for (int fd; (fd = dup(0)) >= 0; last++)
		wrong += fd != last + 1;
	CLAIM(errno == EMFILE && wrong == 0 && last == fds_max - 1);
	REFUSED(open("/dev/null", O_RDONLY), EMFILE);
	CLAIM(close(fds_max / 2) == 0 && close(first) == 0 && close(last) == 0);
	CLAIM(dup(0) == first && fcntl(0, F_DUPFD, first + 1) == fds_max / 2 && dup(0) == last);
	CLAIM(fcntl(last, F_SETFD, FD_CLOEXEC) == 0 && fcntl(last, F_GETFD) == FD_CLOEXEC && fcntl(last - 1, F_GETFD) == 0);
	CLAIM(syscall(SYS_close_range, first, fds_max / 2, 0) == 0 && dup(0) == first);
	CLAIM(syscall(SYS_close_range, first, UINT32_MAX, 0) == 0 && low() == first);
}

static void child(int first, const int last)
{
	CLAIM(fcntl(last, F_GETFD) == FD_CLOEXEC && fcntl(first, F_GETFD) == 0 && fcntl(last + 1, F_GETFD) == -1);
	for (int fd = first; fd <= last; fd += 2)
		CLAIM(close(fd) == 0);
	CLAIM(dup(0) == first);
}

/* A child has what its parent had, and what it closes stays open there. */
static void children(void)
{
	int first = low();
	int last = first + MANY - 1;
	int status = -1;
	int wrong = 0;
	pid_t made;

	for (int fd = first; fd <= last; fd++)
		wrong += dup(0) != fd;
	CLAIM(fcntl(last, F_SETFD, FD_CLOEXEC) == 0);
	made = fork();
	if (made == 0) {
		child(first, last);
		fflush(stdout);
		_exit(claims_failed != 0);
	}
	CLAIM(waitpid(made, &status, 0) == made && status == 0);
	for (int fd = first; fd <= last; fd++)
		wrong += close(fd) != 0;
	CLAIM(wrong == 0);
}

/* poll asks for as many as there may be, and select for numbers that an fd_set has no room for. */
static void asked(void)
{
	struct pollfd *polled = calloc((size_t)fds_max, sizeof(*polled));
	uint64_t *bits = calloc(FDS_MAX / WORD_BITS + 1, sizeof(*bits));
	int ready = eventfd(1, EFD_CLOEXEC);
	int high = dup2(ready, MANY);

	CLAIM(high == MANY && polled != NULL && bits != NULL);
	for (int i = 0; i < fds_max; i++)
		polled[i] = (struct pollfd){ .fd = i == 5 || i == fds_max - 1 ? high : -1, .events = POLLIN };
	CLAIM(poll(polled, (nfds_t)fds_max, 0) == 2 && polled[fds_max - 1].revents == POLLIN && polled[fds_max - 2].revents == 0);
	REFUSED(poll(polled, (nfds_t)fds_max + 1, 0), EINVAL);
	bits[MANY / WORD_BITS] = 1ull << MANY % WORD_BITS;
	bits[0] = 1ull << ready;
	CLAIM(syscall(SYS_pselect6, MANY + 1, bits, NULL, NULL, NULL, NULL) == 2 && bits[0] == 1ull << ready && bits[MANY / WORD_BITS] == 1ull << MANY % WORD_BITS);
	CLAIM(syscall(SYS_pselect6, MANY, bits, NULL, NULL, NULL, NULL) == 1);
	bits[0] = 0;
	bits[(MANY - 1) / WORD_BITS] |= 1ull << (MANY - 1) % WORD_BITS;
	REFUSED(syscall(SYS_pselect6, MANY + 1, bits, NULL, NULL, NULL, NULL), EBADF);
	CLAIM(close(high) == 0 && close(ready) == 0);
	free(polled);
	free(bits);
}

static void events(void)
{
	static int made[EVENTS];
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(0);
	int wrong = 0;

	for (int i = 0; i < EVENTS; i++) {
		made[i] = eventfd(0, 0);
		event.data.u32 = (uint32_t)i;
		wrong += made[i] < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, made[i], &event) != 0;
	}
	CLAIM(wrong == 0 && epoll_wait(epoll, &event, 1, 0) == 0);
	CLAIM(eventfd_write(made[EVENT_AT], 1) == 0 && epoll_wait(epoll, &event, 1, -1) == 1 && event.data.u32 == EVENT_AT);
	for (int i = 0; i < EVENTS; i++)
		wrong += close(made[i]) != 0;
	CLAIM(wrong == 0 && epoll_wait(epoll, &event, 1, 0) == 0 && close(epoll) == 0);
}

/* A server that has more connections than it had descriptors at first. */
static void connections(void)
{
	static int clients[PAIRS], servers[PAIRS];
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t bytes = sizeof(at);
	struct epoll_event event = { .events = EPOLLIN };
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int epoll = epoll_create1(0);
	int wrong = 0;
	char byte = 'x';

	CLAIM(bind(listener, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(listener, 8) == 0 && getsockname(listener, (struct sockaddr *)&at, &bytes) == 0);
	for (int i = 0; i < PAIRS; i++) {
		clients[i] = socket(AF_INET, SOCK_STREAM, 0);
		wrong += clients[i] < 0 || connect(clients[i], (struct sockaddr *)&at, sizeof(at)) != 0;
		servers[i] = accept(listener, NULL, NULL);
		event.data.u32 = (uint32_t)i;
		wrong += servers[i] < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, servers[i], &event) != 0;
	}
	CLAIM(wrong == 0);
	for (int i = 0; i < PAIRS; i += 7)
		wrong += write(clients[i], &byte, 1) != 1;
	for (int i = 0; i < PAIRS; i += 7) {
		wrong += epoll_wait(epoll, &event, 1, -1) != 1 || event.data.u32 % 7 != 0;
		wrong += read(servers[event.data.u32], &byte, 1) != 1 || byte != 'x';
	}
	CLAIM(wrong == 0 && epoll_wait(epoll, &event, 1, 0) == 0);
	for (int i = 0; i < PAIRS; i++)
		wrong += close(clients[i]) != 0 || close(servers[i]) != 0;
	CLAIM(wrong == 0 && close(epoll) == 0 && close(listener) == 0);
}

int main(void)
{
	limits();
	numbers();
	children();
	asked();
	events();
	connections();
	return claims_end("crowds");
}
