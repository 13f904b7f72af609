// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Device trees of fixtures/fdt, compiled by dtc to $RUMPK_FIXTURES/fdt: what is read of them, and what is refused. */
#include "lib/fdt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

#define TREE_MAX 65536

/* Byte offsets in the header of a device tree. */
enum {
	H_TOTAL_BYTES = 4,
	H_OFF_STRUCT = 8,
	H_OFF_RESERVED = 16,
	H_VERSION = 20,
	H_LAST_VERSION = 24,
	H_STRINGS_BYTES = 32,
	H_STRUCT_BYTES = 36,
};

struct tree {
	_Alignas(8) uint8_t data[TREE_MAX];
	size_t len;
};

static struct fdt_machine machine;
static const char *cause;

/* Where the fixtures are not there, every claim fails: an empty tree is no tree. */
static struct tree load(const char *name)
{
	const char *folder = getenv("RUMPK_FIXTURES");
	struct tree tree = { .len = 0 };
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/fdt/%s.dtb", folder != NULL ? folder : "build/fixtures", name);
	file = fopen(path, "rb");
	if (file == NULL) {
		CU_FAIL("fixture cannot be opened");
		printf("\n    %s\n", path);
		return tree;
	}
	tree.len = fread(tree.data, 1, sizeof(tree.data), file);
	fclose(file);
	return tree;
}

static void put(struct tree *tree, size_t at, uint32_t value)
{
	for (size_t i = 0; i < 4; i++)
		tree->data[at + i] = (uint8_t)(value >> (24 - 8 * i));
}

/* Reads an exact heap copy of the first `len` bytes, so that a read beyond the end is seen. Spans of `machine` are then gone. */
static status_t read_copy(const struct tree *tree, size_t len)
{
	uint8_t *copy = malloc(len);
	status_t status;

	memcpy(copy, tree->data, len);
	cause = NULL;
	status = fdt_machine_read(copy, len, &machine, &cause);
	free(copy);
	return status;
}

static bool is(struct span span, const char *text)
{
	return span.len == strlen(text) && memcmp(span.data, text, span.len) == 0;
}

static bool range_is(struct fdt_range range, uint64_t base_pa, uint64_t bytes)
{
	return range.base_pa == base_pa && range.bytes == bytes;
}

static void refuses(const char *name, status_t status, const char *expected)
{
	struct tree tree = load(name);

	CU_ASSERT_EQUAL(read_copy(&tree, tree.len), status);
	if (cause == NULL || strcmp(cause, expected) != 0) {
		printf("\n    %s: expected \"%s\", got \"%s\"\n", name, expected, cause == NULL ? "(none)" : cause);
		CU_FAIL("other cause");
	}
}

static void fdt_reads_qemu_virt_with_gicv2(void)
{
	struct tree tree = load("virt-gicv2");

	CU_ASSERT_EQUAL(fdt_machine_read(tree.data, tree.len, &machine, &cause), STATUS_OK);
	CU_ASSERT_EQUAL(machine.fdt_bytes, tree.len);
	CU_ASSERT(is(machine.machine_name, "linux,dummy-virt"));
	CU_ASSERT_EQUAL(machine.cpu_total, 1);
	CU_ASSERT_EQUAL(machine.memory_count, 1);
	CU_ASSERT(range_is(machine.memory[0], 0x40000000, 128 << 20));
	CU_ASSERT_EQUAL(machine.gic.version, FDT_GIC_V2);
	CU_ASSERT(range_is(machine.gic.distributor, 0x8000000, 0x10000));
	CU_ASSERT(range_is(machine.gic.cpu_interface, 0x8010000, 0x10000));
	CU_ASSERT_EQUAL(machine.psci_method, FDT_PSCI_NONE); /* with secure=on there is none */
	CU_ASSERT_EQUAL(machine.bootargs.len, 0);
	CU_ASSERT_EQUAL(machine.initrd.bytes, 0);
}

static void fdt_leaves_devices_of_the_secure_world_alone(void)
{
	struct tree tree = load("virt-gicv2");

	CU_ASSERT_EQUAL(fdt_machine_read(tree.data, tree.len, &machine, &cause), STATUS_OK);
	CU_ASSERT(range_is(machine.uart.registers, 0x9000000, 0x1000));
	CU_ASSERT_EQUAL(machine.uart.intid, 33);
	CU_ASSERT_EQUAL(machine.memory_count, 1); /* the secure memory is none of ours */
}

