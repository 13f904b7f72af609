// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Where the links of /proc/<pid> lead, and what its files say. The process that they are about may end, or begin another program, at the same time.
 *
 * Spec: proc(5); Linux, fs/proc/base.c
 */
#include <stddef.h>

#include "kernel/sys/linux/comm.h"
#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/path.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/text.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/virtual.h"
#include "kernel/sys/linux/virtual_node.h"
#include "lib/format.h"
#include "lib/string.h"

/* The process that something is about, held; NULL: it has gone. */
static struct process *process_of(struct process *process, const struct linux_vnode *own)
{
	return own->pid != 0 ? linux_family_find(process, own->pid) : NULL;
}

static size_t cwd_text(struct process *process, char *to, size_t bytes)
{
	struct linux_dentry *cwd;
	int64_t len;

	if (linux_path_start(process, LINUX_AT_FDCWD, &cwd) != STATUS_OK)
		return 0;
	len = linux_dentry_path(cwd, to, bytes);
	linux_dentry_put(cwd);
	return len > 0 ? (size_t)len : 0;
}

static int64_t process_link(struct process *process, const struct linux_vnode *own, char *to, size_t bytes)
{
	struct process *about = process_of(process, own);
	int64_t len = STATUS_ENOENT;

	if (about == NULL || about->personality == NULL)
		len = STATUS_ENOENT;
	else if (strcmp(own->entry->name, "exe") == 0)
		len = format_print(to, bytes, "%s", about->personality->exe);
	else
		len = about == process ? (int64_t)cwd_text(about, to, bytes) : STATUS_EACCES;
	if (about != NULL)
		object_put(&about->object);
	return len == 0 ? STATUS_ENOENT : len;
}

int64_t linux_virtual_read_link(struct process *process, struct fs_node *node, char *to, size_t bytes)
{
	const struct linux_vnode *own = linux_vnode_of(node);
	struct linux_file *file;
	int64_t len;

	if (own->entry->says != NULL)
		return format_print(to, bytes, "%s", own->entry->says);
	if (own->entry->parent == PROC)
		return format_print(to, bytes, own->entry->name[0] == 's' ? "%u" : "%u/task/%u", process->number, thread_current()->personality->tid);
	if (own->entry != &linux_virtual_entries[FD_LINK])
		return process_link(process, own, to, bytes);
	file = linux_virtual_magic(process, node);
	if (file == NULL)
		return STATUS_ENOENT;
	len = (int64_t)linux_file_path(file, to, bytes);
	linux_file_put(file);
	return len;
}

bool linux_virtual_is_magic(const struct fs_node *link)
{
	const struct linux_vnode *own = linux_vnode_of((struct fs_node *)link);

	return own->entry == &linux_virtual_entries[FD_LINK] || own->entry->parent == PID;
}

struct linux_file *linux_virtual_magic(struct process *process, struct fs_node *node)
{
	const struct linux_vnode *own = linux_vnode_of(node);
	struct linux_file *file;

	if (own->entry != &linux_virtual_entries[FD_LINK] || !linux_vnode_is_own(process, own) || linux_fd_get(process, own->number, 0, &file) != STATUS_OK)
		return NULL;
	return file;
}

/* Of what is below /proc/<pid>. STATUS_ENOENT: the process has gone, or the thread. */
static status_t pid_fill(struct process *process, const struct linux_vnode *own, struct linux_text *text)
{
	struct process *about = process_of(process, own);
	status_t status = STATUS_ENOENT;

	if (about == NULL)
		return STATUS_ENOENT;
	text->pid = own->pid;
	text->tid = own->tid;
	text->thread = linux_family_thread(process, own->pid, own->tid != 0 ? own->tid : own->pid);
	if (about->personality != NULL && (text->thread != NULL || own->tid == 0 || own->tid == own->pid)) {
		status = STATUS_OK;
		own->entry->fill(text, own->entry->fill != linux_proc_mounts ? about : process); /* the family's root is the same */
	}
	if (text->thread != NULL)
		object_put(&text->thread->object);
	object_put(&about->object);
	return status;
}

status_t linux_vnode_text(struct process *process, const struct linux_vnode *own, uint32_t flags, struct linux_file **out)
{
	status_t status = STATUS_OK;
	struct linux_text text;

	linux_text_begin(&text);
	text.store = own->entry->fill == linux_pid_comm ? linux_comm_write : NULL;
	if (own->entry->says != NULL)
		format_to(&text.sink, "%s", own->entry->says);
	else if (own->pid != 0)
		status = pid_fill(process, own, &text);
	else
		own->entry->fill(&text, process);
	if (status == STATUS_OK)
		return linux_text_open(&text, process->budget, flags, out);
	linux_text_end(&text);
	return status;
}
