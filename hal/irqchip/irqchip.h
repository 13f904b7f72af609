// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The interrupt controller, whichever it is: one table of functions a kind. */
#ifndef HAL_IRQCHIP_IRQCHIP_H
#define HAL_IRQCHIP_IRQCHIP_H

#include <stdint.h>

#include "lib/fdt.h"
#include "lib/status.h"

#define IRQCHIP_INTID_SPURIOUS 1020 /* this and above: nothing to handle */

struct irqchip {
	/* Maps the registers and brings up the distributor and this CPU's part, everything masked. */
	status_t (*init)(const struct fdt_gic *gic);
	void (*enable)(uint32_t intid); /* a private peripheral interrupt of this CPU, 16 to 31 */
	uint32_t (*acknowledge)(void);
	void (*end)(uint32_t intid);
};

extern const struct irqchip irqchip_gicv2;
extern const struct irqchip irqchip_gicv3;

/* Chooses by version and brings it up. STATUS_ENODEV where the device tree names none that is known. */
MUST_CHECK status_t irqchip_init(const struct fdt_gic *gic);

/* Calls `handler` for every interrupt `intid` from now on. Context of the handler: interrupt. One handler an interrupt. */
void irqchip_connect(uint32_t intid, void (*handler)(void));

/* From vectors.S: handles what is pending on this CPU. */
void irqchip_handle(void);

#endif
