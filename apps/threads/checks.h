// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What this application checks, one file each. A check returns 0, or the line in its file that found something wrong. */
#ifndef APPS_THREADS_CHECKS_H
#define APPS_THREADS_CHECKS_H

#include <stdbool.h>

int check_counting(bool share_rings); /* a mutex keeps a sum whole, thread-local variables are each thread's own */
int check_queue(bool share_rings);    /* a condition, with several who wait on each side */
int check_timeouts(void);             /* they end when they should; nothing is lost */
int check_operations(void);           /* batches, links, cancellation, completions of a shared ring */
int check_heap(void);                 /* threads allocate and free what others allocated */

#define EXPECT(condition)                \
	do {                             \
		if (!(condition))        \
			return __LINE__; \
	} while (0)

#endif
