// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The orderly end of a process: what was registered last runs first, then the destructors. */
#include <capos/capos.h>

#include <stdatomic.h>

typedef void destructor_run(void);
extern destructor_run *const capos_fini_begin[], *const capos_fini_end[]; /* capos.ld */

static destructor_run *handlers[CAPOS_ATEXIT_MAX];
static _Atomic unsigned handler_count;

/*
 * A place is taken first and filled then, and whoever runs the handlers takes places back one by one: a handler that registers another
 * gets it run next, as C11 §7.22.4.2 wants, and two threads that register at once get a place each.
 */
int atexit(void (*handler)(void))
{
	unsigned place = atomic_load_explicit(&handler_count, memory_order_relaxed);

	do {
		if (place == CAPOS_ATEXIT_MAX)
			return -1;
	} while (!atomic_compare_exchange_weak_explicit(&handler_count, &place, place + 1, memory_order_relaxed,
							memory_order_relaxed));
	__atomic_store_n(&handlers[place], handler, __ATOMIC_RELEASE);
	return 0;
}

_Noreturn void capos_exit(int code)
{
	unsigned count;

	while ((count = atomic_load_explicit(&handler_count, memory_order_relaxed)) > 0) {
		if (!atomic_compare_exchange_strong_explicit(&handler_count, &count, count - 1, memory_order_relaxed,
							     memory_order_relaxed))
			continue;

		destructor_run *handler = __atomic_exchange_n(&handlers[count - 1], NULL, __ATOMIC_ACQUIRE);

		if (handler) /* else its thread has not got so far, and loses the race with the end */
			handler();
	}
	for (destructor_run *const *run = capos_fini_end; run != capos_fini_begin; run--)
		run[-1]();
	capos_sys_exit(code);
}
