// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Pages are found by index in two levels; a leaf is a page of entries, each the address of a page with a mark whether it can have been written. A page's
 * own count is the cache's; each area's table entry counts once more.
 */
#include "kernel/sys/linux/pages.h"

#include <stdatomic.h>
#include <stddef.h>

#include "hal/contract/memory.h"
#include "kernel/core/libc.h"
#include "kernel/core/log.h"
#include "kernel/io/fs/fs.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/frames.h"
#include "kernel/sys/linux/memfd.h"
#include "kernel/sys/linux/page_io.h"
#include "kernel/sys/linux/vfs.h"
#include "lib/string.h"

enum { LEAF_ENTRIES = HAL_PAGE_BYTES / sizeof(uint64_t), TOP_MAX = 1 << 20 };

#define DIRTY 1ul

struct linux_pages {
	struct list_node of_all; /* W: under all_lock */
	uint32_t holds;          /* W: under all_lock */
	uint32_t writers;        /* W: under all_lock */
	uint32_t puts;           /* W: under all_lock. How often somebody let go of it */
	struct budget *budget;   /* held */
	const void *fs;
	uint64_t id;
	struct spinlock lock;
	/* W: under `lock`. */
	struct linux_file *file; /* held; NULL: zeroes */
	uint64_t **top;
	uint64_t leaves; /* room in `top` */
	uint32_t changes; /* how often the file was changed otherwise than by them */
};

static struct spinlock all_lock;
static struct list_node all = LIST_INIT(all); /* W: under it. Those of files that others can open */
static _Atomic uint32_t files;                /* how many they are */

bool linux_pages_are_mapped(void)
{
	return atomic_load_explicit(&files, memory_order_relaxed) != 0;
}

void linux_pages_hold(struct linux_pages *pages)
{
	spinlock_take(&all_lock);
	pages->holds++;
	spinlock_give(&all_lock);
}

uint32_t linux_pages_holds(const struct linux_pages *pages)
{
	uint32_t holds;

	spinlock_take(&all_lock);
	holds = pages->holds;
	spinlock_give(&all_lock);
	return holds;
}

void linux_pages_writers(struct linux_pages *pages, int more)
{
	spinlock_take(&all_lock);
	pages->writers += (uint32_t)more;
	spinlock_give(&all_lock);
}

static struct linux_pages *pages_make(struct budget *budget, struct linux_file *file)
{
	struct linux_pages *pages;

	if (!budget_charge_bytes(budget, sizeof(*pages)))
		return NULL;
	pages = calloc(1, sizeof(*pages));
	if (pages == NULL) {
		budget_credit_bytes(budget, sizeof(*pages));
		return NULL;
	}
	budget_hold(budget);
	pages->budget = budget;
	pages->holds = 1;
	pages->file = file;
	if (file != NULL)
		(void)object_hold(&file->object);
	list_init(&pages->of_all);
	return pages;
}

static void pages_free(struct linux_pages *pages)
{
	struct budget *budget = pages->budget;

	for (uint64_t i = 0; i < pages->leaves; i++) {
		for (unsigned j = 0; pages->top[i] != NULL && j < LEAF_ENTRIES; j++)
			if (pages->top[i][j] != 0)
				linux_frame_put(budget, pages->top[i][j] & ~DIRTY);
		if (pages->top[i] != NULL)
			budget_page_free(budget, hal_direct_pa(pages->top[i]));
	}
	free(pages->top);
	budget_credit_bytes(budget, pages->leaves * sizeof(*pages->top) + sizeof(*pages));
	if (pages->file != NULL)
		linux_file_put(pages->file);
	free(pages);
	budget_put(budget);
}

static struct linux_pages *find_locked(const struct budget *budget, const void *fs, uint64_t id)
{
	for (struct list_node *node = all.next; node != &all; node = node->next) {
		struct linux_pages *pages = LIST_OWNER(node, struct linux_pages, of_all);

		if (pages->fs == fs && pages->id == id && (budget == NULL || pages->budget == budget))
			return pages;
	}
	return NULL;
}

