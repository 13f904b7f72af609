// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * File systems: what each one gives (struct fs_ops), and what all share. A node is a file, a directory or a symbolic link of one file
 * system; it is held, and goes with its last hold. Names are bytes: 1 to FS_NAME_MAX of them, no NUL, no '/', neither "." nor "..": who
 * calls an operation has checked that (kernel/io/fs/path.h), and that the node is of the type the operation is for.
 *
 * A file system belongs to one CPU: every operation runs in a fiber there. One that has `workers` may sleep in its operations, and is
 * called by that many worker fibers at once; one without never sleeps, and is called straight from the process's own submission on that
 * CPU. kernel/io/fs/service.h does both.
 */
#ifndef KERNEL_IO_FS_FS_H
#define KERNEL_IO_FS_FS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/span.h"
#include "lib/status.h"

enum {
	FS_NAME_MAX = 255,
	FS_PATH_MAX = 4095,
	FS_LINKS_MAX = 40, /* symbolic links followed in one path */
};

enum fs_type { FS_FILE, FS_DIRECTORY, FS_LINK, FS_PIPE /* a name for one */, FS_OTHER /* a device, a socket, ...: it can be seen and removed, no more */ };

struct fs_time {
	int64_t seconds; /* since 1970 */
	uint32_t nanoseconds;
};

struct fs_stat {
	enum fs_type type;
	uint16_t permissions; /* 07777 */
	uint32_t links;
	uint32_t user, group;
	uint64_t id; /* of the node, in its file system */
	uint64_t size;
	uint64_t allocated; /* bytes */
	struct fs_time accessed, modified, changed;
};

/* Of permissions. FS_MODE_SETGID of a directory: those in it have it, too. Spec: inode(7) */
enum { FS_MODE_SETUID = 04000, FS_MODE_SETGID = 02000 };

/* What fs_ops.set is to change. */
enum { FS_SET_SIZE = 1, FS_SET_PERMISSIONS = 2, FS_SET_ACCESSED = 4, FS_SET_MODIFIED = 8, FS_SET_OWNER = 16 /* where ops->keeps_owners */ };

struct fs_space {
	uint64_t bytes, free_bytes;
	uint64_t nodes, free_nodes; /* 0 and 0: without a limit */
	uint32_t block_bytes;
};

#define FS_CPU_ANY UINT32_MAX

struct fs;

struct fs_node {
	struct fs *fs;
	enum fs_type type;
	_Atomic uint32_t holds;
};

struct fs_entry {
	struct span name; /* borrowed: copied before the next call. Not "." nor ".." */
	uint64_t id;
	enum fs_type type;
	uint64_t cookie; /* where the list goes on behind it; not 0 */
};

/*
 * Results are status_t, or a count, or a negative status. STATUS_EROFS, STATUS_ENOSPC, STATUS_EIO, STATUS_ENOMEM, STATUS_ESTALE (the node is gone) can
 * come from any; others are told with each. Operations that a file system cannot do are NULL: the caller answers STATUS_EROFS or STATUS_ENOTSUP.
 */
struct fs_ops {
	/* A name in a directory. `*out` is held. STATUS_ENOENT. */
	status_t (*lookup)(struct fs_node *directory, struct span name, struct fs_node **out);

	/* The last hold has gone: forget the node. */
	void (*release)(struct fs_node *node);

	status_t (*stat)(struct fs_node *node, struct fs_stat *out);

	/* Bytes of a file from `offset`; 0 at its end. Less than asked for only at the end or where an error follows. */
	int64_t (*read)(struct fs_node *file, uint64_t offset, void *data, size_t bytes);

	/* Number of bytes written, 1 or more where there were any. `append`: at the end, whatever `offset` says. */
	int64_t (*write)(struct fs_node *file, uint64_t offset, const void *data, size_t bytes, bool append);

	/* The content of a symbolic link: its length, cut to `bytes`. */
	int64_t (*read_link)(struct fs_node *link, char *data, size_t bytes);

	/*
	 * Entries behind `cookie` (0: from the first), each given to `each` until that returns false: then the entry counts as not listed.
	 * STATUS_OK at the end of the directory, and where `each` returned false.
	 */
	status_t (*list)(struct fs_node *directory, uint64_t cookie, bool (*each)(void *ctx, const struct fs_entry *entry), void *ctx);

	/* Where a directory is now; held. STATUS_ENOENT: it is the root, or was removed. NULL: nothing is ever moved. */
	status_t (*parent)(struct fs_node *directory, struct fs_node **out);

	/* Makes a file or a directory, FS_PIPE and FS_OTHER only where `names_others` says so; held. STATUS_EEXIST. */
	bool names_others;
	status_t (*create)(struct fs_node *directory, struct span name, enum fs_type type, uint16_t permissions, struct fs_node **out);

