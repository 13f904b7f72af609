// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * All locks are in one list: there are few. Who waits for one is woken whenever any goes, and looks again. That processes wait for each other in a
 * circle is not noticed.
 *
 * Spec: POSIX.1-2017, fcntl(); Linux, include/uapi/asm-generic/fcntl.h
 */
#include "kernel/sys/linux/locks.h"

#include <assert.h>

#include "kernel/core/libc.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"
#include "kernel/sys/process.h"

enum { F_GETLK = 5, F_SETLK = 6, F_SETLKW = 7, F_OFD_GETLK = 36, F_OFD_SETLK = 37, F_OFD_SETLKW = 38 };
enum { F_RDLCK = 0, F_WRLCK = 1, F_UNLCK = 2 };
enum { LOCK_SH = 1, LOCK_EX = 2, LOCK_NB = 4, LOCK_UN = 8 };
enum { LOCKS_MAX = 4096, SPARES = 2 };

struct user_flock {
	int16_t type, whence;
	int64_t start, bytes;
	int32_t pid, pad;
};

static_assert(sizeof(struct user_flock) == 32, "asm-generic/fcntl.h: struct flock");

struct lock {
	struct list_node node;
	const void *fs; /* the file: its file system, and its number there */
	uint64_t id;
	const void *owner; /* a process, or an open file */
	bool whole;        /* by flock: it and record locks do not see each other */
	bool exclusive;
	uint64_t first, last;
	uint32_t pid;
};

static struct list_node all = LIST_INIT(all); /* W: under: */
static struct spinlock lock;
static _Atomic uint32_t count; /* W: under the lock */
static struct linux_event changed = { .waiters = LIST_INIT(changed.waiters) };

static struct lock *lock_of(struct list_node *node)
{
	return LIST_OWNER(node, struct lock, node);
}

/* Whether they may be in each other's way at all. */
static bool is_of_file(const struct lock *one, const struct lock *other)
{
	return one->fs == other->fs && one->id == other->id && one->whole == other->whole;
}

static bool is_about(const struct lock *one, const struct lock *other)
{
	return is_of_file(one, other) && one->first <= other->last && other->first <= one->last;
}

/* A lock of somebody else that is in the way; NULL: none is. Context: under the lock. */
static struct lock *conflict_find(const struct lock *wanted)
{
	for (struct list_node *node = all.next; node != &all; node = node->next) {
		struct lock *at = lock_of(node);

		if (at->owner != wanted->owner && is_about(at, wanted) && (at->exclusive || wanted->exclusive))
			return at;
	}
	return NULL;
}

/* What an owner has of a file stands together, by where it begins: who is in the way is told in that order. Spec: Linux, fs/locks.c: posix_lock_inode() */
static void lock_add(struct lock *added)
{
	struct list_node *before = &all;

	for (struct list_node *node = all.next; node != &all; node = node->next) {
		const struct lock *at = lock_of(node);

		if (at->owner != added->owner || !is_of_file(at, added))
			continue;
		if (at->first >= added->first) {
			before = node;
			break;
		}
		before = node->next;
	}
	list_insert_before(before, &added->node);
	atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
}

static void lock_drop(struct lock *dropped)
{
	list_remove(&dropped->node);
	free(dropped);
	atomic_fetch_sub_explicit(&count, 1, memory_order_relaxed);
}

/* Takes a range out of what its owner has locked; one that it splits goes on in `*spare`. STATUS_ENOLCK: there is none. Context: under the lock. */
static status_t range_clear(const struct lock *range, struct lock **spare)
{
	for (struct list_node *node = all.next, *next; node != &all; node = next) {
		struct lock *at = lock_of(node);

		next = node->next;
		if (at == range || at->owner != range->owner || !is_about(at, range))
			continue;
		if (at->first < range->first && at->last > range->last) {
			if (*spare == NULL)
				return STATUS_ENOLCK;
			**spare = *at;
			(*spare)->first = range->last + 1;
			lock_add(*spare);
			*spare = NULL;
			at->last = range->first - 1;
		} else if (at->first < range->first) {
			at->last = range->first - 1;
		} else if (at->last > range->last) {
			at->first = range->last + 1;
		} else {
			lock_drop(at);
		}
	}
	return STATUS_OK;
}

