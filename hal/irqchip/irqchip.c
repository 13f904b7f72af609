// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "hal/irqchip/irqchip.h"

#include <stddef.h>

enum { PRIVATE_INTIDS = 32 };

static const struct irqchip *chip;
static void (*handlers[PRIVATE_INTIDS])(void);

status_t irqchip_init(const struct fdt_gic *gic)
{
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

void irqchip_handle(void)
{
	for (;;) {
		uint32_t intid = chip->acknowledge();

		if (intid >= IRQCHIP_INTID_SPURIOUS)
			return;
		if (intid < PRIVATE_INTIDS && handlers[intid] != NULL)
			handlers[intid]();
		chip->end(intid);
	}
}
