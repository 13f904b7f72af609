// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Locks of parts of files: a process's own, and an open file's; asked for by the sequence, and by a child of it, whose own end with it. */
#include <asm/signal.h>

#include "tests/conformance/sequence/call.h"

enum { GETLK = 5, SETLK = 6, OFD_GETLK = 36, OFD_SETLK = 37, UNLOCK = 2, RESULT_MOST = 255, IN_WAY = 200 /* which no error is */ };

/* As the kernel has it: the C library's differs. Spec: asm-generic/fcntl.h: struct flock */
struct part {
	int16_t type, whence;
	int64_t start, len;
	int32_t pid;
};

static_assert(sizeof(struct part) == 32, "as the kernel reads it");

static struct part part_of(const long *arg)
{
	return (struct part){.type = (int16_t)arg[2], .whence = (int16_t)arg[3], .start = arg[4], .len = arg[5]};
}

/* Slot, of an open file, the lock (0 to read, 1 to write, 2 none), from where its start counts, start, length. */
static long do_part_lock(const long *arg, struct line *line)
{
	struct part part = part_of(arg);

	(void)line;
	return SYS(fcntl, fd_of(arg[0]), arg[1] ? OFD_SETLK : SETLK, &part);
}

static long ask(const long *arg, struct part *part)
{
	*part = part_of(arg);
	return SYS(fcntl, fd_of(arg[0]), arg[1] ? OFD_GETLK : GETLK, part);
}

/* Who is in the way. */
static long do_part_ask(const long *arg, struct line *line)
{
	struct part part;
	long result = ask(arg, &part);

	if (result == 0 && part.type == UNLOCK)
		say(line, " nobody");
	else if (result == 0)
		say(line, " %d from %d at %ld for %ld by %s", part.type, part.whence, (long)part.start, (long)part.len,
			part.pid == -1 ? "a file" : part.pid == SYS(getpid) ? "itself" : part.pid == SYS(getppid) ? "its parent" : "another");
	return result;
}

/* What a child gets that does so; the negated result. What it took of its own is gone by then. */
static long by_child(const long *arg, struct line *line, long (*run)(const long *arg, struct line *line))
{
	int status = 0;
	long child = SYS(clone, SIGCHLD);

	if (child == 0)
		SYS(exit_group, -run(arg, line));
	if (child < 0)
		return child;
	SYS(wait4, child, &status, 0, NULL);
	return status >> 8 & RESULT_MOST;
}

static long do_child_lock(const long *arg, struct line *line)
{
	return by_child(arg, line, do_part_lock);
}

/* It says by its result whether anybody is in the way, and with which lock. */
static long what_is_in_way(const long *arg, struct line *line)
{
	struct part part;
	long result = ask(arg, &part);

	(void)line;
	return result < 0 ? result : part.type == UNLOCK ? 0 : -IN_WAY - part.type;
}

static long do_child_ask(const long *arg, struct line *line)
{
	return by_child(arg, line, what_is_in_way);
}

const struct operation locks_operations[] = {
	{"part_lock", do_part_lock}, {"part_ask", do_part_ask}, {"child_lock", do_child_lock}, {"child_ask", do_child_ask}, {NULL, NULL},
};