/* Who may write is who it is written by. */
static void file_better(struct linux_pages *pages, struct linux_file *file)
{
	struct linux_file *before = NULL;
	uint32_t access = atomic_load_explicit(&file->flags, memory_order_relaxed) & LINUX_O_ACCMODE;

	spinlock_take(&pages->lock);
	if (access == LINUX_O_RDWR && pages->file != file) {
		before = pages->file;
		(void)object_hold(&file->object);
		pages->file = file;
	}
	spinlock_give(&pages->lock);
	if (before != NULL)
		linux_file_put(before);
}

status_t linux_pages_of(struct budget *budget, struct linux_file *file, struct linux_pages **out)
{
	struct linux_pages *made = pages_make(budget, file);
	struct linux_pages *found = NULL;
	const void *fs = NULL;
	uint64_t id = 0;

	if (made == NULL)
		return STATUS_ENOMEM;
	*out = made;
	if (file == NULL || file->ops->identity == NULL || !file->ops->identity(file, &fs, &id))
		return STATUS_OK;
	made->fs = fs;
	made->id = id;
	spinlock_take(&all_lock);
	found = find_locked(budget, fs, id);
	if (found != NULL) {
		found->holds++;
	} else {
		list_push_back(&all, &made->of_all);
		atomic_fetch_add_explicit(&files, 1, memory_order_relaxed);
	}
	spinlock_give(&all_lock);
	if (found != NULL) {
		pages_free(made);
		file_better(found, file);
		*out = found;
	}
	return STATUS_OK;
}

status_t linux_pages_seal(const void *fs, uint64_t id, _Atomic uint8_t *seals, uint8_t more)
{
	bool is_busy = false;

	spinlock_take(&all_lock); /* who is about to map it counts as a writer before it looks at the seals */
	for (struct list_node *node = all.next; (more & LINUX_SEAL_WRITE) && node != &all; node = node->next) {
		const struct linux_pages *pages = LIST_OWNER(node, struct linux_pages, of_all);

		is_busy = is_busy || (pages->fs == fs && pages->id == id && pages->writers > 0);
	}
	if (!is_busy)
		atomic_fetch_or_explicit(seals, more, memory_order_relaxed);
	spinlock_give(&all_lock);
	return is_busy ? STATUS_EBUSY : STATUS_OK;
}

/* As long as it can be found: who maps the file next sees all of it here, or in the file. Who comes and goes meanwhile may leave more to be written. */
void linux_pages_put(struct linux_pages *pages)
{
	status_t status = STATUS_OK;
	bool is_written = false;
	uint32_t puts = 0;
	bool is_last;

	spinlock_take(&all_lock);
	while (pages->holds == 1 && !(is_written && puts == pages->puts)) {
		puts = pages->puts;
		spinlock_give(&all_lock);
		status = linux_pages_write(pages, 0, UINT64_MAX);
		is_written = true;
		spinlock_take(&all_lock);
	}
	pages->puts++;
	is_last = --pages->holds == 0;
	if (is_last && !list_is_empty(&pages->of_all)) {
		list_remove(&pages->of_all);
		atomic_fetch_sub_explicit(&files, 1, memory_order_relaxed);
	}
	spinlock_give(&all_lock);
	if (status != STATUS_OK)
		log_print(LOG_LINUX, LOG_INFO, "what was written to a mapped file is lost (error %d)", status);
	if (is_last)
		pages_free(pages);
}

