// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A segment is a file in memory without a name, as a memfd is, and attaching it is mapping that file: so it is charged, copied by fork and given back as
 * those are. The segment holds its pages, so that they stay where nobody has it attached; how often it is attached is how often others hold them. One
 * that was removed is found by its identifier as long as it is attached, and goes at the next call here after that. The modes of segments are kept and told: they are a family's own.
 *
 * Spec: Linux, ipc/shm.c, include/uapi/asm-generic/{ipcbuf,shmbuf}.h
 */
#include "kernel/sys/linux/shm.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

#include "hal/contract/timer.h"
#include "kernel/core/libc.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/clock.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/memfd.h"
#include "kernel/sys/linux/mm.h"
#include "kernel/sys/linux/pages.h"
#include "kernel/sys/linux/subject.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"
#include "lib/bits.h"
#include "lib/format.h"
#include "lib/list.h"
#include "lib/string.h"

enum { IPC_CREAT = 01000, IPC_EXCL = 02000, IPC_PRIVATE = 0, PERMISSIONS = 0777, SEGMENTS_MAX = 4096 /* of a root: SHMMNI */ };
enum { IPC_RMID = 0, IPC_SET = 1, IPC_STAT = 2, SHM_LOCK = 11, SHM_UNLOCK = 12, SHM_DEST = 01000, SHM_LOCKED = 02000 };
enum { SHM_RDONLY = 010000, SHM_RND = 020000, SHM_REMAP = 040000, SHM_EXEC = 0100000 };

/* struct shmid64_ds */
struct told {
	int32_t key;
	uint32_t user, group, maker_user, maker_group, mode;
	uint16_t sequence, pad;
	uint64_t unused[2];
	uint64_t bytes;
	int64_t attached, detached, changed; /* times, in seconds */
	int32_t maker, last;                 /* processes */
	uint64_t attaches, spare[2];
};

static_assert(sizeof(struct told) == 112, "asm-generic/shmbuf.h");

struct segment {
	struct list_node node;
	const struct linux_root *root; /* whose it is; not held: that outlives it */
	struct budget *budget;         /* held */
	int id;
	bool removed;
	struct linux_file *file;   /* held */
	struct linux_pages *pages; /* held */
	struct told told;        /* `attaches` is counted when it is asked for */
};

/* W: under the lock. Of all roots. */
static struct spinlock lock;
static struct list_node segments = LIST_INIT(segments);
static int next_id;

static int64_t now_s(void)
{
	return (int64_t)((hal_timer_now_ns() + linux_clock_offset_ns()) / 1000000000u);
}

static uint32_t attaches_of(const struct segment *segment)
{
	return linux_pages_holds(segment->pages) - 1;
}

/* The first of a root's of which is_it() says so. Context: under the lock. */
static struct segment *find(const struct linux_root *root, bool (*is_it)(const struct segment *segment, const void *what), const void *what)
{
	for (struct list_node *node = segments.next; node != &segments; node = node->next) {
		struct segment *segment = LIST_OWNER(node, struct segment, node);

		if (segment->root == root && is_it(segment, what))
			return segment;
	}
	return NULL;
}

/* Context: under the lock. */
static unsigned count_of(const struct linux_root *root)
{
	unsigned count = 0;

	for (const struct list_node *node = segments.next; node != &segments; node = node->next)
		count += LIST_OWNER(node, const struct segment, node)->root == root;
	return count;
}

static bool has_id(const struct segment *segment, const void *what)
{
	return segment->id == *(const int *)what;
}

static bool has_key(const struct segment *segment, const void *what)
{
	return segment->told.key == *(const int32_t *)what && segment->told.key != IPC_PRIVATE;
}

static bool has_file(const struct segment *segment, const void *what)
{
	return segment->file == what;
}

static bool is_gone(const struct segment *segment, const void *what)
{
	(void)what;
	return segment->removed && attaches_of(segment) == 0;
}

static bool is_any(const struct segment *segment, const void *what)
{
	(void)segment;
	(void)what;
	return true;
}

