// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Spec: Arm IHI 0069H, GIC Architecture Specification, version 3: 12.2 system registers, 12.9 distributor, 12.11 redistributor. */
#include <stddef.h>

#include "hal/arm64/sysreg.h"
#include "hal/arm64/tables.h"
#include "hal/irqchip/irqchip.h"

#define GICD_CTLR (0x0000 / 4)
#define GICD_CTLR_ENABLE_GRP1 (1u << 1)
#define GICD_CTLR_ARE (1u << 4)
#define GICD_CTLR_RWP (1u << 31)

#define GICR_TYPER (0x0008 / 4)
#define GICR_TYPER_LAST (1u << 4)
#define GICR_TYPER_VLPIS (1u << 1)
#define GICR_WAKER (0x0014 / 4)
#define GICR_WAKER_PROCESSOR_SLEEP (1u << 1)
#define GICR_WAKER_CHILDREN_ASLEEP (1u << 2)
#define GICR_FRAME_BYTES 0x10000u
#define GICR_IGROUPR0 (0x10080 / 4)
#define GICR_ISENABLER0 (0x10100 / 4)
#define GICR_ICENABLER0 (0x10180 / 4)
#define GICR_IPRIORITYR0 (0x10400 / 4)

#define ICC_PMR_EL1 s3_0_c4_c6_0
#define ICC_IAR1_EL1 s3_0_c12_c12_0
#define ICC_EOIR1_EL1 s3_0_c12_c12_1
#define ICC_SRE_EL1 s3_0_c12_c12_5
#define ICC_IGRPEN1_EL1 s3_0_c12_c12_7

#define PRIORITY_ALL_LOWEST 0xffu
#define PRIORITY_DEFAULT 0xa0a0a0a0u

static volatile uint32_t *redistributor; /* this CPU's */

/* MPIDR_EL1's affinity as GICR_TYPER[63:32] shows it. */
static uint32_t affinity(void)
{
	uint64_t mpidr = sysreg_read(mpidr_el1);

	return (uint32_t)((mpidr & 0xffffff) | (mpidr >> 8 & 0xff000000));
}

/* This CPU's redistributor, among the frames of one region; NULL where it is not among them. */
static volatile uint32_t *find_in_region(const struct fdt_range *region, uint64_t stride)
{
	uint64_t offset = 0;

	while (offset + 2 * GICR_FRAME_BYTES <= region->bytes) {
		volatile uint32_t *frame = tables_map_device(region->base_pa + offset, 2 * GICR_FRAME_BYTES);

		if (frame == NULL || frame[GICR_TYPER + 1] == affinity())
			return frame;
		if (frame[GICR_TYPER] & GICR_TYPER_LAST)
			break;
		offset += stride != 0 ? stride : (frame[GICR_TYPER] & GICR_TYPER_VLPIS ? 4u : 2u) * GICR_FRAME_BYTES;
	}
	return NULL;
}

static void redistributor_init(void)
{
	redistributor[GICR_WAKER] &= ~GICR_WAKER_PROCESSOR_SLEEP;
	while (redistributor[GICR_WAKER] & GICR_WAKER_CHILDREN_ASLEEP)
		;
	redistributor[GICR_ICENABLER0] = UINT32_MAX;
	redistributor[GICR_IGROUPR0] = UINT32_MAX;
	for (unsigned i = 0; i < 8; i++)
		redistributor[GICR_IPRIORITYR0 + i] = PRIORITY_DEFAULT;
}

static status_t gicv3_init(const struct fdt_gic *gic)
{
	volatile uint32_t *distributor = tables_map_device(gic->distributor.base_pa, gic->distributor.bytes);

	if (distributor == NULL)
		return STATUS_ENOMEM;
	for (uint32_t i = 0; redistributor == NULL && i < gic->redistributor_count; i++)
		redistributor = find_in_region(&gic->redistributors[i], gic->redistributor_stride);
	if (redistributor == NULL)
		return STATUS_ENODEV;
	distributor[GICD_CTLR] = GICD_CTLR_ARE | GICD_CTLR_ENABLE_GRP1;
	while (distributor[GICD_CTLR] & GICD_CTLR_RWP)
		;
	redistributor_init();
	sysreg_write(ICC_SRE_EL1, 7);
	barrier_isb();
	sysreg_write(ICC_PMR_EL1, PRIORITY_ALL_LOWEST);
	sysreg_write(ICC_IGRPEN1_EL1, 1);
	barrier_isb();
	return STATUS_OK;
}

static void gicv3_enable(uint32_t intid)
{
	redistributor[GICR_ISENABLER0] = 1u << intid % 32;
}

static uint32_t gicv3_acknowledge(void)
{
	uint32_t intid = (uint32_t)sysreg_read(ICC_IAR1_EL1) & 0xffffff;

	__asm__ volatile("dsb sy" ::: "memory"); /* acknowledged before the device is touched (IHI 0069H 4.2) */
	return intid;
}

static void gicv3_end(uint32_t intid)
{
	sysreg_write(ICC_EOIR1_EL1, intid);
	barrier_isb();
}

const struct irqchip irqchip_gicv3 = {
	.init = gicv3_init,
	.enable = gicv3_enable,
	.acknowledge = gicv3_acknowledge,
	.end = gicv3_end,
};
