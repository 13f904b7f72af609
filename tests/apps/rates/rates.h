// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What calls, processes and channels cost, in nanoseconds of the machine's own clock: under -icount these are instructions. Each function
 * prints its figures; tests/qemu/rates.py says what they may be at most.
 */
#ifndef TESTS_APPS_RATES_RATES_H
#define TESTS_APPS_RATES_RATES_H

#include <stdint.h>

/* 0: measured. */
int rate_calls(void);
int rate_spawn(void);
int rate_channel(void);

static inline uint64_t now_ns(void)
{
	uint64_t ticks;
	uint64_t hertz;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(ticks)::"memory");
	__asm__("mrs %0, cntfrq_el0" : "=r"(hertz));
	return ticks * (1000000000u / hertz);
}

#endif
