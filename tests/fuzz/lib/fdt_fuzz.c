// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Whatever the tree says, ranges do not wrap, counts stay within their arrays, and spans within the tree. */
#include "lib/fdt.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

static void check_ranges(const struct fdt_range *ranges, size_t count, size_t max)
{
	FUZZ_ASSERT(count <= max);
	for (size_t i = 0; i < count; i++)
		FUZZ_ASSERT(ranges[i].bytes > 0 && ranges[i].bytes <= UINT64_MAX - ranges[i].base_pa);
}

static void check_gic(const struct fdt_gic *gic)
{
	if (gic->version == FDT_GIC_NONE)
		return;
	check_ranges(&gic->distributor, 1, 1);
	if (gic->version == FDT_GIC_V2)
		check_ranges(&gic->cpu_interface, 1, 1);
	else
		FUZZ_ASSERT(gic->version == FDT_GIC_V3 && gic->redistributor_count > 0);
	check_ranges(gic->redistributors, gic->redistributor_count, FDT_REDISTRIBUTOR_MAX);
}

static void check_machine(const struct fdt_machine *machine, struct span tree)
{
	FUZZ_ASSERT(machine->fdt_bytes <= tree.len);
	FUZZ_ASSERT(machine->cpu_count <= FDT_CPU_MAX && machine->cpu_count <= machine->cpu_total);
	check_ranges(machine->memory, machine->memory_count, FDT_MEMORY_MAX);
	for (size_t i = 1; i < machine->memory_count; i++)
		FUZZ_ASSERT(machine->memory[i].base_pa - machine->memory[i - 1].base_pa > machine->memory[i - 1].bytes);
	check_ranges(machine->reserved, machine->reserved_count, FDT_RESERVED_MAX);
	check_gic(&machine->gic);
	FUZZ_ASSERT(machine->initrd.bytes <= UINT64_MAX - machine->initrd.base_pa);
	FUZZ_ASSERT(machine->uart.registers.bytes <= UINT64_MAX - machine->uart.registers.base_pa);
	for (size_t i = 0; i < FDT_TIMER_INTERRUPTS; i++)
		FUZZ_ASSERT(machine->timer_intid[i] == FDT_INTID_NONE ||
			    (machine->timer_intid[i] >= 16 && machine->timer_intid[i] < 1020));
	FUZZ_ASSERT(machine->machine_name.len == 0 || fuzz_is_inside(machine->machine_name, tree));
	FUZZ_ASSERT(machine->bootargs.len == 0 || fuzz_is_inside(machine->bootargs, tree));
	FUZZ_ASSERT(machine->rng_seed.len == 0 || fuzz_is_inside(machine->rng_seed, tree));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size); /* aligned, and of the exact size */
	struct fdt_machine machine;
	const char *why = NULL;

	if (size > 0)
		memcpy(copy, data, size);
	if (fdt_machine_read(copy, size, &machine, &why) == STATUS_OK)
		check_machine(&machine, span_of(copy, size));
	else
		FUZZ_ASSERT(why != NULL);
	free(copy);
	return 0;
}
