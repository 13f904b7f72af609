// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* virtio over PCI, with messages as interrupts (MSI-X) where something takes them, else its pin. Spec: virtio 1.2 §4.1 "Virtio Over PCI Bus". */
#ifndef HAL_VIRTIO_PCI_H
#define HAL_VIRTIO_PCI_H

#include "hal/pci/ecam.h"
#include "hal/virtio/device.h"
#include "lib/status.h"

/*
 * Looks at a function. STATUS_OK: a device, `out` is filled; STATUS_ENODEV: no virtio device; STATUS_ENOTSUP: a legacy one; STATUS_EINVAL, STATUS_ENOSPC or
 * STATUS_ENOMEM: one that cannot be used, with `*why` a static string. With the latter three, its type and address are filled in.
 */
MUST_CHECK status_t virtio_pci_look(const struct pci_function *function, const struct hal_page_source *pages, struct virtio_device *out,
				    const char **why);

#endif