/* What its owner has locked in the same way before it and behind it is one lock with it. Context: under the lock. */
static void range_join(struct lock *range)
{
	for (struct list_node *node = all.next, *next; node != &all; node = next) {
		struct lock *at = lock_of(node);

		next = node->next;
		if (at == range || at->owner != range->owner || !is_of_file(at, range) || at->exclusive != range->exclusive)
			continue;
		if (at->last + 1 < range->first || range->last + 1 < at->first)
			continue;
		range->first = at->first < range->first ? at->first : range->first;
		range->last = at->last > range->last ? at->last : range->last;
		lock_drop(at);
	}
}

/* Locks, or where `unlock` says so, unlocks. STATUS_EAGAIN: something is in the way; STATUS_ENOLCK: there would be too many, or memory is out. */
static status_t lock_set(const struct lock *wanted, bool unlock)
{
	bool is_full = atomic_load_explicit(&count, memory_order_relaxed) >= LOCKS_MAX;
	struct lock *made = is_full ? NULL : malloc(sizeof(*made));
	struct lock *spare = is_full ? NULL : malloc(sizeof(*spare));
	status_t status = unlock || (made != NULL && spare != NULL) ? STATUS_OK : STATUS_ENOLCK;

	if (status == STATUS_OK) {
		spinlock_take(&lock);
		if (unlock) {
			status = range_clear(wanted, &spare);
		} else if (conflict_find(wanted) != NULL) {
			status = STATUS_EAGAIN;
		} else {
			*made = *wanted;
			lock_add(made); /* before what it takes the place of goes: its owner stays where he is among the others */
			range_join(made);
			(void)!range_clear(made, &spare);
			made = NULL;
		}
		spinlock_give(&lock);
	}
	free(made);
	free(spare);
	if (status == STATUS_OK) /* what it had before may have been more */
		linux_event_raise(&changed);
	return status;
}

static int64_t lock_set_waiting(struct thread *thread, const struct lock *wanted, bool unlock, bool wait)
{
	struct linux_waiter waiter = { 0 };
	status_t status = lock_set(wanted, unlock);
	status_t slept = STATUS_OK;

	if (status != STATUS_EAGAIN || !wait)
		return status;
	linux_waiter_add(&waiter, thread, &changed);
	while ((status = lock_set(wanted, unlock)) == STATUS_EAGAIN && slept == STATUS_OK)
		slept = linux_sleep(thread, WAIT_FOREVER);
	linux_waiter_remove(&waiter);
	return status != STATUS_EAGAIN ? status : slept == STATUS_EINTR ? LINUX_RESTART : slept;
}

/* Which file it is: one without a name is its own. */
static void file_key(struct linux_file *file, const void **fs, uint64_t *id)
{
	if (file->ops->identity != NULL && file->ops->identity(file, fs, id))
		return;
	*fs = file;
	*id = 0;
}

/* What is locked. Spec: Linux, fs/locks.c: flock64_to_posix_lock() */
static status_t range_take(struct linux_file *file, const struct user_flock *from, struct lock *to)
{
	struct linux_stat stat;
	int64_t start = 0;
	status_t status = STATUS_OK;

	if (from->whence == 2) {
		status = linux_file_stat(file, &stat);
		start = (int64_t)stat.fs.size;
	} else if (from->whence == 1) {
		start = (int64_t)file->offset;
	} else if (from->whence != 0) {
		return STATUS_EINVAL;
	}
	if (status != STATUS_OK)
		return status;
	if (start < 0 || from->start > INT64_MAX - start) /* a place is beyond all while somebody writes there */
		return STATUS_EOVERFLOW;
	start += from->start;
	if (start < 0 || (from->bytes < 0 && start + from->bytes < 0))
		return STATUS_EINVAL;
	if (from->bytes > 0 && from->bytes - 1 > INT64_MAX - start)
		return STATUS_EOVERFLOW;
	to->first = (uint64_t)(from->bytes < 0 ? start + from->bytes : start);
	to->last = from->bytes == 0 ? INT64_MAX : (uint64_t)start + (from->bytes > 0 ? (uint64_t)from->bytes : 0) - 1;
	return STATUS_OK;
}

