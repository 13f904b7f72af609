// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Pseudo-terminals: what is typed, written, shown and read, what is set of them, whose they are. On Linux what is typed arrives a little later: each change is waited for. */
#include <asm/ioctls.h>
#include <asm/signal.h>
#include <asm/termios.h>
#include <fcntl.h>
#include <poll.h>
#include <time.h>

#include "tests/conformance/sequence/call.h"

enum { SETTLED_NS = 1500000, TEXT_MOST = 4000, SHOWN_MOST = 60, CAUGHT_MOST = 32, SIGNAL_COUNT = 9, WAIT_STOPPED = 2, BY_VALUE = 1, BY_PLACE = 2, TOLD = 3 };

/* What there is to type: ends of lines, characters that edit, that end, that interrupt, that stop; tabs, controls, letters of two bytes. */
static const char *const texts[] = { "a", "bcd ef", "line\n", "\n", "\r", "\x7f", "\x15", "\x17", "\x04", "\x03", "\x1c", "\x1a", "\t", "x\ty", "\x16", "\x12", "\x13", "\x11",
	"\xc3\xa4", "\x01", "one\ntwo\nth", "\xff", "A Z", "\b", "q\x7f\x7f", "\x16\x03", "end\x04more", "\r\n", "\x1b[A", "{~}" };

static volatile int caught[CAUGHT_MOST];
static volatile size_t caught_count;

static void catch(int number)
{
	if (caught_count < CAUGHT_MOST)
		caught[caught_count++] = number;
}

static void say_caught(struct line *line)
{
	for (size_t i = 0; i < caught_count; i++)
		say(line, " signal=%d", caught[i]);
	caught_count = 0;
}

static void settle(void)
{
	struct timespec left = { .tv_nsec = SETTLED_NS };

	while (SYS(nanosleep, &left, &left) == -4)
		;
}

static long settled(long result, struct line *line)
{
	settle();
	say_caught(line);
	return result;
}

static void signals_catch(void)
{
	static const int numbers[SIGNAL_COUNT] = { SIGHUP, SIGINT, SIGQUIT, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH, SIGUSR1 };
	struct action action = { .handler = (void *)catch }; /* which returns by the vDSO */

	for (size_t i = 0; i < SIGNAL_COUNT; i++)
		SYS(rt_sigaction, numbers[i], &action, NULL, 8);
}

/* Slots of a master and its slave, flags of the slave's. */
static long do_tty_open(const long *arg, struct line *line)
{
	int unlocked = 0;
	long master = SYS(openat, AT_FDCWD, "/dev/pts/ptmx", O_RDWR | O_NONBLOCK | O_NOCTTY);

	signals_catch();
	if (keep(arg[0], master) < 0)
		return master;
	SYS(ioctl, master, TIOCSPTLCK, &unlocked);
	return settled(keep(arg[1], SYS(ioctl, master, TIOCGPTPEER, O_RDWR | O_NONBLOCK | arg[2])) < 0 ? -1 : 0, line);
}

/* A slave by its name once more, or the terminal of the session. */
static long do_tty_again(const long *arg, struct line *line)
{
	char path[32] = "/dev/tty";
	struct line name = { .len = 0 };
	unsigned number = 0;

	if (!arg[3]) {
		long result = SYS(ioctl, fd_of(arg[1]), TIOCGPTN, &number);
		if (result < 0)
			return result;
		say(&name, "/dev/pts/%u", number);
		memcpy(path, name.text, name.len + 1);
	}
	long fd = keep(arg[0], SYS(openat, AT_FDCWD, path, O_RDWR | O_NONBLOCK | arg[2]));
	return settled(fd < 0 ? fd : 0, line);
}

/* Slot, text, how often. */
static long do_tty_write(const long *arg, struct line *line)
{
	static char bytes[TEXT_MOST];
	const char *text = texts[at_most(arg[1], sizeof(texts) / sizeof(texts[0]) - 1)];
	size_t len = strlen(text), all = 0;

	for (long i = 0; i < arg[2] && all + len <= sizeof(bytes); i++, all += len)
		memcpy(bytes + all, text, len);
	return settled(SYS(write, fd_of(arg[0]), bytes, all), line);
}

