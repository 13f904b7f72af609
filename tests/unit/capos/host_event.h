// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What capos/src waits with, on the host: Linux's futex is the event capability. Included by one file of a test program.
 */
#ifndef TESTS_UNIT_CAPOS_HOST_EVENT_H
#define TESTS_UNIT_CAPOS_HOST_EVENT_H

#include <capos/capos.h>

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "capos/src/clock.h"
#include "capos/src/ring.h"
#include "capos/src/start.h"

struct own capos_own;

static _Atomic unsigned host_event_calls; /* waits and notifies */

uint64_t clock_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void ring_relax(void)
{
}

int64_t capos_event_wait(capos_cap_t event, const void *address, uint32_t expected, uint64_t timeout_ns)
{
	struct timespec timeout = { .tv_sec = (time_t)(timeout_ns / 1000000000u), .tv_nsec = (long)(timeout_ns % 1000000000u) };

	(void)event;
	host_event_calls++;
	if (syscall(SYS_futex, address, FUTEX_WAIT_PRIVATE, expected, timeout_ns ? &timeout : NULL, NULL, 0) == 0)
		return 0;
	return errno == EINTR ? 0 : -errno;
}

int64_t capos_event_notify(capos_cap_t event, const void *address, uint32_t count)
{
	(void)event;
	host_event_calls++;
	return syscall(SYS_futex, address, FUTEX_WAKE_PRIVATE, count > INT32_MAX ? INT32_MAX : count, NULL, NULL, 0);
}

#endif
