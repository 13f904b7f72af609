// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * GICv3's interrupt translation service: (device, event) becomes an interrupt from 8192 on, by tables in memory that it is told of by
 * commands. All of it goes to the CPU that attaches the first line; who attaches one on another CPU must do without.
 *
 * One block of memory holds everything; of the 64 KiB that the pending table must be aligned to, it takes 2 KiB itself.
 *
 * Spec: Arm IHI 0069H: 5 "Locality-specific Peripheral Interrupts and the ITS", 5.3 "ITS commands", 12.11 redistributor, 12.19 ITS registers.
 */
#include <stdbool.h>
#include <stddef.h>

#include "hal/arm64/cpu.h"
#include "hal/arm64/io.h"
#include "hal/arm64/tables.h"
#include "hal/contract/memory.h"
#include "hal/contract/timer.h"
#include "hal/irqchip/messages.h"
#include "lib/string.h"

/* Redistributor. */
#define GICR_CTLR (0x0000 / 4)
#define GICR_CTLR_ENABLE_LPIS 1u
#define GICR_TYPER_LOW (0x0008 / 4)
#define GICR_TYPER_PLPIS 1u
#define GICR_PROPBASER 0x0070
#define GICR_PENDBASER 0x0078
#define PENDBASER_ZEROED (1ull << 62)

/* ITS. */
#define GITS_BYTES 0x20000u
#define GITS_CTLR 0x0000
#define GITS_CTLR_ENABLED 1u
#define GITS_TYPER 0x0008
#define GITS_TYPER_PTA (1ull << 19)
#define GITS_CBASER 0x0080
#define GITS_CWRITER 0x0088
#define GITS_CREADR 0x0090
#define GITS_BASER 0x0100
#define GITS_BASERS 8u
#define GITS_TRANSLATER 0x10040

#define BASE_VALID (1ull << 63)
#define BASE_CACHED (7ull << 59)    /* inner: read and write allocate, write back */
#define BASE_INNER_SHAREABLE (1ull << 10)
#define BASER_TYPE(value) ((value) >> 56 & 7)
#define BASER_TYPE_DEVICES 1u
#define BASER_TYPE_COLLECTIONS 4u
#define BASER_ENTRY_BYTES(value) (((value) >> 48 & 0x1f) + 1)
#define BASER_PAGE_SIZE (3ull << 8)
#define LPI_CACHED (7ull << 7)

/* Offsets in the block: what must be aligned to 64 KiB comes first in each half. */
#define BLOCK_ORDER 5u
#define BLOCK_PENDING 0x00000u
#define BLOCK_CONFIG 0x04000u
#define BLOCK_DEVICES 0x08000u
#define BLOCK_COLLECTIONS 0x09000u
#define BLOCK_TRANSLATIONS 0x0a000u
#define BLOCK_COMMANDS 0x10000u
#define BLOCK_BYTES 0x20000u

#define LPI_FIRST 8192u
#define LPI_ID_BITS 14u
#define LPI_CONFIG 0xa1u /* priority as all others', enabled */
#define EVENT_BITS 1u
#define TRANSLATION_BYTES 256u /* of a device's table, and its alignment */
#define DEVICES_MAX ((BLOCK_COMMANDS - BLOCK_TRANSLATIONS) / TRANSLATION_BYTES)
#define COMMANDS (HAL_PAGE_BYTES / 32)
#define COMMAND_NS 100000000ull

#define COMMAND_SYNC 0x05u
#define COMMAND_MAPD 0x08u
#define COMMAND_MAPC 0x09u
#define COMMAND_MAPTI 0x0au
#define COMMAND_INV 0x0cu

static volatile uint8_t *its;
static uint64_t its_pa;
static uint64_t block_pa;
static uint32_t command_next;
static uint32_t device_ids; /* that the table has room for */
static uint32_t devices[DEVICES_MAX];
static unsigned device_count;
static uint32_t lpi_next = LPI_FIRST;
static const struct cpu *target;
static bool working;

static void write64(volatile uint8_t *at, uint64_t value)
{
	*(volatile uint64_t *)(volatile void *)at = value;
}

static uint64_t read64(const volatile uint8_t *at)
{
	return *(const volatile uint64_t *)(const volatile void *)at;
}

/* One command, and waiting until it is read. */
static status_t command(uint64_t word0, uint64_t word1, uint64_t word2)
{
	uint64_t *slot = (uint64_t *)hal_direct_va(block_pa + BLOCK_COMMANDS) + 4 * command_next;
	uint64_t deadline = hal_timer_now_ns() + COMMAND_NS;

	slot[0] = word0;
	slot[1] = word1;
	slot[2] = word2;
	slot[3] = 0;
	command_next = (command_next + 1) % COMMANDS;
	barrier_dsb_ishst();
	write64(its + GITS_CWRITER, command_next * 32);
	while (read64(its + GITS_CREADR) != command_next * 32)
		if (hal_timer_now_ns() > deadline)
			return STATUS_EIO;
	return STATUS_OK;
}

/* Where the target's interrupts go, as commands name it: by the redistributor's physical address, or by its number. */
static uint64_t target_base(void)
{
	uint64_t par;

	if (!(read64(its + GITS_TYPER) & GITS_TYPER_PTA))
		return (uint64_t)(target->redistributor[GICR_TYPER_LOW] >> 8 & 0xffff) << 16;
	__asm__ volatile("at s1e1r, %1\n\tisb\n\tmrs %0, par_el1" : "=r"(par) : "r"(target->redistributor) : "memory");
	return par & 0xffffffff0000ull;
}

static uint64_t base_value(uint32_t offset)
{
	return BASE_VALID | BASE_CACHED | BASE_INNER_SHAREABLE | (block_pa + offset);
}

