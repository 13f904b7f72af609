// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Ticket lock between CPUs: first come, first served. Interrupt handlers take no locks, so interrupts stay on. For what is
 * rare and short; nothing on the way of a switch, a wake-up or a message takes one.
 */
#ifndef KERNEL_CORE_SPINLOCK_H
#define KERNEL_CORE_SPINLOCK_H

#include <stdatomic.h>
#include <stdint.h>

#include "hal/contract/cpu.h"

struct spinlock {
	_Atomic uint32_t next;  /* W: who wants it */
	_Atomic uint32_t owner; /* W: who has it */
};

static inline void spinlock_take(struct spinlock *lock)
{
	uint32_t ticket = atomic_fetch_add_explicit(&lock->next, 1, memory_order_relaxed);

	/* Pairs with the release in spinlock_give: what the last owner wrote is seen. */
	while (atomic_load_explicit(&lock->owner, memory_order_acquire) != ticket)
		hal_cpu_relax();
}

static inline void spinlock_give(struct spinlock *lock)
{
	uint32_t owner = atomic_load_explicit(&lock->owner, memory_order_relaxed);

	atomic_store_explicit(&lock->owner, owner + 1, memory_order_release);
}

/* Whether somebody has it: for checks that the caller does. */
static inline int spinlock_is_taken(struct spinlock *lock)
{
	return atomic_load_explicit(&lock->next, memory_order_relaxed) != atomic_load_explicit(&lock->owner, memory_order_relaxed);
}

#endif
