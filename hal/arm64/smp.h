// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The table of CPUs. */
#ifndef HAL_ARM64_SMP_H
#define HAL_ARM64_SMP_H

#include "lib/fdt.h"

/* Numbers the CPUs, the boot CPU first, to whose structure TPIDR_EL1 points already. Context: boot. */
void smp_init(const struct fdt_machine *machine);

/* Where PSCI starts a CPU; an address of the image, called with the MMU off. */
extern char secondary_entry[];

#endif