static int64_t lock_tell(struct thread *thread, const struct lock *wanted, struct user_flock *told, uint64_t to_va)
{
	const struct lock *found;

	spinlock_take(&lock);
	found = conflict_find(wanted);
	told->type = found == NULL ? F_UNLCK : found->exclusive ? F_WRLCK : F_RDLCK;
	if (found != NULL) {
		told->whence = 0;
		told->start = (int64_t)found->first;
		told->bytes = found->last == INT64_MAX ? 0 : (int64_t)(found->last - found->first + 1);
		told->pid = (int32_t)found->pid;
	}
	spinlock_give(&lock);
	return linux_copy_out(thread, to_va, told, sizeof(*told));
}

int64_t linux_locks_fcntl(struct thread *thread, struct linux_file *file, unsigned command, uint64_t argument_va)
{
	bool of_file = command >= F_OFD_GETLK;
	bool asks = command == F_GETLK || command == F_OFD_GETLK;
	uint32_t mode = linux_file_flags(file) & LINUX_O_ACCMODE;
	struct lock wanted = { .owner = of_file ? (const void *)file : thread->process, .pid = of_file ? UINT32_MAX : thread->process->number };
	struct user_flock from;
	status_t status;

	if (linux_copy_in(thread, &from, argument_va, sizeof(from)) != STATUS_OK)
		return STATUS_EFAULT;
	if (asks && from.type != F_RDLCK && from.type != F_WRLCK)
		return STATUS_EINVAL;
	status = range_take(file, &from, &wanted);
	if (status != STATUS_OK)
		return status;
	if (from.type < F_RDLCK || from.type > F_UNLCK || (of_file && from.pid != 0))
		return STATUS_EINVAL;
	file_key(file, &wanted.fs, &wanted.id);
	wanted.exclusive = from.type == F_WRLCK;
	if (asks)
		return lock_tell(thread, &wanted, &from, argument_va);
	if ((from.type == F_RDLCK && mode == LINUX_O_WRONLY) || (from.type == F_WRLCK && mode == 0))
		return STATUS_EBADF;
	return lock_set_waiting(thread, &wanted, from.type == F_UNLCK, command == F_SETLKW || command == F_OFD_SETLKW);
}

/* Drops what an owner has, of one file (`fs` not NULL) or of all; tells whether there was any. */
static void owner_clear(const void *owner, const void *fs, uint64_t id)
{
	bool any = false;

	spinlock_take(&lock);
	for (struct list_node *node = all.next, *next; node != &all; node = next) {
		struct lock *at = lock_of(node);

		next = node->next;
		if (at->owner != owner || (fs != NULL && (at->fs != fs || at->id != id)))
			continue;
		lock_drop(at);
		any = true;
	}
	spinlock_give(&lock);
	if (any)
		linux_event_raise(&changed);
}

static bool owner_has(const void *owner)
{
	bool has = false;

	if (atomic_load_explicit(&count, memory_order_relaxed) == 0)
		return false;
	spinlock_take(&lock);
	for (struct list_node *node = all.next; node != &all && !has; node = node->next)
		has = lock_of(node)->owner == owner;
	spinlock_give(&lock);
	return has;
}

void linux_locks_close(struct process *process, struct linux_file *file)
{
	const void *fs;
	uint64_t id;

	if ((linux_file_flags(file) & LINUX_O_PATH) != 0 || !owner_has(process))
		return; /* what only names a file does not open it */
	file_key(file, &fs, &id);
	owner_clear(process, fs, id);
}

void linux_locks_release(struct linux_file *file)
{
	if (owner_has(file))
		owner_clear(file, NULL, 0);
}

static int64_t call_flock(struct thread *thread, const uint64_t x[6])
{
	unsigned operation = (unsigned)x[1] & ~(unsigned)LOCK_NB;
	struct lock wanted = { .whole = true, .exclusive = operation == LOCK_EX, .last = INT64_MAX, .pid = thread->process->number };
	struct linux_file *file;
	int64_t result;

	if (operation != LOCK_SH && operation != LOCK_EX && operation != LOCK_UN)
		return STATUS_EINVAL;
	result = linux_fd_get(thread->process, (int)x[0], LINUX_FILE_USE, &file);
	if (result != STATUS_OK)
		return result;
	wanted.owner = file;
	file_key(file, &wanted.fs, &wanted.id);
	result = lock_set_waiting(thread, &wanted, operation == LOCK_UN, !(x[1] & LOCK_NB));
	linux_file_put(file);
	return result;
}

const struct linux_call linux_calls_locks[] = {
	{ 32, 2, "flock", call_flock },
	{ 0 },
};
