// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The interrupt controller, whichever it is: one table of functions a kind. */
#ifndef HAL_IRQCHIP_IRQCHIP_H
#define HAL_IRQCHIP_IRQCHIP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/fdt.h"
#include "lib/status.h"

#define IRQCHIP_INTID_SPURIOUS 1020u /* this and the three above: nothing to handle */
#define IRQCHIP_INTID_SPURIOUS_END 1024u
#define IRQCHIP_INTID_NOTIFY 0
#define IRQCHIP_SHARED_FIRST 32u /* of the interrupts that are not a CPU's own */

struct cpu;

struct irqchip {
	/* Maps the registers and brings up the distributor and this CPU's part, everything masked. */
	status_t (*init)(const struct fdt_gic *gic);
	/* This CPU's part alone; also called by init for the boot CPU. */
	status_t (*cpu_init)(const struct fdt_gic *gic);
	void (*enable)(uint32_t intid); /* a private interrupt of this CPU, 0 to 31 */
	void (*enable_shared)(uint32_t intid, bool edge, const struct cpu *cpu); /* 32 to 1019, to one CPU */
	void (*disable_shared)(uint32_t intid);
	void (*notify)(const struct cpu *cpu, uint32_t intid); /* software generated, 0 to 15, to one CPU */
	uint32_t (*acknowledge)(void); /* the interrupt */
	void (*end)(uint32_t intid);   /* of the one acknowledged last */
};

/* Somebody who handles an interrupt that is not private; several may handle the same. */
struct irqchip_line {
	uint32_t intid; /* 32 to 1019: shared; from 8192 on: a message's */
	bool edge;      /* else level */
	bool (*handler)(void *ctx); /* context: interrupt. Whether it was its device's, which is quiet now */
	void *ctx;
	struct irqchip_line *next; /* W: irqchip.c */
};

extern const struct irqchip irqchip_gicv2;
extern const struct irqchip irqchip_gicv3;

/* Chooses by version and brings it up. STATUS_ENODEV where the device tree names none that is known. */
MUST_CHECK status_t irqchip_init(const struct fdt_gic *gic);

/* Calls `handler` for every private interrupt `intid` from now on, on every CPU. Context of the handler: interrupt. One handler an interrupt. */
void irqchip_connect(uint32_t intid, void (*handler)(void));

/*
 * Handles a shared interrupt on this CPU from now on; a line that is attached already is routed anew. An interrupt that none of its
 * handlers knows, many times in a row, is switched off until it is attached again. `line` stays for ever. Context: fiber, one at a time.
 */
void irqchip_attach(struct irqchip_line *line);

/* Only has the line called for its interrupt, which somebody else enables. */
void irqchip_attach_enabled(struct irqchip_line *line);

/* Brings up the part of a CPU that has just started, with every interrupt that is connected. */
MUST_CHECK status_t irqchip_cpu_init(void);

/* Raises IRQCHIP_INTID_NOTIFY on another CPU. */
void irqchip_notify(const struct cpu *cpu);

/* From vectors.S: handles what is pending on this CPU. */
void irqchip_handle(void);

#endif
