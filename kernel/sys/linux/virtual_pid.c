// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Where the links of /proc/<pid> lead, and what its files say. The process that they are about may end, or begin another program, at the same time.
 *
 * Spec: proc(5); Linux, fs/proc/base.c
 */
#include <stddef.h>

#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/identity.h"
#include "kernel/sys/linux/path.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/root.h"
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

/* Where it is, or where its paths begin, held; NULL: it has ended, or is not made yet. */
static struct linux_dentry *place_of(struct process *about, bool is_top)
{
	struct linux_fds *fds = &about->personality->fds;
	struct linux_dentry *place = NULL;

	spinlock_take(&fds->lock);
	if (about->personality->root != NULL)
		place = is_top ? fds->top : fds->cwd;
	if (about->personality->root != NULL)
		place = linux_dentry_hold(place != NULL ? place : about->personality->root->dentry);
	spinlock_give(&fds->lock);
	return place;
}

static int64_t place_text(struct process *about, bool is_top, char *to, size_t bytes)
{
	struct linux_dentry *place = place_of(about, is_top);
	int64_t len;

	if (place == NULL)
		return STATUS_ENOENT;
	len = linux_dentry_path(place, to, bytes);
	linux_dentry_put(place);
	return len > 0 ? len : STATUS_ENOENT;
}

static int64_t exe_text(struct process *about, char *to, size_t bytes)
{
	int64_t len;

	spinlock_take(&about->lock);
	len = process_is_ending(about) ? 0 : format_print(to, bytes, "%s", about->personality->exe);
	spinlock_give(&about->lock);
	return len > 0 ? len : STATUS_ENOENT;
}

static int64_t file_text(struct process *about, int fd, char *to, size_t bytes)
{
	struct linux_file *file;
	int64_t len;

	if (linux_fd_get(about, fd, 0, &file) != STATUS_OK)
		return STATUS_ENOENT;
	len = (int64_t)linux_file_path(file, to, bytes);
	linux_file_put(file);
	return len;
}

/* Its own root is "/" to a process, wherever chroot(2) put it. */
static int64_t process_link(struct process *process, const struct linux_vnode *own, char *to, size_t bytes)
{
	const char *name = own->entry->name;
	struct process *about = process_of(process, own);
	int64_t len;

	if (about == NULL)
		return STATUS_ENOENT;
	if (!linux_identity_may_inspect(thread_current(), about))
		len = STATUS_EACCES;
	else if (own->entry == &linux_virtual_entries[FD_LINK])
		len = file_text(about, own->number, to, bytes);
	else if (strcmp(name, "exe") == 0)
		len = exe_text(about, to, bytes);
	else if (strcmp(name, "root") == 0 && about == process)
		len = format_print(to, bytes, "/");
	else
		len = place_text(about, strcmp(name, "root") == 0, to, bytes);
	object_put(&about->object);
	return len;
}

int64_t linux_virtual_read_link(struct process *process, struct fs_node *node, char *to, size_t bytes)
{
	const struct linux_vnode *own = linux_vnode_of(node);

	if (own->entry->says != NULL)
		return format_print(to, bytes, "%s", own->entry->says);
	if (own->entry->parent == PROC)
		return format_print(to, bytes, own->entry->name[0] == 's' ? "%u" : "%u/task/%u", process->number, thread_current()->personality->tid);
	return process_link(process, own, to, bytes);
}

bool linux_virtual_is_magic(const struct fs_node *link)
{
	const struct linux_vnode *own = linux_vnode_of(link);

	return own->entry == &linux_virtual_entries[FD_LINK] || own->entry->parent == PID;
}

unsigned linux_virtual_process(const struct fs_node *node)
{
	const struct linux_vnode *own = linux_vnode_of(node);

	return own->entry == &linux_virtual_entries[PID] && own->tid == 0 ? own->pid : 0;
}

bool linux_virtual_is_own(const struct process *process, const struct fs_node *node)
{
	return linux_vnode_of(node)->pid == process->number;
}

bool linux_virtual_is_open_to_own(const struct fs_node *node, bool only_looks, bool executes)
{
	const struct linux_vnode *own = linux_vnode_of(node);

	if (!linux_virtual_has(node) || !linux_virtual_is_own(thread_current()->process, node))
		return false;
	return own->entry == &linux_virtual_entries[PID_FD] ? only_looks : own->entry->is_made && own->entry->fill == linux_pid_comm && own->tid != 0 && !executes;
}

status_t linux_virtual_magic(struct process *process, struct fs_node *link, struct linux_file **out)
{
	const struct linux_vnode *own = linux_vnode_of(link);
	struct process *about;
	status_t status;

	*out = NULL;
	if (own->entry != &linux_virtual_entries[FD_LINK])
		return STATUS_OK;
	about = process_of(process, own);
	if (about == NULL)
		return STATUS_ENOENT;
	status = linux_identity_may_inspect(thread_current(), about) ? linux_fd_get(about, own->number, 0, out) : STATUS_EACCES;
	object_put(&about->object);
	return status == STATUS_EBADF ? STATUS_ENOENT : status;
}

/* Whether it tells of the process's memory, or of what it has open. */
static bool is_guarded(const struct linux_virtual_entry *entry)
{
	return entry->fill == linux_pid_maps || entry->fill == linux_pid_smaps || entry->fill == linux_pid_auxv || entry->fill == linux_pid_environ ||
	       entry->fill == linux_pid_fdinfo;
}

/* Of what is made below /proc/<pid>. STATUS_ENOENT: the process has gone, or the thread; STATUS_EACCES. */
static status_t pid_fill(struct process *process, const struct linux_vnode *own, struct linux_text *text)
{
	struct process *about = process_of(process, own);
	struct thread *thread;
	status_t status = STATUS_ENOENT;

	if (about == NULL)
		return STATUS_ENOENT;
	thread = linux_family_thread(process, own->pid, own->tid != 0 ? own->tid : own->pid);
	if (is_guarded(own->entry) && !linux_identity_may_inspect(thread_current(), about))
		status = STATUS_EACCES;
	else if (thread != NULL || own->tid == 0 || own->tid == own->pid)
		status = STATUS_OK;
	if (status == STATUS_OK && text != NULL) {
		text->pid = own->pid;
		text->tid = own->tid;
		text->thread = thread;
		own->entry->fill(text, own->entry->fill != linux_proc_mounts ? about : process); /* the family's root is the same */
	}
	if (thread != NULL)
		object_put(&thread->object);
	object_put(&about->object);
	return status;
}

status_t linux_vnode_text(struct process *process, const struct linux_vnode *own, struct linux_text *text)
{
	if (text != NULL)
		text->number = (unsigned)own->number;
	if (own->entry->is_made && own->pid != 0)
		return pid_fill(process, own, text);
	if (text == NULL)
		return STATUS_OK;
	if (own->entry->is_made)
		own->entry->fill(text, process);
	else
		format_to(&text->sink, "%s", own->entry->says);
	return STATUS_OK;
}
