// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The working directory, the root, and the mask for what is made. */
#include "kernel/core/libc.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/path.h"
#include "kernel/sys/linux/permissions.h"
#include "kernel/sys/linux/root.h"
#include "kernel/sys/linux/subject.h"
#include "kernel/sys/linux/thread.h"

enum { UMASK_MASK = 0777 };

/* Takes over the hold of `to`. `which`: of `fds`. */
static void place_set(struct linux_fds *fds, struct linux_dentry **which, struct linux_dentry *to)
{
	struct linux_dentry *old;

	spinlock_take(&fds->lock);
	old = *which;
	*which = to;
	spinlock_give(&fds->lock);
	linux_dentry_put(old);
}

/* Puts one of them where a path leads. */
static int64_t place_change(struct thread *thread, struct linux_dentry **which, uint64_t path_va)
{
	status_t status;
	struct linux_walk *walk = linux_walk_user(thread, LINUX_AT_FDCWD, path_va, true, &status);

	if (walk == NULL)
		return status;
	if (walk->found == NULL)
		status = walk->magic != NULL ? STATUS_ENOTDIR : STATUS_ENOENT;
	else if (walk->found->node->type != FS_DIRECTORY)
		status = STATUS_ENOTDIR;
	else
		status = linux_may(&walk->who, walk->found, LINUX_MAY_EXECUTE);
	if (status == STATUS_OK && which == &linux_process_of(thread)->fds.top && !linux_identity_may(thread, LINUX_CAP_SYS_CHROOT))
		status = STATUS_EPERM;
	if (status == STATUS_OK) {
		place_set(&linux_process_of(thread)->fds, which, walk->found);
		walk->found = NULL;
	}
	linux_walk_free(walk);
	return status;
}

static int64_t call_chdir(struct thread *thread, const uint64_t x[6])
{
	return place_change(thread, &linux_process_of(thread)->fds.cwd, x[0]);
}

/* It gives nothing that was not there: the manifest's directories are what there is, wherever "/" is. */
static int64_t call_chroot(struct thread *thread, const uint64_t x[6])
{
	return place_change(thread, &linux_process_of(thread)->fds.top, x[0]);
}

static int64_t call_fchdir(struct thread *thread, const uint64_t x[6])
{
	const struct linux_subject who = linux_subject_of(thread);
	struct linux_dentry *to;
	status_t status = (int)x[0] == LINUX_AT_FDCWD ? STATUS_EBADF : linux_path_start(thread->process, (int)x[0], &to);

	if (status != STATUS_OK)
		return status;
	status = linux_may(&who, to, LINUX_MAY_EXECUTE);
	if (status == STATUS_OK)
		place_set(&linux_process_of(thread)->fds, &linux_process_of(thread)->fds.cwd, to);
	else
		linux_dentry_put(to);
	return status;
}

static int64_t call_getcwd(struct thread *thread, const uint64_t x[6])
{
	struct linux_dentry *cwd, *now, *top;
	char *text = malloc(FS_PATH_MAX + 1);
	int64_t len;

	if (text == NULL)
		return STATUS_ENOMEM;
	len = linux_path_start(thread->process, LINUX_AT_FDCWD, &cwd);
	if (len == STATUS_OK) {
		top = linux_path_top(thread->process);
		len = linux_dentry_again(top, cwd, &now);
		if (len == STATUS_OK) {
			len = linux_dentry_path_below(top, now, text, FS_PATH_MAX + 1);
			len = len == STATUS_ERANGE ? STATUS_ENAMETOOLONG : len >= 0 && (uint64_t)len >= x[1] ? STATUS_ERANGE : len;
			linux_dentry_put(now);
		}
		linux_dentry_put(cwd);
		linux_dentry_put(top);
	}
	if (len >= 0 && linux_copy_out(thread, x[0], text, (size_t)++len) != STATUS_OK)
		len = STATUS_EFAULT;
	free(text);
	return len;
}

static int64_t call_umask(struct thread *thread, const uint64_t x[6])
{
	struct linux_fds *fds = &linux_process_of(thread)->fds;
	uint32_t old;

	spinlock_take(&fds->lock);
	old = fds->umask;
	fds->umask = x[0] & UMASK_MASK;
	spinlock_give(&fds->lock);
	return old;
}

const struct linux_call linux_calls_cwd[] = {
	{ 17, 2, "getcwd", call_getcwd },
	{ 49, 1, "chdir", call_chdir },
	{ 50, 1, "fchdir", call_fchdir },
	{ 51, 1, "chroot", call_chroot },
	{ 166, 1, "umask", call_umask },
	{ 0 },
};
