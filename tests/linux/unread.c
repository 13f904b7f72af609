// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* How much can be read of a TCP connection without waiting (FIONREAD): all that has come, not its first piece. */
#include "tests/linux/claims.h"
#include "tests/linux/inet.h"

#include <sys/ioctl.h>
#include <unistd.h>

enum { PORT = 8198, PIECE = 1000, PIECES = 5 };

static char data[PIECE * PIECES];

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
	CLAIM(comes_to(to, PIECE * PIECES) && recv(to, data, 10, MSG_PEEK) == 10 && unread(to) == PIECE * PIECES);
	CLAIM(recv(to, data, 300, 0) == 300 && unread(to) == PIECE * PIECES - 300 && unread(from) == 0);
	REFUSED(ioctl(to, FIONREAD, (void *)16), EFAULT);
	/* That nothing comes behind it is no byte. */
	CLAIM(shutdown(from, SHUT_WR) == 0 && recv(to, data, PIECE * PIECES, MSG_WAITALL) == PIECE * PIECES - 300 && recv(to, data, 1, 0) == 0 && unread(to) == 0);
	CLAIM(close(from) == 0 && close(to) == 0 && close(listener) == 0);
	return claims_end("unread");
}
