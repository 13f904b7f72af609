// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Memory of Linux processes, one thing at a time. mm_model_test.c: all at once. */
#include <string.h>

#include "kernel/sys/linux/memfd.h"
#include "kernel/sys/linux/mm_pages.h"
#include "kernel/sys/linux/pages.h"
#include "kernel/sys/thread.h"
#include "tests/unit/kernel/io/fs/world.h"
#include "tests/unit/kernel/sys/linux/world.h"
#include "tests/unit/unit.h"

enum { PAGE = 4096, READ_WRITE = LINUX_PROT_READ | LINUX_PROT_WRITE, BUDGET = 2000 };
enum { PRIVATE = LINUX_MAP_PRIVATE, SHARED = LINUX_MAP_SHARED };

static const struct linux_backing nothing;

static struct process *begin(void)
{
	world_begin(BUDGET);
	world_broke_rule = false;
	for (unsigned i = 0; i < WORLD_FILE_BYTES; i++)
		world_file_bytes[i] = (uint8_t)(i / 7);
	return world_process();
}

static void end(struct process *process)
{
	world_process_end(process);
	CU_ASSERT(world_is_clean());
	CU_ASSERT_EQUAL(atomic_load(&world_file.object.holds), 1);
	CU_ASSERT_FALSE(world_broke_rule);
}

static uint64_t map(struct process *process, uint64_t pages, unsigned protection, unsigned flags, const struct linux_backing *backing)
{
	int64_t at = linux_mm_map(process, 0, pages * PAGE, protection, flags, backing);

	CU_ASSERT_FATAL(at > 0);
	return (uint64_t)at;
}

static uint8_t load(struct process *process, uint64_t va)
{
	status_t status = STATUS_OK;
	uint8_t value = 0;

	CU_ASSERT(world_load(process, va, &value, &status));
	return value;
}

static void store(struct process *process, uint64_t va, uint8_t value)
{
	status_t status = STATUS_OK;

	CU_ASSERT(world_store(process, va, value, &status));
}

static void pages_come_zeroed_when_they_are_touched(void)
{
	struct process *process = begin();
	uint64_t at = map(process, 100, READ_WRITE, PRIVATE, &nothing);
	uint64_t before = world.pages;

	CU_ASSERT_EQUAL(load(process, at + 5 * PAGE + 17), 0);
	store(process, at + 5 * PAGE + 17, 9);
	CU_ASSERT_EQUAL(load(process, at + 5 * PAGE + 17), 9);
	CU_ASSERT_EQUAL(world.pages, before + 1);
	end(process);
}

static void a_fault_tells_nothing_mapped_from_no_right(void)
{
	struct process *process = begin();
	uint64_t at = map(process, 1, LINUX_PROT_READ, PRIVATE, &nothing);
	status_t status = STATUS_OK;
	uint8_t value;

	CU_ASSERT_FALSE(world_store(process, at, 1, &status));
	CU_ASSERT_EQUAL(status, STATUS_EACCES);
	CU_ASSERT_FALSE(world_load(process, at - PAGE, &value, &status));
	CU_ASSERT_EQUAL(status, STATUS_EFAULT);
	CU_ASSERT_EQUAL(linux_mm_protect(process, at, PAGE, 0), STATUS_OK);
	CU_ASSERT_FALSE(world_load(process, at, &value, &status));
	CU_ASSERT_EQUAL(status, STATUS_EACCES);
	end(process);
}

static void a_budget_that_is_used_up_is_told(void)
{
	struct process *process = begin();
	uint64_t at = map(process, BUDGET, READ_WRITE, PRIVATE, &nothing);
	status_t status = STATUS_OK;
	uint64_t page = 0;

	while (page < BUDGET && world_store(process, at + page * PAGE, 1, &status))
		page++;
	CU_ASSERT_EQUAL(status, STATUS_ENOMEM);
	CU_ASSERT_EQUAL(linux_mm_map(process, 0, (BUDGET + 1) * (uint64_t)PAGE, READ_WRITE, PRIVATE, &nothing), STATUS_ENOMEM);
	end(process);
}

