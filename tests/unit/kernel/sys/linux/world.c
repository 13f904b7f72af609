// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "tests/unit/kernel/sys/linux/world.h"

#include <stdlib.h>

#include "hal/contract/user.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "kernel/io/fs/fs.h"
#include "kernel/sys/linux/frames.h"
#include "kernel/sys/linux/vfs.h"
#include "lib/string.h"
#include "tests/unit/kernel/io/fs/world.h"

enum { PAGES_MAX = 2048 };

struct entry {
	struct hal_page page;
};

/* The pages of a space, in order; its number is root_pa. */
static struct space {
	unsigned count;
	struct entry entries[PAGES_MAX];
} spaces[WORLD_PROCESSES];
static struct process processes[WORLD_PROCESSES];
static struct linux_process personalities[WORLD_PROCESSES];
static bool taken[WORLD_PROCESSES];
bool world_broke_rule;

static struct space *space_of(const struct hal_space *space)
{
	return &spaces[space->root_pa];
}

/* The first entry at or behind `va`. */
static unsigned entry_at(const struct space *space, uint64_t va)
{
	unsigned low = 0;
	unsigned high = space->count;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (space->entries[middle].page.va < va)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void rule_check(unsigned rights)
{
	if ((rights & HAL_USER_WRITE) && (rights & HAL_USER_EXEC))
		world_broke_rule = true;
}

status_t hal_space_map(struct hal_space *in, uint64_t va, uint64_t pa, unsigned rights)
{
	struct space *space = space_of(in);
	unsigned at = entry_at(space, va);

	rule_check(rights);
	if (at < space->count && space->entries[at].page.va == va)
		return STATUS_EEXIST;
	if (space->count == PAGES_MAX)
		return STATUS_ENOMEM;
	memmove(&space->entries[at + 1], &space->entries[at], (space->count - at) * sizeof(space->entries[0]));
	space->entries[at] = (struct entry){ .page = { .va = va, .pa = pa, .rights = rights } };
	in->mapped = ++space->count;
	return STATUS_OK;
}

bool hal_space_next(const struct hal_space *in, uint64_t va, uint64_t end, struct hal_page *out)
{
	const struct space *space = space_of(in);
	unsigned at = entry_at(space, va);

	if (at == space->count || space->entries[at].page.va >= end)
		return false;
	*out = space->entries[at].page;
	return true;
}

bool hal_space_is_mapped(const struct hal_space *in, uint64_t va)
{
	struct hal_page page;

	return hal_space_next(in, va, va + HAL_PAGE_BYTES, &page);
}

void hal_space_set_rights(struct hal_space *in, uint64_t va, unsigned rights)
{
	struct space *space = space_of(in);
	unsigned at = entry_at(space, va);

	rule_check(rights);
	if (at == space->count || space->entries[at].page.va != va)
		abort();
	space->entries[at].page.rights = rights;
}

void hal_space_clear(struct hal_space *in, uint64_t va)
{
	struct space *space = space_of(in);
	unsigned at = entry_at(space, va);

	if (at == space->count || space->entries[at].page.va != va)
		abort();
	in->mapped = --space->count;
	memmove(&space->entries[at], &space->entries[at + 1], (space->count - at) * sizeof(space->entries[0]));
}

void hal_space_flush(const struct hal_space *space, uint64_t va, uint64_t pages)
{
	(void)space;
	(void)va;
	(void)pages;
}

void hal_space_trim(struct hal_space *space)
{
	if (space_of(space)->count != 0)
		abort();
}

void hal_page_publish_code(void *page)
{
	(void)page;
}

/* The bytes of a page that `va` is in, up to the page's end; NULL: it cannot be touched so. */
static uint8_t *bytes_at(const struct hal_space *space, uint64_t va, unsigned right)
{
	struct hal_page page;
	uint64_t at = va & ~(HAL_PAGE_BYTES - 1);

	if (!hal_space_next(space, at, at + HAL_PAGE_BYTES, &page) || !(page.rights & right))
		return NULL;
	return (uint8_t *)hal_direct_va(page.pa) + va % HAL_PAGE_BYTES;
}

status_t hal_user_copy_in(struct hal_space *space, void *to, uint64_t from_va, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		const uint8_t *from = bytes_at(space, from_va + i, HAL_USER_READ);

		if (from == NULL)
			return STATUS_EFAULT;
		((uint8_t *)to)[i] = *from;
	}
	return STATUS_OK;
}

status_t hal_user_copy_out(struct hal_space *space, uint64_t to_va, const void *from, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		uint8_t *to = bytes_at(space, to_va + i, HAL_USER_WRITE);

		if (to == NULL)
			return STATUS_EFAULT;
		*to = ((const uint8_t *)from)[i];
	}
	return STATUS_OK;
}

_Noreturn void panic(const char *fmt, ...)
{
	(void)fmt;
	abort();
}

void log_print(enum log_component component, enum log_level level, const char *fmt, ...)
{
	(void)component;
	(void)level;
	(void)fmt;
}

