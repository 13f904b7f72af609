// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "hal/irqchip/irqchip.h"

#include <stddef.h>

enum { PRIVATE_INTIDS = 32, INTID_MASK = 0x3ff };

static const struct irqchip *chip;
static const struct fdt_gic *description;
static void (*handlers[PRIVATE_INTIDS])(void);

status_t irqchip_init(const struct fdt_gic *gic)
{
	description = gic;
	switch (gic->version) {
	case FDT_GIC_V2:
		chip = &irqchip_gicv2;
		break;
	case FDT_GIC_V3:
		chip = &irqchip_gicv3;
		break;
	default:
		return STATUS_ENODEV;
	}
	return chip->init(gic);
}

void irqchip_connect(uint32_t intid, void (*handler)(void))
{
	handlers[intid % PRIVATE_INTIDS] = handler;
	chip->enable(intid);
}

status_t irqchip_cpu_init(void)
{
	status_t status = chip->cpu_init(description);

	for (uint32_t intid = 0; status == STATUS_OK && intid < PRIVATE_INTIDS; intid++)
		if (handlers[intid] != NULL)
			chip->enable(intid);
	return status;
}

void irqchip_notify(const struct cpu *cpu)
{
	chip->notify(cpu, IRQCHIP_INTID_NOTIFY);
}

void irqchip_handle(void)
{
	for (;;) {
		uint32_t acknowledged = chip->acknowledge();
		uint32_t intid = acknowledged & INTID_MASK; /* GICv2: with the sender of a software generated one above */

		if (intid >= IRQCHIP_INTID_SPURIOUS)
			return;
		if (intid < PRIVATE_INTIDS && handlers[intid] != NULL)
			handlers[intid]();
		chip->end(acknowledged);
	}
}
