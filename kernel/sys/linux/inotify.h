// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Who wants to know what is done to files and directories, and is told by who does it. Where nobody watches, telling is one load. What is not done by Linux
 * programs of this machine (by the host in its folder, by native ones) is not told. Spec: inotify(7)
 */
#ifndef KERNEL_SYS_LINUX_INOTIFY_H
#define KERNEL_SYS_LINUX_INOTIFY_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/wait.h"
#include "lib/list.h"
#include "lib/span.h"
#include "lib/status.h"

struct budget;
struct fs_node;
struct linux_dentry;
struct linux_walk;

/* linux/inotify.h: IN_* */
enum {
	LINUX_IN_ACCESS = 1, LINUX_IN_MODIFY = 2, LINUX_IN_ATTRIB = 4, LINUX_IN_CLOSE_WRITE = 8, LINUX_IN_CLOSE_NOWRITE = 0x10, LINUX_IN_OPEN = 0x20,
	LINUX_IN_MOVED_FROM = 0x40, LINUX_IN_MOVED_TO = 0x80, LINUX_IN_CREATE = 0x100, LINUX_IN_DELETE = 0x200, LINUX_IN_DELETE_SELF = 0x400,
	LINUX_IN_MOVE_SELF = 0x800, LINUX_IN_ALL_EVENTS = 0xfff, LINUX_IN_Q_OVERFLOW = 0x4000, LINUX_IN_IGNORED = 0x8000, LINUX_IN_ONLYDIR = 0x1000000,
	LINUX_IN_DONT_FOLLOW = 0x2000000, LINUX_IN_EXCL_UNLINK = 0x4000000, LINUX_IN_MASK_CREATE = 0x10000000, LINUX_IN_MASK_ADD = 0x20000000,
	LINUX_IN_ISDIR = 0x40000000,
};
#define LINUX_IN_ONESHOT 0x80000000u

/* An event as a program reads it: struct inotify_event. `name_bytes` counts zeroes, at least one, up to a multiple of its size. */
struct linux_inotify_event {
	int32_t watch;
	uint32_t mask, cookie, name_bytes;
};

static_assert(sizeof(struct linux_inotify_event) == 16, "linux/inotify.h: struct inotify_event");

struct linux_inotify_queued {
	struct list_node node;
	struct linux_inotify_event told;
	char name[];
};

/* What a descriptor of inotify_init1(2) names. */
struct linux_inotify {
	struct linux_file file;
	struct linux_event event;
	struct budget *budget;    /* held: its watches and events are charged there */
	struct list_node watches; /* W: watches.c */
	unsigned watch_count;     /* W: watches.c */
	int32_t last_number;      /* W: watches.c */
	/* W: under the file's lock. */
	struct list_node queue;
	unsigned count;
	uint64_t bytes;           /* as they are read */
	struct linux_inotify_queued overflow; /* in the queue where events were lost behind what is before it */
	bool overflowed;
};

/* Tells an instance, which the caller holds. Context: fiber, no lock held. */
void linux_inotify_queue(struct linux_inotify *own, int32_t watch, uint32_t mask, uint32_t cookie, struct span name);

extern _Atomic uint32_t linux_watches; /* W: watches.c. How many there are */

static inline bool linux_is_watched(void)
{
	return __builtin_expect(atomic_load_explicit(&linux_watches, memory_order_relaxed) != 0, 0);
}

/* What happens to `dentry` is told to who watches it, and with its name to who watches its directory. Context of all that tell: fiber, no lock held; may sleep. */
void linux_watches_tell(struct linux_dentry *dentry, uint32_t event);

/* The same of what has no other names than the one that `directory` has, or had, for it: only there. `cookie` joins the two sides of a move; 0: none. */
void linux_watches_tell_name(struct linux_dentry *directory, struct span name, uint32_t event, uint32_t cookie);

/* The same to who watches `dentry` itself. */
void linux_watches_tell_self(struct linux_dentry *dentry, uint32_t event);

/* The event of a change that `what` names: FS_SET_*. */
uint32_t linux_watches_event_of(uint32_t what);

static inline void linux_notify(struct linux_dentry *dentry, uint32_t event)
{
	if (linux_is_watched() && dentry != NULL)
		linux_watches_tell(dentry, event);
}

static inline void linux_notify_name(struct linux_dentry *directory, struct span name, uint32_t event)
{
	if (linux_is_watched())
		linux_watches_tell_name(directory, name, event, 0);
}

/* What is going to lose a name: looked at before, in the same operation, lest somebody else takes another of its names meanwhile; told afterwards. */
struct linux_leaving {
	const void *fs; /* NULL: nobody watches anything */
	uint64_t id;
	bool is_directory, is_last; /* its last name */
};

/* Context: as an operation of the file system. */
struct linux_leaving linux_watches_leaving(struct fs_node *directory, struct span name);

/* It has lost it: to who watches it, and does so no more where that was the last one. */
void linux_watches_left(const struct linux_leaving *leaving);

/* A name was moved, from one walk's end to another's; `leaving`: what had the new one. */
void linux_watches_moved(struct linux_walk *from, struct linux_walk *to, const struct linux_leaving *leaving);

/*
 * Watches what a name stands for. `mask`: LINUX_IN_*. The watch's number in `own`, the same for the same file. STATUS_EEXIST with LINUX_IN_MASK_CREATE;
 * STATUS_ENOMEM; STATUS_ENOSPC: it has as many as one may have.
 */
MUST_CHECK int64_t linux_watch_add(struct linux_inotify *own, struct linux_dentry *dentry, uint32_t mask);

/* STATUS_EINVAL: there is none of that number. */
MUST_CHECK status_t linux_watch_remove(struct linux_inotify *own, int32_t number);

/* All of them, when nobody has `own` any more. Context: fiber or scheduler. */
void linux_watches_forget(struct linux_inotify *own);

#endif