static void what_is_not_proven_is_never_executed(void)
{
	static _Alignas(PAGE) uint8_t code[2 * PAGE];
	const struct linux_backing proven = { .memory = { code, sizeof(code) } };
	const struct linux_backing file = { .file = &world_file };
	struct process *process = begin();
	status_t status = STATUS_OK;
	uint64_t at;

	CU_ASSERT_EQUAL(linux_mm_map(process, 0, PAGE, LINUX_PROT_EXEC, PRIVATE, &nothing), STATUS_EACCES);
	CU_ASSERT_EQUAL(linux_mm_map(process, 0, PAGE, LINUX_PROT_EXEC | LINUX_PROT_READ, PRIVATE, &file), STATUS_EACCES);
	CU_ASSERT_EQUAL(linux_mm_map(process, 0, PAGE, LINUX_PROT_EXEC | LINUX_PROT_WRITE, PRIVATE, &proven), STATUS_EACCES);
	at = map(process, 2, LINUX_PROT_READ | LINUX_PROT_EXEC, PRIVATE, &proven);
	CU_ASSERT(world_fetch(process, at + PAGE, &status));
	CU_ASSERT_EQUAL(linux_mm_protect(process, at, PAGE, READ_WRITE), STATUS_OK);
	CU_ASSERT_EQUAL(linux_mm_protect(process, at, PAGE, LINUX_PROT_READ | LINUX_PROT_EXEC), STATUS_EACCES);
	CU_ASSERT_FALSE(world_fetch(process, at, &status));
	CU_ASSERT(world_fetch(process, at + PAGE, &status));
	end(process);
}

static void with_jit_a_page_is_either_written_or_executed(void)
{
	struct process *process = begin();
	status_t status = STATUS_OK;
	uint64_t at;

	process->personality->mm.jit = true;
	at = map(process, 2, READ_WRITE | LINUX_PROT_EXEC, PRIVATE, &nothing);
	for (uint8_t i = 1; i < 5; i++) {
		store(process, at, i);
		CU_ASSERT(world_fetch(process, at, &status));
		CU_ASSERT_EQUAL(load(process, at), i);
	}
	end(process);
}

static void content_in_memory_is_shown_where_it_lies_and_copied_when_written(void)
{
	static _Alignas(PAGE) uint8_t content[40 * PAGE];
	const struct linux_backing backing = { .memory = { content, 39 * PAGE + 10 }, .offset = PAGE };
	struct process *process = begin();
	uint64_t at = map(process, 39, READ_WRITE, PRIVATE, &backing);
	uint64_t before = world.pages;
	status_t status = STATUS_OK;
	uint8_t value;

	memset(content, 5, sizeof(content));
	CU_ASSERT_EQUAL(load(process, at + 3 * PAGE), 5);
	CU_ASSERT_EQUAL(world.pages, before);
	store(process, at + 3 * PAGE, 6);
	CU_ASSERT_EQUAL(load(process, at + 3 * PAGE), 6);
	CU_ASSERT_EQUAL(load(process, at + 3 * PAGE + 1), 5);
	CU_ASSERT_EQUAL(content[4 * PAGE], 5);
	CU_ASSERT_EQUAL(load(process, at + 38 * PAGE + 9), 5);
	CU_ASSERT_EQUAL(load(process, at + 38 * PAGE + 10), 0); /* what lies behind it is not shown */
	CU_ASSERT_EQUAL(linux_mm_unmap(process, at, 39 * PAGE), STATUS_OK);
	at = map(process, 41, LINUX_PROT_READ, PRIVATE, &backing);
	CU_ASSERT_FALSE(world_load(process, at + 39 * PAGE, &value, &status));
	CU_ASSERT_EQUAL(status, STATUS_EIO);
	end(process);
}