bool object_hold(struct object *object)
{
	object->holds++;
	return true;
}

void object_put(struct object *object)
{
	object->holds--;
}

/* The file. */
uint8_t world_file_bytes[WORLD_FILE_BYTES];

void linux_file_put(struct linux_file *file)
{
	object_put(&file->object);
}

static int64_t file_read(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	(void)file;
	if (offset >= WORLD_FILE_BYTES)
		return 0;
	return linux_data_give(data, world_file_bytes + offset, WORLD_FILE_BYTES - offset);
}

static int64_t file_write(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	(void)file;
	if (offset + data->left > WORLD_FILE_BYTES)
		abort(); /* what is mapped makes no file longer */
	return linux_data_take(data, world_file_bytes + offset, data->left);
}

static status_t file_stat(struct linux_file *file, struct fs_stat *out, uint32_t *mode)
{
	(void)file;
	memset(out, 0, sizeof(*out));
	out->size = WORLD_FILE_BYTES;
	*mode = 0;
	return STATUS_OK;
}

static struct fs file_system;
static struct fs_node file_node = { .fs = &file_system };
struct linux_dentry world_dentry = { .node = &file_node };

bool linux_dentry_id(struct linux_dentry *dentry, uint64_t *id)
{
	*id = dentry->node == &file_node ? 7 : 0;
	return true;
}

static bool file_identity(struct linux_file *file, const void **fs, uint64_t *id)
{
	(void)file;
	*fs = &file_system;
	return linux_dentry_id(&world_dentry, id);
}

static const struct linux_file_ops file_ops = { .name = "file", .read = file_read, .write = file_write, .stat = file_stat, .identity = file_identity };
struct linux_file world_file = { .object = { .holds = 1 }, .ops = &file_ops, .flags = LINUX_O_RDWR };

struct process *world_process(void)
{
	for (unsigned i = 0; i < WORLD_PROCESSES; i++) {
		if (taken[i])
			continue;
		taken[i] = true;
		memset(&processes[i], 0, sizeof(processes[i]));
		memset(&personalities[i], 0, sizeof(personalities[i]));
		processes[i].budget = &world.budget;
		processes[i].personality = &personalities[i];
		processes[i].space.root_pa = i;
		personalities[i].rlimits[LINUX_RLIMIT_AS][0] = UINT64_MAX;
		linux_mm_init(&personalities[i].mm);
		return &processes[i];
	}
	abort();
}

void world_process_end(struct process *process)
{
	linux_mm_clear(process);
	taken[process - processes] = false;
}

/* A page that allows it, as the program's own access would find one. */
static bool access(struct process *process, uint64_t va, unsigned want, struct hal_page *page, status_t *status)
{
	uint64_t at = va & ~(HAL_PAGE_BYTES - 1);

	for (unsigned tries = 0; tries < 3; tries++) {
		if (hal_space_next(&process->space, at, at + HAL_PAGE_BYTES, page) && (page->rights & want) == want)
			return true;
		*status = linux_mm_fault(process, va, want);
		if (*status != STATUS_OK)
			return false;
	}
	abort(); /* a fault that was mended comes again */
}

bool world_store(struct process *process, uint64_t va, uint8_t value, status_t *status)
{
	struct hal_page page;

	if (!access(process, va, LINUX_PROT_WRITE, &page, status))
		return false;
	((uint8_t *)hal_direct_va(page.pa))[va % HAL_PAGE_BYTES] = value;
	return true;
}

bool world_load(struct process *process, uint64_t va, uint8_t *value, status_t *status)
{
	struct hal_page page;

	if (!access(process, va, LINUX_PROT_READ, &page, status))
		return false;
	*value = ((uint8_t *)hal_direct_va(page.pa))[va % HAL_PAGE_BYTES];
	return true;
}

bool world_fetch(struct process *process, uint64_t va, status_t *status)
{
	struct hal_page page;

	return access(process, va, LINUX_PROT_EXEC, &page, status);
}

/* Counts of pages that several have, without the two tables: here addresses are the host's. */
static struct {
	uint64_t pa;
	uint32_t count;
} shares[PAGES_MAX];

/* Of a page, or of none where nobody shares it. */
static uint32_t *share_of(uint64_t pa)
{
	unsigned none = PAGES_MAX;

	for (unsigned at = 0; at < PAGES_MAX; at++) {
		if (shares[at].count == 0 && none == PAGES_MAX)
			none = at;
		else if (shares[at].count != 0 && shares[at].pa == pa)
			return &shares[at].count;
	}
	if (none == PAGES_MAX)
		abort();
	shares[none].pa = pa;
	return &shares[none].count;
}

status_t linux_frame_share(uint64_t pa)
{
	++*share_of(pa);
	return STATUS_OK;
}

bool linux_frame_is_shared(uint64_t pa)
{
	return *share_of(pa) != 0;
}

void linux_frame_put(struct budget *budget, uint64_t pa)
{
	uint32_t *count = share_of(pa);

	if (*count > 0)
		--*count;
	else
		budget_page_free(budget, pa);
}
