// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The interrupt controller, whichever it is: one table of functions a kind. */
#ifndef HAL_IRQCHIP_IRQCHIP_H
#define HAL_IRQCHIP_IRQCHIP_H

#include <stdint.h>

#include "lib/fdt.h"
#include "lib/status.h"

#define IRQCHIP_INTID_SPURIOUS 1020 /* this and above: nothing to handle */
#define IRQCHIP_INTID_NOTIFY 0

struct cpu;

struct irqchip {
	/* Maps the registers and brings up the distributor and this CPU's part, everything masked. */
	status_t (*init)(const struct fdt_gic *gic);
	/* This CPU's part alone; also called by init for the boot CPU. */
	status_t (*cpu_init)(const struct fdt_gic *gic);
	void (*enable)(uint32_t intid); /* a private interrupt of this CPU, 0 to 31 */
	void (*notify)(const struct cpu *cpu, uint32_t intid); /* software generated, 0 to 15, to one CPU */
	uint32_t (*acknowledge)(void); /* the interrupt in bits 9 to 0 */
	void (*end)(uint32_t acknowledged);
};

extern const struct irqchip irqchip_gicv2;
extern const struct irqchip irqchip_gicv3;

/* Chooses by version and brings it up. STATUS_ENODEV where the device tree names none that is known. */
MUST_CHECK status_t irqchip_init(const struct fdt_gic *gic);

/* Calls `handler` for every private interrupt `intid` from now on, on every CPU. Context of the handler: interrupt. One handler an interrupt. */
void irqchip_connect(uint32_t intid, void (*handler)(void));

/* Brings up the part of a CPU that has just started, with every interrupt that is connected. */
MUST_CHECK status_t irqchip_cpu_init(void);

/* Raises IRQCHIP_INTID_NOTIFY on another CPU. */
void irqchip_notify(const struct cpu *cpu);

/* From vectors.S: handles what is pending on this CPU. */
void irqchip_handle(void);

#endif
