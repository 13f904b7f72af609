// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/fds.h"

#include "kernel/cap/grant.h"
#include "kernel/core/fiber.h"
#include "kernel/core/libc.h"
#include "kernel/core/sched.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/linux/dentry.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/locks.h"
#include "kernel/sys/linux/mqueue.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/root.h"
#include "kernel/sys/linux/wait.h"
#include "kernel/sys/thread.h"
#include "lib/string.h"

enum { CAPACITY_MIN = 16 };

static const char cap_name[] = "descriptor";

uint32_t linux_fds_limit(const struct process *process)
{
	uint64_t soft = process->personality->rlimits[LINUX_RLIMIT_NOFILE][0];

	return soft < LINUX_FDS_MAX ? (uint32_t)soft : LINUX_FDS_MAX;
}

/* Room for at least `count` descriptors. Context: no lock held. */
static status_t fds_grow(struct process *process, uint32_t count)
{
	struct linux_fds *fds = &process->personality->fds;
	uint32_t capacity = CAPACITY_MIN;
	struct linux_fd *made, *old;
	uint32_t old_capacity;

	while (capacity < count)
		capacity *= 2;
	if (!budget_charge_bytes(process->budget, capacity * sizeof(*made)))
		return STATUS_ENOMEM;
	made = calloc(capacity, sizeof(*made));
	if (made == NULL) {
		budget_credit_bytes(process->budget, capacity * sizeof(*made));
		return STATUS_ENOMEM;
	}
	spinlock_take(&fds->lock);
	old = made;
	old_capacity = capacity;
	if (fds->capacity < capacity) { /* else another thread was faster */
		old = fds->table;
		old_capacity = fds->capacity;
		if (old != NULL)
			memcpy(made, old, old_capacity * sizeof(*made));
		fds->table = made;
		fds->capacity = capacity;
	}
	spinlock_give(&fds->lock);
	free(old);
	budget_credit_bytes(process->budget, old_capacity * sizeof(*made));
	return STATUS_OK;
}

/* The lowest free number from `least` on; one that there is no room for yet where all are taken. Context: the lock is held. */
static uint32_t number_free(const struct linux_fds *fds, uint32_t least)
{
	least = least < fds->lowest_free ? fds->lowest_free : least;
	while (least < fds->capacity && fds->table[least].cap != 0)
		least++;
	return least;
}

/* Gives the lowest free number from `least` on to a capability. */
static int64_t number_take(struct process *process, capos_cap_t cap, uint32_t least, bool close_on_exec)
{
	struct linux_fds *fds = &process->personality->fds;
	uint32_t limit = linux_fds_limit(process);
	uint32_t fd;

	for (;;) {
		spinlock_take(&fds->lock);
		fd = number_free(fds, least);
		if (fd < fds->capacity && fd < limit) {
			fds->table[fd] = (struct linux_fd){ .cap = cap, .close_on_exec = close_on_exec };
			if (least <= fds->lowest_free)
				fds->lowest_free = fd + 1;
			spinlock_give(&fds->lock);
			return fd;
		}
		spinlock_give(&fds->lock);
		if (fd >= limit)
			return STATUS_EMFILE;
		if (fds_grow(process, fd + 1) != STATUS_OK)
			return STATUS_ENOMEM;
	}
}

status_t linux_fd_room(struct process *process)
{
	struct linux_fds *fds = &process->personality->fds;
	uint32_t limit = linux_fds_limit(process);
	uint32_t fd;

	spinlock_take(&fds->lock);
	fd = number_free(fds, 0);
	spinlock_give(&fds->lock);
	return fd < limit ? STATUS_OK : STATUS_EMFILE;
}

static uint32_t rights_of(const struct linux_file *file)
{
	uint32_t flags = linux_file_flags(file);
	uint32_t mode = flags & LINUX_O_ACCMODE;

	if (flags & LINUX_O_PATH)
		return 0;
	return LINUX_FILE_USE | (mode != LINUX_O_WRONLY ? (uint32_t)LINUX_FILE_READ : 0) | (mode != 0 ? (uint32_t)LINUX_FILE_WRITE : 0);
}

