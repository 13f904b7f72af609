// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Users: whose files are made, and whom modes keep out. What is given up here can be had back: identities.c has what cannot. */
#include <fcntl.h>

#include "tests/conformance/sequence/call.h"

/* Who opens files: setfsuid drops and raises the capabilities about files with it. What the user was before. */
static long do_file_user(const long *arg, struct line *line)
{
	(void)line;
	SYS(setfsgid, arg[1]);
	return SYS(setfsuid, arg[0]);
}

/* Who access(2) asks for. */
static long do_real_user(const long *arg, struct line *line)
{
	(void)line;
	return SYS(setresuid, arg[0], -1, -1);
}

static long do_groups(const long *arg, struct line *line)
{
	uint32_t groups[1] = { (uint32_t)arg[0] };

	(void)line;
	return SYS(setgroups, arg[1] != 0, groups);
}

static long do_chown(const long *arg, struct line *line)
{
	(void)line;
	return SYS(fchownat, AT_FDCWD, name_of(arg[0]), arg[1], arg[2], arg[3]);
}

static long do_fchown(const long *arg, struct line *line)
{
	(void)line;
	return SYS(fchown, fd_of(arg[0]), arg[1], arg[2]);
}

static long do_faccess(const long *arg, struct line *line)
{
	(void)line;
	return SYS(faccessat2, AT_FDCWD, name_of(arg[0]), arg[1], arg[2]);
}

/* To this moment. */
static long do_touch(const long *arg, struct line *line)
{
	(void)line;
	return SYS(utimensat, AT_FDCWD, name_of(arg[0]), 0, 0);
}

const struct operation users_operations[] = {
	{"file_user", do_file_user}, {"real_user", do_real_user}, {"groups", do_groups}, {"chown", do_chown}, {"fchown", do_fchown},
	{"faccess", do_faccess}, {"touch", do_touch}, {NULL, NULL},
};