static void forked_pages_part_when_either_writes(void)
{
	struct process *parent = begin();
	struct process *child = world_process();
	uint64_t at = map(parent, 4, READ_WRITE, PRIVATE, &nothing);
	uint64_t before;

	store(parent, at, 1);
	store(parent, at + PAGE, 2);
	before = world.pages;
	CU_ASSERT_EQUAL(linux_mm_copy(parent, child), STATUS_OK);
	CU_ASSERT_EQUAL(world.pages, before);
	store(parent, at, 3);
	store(child, at + PAGE, 4);
	store(child, at + 2 * PAGE, 5);
	CU_ASSERT_EQUAL(load(child, at), 1);
	CU_ASSERT_EQUAL(load(parent, at), 3);
	CU_ASSERT_EQUAL(load(parent, at + PAGE), 2);
	CU_ASSERT_EQUAL(load(child, at + PAGE), 4);
	CU_ASSERT_EQUAL(load(parent, at + 2 * PAGE), 0);
	world_process_end(parent);
	CU_ASSERT_EQUAL(load(child, at), 1);
	end(child);
}

static void shared_memory_is_the_same_after_a_fork(void)
{
	struct process *parent = begin();
	struct process *child = world_process();
	uint64_t at = map(parent, 4, READ_WRITE, SHARED, &nothing);

	store(parent, at, 1);
	CU_ASSERT_EQUAL(linux_mm_copy(parent, child), STATUS_OK);
	store(child, at, 2);
	store(child, at + 3 * PAGE, 3);
	CU_ASSERT_EQUAL(load(parent, at), 2);
	CU_ASSERT_EQUAL(load(parent, at + 3 * PAGE), 3);
	CU_ASSERT(linux_mm_is_shared(parent, at));
	world_process_end(parent);
	CU_ASSERT_EQUAL(load(child, at + 3 * PAGE), 3);
	end(child);
}

static void a_file_mapped_shared_is_one_for_all_and_is_written_back(void)
{
	const struct linux_backing backing = { .file = &world_file };
	struct process *one = begin();
	struct process *other = world_process();
	uint64_t at = map(one, 4, READ_WRITE, SHARED, &backing);
	uint64_t there = map(other, 4, READ_WRITE, SHARED, &backing);
	uint64_t apart = map(other, 4, READ_WRITE, PRIVATE, &backing);

	store(one, at + PAGE + 3, 77);
	CU_ASSERT_EQUAL(load(other, there + PAGE + 3), 77);
	CU_ASSERT_EQUAL(load(other, apart + PAGE + 3), 77);
	store(other, apart + 5, 99);
	CU_ASSERT_NOT_EQUAL(load(one, at + 5), 99);
	CU_ASSERT_NOT_EQUAL(world_file_bytes[PAGE + 3], 77);
	linux_pages_settle(&world_dentry, PAGE, PAGE + 100);
	CU_ASSERT_EQUAL(world_file_bytes[PAGE + 3], 77);
	world_file_bytes[2 * PAGE] = 55;
	CU_ASSERT_EQUAL(load(one, at + 2 * PAGE), 55);
	world_file_bytes[2 * PAGE] = 56;
	store(one, at + 2 * PAGE + 1, 57);
	linux_pages_changed(&world_dentry, 2 * PAGE, 2 * PAGE + 1);
	CU_ASSERT_EQUAL(load(one, at + 2 * PAGE), 56);
	CU_ASSERT_EQUAL(load(one, at + 2 * PAGE + 1), 57);
	store(one, at + 3 * PAGE + 99, 44);
	world_process_end(one);
	world_process_end(other);
	CU_ASSERT_EQUAL(world_file_bytes[3 * PAGE + 99], 44);
	CU_ASSERT(world_is_clean());
}

static status_t sealed(_Atomic uint8_t *seals)
{
	const void *fs;
	uint64_t id;

	CU_ASSERT_FATAL(world_file.ops->identity(&world_file, &fs, &id));
	return linux_pages_seal(fs, id, seals, LINUX_SEAL_WRITE | LINUX_SEAL_GROW);
}

