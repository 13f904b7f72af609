// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What is told of names that are watched: inotify. */
#include <sys/inotify.h>

#include "tests/conformance/sequence/call.h"

enum { EVENTS_BYTES = 4096, COOKIES_MOST = 64 };

static uint32_t cookies[COOKIES_MOST];
static size_t cookie_count;

/* By the order in which they are seen: the numbers are the kernel's choice. */
static size_t cookie_number(uint32_t cookie)
{
	size_t i = 0;

	if (cookie == 0)
		return 0;
	while (i < cookie_count && cookies[i] != cookie)
		i++;
	if (i == cookie_count && cookie_count < COOKIES_MOST)
		cookies[cookie_count++] = cookie;
	return i + 1;
}

static long do_inotify(const long *arg, struct line *line)
{
	long result = keep(arg[0], SYS(inotify_init1, arg[1]));

	(void)line;
	return result < 0 ? result : 0;
}

/* Slot, name, what is to be told. */
static long do_watch(const long *arg, struct line *line)
{
	(void)line;
	return SYS(inotify_add_watch, fd_of(arg[0]), name_of(arg[1]), arg[2]);
}

static long do_unwatch(const long *arg, struct line *line)
{
	(void)line;
	return SYS(inotify_rm_watch, fd_of(arg[0]), arg[1]);
}

/* Slot, room: what has been told since. */
static long do_told(const long *arg, struct line *line)
{
	long got = SYS(read, fd_of(arg[0]), buffer, at_most(arg[1], EVENTS_BYTES));

	for (long at = 0; at < got;) {
		const struct inotify_event *event = (const void *)(buffer + at);
		say(line, " %d:%x", event->wd, event->mask);
		if (event->cookie)
			say(line, "#%zu", cookie_number(event->cookie));
		if (event->len)
			say(line, "%.*s", (int)event->len, event->name);
		at += (long)(sizeof(*event) + event->len);
	}
	return got;
}

const struct operation watches_operations[] = {
	{"inotify", do_inotify}, {"watch", do_watch}, {"unwatch", do_unwatch}, {"told", do_told}, {NULL, NULL},
};
