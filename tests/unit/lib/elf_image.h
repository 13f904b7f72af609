// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* An ELF file made in memory, right at first, so that a test can make it wrong in one place. */
#ifndef TESTS_UNIT_LIB_ELF_IMAGE_H
#define TESTS_UNIT_LIB_ELF_IMAGE_H

#include <stdio.h>
#include <string.h>

#include "lib/elf.h"
#include "tests/unit/unit.h"

#define FILE_BYTES 0x3000u
#define PHDR_AT 64u
#define PHDR_COUNT 6u
#define NOTE_AT 0x300u
#define INTERP_AT 0x380u
#define TEXT_VA 0x400000u
#define DATA_VA 0x411000u

/* Byte offsets in a program header. */
enum {
	P_TYPE = 0,
	P_FLAGS = 4,
	P_OFFSET = 8,
	P_VADDR = 16,
	P_FILESZ = 32,
	P_MEMSZ = 40,
	P_ALIGN = 48,
};

/* Program headers of the file. */
enum {
	TEXT,
	DATA,
	RODATA,
	NOTE,
	STACK,
	SPARE,
};

static const struct elf_limits limits = {
	.va_min = 0x10000,
	.va_max = 0x40000000,
	.max_bytes = 0x10000,
	.dyn_base = 0x10000000,
};

static uint8_t file[FILE_BYTES];
static const char *cause;

static inline void put(size_t at, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		file[at + i] = (uint8_t)(value >> (8 * i));
}

static inline void put_phdr(unsigned index, unsigned field, uint64_t value)
{
	put(PHDR_AT + 56 * index + field, value, field == P_TYPE || field == P_FLAGS ? 4 : 8);
}

static inline void put_load(unsigned index, uint32_t flags, uint64_t offset, uint64_t va, uint64_t file_bytes, uint64_t mem_bytes)
{
	put_phdr(index, P_TYPE, 1);
	put_phdr(index, P_FLAGS, flags);
	put_phdr(index, P_OFFSET, offset);
	put_phdr(index, P_VADDR, va);
	put_phdr(index, P_FILESZ, file_bytes);
	put_phdr(index, P_MEMSZ, mem_bytes);
	put_phdr(index, P_ALIGN, 0x1000);
}

/* Text, data with bss, read-only data, the native note, a stack without execution, and a spare header. */
static inline void make(void)
{
	memset(file, 0, sizeof(file));
	memcpy(file, "\177ELF\2\1\1", 7);
	put(16, 2, 2);
	put(18, 183, 2);
	put(20, 1, 4);
	put(24, TEXT_VA + 0x400, 8);
	put(32, PHDR_AT, 8);
	put(52, 64, 2);
	put(54, 56, 2);
	put(56, PHDR_COUNT, 2);
	put_load(TEXT, 5, 0, TEXT_VA, 0x800, 0x800);
	put_load(DATA, 6, 0x1000, DATA_VA, 0x123, 0x2001);
	put_load(RODATA, 4, 0x2010, 0x420010, 0xff0, 0xff0);
	put_phdr(NOTE, P_TYPE, 4);
	put_phdr(NOTE, P_OFFSET, NOTE_AT);
	put_phdr(NOTE, P_FILESZ, 24);
	put_phdr(NOTE, P_ALIGN, 4);
	put(NOTE_AT, 6, 4);
	put(NOTE_AT + 4, 4, 4);
	put(NOTE_AT + 8, 1, 4);
	memcpy(file + NOTE_AT + 12, "Rumpk", 6);
	put(NOTE_AT + 20, 2, 4);
	put_phdr(STACK, P_TYPE, 0x6474e551);
	put_phdr(STACK, P_FLAGS, 6);
	memcpy(file + INTERP_AT, "/lib/ld.so", 11);
}

static inline status_t plan_file(struct elf_plan *plan)
{
	cause = NULL;
	return elf_plan(span_of(file, sizeof(file)), &limits, plan, &cause);
}

/* Asserts that the file as it stands is refused for this cause; then makes it right again. */
static inline void refused(const char *expected)
{
	struct elf_plan plan;

	CU_ASSERT_EQUAL(plan_file(&plan), STATUS_ENOEXEC);
	if (cause == NULL || strcmp(cause, expected) != 0) {
		printf("\n    expected \"%s\", got \"%s\"\n", expected, cause == NULL ? "(none)" : cause);
		CU_FAIL("other cause");
	}
	make();
}

#endif
