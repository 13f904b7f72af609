// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The other CPUs: starting them and getting their attention. CPU 0 is the one that booted. */
#ifndef HAL_CONTRACT_SMP_H
#define HAL_CONTRACT_SMP_H

#include <stdint.h>

#include "lib/status.h"

#define HAL_CPUS_MAX 8

/* This CPU's number. Context: any. */
unsigned hal_cpu_index(void);

/* How many CPUs the device tree describes, at most HAL_CPUS_MAX. */
unsigned hal_cpu_count(void);

/*
 * Starts CPU `index`: it calls `entry(arg)` on the stack that ends at `stack_top`, interrupts masked, exceptions on the one that
 * ends at `exception_stack_top`; entry does not return. One CPU is started at a time, by the boot CPU; the next may follow when
 * this one has reached `entry`, or nobody waits for it: it gets there all the same, when it comes.
 *
 * Returns STATUS_OK once the firmware has accepted; STATUS_ENODEV without PSCI, STATUS_EIO where the firmware refused, STATUS_EINVAL for
 * an index that is not there.
 */
MUST_CHECK status_t hal_cpu_start(unsigned index, uint64_t stack_top, uint64_t exception_stack_top,
				  void (*entry)(void *arg), void *arg);

/* Brings up this CPU's interrupts and timer; the first thing a started CPU does. */
MUST_CHECK status_t hal_cpu_init(void);

/* Interrupts CPU `index` (a software generated interrupt): its client's `notified` is called. Context: any. */
void hal_cpu_notify(unsigned index);

#endif