static void fdt_reads_qemu_virt_with_gicv3(void)
{
	struct tree tree = load("virt-gicv3");

	CU_ASSERT_EQUAL(fdt_machine_read(tree.data, tree.len, &machine, &cause), STATUS_OK);
	CU_ASSERT_EQUAL(machine.cpu_total, 2);
	CU_ASSERT_EQUAL(machine.cpu_count, 2);
	CU_ASSERT_EQUAL(machine.cpu_mpidr[1], 1);
	CU_ASSERT_EQUAL(machine.gic.version, FDT_GIC_V3);
	CU_ASSERT(range_is(machine.gic.distributor, 0x8000000, 0x10000));
	CU_ASSERT_EQUAL(machine.gic.redistributor_count, 1);
	CU_ASSERT(range_is(machine.gic.redistributors[0], 0x80a0000, 0xf60000));
	CU_ASSERT_EQUAL(machine.timer_intid[FDT_TIMER_SECURE_PHYSICAL], 29);
	CU_ASSERT_EQUAL(machine.timer_intid[FDT_TIMER_PHYSICAL], 30);
	CU_ASSERT_EQUAL(machine.timer_intid[FDT_TIMER_VIRTUAL], 27);
	CU_ASSERT_EQUAL(machine.timer_intid[FDT_TIMER_HYPERVISOR], 26);
	CU_ASSERT_EQUAL(machine.psci_method, FDT_PSCI_HVC);
}

static void fdt_reads_what_the_boot_loader_chose(void)
{
	struct tree tree = load("virt-gicv3");

	CU_ASSERT_EQUAL(fdt_machine_read(tree.data, tree.len, &machine, &cause), STATUS_OK);
	CU_ASSERT(is(machine.bootargs, "log=info nonce=1234"));
	CU_ASSERT(range_is(machine.initrd, 0x44000000, 0x9000));
	CU_ASSERT_EQUAL(machine.rng_seed.len, 32);
	CU_ASSERT_EQUAL(machine.rng_seed.data[31], 0x1f);
	CU_ASSERT(machine.has_kaslr_seed && machine.kaslr_seed == 0x0123456789abcdef);
}

static void fdt_translates_addresses_through_buses(void)
{
	struct tree tree = load("board");

	CU_ASSERT_EQUAL(fdt_machine_read(tree.data, tree.len, &machine, &cause), STATUS_OK);
	CU_ASSERT(range_is(machine.gic.distributor, 0xff840000, 0x10000));
	CU_ASSERT_EQUAL(machine.gic.redistributor_count, 2);
	CU_ASSERT(range_is(machine.gic.redistributors[0], 0xff900000, 0x100000));
	CU_ASSERT(range_is(machine.gic.redistributors[1], 0xffa00000, 0x200000));
	CU_ASSERT_EQUAL(machine.gic.redistributor_stride, 0x20000);
}

static void fdt_takes_the_uart_that_stdout_path_names(void)
{
	struct tree tree = load("board");

	CU_ASSERT_EQUAL(fdt_machine_read(tree.data, tree.len, &machine, &cause), STATUS_OK);
	CU_ASSERT(range_is(machine.uart.registers, 0xfd002000, 0x200));
	CU_ASSERT_EQUAL(machine.uart.intid, 34);
}

static void fdt_takes_the_first_uart_where_the_alias_is_unknown(void)
{
	struct tree tree = load("board");

	for (size_t i = 0; i + 8 < tree.len; i++) {
		if (memcmp(tree.data + i, "serial0:", 8) == 0)
			tree.data[i + 6] = '9';
	}
	CU_ASSERT_EQUAL(fdt_machine_read(tree.data, tree.len, &machine, &cause), STATUS_OK);
	CU_ASSERT(range_is(machine.uart.registers, 0xfd001000, 0x200));
}

static void fdt_counts_cpus_it_has_no_room_for(void)
{
	struct tree tree = load("board");

	CU_ASSERT_EQUAL(fdt_machine_read(tree.data, tree.len, &machine, &cause), STATUS_OK);
	CU_ASSERT_EQUAL(machine.cpu_total, 9);
	CU_ASSERT_EQUAL(machine.cpu_count, FDT_CPU_MAX);
	CU_ASSERT_EQUAL(machine.cpu_mpidr[6], 0x102);
	CU_ASSERT_EQUAL(machine.cpu_mpidr[7], 0x100000000);
}

static void fdt_gathers_memory_and_reservations(void)
{
	struct tree tree = load("board");

	CU_ASSERT_EQUAL(fdt_machine_read(tree.data, tree.len, &machine, &cause), STATUS_OK);
	CU_ASSERT_EQUAL(machine.memory_count, 3);
	CU_ASSERT(range_is(machine.memory[0], 0x80000000, 0x40000000));
	CU_ASSERT(range_is(machine.memory[1], 0x100000000, 0x80000000));
	CU_ASSERT(range_is(machine.memory[2], 0x300000000, 0x10000000));
	CU_ASSERT_EQUAL(machine.reserved_count, 2);
	CU_ASSERT(range_is(machine.reserved[0], 0x80000000, 0x10000));
	CU_ASSERT(range_is(machine.reserved[1], 0x90000000, 0x100000));
	CU_ASSERT(range_is(machine.initrd, 0x100000000, 0x100000));
	CU_ASSERT_EQUAL(machine.psci_method, FDT_PSCI_SMC);
}

