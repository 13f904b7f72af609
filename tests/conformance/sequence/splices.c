// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Pipes, files and sockets into each other; files in memory and their seals. */
#include "tests/conformance/sequence/call.h"

#include <linux/uio.h>

enum { F_ADD_SEALS = 1033, F_GET_SEALS = 1034, F_GETFL = 3, O_ACCMODE = 3, O_WRONLY = 1, MAP_SHARED = 1 };

/* The place that a number stands for; -1: none. */
static int64_t *place(long number, int64_t *offset)
{
	*offset = number;
	return number != -1 ? offset : NULL;
}

static long do_splice(const long *arg, struct line *line)
{
	int64_t from;
	int64_t to;
	int64_t *from_place = place(arg[1], &from);
	int64_t *to_place = place(arg[3], &to);
	long result = SYS(splice, fd_of(arg[0]), from_place, fd_of(arg[2]), to_place, arg[4], arg[5]);

	if (result >= 0 && (from_place != NULL || to_place != NULL))
		say(line, " from=%ld to=%ld", (long)from, (long)to);
	return result;
}

static long do_tee(const long *arg, struct line *line)
{
	(void)line;
	return SYS(tee, fd_of(arg[0]), fd_of(arg[1]), arg[2], arg[3]);
}

/* What is given away is not written again: a pipe may show it as it is when it is read. */
static long do_vmsplice(const long *arg, struct line *line)
{
	static uint8_t given[16384];
	bool gives = (SYS(fcntl, fd_of(arg[0]), F_GETFL, 0) & O_ACCMODE) == O_WRONLY;
	size_t len = at_most(arg[1], sizeof(given) / 2);
	struct iovec pieces[2] = { { .iov_base = gives ? given : buffer, .iov_len = len }, { .iov_base = gives ? given : buffer, .iov_len = len } };
	long result;

	for (size_t i = 0; given[1] == 0 && i < sizeof(given); i++)
		given[i] = (uint8_t)(i * 7);
	result = SYS(vmsplice, fd_of(arg[0]), pieces, arg[2], arg[3]);
	if (result > 0 && !gives)
		say(line, " data=%x", digest(buffer, (size_t)result < len ? (size_t)result : len));
	return result;
}

static long do_memfd(const long *arg, struct line *line)
{
	(void)line;
	return keep(arg[0], SYS(memfd_create, arg[2] ? "name" : (const char *)16, arg[1]));
}

static long do_seal(const long *arg, struct line *line)
{
	(void)line;
	return SYS(fcntl, fd_of(arg[0]), F_ADD_SEALS, arg[1]);
}

static long do_seals(const long *arg, struct line *line)
{
	(void)line;
	return SYS(fcntl, fd_of(arg[0]), F_GET_SEALS, 0);
}

/* Mapped so, and no more. */
static long do_shared(const long *arg, struct line *line)
{
	long at = SYS(mmap, 0, PAGE_BYTES, arg[1], MAP_SHARED, fd_of(arg[0]), 0);

	(void)line;
	return at < 0 && at > -4096 ? at : SYS(munmap, at, PAGE_BYTES);
}

const struct operation splices_operations[] = {
	{"splice", do_splice}, {"tee", do_tee}, {"vmsplice", do_vmsplice}, {"memfd", do_memfd}, {"seal", do_seal}, {"seals", do_seals},
	{"shared", do_shared}, {NULL, NULL},
};
