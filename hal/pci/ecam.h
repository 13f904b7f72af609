// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The first bus of a PCI host: functions found by their configuration space (ECAM), their memory given to them from the host's windows,
 * since no firmware has. Where one has, what it gave stays.
 *
 * Spec: PCI Express 3.0 §7.2.2 "Enhanced Configuration Access Mechanism"; PCI Local Bus 3.0 §6.2.5.1 "Address Maps".
 */
#ifndef HAL_PCI_ECAM_H
#define HAL_PCI_ECAM_H

#include <stdint.h>

#include "hal/contract/memory.h"
#include "lib/fdt_io.h"
#include "lib/status.h"
#include "lib/virtio_pci.h"

struct pci_bus {
	const struct fdt_pci_host *host;
	volatile uint8_t *ecam;
	uint64_t window_end[FDT_PCI_WINDOWS_MAX]; /* bus address: memory is given from there downwards; firmware gives upwards */
};

struct pci_function {
	struct pci_bus *bus;
	volatile uint8_t *config;
	uint8_t device, function;
};

/* Memory of a function, as the CPU sees it. */
struct pci_memory {
	uint64_t bytes[PCI_BARS];
	uint64_t base_pa[PCI_BARS];
};

/* Maps the configuration space of the first bus. STATUS_ENOMEM. */
MUST_CHECK status_t pci_bus_init(struct pci_bus *bus, const struct fdt_pci_host *host, const struct hal_page_source *pages);

/* Calls `found` for each function. */
void pci_bus_scan(struct pci_bus *bus, void (*found)(const struct pci_function *function, void *ctx), void *ctx);

/* Copies the configuration space. */
void pci_config_copy(const struct pci_function *function, uint8_t out[PCI_CONFIG_BYTES]);

/*
 * Gives the function memory for each register that wants some, and lets it decode that and read and write RAM; its pin stays off.
 * STATUS_ENOSPC where the windows are used up.
 */
MUST_CHECK status_t pci_memory_assign(const struct pci_function *function, struct pci_memory *out);

/* Lets the function raise its interrupt pin. */
void pci_pin_enable(volatile uint8_t *config);

#endif
