// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* System register access by name, and the few field values that more than one file needs. */
#ifndef HAL_ARM64_SYSREG_H
#define HAL_ARM64_SYSREG_H

#include <stdint.h>

#define sysreg_read(name) \
	({                                                         \
		uint64_t value_;                                   \
		__asm__ volatile("mrs %0, " #name : "=r"(value_)); \
		value_;                                            \
	})

#define sysreg_write(name, value) __asm__ volatile("msr " #name ", %0" ::"r"((uint64_t)(value)) : "memory")

#define barrier_isb() __asm__ volatile("isb" ::: "memory")
#define barrier_dsb_ish() __asm__ volatile("dsb ish" ::: "memory")
#define barrier_dsb_ishst() __asm__ volatile("dsb ishst" ::: "memory")

#endif
