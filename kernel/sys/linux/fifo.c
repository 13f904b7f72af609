// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Pipes with names: a node of type FS_PIPE stands for one pipe, which is there while somebody has it open. Spec: fifo(7) */
#include "kernel/core/libc.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/dentry.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/pipe.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"
#include "kernel/sys/process.h"

static struct spinlock names_lock;
static struct list_node names = LIST_INIT(names);

bool linux_fifo_unhold(struct pipe *pipe)
{
	bool last;

	spinlock_take(&names_lock); /* who looks for it by its name holds it under the same */
	last = atomic_fetch_sub_explicit(&pipe->holds, 1, memory_order_acq_rel) == 1;
	if (last)
		list_remove(&pipe->named);
	spinlock_give(&names_lock);
	return last;
}

/* The pipe that a node names, held; made where nobody has it open. NULL: memory is out. */
static struct pipe *pipe_named(struct budget *budget, const struct fs_node *node)
{
	struct pipe *made = linux_pipe_make(budget);
	struct pipe *found = NULL;

	if (made == NULL)
		return NULL;
	spinlock_take(&names_lock);
	for (struct list_node *at = names.next; found == NULL && at != &names; at = at->next)
		if (LIST_OWNER(at, struct pipe, named)->node == node)
			found = LIST_OWNER(at, struct pipe, named);
	if (found == NULL) {
		made->node = node;
		list_push_back(&names, &made->named);
	} else {
		atomic_fetch_add_explicit(&found->holds, 1, memory_order_relaxed);
	}
	spinlock_give(&names_lock);
	if (found != NULL)
		linux_pipe_put(made);
	return found != NULL ? found : made;
}

/* Until the other end has been opened more often than `before`. */
static status_t other_await(struct thread *thread, struct pipe *pipe, const uint64_t *opened, uint64_t before)
{
	struct linux_waiter waiter = { 0 };
	status_t status = STATUS_OK;
	bool there = false;

	linux_waiter_add(&waiter, thread, &pipe->event);
	for (;;) {
		spinlock_take(&pipe->lock);
		there = *opened != before;
		spinlock_give(&pipe->lock);
		if (there || status != STATUS_OK)
			break;
		status = linux_sleep(thread, WAIT_FOREVER);
	}
	linux_waiter_remove(&waiter);
	return there ? STATUS_OK : status == STATUS_EINTR ? LINUX_RESTART : status;
}

/* Spec: fifo(7) */
static status_t fifo_open(struct thread *thread, struct pipe *pipe, struct linux_dentry *dentry, uint32_t flags, struct linux_file **out)
{
	uint32_t access = flags & LINUX_O_ACCMODE;
	bool waits = !(flags & LINUX_O_NONBLOCK);
	status_t status = STATUS_OK;
	uint64_t before;

	if (access == LINUX_O_WRONLY && !waits && pipe->readers == 0)
		return STATUS_ENXIO;
	*out = linux_pipe_end_make(pipe, flags & (LINUX_O_ACCMODE | LINUX_O_NONBLOCK | LINUX_O_APPEND | LINUX_O_LARGEFILE), dentry, &before);
	if (*out == NULL)
		return STATUS_ENOMEM;
	if (waits && access != LINUX_O_RDWR)
		status = other_await(thread, pipe, access == 0 ? &pipe->writer_count : &pipe->reader_count, before);
	if (status != STATUS_OK)
		linux_file_put(*out);
	return status;
}

status_t linux_fifo_open(struct linux_dentry *dentry, uint32_t flags, struct linux_file **out)
{
	struct thread *thread = thread_current();
	struct pipe *pipe = pipe_named(thread->process->budget, dentry->node);
	status_t status;

	if (pipe == NULL)
		return STATUS_ENOMEM;
	if ((flags & LINUX_O_ACCMODE) == LINUX_O_ACCMODE)
		status = STATUS_EINVAL;
	else
		status = fifo_open(thread, pipe, dentry, flags, out);
	linux_pipe_put(pipe);
	return status;
}
