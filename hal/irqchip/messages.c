// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "hal/irqchip/messages.h"

#include <stddef.h>

static const struct irqchip_messages *taker;

void irqchip_messages_init(const struct fdt_io *io, const struct hal_device_services *services)
{
	if (io->messages == FDT_MESSAGES_V2M && irqchip_v2m_init(&io->message_registers, services) == STATUS_OK)
		taker = &irqchip_v2m;
	else if (io->messages == FDT_MESSAGES_ITS && irqchip_its_init(&io->message_registers, services) == STATUS_OK)
		taker = &irqchip_its;
}

status_t irqchip_message_attach(struct irqchip_line *line, uint32_t device, uint32_t event, struct irqchip_message *out)
{
	return taker == NULL ? STATUS_ENODEV : taker->attach(line, device, event, out);
}