int64_t linux_fd_add(struct process *process, struct linux_file *file, int least, bool close_on_exec)
{
	capos_cap_t cap;
	status_t status;
	int64_t fd;

	if (!linux_file_charge(file, process->budget)) {
		linux_file_put(file);
		return STATUS_ENOMEM;
	}
	status = grant_new(&process->capset, &file->object, rights_of(file), cap_name, &cap);
	if (status != STATUS_OK)
		return status == STATUS_ENOSPC ? STATUS_EMFILE : status;
	fd = number_take(process, cap, (uint32_t)least, close_on_exec);
	if (fd < 0)
		grant_drop(&process->capset, cap);
	return fd;
}

/* A descriptor as it is now; without a capability: there is none. */
static struct linux_fd fd_of(struct linux_fds *fds, int fd)
{
	struct linux_fd found = { .cap = 0 };

	spinlock_take(&fds->lock);
	if (fd >= 0 && (uint32_t)fd < fds->capacity)
		found = fds->table[fd];
	spinlock_give(&fds->lock);
	return found;
}

static status_t file_find(struct process *process, capos_cap_t cap, uint32_t rights, struct linux_file **file)
{
	struct object *object;
	uint32_t has;

	if (cap == 0 || capset_find(&process->capset, cap, &object, &has) != STATUS_OK || object->interface != &linux_file_interface ||
	    (rights & ~has) != 0 || !object_hold(object))
		return STATUS_EBADF;
	*file = linux_file_of(object);
	return STATUS_OK;
}

/* What is behind a number is dropped only once the number is free, and the set goes after all of that: under the lock both are there, whosever they are. */
status_t linux_fd_get(struct process *process, int fd, uint32_t rights, struct linux_file **file)
{
	struct linux_fds *fds = &process->personality->fds;
	status_t status = STATUS_EBADF;

	spinlock_take(&fds->lock);
	if (fd >= 0 && (uint32_t)fd < fds->capacity)
		status = file_find(process, fds->table[fd].cap, rights, file);
	spinlock_give(&fds->lock);
	return status;
}

/* Takes a capability out from under its number, with the record locks that the process has on its file. */
static void cap_close(struct process *process, capos_cap_t cap)
{
	struct linux_file *file;

	if (file_find(process, cap, 0, &file) != STATUS_OK) {
		grant_drop(&process->capset, cap);
		return;
	}
	linux_locks_close(process, file);
	linux_mq_close(process, file);
	grant_drop(&process->capset, cap);
	linux_file_put(file); /* behind the capability: the last hold is a file's, so that it ends now */
}

status_t linux_fd_close(struct process *process, int fd)
{
	struct linux_fds *fds = &process->personality->fds;
	capos_cap_t cap = 0;

	spinlock_take(&fds->lock);
	if (fd >= 0 && (uint32_t)fd < fds->capacity) {
		cap = fds->table[fd].cap;
		fds->table[fd].cap = 0;
		if ((uint32_t)fd < fds->lowest_free)
			fds->lowest_free = (uint32_t)fd;
	}
	spinlock_give(&fds->lock);
	if (cap == 0)
		return STATUS_EBADF;
	cap_close(process, cap);
	return STATUS_OK;
}

/* A capability like a descriptor's. */
static status_t cap_duplicate(struct process *process, int fd, capos_cap_t *copy)
{
	status_t status = grant_duplicate(&process->capset, fd_of(&process->personality->fds, fd).cap, &process->capset, copy);

	return status == STATUS_ENOSPC ? STATUS_EMFILE : status;
}

int64_t linux_fd_dup(struct process *process, int fd, int least, bool close_on_exec)
{
	capos_cap_t copy;
	status_t status = cap_duplicate(process, fd, &copy);
	int64_t made;

	if (status != STATUS_OK)
		return status;
	made = (uint32_t)least >= linux_fds_limit(process) ? (int64_t)STATUS_EINVAL : number_take(process, copy, (uint32_t)least, close_on_exec);
	if (made < 0)
		grant_drop(&process->capset, copy);
	return made;
}

int64_t linux_fd_dup_to(struct process *process, int fd, int to, bool close_on_exec)
{
	struct linux_fds *fds = &process->personality->fds;
	capos_cap_t old;
	capos_cap_t copy;
	status_t status;

	if (to < 0 || (uint32_t)to >= linux_fds_limit(process))
		return STATUS_EBADF;
	status = cap_duplicate(process, fd, &copy);
	if (status == STATUS_OK && (uint32_t)to >= fds->capacity) {
		status = fds_grow(process, (uint32_t)to + 1);
		if (status != STATUS_OK)
			grant_drop(&process->capset, copy);
	}
	if (status != STATUS_OK)
		return status;
	spinlock_take(&fds->lock);
	old = fds->table[to].cap;
	fds->table[to] = (struct linux_fd){ .cap = copy, .close_on_exec = close_on_exec };
	spinlock_give(&fds->lock);
	if (old != 0)
		cap_close(process, old);
	return to;
}

