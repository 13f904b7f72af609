// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What stands for the machine where a test includes a source file that has instructions of the target in it. Included first: from here on inline assembly does
 * nothing (the host's headers, which have their own, come before), and the headers whose functions are nothing else have these functions instead. Physical
 * addresses are the host's, moved as the direct map moves them; registers of devices are memory, with a hook where reading or writing one does something.
 */
#ifndef TESTS_UNIT_MACHINE_H
#define TESTS_UNIT_MACHINE_H

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>
#include <assert.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An instruction's outputs are what they were. */
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#define __asm__
#define volatile(...) ((void)0)

/* Of this test's machine. */
static struct {
	bool in_exception;
	bool irq_masked;
	unsigned waits, relaxed;
	void *local;                           /* hal_cpu_local() */
	uint64_t (*sysreg)(const char *name);  /* NULL: each reads 0 */
	void (*relax)(void);                   /* what other CPUs do meanwhile */
	void (*wait)(void);                    /* what a sleep ends in */
	void (*written)(uint64_t at, uint64_t value, unsigned bytes); /* a register, behind its writing */
} machine __attribute__((unused));

#define HAL_CONTRACT_CPU_H
static inline void hal_irq_enable(void)
{
	machine.irq_masked = false;
}

static inline void hal_irq_disable(void)
{
	machine.irq_masked = true;
}

static inline int hal_cpu_in_exception(void)
{
	return machine.in_exception;
}

static inline void hal_cpu_relax(void)
{
	machine.relaxed++;
	if (machine.relax != NULL)
		machine.relax();
}

static inline void hal_cpu_wait(void)
{
	machine.waits++;
	if (machine.wait != NULL)
		machine.wait();
}

static inline void *hal_cpu_local(void)
{
	return machine.local;
}

void hal_cpu_set_local(void *local);
int hal_cpu_random(uint64_t *out);
int hal_cpu_has_crc32c(void);
uint32_t hal_cpu_crc32c(uint32_t sum, const void *data, size_t bytes);

#define HAL_ARM64_SYSREG_H
static inline uint64_t machine_sysreg(const char *name)
{
	return machine.sysreg != NULL ? machine.sysreg(name) : 0;
}

#define sysreg_read(name) machine_sysreg(#name)
#define sysreg_write(name, value) ((void)(value))
#define barrier_isb() ((void)0)
#define barrier_dsb_ish() ((void)0)
#define barrier_dsb_ishst() ((void)0)

#define HAL_ARM64_IO_H
#define MACHINE_IO(bits)                                                                                      \
	static inline uint##bits##_t io_read##bits(const volatile void *at)                                   \
	{                                                                                                     \
		return *(const volatile uint##bits##_t *)at;                                                  \
	}                                                                                                     \
	static inline void io_write##bits(volatile void *at, uint##bits##_t value)                            \
	{                                                                                                     \
		*(volatile uint##bits##_t *)at = value;                                                       \
		if (machine.written != NULL)                                                                  \
			machine.written((uint64_t)at, value, sizeof(value));                                  \
	}
MACHINE_IO(8)
MACHINE_IO(16)
MACHINE_IO(32)

static inline void io_write64_halves(volatile void *at, uint64_t value)
{
	io_write32(at, (uint32_t)value);
	io_write32((volatile uint8_t *)at + 4, (uint32_t)(value >> 32));
}

static inline void io_publish(void)
{
}

static inline void io_observe(void)
{
}

#include "tests/unit/kernel/sys/linux/spinlock.h"
#include "tests/unit/unit.h"

#endif
