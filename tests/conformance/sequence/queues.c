// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Message queues by name. */
#include <fcntl.h>
#include <linux/mqueue.h>
#include <signal.h>
#include <time.h>

#include "tests/conformance/sequence/call.h"

enum { QUEUES = 3, NOWHERE = 24 };

static const char *queue_name(long number)
{
	static const char *const names[] = {"first", "second", "third/x", ""};

	return number >= 0 && number < (long)(sizeof(names) / sizeof(names[0])) ? names[number] : (const char *)NOWHERE;
}

/* As a sequence leaves nothing behind it. */
void queues_reset(void)
{
	for (long i = 0; i < QUEUES; i++)
		SYS(mq_unlink, queue_name(i));
}

/* Slot, name, flags, mode, most messages (0: as they are), most bytes. */
static long do_mq_open(const long *arg, struct line *line)
{
	struct mq_attr attributes = {.mq_maxmsg = arg[4], .mq_msgsize = arg[5]};
	long result = keep(arg[0], SYS(mq_open, queue_name(arg[1]), arg[2], arg[3], arg[4] ? &attributes : NULL));

	(void)line;
	return result < 0 ? result : 0;
}

static long do_mq_unlink(const long *arg, struct line *line)
{
	(void)line;
	return SYS(mq_unlink, queue_name(arg[0]));
}

/* Slot, bytes, priority, their seed. */
static long do_mq_send(const long *arg, struct line *line)
{
	(void)line;
	fill(arg[3], at_most(arg[1], BUFFER_BYTES));
	return SYS(mq_timedsend, fd_of(arg[0]), buffer, arg[1], arg[2], NULL);
}

/* Slot, room, when waiting ends: 0 never, 1 at once, 2 no such time. */
static long do_mq_receive(const long *arg, struct line *line)
{
	struct timespec end = {.tv_nsec = arg[2] == 2 ? -1 : 0};
	unsigned priority = 77;
	long got = SYS(mq_timedreceive, fd_of(arg[0]), buffer, at_most(arg[1], BUFFER_BYTES), &priority, arg[2] ? &end : NULL);

	if (got >= 0)
		say(line, " priority=%u h=%x", priority, digest(buffer, (size_t)got));
	return got;
}

/* Slot, flags; -1: they stay. */
static long do_mq_attributes(const long *arg, struct line *line)
{
	struct mq_attr set = {.mq_flags = arg[1]}, old = {0};
	long result = SYS(mq_getsetattr, fd_of(arg[0]), arg[1] == -1 ? NULL : &set, &old);

	if (result == 0)
		say(line, " flags=%lx most=%ld bytes=%ld now=%ld", (long)old.mq_flags, (long)old.mq_maxmsg, (long)old.mq_msgsize, (long)old.mq_curmsgs);
	return result;
}

/* Slot, from where: what its file says of it, without who is to be told. */
static long do_mq_text(const long *arg, struct line *line)
{
	static const char last[] = " NOTIFY_PID:";
	long got = SYS(pread64, fd_of(arg[0]), buffer, 100, arg[1]);
	long at = 0;

	while (at + (long)sizeof(last) - 1 <= got && memcmp(buffer + at, last, sizeof(last) - 1) != 0)
		at++;
	if (got > 0)
		say(line, " %.*s", (int)at, (const char *)buffer);
	return got;
}

/* Slot, how: 0 by a signal that is ignored, 1 by nothing, 9 by what is not there, -1 not any more. */
static long do_mq_notify(const long *arg, struct line *line)
{
	struct sigevent event = {.sigev_signo = SIGWINCH, .sigev_notify = (int)arg[1]};

	(void)line;
	return SYS(mq_notify, fd_of(arg[0]), arg[1] == -1 ? NULL : &event);
}

const struct operation queues_operations[] = {
	{"mq_open", do_mq_open}, {"mq_unlink", do_mq_unlink}, {"mq_send", do_mq_send}, {"mq_receive", do_mq_receive}, {"mq_attributes", do_mq_attributes},
	{"mq_notify", do_mq_notify}, {"mq_text", do_mq_text}, {NULL, NULL},
};
