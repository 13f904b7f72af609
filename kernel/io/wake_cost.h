// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What a wake-up by an interrupt costs on this machine, for governors: bare, emulated and virtual ones differ by a factor. */
#ifndef KERNEL_IO_WAKE_COST_H
#define KERNEL_IO_WAKE_COST_H

#include <stdint.h>

/*
 * Nanoseconds of CPU time and of waiting, as governor_init() wants them. Measured when it is asked for the first time, which takes some
 * 100,000 ns. Context: fiber.
 */
uint64_t wake_cost_ns(void);

#endif
