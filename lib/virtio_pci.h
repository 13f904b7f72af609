// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Where a virtio device on PCI has its registers: read off a copy of its configuration space, each place checked against the
 * memory it lies in. Pure.
 *
 * Spec: virtio 1.2 §4.1.2 "PCI Device Discovery", §4.1.4 "Virtio Structure PCI Capabilities"; PCI Local Bus 3.0 §6.1, §6.7, §6.8.2.
 */
#ifndef LIB_VIRTIO_PCI_H
#define LIB_VIRTIO_PCI_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/status.h"

#define PCI_CONFIG_BYTES 256u
#define PCI_BARS 6u

/* Offsets in the configuration space of a function that is no bridge. */
#define PCI_VENDOR_ID 0x00u
#define PCI_DEVICE_ID 0x02u
#define PCI_COMMAND 0x04u
#define PCI_STATUS 0x06u
#define PCI_STATUS_CAPABILITIES 0x10u
#define PCI_HEADER_TYPE 0x0eu
#define PCI_BAR0 0x10u
#define PCI_SUBSYSTEM_ID 0x2eu
#define PCI_CAPABILITIES 0x34u
#define PCI_INTERRUPT_PIN 0x3du

#define PCI_VENDOR_VIRTIO 0x1af4u

struct virtio_pci_place {
	uint8_t bar;
	uint32_t offset;
	uint32_t bytes; /* 0: there is none */
};

struct virtio_pci_layout {
	struct virtio_pci_place common, notify, isr, device;
	uint32_t notify_multiplier; /* bytes from one queue's notification address to the next */
	struct virtio_pci_place messages; /* MSI-X table, 16 bytes a message */
	uint8_t messages_at;              /* its capability */
};

#define PCI_MSIX_CONTROL 2u /* in the capability, 16 bits */
#define PCI_MSIX_ENABLE 0x8000u
#define PCI_MSIX_MASK 0x4000u
#define PCI_MSIX_ENTRY_BYTES 16u

/* The virtio device type that the function's ids stand for; 0 where it is no virtio device. */
uint32_t virtio_pci_type(const uint8_t config[PCI_CONFIG_BYTES]);

/*
 * Finds the structures. `bar_bytes`: how large each base address register's memory is; 0 where it has none.
 * Returns STATUS_OK: common, notify and isr are there and within their memory; STATUS_ENODEV where the device offers no such structures: it
 * is a legacy one; STATUS_EINVAL where they are malformed, with `*why` a static string.
 */
MUST_CHECK status_t virtio_pci_parse(const uint8_t config[PCI_CONFIG_BYTES], const uint64_t bar_bytes[PCI_BARS],
				     struct virtio_pci_layout *out, const char **why);

#endif
