// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Waiting for what happens to descriptors: eventfd, epoll, poll, select. */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>

#include "tests/conformance/sequence/call.h"

enum { EVENTS_MAX = 16, WAIT_MOST_MS = 2000 };

static long do_eventfd(const long *arg, struct line *line)
{
	(void)line;
	return keep(arg[0], SYS(eventfd2, arg[1], arg[2]));
}

static long do_add(const long *arg, struct line *line)
{
	uint64_t value = (uint64_t)arg[1];

	(void)line;
	return SYS(write, fd_of(arg[0]), &value, at_most(arg[2], sizeof(value)));
}

static long do_take(const long *arg, struct line *line)
{
	uint64_t value = 0;
	long result = SYS(read, fd_of(arg[0]), &value, at_most(arg[1], sizeof(value)));

	if (result > 0)
		say(line, " %ld", (long)value);
	return result;
}

static long do_epoll(const long *arg, struct line *line)
{
	(void)line;
	return keep(arg[0], SYS(epoll_create1, arg[1]));
}

/* Slot of the epoll, what to do, slot of the descriptor, events; its data is the slot's number. */
static long do_epoll_ctl(const long *arg, struct line *line)
{
	struct epoll_event event = {.events = (uint32_t)arg[3], .data.u64 = (uint64_t)arg[2]};

	(void)line;
	return SYS(epoll_ctl, fd_of(arg[0]), arg[1], fd_of(arg[2]), arg[4] ? NULL : &event);
}

/* Events in order of their data: which comes first is the kernel's choice. */
static long do_epoll_wait(const long *arg, struct line *line)
{
	struct epoll_event events[EVENTS_MAX];
	int timeout_ms = arg[2] > WAIT_MOST_MS ? WAIT_MOST_MS : (int)arg[2];
	long count = SYS(epoll_pwait, fd_of(arg[0]), events, arg[1] > EVENTS_MAX ? EVENTS_MAX : arg[1], timeout_ms, NULL, 8);

	for (uint64_t data = 0; data < SLOTS; data++)
		for (long i = 0; i < count; i++)
			if (events[i].data.u64 == data)
				say(line, " %ld:%x", (long)data, events[i].events);
	return count;
}

/* Three slots with their events; a time limit in ms. */
static long do_poll(const long *arg, struct line *line)
{
	struct timespec limit = {arg[4] / 1000, arg[4] % 1000 * 1000000};
	struct pollfd fds[3];

	for (int i = 0; i < 3; i++)
		fds[i] = (struct pollfd){.fd = fd_of(arg[i]), .events = (short)arg[3]};
	long result = SYS(ppoll, fds, 3, &limit, NULL, 8);
	for (int i = 0; i < 3; i++)
		say(line, " %x", (unsigned short)fds[i].revents);
	return result;
}

static long do_select(const long *arg, struct line *line)
{
	struct timespec limit = {0, 0};
	uint64_t sets[3][FD_SETSIZE / 64] = {{0}};
	int fds[2] = {fd_of(arg[0]), fd_of(arg[1])};

	for (int set = 0; set < 3; set++)
		for (int i = 0; i < 2; i++)
			if (fds[i] >= 0 && fds[i] < FD_SETSIZE)
				sets[set][fds[i] / 64] |= 1ULL << (fds[i] % 64);
	long result = SYS(pselect6, 128, sets[0], sets[1], arg[2] ? sets[2] : NULL, &limit, NULL);
	if (result >= 0)
		say(line, " %lx %lx", (unsigned long)sets[0][0], (unsigned long)sets[1][0]);
	return result;
}

const struct operation events_operations[] = {
	{"eventfd", do_eventfd}, {"add", do_add}, {"take", do_take}, {"epoll", do_epoll}, {"epoll_ctl", do_epoll_ctl},
	{"epoll_wait", do_epoll_wait}, {"poll", do_poll}, {"select", do_select}, {NULL, NULL},
};
