// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* ELF plans as a whole: headers, entry, notes, interpreter, and files that are damaged anywhere. */
#include "lib/elf.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/lib/elf_image.h"
#include "tests/unit/unit.h"

static void elf_plans_segments_entry_and_headers(void)
{
	struct elf_plan plan;

	make();
	CU_ASSERT_EQUAL(plan_file(&plan), STATUS_OK);
	CU_ASSERT_EQUAL(plan.segment_count, 3);
	CU_ASSERT_EQUAL(plan.segments[1].va, DATA_VA);
	CU_ASSERT_EQUAL(plan.segments[1].mem_bytes, 0x2001);
	CU_ASSERT_EQUAL(plan.segments[1].file_offset, 0x1000);
	CU_ASSERT_EQUAL(plan.segments[1].file_bytes, 0x123);
	CU_ASSERT_EQUAL(plan.segments[1].flags, ELF_SEGMENT_READ | ELF_SEGMENT_WRITE);
	CU_ASSERT_EQUAL(plan.entry_va, TEXT_VA + 0x400);
	CU_ASSERT_EQUAL(plan.phdr_va, TEXT_VA + PHDR_AT);
	CU_ASSERT_EQUAL(plan.phdr_count, PHDR_COUNT);
	CU_ASSERT_EQUAL(plan.image_bytes, 0x1000 + 0x3000 + 0x1000);
	CU_ASSERT(plan.is_native && !plan.is_pie && !plan.has_interpreter);
	CU_ASSERT_EQUAL(plan.load_bias, 0);
}

static void elf_moves_position_independent_files(void)
{
	struct elf_plan plan;

	make();
	put(16, 3, 2);
	CU_ASSERT_EQUAL(plan_file(&plan), STATUS_OK);
	CU_ASSERT_TRUE(plan.is_pie);
	CU_ASSERT_EQUAL(plan.load_bias, limits.dyn_base);
	CU_ASSERT_EQUAL(plan.segments[0].va, limits.dyn_base + TEXT_VA);
	CU_ASSERT_EQUAL(plan.entry_va, limits.dyn_base + TEXT_VA + 0x400);
	CU_ASSERT_EQUAL(plan.phdr_va, limits.dyn_base + TEXT_VA + PHDR_AT);
	make();
	put(16, 3, 2);
	put_phdr(TEXT, P_VADDR, UINT64_MAX - 0xfff);
	refused("segment outside the address range");
	put(16, 3, 2);
	put_phdr(TEXT, P_ALIGN, 0x20000000);
	put_phdr(TEXT, P_VADDR, 0);
	refused("segment alignment too large for the load address");
}

static void elf_rejects_what_is_not_an_aarch64_executable(void)
{
	make();
	file[1] = 'e';
	refused("not an ELF file");
	file[4] = 1;
	refused("not a 64 bit ELF");
	file[5] = 2;
	refused("not little-endian");
	file[6] = 2;
	refused("unknown ELF version");
	put(20, 2, 4);
	refused("unknown ELF version");
	put(18, 62, 2);
	refused("not for AArch64");
	put(16, 1, 2);
	refused("not an executable ELF");
}

static void elf_rejects_program_headers_out_of_bounds(void)
{
	make();
	put(54, 32, 2);
	refused("program header size is not 56");
	put(56, 0, 2);
	refused("no program headers or too many");
	put(56, 65, 2);
	refused("no program headers or too many");
	put(32, FILE_BYTES - 56 * PHDR_COUNT + 1, 8);
	refused("program headers outside the file");
	put(32, UINT64_MAX, 8);
	refused("program headers outside the file");
}

static void elf_rejects_entries_that_are_not_code(void)
{
	make();
	put(24, DATA_VA, 8);
	refused("entry outside every executable segment");
	put(24, TEXT_VA + 0x800, 8);
	refused("entry outside every executable segment");
	put(24, TEXT_VA - 4, 8);
	refused("entry outside every executable segment");
	put(24, 0, 8);
	refused("entry outside every executable segment");
	put(24, TEXT_VA + 2, 8);
	refused("entry not aligned to an instruction");
}

static void elf_reports_headers_that_are_not_mapped(void)
{
	struct elf_plan plan;

	make();
	memmove(file + 0x900, file + PHDR_AT, 56 * PHDR_COUNT);
	put(32, 0x900, 8);
	CU_ASSERT_EQUAL(plan_file(&plan), STATUS_OK);
	CU_ASSERT_EQUAL(plan.phdr_va, 0);
}