static void say_bytes(struct line *line, const uint8_t *bytes, size_t len)
{
	say(line, " \"");
	for (size_t i = 0; i < len && i < SHOWN_MOST; i++)
		say(line, bytes[i] >= ' ' && bytes[i] < 0x7f ? "%c" : "\\%02x", bytes[i]);
	say(line, "\"");
	if (len > SHOWN_MOST)
		say(line, " h=%x", digest(bytes, len));
}

static long do_tty_read(const long *arg, struct line *line)
{
	long got = SYS(read, fd_of(arg[0]), buffer, at_most(arg[1], BUFFER_BYTES));

	if (got > 0)
		say_bytes(line, buffer, (size_t)got);
	return settled(got, line);
}

static tcflag_t *word_of(struct termios *settings, long word)
{
	return word == 0 ? &settings->c_iflag : word == 1 ? &settings->c_oflag : word == 2 ? &settings->c_cflag : &settings->c_lflag;
}

/* Slot, which flags, their bits, on or off, how. */
static long do_tty_flag(const long *arg, struct line *line)
{
	struct termios settings;
	long result = SYS(ioctl, fd_of(arg[0]), TCGETS, &settings);

	if (result < 0)
		return result;
	if (arg[3])
		*word_of(&settings, arg[1]) |= (tcflag_t)arg[2];
	else
		*word_of(&settings, arg[1]) &= ~(tcflag_t)arg[2];
	return settled(SYS(ioctl, fd_of(arg[0]), TCSETS + arg[4], &settings), line);
}

/* Slot, which character, what it is to be. */
static long do_tty_char(const long *arg, struct line *line)
{
	struct termios settings;
	long result = SYS(ioctl, fd_of(arg[0]), TCGETS, &settings);

	if (result < 0)
		return result;
	settings.c_cc[at_most(arg[1], NCCS - 1)] = (cc_t)arg[2];
	return settled(SYS(ioctl, fd_of(arg[0]), TCSETS, &settings), line);
}

static long do_tty_get(const long *arg, struct line *line)
{
	struct termios settings;
	long result = SYS(ioctl, fd_of(arg[0]), TCGETS, &settings);

	if (result == 0)
		say(line, " %x %x %x %x c=%x", settings.c_iflag, settings.c_oflag, settings.c_cflag, settings.c_lflag, digest(settings.c_cc, NCCS));
	return result;
}

/* What else is asked of terminals, and where its argument is. */
static const struct {
	unsigned request;
	int how;
} asked[] = {
	{ FIONREAD, TOLD }, { TIOCOUTQ, TOLD }, { TCFLSH, BY_VALUE }, { TCXONC, BY_VALUE }, { TIOCPKT, BY_PLACE }, { TIOCGPKT, TOLD }, { TIOCEXCL, BY_VALUE },
	{ TIOCNXCL, BY_VALUE }, { TIOCGEXCL, TOLD }, { TIOCSIG, BY_VALUE }, { TIOCSCTTY, BY_VALUE }, { TIOCNOTTY, BY_VALUE }, { TIOCSETD, BY_PLACE },
	{ TIOCGETD, TOLD }, { TCSBRK, BY_VALUE }, { TIOCSPTLCK, BY_PLACE }, { TIOCGPTLCK, TOLD },
};

/* Slot, its number in the table, the argument. */
static long do_tty_ask(const long *arg, struct line *line)
{
	size_t i = at_most(arg[1], sizeof(asked) / sizeof(asked[0]) - 1);
	int value = (int)arg[2];
	long result = SYS(ioctl, fd_of(arg[0]), asked[i].request, asked[i].how == BY_VALUE ? (void *)arg[2] : (void *)&value);

	if (result == 0 && asked[i].how == TOLD)
		say(line, " %d", value);
	return settled(result, line);
}