/* In no list any more. What its pages hold is not written to the file: that has no length then. */
static void segment_free(struct segment *segment)
{
	const struct fs_stat empty = { .size = 0 };
	status_t ignored = linux_dentry_set(linux_vfs_dentry(segment->file), FS_SET_SIZE, &empty);

	(void)ignored;
	if (segment->pages != NULL)
		linux_pages_put(segment->pages);
	linux_file_put(segment->file);
	budget_credit_bytes(segment->budget, sizeof(*segment));
	budget_put(segment->budget);
	free(segment);
}

static void free_all(const struct linux_root *root, bool (*are)(const struct segment *segment, const void *what))
{
	struct segment *segment;

	do {
		spinlock_take(&lock);
		segment = find(root, are, NULL);
		if (segment != NULL)
			list_remove(&segment->node);
		spinlock_give(&lock);
		if (segment != NULL)
			segment_free(segment);
	} while (segment != NULL);
}

void linux_shm_forget(const struct linux_root *root)
{
	free_all(root, is_any);
}

static struct segment *segment_make(struct thread *thread, int32_t key, uint64_t bytes, uint32_t flags)
{
	const struct linux_identity *identity = &thread->personality->identity;
	const struct fs_stat size = { .size = bits_align_up(bytes, HAL_PAGE_BYTES) };
	struct budget *budget = thread->process->budget;
	struct segment *made;
	char name[32];
	int len = format_print(name, sizeof(name), "SYSV%08x (deleted)", (unsigned)key);

	if (!budget_charge_bytes(budget, sizeof(*made)))
		return NULL;
	made = calloc(1, sizeof(*made));
	if (made != NULL)
		made->file = linux_memfd_make(thread->process, span_of(name, (size_t)len), 0);
	if (made == NULL || made->file == NULL) {
		budget_credit_bytes(budget, sizeof(*made));
		free(made);
		return NULL;
	}
	budget_hold(budget);
	made->budget = budget;
	made->root = linux_process_of(thread)->root;
	made->told = (struct told){
		.key = key, .user = identity->user.effective, .group = identity->group.effective, .maker_user = identity->user.effective,
		.maker_group = identity->group.effective, .mode = flags & PERMISSIONS, .bytes = bytes, .changed = now_s(), .maker = (int32_t)thread->process->number,
	};
	if (linux_dentry_set(linux_vfs_dentry(made->file), FS_SET_SIZE, &size) == STATUS_OK && linux_pages_of(budget, made->file, &made->pages) == STATUS_OK)
		return made;
	segment_free(made);
	return NULL;
}

static bool is_own(const struct linux_identity *identity, const struct told *told)
{
	return identity->user.effective == told->user || identity->user.effective == told->maker_user;
}

/* Whether the mode lets the thread do what `wanted` says: LINUX_MAY_*, or a mode, of which what is asked for anybody counts. Spec: Linux, ipc/util.c: ipcperms() */
static bool permits(const struct thread *thread, const struct told *told, uint32_t wanted)
{
	const struct linux_subject who = linux_subject_of(thread);
	uint32_t granted = told->mode;

	if (is_own(&thread->personality->identity, told))
		granted >>= 6;
	else if (linux_subject_has_group(&who, told->maker_group) || linux_subject_has_group(&who, told->group))
		granted >>= 3;
	return ((wanted >> 6 | wanted >> 3 | wanted) & ~granted & 7) == 0 || linux_subject_can(&who, LINUX_CAP_IPC_OWNER);
}

/* What is there for a key, as it was asked for; STATUS_ENOENT: nothing is. Context: under the lock. */
static int64_t look(const struct thread *thread, int32_t key, uint64_t bytes, uint32_t flags)
{
	const struct segment *there = find(linux_process_of(thread)->root, has_key, &key);

	if (there == NULL)
		return STATUS_ENOENT;
	if ((flags & IPC_CREAT) != 0 && (flags & IPC_EXCL) != 0)
		return STATUS_EEXIST;
	if (bytes > there->told.bytes)
		return STATUS_EINVAL;
	return permits(thread, &there->told, flags) ? there->id : STATUS_EACCES;
}

