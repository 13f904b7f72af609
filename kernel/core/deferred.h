// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What an interrupt handler leaves to be done when its CPU runs fibers again: handlers touch no run queue and take no lock. Each is a
 * structure of whoever posts it, so that none is ever refused; posting one that waits already does nothing.
 */
#ifndef KERNEL_CORE_DEFERRED_H
#define KERNEL_CORE_DEFERRED_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct deferred {
	void (*run)(void *arg); /* must not sleep */
	void *arg;
	struct deferred *next;   /* W: deferred_post */
	_Atomic uint32_t posted; /* W: deferred_post (set), deferred_serve (clear): same CPU */
};

struct deferred_list {
	_Atomic(struct deferred *) head;
};

/* Has this CPU call run(arg) from its scheduler, or a fiber that yields. Context: any, its CPU; made for interrupts. */
void deferred_post(struct deferred *deferred);

/* Calls what was posted. Context: fiber or scheduler. */
void deferred_run(struct deferred_list *list);

/* The same; inline, for mostly there is nothing. */
static inline void deferred_serve(struct deferred_list *list)
{
	if (__builtin_expect(atomic_load_explicit(&list->head, memory_order_relaxed) != NULL, 0))
		deferred_run(list);
}

#endif