static void a_file_is_sealed_once_no_area_can_write_to_it(void)
{
	const struct linux_backing backing = { .file = &world_file };
	struct process *parent = begin();
	struct process *child = world_process();
	uint64_t at = map(parent, 4, READ_WRITE, SHARED, &backing);
	uint64_t apart = map(parent, 1, READ_WRITE, PRIVATE, &backing);
	_Atomic uint8_t seals = 0;

	CU_ASSERT_EQUAL(linux_mm_protect(parent, at + PAGE, PAGE, LINUX_PROT_READ), STATUS_OK);
	CU_ASSERT_EQUAL(linux_mm_copy(parent, child), STATUS_OK);
	CU_ASSERT_EQUAL(linux_mm_unmap(parent, at, PAGE), STATUS_OK);
	CU_ASSERT_EQUAL(linux_mm_unmap(parent, at + 2 * PAGE, 2 * PAGE), STATUS_OK);
	CU_ASSERT_EQUAL(sealed(&seals), STATUS_EBUSY); /* what is only read now could be written again */
	CU_ASSERT_EQUAL(linux_mm_unmap(parent, at + PAGE, PAGE), STATUS_OK);
	CU_ASSERT_EQUAL(sealed(&seals), STATUS_EBUSY); /* the child's */
	CU_ASSERT_EQUAL(seals, 0);
	world_process_end(child);
	CU_ASSERT_EQUAL(sealed(&seals), STATUS_OK);
	CU_ASSERT_EQUAL(seals, LINUX_SEAL_WRITE | LINUX_SEAL_GROW);
	CU_ASSERT_EQUAL(linux_mm_unmap(parent, apart, PAGE), STATUS_OK);
	end(parent);
}

static void behind_the_end_of_a_file_there_is_nothing(void)
{
	const struct linux_backing backing = { .file = &world_file };
	struct process *process = begin();
	uint64_t at = map(process, 5, LINUX_PROT_READ, SHARED, &backing);
	status_t status = STATUS_OK;
	uint8_t value;

	CU_ASSERT_EQUAL(load(process, at + WORLD_FILE_BYTES - 1), world_file_bytes[WORLD_FILE_BYTES - 1]);
	CU_ASSERT_EQUAL(load(process, at + WORLD_FILE_BYTES), 0);
	CU_ASSERT_FALSE(world_load(process, at + 4 * PAGE, &value, &status));
	CU_ASSERT_EQUAL(status, STATUS_EIO);
	end(process);
}

static void what_moves_keeps_its_bytes(void)
{
	struct process *process = begin();
	uint64_t at = map(process, 4, READ_WRITE, PRIVATE, &nothing);
	status_t status = STATUS_OK;
	int64_t moved;
	uint8_t value;

	for (unsigned i = 0; i < 4; i++)
		store(process, at + i * PAGE, (uint8_t)(i + 1));
	moved = linux_mm_remap(process, at + PAGE, 2 * PAGE, 20 * PAGE, LINUX_MREMAP_MAYMOVE, 0);
	CU_ASSERT_FATAL(moved > 0);
	CU_ASSERT_EQUAL(load(process, (uint64_t)moved), 2);
	CU_ASSERT_EQUAL(load(process, (uint64_t)moved + PAGE), 3);
	CU_ASSERT_EQUAL(load(process, (uint64_t)moved + 19 * PAGE), 0);
	CU_ASSERT_EQUAL(load(process, at + 3 * PAGE), 4);
	CU_ASSERT_FALSE(world_load(process, at + PAGE, &value, &status));
	CU_ASSERT_EQUAL(linux_mm_remap(process, (uint64_t)moved, 20 * PAGE, PAGE, 0, 0), moved);
	CU_ASSERT_FALSE(world_load(process, (uint64_t)moved + PAGE, &value, &status));
	end(process);
}