static void elf_tells_native_from_linux_by_the_note(void)
{
	struct elf_plan plan;

	make();
	file[NOTE_AT + 12] = 'L';
	CU_ASSERT_EQUAL(plan_file(&plan), STATUS_OK);
	CU_ASSERT_FALSE(plan.is_native);
	make();
	put(NOTE_AT + 8, 2, 4);
	CU_ASSERT_EQUAL(plan_file(&plan), STATUS_OK);
	CU_ASSERT_FALSE(plan.is_native);
	put_phdr(NOTE, P_TYPE, 0);
	CU_ASSERT_EQUAL(plan_file(&plan), STATUS_OK);
	CU_ASSERT_FALSE(plan.is_native);
}

static void elf_rejects_broken_notes(void)
{
	make();
	put(NOTE_AT + 20, 1, 4);
	refused("native ABI version not supported");
	put(NOTE_AT + 4, 3, 4);
	refused("native ABI version not supported");
	put(NOTE_AT, UINT32_MAX, 4);
	refused("note malformed");
	put(NOTE_AT + 4, UINT32_MAX, 4);
	refused("note malformed");
	put_phdr(NOTE, P_FILESZ, 23);
	refused("note malformed");
	put_phdr(NOTE, P_FILESZ, 30);
	refused("note malformed");
	put_phdr(NOTE, P_OFFSET, UINT64_MAX);
	refused("note outside the file");
}

static void elf_reports_the_interpreter(void)
{
	struct elf_plan plan;

	make();
	put_phdr(SPARE, P_TYPE, 3);
	put_phdr(SPARE, P_OFFSET, INTERP_AT);
	put_phdr(SPARE, P_FILESZ, 11);
	CU_ASSERT_EQUAL(plan_file(&plan), STATUS_OK);
	CU_ASSERT_TRUE(plan.has_interpreter);
	CU_ASSERT_EQUAL(plan.interpreter.len, 10);
	put_phdr(SPARE, P_FILESZ, 10);
	refused("interpreter path malformed");
	put_phdr(SPARE, P_TYPE, 3);
	put_phdr(SPARE, P_OFFSET, INTERP_AT);
	put_phdr(SPARE, P_FILESZ, 12);
	refused("interpreter path malformed");
	put_phdr(SPARE, P_TYPE, 3);
	put_phdr(SPARE, P_OFFSET, FILE_BYTES);
	put_phdr(SPARE, P_FILESZ, 1);
	refused("interpreter path outside the file");
	for (unsigned index = STACK; index <= SPARE; index++) {
		put_phdr(index, P_TYPE, 3);
		put_phdr(index, P_OFFSET, INTERP_AT);
		put_phdr(index, P_FILESZ, 11);
	}
	refused("more than one interpreter");
}

static void elf_rejects_files_cut_off_at_every_byte(void)
{
	make();
	for (size_t len = 0; len < sizeof(file); len += len < 0x500 ? 1 : 61) {
		uint8_t *copy = malloc(len + 1);
		struct elf_plan plan;

		memcpy(copy + 1, file, len);
		CU_ASSERT_EQUAL(elf_plan(span_of(copy + 1, len), &limits, &plan, &cause), STATUS_ENOEXEC);
		free(copy);
	}
}

static void elf_plans_within_bounds_under_every_flipped_bit(void)
{
	make();
	for (size_t bit = 0; bit < INTERP_AT * 8; bit++) {
		struct elf_plan plan;
		bool inside = true;

		file[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (plan_file(&plan) == STATUS_OK) {
			for (size_t i = 0; i < plan.segment_count; i++)
				inside = inside && plan.segments[i].va >= limits.va_min &&
					 plan.segments[i].va + plan.segments[i].mem_bytes <= limits.va_max &&
					 plan.segments[i].file_offset + plan.segments[i].file_bytes <= sizeof(file);
			if (!inside)
				CU_FAIL("plan outside its limits");
		} else if (cause == NULL) {
			CU_FAIL("refused without a cause");
		}
		file[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(elf_plans_segments_entry_and_headers),
	UNIT_CASE(elf_moves_position_independent_files),
	UNIT_CASE(elf_rejects_what_is_not_an_aarch64_executable),
	UNIT_CASE(elf_rejects_program_headers_out_of_bounds),
	UNIT_CASE(elf_rejects_entries_that_are_not_code),
	UNIT_CASE(elf_reports_headers_that_are_not_mapped),
	UNIT_CASE(elf_tells_native_from_linux_by_the_note),
	UNIT_CASE(elf_rejects_broken_notes),
	UNIT_CASE(elf_reports_the_interpreter),
	UNIT_CASE(elf_rejects_files_cut_off_at_every_byte),
	UNIT_CASE(elf_plans_within_bounds_under_every_flipped_bit),
};

UNIT_MAIN("lib/elf", cases)
