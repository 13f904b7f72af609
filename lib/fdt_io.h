// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Where a device tree says that virtio devices are: virtio,mmio nodes, and a PCI host with ECAM. Not part of lib/fdt.h's walk: a
 * boot that needs no device does not pay for it.
 *
 * Spec: Linux bindings virtio/mmio.yaml, pci/host-generic-pci.yaml; PCI Bus Binding to IEEE Std 1275 §2.2.1.1; Devicetree
 * Specification v0.4 §2.4.3 "Interrupt Nexus Properties"; Linux bindings pci/pci-msi.txt, arm,gic.yaml, arm,gic-v3.yaml.
 */
#ifndef LIB_FDT_IO_H
#define LIB_FDT_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fdt.h"
#include "lib/status.h"

#define FDT_VIRTIO_MMIO_MAX 32
#define FDT_PCI_WINDOWS_MAX 4
#define FDT_PCI_ROUTES_MAX 32

struct fdt_interrupt {
	uint32_t intid; /* a shared one, 32 to 1019, or FDT_INTID_NONE */
	bool edge;
};

struct fdt_virtio_mmio {
	struct fdt_range registers; /* 0x100 bytes and more */
	struct fdt_interrupt interrupt;
};

/* Memory addresses that the host passes on to the bus. */
struct fdt_pci_window {
	uint64_t bus_address;
	struct fdt_range cpu;
};

/* Pin `pin` of a device number, both under the mask. */
struct fdt_pci_route {
	uint32_t device; /* phys.hi of the binding: bits 15 to 8 are device and function */
	uint32_t pin;
	struct fdt_interrupt interrupt;
};

struct fdt_pci_host {
	struct fdt_range ecam; /* bytes == 0: there is no such host */
	uint32_t window_count;
	struct fdt_pci_window windows[FDT_PCI_WINDOWS_MAX];
	uint32_t route_count;
	uint32_t route_mask_device, route_mask_pin;
	struct fdt_pci_route routes[FDT_PCI_ROUTES_MAX];
	bool has_messages;       /* functions of the first bus may interrupt by messages, */
	uint32_t message_source; /* from this number on: plus bus, device and function */
};

/* Where writes become interrupts. */
enum fdt_messages {
	FDT_MESSAGES_NONE,
	FDT_MESSAGES_V2M, /* GICv2m: shared interrupts */
	FDT_MESSAGES_ITS, /* GICv3's interrupt translation service */
};

struct fdt_io {
	uint32_t mmio_count; /* more than fit are left out */
	struct fdt_virtio_mmio mmio[FDT_VIRTIO_MMIO_MAX]; /* by rising address */
	struct fdt_pci_host pci; /* the first one */
	enum fdt_messages messages;
	struct fdt_range message_registers; /* of the first one */
};

/*
 * Reads the tree at `fdt`, as fdt_machine_read() does. Context: any, with about 3 KiB of stack.
 * Returns STATUS_OK; STATUS_EINVAL or STATUS_E2BIG where it is malformed or nested too deep: `*why` is a static string, `*out` undefined.
 */
MUST_CHECK status_t fdt_io_read(const void *fdt, size_t max_bytes, struct fdt_io *out, const char **why);

/* The interrupt of pin 1 to 4 of device 0 to 31 of the host's first bus; FDT_INTID_NONE where there is none. */
struct fdt_interrupt fdt_pci_interrupt(const struct fdt_pci_host *host, uint32_t device, uint32_t pin);

#endif
