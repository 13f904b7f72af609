// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Whose a terminal is: sessions, the group in front and those behind it, what is typed for them, and what they hear when the terminal or their leader goes. */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static int master = -1;
static int slave = -1;
static char path[32];
static int told[2] = { -1, -1 }; /* a pipe from the children */
static volatile sig_atomic_t heard[65];

static void hear(int signal_)
{
	heard[signal_]++;
}

static void listen_to(int signal_)
{
	const struct sigaction action = { .sa_handler = hear };

	CLAIM(sigaction(signal_, &action, NULL) == 0);
}

/* Until that was heard. */
static int hears(int signal_)
{
	for (int i = 0; i < 4000 && heard[signal_] == 0; i++)
		usleep(500);
	return heard[signal_];
}

static void tell(const char *byte)
{
	CLAIM(write(told[1], byte, 1) == 1);
}

/* The next byte that was told; 0: whoever could tell has gone. */
static int hear_of(void)
{
	char byte = 0;

	return read(told[0], &byte, 1) == 1 ? byte : 0;
}

/* A new terminal, and a child that leads a session of its own; it ends with 0 where all that `what` claims holds. */
static pid_t session(void (*what)(void))
{
	pid_t child;

	CLAIM(openpty(&master, &slave, path, NULL, NULL) == 0 && pipe(told) == 0);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		CLAIM(close(told[0]) == 0 && setsid() == getpid());
		what();
		fflush(stdout);
		_exit(claims_failed != 0);
	}
	CLAIM(close(told[1]) == 0 && close(slave) == 0);
	return child;
}

static int ended_well(pid_t child)
{
	int status = -1;

	CLAIM(waitpid(child, &status, 0) == child);
	if (master >= 0)
		CLAIM(close(master) == 0);
	CLAIM(close(told[0]) == 0);
	return status == 0;
}

static int opens(const char *name, int flags)
{
	int fd = open(name, O_RDWR | flags);

	return fd >= 0 && close(fd) == 0;
}

/* The terminal's number and the group in front, as /proc tells them. */
static void told_by_proc(int *device, int *front)
{
	FILE *file = fopen("/proc/self/stat", "r");

	CLAIM(file != NULL && fscanf(file, "%*d %*s %*c %*d %*d %*d %d %d", device, front) == 2);
	if (file != NULL)
		fclose(file);
}

static void leads(void)
{
	struct stat of_slave;
	int device = -1;
	int front = -1;
	int other[2];
	pid_t child;
	int status;

	REFUSED(open("/dev/tty", O_RDWR), ENXIO);
	REFUSED(tcgetpgrp(slave), ENOTTY);
	REFUSED(tcgetsid(slave), ENOTTY);
	CLAIM(opens(path, O_NOCTTY));
	REFUSED(open("/dev/tty", O_RDWR), ENXIO);
	told_by_proc(&device, &front);
	CLAIM((child = open(path, O_WRONLY)) >= 0 && close(child) == 0); /* who only writes there does not take it */
	REFUSED(open("/dev/tty", O_RDWR), ENXIO);
	CLAIM(device == 0 && front == -1 && opens(path, 0) && opens("/dev/tty", 0));
	told_by_proc(&device, &front);
	CLAIM(fstat(slave, &of_slave) == 0 && (dev_t)device == of_slave.st_rdev && front == getpid());
	CLAIM(tcgetsid(slave) == getpid() && tcgetpgrp(slave) == getpid() && tcgetsid(master) == getpid() && tcgetpgrp(master) == getpid());
	CLAIM(ioctl(slave, TIOCSCTTY, 0) == 0);
	REFUSED(tcsetpgrp(slave, 1 << 21), ESRCH);
	REFUSED(tcsetpgrp(slave, -1), EINVAL);
	REFUSED(tcsetpgrp(slave, getpgid(getppid())), EPERM);
	child = fork();
	if (child == 0) {
		REFUSED(ioctl(slave, TIOCSCTTY, 0), EPERM);
		CLAIM(opens("/dev/tty", 0) && ioctl(slave, TIOCNOTTY) == 0 && openpty(&other[0], &other[1], NULL, NULL, NULL) == 0);
		REFUSED(open("/dev/tty", O_RDWR), ENXIO); /* nor is it one that is nobody's */
		_exit(claims_failed != 0);
	}
	CLAIM(waitpid(child, &status, 0) == child && opens("/dev/tty", 0));
	listen_to(SIGHUP);
	listen_to(SIGCONT);
	CLAIM(ioctl(slave, TIOCNOTTY) == 0 && hears(SIGHUP) == 1 && hears(SIGCONT) == 1);
	REFUSED(open("/dev/tty", O_RDWR), ENXIO);
	REFUSED(ioctl(slave, TIOCNOTTY), ENOTTY);
	CLAIM(ioctl(slave, TIOCSCTTY, 0) == 0 && opens("/dev/tty", 0));
}

/* Has it for itself, as long as it lives. */
static void keeps(void)
{
	CLAIM(ioctl(slave, TIOCSCTTY, 0) == 0);
	tell("k");
	(void)hears(SIGUSR1);
}

