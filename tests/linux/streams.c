// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* read and write on sockets are receiving and sending: they keep to the socket's time limits, and to who is told by a signal. */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MUCH = 400000 };

static char much[MUCH];
static volatile sig_atomic_t broken;

static void on_broken(int signal_)
{
	(void)signal_;
	broken++;
}

static void nothing(int signal_)
{
	(void)signal_;
}

static void time_limits(void)
{
	struct sigaction on_alarm = { .sa_handler = nothing, .sa_flags = SA_RESTART };
	struct iovec piece = { much, 8 };
	struct timeval limit = { .tv_usec = 20000 };
	int pair[2];

	CLAIM(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	for (int i = 0; i < 2; i++)
		CLAIM(setsockopt(pair[i], SOL_SOCKET, i ? SO_RCVTIMEO : SO_SNDTIMEO, &limit, sizeof(limit)) == 0);
	REFUSED(read(pair[1], much, 8), EAGAIN);
	REFUSED(readv(pair[1], &piece, 1), EAGAIN);
	CLAIM(write(pair[0], much, MUCH) > 0); /* as much as there is room for */
	REFUSED(write(pair[0], much, MUCH), EAGAIN);
	/* With a limit a signal ends it, though others would be begun anew. */
	limit.tv_sec = 10;
	CLAIM(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0 && sigaction(SIGALRM, &on_alarm, NULL) == 0);
	ualarm(20000, 0);
	REFUSED(read(pair[0], much, 8), EINTR);
	CLAIM(close(pair[0]) == 0 && close(pair[1]) == 0);
}

/* Who sends what is whole is told by the error alone. Spec: Linux, net/unix/af_unix.c */
static void no_signal(int type)
{
	int file = open("/proc/self/exe", O_RDONLY);
	int pair[2];
	int ends[2];

	CLAIM(socketpair(AF_UNIX, type, 0, pair) == 0 && shutdown(pair[1], SHUT_RD) == 0 && pipe(ends) == 0 && write(ends[1], "x", 1) == 1);
	REFUSED(send(pair[0], "x", 1, 0), EPIPE);
	REFUSED(write(pair[0], "x", 1), EPIPE);
	REFUSED(splice(ends[0], NULL, pair[0], NULL, 1, 0), EPIPE);
	REFUSED(sendfile(pair[0], file, NULL, 1), EPIPE);
	CLAIM(broken == 0);
	CLAIM(close(pair[0]) == 0 && close(pair[1]) == 0 && close(ends[0]) == 0 && close(ends[1]) == 0 && close(file) == 0);
}

static void *receives(void *arg)
{
	static char data[MUCH];

	CLAIM(recv(*(int *)arg, data, MUCH, MSG_WAITALL) == MUCH);
	return NULL;
}

/* How much was sent is told of all of it: where it waits, and where it does not, is cut off or takes too long. */
static void how_much(void)
{
	struct timeval limit = { .tv_usec = 20000 };
	pthread_t other;
	int pair[2];

	CLAIM(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && pthread_create(&other, NULL, receives, &pair[1]) == 0);
	CLAIM(send(pair[0], much, MUCH, 0) == MUCH && pthread_join(other, NULL) == 0);
	for (int late = 0; late < 2; late++) {
		ssize_t sent = send(pair[0], much, MUCH, late ? 0 : MSG_DONTWAIT);

		CLAIM(sent > 65536 && sent < MUCH && send(pair[0], "", 0, MSG_DONTWAIT) == 0); /* for nothing there is room */
		CLAIM(recv(pair[1], much, MUCH, 0) == sent);
		CLAIM(setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0);
	}
	CLAIM(close(pair[0]) == 0 && close(pair[1]) == 0 && (pair[0] = socket(AF_UNIX, SOCK_STREAM, 0)) >= 0);
	REFUSED(send(pair[0], "", 0, 0), ENOTCONN);
	for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) { /* nothing is urgent */
		CLAIM(close(pair[0]) == 0 && socketpair(AF_UNIX, type, 0, pair) == 0 && send(pair[1], "x", 1, 0) == 1);
		REFUSED(recv(pair[0], much, 1, MSG_OOB), type == SOCK_STREAM ? EINVAL : EOPNOTSUPP);
		CLAIM(recv(pair[0], much, 1, 0) == 1 && close(pair[1]) == 0);
	}
	CLAIM(close(pair[0]) == 0);
}

int main(void)
{
	signal(SIGPIPE, on_broken);
	no_signal(SOCK_DGRAM);
	no_signal(SOCK_SEQPACKET);
	alarm(20); /* for who waits for ever */
	time_limits();
	how_much();
	return claims_end("streams");
}