	/* STATUS_EEXIST. */
	status_t (*symlink)(struct fs_node *directory, struct span name, struct span target);

	/* A second name of a file. STATUS_EEXIST; STATUS_EMLINK. */
	status_t (*link)(struct fs_node *directory, struct span name, struct fs_node *file);

	/* A directory where `is_directory` says so: STATUS_ENOTEMPTY, STATUS_ENOTDIR; else anything else: STATUS_EISDIR. STATUS_ENOENT. What holds the node keeps it readable. */
	status_t (*remove)(struct fs_node *directory, struct span name, bool is_directory);

	/* As rename(2): what has the new name is replaced, atomically. `exclusive`: then STATUS_EEXIST. Both directories are of this file system. */
	status_t (*rename)(struct fs_node *from, struct span name, struct fs_node *to, struct span to_name, bool exclusive);

	/* Both names are there, and each is of what the other was of, atomically. STATUS_ENOENT; STATUS_EINVAL: a directory would be in itself. */
	status_t (*exchange)(struct fs_node *from, struct span name, struct fs_node *to, struct span to_name);

	/* Of its programs the mode says who runs them (S_ISUID): nobody can write to it, and it was proven. */
	bool sets_user;

	/* Changes what `what` names; where that is nothing the node is only touched. What is made is root's: it is given away by FS_SET_OWNER, both user and group, where that is kept. STATUS_EFBIG. */
	bool keeps_owners;
	status_t (*set)(struct fs_node *node, uint32_t what, const struct fs_stat *values);

	/* So many bytes of a file from `offset` on become zeroes that take up nothing, as far as it reaches; its size stays. */
	status_t (*punch)(struct fs_node *file, uint64_t offset, uint64_t bytes);

	/* When it returns, what was written to the node, and its name, outlive a power cut. NULL: nothing outlives one. */
	status_t (*sync)(struct fs_node *node);

	status_t (*space)(struct fs *fs, struct fs_space *out);

	/*
	 * From `begin` until it is called again, what only looks and reads fails with STATUS_EAGAIN where it would have to wait. False: not now, somebody else is at
	 * it. The caller does not yield in between, and gives back no node that has no name any more. NULL: it cannot tell before.
	 */
	bool (*at_once)(struct fs *fs, bool begin);

	/* The machine is to end, and some operation does not: it fails from now on, and so does every other. NULL: each ends by itself. */
	void (*give_up)(struct fs *fs);

	/* The content of a file that lies in memory and never changes; where it begins at a page boundary it can be mapped. NULL: it has none. Empty: so does this file. */
	struct span (*pages)(struct fs_node *file);
};

struct fs {
	const struct fs_ops *ops;
	const char *name;     /* of its kind, for the log: "app", "tmp", "9p", "ext4" */
	struct fs_node *root; /* held by the file system */
	unsigned cpu;         /* where its operations run; FS_CPU_ANY: on any, several at once. Then it has no workers */
	unsigned workers;     /* fibers that may call it at once; 0: it never sleeps */
	uint32_t node_bytes;  /* of the kernel's memory that a node takes while it is held, charged to who opens it; 0: none, or it is charged already */
	uint32_t nodes_max;   /* so many can be open for processes, all together; 0: without a limit */
	bool read_only;       /* nothing that changes something is called */
	bool counts_from_start; /* its times are since the machine's start, not since 1970 */
	_Atomic uint32_t moves; /* W: fs_moved(). How often a directory was renamed or removed; it wraps */
};

/* For who has had a directory renamed or removed. Context: as an operation of the file system, at once behind that. */
static inline void fs_moved(struct fs *fs)
{
	atomic_fetch_add_explicit(&fs->moves, 1, memory_order_release); /* pairs with the acquire in fs_moves() */
}

/* What is found from now on is where it is found until this is another number. Context: any. */
static inline uint32_t fs_moves(const struct fs *fs)
{
	return atomic_load_explicit(&fs->moves, memory_order_acquire);
}

static inline void fs_node_init(struct fs_node *node, struct fs *fs, enum fs_type type)
{
	node->fs = fs;
	node->type = type;
	atomic_init(&node->holds, 1);
}

static inline void fs_node_hold(struct fs_node *node)
{
	atomic_fetch_add_explicit(&node->holds, 1, memory_order_relaxed);
}

/* Context: as an operation of its file system. */
static inline void fs_node_put(struct fs_node *node)
{
	if (atomic_fetch_sub_explicit(&node->holds, 1, memory_order_acq_rel) == 1)
		node->fs->ops->release(node);
}

#endif