static int64_t call_shmget(struct thread *thread, const uint64_t x[6])
{
	const struct linux_root *root = linux_process_of(thread)->root;
	int32_t key = (int32_t)x[0];
	uint32_t flags = (uint32_t)x[2];
	struct segment *made;
	int64_t result;

	free_all(root, is_gone);
	spinlock_take(&lock);
	result = look(thread, key, x[1], flags);
	spinlock_give(&lock);
	if (result != STATUS_ENOENT || (key != IPC_PRIVATE && !(flags & IPC_CREAT)))
		return result;
	if (x[1] == 0)
		return STATUS_EINVAL;
	if (x[1] > thread->process->budget->limit * HAL_PAGE_BYTES)
		return STATUS_ENOMEM;
	made = segment_make(thread, key, x[1], flags);
	if (made == NULL)
		return STATUS_ENOMEM;
	spinlock_take(&lock);
	result = count_of(root) < SEGMENTS_MAX ? look(thread, key, x[1], flags) : STATUS_ENOSPC; /* another was quicker */
	if (result == STATUS_ENOENT) {
		result = made->id = next_id;
		next_id = next_id < INT32_MAX ? next_id + 1 : 0;
		list_push_back(&segments, &made->node);
		made = NULL;
	}
	spinlock_give(&lock);
	if (made != NULL)
		segment_free(made);
	return result;
}

/* Where it is to be mapped, with the flags for that. STATUS_EINVAL. */
static status_t place_of(uint64_t *va, uint32_t flags, unsigned *map_flags)
{
	*map_flags = LINUX_MAP_SHARED;
	if (*va == 0)
		return flags & SHM_REMAP ? STATUS_EINVAL : STATUS_OK;
	if (*va % HAL_PAGE_BYTES != 0 && !(flags & SHM_RND))
		return STATUS_EINVAL;
	*va -= *va % HAL_PAGE_BYTES;
	if (*va == 0 && (flags & SHM_REMAP))
		return STATUS_EINVAL;
	*map_flags |= flags & SHM_REMAP ? LINUX_MAP_FIXED : LINUX_MAP_FIXED_NOREPLACE;
	return STATUS_OK;
}

static int64_t call_shmat(struct thread *thread, const uint64_t x[6])
{
	uint32_t flags = (uint32_t)x[2];
	uint32_t wanted = LINUX_MAY_READ | (flags & SHM_RDONLY ? 0 : (uint32_t)LINUX_MAY_WRITE) | (flags & SHM_EXEC ? (uint32_t)LINUX_MAY_EXECUTE : 0);
	unsigned protection = LINUX_PROT_READ | (flags & SHM_RDONLY ? 0 : LINUX_PROT_WRITE) | (flags & SHM_EXEC ? LINUX_PROT_EXEC : 0);
	struct linux_backing backing = { .kind = LINUX_AREA_PLAIN };
	uint64_t va = x[1];
	uint64_t bytes = 0;
	unsigned map_flags;
	int id = (int)x[0];
	struct linux_pages *pages = NULL;
	struct segment *segment;
	int64_t result = place_of(&va, flags, &map_flags);

	if (result != STATUS_OK)
		return result;
	free_all(linux_process_of(thread)->root, is_gone);
	spinlock_take(&lock);
	segment = find(linux_process_of(thread)->root, has_id, &id);
	result = segment == NULL ? STATUS_EINVAL : permits(thread, &segment->told, wanted) ? STATUS_OK : STATUS_EACCES;
	if (result == STATUS_OK) {
		(void)object_hold(&segment->file->object); /* the segment holds it */
		backing.file = segment->file;
		pages = segment->pages;
		linux_pages_hold(pages); /* attached from here on: whoever removes the segment meanwhile does not empty it */
		bytes = segment->told.bytes;
		segment->told.attached = now_s();
		segment->told.last = (int32_t)thread->process->number;
	}
	spinlock_give(&lock);
	if (result != STATUS_OK)
		return result;
	result = linux_mm_map(thread->process, va, bytes, protection, map_flags, &backing);
	linux_pages_put(pages);
	linux_file_put(backing.file);
	return result == STATUS_EEXIST ? STATUS_EINVAL : result;
}

/* The segment that is attached there from its beginning on, its file held; its length. */
static uint64_t attached_at(struct thread *thread, uint64_t va, struct linux_file **file)
{
	struct linux_mm_info info;
	struct segment *segment;
	uint64_t bytes = 0;

	*file = NULL;
	if (!linux_mm_next(thread->process, va, false, &info) || info.file == NULL)
		return 0;
	spinlock_take(&lock);
	segment = info.start == va && info.offset == 0 ? find(linux_process_of(thread)->root, has_file, info.file) : NULL;
	if (segment != NULL) {
		bytes = bits_align_up(segment->told.bytes, HAL_PAGE_BYTES);
		segment->told.detached = now_s();
		segment->told.last = (int32_t)thread->process->number;
	}
	spinlock_give(&lock);
	if (segment != NULL)
		*file = info.file;
	else
		linux_file_put(info.file);
	return bytes;
}