int linux_fd_next(struct process *process, int least)
{
	struct linux_fds *fds = &process->personality->fds;
	int found = -1;

	spinlock_take(&fds->lock);
	for (uint32_t fd = (uint32_t)least; found < 0 && fd < fds->capacity; fd++)
		if (fds->table[fd].cap != 0)
			found = (int)fd;
	spinlock_give(&fds->lock);
	return found;
}

int64_t linux_fd_close_on_exec(struct process *process, int fd)
{
	struct linux_fd found = fd_of(&process->personality->fds, fd);

	return found.cap != 0 ? found.close_on_exec : STATUS_EBADF;
}

status_t linux_fd_set_close_on_exec(struct process *process, int fd, bool close)
{
	struct linux_fds *fds = &process->personality->fds;
	status_t status = STATUS_EBADF;

	spinlock_take(&fds->lock);
	if (fd >= 0 && (uint32_t)fd < fds->capacity && fds->table[fd].cap != 0) {
		fds->table[fd].close_on_exec = close;
		status = STATUS_OK;
	}
	spinlock_give(&fds->lock);
	return status;
}

status_t linux_fds_copy(struct process *from, struct process *to)
{
	struct linux_fds *old = &from->personality->fds;
	struct linux_fds *made = &to->personality->fds;
	struct linux_dentry *cwd, *top;
	uint32_t umask;
	status_t status = old->capacity > 0 ? fds_grow(to, old->capacity) : STATUS_OK;

	linux_root_hold(from->personality->root);
	spinlock_take(&old->lock);
	umask = old->umask;
	cwd = old->cwd != NULL ? linux_dentry_hold(old->cwd) : NULL;
	top = old->top != NULL ? linux_dentry_hold(old->top) : NULL;
	spinlock_give(&old->lock);
	spinlock_take(&made->lock); /* others may be looking (/proc) */
	made->umask = umask;
	made->cwd = cwd;
	made->top = top;
	to->personality->root = from->personality->root;
	spinlock_give(&made->lock);
	for (int fd = linux_fd_next(from, 0); status == STATUS_OK && fd >= 0; fd = linux_fd_next(from, fd + 1)) {
		struct linux_fd found = fd_of(old, fd);

		if ((uint32_t)fd >= made->capacity) /* opened meanwhile */
			break;
		status = found.cap != 0 ? grant_duplicate(&from->capset, found.cap, &to->capset, &made->table[fd].cap) : STATUS_OK;
		if (status == STATUS_EBADF)
			status = STATUS_OK; /* closed meanwhile */
		made->table[fd].close_on_exec = found.close_on_exec;
		linux_give_way(thread_current());
	}
	return status == STATUS_ENOSPC ? STATUS_ENOMEM : status;
}

void linux_fds_close_on_exec(struct process *process)
{
	for (int fd = linux_fd_next(process, 0); fd >= 0; fd = linux_fd_next(process, fd + 1))
		if (linux_fd_close_on_exec(process, fd) > 0) {
			(void)linux_fd_close(process, fd);
			linux_give_way(thread_current());
		}
}

void linux_fds_close_all(struct process *process)
{
	struct linux_fds *fds = &process->personality->fds;
	struct linux_dentry *cwd, *top;
	struct linux_root *root;
	struct linux_fd *table;
	uint32_t capacity;

	for (int fd = linux_fd_next(process, 0); fd >= 0; fd = linux_fd_next(process, fd + 1)) {
		(void)linux_fd_close(process, fd);
		if (sched_has_work(sched_this()))
			fiber_yield();
	}
	spinlock_take(&fds->lock); /* others may be looking (/proc) */
	cwd = fds->cwd;
	top = fds->top;
	root = process->personality->root;
	table = fds->table;
	capacity = fds->capacity;
	fds->cwd = fds->top = NULL;
	process->personality->root = NULL;
	fds->table = NULL;
	fds->capacity = fds->lowest_free = 0;
	spinlock_give(&fds->lock);
	linux_dentry_put(cwd);
	linux_dentry_put(top);
	if (root != NULL)
		linux_root_put(root);
	if (table != NULL)
		budget_credit_bytes(process->budget, capacity * sizeof(*table));
	free(table);
}
