// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What belongs to the process itself, and children that end at once. */
#include <linux/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "tests/conformance/sequence/call.h"

enum { UMASK = 022, FILES = 1024 };

static long do_umask(const long *arg, struct line *line)
{
	(void)line;
	return SYS(umask, arg[0]);
}

static long do_ids(const long *arg, struct line *line)
{
	(void)arg;
	say(line, " %ld %ld %ld", SYS(geteuid), SYS(getgid), SYS(getegid));
	return SYS(getuid);
}

static long do_uname(const long *arg, struct line *line)
{
	struct utsname name;
	long result = SYS(uname, &name);

	(void)arg;
	if (result == 0)
		say(line, " %s %s", name.sysname, name.machine);
	return result;
}

static long do_getrandom(const long *arg, struct line *line)
{
	(void)line;
	return SYS(getrandom, buffer, at_most(arg[0], BUFFER_BYTES), arg[1]);
}

static long do_prctl_name(const long *arg, struct line *line)
{
	static const char *const names[] = {"short", "exactly-fifteen", "much-longer-than-sixteen-bytes", ""};
	char name[17] = "";
	long result = SYS(prctl, PR_SET_NAME, names[arg[0] & 3]);

	SYS(prctl, PR_GET_NAME, name);
	say(line, " %s", name);
	return result;
}

static long do_limit_files(const long *arg, struct line *line)
{
	struct rlimit new = {(rlim_t)arg[0], (rlim_t)arg[1]}, old = {0, 0};
	long result = SYS(prlimit64, 0, RLIMIT_NOFILE, arg[2] ? &new : NULL, &old);

	if (result == 0 && arg[2] == 0)
		say(line, " order=%d", old.rlim_cur <= old.rlim_max);
	return result;
}

static long do_sched_yield(const long *arg, struct line *line)
{
	(void)arg;
	(void)line;
	return SYS(sched_yield);
}

/* A child that ends by itself; how it ended. What it has of our memory is its own: it changes what we then look at. */
static long do_fork(const long *arg, struct line *line)
{
	static volatile int shared = 1;
	int status = 0;
	long child;

	shared = 1;
	child = SYS(clone, 17 /* SIGCHLD */);
	if (child == 0) {
		shared = 2;
		if (arg[1])
			SYS(close, fd_of(arg[2]));
		if (arg[3])
			SYS(kill, SYS(getpid), arg[3]);
		SYS(exit_group, arg[0]);
	}
	if (child < 0)
		return child;
	long ended = SYS(wait4, child, &status, 0, NULL);
	say(line, " same=%d status=%x ours=%d", ended == child, status, shared);
	return 0;
}

static long do_wait(const long *arg, struct line *line)
{
	int status = 0;

	(void)line;
	return SYS(wait4, arg[0], &status, arg[1], NULL);
}

/* What a child writes into a descriptor is at the place that both have: and what it seeks, we find. */
static long do_fork_seek(const long *arg, struct line *line)
{
	int status = 0;
	long child = SYS(clone, 17 /* SIGCHLD */);

	if (child == 0) {
		long at = SYS(lseek, fd_of(arg[0]), arg[1], 0);
		SYS(exit_group, at < 0 ? 1 : 0);
	}
	if (child < 0)
		return child;
	SYS(wait4, child, &status, 0, NULL);
	say(line, " status=%x", status);
	return SYS(lseek, fd_of(arg[0]), 0, 1);
}

void process_init(void)
{
	struct rlimit files = {FILES, 4096};

	SYS(umask, UMASK);
	SYS(chdir, "/tmp");
	SYS(prlimit64, 0, RLIMIT_NOFILE, &files, NULL);
}

const struct operation process_operations[] = {
	{"umask", do_umask}, {"ids", do_ids}, {"uname", do_uname}, {"getrandom", do_getrandom}, {"prctl_name", do_prctl_name},
	{"limit_files", do_limit_files}, {"sched_yield", do_sched_yield}, {"fork", do_fork}, {"wait", do_wait}, {"fork_seek", do_fork_seek},
	{NULL, NULL},
};
