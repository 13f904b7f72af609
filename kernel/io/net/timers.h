// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The cyclic timers of lwIP without a tick. A timer of its counts something down every so many milliseconds; whether anything waits
 * for that can be seen in lwIP's tables. Where nothing does, the CPU sleeps through, and the ticks that were missed are made up for
 * before anything else happens. Context: the network fiber.
 */
#ifndef KERNEL_IO_NET_TIMERS_H
#define KERNEL_IO_NET_TIMERS_H

#include <stdint.h>

#define NET_TIMERS_NEVER UINT64_MAX

void net_timers_init(uint64_t now_ns);

/* Ticks what is due, or was missed. First of all in each turn of the network fiber. */
void net_timers_run(uint64_t now_ns);

/* Something came or went: what was at rest is looked at again at its next tick. */
void net_timers_touch(void);

/* When net_timers_run() must be called next; NET_TIMERS_NEVER where nothing waits for time to pass. */
uint64_t net_timers_next(uint64_t now_ns);

#endif