static void wants(void)
{
	CLAIM(setsid() == getpid() && opens(path, 0));
	REFUSED(open("/dev/tty", O_RDWR), ENXIO);
	REFUSED(ioctl(slave, TIOCSCTTY, 0), EPERM);
	CLAIM(ioctl(slave, TIOCSCTTY, 1) == 0 && opens("/dev/tty", 0)); /* root may take it */
}

static void one_is_one_sessions(void)
{
	pid_t second;
	int status = -1;
	pid_t first;

	listen_to(SIGUSR1);
	first = session(keeps);
	CLAIM(hear_of() == 'k');
	second = fork();
	if (second == 0) {
		slave = open(path, O_RDWR | O_NOCTTY);
		wants();
		fflush(stdout);
		_exit(claims_failed != 0);
	}
	CLAIM(waitpid(second, &status, 0) == second && status == 0 && kill(first, SIGUSR1) == 0);
	CLAIM(ended_well(first));
}

/* Stays behind, until it is let go. */
static pid_t background(void)
{
	pid_t child = fork();

	if (child == 0) {
		heard[SIGINT] = heard[SIGWINCH] = 0;
		CLAIM(setpgid(0, 0) == 0);
		tell("b");
		CLAIM(hears(SIGUSR1) == 1 && heard[SIGINT] == 0 && heard[SIGWINCH] == 0);
		fflush(stdout);
		_exit(claims_failed != 0);
	}
	return child;
}

static void is_interrupted(void)
{
	struct winsize size = { 0 };
	pid_t behind;
	int status = -1;

	listen_to(SIGINT);
	listen_to(SIGQUIT);
	listen_to(SIGTSTP);
	listen_to(SIGWINCH);
	CLAIM(ioctl(slave, TIOCSCTTY, 0) == 0);
	behind = background();
	tell("f");
	CLAIM(hears(SIGINT) == 1 && hears(SIGQUIT) == 1 && hears(SIGTSTP) == 1 && hears(SIGWINCH) == 1);
	CLAIM(ioctl(slave, TIOCGWINSZ, &size) == 0 && size.ws_row == 30 && size.ws_col == 90);
	heard[SIGWINCH] = 0;
	CLAIM(ioctl(slave, TIOCSWINSZ, &size) == 0 && heard[SIGWINCH] == 0 && size.ws_row++ == 30);
	CLAIM(ioctl(slave, TIOCSWINSZ, &size) == 0 && hears(SIGWINCH) == 1);
	CLAIM(kill(behind, SIGUSR1) == 0 && waitpid(behind, &status, 0) == behind && status == 0);
}

static void what_is_typed_is_for_who_is_in_front(void)
{
	struct winsize size = { .ws_row = 30, .ws_col = 90 };
	pid_t child;

	listen_to(SIGUSR1);
	child = session(is_interrupted);
	CLAIM(hear_of() != 0 && hear_of() != 0);
	CLAIM(write(master, "gone\003\034", 6) == 6 && ioctl(master, TIOCSWINSZ, &size) == 0);
	CLAIM(ioctl(master, TIOCSIG, SIGTSTP) == 0);
	CLAIM(ioctl(master, TIOCSIG, 65) == -1 && errno == EINVAL);
	CLAIM(ioctl(master, TIOCSIG, SIGKILL) == -1 && errno == EINVAL);
	CLAIM(ioctl(master, TIOCSIG, SIGHUP) == -1 && errno == EINVAL);
	CLAIM(ended_well(child));
}

/* How much was written that nobody has read. */
static int shown(void)
{
	int count = -1;

	CLAIM(ioctl(master, FIONREAD, &count) == 0);
	return count;
}

/* What it does behind stops it by that signal, before it is done; in front it goes on, and ends with 0. */
static void stops(int (*what)(void), int signal_, int shows)
{
	int before = shown();
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(setpgid(0, 0) == 0 ? what() : 50);
	CLAIM(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status) && WSTOPSIG(status) == signal_ && shown() == before);
	CLAIM(tcsetpgrp(slave, child) == 0 && kill(child, SIGCONT) == 0 && waitpid(child, &status, 0) == child && status == 0 && shown() == before + shows);
	CLAIM(signal(SIGTTOU, SIG_IGN) != SIG_ERR && tcsetpgrp(slave, getpid()) == 0 && signal(SIGTTOU, SIG_DFL) == SIG_IGN);
}

static int reads_a_line(void)
{
	char line[16];

	return read(slave, line, sizeof(line)) == 6 && memcmp(line, "typed\n", 6) == 0 ? 0 : 51;
}

static int writes_a_byte(void)
{
	return write(slave, "w", 1) == 1 ? 0 : 52;
}

static int sets_the_mode(void)
{
	struct termios now;

	return tcgetattr(slave, &now) == 0 && tcsetattr(slave, TCSADRAIN, &now) == 0 ? 0 : 53;
}

