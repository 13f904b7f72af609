// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The device that tells the host of a panic: hal_panic_tell() in hal/contract/exit.h. Spec: QEMU docs/specs/pvpanic.txt "PCI interface". */
#ifndef HAL_PCI_PVPANIC_H
#define HAL_PCI_PVPANIC_H

#include <stdbool.h>

#include "hal/pci/ecam.h"

/* Whether the function is such a device; the first that works is the one told of a panic. */
bool pvpanic_look(const struct pci_function *function, const struct hal_page_source *pages);

#endif
