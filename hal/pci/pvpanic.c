// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "hal/pci/pvpanic.h"

#include <stddef.h>

#include "hal/arm64/io.h"
#include "hal/arm64/tables.h"
#include "hal/contract/exit.h"

#define VENDOR_REDHAT 0x1b36u
#define DEVICE_PVPANIC 0x0011u
#define EVENT_PANICKED 1u

static volatile uint8_t *events; /* W: boot CPU. Reads tell what it understands */

bool pvpanic_look(const struct pci_function *function, const struct hal_page_source *pages)
{
	struct pci_memory memory;
	volatile uint8_t *at;

	if (io_read16(function->config + PCI_VENDOR_ID) != VENDOR_REDHAT || io_read16(function->config + PCI_DEVICE_ID) != DEVICE_PVPANIC)
		return false;
	if (events != NULL || pci_memory_assign(function, &memory) != STATUS_OK || memory.bytes[0] == 0)
		return true;
	at = tables_map_device_from(memory.base_pa[0], 1, pages);
	if (at != NULL && io_read8(at) & EVENT_PANICKED)
		events = at;
	return true;
}

void hal_panic_tell(void)
{
	if (events != NULL)
		io_write8(events, EVENT_PANICKED);
}
