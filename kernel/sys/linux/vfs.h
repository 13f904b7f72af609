// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Open files and directories of file systems. Context of all: fiber. */
#ifndef KERNEL_SYS_LINUX_VFS_H
#define KERNEL_SYS_LINUX_VFS_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/cap/program_copy.h"
#include "kernel/io/fs/fs.h"
#include "kernel/sys/linux/dentry.h"
#include "kernel/sys/linux/file.h"
#include "lib/status.h"

struct linux_vfs_file {
	struct linux_file file;
	struct linux_dentry *dentry; /* held */
	struct budget *budget;       /* held */
	bool is_path;                /* O_PATH: it is only a name */
	bool is_told;                /* W: linux_vfs_opened(). That it was opened; that it is closed is to be, too */
	struct program_copy proven;  /* W: under the file's lock, once. What may be executed of it; empty: nothing yet */
};

/* asm-generic/stat.h and linux/stat.h */
enum {
	LINUX_S_IFMT = 0170000, LINUX_S_IFSOCK = 0140000, LINUX_S_IFLNK = 0120000, LINUX_S_IFREG = 0100000, LINUX_S_IFBLK = 0060000,
	LINUX_S_IFDIR = 0040000, LINUX_S_IFCHR = 0020000, LINUX_S_IFIFO = 0010000,
};

/* What stat tells besides. */
struct linux_stat {
	struct fs_stat fs;
	uint32_t type; /* LINUX_S_IF* */
	uint64_t device, rdevice;
};

/* An open file for a name, which it holds. `flags`: LINUX_O_*. NULL where memory is out. */
struct linux_file *linux_vfs_file_make(struct linux_dentry *dentry, uint32_t flags);

/* A program has opened it, and who watches is told. Context: fiber. */
void linux_vfs_opened(struct linux_file *file);

/* The number of a node in its file system; false: it cannot be had. Context: fiber. */
MUST_CHECK bool linux_dentry_id(struct linux_dentry *dentry, uint64_t *id);

/* The open file behind a file of a file system that is open for more than its name; else NULL. */
struct linux_vfs_file *linux_vfs_own(struct linux_file *file);

/* What an open file is called; NULL: it is none of a file system. */
struct linux_dentry *linux_vfs_dentry(const struct linux_file *file);

/* The name of any file that has one: of a pipe or of a text, too. NULL: it has none. */
struct linux_dentry *linux_file_dentry(const struct linux_file *file);

/* Whether it is a file system's, of that type. */
static inline bool linux_vfs_is(const struct linux_file *file, enum fs_type type)
{
	const struct linux_dentry *dentry = linux_vfs_dentry(file);

	return dentry != NULL && dentry->node->type == type;
}

MUST_CHECK status_t linux_dentry_stat(struct linux_dentry *dentry, struct linux_stat *out);
MUST_CHECK status_t linux_file_stat(struct linux_file *file, struct linux_stat *out);

/* Changes what `what` (FS_SET_*) names. STATUS_EROFS, STATUS_EACCES. */
MUST_CHECK status_t linux_dentry_set(struct linux_dentry *dentry, uint32_t what, const struct fs_stat *values);

/* Has what was written outlive a power cut. */
MUST_CHECK status_t linux_dentry_sync(struct linux_dentry *dentry);

/*
 * Whether what needs `rights` (CAPOS_DIR_RIGHT_*) may be done there: STATUS_EROFS where nothing can be changed, STATUS_EACCES where this process
 * may not.
 */
MUST_CHECK status_t linux_dentry_may(const struct linux_dentry *dentry, uint32_t rights);

/* The type of a node as LINUX_S_IF*. */
uint32_t linux_node_type(const struct fs_node *node);

#endif
