// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Clocks as Linux programs know them. All but those of CPU time are the machine's one counter, which is why programs may read it themselves. */
#ifndef KERNEL_SYS_LINUX_CLOCK_H
#define KERNEL_SYS_LINUX_CLOCK_H

#include <assert.h>
#include <stdint.h>

#include "lib/status.h"

struct process;
struct thread;

enum { /* linux/time.h */
	LINUX_CLOCK_REALTIME = 0, LINUX_CLOCK_MONOTONIC = 1, LINUX_CLOCK_PROCESS_CPUTIME = 2, LINUX_CLOCK_THREAD_CPUTIME = 3,
	LINUX_CLOCK_MONOTONIC_RAW = 4, LINUX_CLOCK_REALTIME_COARSE = 5, LINUX_CLOCK_MONOTONIC_COARSE = 6, LINUX_CLOCK_BOOTTIME = 7,
	LINUX_CLOCK_REALTIME_ALARM = 8, LINUX_CLOCK_BOOTTIME_ALARM = 9, LINUX_CLOCK_TAI = 11,
};

#define LINUX_NS_PER_S 1000000000ul

struct linux_timespec {
	int64_t seconds, ns;
};

struct linux_timeval {
	int64_t seconds, us;
};

static_assert(sizeof(struct linux_timespec) == 16 && sizeof(struct linux_timeval) == 16, "asm-generic/posix_types.h");

/* Asks the machine what time it is, once. Context: fiber of the boot CPU. */
void linux_clock_init(void);

/* Real time is the monotonic clock plus this, which never changes. 0: the machine knows of no real time. */
uint64_t linux_clock_offset_ns(void);

static inline struct linux_timespec linux_timespec_of(uint64_t ns)
{
	return (struct linux_timespec){ (int64_t)(ns / LINUX_NS_PER_S), (int64_t)(ns % LINUX_NS_PER_S) };
}

static inline struct linux_timeval linux_timeval_of(uint64_t ns)
{
	return (struct linux_timeval){ (int64_t)(ns / LINUX_NS_PER_S), (int64_t)(ns % LINUX_NS_PER_S / 1000) };
}

/* In ns; what is beyond them is INT64_MAX. STATUS_EINVAL: negative, or no fraction of a second. Pure. */
MUST_CHECK status_t linux_timespec_ns(const struct linux_timespec *time, uint64_t *ns);
MUST_CHECK status_t linux_timeval_ns(const struct linux_timeval *time, uint64_t *ns);

/* A struct timespec of the program in ns. STATUS_EFAULT, STATUS_EINVAL. Context: the thread's fiber. */
MUST_CHECK status_t linux_timespec_in(struct thread *thread, uint64_t va, uint64_t *ns);

/* The same as a time to wait from now on: when that is over, for linux_sleep(). */
MUST_CHECK status_t linux_timeout_in(struct thread *thread, uint64_t va, uint64_t *deadline_ns);

/* The monotonic clock's deadline for a time of CLOCK_REALTIME. */
uint64_t linux_deadline_of_realtime(uint64_t ns);

/* What a clock shows now. STATUS_EINVAL: there is no such clock. */
MUST_CHECK status_t linux_clock_now(struct thread *thread, int clock, uint64_t *ns);

/* A clock of who asks as others would name it: of its CPU time, where it was not named by a number. The process's stays LINUX_CLOCK_PROCESS_CPUTIME. */
int linux_clock_own(const struct thread *thread, int clock);

/* A clock of CPU time by number, which has one, as a process of the same family sees it. STATUS_EINVAL: what it is of has gone. Context: fiber or scheduler. */
MUST_CHECK status_t linux_clock_cpu(const struct process *asking, int clock, uint64_t *ns);

/* Whether a clock shows CPU time: of a process, a thread, or by number. */
static inline int linux_clock_is_cpu(int clock)
{
	return clock < 0 || clock == LINUX_CLOCK_PROCESS_CPUTIME || clock == LINUX_CLOCK_THREAD_CPUTIME;
}

/* Whether a clock can only be looked at: nobody sleeps by it, and it has no timers. */
static inline int linux_clock_is_shown_only(int clock)
{
	return clock >= LINUX_CLOCK_MONOTONIC_RAW && clock <= LINUX_CLOCK_MONOTONIC_COARSE;
}

#endif
