// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What all processes have that come from one of the manifest's: the network, the console, and where the paths of Linux programs begin: `/` is the bundle where the manifest grants `app`, else empty; below it are the other directories of the
 * capability set, by their names there, and /dev, /proc, /sys. Made once for a manifest's process, and shared by all that it forks.
 */
#ifndef KERNEL_SYS_LINUX_ROOT_H
#define KERNEL_SYS_LINUX_ROOT_H

#include <stdint.h>

#include "kernel/sys/linux/dentry.h"
#include "lib/span.h"
#include "lib/status.h"

struct net_object;
struct process;

enum { LINUX_MOUNTS_MAX = 12 };

struct linux_mount {
	struct linux_dentry *parent; /* the directory in which `name` is covered; `/`, or another mount's, which hold it */
	struct linux_dentry *dentry; /* held: what is there */
	const char *name;            /* static */
};

struct linux_root {
	_Atomic uint32_t holds;
	struct linux_dentry *dentry; /* held: `/` */
	unsigned count;
	struct linux_mount mounts[LINUX_MOUNTS_MAX];
	struct linux_dentry *_Atomic memory; /* W: memfd.c, once. Held: where memfds are; NULL: nobody has made one */
	struct net_object *net; /* held: the network as the manifest allows it; NULL: there is none for this program */
	uint32_t net_rights;    /* of that capability */
	uint32_t console_rights; /* of those to the console; 0: there is none */
};

/* From the capabilities to directories that the process has now. STATUS_ENOMEM. The caller holds it. Context: fiber. */
MUST_CHECK status_t linux_root_make(struct process *process, struct linux_root **out);

void linux_root_hold(struct linux_root *root);
void linux_root_put(struct linux_root *root);

/* What covers a name in a directory; NULL: nothing does. */
const struct linux_mount *linux_root_mount(const struct linux_root *root, const struct linux_dentry *directory, struct span name);

/*
 * What a manifest's process begins with: its root, and descriptors 0, 1 and 2: the terminal where the process has `console`, else /dev/null.
 * STATUS_ENOMEM. linux_fds_close_all() ends it. Context: fiber.
 */
MUST_CHECK status_t linux_files_begin(struct process *process);

#endif
