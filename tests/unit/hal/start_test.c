// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What of the machine's RAM is mapped and what of it is free, by the ranges that a device tree may name: unaligned, empty, overlapping, too many. */
#include "tests/unit/machine.h"

#define machine found /* the source's own */
#include "hal/start.c"
#undef machine

asm(".data\n.balign 4096\n.globl image_start\nimage_start: .space 16384\n.globl image_end\nimage_end:\n.text\n");

enum { IMAGE_BYTES = 0x4000, MAPPED_MAX = 64 };
#define RAM 0x40000000ull
#define IMAGE (RAM + 0x200000)
#define TREE (RAM + 0x8000000)

static struct mapping {
	uint64_t va, pa, bytes, attributes;
} mapped[MAPPED_MAX];
static unsigned mapped_count, mapped_limit;
static jmp_buf exits;
static char printed[256];

status_t tables_map_range(uint64_t va, uint64_t pa, uint64_t bytes, uint64_t attributes)
{
	if (mapped_count == mapped_limit)
		return STATUS_ENOMEM;
	mapped[mapped_count++] = (struct mapping){ va, pa, bytes, attributes };
	return STATUS_OK;
}

_Noreturn void hal_exit(int status)
{
	CU_ASSERT_EQUAL(status, 255);
	longjmp(exits, 1);
}

void hal_console_write(const char *text, size_t len)
{
	strncat(printed, text, len);
}

static void begin(void)
{
	memset(&info, 0, sizeof(info));
	memset(&found, 0, sizeof(found));
	memset(image_start, 0, IMAGE_BYTES);
	mapped_count = 0;
	mapped_limit = MAPPED_MAX;
	printed[0] = '\0';
}

static void bank(uint64_t base, uint64_t bytes)
{
	found.memory[found.memory_count++] = (struct fdt_range){ base, bytes };
}

/* Whether the machine starts with what is described; else it ends, and `printed` says why. */
static bool starts(void)
{
	if (setjmp(exits) != 0)
		return false;
	memory_init(TREE, IMAGE);
	return true;
}

static void is_free(unsigned i, uint64_t base, uint64_t bytes)
{
	CU_ASSERT_EQUAL(info.free[i].base_pa, base);
	CU_ASSERT_EQUAL(info.free[i].bytes, bytes);
}

static void is_mapped(unsigned i, uint64_t pa, uint64_t bytes)
{
	CU_ASSERT_EQUAL(mapped[i].va, HAL_DIRECT_BASE + pa);
	CU_ASSERT_EQUAL(mapped[i].pa, pa);
	CU_ASSERT_EQUAL(mapped[i].bytes, bytes);
	CU_ASSERT_EQUAL(mapped[i].attributes, PTE_KERNEL_RW);
}

static void ram_is_mapped_but_for_the_image_and_free_but_for_what_is_in_it(void)
{
	begin();
	bank(RAM, 0x10000000);
	found.fdt_bytes = 0x1234;
	found.initrd = (struct fdt_range){ RAM + 0x4000800, 0x1000 };
	found.reserved[0] = (struct fdt_range){ RAM, 0x1000 };
	found.reserved[1] = (struct fdt_range){ RAM + 0xffff000, 0x1000 };
	found.reserved_count = 2;
	CU_ASSERT_TRUE(starts());
	CU_ASSERT_EQUAL(mapped_count, 2);
	is_mapped(0, RAM, 0x200000);
	is_mapped(1, IMAGE + IMAGE_BYTES, 0x10000000 - 0x200000 - IMAGE_BYTES);
	CU_ASSERT_EQUAL(info.memory_bytes, 0x10000000);
	CU_ASSERT_EQUAL(info.free_count, 4);
	is_free(0, RAM + 0x1000, 0x1ff000);
	is_free(1, IMAGE + IMAGE_BYTES, 0x4000000 - 0x200000 - IMAGE_BYTES);
	is_free(2, RAM + 0x4002000, 0x8000000 - 0x4002000);
	is_free(3, TREE + 0x2000, 0xffff000 - 0x8002000);
}

static void banks_count_by_their_whole_pages(void)
{
	begin();
	bank(0x10000800, 0x2000);
	bank(0x20000001, 0xffe);
	bank(0x30000000, 0);
	bank(RAM, 0x400000);
	bank(HAL_DIRECT_BYTES - 0x1000, 0x3000);
	bank(HAL_DIRECT_BYTES, 0x1000);
	CU_ASSERT_TRUE(starts());
	CU_ASSERT_EQUAL(mapped_count, 4);
	is_mapped(0, 0x10001000, 0x1000);
	is_mapped(3, HAL_DIRECT_BYTES - 0x1000, 0x1000);
	CU_ASSERT_EQUAL(info.memory_bytes, 0x402000);
	CU_ASSERT_EQUAL(info.free_count, 4);
	is_free(3, HAL_DIRECT_BYTES - 0x1000, 0x1000);
}

static void what_cannot_be_a_machine_says_why(void)
{
	begin();
	CU_ASSERT_FALSE(starts());
	CU_ASSERT_STRING_EQUAL(printed, "PANIC: hal: no memory: the device tree names none\n");
	begin();
	bank(RAM, 0x200000 + IMAGE_BYTES - 0x1000); /* its last page is not in it */
	CU_ASSERT_FALSE(starts());
	CU_ASSERT_STRING_EQUAL(printed, "PANIC: hal: no memory: the kernel's image is outside of what the device tree names\n");
	for (unsigned limit = 0; limit < 2; limit++) {
		begin();
		bank(RAM, 0x10000000);
		mapped_limit = limit;
		CU_ASSERT_FALSE(starts());
		CU_ASSERT_STRING_EQUAL(printed, "PANIC: hal: cannot map RAM: too many pieces\n");
	}
	begin();
	bank(RAM, 0x200000 + IMAGE_BYTES);
	CU_ASSERT_TRUE(starts());
}

