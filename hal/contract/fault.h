// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A fault of the kernel's own code, as it was taken. */
#ifndef HAL_CONTRACT_FAULT_H
#define HAL_CONTRACT_FAULT_H

#include <stdint.h>

struct hal_fault {
	const char *what;   /* "data abort", ... */
	uint64_t x[31];
	uint64_t sp, pc, pstate;
	uint64_t esr;     /* ESR_EL1 */
	uint64_t address; /* FAR_EL1; holds a meaning for aborts only */
};

#endif
