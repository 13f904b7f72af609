// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Lock between CPUs. Interrupt handlers take no locks, so interrupts stay on. For what is rare and short; nothing on the way of a
 * switch, a wake-up or a message takes one.
 *
 * Whoever runs takes it; a ticket lock (first come, first served) was rejected: these CPUs are a host's threads, and the one whose turn it is may not be
 * running, which has all others wait for the host's scheduler at every turn.
 */
#ifndef KERNEL_CORE_SPINLOCK_H
#define KERNEL_CORE_SPINLOCK_H

#include <stdatomic.h>
#include <stdint.h>

#include "hal/contract/cpu.h"

struct spinlock {
	_Atomic uint32_t taken; /* W: who takes it, who has it */
};

static inline __attribute__((always_inline)) void spinlock_take(struct spinlock *lock)
{
	/* Pairs with the release in spinlock_give: what the last owner wrote is seen. */
	while (atomic_exchange_explicit(&lock->taken, 1, memory_order_acquire) != 0)
		while (atomic_load_explicit(&lock->taken, memory_order_relaxed) != 0)
			hal_cpu_relax();
}

static inline __attribute__((always_inline)) void spinlock_give(struct spinlock *lock)
{
	atomic_store_explicit(&lock->taken, 0, memory_order_release);
}

/* Whether somebody has it: for checks that the caller does. */
static inline int spinlock_is_taken(struct spinlock *lock)
{
	return atomic_load_explicit(&lock->taken, memory_order_relaxed) != 0;
}

#endif
