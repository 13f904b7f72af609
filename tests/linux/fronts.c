// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Who may say which group is in front of a terminal, what those are refused whom nobody would let go on, and who is told of a terminal that has gone. */
#include "tests/linux/terminals.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>

enum { NO_GROUP = 1 << 21, PATIENCE_US = 500000, STEP_US = 500 };

static int told[2] = { -1, -1 }; /* a pipe from the children */
static volatile sig_atomic_t hangups;

static void hear(int signal_)
{
	hangups += signal_ == SIGHUP;
}

static int hears(void)
{
	for (int left = PATIENCE_US; left > 0 && hangups == 0; left -= STEP_US)
		usleep(STEP_US);
	return hangups;
}

static char hear_of(void)
{
	char byte = 0;

	return read(told[0], &byte, 1) == 1 ? byte : 0;
}

static void tell(char byte)
{
	CLAIM(write(told[1], &byte, 1) == 1);
}

/* It leads a session of its own, and all that it claims holds. */
static void led(void (*what)(void))
{
	int status = -1;
	pid_t child;

	begin();
	CLAIM(pipe(told) == 0);
	child = leader(what);
	CLAIM(waitpid(child, &status, 0) == child && status == 0);
	end();
}

static void says_who_is_in_front(void)
{
	REFUSED(tcsetpgrp(slave, NO_GROUP), ENOTTY); /* it is not its own yet */
	REFUSED(tcsetpgrp(slave, getpgid(getppid())), ENOTTY);
	CLAIM(ioctl(slave, TIOCSCTTY, 0) == 0);
	REFUSED(tcsetpgrp(slave, 0), ESRCH);
	REFUSED(tcsetpgrp(slave, NO_GROUP), ESRCH);
	REFUSED(tcsetpgrp(slave, -1), EINVAL);
	CLAIM(tcsetpgrp(slave, getpgrp()) == 0);
}

/* Behind, and its parent has gone. */
static void is_refused(pid_t parent)
{
	struct termios settings;
	int count = -1;
	char byte;

	while (getppid() == parent)
		usleep(STEP_US);
	REFUSED(read(slave, &byte, 1), EIO);
	REFUSED(tcsetpgrp(slave, getpgrp()), ENOTTY);
	CLAIM(tcgetattr(slave, &settings) == 0);
	REFUSED(tcsetattr(slave, TCSANOW, &settings), EIO);
	REFUSED(tcflush(slave, TCIFLUSH), EIO);
	REFUSED(tcflow(slave, TCOOFF), EIO);
	REFUSED(tcdrain(slave), EIO);
	CLAIM(writes(slave, "shown") && ioctl(master, FIONREAD, &count) == 0 && count == 5); /* which was not held up */
	fflush(stdout);
	tell(claims_failed == 0 ? 'r' : 'w');
}

static void leaves_an_orphan(void)
{
	pid_t parent;

	CLAIM(ioctl(slave, TIOCSCTTY, 0) == 0);
	parent = fork();
	if (parent == 0) {
		CLAIM(setpgid(0, 0) == 0);
		parent = getpid();
		if (fork() == 0)
			is_refused(parent);
		_exit(0);
	}
	CLAIM(waitpid(parent, NULL, 0) == parent && hear_of() == 'r');
}

/* In front of a terminal until it has gone; it says whether it heard so. */
static pid_t in_front(void)
{
	pid_t child = fork();

	if (child == 0) {
		CLAIM(setpgid(0, 0) == 0 && close(master) == 0);
		tell('i');
		tell(hears() ? 'h' : 'n');
		_exit(0);
	}
	CLAIM(hear_of() == 'i' && signal(SIGTTOU, SIG_IGN) != SIG_ERR && tcsetpgrp(slave, child) == 0);
	return child;
}

static int second = -1; /* another terminal's slave */

/* Who was in front of the first hears when its leader ends, if that has found no other. */
static void has_two(void)
{
	const struct sigaction action = { .sa_handler = hear };

	CLAIM(sigaction(SIGHUP, &action, NULL) == 0 && ioctl(slave, TIOCSCTTY, 0) == 0);
	(void)in_front();
	CLAIM(close(master) == 0 && hears() == 1);
	if (second >= 0)
		CLAIM(ioctl(second, TIOCSCTTY, 0) == 0);
}

static void has_two_in_turn(int takes_another)
{
	int others = -1;
	int status = -1;
	pid_t child;

	if (takes_another)
		CLAIM(openpty(&others, &second, NULL, NULL, NULL) == 0);
	begin();
	CLAIM(pipe(told) == 0);
	child = leader(has_two);
	end();
	CLAIM(waitpid(child, &status, 0) == child && status == 0);
	CLAIM(hear_of() == (takes_another ? 'n' : 'h'));
	if (takes_another)
		CLAIM(close(others) == 0 && close(second) == 0);
}

int main(void)
{
	led(says_who_is_in_front);
	led(leaves_an_orphan);
	has_two_in_turn(0);
	has_two_in_turn(1);
	return claims_end("fronts");
}
