// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* How much can be read of a TCP connection without waiting, and looked at: all that has come, not its first piece; and what is there is not waited for. */
#include "tests/linux/claims.h"
#include "tests/linux/inet.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { PORT = 8198, PIECE = 1000, PIECES = 5, MUCH = 240000, STEP_MS = 300 };

static char data[PIECE * PIECES], large[MUCH];

static int unread(int fd)
{
	int bytes = -1;

	CLAIM(ioctl(fd, FIONREAD, &bytes) == 0);
	return bytes;
}

/* On its way for a while, though it stays within the machine. */
static int comes_to(int fd, int bytes)
{
	while (unread(fd) < bytes)
		usleep(1000);
	return unread(fd) == bytes;
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* More than goes in one step, which is there when it is asked for. */
static void much(int from, int to)
{
	int sent = 0, there;
	long before;

	CLAIM(fcntl(from, F_SETFL, O_NONBLOCK) == 0);
	for (int i = 0; i < 50 && sent < MUCH; i++, usleep(5000)) {
		ssize_t some = send(from, large + sent, (size_t)(MUCH - sent), 0);

		sent += some > 0 ? (int)some : 0;
	}
	there = unread(to);
	before = now_ms();
	CLAIM(recv(to, large, (size_t)there, MSG_WAITALL) == there && now_ms() - before < STEP_MS);
	CLAIM(fcntl(from, F_SETFL, 0) == 0);
	while (there < sent)
		there += (int)recv(to, large, sizeof(large), 0);
}

int main(void)
{
	int listener = tcp(), from = tcp();
	int bytes;
	int to = -1;

	alarm(20); /* for who waits for ever */
	CLAIM(unread(from) == 0 && binds(listener, INADDR_LOOPBACK, PORT) == 0 && listen(listener, 1) == 0);
	REFUSED(ioctl(listener, FIONREAD, &bytes), EINVAL);
	CLAIM(connects(from, INADDR_LOOPBACK, PORT) == 0 && (to = accept(listener, NULL, NULL)) >= 0 && unread(to) == 0 && unread(from) == 0);
	for (int i = 0; i < PIECES; i++)
		CLAIM(send(from, data, PIECE, 0) == PIECE);
	CLAIM(comes_to(to, PIECE * PIECES) && recv(to, data, 10, MSG_PEEK) == 10 && recv(to, data, sizeof(data), MSG_PEEK) == PIECE * PIECES && unread(to) == PIECE * PIECES);
	CLAIM(recv(to, data, 300, 0) == 300 && unread(to) == PIECE * PIECES - 300 && unread(from) == 0);
	REFUSED(ioctl(to, FIONREAD, (void *)16), EFAULT);
	CLAIM(recv(to, data, PIECE * PIECES - 300, MSG_WAITALL) == PIECE * PIECES - 300);
	much(from, to);
	for (int i = 0; i < PIECES; i++)
		CLAIM(send(from, data, PIECE, 0) == PIECE);
	/* That nothing comes behind it is no byte. */
	CLAIM(shutdown(from, SHUT_WR) == 0 && recv(to, data, PIECE * PIECES + 1, MSG_WAITALL) == PIECE * PIECES && recv(to, data, 1, 0) == 0 && unread(to) == 0);
	CLAIM(close(from) == 0 && close(to) == 0 && close(listener) == 0);
	return claims_end("unread");
}
