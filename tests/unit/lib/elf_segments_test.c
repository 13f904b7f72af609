// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* ELF plans, segment by segment: where each may lie, with which rights, and beside which. */
#include "lib/elf.h"

#include "tests/unit/lib/elf_image.h"
#include "tests/unit/unit.h"

static void elf_rejects_segments_outside_the_file(void)
{
	make();
	put_phdr(RODATA, P_FILESZ, 0xff1);
	put_phdr(RODATA, P_MEMSZ, 0xff1);
	refused("segment outside the file");
	put_phdr(RODATA, P_OFFSET, UINT64_MAX - 0xfef);
	refused("segment outside the file");
	put_phdr(RODATA, P_FILESZ, UINT64_MAX);
	put_phdr(RODATA, P_MEMSZ, UINT64_MAX);
	refused("segment outside the file");
	put_phdr(DATA, P_MEMSZ, 0x122);
	refused("segment larger in the file than in memory");
}

static void elf_rejects_rights_it_cannot_give(void)
{
	make();
	put_phdr(TEXT, P_FLAGS, 7);
	refused("segment writable and executable");
	put_phdr(TEXT, P_FLAGS, 3);
	refused("segment writable and executable");
	put_phdr(TEXT, P_FLAGS, 0);
	refused("segment without rights or with unknown ones");
	put_phdr(TEXT, P_FLAGS, 13);
	refused("segment without rights or with unknown ones");
	put_phdr(STACK, P_FLAGS, 7);
	refused("executable stack");
}

static void elf_rejects_addresses_that_do_not_fit_the_file(void)
{
	make();
	put_phdr(DATA, P_VADDR, DATA_VA + 8);
	refused("segment address and file offset do not agree");
	put_phdr(DATA, P_ALIGN, 0x10000);
	put_phdr(DATA, P_VADDR, DATA_VA + 0x1000);
	refused("segment address and file offset do not agree");
	put_phdr(DATA, P_ALIGN, 0x1001);
	refused("segment alignment is not a power of two");
}

static void elf_rejects_segments_outside_the_limits(void)
{
	make();
	put_phdr(TEXT, P_VADDR, 0xf000);
	refused("segment outside the address range");
	put_phdr(RODATA, P_VADDR, limits.va_max + 0x10);
	refused("segment outside the address range");
	put_phdr(RODATA, P_VADDR, limits.va_max - 0x1000 + 0x10);
	put_phdr(RODATA, P_MEMSZ, 0xff1);
	refused("segment outside the address range");
	put_phdr(RODATA, P_MEMSZ, UINT64_MAX);
	refused("segment outside the address range");
	put_phdr(RODATA, P_VADDR, 0xffffffffffff0010);
	refused("segment outside the address range");
}

static void elf_takes_a_segment_up_to_the_last_byte(void)
{
	struct elf_plan plan;

	make();
	put_phdr(RODATA, P_VADDR, limits.va_max - 0x1000 + 0x10);
	CU_ASSERT_EQUAL(plan_file(&plan), STATUS_OK);
	CU_ASSERT_EQUAL(plan.segments[2].va + plan.segments[2].mem_bytes, limits.va_max);
}

static void elf_rejects_segments_that_meet(void)
{
	make();
	put_phdr(DATA, P_VADDR, 0x3ff000);
	refused("segments not in ascending order");
	put_phdr(DATA, P_VADDR, TEXT_VA);
	refused("segments overlap");
	put_phdr(TEXT, P_MEMSZ, 0x901);
	put_phdr(DATA, P_OFFSET, 0x1900);
	put_phdr(DATA, P_VADDR, TEXT_VA + 0x900);
	refused("segments overlap");
	put_phdr(TEXT, P_MEMSZ, 0x900);
	put_phdr(DATA, P_OFFSET, 0x1900);
	put_phdr(DATA, P_VADDR, TEXT_VA + 0x900);
	refused("segments with different rights share a page");
	put_phdr(DATA, P_FLAGS, 5);
	put_phdr(DATA, P_OFFSET, 0x1900);
	put_phdr(DATA, P_VADDR, TEXT_VA + 0x900);
	refused("segments share a page");
}

static void elf_rejects_more_segments_than_it_can_plan(void)
{
	struct elf_plan plan;

	make();
	put(56, 9, 2);
	for (unsigned i = 0; i < 9; i++)
		put_load(i, 5, 0, TEXT_VA + 0x1000 * i, 0x800, 0x800);
	refused("too many segments");
	put(56, 8, 2);
	for (unsigned i = 0; i < 8; i++)
		put_load(i, 5, 0, TEXT_VA + 0x1000 * i, 0x800, 0x800);
	CU_ASSERT_EQUAL(plan_file(&plan), STATUS_OK);
	CU_ASSERT_EQUAL(plan.segment_count, 8);
}

static void elf_rejects_files_without_segments(void)
{
	make();
	for (unsigned i = TEXT; i <= RODATA; i++)
		put_phdr(i, P_TYPE, 0);
	refused("nothing to load");
	for (unsigned i = TEXT; i <= RODATA; i++) {
		put_phdr(i, P_FILESZ, 0);
		put_phdr(i, P_MEMSZ, 0);
	}
	refused("nothing to load");
}

static void elf_rejects_images_above_the_memory_limit(void)
{
	struct elf_plan plan;

	make();
	put_phdr(DATA, P_MEMSZ, 0xe000);
	CU_ASSERT_EQUAL(plan_file(&plan), STATUS_OK);
	CU_ASSERT_EQUAL(plan.image_bytes, limits.max_bytes);
	put_phdr(DATA, P_MEMSZ, 0xe001);
	CU_ASSERT_EQUAL(plan_file(&plan), STATUS_ENOMEM);
	CU_ASSERT_STRING_EQUAL(cause, "image larger than the memory it may use");
}

static const struct unit_case cases[] = {
	UNIT_CASE(elf_rejects_segments_outside_the_file),
	UNIT_CASE(elf_rejects_rights_it_cannot_give),
	UNIT_CASE(elf_rejects_addresses_that_do_not_fit_the_file),
	UNIT_CASE(elf_rejects_segments_outside_the_limits),
	UNIT_CASE(elf_takes_a_segment_up_to_the_last_byte),
	UNIT_CASE(elf_rejects_segments_that_meet),
	UNIT_CASE(elf_rejects_more_segments_than_it_can_plan),
	UNIT_CASE(elf_rejects_files_without_segments),
	UNIT_CASE(elf_rejects_images_above_the_memory_limit),
};

UNIT_MAIN("lib/elf segments", cases)
