// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Time for the library's own deadlines: the virtual counter, which a process may read. No call of the kernel. */
#ifndef CAPOS_SRC_CLOCK_H
#define CAPOS_SRC_CLOCK_H

#include <stdint.h>

#include <capos/abi.h>

uint64_t clock_now_ns(void);

/* When `timeout_ns` from now is; CAPOS_WAIT_FOREVER stays that. */
static inline uint64_t clock_deadline(uint64_t timeout_ns)
{
	uint64_t deadline;

	if (timeout_ns == CAPOS_WAIT_FOREVER || __builtin_add_overflow(clock_now_ns(), timeout_ns, &deadline))
		return CAPOS_WAIT_FOREVER;
	return deadline;
}

/* What is left until a deadline: 0 where it has passed. */
static inline uint64_t clock_left_ns(uint64_t deadline)
{
	uint64_t now;

	if (deadline == CAPOS_WAIT_FOREVER)
		return CAPOS_WAIT_FOREVER;
	now = clock_now_ns();
	return now < deadline ? deadline - now : 0;
}

#endif
