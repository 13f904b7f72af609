// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Whose files are: of who makes them, where that is kept (/tmp, volumes), until somebody gives them away. */
#ifndef KERNEL_SYS_LINUX_OWNERS_H
#define KERNEL_SYS_LINUX_OWNERS_H

#include <stdint.h>

#include "lib/status.h"

struct fs_node;
struct linux_subject;

struct linux_owner {
	uint32_t user, group;
};

/*
 * Gives a node that `who` has just made in `directory` to him, where that file system keeps one: a directory that hands down its group (S_ISGID) does.
 * Context: as an operation of its file system.
 */
void linux_owner_give(struct fs_node *directory, struct fs_node *made, const struct linux_subject *who);

/*
 * For who is about to change a file's content, and may not set S_ISUID and S_ISGID: that it runs as its owner, or its group, is over. Context: as above.
 * Spec: inode(7); Linux, fs/inode.c: file_remove_privs()
 */
MUST_CHECK status_t linux_owner_lose(struct fs_node *file, const struct linux_subject *who);

#endif
