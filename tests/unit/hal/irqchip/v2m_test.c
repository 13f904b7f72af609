// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A GICv2m frame whose registers say anything: interrupts are given out of its range alone, and only of those that are shared ones. */
#include "tests/unit/machine.h"

#include "hal/irqchip/v2m.c"

static _Alignas(4096) uint8_t registers[HAL_PAGE_BYTES];
static bool mapped;
static struct irqchip_line *attached;

volatile void *tables_map_device_from(uint64_t pa, uint64_t bytes, const struct hal_page_source *source)
{
	(void)source;
	CU_ASSERT_EQUAL(pa, 0x8020000);
	CU_ASSERT_EQUAL(bytes, HAL_PAGE_BYTES);
	return mapped ? registers : NULL;
}

void irqchip_attach(struct irqchip_line *line)
{
	attached = line;
}

static status_t begin(uint32_t first, uint32_t count, uint64_t bytes)
{
	static const struct hal_device_services services;
	const uint32_t typer = first << 16 | count;

	memcpy(registers + MSI_TYPER, &typer, sizeof(typer));
	return irqchip_v2m_init(&(struct fdt_range){ 0x8020000, bytes }, &services);
}

static void a_frame_is_taken_whose_interrupts_are_shared_ones(void)
{
	mapped = true;
	CU_ASSERT_EQUAL(begin(80, 64, 4096), STATUS_OK);
	CU_ASSERT_EQUAL(begin(32, 988, 4096), STATUS_OK);
	CU_ASSERT_EQUAL(begin(32, 0, 4096), STATUS_OK);
	CU_ASSERT_EQUAL(begin(31, 64, 4096), STATUS_ENOTSUP);
	CU_ASSERT_EQUAL(begin(0, 0, 4096), STATUS_ENOTSUP);
	CU_ASSERT_EQUAL(begin(33, 988, 4096), STATUS_ENOTSUP);
	CU_ASSERT_EQUAL(begin(1023, 1023, 4096), STATUS_ENOTSUP);
	CU_ASSERT_EQUAL(begin(80, 64, 4095), STATUS_ENOTSUP);
	mapped = false;
	CU_ASSERT_EQUAL(begin(80, 64, 4096), STATUS_ENOMEM);
}

static void each_line_has_an_interrupt_of_its_own_until_none_is_left(void)
{
	struct irqchip_line lines[3] = { 0 };
	struct irqchip_message message;

	mapped = true;
	CU_ASSERT_EQUAL(begin(80, 2, 8192), STATUS_OK);
	for (unsigned i = 0; i < 2; i++) {
		CU_ASSERT_EQUAL(irqchip_v2m.attach(&lines[i], 7, 1, &message), STATUS_OK);
		CU_ASSERT_PTR_EQUAL(attached, &lines[i]);
		CU_ASSERT_EQUAL(lines[i].intid, 80 + i);
		CU_ASSERT_TRUE(lines[i].edge);
		CU_ASSERT_EQUAL(message.address, 0x8020040);
		CU_ASSERT_EQUAL(message.data, 80 + i);
	}
	CU_ASSERT_EQUAL(irqchip_v2m.attach(&lines[2], 7, 1, &message), STATUS_ENOSPC);
	CU_ASSERT_EQUAL(lines[2].intid, FDT_INTID_NONE);
	CU_ASSERT_EQUAL(irqchip_v2m.attach(&lines[0], 7, 1, &message), STATUS_OK);
	CU_ASSERT_EQUAL(message.data, 80);
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_frame_is_taken_whose_interrupts_are_shared_ones),
	UNIT_CASE(each_line_has_an_interrupt_of_its_own_until_none_is_left),
};

UNIT_MAIN("hal/irqchip/v2m", cases)
