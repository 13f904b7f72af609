// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Access to device registers: one load or store of one register each, of the plain form, since a hypervisor can emulate no other (Arm
 * ARM DDI 0487 D17.2.37, ESR_EL2.ISS.ISV). Registers are mapped as Device memory: accesses to one device stay in order.
 */
#ifndef HAL_ARM64_IO_H
#define HAL_ARM64_IO_H

#include <stdint.h>

static inline uint8_t io_read8(const volatile void *at)
{
	uint32_t value;

	__asm__ volatile("ldrb %w0, [%1]" : "=r"(value) : "r"(at) : "memory");
	return (uint8_t)value;
}

static inline uint16_t io_read16(const volatile void *at)
{
	uint32_t value;

	__asm__ volatile("ldrh %w0, [%1]" : "=r"(value) : "r"(at) : "memory");
	return (uint16_t)value;
}

static inline uint32_t io_read32(const volatile void *at)
{
	uint32_t value;

	__asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(at) : "memory");
	return value;
}

static inline void io_write8(volatile void *at, uint8_t value)
{
	__asm__ volatile("strb %w0, [%1]" ::"r"(value), "r"(at) : "memory");
}

static inline void io_write16(volatile void *at, uint16_t value)
{
	__asm__ volatile("strh %w0, [%1]" ::"r"(value), "r"(at) : "memory");
}

static inline void io_write32(volatile void *at, uint32_t value)
{
	__asm__ volatile("str %w0, [%1]" ::"r"(value), "r"(at) : "memory");
}

/* A 64-bit register of a device, which may know 32-bit accesses alone (virtio 1.2 §4.1.3.1). */
static inline void io_write64_halves(volatile void *at, uint64_t value)
{
	io_write32(at, (uint32_t)value);
	io_write32((volatile uint8_t *)at + 4, (uint32_t)(value >> 32));
}

/* What was written to memory is seen by a device before it is told so. */
static inline void io_publish(void)
{
	__asm__ volatile("dmb oshst" ::: "memory");
}

/* What a device has written to memory is read after the register that told of it. */
static inline void io_observe(void)
{
	__asm__ volatile("dmb oshld" ::: "memory");
}

#endif
