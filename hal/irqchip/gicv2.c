// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Spec: Arm IHI 0048B, GIC Architecture Specification, version 2: 4.3 distributor, 4.4 CPU interface. */
#include <stddef.h>

#include "hal/arm64/tables.h"
#include "hal/irqchip/irqchip.h"

#define GICD_CTLR (0x000 / 4)
#define GICD_ISENABLER0 (0x100 / 4)
#define GICD_ICENABLER0 (0x180 / 4)
#define GICD_IPRIORITYR0 (0x400 / 4)
#define GICC_CTLR (0x000 / 4)
#define GICC_PMR (0x004 / 4)
#define GICC_IAR (0x00c / 4)
#define GICC_EOIR (0x010 / 4)

#define GIC_ENABLE 1u
#define PRIORITY_ALL_LOWEST 0xffu
#define PRIORITY_DEFAULT 0xa0a0a0a0u
#define INTID_MASK 0x3ffu

static volatile uint32_t *distributor;
static volatile uint32_t *cpu_interface;

static status_t gicv2_init(const struct fdt_gic *gic)
{
	distributor = tables_map_device(gic->distributor.base_pa, gic->distributor.bytes);
	cpu_interface = tables_map_device(gic->cpu_interface.base_pa, gic->cpu_interface.bytes);
	if (distributor == NULL || cpu_interface == NULL)
		return STATUS_ENOMEM;
	distributor[GICD_CTLR] = 0;
	distributor[GICD_ICENABLER0] = UINT32_MAX;
	for (unsigned i = 0; i < 8; i++)
		distributor[GICD_IPRIORITYR0 + i] = PRIORITY_DEFAULT;
	distributor[GICD_CTLR] = GIC_ENABLE;
	cpu_interface[GICC_PMR] = PRIORITY_ALL_LOWEST;
	cpu_interface[GICC_CTLR] = GIC_ENABLE;
	return STATUS_OK;
}

static void gicv2_enable(uint32_t intid)
{
	distributor[GICD_ISENABLER0] = 1u << intid % 32;
}

static uint32_t gicv2_acknowledge(void)
{
	return cpu_interface[GICC_IAR] & INTID_MASK;
}

static void gicv2_end(uint32_t intid)
{
	cpu_interface[GICC_EOIR] = intid;
}

const struct irqchip irqchip_gicv2 = {
	.init = gicv2_init,
	.enable = gicv2_enable,
	.acknowledge = gicv2_acknowledge,
	.end = gicv2_end,
};
