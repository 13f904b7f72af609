// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Interrupts by messages: a device writes a number to an address, and that becomes an interrupt of its own, shared with nobody and with
 * nothing to answer at the device. GICv2m makes shared interrupts of them, the ITS of GICv3 locality-specific ones.
 */
#ifndef HAL_IRQCHIP_MESSAGES_H
#define HAL_IRQCHIP_MESSAGES_H

#include <stdint.h>

#include "hal/contract/virtio.h"
#include "hal/irqchip/irqchip.h"
#include "lib/fdt_io.h"
#include "lib/status.h"

struct irqchip_message {
	uint64_t address;
	uint32_t data;
};

struct irqchip_messages {
	/*
	 * Gives `line` an interrupt of its own for event 0 or 1 of a device, handled on this CPU, and says what the device is to write.
	 * A line that has its interrupt already (intid) keeps it.
	 */
	status_t (*attach)(struct irqchip_line *line, uint32_t device, uint32_t event, struct irqchip_message *out);
};

extern const struct irqchip_messages irqchip_v2m;
extern const struct irqchip_messages irqchip_its;

/* Each maps its registers and brings up what it needs; STATUS_ENOMEM, or STATUS_ENOTSUP where the hardware is not as it is wanted here. */
MUST_CHECK status_t irqchip_v2m_init(const struct fdt_range *registers, const struct hal_device_services *services);
MUST_CHECK status_t irqchip_its_init(const struct fdt_range *registers, const struct hal_device_services *services);

/* Remembers what the device tree names, if anything; the first device that wants messages has it brought up. Context: fiber, once. */
void irqchip_messages_init(const struct fdt_io *io, const struct hal_device_services *services);

/*
 * As irqchip_messages.attach. `device`: the number that the device's messages carry. STATUS_ENODEV where nobody takes messages; STATUS_ENOSPC where
 * interrupts are used up.
 */
MUST_CHECK status_t irqchip_message_attach(struct irqchip_line *line, uint32_t device, uint32_t event, struct irqchip_message *out);

#endif
