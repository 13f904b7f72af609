// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What the library keeps for each thread, and how it finds it: TPIDR_EL0 points to the 16 bytes that AArch64's thread-local storage
 * (variant 1) leaves to the implementation, and the first 8 of them to this.
 */
#ifndef CAPOS_SRC_THREAD_H
#define CAPOS_SRC_THREAD_H

#include <stddef.h>

#include <capos/thread.h>

#include "capos/src/ring.h"

struct thread {
	struct ring *ring;           /* the one it submits to: own_ring, or its creator's */
	struct ring own_ring;
	struct capos_thread *public; /* the creator's structure for it */
	capos_cap_t cap;             /* its own; none for the main thread */
};

static inline struct thread *thread_this(void)
{
	struct thread **tcb;

	/* Not volatile: a thread's own never changes. */
	__asm__("mrs %0, tpidr_el0" : "=r"(tcb));
	return *tcb;
}

static inline struct ring *thread_ring(void)
{
	return thread_this()->ring;
}

/* Makes the first thread one of the library's: nothing before it may use a ring or a thread-local variable. */
void thread_main_init(const struct capos_start *start);

/* Bytes of a thread's block, from a place aligned to TLS_ALIGN on. */
size_t tls_bytes(void);

/* Fills a thread's block at `block` (tls_bytes(), aligned to tls_align()). Returns what TPIDR_EL0 is to be. */
void *tls_fill(void *block, struct thread *thread);
size_t tls_align(void);

#endif
