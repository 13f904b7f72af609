// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "hal/irqchip/messages.h"

#include <stddef.h>

static const struct irqchip_messages *taker;

/* What the device tree names, until it has been brought up: an ITS takes 33 pages, which a machine without a device for it keeps. */
static struct {
	const struct hal_device_services *services; /* NULL: nothing is left to bring up */
	enum fdt_messages kind;
	struct fdt_range registers;
} named;

void irqchip_messages_init(const struct fdt_io *io, const struct hal_device_services *services)
{
	named.services = services;
	named.kind = io->messages;
	named.registers = io->message_registers;
}

static void bring_up(void)
{
	const struct hal_device_services *services = named.services;

	named.services = NULL;
	if (named.kind == FDT_MESSAGES_V2M && irqchip_v2m_init(&named.registers, services) == STATUS_OK)
		taker = &irqchip_v2m;
	else if (named.kind == FDT_MESSAGES_ITS && irqchip_its_init(&named.registers, services) == STATUS_OK)
		taker = &irqchip_its;
}

status_t irqchip_message_attach(struct irqchip_line *line, uint32_t device, uint32_t event, struct irqchip_message *out)
{
	if (named.services != NULL)
		bring_up();
	return taker == NULL ? STATUS_ENODEV : taker->attach(line, device, event, out);
}
