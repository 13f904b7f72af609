// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Sockets that lie in queues: what nobody can reach any more is gone, what somebody can reach is not, and all of it is paid for. */
#include "tests/linux/claims.h"
#include "tests/linux/rights.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/un.h>
#include <unistd.h>

enum { ROUNDS = 6000, DEPTH = 50, OFTEN = 8000, NEVER = 1000, MUCH = 16384, MUCH_FREE = 12 << 20 };

static unsigned long least_free; /* while they were made */

static void out_of_reach(void)
{
	struct sysinfo now;

	least_free = ULONG_MAX;
	for (int i = 0; i < ROUNDS; i++) {
		int one[2];
		int two[2];

		CLAIM(socketpair(AF_UNIX, i % 2 ? SOCK_STREAM : SOCK_DGRAM, 0, one) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, two) == 0);
		/* Each end lies in its own queue, or the pairs in those of each other. */
		CLAIM(hand_over(one[1], i % 3 ? one[0] : two[0], MSG_DONTWAIT) == 1 && hand_over(two[1], i % 3 ? two[0] : one[0], MSG_DONTWAIT) == 1);
		CLAIM(close(one[0]) == 0 && close(one[1]) == 0 && close(two[0]) == 0 && close(two[1]) == 0);
		if (i % 64 == 0 && sysinfo(&now) == 0)
			least_free = now.freeram < least_free ? now.freeram : least_free;
		if (claims_failed > 0)
			return;
	}
}

/* A chain of sockets, each in the queue of the one before: the first is held. */
static void within_reach(void)
{
	int first[2];
	int last;
	int depth = 0;

	CLAIM(socketpair(AF_UNIX, SOCK_STREAM, 0, first) == 0);
	last = dup(first[1]);
	for (int i = 0; i < DEPTH; i++) {
		int pair[2];

		CLAIM(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && hand_over(last, pair[0], MSG_DONTWAIT) == 1 && close(pair[0]) == 0);
		close(last);
		last = pair[1];
	}
	out_of_reach();
	CLAIM(hand_over(last, first[0], MSG_DONTWAIT) == 1); /* a circle, one of which is open */
	out_of_reach();
	close(last);
	last = dup(first[0]);
	for (int fd; (fd = take_over(last, MSG_DONTWAIT)) >= 0; depth++) {
		close(last);
		last = fd;
	}
	CLAIM(depth == DEPTH + 1 && close(last) == 0 && close(first[0]) == 0 && close(first[1]) == 0);
}

/* However little is in each, a queue is full at some time, and the memory is that of who sent it. */
/* What was received again is not counted as what may be out of reach: there would be no end to it. */
static void to_and_fro(void)
{
	int pair[2], other[2];

	CLAIM(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, other) == 0);
	for (int i = 0; i < OFTEN; i++) {
		int fd;

		CLAIM(hand_over(pair[0], other[0], 0) == 1 && (fd = take_over(pair[1], 0)) >= 0 && close(fd) == 0);
	}
	for (int i = 0; i < 2; i++)
		CLAIM(close(pair[i]) == 0 && close(other[i]) == 0);
}

static void paid_for(void)
{
	struct sysinfo before;
	struct sysinfo full;
	int pair[2];
	int count = 0;

	CLAIM(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0 && sysinfo(&before) == 0);
	while (count < 1000000 && send(pair[0], "", 0, MSG_DONTWAIT) == 0)
		count++;
	CLAIM(count > 5 && count < 1000000 && errno == EAGAIN && sysinfo(&full) == 0);
	CLAIM(full.freeram < before.freeram && close(pair[0]) == 0 && close(pair[1]) == 0);
}

/* A listener in the queue of who wants to be accepted by it. */
static void never_accepted(void)
{
	static char much[MUCH];

	for (int i = 0; i < NEVER && claims_failed == 0; i++) {
		int listener = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
		struct sockaddr_un name = { .sun_family = AF_UNIX };
		socklen_t bytes = sizeof(name);

		CLAIM(bind(listener, (struct sockaddr *)&name, sizeof(name.sun_family)) == 0 && listen(listener, 1) == 0);
		CLAIM(getsockname(listener, (struct sockaddr *)&name, &bytes) == 0 && connect(client, (struct sockaddr *)&name, bytes) == 0);
		CLAIM(write(client, much, MUCH) == MUCH && hand_over(client, listener, MSG_DONTWAIT) == 1 && hand_over(client, client, MSG_DONTWAIT) == 1);
		CLAIM(close(listener) == 0 && close(client) == 0);
	}
}

/* They go long before memory is scarce; where there are several CPUs, one of which may still be letting go of what was closed, a little later. */
static void soon(void)
{
	struct sysinfo before;

	CLAIM(sysinfo(&before) == 0);
	out_of_reach();
	CLAIM(sysconf(_SC_NPROCESSORS_ONLN) > 1 || least_free + MUCH_FREE > before.freeram);
}

int main(void)
{
	paid_for();
	soon();
	to_and_fro();
	soon();
	never_accepted();
	within_reach();
	return claims_end("cycles");
}
