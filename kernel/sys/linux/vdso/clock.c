// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Runs in programs, at any address: no data but the kernel's, no calls but the kernel's. The arithmetic is hal_timer_now_ns()'s, so that both tell the
 * same time.
 *
 * Spec: vdso(7), "aarch64 functions"; clock_gettime(2), gettimeofday(2), clock_getres(2)
 */
#include <stdint.h>

#include "kernel/sys/linux/vdso/vdso.h"

enum { CALL_CLOCK_GETTIME = 113, CALL_CLOCK_GETRES = 114 };
enum { CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1, CLOCK_MONOTONIC_RAW = 4, CLOCK_REALTIME_COARSE = 5, CLOCK_MONOTONIC_COARSE = 6, CLOCK_BOOTTIME = 7 };

struct time_spec {
	int64_t seconds, rest; /* nanoseconds; microseconds in a struct timeval */
};

struct time_zone {
	int32_t minutes_west, dst;
};

__attribute__((visibility("hidden"), section(".vdso_data"))) const volatile struct vdso_data vdso_data = { 0, 0 };

int __kernel_clock_gettime(int clock, struct time_spec *to);
int __kernel_clock_getres(int clock, struct time_spec *to);
int __kernel_gettimeofday(struct time_spec *to, struct time_zone *zone);

static int kernel_call(long number, int clock, struct time_spec *to)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = clock;
	register struct time_spec *x1 __asm__("x1") = to;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x1), "r"(x8) : "memory");
	return (int)x0;
}

static uint64_t now_ns(void)
{
	uint64_t ticks;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(ticks)::"memory");
	return (uint64_t)((unsigned __int128)ticks * vdso_data.ns_per_tick >> 32);
}

int __kernel_clock_gettime(int clock, struct time_spec *to)
{
	uint64_t offset = 0;
	uint64_t now;

	if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
		offset = vdso_data.real_offset_ns;
	else if (clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_RAW && clock != CLOCK_MONOTONIC_COARSE && clock != CLOCK_BOOTTIME)
		return kernel_call(CALL_CLOCK_GETTIME, clock, to);
	now = now_ns() + offset;
	to->seconds = (int64_t)(now / 1000000000u);
	to->rest = (int64_t)(now % 1000000000u);
	return 0;
}

int __kernel_gettimeofday(struct time_spec *to, struct time_zone *zone)
{
	uint64_t now = (now_ns() + vdso_data.real_offset_ns) / 1000u;

	if (to != 0) {
		to->seconds = (int64_t)(now / 1000000u);
		to->rest = (int64_t)(now % 1000000u);
	}
	if (zone != 0) {
		zone->minutes_west = 0;
		zone->dst = 0;
	}
	return 0;
}

int __kernel_clock_getres(int clock, struct time_spec *to)
{
	return kernel_call(CALL_CLOCK_GETRES, clock, to);
}

/* Debuggers and unwinders know a signal's frame by these two instructions. */
__asm__(".section .sigreturn, \"ax\"\n"
	"nop\n" /* who unwinds looks one before the return address */
	".global __kernel_rt_sigreturn\n"
	".type __kernel_rt_sigreturn, %function\n"
	"__kernel_rt_sigreturn:\n"
	"mov x8, #139\n"
	"svc #0\n"
	".size __kernel_rt_sigreturn, . - __kernel_rt_sigreturn\n"
	".text\n");
