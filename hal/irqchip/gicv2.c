// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Spec: Arm IHI 0048B, GIC Architecture Specification, version 2: 4.3 distributor, 4.4 CPU interface. */
#include <stddef.h>

#include "hal/arm64/cpu.h"
#include "hal/arm64/tables.h"
#include "hal/irqchip/irqchip.h"

#define GICD_CTLR (0x000 / 4)
#define GICD_ISENABLER0 (0x100 / 4)
#define GICD_ICENABLER0 (0x180 / 4)
#define GICD_IPRIORITYR0 (0x400 / 4)
#define GICD_ITARGETSR0 (0x800 / 4)
#define GICD_ITARGETSR_BYTES 0x800
#define GICD_ICFGR0 (0xc00 / 4)
#define GICD_SGIR (0xf00 / 4)
#define GICC_CTLR (0x000 / 4)
#define GICC_PMR (0x004 / 4)
#define GICC_IAR (0x00c / 4)
#define GICC_EOIR (0x010 / 4)

#define IAR_INTID 0x3ffu
#define GIC_ENABLE 1u
#define PRIORITY_ALL_LOWEST 0xffu
#define PRIORITY_DEFAULT 0xa0a0a0a0u

static volatile uint32_t *distributor;
static volatile uint32_t *cpu_interface;

static status_t gicv2_cpu_init(const struct fdt_gic *gic)
{
	(void)gic;
	/* The first 32 interrupts' registers are this CPU's own, and target this CPU: so its bit can be read there (4.3.12). */
	cpu_this()->gicv2_target = (uint8_t)distributor[GICD_ITARGETSR0];
	distributor[GICD_ICENABLER0] = UINT32_MAX;
	for (unsigned i = 0; i < 8; i++)
		distributor[GICD_IPRIORITYR0 + i] = PRIORITY_DEFAULT;
	cpu_interface[GICC_PMR] = PRIORITY_ALL_LOWEST;
	cpu_interface[GICC_CTLR] = GIC_ENABLE;
	return STATUS_OK;
}

static status_t gicv2_init(const struct fdt_gic *gic)
{
	distributor = tables_map_device(gic->distributor.base_pa, gic->distributor.bytes);
	cpu_interface = tables_map_device(gic->cpu_interface.base_pa, gic->cpu_interface.bytes);
	if (distributor == NULL || cpu_interface == NULL)
		return STATUS_ENOMEM;
	distributor[GICD_CTLR] = GIC_ENABLE;
	return gicv2_cpu_init(gic);
}

static void gicv2_notify(const struct cpu *cpu, uint32_t intid)
{
	barrier_dsb_ishst(); /* what the other CPU is to see is written before it is told (4.3.15) */
	distributor[GICD_SGIR] = (uint32_t)cpu->gicv2_target << 16 | intid;
}

static void gicv2_enable(uint32_t intid)
{
	distributor[GICD_ISENABLER0] = 1u << intid % 32;
}

static void gicv2_disable_shared(uint32_t intid)
{
	distributor[GICD_ICENABLER0 + intid / 32] = 1u << intid % 32;
}

static void gicv2_enable_shared(uint32_t intid, bool edge, const struct cpu *cpu)
{
	uint32_t trigger = 2u << intid % 16 * 2;
	uint32_t config = distributor[GICD_ICFGR0 + intid / 16];

	gicv2_disable_shared(intid); /* the trigger is changed in no other state (4.3.13) */
	distributor[GICD_ICFGR0 + intid / 16] = edge ? config | trigger : config & ~trigger;
	distributor[GICD_IPRIORITYR0 + intid / 4] = PRIORITY_DEFAULT; /* the neighbours' is the same */
	((volatile uint8_t *)distributor)[GICD_ITARGETSR_BYTES + intid] = cpu->gicv2_target;
	distributor[GICD_ISENABLER0 + intid / 32] = 1u << intid % 32;
}

static uint32_t gicv2_acknowledge(void)
{
	uint32_t acknowledged = cpu_interface[GICC_IAR];

	cpu_this()->gicv2_acknowledged = acknowledged;
	return acknowledged & IAR_INTID;
}

/* With the sender of a software generated one, as it was acknowledged (4.4.5). */
static void gicv2_end(uint32_t intid)
{
	(void)intid;
	cpu_interface[GICC_EOIR] = cpu_this()->gicv2_acknowledged;
}

const struct irqchip irqchip_gicv2 = {
	.init = gicv2_init,
	.cpu_init = gicv2_cpu_init,
	.notify = gicv2_notify,
	.enable = gicv2_enable,
	.enable_shared = gicv2_enable_shared,
	.disable_shared = gicv2_disable_shared,
	.acknowledge = gicv2_acknowledge,
	.end = gicv2_end,
};
