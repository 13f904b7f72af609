// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What is done to a name in a directory: its path is walked first, then it is looked at, then the file system does it. */
#ifndef KERNEL_SYS_LINUX_NAMES_H
#define KERNEL_SYS_LINUX_NAMES_H

#include <stdint.h>

#include "kernel/io/fs/fs.h"
#include "kernel/sys/linux/inotify.h"
#include "kernel/sys/linux/path.h"
#include "lib/span.h"
#include "lib/status.h"

/* What is to be done in a directory, on its file system's side. */
struct linux_name_act {
	struct linux_walk *walk; /* to the name */
	struct linux_walk *from; /* to what it is to name */
	struct span text;
	uint32_t flags;
	enum fs_type type;
	uint16_t permissions;
	struct linux_leaving leaving; /* W: what is done. What has lost the name */
	status_t status;
};

static inline struct span linux_name_of(const struct linux_walk *walk)
{
	return span_of(walk->name, walk->name_bytes);
}

/*
 * Has run(act) called as an operation of the file system that `walk` came to, where the process may make names there: its `status`. The user is the
 * caller's to look at (permissions.h). Context: fiber. STATUS_EACCES, STATUS_EROFS.
 */
MUST_CHECK status_t linux_name_run(struct linux_name_act *act, void (*run)(void *arg));

/* Whether the path names something that is not there yet. STATUS_EEXIST, STATUS_ENAMETOOLONG. */
MUST_CHECK status_t linux_name_is_new(const struct linux_walk *walk);

/* Whether it names something that can be taken away from its directory. STATUS_ENOENT, STATUS_EBUSY. */
MUST_CHECK status_t linux_name_is_removable(const struct linux_walk *walk);

#endif