/* The entry for a page; NULL: there is none, and memory for one. */
static uint64_t *entry_at(struct linux_pages *pages, uint64_t index, bool make)
{
	uint64_t leaf = index / LEAF_ENTRIES;
	uint64_t pa;

	if (leaf >= pages->leaves) {
		uint64_t room = leaf + 1;
		uint64_t **top;

		if (!make || room > TOP_MAX || !budget_charge_bytes(pages->budget, (room - pages->leaves) * sizeof(*top)))
			return NULL;
		top = realloc(pages->top, room * sizeof(*top));
		if (top == NULL) {
			budget_credit_bytes(pages->budget, (room - pages->leaves) * sizeof(*top));
			return NULL;
		}
		memset(top + pages->leaves, 0, (room - pages->leaves) * sizeof(*top));
		pages->top = top;
		pages->leaves = room;
	}
	if (pages->top[leaf] == NULL) {
		pa = make ? budget_page_alloc(pages->budget) : 0;
		if (pa == 0)
			return NULL;
		pages->top[leaf] = memset(hal_direct_va(pa), 0, HAL_PAGE_BYTES);
	}
	return &pages->top[leaf][index % LEAF_ENTRIES];
}

/* The file as it is now, held; NULL. */
static struct linux_file *file_of(struct linux_pages *pages)
{
	struct linux_file *file;

	spinlock_take(&pages->lock);
	file = pages->file;
	if (file != NULL)
		(void)object_hold(&file->object);
	spinlock_give(&pages->lock);
	return file;
}

static status_t page_make(struct linux_pages *pages, uint64_t index, uint64_t *pa)
{
	struct linux_file *file = file_of(pages);
	int64_t bytes = 1;

	*pa = budget_page_alloc(pages->budget);
	if (*pa == 0)
		bytes = STATUS_ENOMEM;
	else if (file == NULL)
		memset(hal_direct_va(*pa), 0, HAL_PAGE_BYTES);
	else
		bytes = linux_page_read(file, index * HAL_PAGE_BYTES, hal_direct_va(*pa), HAL_PAGE_BYTES);
	if (file != NULL)
		linux_file_put(file);
	if (bytes > 0)
		return STATUS_OK;
	if (*pa != 0)
		budget_page_free(pages->budget, *pa);
	return bytes == STATUS_ENOMEM ? STATUS_ENOMEM : STATUS_EIO;
}

status_t linux_pages_get(struct linux_pages *pages, uint64_t index, uint64_t *pa)
{
	uint64_t made = 0;
	uint64_t *entry;
	status_t status;
	uint32_t changes;

	spinlock_take(&pages->lock);
	changes = pages->changes;
	entry = entry_at(pages, index, false);
	if (entry == NULL || *entry == 0) {
		spinlock_give(&pages->lock);
		status = page_make(pages, index, &made);
		if (status != STATUS_OK)
			return status;
		spinlock_take(&pages->lock);
		entry = entry_at(pages, index, true);
	}
	/* What may have been read before a change nobody would look at again. */
	status = entry == NULL ? STATUS_ENOMEM : *entry == 0 && changes != pages->changes ? STATUS_EAGAIN : STATUS_OK;
	if (status == STATUS_OK && *entry == 0) {
		*entry = made;
		made = 0;
	}
	if (status == STATUS_OK) {
		*pa = *entry & ~DIRTY;
		status = linux_frame_share(*pa);
	}
	spinlock_give(&pages->lock);
	if (made != 0)
		budget_page_free(pages->budget, made);
	return status;
}

void linux_pages_dirty(struct linux_pages *pages, uint64_t index)
{
	uint64_t *entry;

	spinlock_take(&pages->lock);
	entry = entry_at(pages, index, false);
	if (entry != NULL && *entry != 0)
		*entry |= DIRTY;
	spinlock_give(&pages->lock);
}

bool linux_pages_has(struct linux_pages *pages, uint64_t index)
{
	const uint64_t *entry;
	bool has;

	spinlock_take(&pages->lock);
	entry = entry_at(pages, index, false);
	has = entry != NULL && *entry != 0;
	spinlock_give(&pages->lock);
	return has;
}

