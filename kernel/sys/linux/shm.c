// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A segment is a file in memory without a name, as a memfd is, and attaching it is mapping that file: so it is charged, copied by fork and given back as
 * those are. The segment holds its pages, so that they stay where nobody has it attached; how often it is attached is how often others hold them. One
 * that was removed is found by its identifier as long as it is attached, and goes at the next call here after that.
 *
 * Spec: Linux, ipc/shm.c, include/uapi/asm-generic/shmbuf.h
 */
#include "kernel/sys/linux/shm.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

#include "kernel/core/libc.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/memfd.h"
#include "kernel/sys/linux/mm.h"
#include "kernel/sys/linux/pages.h"
#include "kernel/sys/linux/subject.h"
#include "kernel/sys/linux/sysv.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"
#include "lib/bits.h"
#include "lib/format.h"
#include "lib/list.h"
#include "lib/string.h"

enum { SEGMENTS_MAX = 4096 /* SHMMNI */, SHM_STAT = 13, SHM_LOCK = 11, SHM_UNLOCK = 12, SHM_DEST = 01000, SHM_LOCKED = 02000 };
enum { SHM_RDONLY = 010000, SHM_RND = 020000, SHM_REMAP = 040000, SHM_EXEC = 0100000 };

/* What of struct shmid64_ds is the segment's. */
struct segment_told {
	uint64_t bytes;
	int64_t attached, detached, changed; /* times, in seconds */
	int32_t maker, last;                 /* processes */
	uint64_t attaches, spare[2];
};

/* struct shmid64_ds */
struct told {
	struct linux_ipc_told ipc;
	struct segment_told own;
};

/* struct shminfo64, struct shm_info */
struct limits {
	uint64_t bytes, least, segments, attached, pages, spare[4];
};

struct used {
	int32_t segments, pad;
	uint64_t pages, resident, swapped, tries, done;
};

static_assert(sizeof(struct told) == 112 && sizeof(struct limits) == 72 && sizeof(struct used) == 48, "asm-generic/shmbuf.h");

struct segment {
	struct linux_ipc ipc;
	bool removed;
	struct linux_file *file;   /* held */
	struct linux_pages *pages; /* held */
	struct segment_told told;  /* W: under the lock; `attaches` is counted when it is asked for */
};

static status_t segment_make(struct thread *thread, const struct linux_ipc_asked *asked, struct linux_ipc **out);
static void segment_free(struct linux_ipc *ipc);
static void forget_gone(const struct linux_root *root);
static void tell(struct linux_ipc *ipc, void *told);
static void line(struct linux_text *text, const void *told, int id);
static int64_t info(struct thread *thread, uint64_t va, bool used);

static struct segment *segment_of(const struct linux_ipc *ipc)
{
	return LIST_OWNER((struct linux_ipc *)ipc, struct segment, ipc);
}

static bool fits(const struct linux_ipc *ipc, uint64_t size)
{
	return size <= segment_of(ipc)->told.bytes;
}

static bool segment_remove(struct linux_ipc *ipc)
{
	segment_of(ipc)->removed = true;
	ipc->told.key = LINUX_IPC_PRIVATE;
	ipc->told.mode |= SHM_DEST;
	return false;
}

static status_t segment_set(struct thread *thread, struct linux_ipc *ipc, const void *told)
{
	(void)thread;
	(void)told;
	segment_of(ipc)->told.changed = linux_ipc_now_s();
	return STATUS_OK;
}

static struct linux_ipc_kind segments = {
	.limit = SEGMENTS_MAX, .stat = SHM_STAT, .told_bytes = sizeof(struct told),
	.heading = "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss"
		   "                  swap",
	.make = segment_make, .free = segment_free, .forget_gone = forget_gone, .fits = fits, .remove = segment_remove, .tell = tell,
	.set = segment_set, .info = info, .line = line, .all = LIST_INIT(segments.all), .last_index = -1,
};

static uint32_t attaches_of(const struct segment *segment)
{
	return linux_pages_holds(segment->pages) - 1;
}

static bool has_file(const struct linux_ipc *ipc, const void *what)
{
	return segment_of(ipc)->file == what;
}

static bool is_gone(const struct linux_ipc *ipc, const void *what)
{
	(void)what;
	return segment_of(ipc)->removed && attaches_of(segment_of(ipc)) == 0;
}

