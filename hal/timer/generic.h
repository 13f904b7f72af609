// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The architected timer. Spec: Arm ARM DDI 0487 D11. */
#ifndef HAL_TIMER_GENERIC_H
#define HAL_TIMER_GENERIC_H

#include <stdint.h>

#include "lib/status.h"

/*
 * Brings up the virtual timer, whose interrupt is `intid`, and calls `expired` at each deadline.
 * STATUS_EINVAL where the firmware left the counter's frequency unset.
 */
MUST_CHECK status_t generic_timer_init(uint32_t intid, void (*expired)(void));

/* Quiets the timer of a CPU that has just started. */
void generic_timer_cpu_init(void);

#endif
