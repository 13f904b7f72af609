// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Sockets that lie in queues: what nobody can reach any more is gone, what somebody can reach is not, and all of it is paid for. */
#include "tests/linux/claims.h"
#include "tests/linux/rights.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/un.h>
#include <unistd.h>

enum { ROUNDS = 6000, DEPTH = 50 };

static void out_of_reach(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		int one[2];
		int two[2];

		CLAIM(socketpair(AF_UNIX, i % 2 ? SOCK_STREAM : SOCK_DGRAM, 0, one) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, two) == 0);
		/* Each end lies in its own queue, or the pairs in those of each other. */
		CLAIM(hand_over(one[1], i % 3 ? one[0] : two[0], MSG_DONTWAIT) == 1 && hand_over(two[1], i % 3 ? two[0] : one[0], MSG_DONTWAIT) == 1);
		CLAIM(close(one[0]) == 0 && close(one[1]) == 0 && close(two[0]) == 0 && close(two[1]) == 0);
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

int main(void)
{
	out_of_reach();
	within_reach();
	paid_for();
	return claims_end("cycles");
}