/* Gives the service the tables it asks for, a page of 4 KiB each. */
static status_t tables_give(void)
{
	for (unsigned i = 0; i < GITS_BASERS; i++) {
		volatile uint8_t *at = its + GITS_BASER + 8 * i;
		uint64_t asked = read64(at);
		uint64_t type = BASER_TYPE(asked);
		uint32_t offset = type == BASER_TYPE_DEVICES ? BLOCK_DEVICES : BLOCK_COLLECTIONS;

		if (type == 0)
			continue;
		if (type != BASER_TYPE_DEVICES && type != BASER_TYPE_COLLECTIONS)
			return STATUS_ENOTSUP;
		write64(at, base_value(offset));
		if ((read64(at) & (BASER_PAGE_SIZE | BASE_VALID | BASE_INNER_SHAREABLE)) != (BASE_VALID | BASE_INNER_SHAREABLE))
			return STATUS_ENOTSUP; /* other pages, or tables that are not coherent */
		if (type == BASER_TYPE_DEVICES)
			device_ids = (uint32_t)(HAL_PAGE_BYTES / BASER_ENTRY_BYTES(asked));
	}
	return device_ids == 0 ? STATUS_ENOTSUP : STATUS_OK;
}

status_t irqchip_its_init(const struct fdt_range *registers, const struct hal_device_services *services)
{
	status_t status;

	static_assert((HAL_PAGE_BYTES << BLOCK_ORDER) == BLOCK_BYTES, "one block");
	if (registers->bytes < GITS_BYTES || cpu_this()->redistributor == NULL)
		return STATUS_ENOTSUP;
	its = tables_map_device_from(registers->base_pa, GITS_BYTES, &services->pages);
	block_pa = its != NULL && services->block != NULL ? services->block(BLOCK_ORDER) : 0;
	if (block_pa == 0)
		return STATUS_ENOMEM;
	memset(hal_direct_va(block_pa), 0, BLOCK_BYTES);
	its_pa = registers->base_pa;
	io_write32(its + GITS_CTLR, 0);
	status = tables_give();
	if (status != STATUS_OK)
		return status;
	write64(its + GITS_CBASER, base_value(BLOCK_COMMANDS)); /* size: one page */
	write64(its + GITS_CWRITER, 0);
	io_write32(its + GITS_CTLR, GITS_CTLR_ENABLED);
	return STATUS_OK;
}

/* Lets the target take messages, and makes it collection 0. */
static status_t target_begin(void)
{
	volatile uint8_t *registers = (volatile uint8_t *)target->redistributor;
	status_t status;

	if (!(target->redistributor[GICR_TYPER_LOW] & GICR_TYPER_PLPIS) || target->redistributor[GICR_CTLR] & GICR_CTLR_ENABLE_LPIS)
		return STATUS_ENOTSUP; /* or somebody before us has, with tables of his own */
	write64(registers + GICR_PROPBASER, LPI_CACHED | BASE_INNER_SHAREABLE | (block_pa + BLOCK_CONFIG) | (LPI_ID_BITS - 1));
	write64(registers + GICR_PENDBASER, PENDBASER_ZEROED | LPI_CACHED | BASE_INNER_SHAREABLE | (block_pa + BLOCK_PENDING));
	target->redistributor[GICR_CTLR] |= GICR_CTLR_ENABLE_LPIS;
	barrier_dsb_ish();
	status = command(COMMAND_MAPC, 0, BASE_VALID | target_base());
	if (status == STATUS_OK)
		status = command(COMMAND_SYNC, 0, target_base());
	working = status == STATUS_OK;
	return status;
}

/* Makes a device known, once. */
static status_t device_begin(uint32_t device)
{
	uint64_t table_pa = block_pa + BLOCK_TRANSLATIONS + TRANSLATION_BYTES * device_count;

	for (unsigned i = 0; i < device_count; i++)
		if (devices[i] == device)
			return STATUS_OK;
	if (device_count == DEVICES_MAX || device >= device_ids)
		return STATUS_ENOSPC;
	devices[device_count++] = device;
	return command((uint64_t)device << 32 | COMMAND_MAPD, EVENT_BITS - 1, BASE_VALID | table_pa);
}

static status_t line_map(struct irqchip_line *line, uint32_t device, uint32_t event)
{
	uint32_t intid = lpi_next;
	status_t status = device_begin(device);

	if (status != STATUS_OK)
		return status;
	*((uint8_t *)hal_direct_va(block_pa + BLOCK_CONFIG) + (intid - LPI_FIRST)) = LPI_CONFIG;
	barrier_dsb_ishst();
	status = command((uint64_t)device << 32 | COMMAND_MAPTI, (uint64_t)intid << 32 | event, 0);
	if (status == STATUS_OK)
		status = command((uint64_t)device << 32 | COMMAND_INV, event, 0);
	if (status == STATUS_OK)
		status = command(COMMAND_SYNC, 0, target_base());
	if (status != STATUS_OK)
		return status;
	lpi_next++;
	line->intid = intid;
	line->edge = true;
	return STATUS_OK;
}

static status_t its_attach(struct irqchip_line *line, uint32_t device, uint32_t event, struct irqchip_message *out)
{
	status_t status;

	if (target == NULL) {
		target = cpu_this();
		status = target_begin();
		if (status != STATUS_OK)
			return status;
	}
	if (target != cpu_this() || !working)
		return STATUS_ENOTSUP;
	if (line->intid == FDT_INTID_NONE) {
		status = line_map(line, device, event);
		if (status != STATUS_OK)
			return status;
		irqchip_attach_enabled(line);
	}
	*out = (struct irqchip_message){ its_pa + GITS_TRANSLATER, event };
	return STATUS_OK;
}

const struct irqchip_messages irqchip_its = { .attach = its_attach };
