// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A listener within the machine whose queue is full: who connects waits for room, as long as it may. */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { QUEUED = 2 /* one more than the backlog */, LATE_US = 20000 };

static const struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "\0backlog" };

static int connects(int fd)
{
	return connect(fd, (const struct sockaddr *)&name, offsetof(struct sockaddr_un, sun_path) + 8);
}

static int listener_make(int type)
{
	int fd = socket(AF_UNIX, type, 0);

	CLAIM(bind(fd, (const struct sockaddr *)&name, offsetof(struct sockaddr_un, sun_path) + 8) == 0 && listen(fd, QUEUED - 1) == 0);
	return fd;
}

static void *accepts(void *arg)
{
	usleep(LATE_US);
	CLAIM(close(accept(*(int *)arg, NULL, NULL)) == 0);
	return NULL;
}

static void *closes(void *arg)
{
	usleep(LATE_US);
	CLAIM(close(*(int *)arg) == 0);
	return NULL;
}

/* Who comes when the queue is full, and what then becomes of the listener. */
static void late(int type, void *(*happens)(void *arg), int why)
{
	int fds[QUEUED + 1], listener = listener_make(type);
	struct timeval limit = { .tv_usec = 10000 };
	pthread_t other;

	for (int i = 0; i <= QUEUED; i++) {
		fds[i] = socket(AF_UNIX, type, 0);
		CLAIM(i == QUEUED || connects(fds[i]) == 0);
	}
	CLAIM(fcntl(fds[QUEUED], F_SETFL, O_NONBLOCK) == 0);
	REFUSED(connects(fds[QUEUED]), EAGAIN);
	CLAIM(fcntl(fds[QUEUED], F_SETFL, 0) == 0 && setsockopt(fds[QUEUED], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0);
	REFUSED(connects(fds[QUEUED]), EAGAIN);
	limit.tv_usec = 0;
	CLAIM(setsockopt(fds[QUEUED], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0);
	CLAIM(pthread_create(&other, NULL, happens, &listener) == 0);
	if (why == 0)
		CLAIM(connects(fds[QUEUED]) == 0);
	else
		REFUSED(connects(fds[QUEUED]), why);
	CLAIM(pthread_join(other, NULL) == 0);
	if (happens != closes)
		close(listener);
	for (int i = 0; i <= QUEUED; i++)
		close(fds[i]);
}

int main(void)
{
	alarm(20); /* for who waits for ever */
	late(SOCK_STREAM, accepts, 0);
	late(SOCK_SEQPACKET, accepts, 0);
	late(SOCK_STREAM, closes, ECONNREFUSED);
	return claims_end("backlog");
}