/* Slot, rows, columns; no rows: what it is. */
static long do_tty_window(const long *arg, struct line *line)
{
	struct winsize size = { .ws_row = (unsigned short)arg[1], .ws_col = (unsigned short)arg[2] };
	long result = SYS(ioctl, fd_of(arg[0]), arg[1] ? TIOCSWINSZ : TIOCGWINSZ, &size);

	if (result == 0 && !arg[1])
		say(line, " %u %u", size.ws_row, size.ws_col);
	return settled(result, line);
}

/* Whose a terminal is; slot, the session or the group in front. */
static long do_tty_whose(const long *arg, struct line *line)
{
	int told = -1;
	long result = SYS(ioctl, fd_of(arg[0]), arg[1] ? TIOCGSID : TIOCGPGRP, &told);

	if (result == 0)
		say(line, "%s", told == 0 ? " nobody" : told == SYS(getpid) ? " own" : " other");
	return result;
}

/* Slot, the group: 0 none, 1 its own, 2 one that is not there. */
static long do_tty_front(const long *arg, struct line *line)
{
	int group = arg[1] == 0 ? 0 : arg[1] == 1 ? (int)SYS(getpid) : 30000;

	return settled(SYS(ioctl, fd_of(arg[0]), TIOCSPGRP, &group), line);
}

static long do_setsid(const long *arg, struct line *line)
{
	long result = SYS(setsid);

	(void)arg;
	(void)line;
	return result < 0 ? result : 0;
}

/* One in the background; slot, what it does, 0 as it is, 1 with SIGTTOU and SIGTTIN ignored, 2 and blocked. What it got is its status. */
static long do_tty_behind(const long *arg, struct line *line)
{
	struct termios settings = { 0 };
	struct action action = { .handler = arg[2] == 1 ? (void *)SIG_IGN : (void *)SIG_DFL };
	unsigned long mask = arg[2] == 2 ? 3ul << (SIGTTIN - 1) : 0;
	int status = 0;
	long child = SYS(clone, SIGCHLD);

	if (child == 0) {
		long result;
		SYS(setpgid, 0, 0);
		for (int number = SIGTTIN; number <= SIGTTOU; number++)
			SYS(rt_sigaction, number, &action, NULL, 8);
		SYS(rt_sigprocmask, SIG_BLOCK, &mask, NULL, 8);
		if (arg[1] < 2)
			result = arg[1] == 0 ? SYS(read, fd_of(arg[0]), buffer, 10) : SYS(write, fd_of(arg[0]), "bg", 2);
		else
			result = SYS(ioctl, fd_of(arg[0]), TCGETS, &settings) < 0 ? -1 : SYS(ioctl, fd_of(arg[0]), TCSETS, &settings);
		SYS(exit_group, -result);
	}
	if (child < 0)
		return child;
	while (SYS(wait4, child, &status, WAIT_STOPPED, NULL) == -4)
		;
	if ((status & 0xff) == 0x7f) {
		int ended;
		SYS(kill, child, SIGKILL);
		while (SYS(wait4, child, &ended, 0, NULL) == -4)
			;
	}
	return settled(status, line);
}

/* What two of them are ready for. */
static long do_tty_poll(const long *arg, struct line *line)
{
	struct pollfd fds[2] = { { .fd = fd_of(arg[0]), .events = POLLIN | POLLOUT | POLLPRI }, { .fd = fd_of(arg[1]), .events = POLLIN | POLLOUT | POLLPRI } };
	long result = SYS(ppoll, fds, 2, &(struct timespec){ 0 }, NULL, 8);

	say(line, " %x %x", fds[0].revents, fds[1].revents);
	return result;
}

const struct operation terminals_operations[] = {
	{"tty_open", do_tty_open}, {"tty_again", do_tty_again}, {"tty_write", do_tty_write}, {"tty_read", do_tty_read}, {"tty_flag", do_tty_flag},
	{"tty_char", do_tty_char}, {"tty_get", do_tty_get}, {"tty_ask", do_tty_ask}, {"tty_window", do_tty_window}, {"tty_whose", do_tty_whose},
	{"tty_front", do_tty_front}, {"setsid", do_setsid}, {"tty_behind", do_tty_behind}, {"tty_poll", do_tty_poll}, {NULL, NULL},
};
