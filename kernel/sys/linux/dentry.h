// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A node of a file system with the way that led to it: its name, and the directory in which that was looked up, held up to `/`. So every open file knows what it was
 * called, and `..` asks a file system only where a directory was moved since; what is renamed meanwhile keeps its old name here. What it is called now is known of what is
 * open (renamed.c), and of directories it is found out (moved.c).
 */
#ifndef KERNEL_SYS_LINUX_DENTRY_H
#define KERNEL_SYS_LINUX_DENTRY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/io/fs/fs.h"
#include "kernel/io/fs/service.h"
#include "lib/span.h"
#include "lib/status.h"

struct budget;
struct linux_renamed;
struct linux_walk;

struct linux_dentry {
	_Atomic uint32_t holds;
	struct linux_dentry *parent; /* held; NULL: this is `/` */
	struct fs_service *service;  /* held */
	struct fs_node *node;        /* held */
	struct budget *budget;       /* held; it is charged there */
	struct fs_job release;
	uint32_t rights;             /* CAPOS_DIR_RIGHT_*: of the capability through which it was reached */
	uint32_t device;             /* number of its file system, as st_dev */
	uint32_t charged;
	bool is_base;                /* names in it may be covered by mounts */
	_Atomic bool has_id;         /* W: who asks first; release, pairs with the acquire of the next */
	uint64_t id;                 /* of the node, once asked for (linux_dentry_id) */
	uint32_t found_at;           /* of a directory: fs_moves() before its name was looked up */
	_Atomic uint32_t parent_at;  /* W: moved.c. And when it was last known to be in `parent` */
	_Atomic uint8_t seals;       /* of a memfd: LINUX_MEMFD and F_SEAL_* (memfd.h); 0: it is none */
	/* W: renamed.c. */
	struct list_node of_name;
	uint64_t serial;               /* 0: it was never open */
	struct linux_renamed *renamed; /* NULL: it is where it was */
	uint16_t name_bytes;
	char name[];
};

/*
 * Of a node whose hold it takes over, on errors too, below `parent`, which it holds; `like`: whose service, rights and device it has. NULL
 * where memory is out. Context: as an operation of the file system.
 */
struct linux_dentry *linux_dentry_make(struct linux_dentry *parent, const struct linux_dentry *like, struct fs_node *node, struct span name);

/* The root of a file system, below `parent` (NULL: `/` itself). NULL where memory is out. Context: as above. */
struct linux_dentry *linux_dentry_root(struct linux_dentry *parent, struct fs_service *service, struct fs_node *node, struct budget *budget,
				       uint32_t rights, uint32_t device, const char *name);

static inline struct linux_dentry *linux_dentry_hold(struct linux_dentry *dentry)
{
	atomic_fetch_add_explicit(&dentry->holds, 1, memory_order_relaxed);
	return dentry;
}

/* The same for what is found in a list, and may be going; whether it is not. */
static inline bool linux_dentry_hold_again(struct linux_dentry *dentry)
{
	uint32_t holds = atomic_load_explicit(&dentry->holds, memory_order_relaxed);

	while (holds != 0)
		if (atomic_compare_exchange_weak_explicit(&dentry->holds, &holds, holds + 1, memory_order_relaxed, memory_order_relaxed))
			return true;
	return false;
}

/* Context: fiber or scheduler, any CPU. NULL: nothing. */
void linux_dentry_put(struct linux_dentry *dentry);

/* Whether both are the same file, whichever way each was reached. */
static inline bool linux_dentry_is_same(const struct linux_dentry *one, const struct linux_dentry *other)
{
	return one == other || (one->node == other->node && one->service == other->service);
}

/* Its whole path, NUL-terminated: the length without the NUL, or STATUS_ERANGE. Context: any. */
MUST_CHECK int64_t linux_dentry_path(const struct linux_dentry *dentry, char *to, size_t bytes);

/* The same from `top` on, where it is below that; "(unreachable)" stands before the whole one of others. Spec: getcwd(2) */
MUST_CHECK int64_t linux_dentry_path_below(const struct linux_dentry *top, const struct linux_dentry *dentry, char *to, size_t bytes);

/* A directory was found where it is when its file system had moved so many. For who made the dentry, before others have it. */
static inline void linux_dentry_found(struct linux_dentry *dentry, uint32_t moves)
{
	dentry->found_at = moves;
	atomic_init(&dentry->parent_at, moves);
}

/*
 * What is above a directory now, held; NULL: nothing. `top`: where paths begin with "/". A directory that was removed is where it was. STATUS_ENOENT: it was moved to where
 * the process sees nothing. Context: as an operation of its file system.
 */
MUST_CHECK status_t linux_dentry_above(const struct linux_dentry *top, struct linux_dentry *dentry, struct linux_dentry **out);

/* The same directory, held, by the names that lead to it now. STATUS_ENOENT: none does. Context: fiber. */
MUST_CHECK status_t linux_dentry_again(const struct linux_dentry *top, struct linux_dentry *dentry, struct linux_dentry **out);

/* A program has it open: that it is renamed is kept from now on, as far as there is memory. Context: fiber. */
void linux_dentry_opened(struct linux_dentry *dentry);

/* It ends. Context: as an operation of the file system. */
void linux_dentry_closed(struct linux_dentry *dentry);

/* Where it is now, if it was renamed since it was opened: the number of its directory, and its name, which has no NUL. Context: any, no lock held. */
MUST_CHECK bool linux_dentry_now(const struct linux_dentry *dentry, uint64_t *directory, char name[FS_NAME_MAX], size_t *name_bytes);

/* A name was moved from one walk's end to another's: whoever has open what it named knows. Context: fiber. */
void linux_dentries_moved(const struct linux_walk *from, const struct linux_walk *to);

/* Has run(arg) called as an operation of a file system, and waits for that, whatever signals come. Context: fiber. */
void linux_fs_run(struct fs_service *service, void (*run)(void *arg), void *arg);

#endif
