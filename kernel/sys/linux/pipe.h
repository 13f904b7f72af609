// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#ifndef KERNEL_SYS_LINUX_PIPE_H
#define KERNEL_SYS_LINUX_PIPE_H

#include <stdbool.h>
#include <stdint.h>

#include "hal/contract/memory.h"
#include "kernel/core/spinlock.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/owners.h"
#include "lib/list.h"
#include "lib/status.h"

struct budget;
struct fs_node;
struct linux_dentry;
struct thread;

/* How many pages the ring of a new pipe has, and how many a side that moves data by itself is given at once. */
enum { LINUX_PIPE_PAGES = 16 };

struct pipe {
	struct spinlock lock;
	/* W: under `lock`. */
	uint64_t head, tail; /* written, read, counted from the beginning */
	/* W: under `lock` by who is at both sides; a page comes from who writes, and goes under `lock` while nobody is at it. */
	uint64_t *pages;     /* the ring; 0: none is there */
	uint32_t page_count; /* a power of two */
	uint32_t pages_there;
	bool reading, writing; /* somebody is at it */
	bool read_missed, write_missed; /* somebody else wanted to be meanwhile */
	unsigned readers, writers;          /* open files of that end */
	uint64_t reader_count, writer_count; /* that there have ever been */
	struct linux_event event;
	struct budget *budget; /* held */
	_Atomic uint32_t holds;
	uint64_t id;
	struct linux_owner owner; /* of one without a name */
	/* Of one that has a name (W: under the lock of fifo.c). */
	struct list_node named;
	const struct fs_node *node; /* held by its ends; NULL: it has none */
};

/* How many bytes it holds. Context: under its lock, or where somebody is at it. */
static inline uint64_t linux_pipe_bytes(const struct pipe *pipe)
{
	return (uint64_t)pipe->page_count * HAL_PAGE_BYTES;
}

/* With one hold, and no end open. NULL: memory is out. */
MUST_CHECK struct pipe *linux_pipe_make(struct budget *budget);

void linux_pipe_put(struct pipe *pipe);

/*
 * An open file of a held pipe, which it holds as well, and its name (or NULL). `*others` is set to how often the other end had been opened when this one was,
 * but for once if it is open: who is there now may be gone at once. NULL: memory is out.
 */
MUST_CHECK struct linux_file *linux_pipe_end_make(struct pipe *pipe, uint32_t flags, struct linux_dentry *dentry, uint64_t *others);

/* Takes a hold of a pipe with a name back; whether it was the last one, and then nobody finds it any more. */
MUST_CHECK bool linux_fifo_unhold(struct pipe *pipe);

/*
 * One side of a pipe for who moves data by itself: its bytes, or its room, as pieces of the kernel's memory. Until it is ended that side is busy for others,
 * as it is while somebody reads or writes; it may be ended on any CPU, but nobody waits for anything that can take for ever before.
 */
struct linux_pipe_side {
	struct pipe *pipe;
	struct linux_data data; /* of the pieces */
	struct linux_piece pieces[LINUX_PIPE_PAGES + 1];
};

/* What there is to be read, at most `bytes`: how much, 0 at the end of what will be written. STATUS_EAGAIN. `file` is a pipe's, and may be read. */
MUST_CHECK int64_t linux_pipe_read_begin(struct linux_file *file, uint64_t bytes, struct linux_pipe_side *side);
void linux_pipe_read_end(struct linux_pipe_side *side, uint64_t taken);

/* What may be written, at most `bytes`: how much. STATUS_EAGAIN, STATUS_EPIPE, STATUS_ENOMEM. `file` is a pipe's, and may be written. */
MUST_CHECK int64_t linux_pipe_write_begin(struct linux_file *file, uint64_t bytes, struct linux_pipe_side *side);
void linux_pipe_write_end(struct linux_pipe_side *side, uint64_t put);

/* The pipe of a file; NULL: it is none. */
struct pipe *linux_pipe_of(const struct linux_file *file);

/* The name by which it was opened; NULL: it has none, or is no pipe. */
struct linux_dentry *linux_pipe_dentry(const struct linux_file *file);

/* How many bytes a pipe holds; STATUS_EBADF: the file is none. */
int64_t linux_pipe_size(const struct linux_file *file);

/*
 * Gives a pipe room for `bytes`, rounded up to a power of two of at least a page: how much it then has. STATUS_EBADF: the file is none; STATUS_EINVAL: more than
 * 2 GiB; STATUS_EPERM: more than 1 MiB needs CAP_SYS_RESOURCE; STATUS_EBUSY: what is in it needs more; STATUS_ENOMEM; LINUX_RESTART.
 * Spec: fcntl(2), F_SETPIPE_SZ. Context: the thread's fiber.
 */
MUST_CHECK int64_t linux_pipe_resize(struct linux_file *file, struct thread *thread, uint64_t bytes);

/*
 * Opens the pipe that a node of type FS_PIPE names; waits for the other end, unless O_NONBLOCK. STATUS_ENXIO: nobody reads, and it does not wait;
 * STATUS_ENOMEM; LINUX_RESTART. Context: the thread's fiber.
 */
MUST_CHECK status_t linux_fifo_open(struct linux_dentry *dentry, uint32_t flags, struct linux_file **out);

#endif