static void has_jobs(void)
{
	struct termios now;

	CLAIM(ioctl(slave, TIOCSCTTY, 0) == 0);
	stops(reads_a_line, SIGTTIN, 0);
	stops(sets_the_mode, SIGTTOU, 0);
	CLAIM(tcgetattr(slave, &now) == 0 && (now.c_lflag |= TOSTOP) != 0 && tcsetattr(slave, TCSANOW, &now) == 0);
	stops(writes_a_byte, SIGTTOU, 1);
}

static void who_is_behind_waits(void)
{
	pid_t child = session(has_jobs);

	CLAIM(write(master, "typed\n", 6) == 6 && ended_well(child));
}

/* In front, it tells by which signals it was woken. */
static pid_t in_front(void)
{
	pid_t child = fork();

	if (child == 0) {
		listen_to(SIGHUP);
		CLAIM(setpgid(0, 0) == 0);
		tell("i");
		CLAIM(hears(SIGHUP) == 1);
		tell("h");
		_exit(0);
	}
	CLAIM(signal(SIGTTOU, SIG_IGN) != SIG_ERR);
	while (tcsetpgrp(slave, child) != 0) /* until it has its group */
		usleep(500);
	return child;
}

static void is_hung_up(void)
{
	char byte;

	listen_to(SIGHUP);
	listen_to(SIGCONT);
	CLAIM(close(master) == 0 && ioctl(slave, TIOCSCTTY, 0) == 0);
	(void)in_front();
	tell("l");
	CLAIM(hears(SIGHUP) == 1 && hears(SIGCONT) == 1 && read(slave, &byte, 1) == 0);
	REFUSED(open("/dev/tty", O_RDWR), ENXIO);
	REFUSED(tcgetpgrp(slave), EIO);
	tell("o");
}

/* The leader hears at once, who is in front when the leader has ended. */
static void the_terminal_goes(void)
{
	pid_t child = session(is_hung_up);

	CLAIM(hear_of() != 0 && hear_of() != 0 && close(master) == 0 && hear_of() == 'o');
	master = -1;
	CLAIM(hear_of() == 'h' && hear_of() == 0 && ended_well(child));
}

static void leaves_one_in_front(void)
{
	CLAIM(ioctl(slave, TIOCSCTTY, 0) == 0);
	(void)in_front();
	usleep(20000); /* it waits by then */
	tell("l");
}

static void the_leader_goes(void)
{
	pid_t child = session(leaves_one_in_front);

	CLAIM(hear_of() != 0 && hear_of() != 0 && hear_of() == 'h' && hear_of() == 0);
	CLAIM(tcgetsid(master) == -1 && errno == ENOTTY && ended_well(child));
}

static void leaves_one_stopped(void)
{
	pid_t child;
	int status;

	CLAIM(ioctl(slave, TIOCSCTTY, 0) == 0);
	child = fork();
	if (child == 0) {
		listen_to(SIGHUP);
		listen_to(SIGCONT);
		CLAIM(setpgid(0, 0) == 0 && kill(getpid(), SIGSTOP) == 0 && hears(SIGCONT) == 1 && heard[SIGHUP] == 1);
		tell(claims_failed == 0 ? "c" : "w");
		_exit(0);
	}
	CLAIM(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
}

/* Who stands still, with nobody left who could let it go on, does so. */
static void nobody_stands_for_ever(void)
{
	pid_t child = session(leaves_one_stopped);

	CLAIM(hear_of() == 'c' && ended_well(child));
}

static void by_forkpty(void)
{
	struct winsize size = { .ws_row = 11, .ws_col = 22 };
	char said[64] = "";
	size_t count = 0;
	int status = -1;
	pid_t child = forkpty(&master, NULL, NULL, &size);
	ssize_t done;

	if (child == 0) {
		struct winsize now = { 0 };

		claims_failed += ttyname(0) == NULL || strncmp(ttyname(0), "/dev/pts/", 9) != 0 || !opens("/dev/tty", 0);
		claims_failed += ioctl(1, TIOCGWINSZ, &now) != 0 || now.ws_row != 11 || now.ws_col != 22 || tcgetpgrp(0) != getpid();
		_exit(puts("in it") < 0 || fflush(stdout) != 0 || claims_failed != 0);
	}
	while ((done = read(master, said + count, sizeof(said) - count)) > 0)
		count += (size_t)done;
	CLAIM(done == -1 && errno == EIO && strcmp(said, "in it\r\n") == 0);
	CLAIM(waitpid(child, &status, 0) == child && status == 0 && close(master) == 0);
}

int main(void)
{
	int other[2];

	CLAIM(openpty(&other[0], &other[1], NULL, NULL, NULL) == 0); /* so that none of the others is number 0 */
	CLAIM(ended_well(session(leads)));
	one_is_one_sessions();
	what_is_typed_is_for_who_is_in_front();
	who_is_behind_waits();
	the_terminal_goes();
	the_leader_goes();
	nobody_stands_for_ever();
	by_forkpty();
	return claims_end("controlling");
}
