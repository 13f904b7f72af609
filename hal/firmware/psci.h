// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Power State Coordination Interface. Spec: Arm DEN 0022, 5.1.8 SYSTEM_OFF. */
#ifndef HAL_FIRMWARE_PSCI_H
#define HAL_FIRMWARE_PSCI_H

#include "lib/fdt.h"
#include "lib/status.h"

/* Says how the firmware is called; FDT_PSCI_NONE where there is none. */
void psci_init(enum fdt_psci_method method);

/*
 * Starts the CPU `mpidr` at a physical address, with x0 = `context`. STATUS_ENODEV where there is no PSCI, STATUS_EIO where it
 * refused. Spec: DEN 0022, 5.1.4 CPU_ON.
 */
MUST_CHECK status_t psci_cpu_on(uint64_t mpidr, uint64_t entry_pa, uint64_t context);

/* Powers the machine off. Returns where there is no PSCI, or it refused. */
void psci_system_off(void);

#endif