static void fdt_puts_memory_in_order(void)
{
	struct tree tree = load("memory-unordered");

	CU_ASSERT_EQUAL(fdt_machine_read(tree.data, tree.len, &machine, &cause), STATUS_OK);
	CU_ASSERT_EQUAL(machine.memory_count, FDT_MEMORY_MAX);
	CU_ASSERT(range_is(machine.memory[0], 0x40000000, 0x9000000));
	CU_ASSERT(range_is(machine.memory[1], 0x90000000, 0x1000));
	for (uint32_t i = 1; i < machine.memory_count; i++)
		CU_ASSERT(machine.memory[i].base_pa > machine.memory[i - 1].base_pa + machine.memory[i - 1].bytes);
	CU_ASSERT(range_is(machine.memory[7], 0x200000000, 0x1000));
}

static void fdt_reads_interrupts_of_four_cells(void)
{
	struct tree tree = load("board");

	CU_ASSERT_EQUAL(fdt_machine_read(tree.data, tree.len, &machine, &cause), STATUS_OK);
	CU_ASSERT_EQUAL(machine.timer_intid[FDT_TIMER_PHYSICAL], 30);
	CU_ASSERT_EQUAL(machine.timer_intid[FDT_TIMER_VIRTUAL], FDT_INTID_NONE);
}

static void fdt_reports_absent_things_as_absent(void)
{
	struct tree tree = load("bare");
	static struct fdt_machine none; /* its padding is zero too */

	CU_ASSERT_EQUAL(fdt_machine_read(tree.data, tree.len, &machine, &cause), STATUS_OK);
	none.fdt_bytes = tree.len;
	machine.machine_name.data = NULL;
	machine.bootargs.data = NULL;
	machine.rng_seed.data = NULL;
	CU_ASSERT_EQUAL(memcmp(&machine, &none, sizeof(none)), 0);
}

static void fdt_rejects_malformed_nodes(void)
{
	refuses("broken-cpu-reg", STATUS_EINVAL, "cpu has a malformed reg");
	refuses("broken-memory-reg", STATUS_EINVAL, "reg is not a whole number of entries");
	refuses("broken-memory-wraps", STATUS_EINVAL, "reg goes beyond the address space");
	refuses("broken-cells", STATUS_EINVAL, "reg has cells of an unknown number");
	refuses("broken-ranges", STATUS_EINVAL, "ranges of a bus are malformed");
	refuses("broken-ranges-wrap", STATUS_EINVAL, "ranges of a bus are malformed");
	refuses("broken-initrd", STATUS_EINVAL, "initrd ends before it begins");
	refuses("broken-initrd-half", STATUS_EINVAL, "initrd has a malformed start or end");
	refuses("broken-gic-ranges", STATUS_EINVAL, "interrupt controller lacks a register range");
	refuses("broken-gic-regions", STATUS_EINVAL, "interrupt controller has no redistributors or too many regions of them");
	refuses("broken-uart", STATUS_EINVAL, "uart without registers");
}

static void fdt_rejects_reservations_it_would_lose(void)
{
	refuses("broken-reserved-many", STATUS_E2BIG, "too many reserved memory ranges");
	refuses("broken-reserved-wraps", STATUS_EINVAL, "reserved memory goes beyond the address space");
}

static void fdt_rejects_trees_nested_too_deep(void)
{
	refuses("broken-deep", STATUS_E2BIG, "device tree is nested too deep");
}

static void fdt_rejects_what_is_no_tree(void)
{
	struct tree tree = load("virt-gicv3");

	CU_ASSERT_EQUAL(fdt_machine_read(NULL, 4096, &machine, &cause), STATUS_EINVAL);
	CU_ASSERT_EQUAL(fdt_machine_read(tree.data + 4, tree.len - 4, &machine, &cause), STATUS_EINVAL);
	tree.data[0] = 0;
	CU_ASSERT_EQUAL(read_copy(&tree, tree.len), STATUS_EINVAL);
	CU_ASSERT_STRING_EQUAL(cause, "no device tree");
}

