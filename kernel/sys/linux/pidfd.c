// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Spec: pidfd_open(2), pidfd_getfd(2); Linux, kernel/pid.c */
#include "kernel/sys/linux/pidfd.h"

#include "kernel/core/libc.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"
#include "kernel/sys/linux/virtual.h"

struct pidfd {
	struct linux_file file;
	struct process *process; /* held, also when it has ended: its maker pays for what is left of it */
};

static struct process *process_of(struct linux_file *file)
{
	return LIST_OWNER(file, struct pidfd, file)->process;
}

/* It can be read when the process has ended, though there is nothing to read. */
static uint32_t pidfd_poll(struct linux_file *file, struct linux_waiter *waiter)
{
	struct linux_family *family = process_of(file)->personality->family;
	bool ended;

	linux_poll_wait(waiter, &family->changed);
	spinlock_take(&linux_family_lock);
	ended = family->ended;
	spinlock_give(&linux_family_lock);
	return ended ? LINUX_POLLIN | LINUX_POLLRDNORM : 0;
}

static void pidfd_release(struct linux_file *file)
{
	object_put(&process_of(file)->object);
	free(LIST_OWNER(file, struct pidfd, file));
}

static const struct linux_file_ops pidfd_ops = {
	.name = "anon_inode:[pidfd]", .is_stream = true, .poll = pidfd_poll, .stat = linux_anonymous_stat, .release = pidfd_release,
};

int64_t linux_pidfd_add(struct thread *thread, struct process *process, uint32_t flags)
{
	struct pidfd *made = malloc(sizeof(*made));

	if (made == NULL)
		return STATUS_ENOMEM;
	if (!object_hold(&process->object)) {
		free(made);
		return STATUS_ESRCH;
	}
	made->process = process;
	linux_file_init(&made->file, &pidfd_ops, LINUX_O_RDWR | flags);
	return linux_fd_add(thread->process, &made->file, 0, true);
}

status_t linux_pidfd_get(struct thread *thread, int fd, struct process **process, bool *nonblocking)
{
	struct linux_file *file;
	status_t status = linux_fd_get(thread->process, fd, LINUX_FILE_USE, &file);

	if (status != STATUS_OK)
		return status;
	if (file->ops != &pidfd_ops || !object_hold(&process_of(file)->object))
		status = STATUS_EBADF;
	else
		*process = process_of(file);
	if (nonblocking != NULL)
		*nonblocking = (linux_file_flags(file) & LINUX_O_NONBLOCK) != 0;
	linux_file_put(file);
	return status;
}

status_t linux_pidfd_named(struct thread *thread, int fd, unsigned *pid)
{
	const struct linux_dentry *dentry;
	struct linux_file *file;
	status_t status = linux_fd_get(thread->process, fd, LINUX_FILE_USE, &file);

	if (status != STATUS_OK)
		return status;
	dentry = linux_vfs_dentry(file);
	*pid = file->ops == &pidfd_ops ? process_of(file)->number : dentry != NULL && linux_virtual_has(dentry->node) ? linux_virtual_process(dentry->node) : 0;
	linux_file_put(file);
	return *pid != 0 ? STATUS_OK : STATUS_EBADF;
}

static int64_t call_pidfd_open(struct thread *thread, const uint64_t x[6])
{
	struct process *process;
	struct thread *other;
	int64_t result;

	if (((uint32_t)x[1] & ~(uint32_t)LINUX_O_NONBLOCK) != 0 || (int)x[0] <= 0)
		return STATUS_EINVAL;
	process = linux_family_find(thread->process, (unsigned)x[0]);
	if (process == NULL) {
		other = linux_family_thread(thread->process, 0, (unsigned)x[0]);
		if (other != NULL)
			object_put(&other->object);
		return other != NULL ? STATUS_EINVAL : STATUS_ESRCH;
	}
	result = linux_pidfd_add(thread, process, (uint32_t)x[1]);
	object_put(&process->object);
	return result;
}

/* Of a process that may be looked into, a descriptor for the same file. */
static int64_t file_of(struct thread *thread, struct process *process, int fd)
{
	struct process *there = linux_family_find(thread->process, process->number);
	struct linux_file *file;
	status_t status;

	if (there == NULL)
		return STATUS_ESRCH;
	object_put(&there->object);
	if (!linux_identity_may_inspect(thread, process))
		return STATUS_EPERM;
	status = linux_fd_get(process, fd, 0, &file);
	return status == STATUS_OK ? linux_fd_add(thread->process, file, 0, true) : status;
}

static int64_t call_pidfd_getfd(struct thread *thread, const uint64_t x[6])
{
	struct process *process;
	int64_t result;

	if ((uint32_t)x[2] != 0)
		return STATUS_EINVAL;
	result = linux_pidfd_get(thread, (int)x[0], &process, NULL);
	if (result != STATUS_OK)
		return result;
	result = file_of(thread, process, (int)x[1]);
	object_put(&process->object);
	return result;
}

const struct linux_call linux_calls_pidfd[] = {
	{ 434, 2, "pidfd_open", call_pidfd_open },
	{ 438, 3, "pidfd_getfd", call_pidfd_getfd },
	{ 0 },
};
