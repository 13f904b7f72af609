// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Machine start-up in C: read the device tree, map RAM and devices, bring up serial port, interrupt controller and timer,
 * count the RAM that is free, and hand over to the client that the image's head names.
 */
#include "hal/start.h"

#include <stdbool.h>
#include <stddef.h>

#include "hal/arm64/cpu.h"
#include "hal/arm64/exception.h"
#include "hal/arm64/image.h"
#include "hal/arm64/smp.h"
#include "hal/arm64/tables.h"
#include "hal/contract/boot.h"
#include "hal/contract/console.h"
#include "hal/contract/exit.h"
#include "hal/firmware/psci.h"
#include "hal/irqchip/irqchip.h"
#include "hal/timer/generic.h"
#include "hal/uart/pl011.h"
#include "lib/bits.h"
#include "lib/fdt.h"
#include "lib/string.h"

#define IMAGE_SIZE_OFFSET 16   /* of the Image header's image_size */
#define IMAGE_CLIENT_OFFSET 64 /* the Image header's length; the head's next word points to the client */
#define EXIT_PANIC 255

static struct hal_boot_info info;
static struct fdt_machine machine;
static const void *device_tree;

static void put(const char *text)
{
	hal_console_write(text, strlen(text));
}

static _Noreturn void start_failed(const char *what, const char *why)
{
	put("PANIC: hal: ");
	put(what);
	put(": ");
	put(why);
	put("\n");
	hal_exit(EXIT_PANIC);
}

static uint64_t clamp(uint64_t x, uint64_t least, uint64_t most)
{
	uint64_t raised = x > least ? x : least;

	return raised < most ? raised : most;
}

/* Takes [base, base + bytes) out of the sorted free ranges, splitting one where it must. */
static void free_remove(uint64_t base, uint64_t bytes)
{
	uint64_t first = bits_align_down(base, HAL_PAGE_BYTES);
	uint64_t end = bits_align_up(clamp(base + bytes, 0, HAL_DIRECT_BYTES), HAL_PAGE_BYTES);

	for (unsigned i = 0; i < info.free_count; i++) {
		struct hal_range *range = &info.free[i];
		uint64_t range_end = range->base_pa + range->bytes;
		struct hal_range below = { range->base_pa, clamp(first, range->base_pa, range_end) - range->base_pa };
		uint64_t above_pa = clamp(end, range->base_pa, range_end);
		struct hal_range above = { above_pa, range_end - above_pa };

		*range = below.bytes > 0 ? below : above;
		if (below.bytes == 0 || above.bytes == 0 || info.free_count == HAL_RANGES_MAX)
			continue;
		for (unsigned j = info.free_count++; j > i + 1; j--)
			info.free[j] = info.free[j - 1];
		range[1] = above;
	}
}

static void ram_map(const struct fdt_range *bank, uint64_t image_pa)
{
	uint64_t base = bits_align_up(clamp(bank->base_pa, 0, HAL_DIRECT_BYTES), HAL_PAGE_BYTES); /* clamped: rounding is not to wrap */
	uint64_t end = bits_align_down(clamp(bank->base_pa + bank->bytes, 0, HAL_DIRECT_BYTES), HAL_PAGE_BYTES);
	uint64_t image_end_pa = image_pa + (uint64_t)(image_end - image_start);
	status_t status = STATUS_OK;

	if (base >= end || info.free_count == HAL_RANGES_MAX)
		return;
	if (image_pa >= base && image_end_pa <= end) { /* the image is reached at its own address only: W^X */
		status = tables_map_range(HAL_DIRECT_BASE + base, base, image_pa - base, PTE_KERNEL_RW);
		if (status == STATUS_OK)
			status = tables_map_range(HAL_DIRECT_BASE + image_end_pa, image_end_pa, end - image_end_pa,
						  PTE_KERNEL_RW);
	} else {
		status = tables_map_range(HAL_DIRECT_BASE + base, base, end - base, PTE_KERNEL_RW);
	}
	if (status != STATUS_OK)
		start_failed("cannot map RAM", "too many pieces");
	info.memory_bytes += end - base;
	info.free[info.free_count++] = (struct hal_range){ base, end - base };
}

static bool range_is_ram(const struct fdt_range *range)
{
	for (uint32_t i = 0; i < machine.memory_count; i++) {
		const struct fdt_range *bank = &machine.memory[i];
		uint64_t offset = range->base_pa - bank->base_pa; /* wraps, and is above bank->bytes, where the range begins below the bank */

		if (offset <= bank->bytes && range->bytes <= bank->bytes - offset)
			return range->base_pa + range->bytes <= HAL_DIRECT_BYTES;
	}
	return false;
}

/*
 * `rumpk bake` puts a bundle behind the image and has the head say that the image is longer by that much. It is the one bundle then,
 * whatever else the loader brings: such an image runs one thing.
 */
