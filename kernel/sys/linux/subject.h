// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Who asks for a file, or for another thing with a mode: the subject, of which that is the object. Spec: credentials(7) */
#ifndef KERNEL_SYS_LINUX_SUBJECT_H
#define KERNEL_SYS_LINUX_SUBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/io/fs/fs.h"

struct thread;

/* include/linux/fs.h: MAY_EXEC (of a directory: looking up names), MAY_WRITE, MAY_READ */
enum { LINUX_MAY_EXECUTE = 1, LINUX_MAY_WRITE = 2, LINUX_MAY_READ = 4 };

struct linux_subject {
	uint32_t user, group;
	uint64_t capabilities;
	uint32_t group_count;
	const uint32_t *groups; /* the thread's, which changes them itself and nobody else */
};

/* The thread, as it opens files; NULL: root. */
struct linux_subject linux_subject_of(const struct thread *thread);

/* Its real user, as access(2) asks for him. */
struct linux_subject linux_subject_real(const struct thread *thread);

static inline bool linux_subject_can(const struct linux_subject *who, unsigned capability)
{
	return (who->capabilities >> capability & 1) != 0;
}

static inline bool linux_subject_has_group(const struct linux_subject *who, uint32_t group)
{
	bool has = who->group == group;

	for (uint32_t i = 0; i < who->group_count; i++)
		has |= who->groups[i] == group;
	return has;
}

/* Whether the mode of something lets them do all that is wanted (LINUX_MAY_*), capabilities aside: the owner by his three bits alone, then the group. */
static inline bool linux_mode_permits(const struct linux_subject *who, const struct fs_stat *stat, uint32_t wanted)
{
	unsigned shift = who->user == stat->user ? 6 : linux_subject_has_group(who, stat->group) ? 3 : 0;

	return (wanted & ~(uint32_t)(stat->permissions >> shift)) == 0;
}

#endif
