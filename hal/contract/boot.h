// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * How the machine hands over to the kernel. The image's head names one `struct hal_client`; the machine layer calls
 * what is in it and nothing else of the kernel.
 */
#ifndef HAL_CONTRACT_BOOT_H
#define HAL_CONTRACT_BOOT_H

#include <stdint.h>

#include "hal/contract/fault.h"
#include "lib/span.h"

enum { HAL_RANGES_MAX = 32, HAL_BOOT_STACKS = 2, HAL_BOOT_STACK_BYTES = 16384 };

struct hal_range {
	uint64_t base_pa; /* page aligned */
	uint64_t bytes;   /* whole pages */
};

/* What was found at boot. Lives for ever; strings and spans point into the device tree and are mapped for ever. */
struct hal_boot_info {
	struct span machine; /* first "compatible" string of the device tree's root */
	uint32_t cpu_count;
	uint64_t memory_bytes;
	struct hal_range free[HAL_RANGES_MAX]; /* RAM that nobody uses, in rising order */
	unsigned free_count;
	struct span command_line;
	struct span bundle;  /* the loader's initial RAM disk; empty where there was none */
	struct span seed[2]; /* "rng-seed" and "kaslr-seed" of /chosen; each may be empty */
	uint64_t stack_tops[HAL_BOOT_STACKS]; /* of stacks that are part of the image, with an unmapped page below each */
};

/*
 * main:  called once, on the boot CPU's stack, MMU on, interrupts masked. Must not return.
 * timer: the armed deadline passed. Context: interrupt.
 * notified: another CPU called hal_cpu_notify() for this one. Context: interrupt.
 * fault: the kernel itself did what it must not. Context: exception stack, interrupts masked. Must not return.
 */
struct hal_client {
	void (*main)(const struct hal_boot_info *info);
	void (*timer)(void);
	void (*notified)(void);
	void (*fault)(const struct hal_fault *fault);
};

#endif