/* What is left of it at its place: parts may have been protected, or unmapped, by themselves. */
static int64_t call_shmdt(struct thread *thread, const uint64_t x[6])
{
	struct linux_mm_info info;
	struct linux_file *file;
	uint64_t bytes = x[0] % HAL_PAGE_BYTES == 0 ? attached_at(thread, x[0], &file) : 0;
	status_t status = STATUS_OK;

	if (bytes == 0)
		return STATUS_EINVAL;
	for (uint64_t va = x[0]; status == STATUS_OK && linux_mm_next(thread->process, va, false, &info) && info.start < x[0] + bytes; va = info.end) {
		if (info.file == file && info.offset == info.start - x[0])
			status = linux_mm_unmap(thread->process, info.start, info.end - info.start);
		if (info.file != NULL)
			linux_file_put(info.file);
	}
	linux_file_put(file);
	free_all(linux_process_of(thread)->root, is_gone);
	return status;
}

/* Whether the thread may do so with a segment, whose own right it is. Spec: Linux, ipc/shm.c, ipc/util.c: ipcctl_obtain_check() */
static status_t may_control(const struct thread *thread, const struct told *told, uint32_t command)
{
	unsigned capability = command == SHM_LOCK || command == SHM_UNLOCK ? LINUX_CAP_IPC_LOCK : LINUX_CAP_SYS_ADMIN;

	if (command == IPC_STAT)
		return permits(thread, told, LINUX_MAY_READ) ? STATUS_OK : STATUS_EACCES;
	return is_own(&thread->personality->identity, told) || linux_identity_may(thread, capability) ? STATUS_OK : STATUS_EPERM;
}

/* What shmctl(2) does with a segment. Context: under the lock. */
static int64_t control(struct segment *segment, uint32_t command, struct told *told)
{
	switch (command) {
	case IPC_STAT:
		*told = segment->told;
		told->attaches = attaches_of(segment);
		return 0;
	case IPC_SET:
		segment->told.user = told->user;
		segment->told.group = told->group;
		segment->told.mode = (segment->told.mode & ~(uint32_t)PERMISSIONS) | (told->mode & PERMISSIONS);
		segment->told.changed = now_s();
		return 0;
	case IPC_RMID:
		segment->removed = true;
		segment->told.key = IPC_PRIVATE;
		segment->told.mode |= SHM_DEST;
		return 0;
	case SHM_LOCK: /* nothing is ever swapped out */
		segment->told.mode |= SHM_LOCKED;
		return 0;
	case SHM_UNLOCK:
		segment->told.mode &= ~(uint32_t)SHM_LOCKED;
		return 0;
	default:
		return STATUS_EINVAL;
	}
}

static int64_t call_shmctl(struct thread *thread, const uint64_t x[6])
{
	const struct linux_root *root = linux_process_of(thread)->root;
	uint32_t command = (uint32_t)x[1];
	int id = (int)x[0];
	struct told told;
	struct segment *segment;
	int64_t result = STATUS_EINVAL;

	if (command == IPC_SET && linux_copy_in(thread, &told, x[2], sizeof(told)) != STATUS_OK)
		return STATUS_EFAULT;
	free_all(root, is_gone);
	spinlock_take(&lock);
	segment = find(root, has_id, &id);
	if (segment != NULL)
		result = may_control(thread, &segment->told, command);
	if (segment != NULL && result == STATUS_OK)
		result = control(segment, command, &told);
	spinlock_give(&lock);
	free_all(root, is_gone);
	return result == 0 && command == IPC_STAT ? linux_copy_out(thread, x[2], &told, sizeof(told)) : result;
}

const struct linux_call linux_calls_shm[] = {
	{ 194, 3, "shmget", call_shmget },
	{ 195, 3, "shmctl", call_shmctl },
	{ 196, 3, "shmat", call_shmat },
	{ 197, 1, "shmdt", call_shmdt },
	{ 0 },
};
