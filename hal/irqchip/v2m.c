// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* GICv2m: a write of an interrupt's number to its frame raises that. Spec: Arm DEN 0094, Base System Architecture, appendix "GICv2m". */
#include <stddef.h>

#include "hal/arm64/io.h"
#include "hal/arm64/tables.h"
#include "hal/irqchip/messages.h"

#define MSI_TYPER 0x008
#define MSI_SETSPI_NS 0x040
#define INTID_FIRST 32u
#define INTID_END 1020u

static uint64_t frame_pa;
static uint32_t next, end; /* interrupts nobody has yet */

status_t irqchip_v2m_init(const struct fdt_range *registers, const struct hal_device_services *services)
{
	volatile uint8_t *frame;
	uint32_t typer;

	if (registers->bytes < HAL_PAGE_BYTES)
		return STATUS_ENOTSUP;
	frame = tables_map_device_from(registers->base_pa, HAL_PAGE_BYTES, &services->pages);
	if (frame == NULL)
		return STATUS_ENOMEM;
	typer = io_read32(frame + MSI_TYPER);
	next = typer >> 16 & 0x3ff;
	end = next + (typer & 0x3ff);
	frame_pa = registers->base_pa;
	return next >= INTID_FIRST && end <= INTID_END ? STATUS_OK : STATUS_ENOTSUP;
}

static status_t v2m_attach(struct irqchip_line *line, uint32_t device, uint32_t event, struct irqchip_message *out)
{
	(void)device;
	(void)event;
	if (line->intid == FDT_INTID_NONE) {
		if (next == end)
			return STATUS_ENOSPC;
		line->intid = next++;
		line->edge = true;
	}
	*out = (struct irqchip_message){ frame_pa + MSI_SETSPI_NS, line->intid };
	irqchip_attach(line);
	return STATUS_OK;
}

const struct irqchip_messages irqchip_v2m = { .attach = v2m_attach };
