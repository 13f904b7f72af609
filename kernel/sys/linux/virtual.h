// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What is in no file system: /dev, /proc, /sys, and an empty directory to be `/`. A file system of its own for names; what is opened there is a device, or
 * text that is made at that moment. Context of all: fiber.
 */
#ifndef KERNEL_SYS_LINUX_VIRTUAL_H
#define KERNEL_SYS_LINUX_VIRTUAL_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/io/fs/fs.h"
#include "kernel/sys/linux/dentry.h"
#include "lib/span.h"
#include "lib/status.h"

struct linux_file;
struct process;

enum { LINUX_VIRTUAL_DEVICE = 1 /* st_dev */ };

enum linux_virtual_top { LINUX_VIRTUAL_EMPTY, LINUX_VIRTUAL_DEV, LINUX_VIRTUAL_PROC, LINUX_VIRTUAL_SYS, LINUX_VIRTUAL_ETC, LINUX_VIRTUAL_RESOLV };

/* The one service for it, held. NULL where memory is out. */
struct fs_service *linux_virtual_service(void);
struct fs_node *linux_virtual_node(enum linux_virtual_top which);

bool linux_virtual_has(const struct fs_node *node);

/* A name in one of its directories, as `process` sees it. STATUS_ENOENT, STATUS_ENOMEM. */
MUST_CHECK status_t linux_virtual_lookup(struct process *process, struct fs_node *directory, struct span name, struct fs_node **out);

/* As fs_ops.list. */
void linux_virtual_list(struct process *process, struct fs_node *directory, uint64_t cookie, bool (*each)(void *ctx, const struct fs_entry *entry),
			void *ctx);

/* What a link there says to `process`: its length, cut to `bytes`. */
MUST_CHECK int64_t linux_virtual_read_link(struct process *process, struct fs_node *node, char *to, size_t bytes);

/* Whether a link there leads to a process's file whatever its text says: to `exe`, `cwd`, `root`, or a descriptor's. */
bool linux_virtual_is_magic(const struct fs_node *link);

/* The open file that a link there names, held; NULL: it names a path. STATUS_ENOENT: that was closed; STATUS_EACCES: it is of a process that `process` may not look at. */
MUST_CHECK status_t linux_virtual_magic(struct process *process, struct fs_node *link, struct linux_file **out);

/* The process that a directory /proc/<pid> there is of; 0: the node is none. */
unsigned linux_virtual_process(const struct fs_node *node);

/* Whether what a node there is about is `process` itself. */
bool linux_virtual_is_own(const struct process *process, const struct fs_node *node);

/*
 * Whether the caller may use a node whoever it is: the directory of its own descriptors, to look at it, and its own threads' names.
 * Spec: Linux, fs/proc/fd.c: proc_fd_permission(); fs/proc/base.c: proc_tid_comm_permission()
 */
bool linux_virtual_is_open_to_own(const struct fs_node *node, bool only_looks, bool executes);

/* Opens a device or a text. STATUS_EACCES where the process lacks the capability for it; STATUS_ENXIO, STATUS_ENOMEM. */
MUST_CHECK status_t linux_virtual_open(struct process *process, struct linux_dentry *dentry, uint32_t flags, struct linux_file **out);

/* st_rdev; 0: it is no device. */
uint64_t linux_virtual_rdev(const struct fs_node *node);

/* What is told of an open device, by the name of its path: then true. */
bool linux_virtual_device(const char *path, uint64_t *id, uint64_t *rdev);

#endif