static void baked_take(uint64_t image_pa)
{
	const uint64_t linked = (uint64_t)(image_end - image_start);
	const uint64_t whole = *(const volatile uint64_t *)(image_start + IMAGE_SIZE_OFFSET);

	if (whole <= linked)
		return;
	machine.initrd = (struct fdt_range){ image_pa + linked, whole - linked };
	if (!range_is_ram(&machine.initrd))
		start_failed("no memory", "the bundle behind the image is outside of what the device tree names");
}

static void memory_init(uint64_t fdt_pa, uint64_t image_pa)
{
	for (uint32_t i = 0; i < machine.memory_count; i++)
		ram_map(&machine.memory[i], image_pa);
	if (info.free_count == 0)
		start_failed("no memory", "the device tree names none");
	if (!range_is_ram(&(struct fdt_range){ image_pa, (uint64_t)(image_end - image_start) }))
		start_failed("no memory", "the kernel's image is outside of what the device tree names");
	baked_take(image_pa);
	free_remove(image_pa, (uint64_t)(image_end - image_start));
	free_remove(fdt_pa, machine.fdt_bytes);
	free_remove(machine.initrd.base_pa, machine.initrd.bytes);
	for (uint32_t i = 0; i < machine.reserved_count; i++)
		free_remove(machine.reserved[i].base_pa, machine.reserved[i].bytes);
}

static void console_init(void)
{
	volatile void *registers = NULL;

	if (machine.uart.registers.bytes != 0)
		registers = tables_map_device(machine.uart.registers.base_pa, machine.uart.registers.bytes);
	if (registers != NULL)
		pl011_init(registers, machine.uart.intid);
}

/* The seed leaves the tree, so that nobody else who reads the tree later has it; a tree in no RAM cannot be written. */
static void seed_take(uint64_t fdt_pa)
{
	static uint8_t seed[64];
	size_t len = machine.rng_seed.len < sizeof(seed) ? machine.rng_seed.len : sizeof(seed);
	uint64_t fdt_va = FIXMAP_FDT_VA + (fdt_pa & (TABLE_BLOCK_BYTES(2) - 1));

	if (len == 0)
		return;
	memcpy(seed, machine.rng_seed.data, len);
	info.seed[0] = span_of(seed, len);
	if (range_is_ram(&(struct fdt_range){ fdt_pa, machine.fdt_bytes }))
		memset(hal_direct_va(fdt_pa + ((uint64_t)machine.rng_seed.data - fdt_va)), 0, machine.rng_seed.len);
}

static void info_fill(uint64_t fdt_pa)
{
	info.machine = machine.machine_name;
	info.cpu_count = machine.cpu_total;
	info.command_line = machine.bootargs;
	for (unsigned i = 0; i < HAL_BOOT_STACKS; i++)
		info.stack_tops[i] = (uint64_t)early_fiber_stacks[i] + sizeof(early_fiber_stacks[i]);
	if (machine.initrd.bytes != 0 && range_is_ram(&machine.initrd))
		info.bundle = span_of(hal_direct_va(machine.initrd.base_pa), machine.initrd.bytes);
	seed_take(fdt_pa);
	if (machine.has_kaslr_seed)
		info.seed[1] = span_of(&machine.kaslr_seed, sizeof(machine.kaslr_seed));
}

const void *hal_device_tree(size_t *bytes)
{
	*bytes = machine.fdt_bytes;
	return device_tree;
}

_Noreturn void hal_start(uint64_t fdt_pa, uint64_t image_pa)
{
	const struct hal_client *client = *(const struct hal_client **)(void *)(image_start + IMAGE_CLIENT_OFFSET);
	uint64_t fdt_offset = fdt_pa & (TABLE_BLOCK_BYTES(2) - 1);
	const char *why = "unknown";

	sysreg_write(tpidr_el1, &cpus[0]);
	exception_init(client->fault);
	tables_init(image_pa);
	device_tree = (const void *)(FIXMAP_FDT_VA + fdt_offset);
	if (fdt_machine_read(device_tree, FIXMAP_FDT_BYTES - fdt_offset, &machine, &why) != STATUS_OK)
		start_failed("cannot read the device tree", why);
	smp_init(&machine);
	psci_init(machine.psci_method);
	console_init();
	memory_init(fdt_pa, image_pa);
	if (irqchip_init(&machine.gic) != STATUS_OK)
		start_failed("no interrupt controller", "neither GICv2 nor GICv3 is described, or this CPU's part is missing");
	irqchip_connect(IRQCHIP_INTID_NOTIFY, client->notified);
	if (machine.timer_intid[FDT_TIMER_VIRTUAL] == FDT_INTID_NONE ||
	    generic_timer_init(machine.timer_intid[FDT_TIMER_VIRTUAL], client->timer) != STATUS_OK)
		start_failed("no timer", "the virtual timer has no interrupt or no frequency");
	info_fill(fdt_pa);
	client->main(&info);
	start_failed("the kernel returned", "its main must not");
}
