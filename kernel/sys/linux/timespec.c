// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Times of the program in ns: what is not pure is in clock.c. */
#include "kernel/sys/linux/clock.h"

static uint64_t ns_of(int64_t seconds, uint64_t ns)
{
	return (uint64_t)seconds < INT64_MAX / LINUX_NS_PER_S ? (uint64_t)seconds * LINUX_NS_PER_S + ns : INT64_MAX;
}

status_t linux_timespec_ns(const struct linux_timespec *time, uint64_t *ns)
{
	if (time->seconds < 0 || time->ns < 0 || (uint64_t)time->ns >= LINUX_NS_PER_S)
		return STATUS_EINVAL;
	*ns = ns_of(time->seconds, (uint64_t)time->ns);
	return STATUS_OK;
}

status_t linux_timeval_ns(const struct linux_timeval *time, uint64_t *ns)
{
	if (time->seconds < 0 || time->us < 0 || time->us >= 1000000)
		return STATUS_EINVAL;
	*ns = ns_of(time->seconds, (uint64_t)time->us * 1000);
	return STATUS_OK;
}
