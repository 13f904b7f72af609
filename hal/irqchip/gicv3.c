// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Spec: Arm IHI 0069H, GIC Architecture Specification, version 3: 12.2 system registers, 12.9 distributor, 12.11 redistributor. */
#include <stddef.h>

#include "hal/arm64/cpu.h"
#include "hal/arm64/sysreg.h"
#include "hal/arm64/tables.h"
#include "hal/irqchip/irqchip.h"

#define GICD_CTLR (0x0000 / 4)
#define GICD_CTLR_ENABLE_GRP1 (1u << 1)
#define GICD_CTLR_ARE (1u << 4)
#define GICD_CTLR_RWP (1u << 31)
#define GICD_IGROUPR0 (0x0080 / 4)
#define GICD_ISENABLER0 (0x0100 / 4)
#define GICD_ICENABLER0 (0x0180 / 4)
#define GICD_IPRIORITYR0 (0x0400 / 4)
#define GICD_ICFGR0 (0x0c00 / 4)
#define GICD_IROUTER0 (0x6000 / 8)
#define IROUTER_AFFINITY 0xff00fffffful

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
#define ICC_SGI1R_EL1 s3_0_c12_c11_5
#define ICC_SRE_EL1 s3_0_c12_c12_5
#define ICC_IGRPEN1_EL1 s3_0_c12_c12_7

#define PRIORITY_ALL_LOWEST 0xffu
#define PRIORITY_DEFAULT 0xa0a0a0a0u

static volatile uint32_t *distributor;

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

static void redistributor_init(volatile uint32_t *redistributor)
{
	redistributor[GICR_WAKER] &= ~GICR_WAKER_PROCESSOR_SLEEP;
	while (redistributor[GICR_WAKER] & GICR_WAKER_CHILDREN_ASLEEP)
		;
	redistributor[GICR_ICENABLER0] = UINT32_MAX;
	redistributor[GICR_IGROUPR0] = UINT32_MAX;
	for (unsigned i = 0; i < 8; i++)
		redistributor[GICR_IPRIORITYR0 + i] = PRIORITY_DEFAULT;
}

static status_t gicv3_cpu_init(const struct fdt_gic *gic)
{
	struct cpu *cpu = cpu_this();

	for (uint32_t i = 0; cpu->redistributor == NULL && i < gic->redistributor_count; i++)
		cpu->redistributor = find_in_region(&gic->redistributors[i], gic->redistributor_stride);
	if (cpu->redistributor == NULL)
		return STATUS_ENODEV;
	redistributor_init(cpu->redistributor);
	sysreg_write(ICC_SRE_EL1, 7);
	barrier_isb();
	sysreg_write(ICC_PMR_EL1, PRIORITY_ALL_LOWEST);
	sysreg_write(ICC_IGRPEN1_EL1, 1);
	barrier_isb();
	return STATUS_OK;
}

/* Waits until what was written to the distributor is in force. */
static void distributor_settle(void)
{
	while (distributor[GICD_CTLR] & GICD_CTLR_RWP)
		;
}

static status_t gicv3_init(const struct fdt_gic *gic)
{
	distributor = tables_map_device(gic->distributor.base_pa, gic->distributor.bytes);
	if (distributor == NULL)
		return STATUS_ENOMEM;
	distributor[GICD_CTLR] = GICD_CTLR_ARE | GICD_CTLR_ENABLE_GRP1;
	distributor_settle();
	return gicv3_cpu_init(gic);
}

static void gicv3_enable(uint32_t intid)
{
	cpu_this()->redistributor[GICR_ISENABLER0] = 1u << intid % 32;
}

static void gicv3_disable_shared(uint32_t intid)
{
	distributor[GICD_ICENABLER0 + intid / 32] = 1u << intid % 32;
	distributor_settle();
}

static void gicv3_enable_shared(uint32_t intid, bool edge, const struct cpu *cpu)
{
	uint32_t trigger = 2u << intid % 16 * 2;
	uint32_t config = distributor[GICD_ICFGR0 + intid / 16];

	gicv3_disable_shared(intid); /* the trigger is changed in no other state (12.9.9) */
	distributor[GICD_ICFGR0 + intid / 16] = edge ? config | trigger : config & ~trigger;
	distributor[GICD_IGROUPR0 + intid / 32] |= 1u << intid % 32;
	distributor[GICD_IPRIORITYR0 + intid / 4] = PRIORITY_DEFAULT; /* the neighbours' is the same */
	((volatile uint64_t *)(volatile void *)distributor)[GICD_IROUTER0 + intid] = cpu->mpidr & IROUTER_AFFINITY;
	distributor[GICD_ISENABLER0 + intid / 32] = 1u << intid % 32;
}

/* ICC_SGI1R_EL1: affinity 3, 2 and 1, and a bit for affinity 0 within its range of 16 (12.2.37). */
static void gicv3_notify(const struct cpu *cpu, uint32_t intid)
{
	uint64_t mpidr = cpu->mpidr;
	uint64_t value = (mpidr >> 32 & 0xff) << 48 | (mpidr >> 16 & 0xff) << 32 | (mpidr >> 8 & 0xff) << 16 |
			 (mpidr >> 4 & 0xf) << 44 | (uint64_t)intid << 24 | 1ul << (mpidr & 0xf);

	__asm__ volatile("dsb ishst" ::: "memory"); /* what the other CPU is to see is written before it is told */
	sysreg_write(ICC_SGI1R_EL1, value);
	barrier_isb();
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
	.cpu_init = gicv3_cpu_init,
	.notify = gicv3_notify,
	.enable = gicv3_enable,
	.enable_shared = gicv3_enable_shared,
	.disable_shared = gicv3_disable_shared,
	.acknowledge = gicv3_acknowledge,
	.end = gicv3_end,
};
