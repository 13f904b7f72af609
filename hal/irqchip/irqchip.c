// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "hal/irqchip/irqchip.h"

#include <stdatomic.h>
#include <stddef.h>

#include "hal/arm64/cpu.h"

enum { PRIVATE_INTIDS = 32, UNKNOWN_MAX = 1000 };

static const struct irqchip *chip;
static const struct fdt_gic *description;
static void (*handlers[PRIVATE_INTIDS])(void);
static struct irqchip_line *_Atomic lines; /* read in interrupt context, on any CPU */
static unsigned unknown;                   /* shared interrupts in a row that nobody knew; a hint, so races do no harm */

status_t irqchip_init(const struct fdt_gic *gic)
{
	static const struct irqchip *const drivers[] = { [FDT_GIC_V2] = &irqchip_gicv2, [FDT_GIC_V3] = &irqchip_gicv3 };

	description = gic;
	chip = drivers[gic->version];
	return chip != NULL ? chip->init(gic) : STATUS_ENODEV;
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

void irqchip_attach_enabled(struct irqchip_line *line)
{
	struct irqchip_line *at = atomic_load_explicit(&lines, memory_order_relaxed);

	while (at != NULL && at != line)
		at = at->next;
	if (at == NULL) {
		line->next = atomic_load_explicit(&lines, memory_order_relaxed);
		atomic_store_explicit(&lines, line, memory_order_release); /* pairs with the load in shared_handle() */
	}
}

void irqchip_attach(struct irqchip_line *line)
{
	irqchip_attach_enabled(line);
	chip->enable_shared(line->intid, line->edge, cpu_this());
}

/* Apart from irqchip_handle(), so that the registers it needs are not saved for private interrupts. */
static __attribute__((noinline)) void shared_handle(uint32_t intid)
{
	struct irqchip_line *line = atomic_load_explicit(&lines, memory_order_acquire);
	bool known = false;

	for (; line != NULL; line = line->next)
		if (line->intid == intid)
			known |= line->handler(line->ctx);
	unknown = known ? 0 : unknown + 1;
	if (unknown < UNKNOWN_MAX || intid >= IRQCHIP_INTID_SPURIOUS)
		return;
	unknown = 0;
	chip->disable_shared(intid); /* a device that never lets go would leave no time for anything else */
}

void irqchip_notify(const struct cpu *cpu)
{
	chip->notify(cpu, IRQCHIP_INTID_NOTIFY);
}

void irqchip_handle(void)
{
	for (;;) {
		uint32_t intid = chip->acknowledge();

		if (intid < PRIVATE_INTIDS && handlers[intid] != NULL)
			handlers[intid]();
		else if (intid >= IRQCHIP_INTID_SPURIOUS && intid < IRQCHIP_INTID_SPURIOUS_END)
			return;
		else
			shared_handle(intid);
		chip->end(intid);
	}
}