/* The first page at or behind `*index` that is there, and where `mark` says so dirty; counted once more. 0: there is none before `end`. */
static uint64_t page_next(struct linux_pages *pages, uint64_t mark, uint64_t *index, uint64_t end)
{
	uint64_t pa = 0;

	spinlock_take(&pages->lock);
	while (pa == 0 && *index < end && *index / LEAF_ENTRIES < pages->leaves) {
		const uint64_t *leaf = pages->top[*index / LEAF_ENTRIES];

		if (leaf == NULL) {
			*index = (*index / LEAF_ENTRIES + 1) * LEAF_ENTRIES;
			continue;
		}
		if (leaf[*index % LEAF_ENTRIES] != 0 && (leaf[*index % LEAF_ENTRIES] & mark) == mark)
			pa = leaf[*index % LEAF_ENTRIES] & ~DIRTY;
		else
			(*index)++;
	}
	if (pa != 0 && linux_frame_share(pa) != STATUS_OK)
		pa = 0;
	spinlock_give(&pages->lock);
	return pa;
}

/* They stay marked: an area may show them to a writer still. */
status_t linux_pages_write(struct linux_pages *pages, uint64_t first, uint64_t end)
{
	struct linux_file *file = file_of(pages);
	status_t status = STATUS_OK;
	struct fs_stat stat;
	uint32_t mode;
	uint64_t pa;

	for (uint64_t index = first; file != NULL && (pa = page_next(pages, DIRTY, &index, end)) != 0; index++) {
		status_t written = file->ops->stat(file, &stat, &mode);

		if (written == STATUS_OK && index * HAL_PAGE_BYTES < stat.size)
			written = linux_page_write(file, index, hal_direct_va(pa), stat.size);
		if (status == STATUS_OK)
			status = written;
		linux_frame_put(pages->budget, pa);
	}
	if (file != NULL)
		linux_file_put(file);
	return status;
}

/* Every cache of the file, one after the other: the n-th, held. NULL: there are no more. */
static struct linux_pages *cache_of(struct linux_dentry *file, unsigned n)
{
	struct linux_pages *found = NULL;
	uint64_t id;

	if (!linux_pages_are_mapped() || !linux_dentry_id(file, &id))
		return NULL;
	spinlock_take(&all_lock);
	for (struct list_node *node = all.next; found == NULL && node != &all; node = node->next) {
		struct linux_pages *pages = LIST_OWNER(node, struct linux_pages, of_all);

		if (pages->fs == file->node->fs && pages->id == id && n-- == 0)
			found = pages;
	}
	if (found != NULL)
		found->holds++;
	spinlock_give(&all_lock);
	return found;
}

static uint64_t index_end(uint64_t end)
{
	return end / HAL_PAGE_BYTES + (end % HAL_PAGE_BYTES != 0);
}

void linux_pages_settle(struct linux_dentry *file, uint64_t offset, uint64_t end)
{
	struct linux_pages *pages;

	for (unsigned n = 0; (pages = cache_of(file, n)) != NULL; n++) {
		if (linux_pages_write(pages, offset / HAL_PAGE_BYTES, index_end(end)) != STATUS_OK)
			end = offset; /* who reads next sees the file as it is */
		linux_pages_put(pages);
	}
}

void linux_pages_changed(struct linux_dentry *file, uint64_t offset, uint64_t end)
{
	struct linux_pages *pages;

	for (unsigned n = 0; (pages = cache_of(file, n)) != NULL; n++) {
		struct linux_file *reads = file_of(pages);
		uint64_t pa;

		spinlock_take(&pages->lock);
		pages->changes++;
		spinlock_give(&pages->lock);
		/* No more than that: what else is in a page may not have been written to the file yet. */
		for (uint64_t index = offset / HAL_PAGE_BYTES; (pa = page_next(pages, 0, &index, index_end(end))) != 0; index++) {
			uint64_t at = index * HAL_PAGE_BYTES > offset ? index * HAL_PAGE_BYTES : offset;
			uint64_t left = HAL_PAGE_BYTES - at % HAL_PAGE_BYTES;

			if (linux_page_read(reads, at, hal_direct_va(pa + at % HAL_PAGE_BYTES), left < end - at ? left : end - at) < 0)
				end = offset;
			linux_frame_put(pages->budget, pa);
		}
		linux_file_put(reads);
		linux_pages_put(pages);
	}
}
