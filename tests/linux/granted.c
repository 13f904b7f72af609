// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A program that was given one port listens there and nowhere else, and can use a socket that was refused. Unlike the others this is not so on Linux. */
#include "tests/linux/claims.h"
#include "tests/linux/inet.h"

#include <unistd.h>

enum { PORT = 8300 };

int main(void)
{
	int listener = tcp(), fd = tcp(), datagram = socket(AF_INET, SOCK_DGRAM, 0);

	alarm(20); /* for who waits for ever */
	REFUSED(listen(listener, 1), EACCES); /* at a port of the machine's choice */
	CLAIM(name_of(listener).sin_port == 0);
	REFUSED(binds(listener, INADDR_LOOPBACK, PORT + 1), EACCES);
	REFUSED(binds(datagram, INADDR_LOOPBACK, PORT + 1), EACCES);
	CLAIM(binds(datagram, INADDR_LOOPBACK, PORT) == 0);
	CLAIM(binds(fd, INADDR_LOOPBACK, 0) == 0); /* to connect from it */
	REFUSED(listen(fd, 1), EACCES);
	CLAIM(name_of(fd).sin_port != 0);
	CLAIM(binds(listener, INADDR_LOOPBACK, PORT) == 0 && listen(listener, 1) == 0 && is_at(listener, INADDR_LOOPBACK, PORT));
	CLAIM(connects(fd, INADDR_LOOPBACK, PORT) == 0 && close(fd) == 0);
	fd = tcp();
	REFUSED(connects(fd, INADDR_LOOPBACK, PORT + 1), EACCES);
	REFUSED(connects(fd, 0x7f000002, PORT), EACCES);
	CLAIM(connects(fd, INADDR_LOOPBACK, PORT) == 0 && close(fd) == 0 && close(listener) == 0 && close(datagram) == 0);
	return claims_end("granted");
}
