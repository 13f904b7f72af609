// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* SO_REUSEPORT: who may share a port, and how what comes is shared out. */
#include "tests/linux/claims.h"
#include "tests/linux/inet.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PORT = 8260, MANY = 40 };

enum { ALONE, ADDRESS, PORTS, BOTH };

/* A socket that shares so; bound, where that succeeds. -1 with errno. */
static int bound(int type, int how, in_addr_t address)
{
	int fd = socket(AF_INET, type, 0);

	CLAIM(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ how & ADDRESS ? 1 : 0 }, sizeof(int)) == 0);
	CLAIM(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &(int){ how & PORTS ? 1 : 0 }, sizeof(int)) == 0);
	if (binds(fd, address, PORT) == 0)
		return fd;
	int why = errno;

	CLAIM(close(fd) == 0);
	errno = why;
	return -1;
}

static int listens(int how, in_addr_t address)
{
	int fd = bound(SOCK_STREAM, how, address);

	CLAIM(fd >= 0 && listen(fd, MANY) == 0);
	return fd;
}

/* Two may have a port where both share in one way at least; with one that listens only those that share the port may. */
static void conflicts(void)
{
	for (int a = ALONE; a <= BOTH; a++)
		for (int b = ALONE; b <= BOTH; b++)
			for (int kind = 0; kind < 3; kind++) {
				int type = kind == 2 ? SOCK_DGRAM : SOCK_STREAM;
				int first = kind == 1 ? listens(a, INADDR_LOOPBACK) : bound(type, a, INADDR_LOOPBACK);
				int may = a & b & (kind == 1 ? PORTS : BOTH);
				int second = bound(type, b, b & 1 ? INADDR_LOOPBACK : INADDR_ANY);

				CLAIM(first >= 0 && (may ? second >= 0 : second == -1 && errno == EADDRINUSE));
				CLAIM(close(first) == 0 && (second < 0 || close(second) == 0));
			}
	/* Who shares the address alone is bound beside another, and cannot listen beside it. */
	int first = listens(BOTH, INADDR_LOOPBACK), second = bound(SOCK_STREAM, BOTH, INADDR_LOOPBACK);

	CLAIM(bound(SOCK_STREAM, ADDRESS, INADDR_LOOPBACK) == -1 && errno == EADDRINUSE);
	CLAIM(listen(second, 1) == 0 && close(first) == 0 && close(second) == 0);
}

/* What waits, at once: how many. */
static int take_all(int fd, int *fds)
{
	int count = 0;

	while (poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 0) == 1)
		fds[count++] = accept(fd, NULL, NULL);
	return count;
}

/* All get some, and together everything. */
static void shared_out(void)
{
	int one = listens(PORTS, INADDR_ANY), other = listens(PORTS, INADDR_ANY);
	int fds[MANY], ones[MANY], others[MANY];

	for (int i = 0; i < MANY; i++) {
		fds[i] = tcp();
		CLAIM(connects(fds[i], INADDR_LOOPBACK, PORT) == 0);
	}
	usleep(100000);
	int first = take_all(one, ones), second = take_all(other, others);

	CLAIM(first > 0 && second > 0 && first + second == MANY);
	for (int i = 0; i < MANY; i++)
		CLAIM(close(fds[i]) == 0 && close(i < first ? ones[i] : others[i - first]) == 0);
	CLAIM(close(one) == 0 && close(other) == 0);
}

/* Who closes resets what waited for it; the other goes on. */
static void one_closes(void)
{
	int one = listens(PORTS, INADDR_LOOPBACK), other = listens(PORTS, INADDR_LOOPBACK);
	int fds[MANY], others[MANY], reset = 0;
	char byte;

	for (int i = 0; i < MANY; i++) {
		fds[i] = tcp();
		CLAIM(connects(fds[i], INADDR_LOOPBACK, PORT) == 0);
	}
	usleep(100000);
	CLAIM(close(one) == 0);
	int taken = take_all(other, others);

	for (int i = 0; i < taken; i++)
		CLAIM(write(others[i], "x", 1) == 1);
	for (int i = 0; i < MANY; i++) {
		ssize_t got = read(fds[i], &byte, 1);

		reset += got == -1 && errno == ECONNRESET;
		CLAIM(got == 1 || (got == -1 && errno == ECONNRESET));
		CLAIM(close(fds[i]) == 0);
	}
	CLAIM(taken > 0 && reset > 0 && taken + reset == MANY);
	for (int i = 0; i < taken; i++)
		CLAIM(close(others[i]) == 0);
	for (int i = 0; i < 4; i++) {
		int fd = tcp(), to;

		CLAIM(connects(fd, INADDR_LOOPBACK, PORT) == 0 && (to = accept(other, NULL, NULL)) >= 0 && close(to) == 0 && close(fd) == 0);
	}
	CLAIM(close(other) == 0);
	int fd = tcp();

	REFUSED(connects(fd, INADDR_LOOPBACK, PORT), ECONNREFUSED);
	CLAIM(close(fd) == 0);
}

