// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Who one is, and what one may by that: what is given up here is gone for the rest of a sequence. */
#include <linux/capability.h>
#include <linux/prctl.h>

#include "tests/conformance/sequence/call.h"

enum { GROUPS = 2, ROOM = 8 };

struct sets {
	struct __user_cap_data_struct words[_LINUX_CAPABILITY_U32S_3];
};

static struct __user_cap_header_struct own(void)
{
	return (struct __user_cap_header_struct){.version = _LINUX_CAPABILITY_VERSION_3};
}

/* Users, groups and capabilities as they then are: real, effective, saved, of files. */
static long told(long result, struct line *line)
{
	struct __user_cap_header_struct header = own();
	struct sets sets = {0};
	uint32_t user[3], group[3];

	SYS(getresuid, &user[0], &user[1], &user[2]);
	SYS(getresgid, &group[0], &group[1], &group[2]);
	SYS(capget, &header, &sets);
	say(line, " %u/%u/%u/%ld %u/%u/%u/%ld", user[0], user[1], user[2], SYS(setfsuid, -1), group[0], group[1], group[2], SYS(setfsgid, -1));
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		say(line, " %x/%x/%x", sets.words[i].effective, sets.words[i].permitted, sets.words[i].inheritable);
	return result;
}

static long do_setuid(const long *arg, struct line *line)
{
	return told(SYS(setuid, arg[0]), line);
}

static long do_setgid(const long *arg, struct line *line)
{
	return told(SYS(setgid, arg[0]), line);
}

static long do_setreuid(const long *arg, struct line *line)
{
	return told(SYS(setreuid, arg[0], arg[1]), line);
}

static long do_setregid(const long *arg, struct line *line)
{
	return told(SYS(setregid, arg[0], arg[1]), line);
}

static long do_setresuid(const long *arg, struct line *line)
{
	return told(SYS(setresuid, arg[0], arg[1], arg[2]), line);
}

static long do_setresgid(const long *arg, struct line *line)
{
	return told(SYS(setresgid, arg[0], arg[1], arg[2]), line);
}

static long do_setfsuid(const long *arg, struct line *line)
{
	return told(SYS(setfsuid, arg[0]), line);
}

static long do_setfsgid(const long *arg, struct line *line)
{
	return told(SYS(setfsgid, arg[0]), line);
}

static long do_setgroups(const long *arg, struct line *line)
{
	uint32_t groups[GROUPS] = {(uint32_t)arg[1], (uint32_t)arg[2]};

	(void)line;
	return SYS(setgroups, arg[0], arg[0] <= GROUPS ? groups : NULL);
}

static long do_getgroups(const long *arg, struct line *line)
{
	uint32_t groups[ROOM] = {0};
	long result = SYS(getgroups, arg[0], groups);

	for (long i = 0; arg[0] > 0 && i < result; i++)
		say(line, " %u", groups[i]);
	return result;
}

/* All that are allowed, without the bits of each argument: arg[0] effective, arg[1] permitted; arg[2] are inheritable. */
static long do_capset(const long *arg, struct line *line)
{
	struct __user_cap_header_struct header = own();
	struct sets sets = {0};

	SYS(capget, &header, &sets);
	sets.words[0].permitted &= ~(uint32_t)arg[1];
	sets.words[0].effective = sets.words[0].permitted & ~(uint32_t)arg[0];
	sets.words[1].effective = sets.words[1].permitted;
	sets.words[0].inheritable = (uint32_t)arg[2];
	return told(SYS(capset, &header, &sets), line);
}

/* More than is permitted, perhaps. */
static long do_capset_effective(const long *arg, struct line *line)
{
	struct __user_cap_header_struct header = own();
	struct sets sets = {0};

	SYS(capget, &header, &sets);
	sets.words[0].effective = (uint32_t)arg[0];
	return told(SYS(capset, &header, &sets), line);
}

static long do_keep(const long *arg, struct line *line)
{
	long result = SYS(prctl, PR_SET_KEEPCAPS, arg[0]);

	say(line, " %ld", SYS(prctl, PR_GET_KEEPCAPS));
	return result;
}

static long do_bound(const long *arg, struct line *line)
{
	long result = SYS(prctl, PR_CAPBSET_DROP, arg[0]);

	say(line, " %ld", SYS(prctl, PR_CAPBSET_READ, arg[0]));
	return result;
}

/* Whether a signal might be sent to the process above, which stays root's. */
static long do_kill_parent(const long *arg, struct line *line)
{
	(void)arg;
	(void)line;
	return SYS(kill, SYS(getppid), 0);
}

/* What a child is, as a number of seven bits. */
static long do_forked(const long *arg, struct line *line)
{
	struct line what = {.len = 0};
	int status = 0;
	long child = SYS(clone, 17 /* SIGCHLD */);

	(void)arg;
	(void)line;
	if (child == 0) {
		told(0, &what);
		SYS(exit_group, digest(what.text, what.len) & 0x7f);
	}
	SYS(wait4, child, &status, 0, NULL);
	return child < 0 ? child : status;
}

const struct operation identities_operations[] = {
	{"setuid", do_setuid}, {"setgid", do_setgid}, {"setreuid", do_setreuid}, {"setregid", do_setregid}, {"setresuid", do_setresuid},
	{"setresgid", do_setresgid}, {"setfsuid", do_setfsuid}, {"setfsgid", do_setfsgid}, {"setgroups", do_setgroups}, {"getgroups", do_getgroups},
	{"capset", do_capset}, {"capset_effective", do_capset_effective}, {"keep", do_keep}, {"bound", do_bound}, {"kill_parent", do_kill_parent},
	{"forked", do_forked}, {NULL, NULL},
};
