// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Open file descriptions: what descriptors name. One is a kernel object, and a descriptor the number of a capability to it in the process's own
 * set, whose rights say whether it may be read and written; dup and fork derive capabilities.
 */
#ifndef KERNEL_SYS_LINUX_FILE_H
#define KERNEL_SYS_LINUX_FILE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/cap/object.h"
#include "kernel/core/spinlock.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/wait.h"
#include "lib/list.h"
#include "lib/span.h"
#include "lib/status.h"

struct budget;
struct fs_stat;
struct linux_file;

/* Rights. What was opened with O_PATH, which only names it, has none. */
enum { LINUX_FILE_READ = 1, LINUX_FILE_WRITE = 2, LINUX_FILE_USE = 4 };

/* asm-generic/fcntl.h, and AArch64's four. */
enum {
	LINUX_O_ACCMODE = 03, LINUX_O_WRONLY = 01, LINUX_O_RDWR = 02, LINUX_O_CREAT = 0100, LINUX_O_EXCL = 0200, LINUX_O_NOCTTY = 0400,
	LINUX_O_TRUNC = 01000, LINUX_O_APPEND = 02000, LINUX_O_NONBLOCK = 04000, LINUX_O_DSYNC = 010000, LINUX_O_ASYNC = 020000,
	LINUX_O_DIRECTORY = 040000, LINUX_O_NOFOLLOW = 0100000, LINUX_O_DIRECT = 0200000, LINUX_O_LARGEFILE = 0400000, LINUX_O_NOATIME = 01000000,
	LINUX_O_CLOEXEC = 02000000, LINUX_O_SYNC = 04010000, LINUX_O_PATH = 010000000, LINUX_O_TMPFILE = 020040000,
	LINUX_O_EXEC = 040, /* the kernel's own: it is to be run (include/linux/fs.h: __FMODE_EXEC) */
};

/* asm-generic/poll.h */
enum {
	LINUX_POLLIN = 1, LINUX_POLLPRI = 2, LINUX_POLLOUT = 4, LINUX_POLLERR = 8, LINUX_POLLHUP = 16, LINUX_POLLNVAL = 32, LINUX_POLLRDNORM = 64,
	LINUX_POLLWRNORM = 256, LINUX_POLLRDHUP = 0x2000,
};

/* asm-generic/ioctls.h: the request of ioctl(2) that many kinds of files answer: how much can be read. */
enum { LINUX_FIONREAD = 0x541b };

/*
 * What NULL answers is told with each. `offset` is where in the file; those without a place in them (pipes, sockets, ...) have `is_stream`, and do not
 * look at it. Reads and writes of a stream never sleep: STATUS_EAGAIN where there is nothing, or no room; who called waits by `poll`, unless O_NONBLOCK says
 * otherwise. Context: fiber of the calling thread.
 */
struct linux_file_ops {
	const char *name; /* for /proc/self/fd and traces: "pipe", "socket", ... */
	/* What it is called where that is not the same for all of the kind, as `name`: the length, cut to fit. NULL: it is. */
	size_t (*path)(const struct linux_file *file, char *to, size_t bytes);
	bool is_stream;
	int64_t (*read)(struct linux_file *file, struct linux_data *data, uint64_t offset);  /* EINVAL */
	int64_t (*write)(struct linux_file *file, struct linux_data *data, uint64_t offset); /* EINVAL */
	/* LINUX_POLL* that hold now; where `waiter` is not NULL it is added to the file's event first (once). NULL: always in and out. */
	uint32_t (*poll)(struct linux_file *file, struct linux_waiter *waiter);
	status_t (*stat)(struct linux_file *file, struct fs_stat *out, uint32_t *mode_type); /* S_IF* in `mode_type`. NULL: its name tells it (linux_file_dentry) */
	int64_t (*ioctl)(struct linux_file *file, struct thread *thread, uint32_t request, uint64_t argument); /* ENOTTY */
	/* Pages to be mapped: content that lies in memory and never changes, or empty: it is read page by page. NULL: ENODEV. */
	status_t (*map)(struct linux_file *file, struct span *memory);
	/* The file system, and the number there, that every opened of the same file tells; false, or NULL: it is a file of its own. */
	bool (*identity)(struct linux_file *file, const void **fs, uint64_t *id);
	/* What may never be done to it any more (memfd.h: LINUX_SEAL_*). NULL: anything may. */
	uint32_t (*seals)(const struct linux_file *file);
	/* The last hold has gone: who waits at the other end learns so at once. NULL: there is nothing to say. Context: fiber, or the network's CPU. */
	void (*end)(struct linux_file *file);
	void (*release)(struct linux_file *file); /* nobody can have it in hand any more: frees it. Context: fiber or scheduler; does not sleep */
};