/* In no list any more. What its pages hold is not written to the file: that has no length then. */
static void segment_free(struct linux_ipc *ipc)
{
	struct segment *segment = segment_of(ipc);
	const struct fs_stat empty = { .size = 0 };
	status_t ignored;

	if (segment->file != NULL) {
		ignored = linux_dentry_set(linux_vfs_dentry(segment->file), FS_SET_SIZE, &empty);
		(void)ignored;
	}
	if (segment->pages != NULL)
		linux_pages_put(segment->pages);
	if (segment->file != NULL)
		linux_file_put(segment->file);
	linux_ipc_free(ipc);
}

static void forget_gone(const struct linux_root *root)
{
	struct linux_ipc *ipc;

	do {
		spinlock_take(&segments.lock);
		ipc = linux_ipc_find(&segments, root, is_gone, NULL);
		if (ipc != NULL)
			list_remove(&ipc->node);
		spinlock_give(&segments.lock);
		if (ipc != NULL)
			linux_ipc_put(&segments, ipc);
	} while (ipc != NULL);
}

void linux_shm_forget(const struct linux_root *root)
{
	linux_ipc_forget(&segments, root);
}

static status_t segment_make(struct thread *thread, const struct linux_ipc_asked *asked, struct linux_ipc **out)
{
	const struct fs_stat size = { .size = bits_align_up(asked->size, HAL_PAGE_BYTES) };
	struct segment *made;
	char name[32];
	int len = format_print(name, sizeof(name), "SYSV%08x (deleted)", (unsigned)asked->key);
	status_t status = STATUS_ENOMEM;

	if (asked->size == 0)
		return STATUS_EINVAL;
	if (asked->size > thread->process->budget->limit * HAL_PAGE_BYTES)
		return STATUS_ENOMEM;
	*out = linux_ipc_alloc(thread, sizeof(*made));
	if (*out == NULL)
		return STATUS_ENOMEM;
	made = segment_of(*out);
	made->told = (struct segment_told){ .bytes = asked->size, .changed = linux_ipc_now_s(), .maker = (int32_t)thread->process->number };
	made->file = linux_memfd_make(thread->process, span_of(name, (size_t)len), 0);
	if (made->file != NULL && linux_dentry_set(linux_vfs_dentry(made->file), FS_SET_SIZE, &size) == STATUS_OK)
		status = linux_pages_of(thread->process->budget, made->file, &made->pages);
	if (status != STATUS_OK)
		segment_free(*out);
	return status == STATUS_OK ? STATUS_OK : STATUS_ENOMEM;
}

static int64_t call_shmget(struct thread *thread, const uint64_t x[6])
{
	const struct linux_ipc_asked asked = { .key = (int32_t)x[0], .flags = (uint32_t)x[2], .size = x[1] };

	return linux_ipc_get(thread, &segments, &asked);
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
	struct linux_backing backing = { .kind = LINUX_AREA_PLAIN, .is_read_only = (flags & SHM_RDONLY) != 0 };
	uint64_t va = x[1];
	uint64_t bytes = 0;
	unsigned map_flags;
	int id = (int)x[0];
	struct linux_pages *pages = NULL;
	struct linux_ipc *ipc;
	int64_t result = place_of(&va, flags, &map_flags);

	if (result != STATUS_OK)
		return result;
	forget_gone(linux_process_of(thread)->root);
	spinlock_take(&segments.lock);
	ipc = linux_ipc_find(&segments, linux_process_of(thread)->root, linux_ipc_has_id, &id);
	result = ipc == NULL ? STATUS_EINVAL : linux_ipc_permits(thread, &ipc->told, wanted) ? STATUS_OK : STATUS_EACCES;
	if (result == STATUS_OK) {
		struct segment *segment = segment_of(ipc);

		(void)object_hold(&segment->file->object); /* the segment holds it */
		backing.file = segment->file;
		pages = segment->pages;
		linux_pages_hold(pages); /* attached from here on: whoever removes the segment meanwhile does not empty it */
		bytes = segment->told.bytes;
		segment->told.attached = linux_ipc_now_s();
		segment->told.last = (int32_t)thread->process->number;
	}
	spinlock_give(&segments.lock);
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
	struct linux_ipc *ipc;
	uint64_t bytes = 0;

	*file = NULL;
	if (!linux_mm_next(thread->process, va, false, &info) || info.file == NULL)
		return 0;
	spinlock_take(&segments.lock);
	ipc = info.start == va && info.offset == 0 ? linux_ipc_find(&segments, linux_process_of(thread)->root, has_file, info.file) : NULL;
	if (ipc != NULL) {
		struct segment *segment = segment_of(ipc);

		bytes = bits_align_up(segment->told.bytes, HAL_PAGE_BYTES);
		segment->told.detached = linux_ipc_now_s();
		segment->told.last = (int32_t)thread->process->number;
	}
	spinlock_give(&segments.lock);
	if (ipc != NULL)
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
	forget_gone(linux_process_of(thread)->root);
	return status;
}

