// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* This CPU: interrupt masking, idling, and the one pointer that the kernel keeps per CPU. */
#ifndef HAL_CONTRACT_CPU_H
#define HAL_CONTRACT_CPU_H

#include <stddef.h>
#include <stdint.h>

static inline void hal_irq_enable(void)
{
	__asm__ volatile("msr daifclr, #2" ::: "memory");
}

static inline void hal_irq_disable(void)
{
	__asm__ volatile("msr daifset, #2" ::: "memory");
}

/* Whether this is the handling of an exception or interrupt: that runs on SP_EL1, all other code of the kernel on SP_EL0. */
static inline int hal_cpu_in_exception(void)
{
	uint64_t spsel;

	__asm__ volatile("mrs %0, spsel" : "=r"(spsel));
	return (int)spsel;
}

/*
 * In a loop that waits for another CPU: lets an emulator that runs the CPUs in turns go on with the next one at once, instead of
 * spinning out this one's turn.
 */
static inline void hal_cpu_relax(void)
{
	__asm__ volatile("yield" ::: "memory");
}

/*
 * Sleeps until an interrupt is pending. Interrupts are masked by the caller, so that one which comes between
 * the caller's last look and the sleep still ends it (Arm ARM DDI 0487 D1.16.2: WFI wakes on masked interrupts too).
 */
static inline void hal_cpu_wait(void)
{
	__asm__ volatile("dsb sy\n\twfi" ::: "memory");
}

/*
 * The kernel's own structure of this CPU; NULL until set. TPIDR_EL1 points to the machine layer's structure of the CPU, of which
 * it is the first word: inline, since every switch begins with it.
 */
void hal_cpu_set_local(void *local);

static inline void *hal_cpu_local(void)
{
	void *const *cpu;

	__asm__ volatile("mrs %0, tpidr_el1" : "=r"(cpu));
	return *cpu;
}

/*
 * One 64-bit random number from the CPU (RNDR, FEAT_RNG). Returns 1 and stores it, or 0 where the CPU has none to give.
 */
int hal_cpu_random(uint64_t *out);

/* Whether the CPU has instructions for CRC-32C (FEAT_CRC32): hal_cpu_crc32c() is for those that have. Context: any; may be slow. */
int hal_cpu_has_crc32c(void);

/* CRC-32C of bytes behind others whose sum is `sum`, without inversions. */
uint32_t hal_cpu_crc32c(uint32_t sum, const void *data, size_t bytes);

#endif