struct linux_file {
	struct object object;
	const struct linux_file_ops *ops;
	_Atomic uint32_t flags; /* LINUX_O_*: access mode and status */
	struct spinlock lock;
	uint64_t offset;        /* W: under `lock` */
	bool ended;             /* W: who took the last hold away */
	struct list_node epolls; /* W: epoll.c. What watches it */
	struct budget *budget;   /* W: linux_file_charge(), once. Held: whom it is charged to. NULL: nobody yet */
};

extern const struct cap_interface linux_file_interface;

/* With one hold, the caller's. `flags`: LINUX_O_*. */
void linux_file_init(struct linux_file *file, const struct linux_file_ops *ops, uint32_t flags);

/* How many there are, of all processes. Context: any. */
uint32_t linux_files_open(void);

/* A number for what has no name, such as a socket: st_ino. No other has had it. Context: any. */
uint64_t linux_anonymous_id(void);

/* As `stat` of struct linux_file_ops: of what has no name and no type, an epoll or an eventfd. */
MUST_CHECK status_t linux_anonymous_stat(struct linux_file *file, struct fs_stat *out, uint32_t *mode_type);

/* What any open file is charged, beside what it has charged itself: as much as the largest of them. */
enum { LINUX_FILE_CHARGE = 768 };

/* Sees to it that what was closed before is given back: for who finds no room. Context: fiber, no lock held. */
void linux_files_settle(void);

/*
 * The same for who has closed something, where little memory is left and much is on its way back: or who closes and opens all the time on one CPU could
 * leave nothing to who waits for memory on another. Context: fiber, no lock held.
 */
void linux_files_keep_up(const struct budget *budget);

/* Charges bytes; where there is no room, once more when what was closed has been given back. False: there is none. Context: fiber, no lock held. */
MUST_CHECK bool linux_charge(struct budget *budget, uint64_t bytes);

/* Charges it to who has it first; nothing where that was done. False: there is no memory left. Context: fiber, no lock held. */
MUST_CHECK bool linux_file_charge(struct linux_file *file, struct budget *budget);

static inline struct linux_file *linux_file_of(struct object *object)
{
	return LIST_OWNER(object, struct linux_file, object);
}

/* Takes a hold away, and with the last one ends it. Context: fiber, no lock held. */
void linux_file_put(struct linux_file *file);

/* In a file's poll: has the waiter told of the event, unless it is NULL, or in one already. */
static inline void linux_poll_wait(struct linux_waiter *waiter, struct linux_event *event)
{
	if (waiter == NULL || waiter->event != NULL)
		return;
	if (waiter->notify != NULL)
		linux_waiter_add_notify(waiter, waiter->notify, event);
	else
		linux_waiter_add(waiter, waiter->thread, event);
}

/* What holds now; the waiter is added as the file's own poll does it. */
static inline uint32_t linux_file_poll(struct linux_file *file, struct linux_waiter *waiter)
{
	return file->ops->poll != NULL ? file->ops->poll(file, waiter) : LINUX_POLLIN | LINUX_POLLOUT | LINUX_POLLRDNORM | LINUX_POLLWRNORM;
}

static inline uint32_t linux_file_flags(const struct linux_file *file)
{
	return atomic_load_explicit(&file->flags, memory_order_relaxed);
}

/* Reads or writes as read(2) and write(2): waits where the file is a stream and not O_NONBLOCK. LINUX_RESTART. Context: the thread's fiber. */
MUST_CHECK int64_t linux_file_read(struct thread *thread, struct linux_file *file, struct linux_data *data, const uint64_t *offset);
MUST_CHECK int64_t linux_file_write(struct thread *thread, struct linux_file *file, struct linux_data *data, const uint64_t *offset);

/* The same, but a stream is not waited for: STATUS_EAGAIN where there is nothing, or no room. */
MUST_CHECK int64_t linux_file_read_now(struct linux_file *file, struct linux_data *data, const uint64_t *offset);
MUST_CHECK int64_t linux_file_write_now(struct linux_file *file, struct linux_data *data, const uint64_t *offset);

/* Tells by SIGPIPE that nobody reads what is written any more; of sockets, those that send a stream. */
void linux_file_broken(struct thread *thread, struct linux_file *file);

#endif
