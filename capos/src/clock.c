// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "capos/src/clock.h"

uint64_t clock_now_ns(void)
{
	uint64_t ticks;
	uint64_t hertz;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(ticks)::"memory");
	__asm__("mrs %0, cntfrq_el0" : "=r"(hertz));
	return ticks / hertz * 1000000000u + ticks % hertz * 1000000000u / hertz;
}