static void a_bundle_behind_the_image_is_the_one_bundle(void)
{
	const uint64_t whole = IMAGE_BYTES + 0x5000, none = IMAGE_BYTES;

	begin();
	bank(RAM, 0x200000 + whole);
	memcpy(image_start + 16, &whole, 8);
	found.initrd = (struct fdt_range){ RAM, 1 };
	CU_ASSERT_TRUE(starts());
	CU_ASSERT_EQUAL(found.initrd.base_pa, IMAGE + IMAGE_BYTES);
	CU_ASSERT_EQUAL(found.initrd.bytes, 0x5000);
	is_free(0, RAM, 0x200000);
	CU_ASSERT_EQUAL(info.free[1].bytes, 0);
	begin();
	bank(RAM, 0x200000 + whole - 0x1000);
	memcpy(image_start + 16, &whole, 8);
	CU_ASSERT_FALSE(starts());
	begin();
	bank(RAM, 0x10000000);
	memcpy(image_start + 16, &none, 8);
	found.initrd = (struct fdt_range){ RAM, 1 };
	CU_ASSERT_TRUE(starts());
	CU_ASSERT_EQUAL(found.initrd.base_pa, RAM);
}

static void a_range_is_ram_where_one_bank_holds_all_of_it(void)
{
	begin();
	bank(RAM, 0x2000);
	bank(RAM + 0x2000, 0x1000);
	bank(HAL_DIRECT_BYTES - 0x1000, 0x2000);
	CU_ASSERT_TRUE(range_is_ram(&(struct fdt_range){ RAM, 0x2000 }));
	CU_ASSERT_TRUE(range_is_ram(&(struct fdt_range){ RAM + 0x1fff, 1 }));
	CU_ASSERT_FALSE(range_is_ram(&(struct fdt_range){ RAM + 0x1fff, 2 }));
	CU_ASSERT_FALSE(range_is_ram(&(struct fdt_range){ RAM - 1, 2 }));
	CU_ASSERT_FALSE(range_is_ram(&(struct fdt_range){ RAM, UINT64_MAX }));
	CU_ASSERT_FALSE(range_is_ram(&(struct fdt_range){ RAM + 0x3001, 0 }));
	CU_ASSERT_TRUE(range_is_ram(&(struct fdt_range){ HAL_DIRECT_BYTES - 0x1000, 0x1000 }));
	CU_ASSERT_FALSE(range_is_ram(&(struct fdt_range){ HAL_DIRECT_BYTES - 0x1000, 0x1001 }));
}

static void free_ranges_are_cut_split_and_emptied(void)
{
	begin();
	info.free[0] = (struct hal_range){ 0x10000, 0x10000 };
	info.free[1] = (struct hal_range){ 0x30000, 0x10000 };
	info.free_count = 2;
	free_remove(0x20000, 0x10000); /* between them */
	is_free(0, 0x10000, 0x10000);
	is_free(1, 0x30000, 0x10000);
	free_remove(0x1f001, 0x11000); /* of both, and whole pages of them */
	is_free(0, 0x10000, 0xf000);
	is_free(1, 0x31000, 0xf000);
	free_remove(0x12fff, 2);
	CU_ASSERT_EQUAL(info.free_count, 3);
	is_free(0, 0x10000, 0x2000);
	is_free(1, 0x14000, 0xb000);
	is_free(2, 0x31000, 0xf000);
	free_remove(0x14000, 0xb000);
	CU_ASSERT_EQUAL(info.free[1].bytes, 0);
	is_free(2, 0x31000, 0xf000);
}

/* Where no range more can be noted, the part behind the hole is given up. */
static void a_range_that_cannot_be_split_loses_its_end(void)
{
	begin();
	for (unsigned i = 0; i < HAL_RANGES_MAX; i++)
		info.free[i] = (struct hal_range){ 0x10000 * (i + 1), 0x8000 };
	info.free_count = HAL_RANGES_MAX;
	free_remove(0x11000, 0x1000);
	CU_ASSERT_EQUAL(info.free_count, HAL_RANGES_MAX);
	is_free(0, 0x10000, 0x1000);
	is_free(1, 0x20000, 0x8000);
	ram_map(&(struct fdt_range){ RAM, 0x1000 }, IMAGE);
	CU_ASSERT_EQUAL(mapped_count, 0);
	begin();
	ram_map(&(struct fdt_range){ RAM + 0x1000, 0 }, IMAGE);
	ram_map(&(struct fdt_range){ RAM + 0x800, 0x800 }, IMAGE);
	CU_ASSERT(mapped_count == 0 && info.free_count == 0 && info.memory_bytes == 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(ram_is_mapped_but_for_the_image_and_free_but_for_what_is_in_it),
	UNIT_CASE(banks_count_by_their_whole_pages),
	UNIT_CASE(what_cannot_be_a_machine_says_why),
	UNIT_CASE(a_bundle_behind_the_image_is_the_one_bundle),
	UNIT_CASE(a_range_is_ram_where_one_bank_holds_all_of_it),
	UNIT_CASE(free_ranges_are_cut_split_and_emptied),
	UNIT_CASE(a_range_that_cannot_be_split_loses_its_end),
};

UNIT_MAIN("hal/start", cases)
