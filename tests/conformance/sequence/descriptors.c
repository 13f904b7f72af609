// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Descriptors: copies and flags; pipes. */
#include <fcntl.h>
#include <sys/ioctl.h>

#include "tests/conformance/sequence/call.h"

static long do_close(const long *arg, struct line *line)
{
	(void)line;
	return SYS(close, fd_of(arg[0]));
}

static long do_dup(const long *arg, struct line *line)
{
	(void)line;
	return keep(arg[0], SYS(dup, fd_of(arg[1])));
}

/* The third argument is a descriptor's number, not a slot's. */
static long do_dup3(const long *arg, struct line *line)
{
	(void)line;
	return keep(arg[0], SYS(dup3, fd_of(arg[1]), arg[2], arg[3]));
}

static long do_fcntl(const long *arg, struct line *line)
{
	(void)line;
	return SYS(fcntl, fd_of(arg[0]), arg[1], arg[2]);
}

static long do_fcntl_dup(const long *arg, struct line *line)
{
	(void)line;
	return keep(arg[0], SYS(fcntl, fd_of(arg[1]), arg[2], arg[3]));
}

static long do_pipe(const long *arg, struct line *line)
{
	int ends[2];
	long result = SYS(pipe2, ends, arg[2]);

	if (result == 0) {
		say(line, " %d %d", ends[0], ends[1]);
		keep(arg[0], ends[0]);
		keep(arg[1], ends[1]);
	}
	return result;
}

static long do_readable(const long *arg, struct line *line)
{
	int bytes = -1;
	long result = SYS(ioctl, fd_of(arg[0]), FIONREAD, &bytes);

	if (result == 0)
		say(line, " %d", bytes);
	return result;
}

static long do_set_nonblocking(const long *arg, struct line *line)
{
	int on = (int)arg[1];

	(void)line;
	return SYS(ioctl, fd_of(arg[0]), FIONBIO, &on);
}

static long do_close_range(const long *arg, struct line *line)
{
	(void)line;
	return SYS(close_range, arg[0], arg[1], arg[2]);
}

static long do_lock(const long *arg, struct line *line)
{
	(void)line;
	return SYS(flock, fd_of(arg[0]), arg[1]);
}

const struct operation descriptors_operations[] = {
	{"close", do_close}, {"dup", do_dup}, {"dup3", do_dup3}, {"fcntl", do_fcntl}, {"fcntl_dup", do_fcntl_dup}, {"pipe", do_pipe},
	{"readable", do_readable}, {"set_nonblocking", do_set_nonblocking}, {"close_range", do_close_range}, {"lock", do_lock}, {NULL, NULL},
};
