// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What is typed at the terminal: lines, signals, bytes as they come, and how long they are waited for. Somebody types when asked (tests/qemu/linux_tests.py);
 * where nobody does, nothing is claimed.
 */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t interrupts, quits;
static struct termios lines;
static char got[64];

static void note(int signal_)
{
	if (signal_ == SIGINT)
		interrupts++;
	else
		quits++;
}

/* Asks who types for what is meant by that name. */
static void ask(const char *what)
{
	printf("type %s\n", what);
	fflush(stdout);
}

/* Whether a read of at most `room` bytes gives exactly these. */
static int reads(size_t room, const char *bytes)
{
	ssize_t count = read(0, got, room);

	return count == (ssize_t)strlen(bytes) && memcmp(got, bytes, strlen(bytes)) == 0;
}

static int there(void)
{
	int count = -1;

	CLAIM(ioctl(0, FIONREAD, &count) == 0);
	return count;
}

static int is_ready(void)
{
	struct pollfd wanted = { .fd = 0, .events = POLLIN };

	return poll(&wanted, 1, 0) == 1 && (wanted.revents & POLLIN) != 0;
}

static void await(int count)
{
	while (there() < count)
		usleep(1000);
}

static void raw(unsigned least, unsigned time)
{
	struct termios mode = lines;

	mode.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
	mode.c_cc[VMIN] = (cc_t)least;
	mode.c_cc[VTIME] = (cc_t)time;
	CLAIM(tcsetattr(0, TCSANOW, &mode) == 0);
}

static void in_lines(void)
{
	ask("a line");
	CLAIM(reads(64, "ac\n") && !is_ready() && there() == 0);
	ask("words");
	CLAIM(reads(64, "one x\n"));
	ask("parts");
	CLAIM(reads(3, "par") && reads(64, "t\n"));
	ask("an end");
	CLAIM(reads(64, "end") && reads(64, ""));
	ask("two lines");
	CLAIM(reads(64, "1\n"));
	await(2);
	CLAIM(is_ready() && reads(64, "2\n") && !is_ready());
	ask("a literal");
	CLAIM(reads(64, "\003\n") && interrupts == 0);
}

static void signals(void)
{
	struct sigaction action = { .sa_handler = note };

	CLAIM(sigaction(SIGINT, &action, NULL) == 0 && sigaction(SIGQUIT, &action, NULL) == 0);
	ask("an interrupt");
	REFUSED(read(0, got, 64), EINTR);
	CLAIM(interrupts == 1 && quits == 0);
	ask("a quit");
	REFUSED(read(0, got, 64), EINTR);
	CLAIM(interrupts == 1 && quits == 1);
	ask("the rest");
	CLAIM(reads(64, "rest\n")); /* what stood before them is gone */
}

static void as_they_come(void)
{
	struct timespec from, to;

	raw(3, 0);
	ask("three");
	CLAIM(reads(64, "xyz"));
	ask("one");
	await(1);
	CLAIM(!is_ready() && fcntl(0, F_SETFL, O_NONBLOCK) == 0 && reads(64, "p"));
	REFUSED(read(0, got, 64), EAGAIN);
	CLAIM(fcntl(0, F_SETFL, 0) == 0);
	raw(5, 0);
	ask("four");
	CLAIM(reads(2, "ab")); /* as many as there is room for are enough */
	await(2);
	raw(0, 0);
	CLAIM(is_ready() && reads(64, "cd") && reads(64, "") && there() == 0);
	raw(5, 1);
	ask("two");
	await(2);
	CLAIM(is_ready() && clock_gettime(CLOCK_MONOTONIC, &from) == 0 && reads(64, "gh") && clock_gettime(CLOCK_MONOTONIC, &to) == 0);
	CLAIM((to.tv_sec - from.tv_sec) * 1000000000 + to.tv_nsec - from.tv_nsec >= 95000000); /* nothing more came in that time */
	raw(0, 100);
	ask("soon");
	CLAIM(reads(64, "s"));
	raw(1, 0);
	ask("what is dropped");
	await(4);
	CLAIM(tcflush(0, TCIFLUSH) == 0 && there() == 0);
	ask("what is dropped");
	await(4);
	CLAIM(tcsetattr(0, TCSAFLUSH, &lines) == 0 && there() == 0);
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1 && tcgetattr(0, &lines) == 0) {
		in_lines();
		signals();
		as_they_come();
	}
	return claims_end("typed");
}
