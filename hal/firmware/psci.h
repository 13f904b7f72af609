// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Power State Coordination Interface. Spec: Arm DEN 0022, 5.1.8 SYSTEM_OFF. */
#ifndef HAL_FIRMWARE_PSCI_H
#define HAL_FIRMWARE_PSCI_H

#include "lib/fdt.h"

/* Says how the firmware is called; FDT_PSCI_NONE where there is none. */
void psci_init(enum fdt_psci_method method);

/* Powers the machine off. Returns where there is no PSCI, or it refused. */
void psci_system_off(void);

#endif
