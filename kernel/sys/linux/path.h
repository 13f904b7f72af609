// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Paths of Linux programs, across file systems: each stretch of one within a file system is walked as one operation of it. Context of all: fiber.
 */
#ifndef KERNEL_SYS_LINUX_PATH_H
#define KERNEL_SYS_LINUX_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/io/fs/fs.h"
#include "kernel/sys/linux/dentry.h"
#include "kernel/sys/linux/subject.h"
#include "lib/status.h"

struct linux_file;
struct linux_root;
struct process;
struct thread;

enum { LINUX_AT_FDCWD = -100 };
/* linux/fcntl.h */
enum { LINUX_AT_SYMLINK_NOFOLLOW = 0x100, LINUX_AT_REMOVEDIR = 0x200, LINUX_AT_SYMLINK_FOLLOW = 0x400, LINUX_AT_EMPTY_PATH = 0x1000 };

/* What restricts a walk. Spec: Linux, include/uapi/linux/openat2.h */
enum {
	LINUX_RESOLVE_NO_XDEV = 1, LINUX_RESOLVE_NO_MAGICLINKS = 2, LINUX_RESOLVE_NO_SYMLINKS = 4, LINUX_RESOLVE_BENEATH = 8,
	LINUX_RESOLVE_IN_ROOT = 0x10, LINUX_RESOLVE_CACHED = 0x20 /* nothing here is worth a second try */,
};

/* A walk, and where it has come to. 5 KiB: from the heap. */
struct linux_walk {
	/* Read after linux_walk(). */
	struct linux_dentry *at;    /* held: the directory in which `name` is, or would be; where the path ended at one, that itself */
	struct linux_dentry *found; /* held: what the path names; NULL: there is nothing of that name */
	struct linux_file *magic;   /* held: the path ended at a descriptor's link, to what has no name; else NULL */
	bool is_anothers;           /* that is open in another process: it may be told of, and not opened */
	status_t late;              /* what is wrong with the last name alone: STATUS_ENAMETOOLONG; STATUS_ENOTDIR: a '/' stands behind what is none */
	bool is_directory;          /* the path ended in '/', or at a directory on the way: it means a directory and nothing else */
	uint32_t name_bytes;        /* 0: it ended at a directory on the way: */
	uint32_t dots;              /* called "." (1) or ".." (2) there; 0: it is the root */
	char name[FS_NAME_MAX + 1];
	struct linux_subject who; /* for whom */

	/* The walk's own. */
	struct process *process;
	struct linux_root *root;
	struct linux_dentry *top; /* held: where "/" is, and ".." leads no further */
	uint32_t resolve;         /* LINUX_RESOLVE_* */
	unsigned links;
	bool follow, over;
	status_t status;
	size_t rest; /* what is left of the path lies at the end of `text` */
	char text[FS_PATH_MAX + 1];
};

/*
 * Walks `path` from `at`, which is not looked at where the path begins with '/'. A link at its end is followed where `follow` says so, or a '/'
 * behind it. The caller ends it with linux_walk_end(), on errors too. STATUS_ENOENT, also for an empty path; STATUS_EACCES, STATUS_ENOTDIR,
 * STATUS_ELOOP, STATUS_ENAMETOOLONG, STATUS_ENOMEM, and what the file systems say.
 */
MUST_CHECK status_t linux_walk(struct linux_walk *walk, struct process *process, struct linux_dentry *at, const char *path, bool follow);
void linux_walk_end(struct linux_walk *walk);

/* The same for a path of the program's, and a directory's descriptor, in a walk of the heap, which linux_walk_free() ends. NULL: `*why`. */
struct linux_walk *linux_walk_user(struct thread *thread, int dirfd, uint64_t path_va, bool follow, status_t *why);
void linux_walk_free(struct linux_walk *walk);

/* The same where an empty path, if `empty` says so, means what the descriptor itself is open for: a path that ended there. */
struct linux_walk *linux_walk_user_empty(struct thread *thread, int dirfd, uint64_t path_va, bool follow, bool empty, status_t *why);

/* What the path names is held no more, before it loses its name: a file system keeps what somebody holds then, at a price. */
void linux_walk_let_go(struct linux_walk *walk);

/* The same for a name that is made, moved or removed: a link there is not followed, with a '/' behind it either, and what is `late` is the caller's to judge. */
struct linux_walk *linux_walk_user_late(struct thread *thread, int dirfd, uint64_t path_va, status_t *why);

/* For opening, with restrictions: STATUS_EXDEV, STATUS_ELOOP where the path does not keep them. `resolve`: LINUX_RESOLVE_*. */
struct linux_walk *linux_walk_user_within(struct thread *thread, int dirfd, uint64_t path_va, bool follow, uint32_t resolve, status_t *why);

/* As linux_walk_user(), for the thread's real user. */
struct linux_walk *linux_walk_user_real(struct thread *thread, int dirfd, uint64_t path_va, bool follow, status_t *why);

/* Where paths of a descriptor begin, held. STATUS_EBADF, STATUS_ENOTDIR. */
MUST_CHECK status_t linux_path_start(struct process *process, int dirfd, struct linux_dentry **out);

/* Where the process's paths begin with "/", held: chroot(2). */
struct linux_dentry *linux_path_top(struct process *process);

/* Makes what the path names: a directory, or a name for a pipe (FS_PIPE) or a socket (FS_OTHER): STATUS_EPERM where the file system has none. */
MUST_CHECK status_t linux_path_make(struct linux_walk *walk, enum fs_type type, uint32_t permissions);

/* Removes what the path names, which the caller has looked at. `flags`: LINUX_AT_REMOVEDIR, of a directory. What is found is held no more. */
MUST_CHECK status_t linux_path_remove(struct linux_walk *walk, uint32_t flags);

/* Opens what openat(2) names. `flags`: LINUX_O_*. `*out` is held. */
MUST_CHECK status_t linux_path_open(struct linux_walk *walk, uint32_t flags, uint32_t permissions, struct linux_file **out);

/* A program that is to run, or its interpreter: a file that may be executed, open for reading. STATUS_EACCES: it may not. `at_flags`: LINUX_AT_*. */
MUST_CHECK status_t linux_open_program(struct process *process, int dirfd, const char *path, unsigned at_flags, struct linux_file **out);

/* What a file is called; of a file without a name "kind:". NUL-terminated and cut to fit; its length. */
size_t linux_file_path(struct linux_file *file, char *to, size_t bytes);

#endif