static void fdt_rejects_headers_that_lie(void)
{
	static const struct {
		size_t at;
		uint32_t value;
	} lies[] = {
		{ H_TOTAL_BYTES, 0 },	       { H_TOTAL_BYTES, UINT32_MAX },	{ H_TOTAL_BYTES, TREE_MAX },
		{ H_OFF_STRUCT, UINT32_MAX },  { H_OFF_STRUCT, 58 },		{ H_OFF_RESERVED, UINT32_MAX },
		{ H_OFF_RESERVED, 44 },	       { H_VERSION, 16 },		{ H_LAST_VERSION, 18 },
		{ H_STRINGS_BYTES, UINT32_MAX }, { H_STRUCT_BYTES, UINT32_MAX },	{ H_STRUCT_BYTES, 0 },
		{ H_STRINGS_BYTES, 4 },
	};

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct tree tree = load("virt-gicv3");

		put(&tree, lies[i].at, lies[i].value);
		CU_ASSERT_NOT_EQUAL(read_copy(&tree, tree.len), STATUS_OK);
		CU_ASSERT_PTR_NOT_NULL(cause);
	}
}

static void fdt_rejects_trees_cut_off_at_every_byte(void)
{
	struct tree tree = load("virt-gicv3");

	for (size_t len = 0; len < tree.len; len++) {
		CU_ASSERT_NOT_EQUAL(read_copy(&tree, len), STATUS_OK);
		CU_ASSERT_PTR_NOT_NULL(cause);
	}
}

/* The header says that it is all there, but structure or strings end early. */
static void fdt_rejects_truncated_structure_and_strings(void)
{
	struct tree tree = load("virt-gicv3");
	uint32_t bytes = (uint32_t)tree.data[H_STRUCT_BYTES + 2] << 8 | tree.data[H_STRUCT_BYTES + 3];

	for (uint32_t len = 0; len < bytes; len++) {
		put(&tree, H_STRUCT_BYTES, len);
		CU_ASSERT_NOT_EQUAL(read_copy(&tree, tree.len), STATUS_OK);
	}
	tree = load("virt-gicv3");
	bytes = (uint32_t)tree.data[H_STRINGS_BYTES + 2] << 8 | tree.data[H_STRINGS_BYTES + 3];
	for (uint32_t len = 0; len < bytes; len++) {
		put(&tree, H_STRINGS_BYTES, len);
		CU_ASSERT_NOT_EQUAL(read_copy(&tree, tree.len), STATUS_OK);
	}
}

static void survives_flips(const char *name)
{
	struct tree tree = load(name);

	for (size_t i = 0; i < tree.len; i++) {
		static const uint8_t flips[] = { 0x01, 0x02, 0x04, 0x80, 0xff };

		for (size_t j = 0; j < sizeof(flips); j++) {
			tree.data[i] ^= flips[j];
			if (read_copy(&tree, tree.len) != STATUS_OK)
				CU_ASSERT_PTR_NOT_NULL(cause);
			tree.data[i] ^= flips[j];
		}
	}
}

static void fdt_survives_every_flipped_byte(void)
{
	survives_flips("virt-gicv2");
	survives_flips("virt-gicv3");
	survives_flips("board");
}

static const struct unit_case cases[] = {
	UNIT_CASE(fdt_reads_qemu_virt_with_gicv2),
	UNIT_CASE(fdt_leaves_devices_of_the_secure_world_alone),
	UNIT_CASE(fdt_reads_qemu_virt_with_gicv3),
	UNIT_CASE(fdt_reads_what_the_boot_loader_chose),
	UNIT_CASE(fdt_translates_addresses_through_buses),
	UNIT_CASE(fdt_takes_the_uart_that_stdout_path_names),
	UNIT_CASE(fdt_takes_the_first_uart_where_the_alias_is_unknown),
	UNIT_CASE(fdt_counts_cpus_it_has_no_room_for),
	UNIT_CASE(fdt_gathers_memory_and_reservations),
	UNIT_CASE(fdt_puts_memory_in_order),
	UNIT_CASE(fdt_reads_interrupts_of_four_cells),
	UNIT_CASE(fdt_reports_absent_things_as_absent),
	UNIT_CASE(fdt_rejects_malformed_nodes),
	UNIT_CASE(fdt_rejects_reservations_it_would_lose),
	UNIT_CASE(fdt_rejects_trees_nested_too_deep),
	UNIT_CASE(fdt_rejects_what_is_no_tree),
	UNIT_CASE(fdt_rejects_headers_that_lie),
	UNIT_CASE(fdt_rejects_trees_cut_off_at_every_byte),
	UNIT_CASE(fdt_rejects_truncated_structure_and_strings),
	UNIT_CASE(fdt_survives_every_flipped_byte),
};

UNIT_MAIN("lib/fdt", cases)