/* Several processes, each with a listener of its own. */
static void processes_share(void)
{
	int pids[2], up[2], fds[MANY], status;
	char byte;

	CLAIM(pipe(up) == 0);
	for (int i = 0; i < 2; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			int fd = listens(PORTS, INADDR_LOOPBACK), taken = 0;

			CLAIM(write(up[1], "x", 1) == 1);
			while (poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 1500) == 1) {
				int to = accept(fd, NULL, NULL);

				CLAIM(write(to, "x", 1) == 1 && close(to) == 0);
				taken++;
			}
			_exit(claims_failed != 0 || taken == 0);
		}
	}
	CLAIM(read(up[0], &byte, 1) == 1 && read(up[0], &byte, 1) == 1);
	for (int i = 0; i < MANY; i++) {
		fds[i] = tcp();
		CLAIM(connects(fds[i], INADDR_LOOPBACK, PORT) == 0 && read(fds[i], &byte, 1) == 1 && close(fds[i]) == 0);
	}
	for (int i = 0; i < 2; i++)
		CLAIM(waitpid(pids[i], &status, 0) == pids[i] && status == 0);
	CLAIM(close(up[0]) == 0 && close(up[1]) == 0);
}

/* How many wait at one; it takes them. All of a sender come to the same one. */
static int take_datagrams(int fd, uint64_t *senders)
{
	int count = 0;
	char which;

	while (recv(fd, &which, 1, MSG_DONTWAIT) == 1) {
		*senders |= 1ull << which;
		count++;
	}
	return count;
}

static void datagrams(void)
{
	int one = bound(SOCK_DGRAM, PORTS, INADDR_ANY), other = bound(SOCK_DGRAM, PORTS, INADDR_ANY);
	struct sockaddr_in to = at(INADDR_LOOPBACK, PORT);
	uint64_t ones = 0, others = 0;
	char which;

	for (which = 0; which < MANY; which++) {
		int fd = socket(AF_INET, SOCK_DGRAM, 0);

		for (int i = 0; i < 3; i++)
			CLAIM(sendto(fd, &which, 1, 0, (struct sockaddr *)&to, sizeof(to)) == 1);
		CLAIM(close(fd) == 0);
	}
	usleep(100000);
	CLAIM(take_datagrams(one, &ones) + take_datagrams(other, &others) == 3 * MANY);
	CLAIM(ones != 0 && others != 0 && (ones & others) == 0 && (ones | others) == (1ull << MANY) - 1);
	CLAIM(close(one) == 0);
	CLAIM(sendto(other, &which, 1, 0, (struct sockaddr *)&to, sizeof(to)) == 1 && recv(other, &which, 1, 0) == 1);
	CLAIM(close(other) == 0);
}

/* What a peer sends is for who is connected to it, whoever else has the port. */
static void peers_come_first(void)
{
	int one = bound(SOCK_DGRAM, BOTH, INADDR_ANY), other = bound(SOCK_DGRAM, BOTH, INADDR_ANY), peer = socket(AF_INET, SOCK_DGRAM, 0), stranger = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in to = at(INADDR_LOOPBACK, PORT);
	char byte;

	CLAIM(binds(peer, INADDR_LOOPBACK, PORT + 1) == 0 && connects(one, INADDR_LOOPBACK, PORT + 1) == 0);
	for (int i = 0; i < 8; i++) {
		CLAIM(sendto(peer, "p", 1, 0, (struct sockaddr *)&to, sizeof(to)) == 1 && recv(one, &byte, 1, 0) == 1 && byte == 'p');
		CLAIM(sendto(stranger, "s", 1, 0, (struct sockaddr *)&to, sizeof(to)) == 1 && recv(other, &byte, 1, 0) == 1 && byte == 's');
	}
	CLAIM(close(one) == 0 && close(other) == 0 && close(peer) == 0 && close(stranger) == 0);
}

static int bound_to_both(void)
{
	const struct sockaddr_in6 name = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	CLAIM(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &(int){ 1 }, sizeof(int)) == 0);
	CLAIM(bind(fd, (const struct sockaddr *)&name, sizeof(name)) == 0);
	return fd;
}

/* What comes by IPv4 is for who has that alone, bound before or behind who has IPv6 as well. */
static void four_before_six(void)
{
	struct sockaddr_in to = at(INADDR_LOOPBACK, PORT);
	char byte;

	for (int is_behind = 0; is_behind < 2; is_behind++) {
		int early = is_behind ? bound_to_both() : -1, four = bound(SOCK_DGRAM, PORTS, INADDR_ANY), six = is_behind ? early : bound_to_both();

		for (int i = 0; i < 8; i++) {
			int from = socket(AF_INET, SOCK_DGRAM, 0);

			CLAIM(sendto(from, "4", 1, 0, (struct sockaddr *)&to, sizeof(to)) == 1 && close(from) == 0);
			CLAIM(poll(&(struct pollfd){ .fd = four, .events = POLLIN }, 1, 1000) == 1 && recv(four, &byte, 1, MSG_DONTWAIT) == 1);
		}
		CLAIM(close(four) == 0 && close(six) == 0);
	}
}

int main(void)
{
	alarm(60); /* for who waits for ever */
	conflicts();
	shared_out();
	one_closes();
	processes_share();
	datagrams();
	peers_come_first();
	four_before_six();
	return claims_end("reuseport");
}
