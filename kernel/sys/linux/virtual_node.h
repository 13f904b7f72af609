// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A node of virtual.c, for virtual_pid.c, which tells what those below /proc/<pid> say. Context of all: fiber. */
#ifndef KERNEL_SYS_LINUX_VIRTUAL_NODE_H
#define KERNEL_SYS_LINUX_VIRTUAL_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/io/fs/fs.h"
#include "kernel/sys/linux/owners.h"
#include "kernel/sys/linux/virtual_tree.h"
#include "lib/list.h"
#include "lib/status.h"

struct linux_file;
struct process;
struct terminal;

struct linux_vnode {
	struct fs_node node;
	const struct linux_virtual_entry *entry;
	unsigned pid; /* of what is below /proc/<pid>; 0: it is nobody's */
	unsigned tid; /* of what is below /proc/<pid>/task/<tid>; 0: it is the process's */
	struct linux_owner owner; /* of that process, as it was when /proc/<pid> was looked up; else root */
	bool hides; /* that process, at that time: what is below /proc/<pid> is root's, but for directories that all may read */
	int number;   /* of the descriptor that a link there is about, of a pseudo-terminal, or of a CPU */
	bool is_made;
	struct terminal *terminal; /* held: of that number; NULL: there is none */
};

static inline const struct linux_vnode *linux_vnode_of(const struct fs_node *node)
{
	return LIST_OWNER((struct fs_node *)node, const struct linux_vnode, node);
}

/* Adds what the node says now, as `process` sees it; NULL: only whether it may be told. STATUS_ENOENT: what it is about has gone; STATUS_EACCES. */
MUST_CHECK status_t linux_vnode_text(struct process *process, const struct linux_vnode *own, struct linux_text *text);

#endif
