// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What the machine layer keeps for each CPU (TPIDR_EL1 points to it), and the layouts that assembly relies on. */
#ifndef HAL_ARM64_CPU_H
#define HAL_ARM64_CPU_H

#include <assert.h>
#include <stddef.h>

#include "hal/arm64/offsets.h"
#include "hal/arm64/sysreg.h"
#include "hal/contract/fault.h"
#include "hal/contract/user.h"

struct cpu {
	void *local;                   /* W: hal_cpu_set_local; hal_cpu_local() reads it here */
	struct hal_user *user;         /* W: user.c. Who ran last: its V registers are in the CPU, and the vectors save the others to it */
	struct hal_space *space;       /* what TTBR0_EL1 shows; NULL: nothing */
	unsigned index;                /* W: smp_init; 0 is the boot CPU */
	uint64_t mpidr;                /* W: smp_init; affinity fields of MPIDR_EL1 */
	volatile uint32_t *redistributor; /* W: the GICv3 driver; this CPU's frames */
	uint32_t gicv2_acknowledged;   /* W: the GICv2 driver; the interrupt being handled, with its sender */
	uint8_t gicv2_target;          /* W: the GICv2 driver; this CPU's bit in its target lists */
};

extern struct cpu cpus[];

static inline struct cpu *cpu_this(void)
{
	return (struct cpu *)sysreg_read(tpidr_el1);
}

static_assert(offsetof(struct cpu, local) == 0, "hal_cpu_local");
static_assert(offsetof(struct cpu, user) == CPU_USER, "user.S");
static_assert(offsetof(struct hal_user, sp) == USER_SP, "user.S");
static_assert(offsetof(struct hal_user, pstate) == USER_PSTATE, "user.S");
static_assert(offsetof(struct hal_user, esr) == USER_ESR, "user.S");
static_assert(offsetof(struct hal_user, kernel_sp) == USER_KERNEL_SP, "user.S");
static_assert(offsetof(struct hal_user, fpsr) == USER_FPSR, "user.S");
static_assert(offsetof(struct hal_user, v) == USER_V, "user.S");
static_assert(offsetof(struct hal_fault, x) == FAULT_X, "vectors.S");
static_assert(offsetof(struct hal_fault, sp) == FAULT_SP, "vectors.S");
static_assert(offsetof(struct hal_fault, pc) == FAULT_PC, "vectors.S");
static_assert(offsetof(struct hal_fault, pstate) == FAULT_PSTATE, "vectors.S");
static_assert(offsetof(struct hal_fault, address) == FAULT_ADDRESS, "vectors.S");
static_assert(sizeof(struct hal_fault) <= FAULT_BYTES && FAULT_BYTES % 16 == 0, "vectors.S");

#endif