static void the_heap_grows_and_shrinks_by_brk(void)
{
	struct process *process = begin();
	struct linux_mm *mm = linux_mm_of(process);
	uint64_t start = mm->brk_start = mm->brk = 0x500000;

	CU_ASSERT_EQUAL(linux_mm_brk(process, 0), start);
	CU_ASSERT_EQUAL(linux_mm_brk(process, start + 10), start + 10);
	store(process, start + 9, 1);
	CU_ASSERT_EQUAL(linux_mm_brk(process, start + 5 * PAGE), start + 5 * PAGE);
	CU_ASSERT_EQUAL(load(process, start + 9), 1);
	CU_ASSERT_EQUAL(mm->areas.count, 1);
	CU_ASSERT_EQUAL(linux_mm_brk(process, start), start);
	CU_ASSERT_EQUAL(mm->areas.count, 0);
	end(process);
}

static void copies_bring_pages_in_and_end_where_there_is_no_right(void)
{
	struct process *process = begin();
	struct thread thread = { .process = process };
	uint64_t at = map(process, 3, READ_WRITE, PRIVATE, &nothing);
	static char text[PAGE];
	char back[PAGE];
	struct linux_data data = { 0 };

	memset(text, 'x', sizeof(text));
	CU_ASSERT_EQUAL(linux_mm_protect(process, at + 2 * PAGE, PAGE, LINUX_PROT_READ), STATUS_OK);
	CU_ASSERT_EQUAL(linux_copy_out(&thread, at + 100, text, PAGE), STATUS_OK);
	CU_ASSERT_EQUAL(linux_copy_in(&thread, back, at + 100, PAGE), STATUS_OK);
	CU_ASSERT_EQUAL(memcmp(back, text, PAGE), 0);
	CU_ASSERT_EQUAL(linux_copy_string(&thread, back, at + 4000, sizeof(back)), 196);
	CU_ASSERT_EQUAL(linux_copy_string(&thread, back, at + 4000, 196), STATUS_ENAMETOOLONG);
	CU_ASSERT_EQUAL(linux_copy_string(&thread, back, at + 3 * PAGE, 196), STATUS_EFAULT);
	CU_ASSERT_EQUAL(linux_copy_out(&thread, at + 2 * PAGE - 10, text, 20), STATUS_EFAULT);
	CU_ASSERT_EQUAL(linux_data_user(&data, &thread, at + 2 * PAGE - 10, 20), STATUS_OK);
	CU_ASSERT_EQUAL(linux_data_give(&data, text, 20), 10);
	CU_ASSERT_EQUAL(linux_data_give(&data, text, 10), STATUS_EFAULT);
	CU_ASSERT_EQUAL(linux_data_user(&data, &thread, LINUX_VA_END, 1), STATUS_EFAULT);
	CU_ASSERT_EQUAL(linux_data_user(&data, &thread, UINT64_MAX, 1), STATUS_EFAULT);
	end(process);
}

static const struct unit_case cases[] = {
	UNIT_CASE(pages_come_zeroed_when_they_are_touched),
	UNIT_CASE(a_fault_tells_nothing_mapped_from_no_right),
	UNIT_CASE(a_budget_that_is_used_up_is_told),
	UNIT_CASE(what_is_not_proven_is_never_executed),
	UNIT_CASE(with_jit_a_page_is_either_written_or_executed),
	UNIT_CASE(content_in_memory_is_shown_where_it_lies_and_copied_when_written),
	UNIT_CASE(forked_pages_part_when_either_writes),
	UNIT_CASE(shared_memory_is_the_same_after_a_fork),
	UNIT_CASE(a_file_mapped_shared_is_one_for_all_and_is_written_back),
	UNIT_CASE(a_file_is_sealed_once_no_area_can_write_to_it),
	UNIT_CASE(behind_the_end_of_a_file_there_is_nothing),
	UNIT_CASE(what_moves_keeps_its_bytes),
	UNIT_CASE(the_heap_grows_and_shrinks_by_brk),
	UNIT_CASE(copies_bring_pages_in_and_end_where_there_is_no_right),
};

UNIT_MAIN("kernel/sys/linux/mm", cases)