static void tell(struct linux_ipc *ipc, void *told)
{
	struct told *out = told;

	out->own = segment_of(ipc)->told;
	out->own.attaches = attaches_of(segment_of(ipc));
}

static void line(struct linux_text *text, const void *told, int id)
{
	const struct told *is = told;

	format_to(&text->sink, "%10d %10d  %4o %21llu %5d %5d  %5llu %5u %5u %5u %5u %10lld %10lld %10lld %21llu %21u\n", is->ipc.key, id, is->ipc.mode,
		  (unsigned long long)is->own.bytes, is->own.maker, is->own.last, (unsigned long long)is->own.attaches, is->ipc.user, is->ipc.group,
		  is->ipc.maker_user, is->ipc.maker_group, (long long)is->own.attached, (long long)is->own.detached, (long long)is->own.changed,
		  (unsigned long long)bits_align_up(is->own.bytes, HAL_PAGE_BYTES), 0u);
}

void linux_proc_shm(struct linux_text *text, struct process *of)
{
	linux_ipc_list(text, &segments, of->personality->root);
}

static void pages_add(struct linux_ipc *ipc, uint64_t sums[2])
{
	sums[0] += bits_align_up(segment_of(ipc)->told.bytes, HAL_PAGE_BYTES) / HAL_PAGE_BYTES;
}

/* All of a segment is told as there: nothing is ever swapped out. */
static int64_t info(struct thread *thread, uint64_t va, bool used)
{
	uint64_t pages = thread->process->budget->limit;
	const struct limits limits = { .bytes = pages * HAL_PAGE_BYTES, .least = 1, .segments = SEGMENTS_MAX, .attached = SEGMENTS_MAX, .pages = pages };
	uint64_t sums[2] = { 0 };
	struct used is = { 0 };

	if (!used)
		return linux_copy_out(thread, va, &limits, sizeof(limits));
	is.segments = (int32_t)linux_ipc_count(&segments, linux_process_of(thread)->root, sums, pages_add);
	is.pages = is.resident = sums[0];
	return linux_copy_out(thread, va, &is, sizeof(is));
}

/* Nothing is ever swapped out. */
static int64_t segment_lock(struct thread *thread, int id, bool locks)
{
	struct linux_ipc *ipc;
	int64_t result = STATUS_EINVAL;

	spinlock_take(&segments.lock);
	ipc = linux_ipc_find(&segments, linux_process_of(thread)->root, linux_ipc_has_id, &id);
	if (ipc != NULL)
		result = linux_ipc_may_control(thread, &ipc->told, LINUX_CAP_IPC_LOCK) ? STATUS_OK : STATUS_EPERM;
	if (result == STATUS_OK)
		ipc->told.mode = locks ? ipc->told.mode | SHM_LOCKED : ipc->told.mode & ~(uint32_t)SHM_LOCKED;
	spinlock_give(&segments.lock);
	return result;
}

static int64_t call_shmctl(struct thread *thread, const uint64_t x[6])
{
	uint32_t command = (uint32_t)x[1];
	int64_t result;

	if (command == SHM_LOCK || command == SHM_UNLOCK)
		return segment_lock(thread, (int)x[0], command == SHM_LOCK);
	result = linux_ipc_control(thread, &segments, (int)x[0], command, x[2]);
	forget_gone(linux_process_of(thread)->root);
	return result;
}

const struct linux_call linux_calls_shm[] = {
	{ 194, 3, "shmget", call_shmget },
	{ 195, 3, "shmctl", call_shmctl },
	{ 196, 3, "shmat", call_shmat },
	{ 197, 1, "shmdt", call_shmdt },
	{ 0 },
};
