// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Waiting for a word of memory to change: the event capability, for the library's own files. */
#ifndef CAPOS_SRC_WAIT_H
#define CAPOS_SRC_WAIT_H

#include <stdatomic.h>
#include <stdint.h>

#include <capos/capos.h>

#include "capos/src/clock.h"
#include "capos/src/start.h"
#include "lib/status.h"

/* Until somebody wakes whoever waits for `word`, if it is `expected`. 0: look again; -ETIMEDOUT: the deadline (clock_deadline()) has passed. */
static inline int64_t wait_for_change(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline)
{
	uint64_t left = clock_left_ns(deadline);
	int64_t status;

	if (left == 0)
		return STATUS_ETIMEDOUT;
	/* 0 is the kernel's word for no limit. */
	status = capos_event_wait(capos_own.event, (const void *)word, expected, left == CAPOS_WAIT_FOREVER ? 0 : left);
	return status == STATUS_ETIMEDOUT ? status : 0;
}

static inline void wake(_Atomic uint32_t *word, uint32_t count)
{
	(void)capos_event_notify(capos_own.event, (const void *)word, count);
}

#endif
