// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Included before everything else where a file of kernel/ that takes locks is compiled for the host: there the kernel's lock would wait by an instruction of its own CPU. One
 * thread runs, so a lock that is taken twice, or given untaken, is a mistake.
 */
#ifndef KERNEL_CORE_SPINLOCK_H
#define KERNEL_CORE_SPINLOCK_H

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

struct spinlock {
	_Atomic uint32_t taken;
};

static inline void spinlock_take(struct spinlock *lock)
{
	if (lock->taken++ != 0)
		abort();
}

static inline void spinlock_give(struct spinlock *lock)
{
	if (--lock->taken != 0)
		abort();
}

static inline int spinlock_is_taken(struct spinlock *lock)
{
	return lock->taken != 0;
}

#endif
