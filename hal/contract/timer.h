// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The architected virtual timer: a monotonic clock and one one-shot deadline per CPU. And what time it is. */
#ifndef HAL_CONTRACT_TIMER_H
#define HAL_CONTRACT_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "hal/contract/memory.h"
#include "lib/status.h"

/* The clock stands still here, after 292 years, or where a hypervisor has set the counter to before its start: all is due then. */
#define HAL_TIMER_LAST_NS INT64_MAX

/* Nanoseconds since the counter started, HAL_TIMER_LAST_NS at most; goes back only where a hypervisor sets the counter back. */
uint64_t hal_timer_now_ns(void);

/* A moment's rest, hal_cpu_relax(), of who looks at a device again and again; false once the time is over. Context: any. */
bool hal_timer_rest(uint64_t deadline_ns);

/* Calls the client's `timer` once, at or after `deadline_ns`; replaces a deadline armed before. */
void hal_timer_arm(uint64_t deadline_ns);

void hal_timer_disarm(void);

/*
 * Seconds since 1970, from the machine's clock, whose registers are mapped at each call. STATUS_ENODEV: it has none; STATUS_ENOMEM. Context: fiber of
 * the boot CPU.
 */
MUST_CHECK status_t hal_rtc_read(const struct hal_page_source *pages, uint64_t *seconds);

#endif
