// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "hal/firmware/psci.h"

#include <stdint.h>

#define PSCI_SYSTEM_OFF 0x84000008ul
#define PSCI_CPU_ON 0xc4000003ul /* 64-bit call */

static enum fdt_psci_method conduit;

void psci_init(enum fdt_psci_method method)
{
	conduit = method;
}

/* Spec: Arm DEN 0028, SMC Calling Convention, 2.6: x0 to x3 results, x4 to x17 may change. */
#define PSCI_CLOBBERS "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory"

static int64_t psci_call(uint64_t function, uint64_t a, uint64_t b, uint64_t c)
{
	register uint64_t x0 __asm__("x0") = function;
	register uint64_t x1 __asm__("x1") = a;
	register uint64_t x2 __asm__("x2") = b;
	register uint64_t x3 __asm__("x3") = c;

	if (conduit == FDT_PSCI_HVC)
		__asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::PSCI_CLOBBERS);
	else
		__asm__ volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::PSCI_CLOBBERS);
	return (int64_t)x0;
}

void psci_system_off(void)
{
	if (conduit != FDT_PSCI_NONE)
		(void)psci_call(PSCI_SYSTEM_OFF, 0, 0, 0);
}

status_t psci_cpu_on(uint64_t mpidr, uint64_t entry_pa, uint64_t context)
{
	if (conduit == FDT_PSCI_NONE)
		return STATUS_ENODEV;
	return psci_call(PSCI_CPU_ON, mpidr, entry_pa, context) == 0 ? STATUS_OK : STATUS_EIO;
}
