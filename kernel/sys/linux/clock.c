// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/clock.h"

#include <stdbool.h>
#include <stddef.h>

#include "hal/contract/timer.h"
#include "kernel/core/page.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/cpu_time.h"
#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/thread.h"

enum { TIMER_ABSTIME = 1, CPU_TICK_NS = 1000000 };
enum { ADJ_OFFSET_SS_READ = 0xa001, STA_UNSYNC = 64, TIME_ERROR = 5, ERROR_UNKNOWN_US = 16000000 };

/* struct timex */
struct timex {
	uint32_t modes, pad_modes;
	int64_t offset_us, frequency, error_most_us, error_us; /* frequencies in 2^-16 ppm */
	int32_t status, pad_status;
	int64_t constant, precision_us, tolerance;
	struct linux_timeval time;
	int64_t tick_us, pulses[2];
	int32_t shift, pad_shift;
	int64_t pulse_counts[5];
	int32_t tai, spare[11];
};

static_assert(sizeof(struct timex) == 208, "linux/timex.h");

static uint64_t offset_ns; /* W: linux_clock_init() */

void linux_clock_init(void)
{
	const struct hal_page_source pages = page_source();
	uint64_t seconds;

	if (hal_rtc_read(&pages, &seconds) == STATUS_OK)
		offset_ns = seconds * LINUX_NS_PER_S - hal_timer_now_ns();
}

uint64_t linux_clock_offset_ns(void)
{
	return offset_ns;
}

uint64_t linux_deadline_of_realtime(uint64_t ns)
{
	return ns > offset_ns ? ns - offset_ns : 0;
}

status_t linux_timespec_in(struct thread *thread, uint64_t va, uint64_t *ns)
{
	struct linux_timespec time;
	status_t status = linux_copy_in(thread, &time, va, sizeof(time));

	return status == STATUS_OK ? linux_timespec_ns(&time, ns) : status;
}

static uint64_t later_by(uint64_t ns)
{
	uint64_t now_ns = hal_timer_now_ns();

	return ns < HAL_TIMER_LAST_NS - now_ns ? now_ns + ns : HAL_TIMER_LAST_NS;
}

status_t linux_timeout_in(struct thread *thread, uint64_t va, uint64_t *deadline_ns)
{
	uint64_t ns;
	status_t status = linux_timespec_in(thread, va, &ns);

	if (status == STATUS_OK)
		*deadline_ns = later_by(ns);
	return status;
}

enum { OWN_THREAD_CLOCK = -2 };

/* A clock by number: ~pid << 3 | of a thread? | which (linux/posix-timers.h, CPUCLOCK_*). */
int linux_clock_own(const struct thread *thread, int clock)
{
	if (clock == LINUX_CLOCK_THREAD_CPUTIME)
		clock = OWN_THREAD_CLOCK;
	if (clock >> 3 != -1)
		return clock;
	return (int)(~(clock & 4 ? thread->personality->tid : thread->process->number) << 3) | (clock & 7);
}

status_t linux_clock_cpu(const struct process *asking, int clock, uint64_t *ns)
{
	unsigned number = (unsigned)~(clock >> 3);

	if ((clock & 3) == 3)
		return STATUS_EINVAL;
	if ((clock & 4) != 0) {
		struct thread *of = linux_family_thread(asking, 0, number);

		if (of == NULL)
			return STATUS_EINVAL;
		*ns = linux_cpu_time_thread(of);
		object_put(&of->object);
	} else {
		struct process *of = linux_family_find(asking, number);

		if (of == NULL)
			return STATUS_EINVAL;
		*ns = linux_cpu_time_process(of);
		object_put(&of->object);
	}
	return STATUS_OK;
}

status_t linux_clock_now(struct thread *thread, int clock, uint64_t *ns)
{
	switch (clock) {
	case LINUX_CLOCK_REALTIME:
	case LINUX_CLOCK_REALTIME_COARSE:
	case LINUX_CLOCK_REALTIME_ALARM:
	case LINUX_CLOCK_TAI:
		*ns = hal_timer_now_ns() + offset_ns;
		return STATUS_OK;
	case LINUX_CLOCK_MONOTONIC:
	case LINUX_CLOCK_MONOTONIC_RAW:
	case LINUX_CLOCK_MONOTONIC_COARSE:
	case LINUX_CLOCK_BOOTTIME:
	case LINUX_CLOCK_BOOTTIME_ALARM:
		*ns = hal_timer_now_ns();
		return STATUS_OK;
	case LINUX_CLOCK_PROCESS_CPUTIME:
		*ns = linux_cpu_time_process(thread->process);
		return STATUS_OK;
	case LINUX_CLOCK_THREAD_CPUTIME:
		*ns = linux_cpu_time_thread(thread);
		return STATUS_OK;
	default:
		return clock < 0 ? linux_clock_cpu(thread->process, linux_clock_own(thread, clock), ns) : STATUS_EINVAL;
	}
}

static int64_t call_clock_gettime(struct thread *thread, const uint64_t x[6])
{
	struct linux_timespec time;
	uint64_t ns;
	status_t status = linux_clock_now(thread, (int)x[0], &ns);

	if (status != STATUS_OK)
		return status;
	time = linux_timespec_of(ns);
	return linux_copy_out(thread, x[1], &time, sizeof(time));
}

static int64_t call_clock_getres(struct thread *thread, const uint64_t x[6])
{
	const struct linux_timespec time = { 0, 1 };
	uint64_t ns;
	status_t status = linux_clock_now(thread, (int)x[0], &ns);

	return status == STATUS_OK && x[1] != 0 ? linux_copy_out(thread, x[1], &time, sizeof(time)) : status;
}

static int64_t call_clock_settime(struct thread *thread, const uint64_t x[6])
{
	uint64_t ns;
	status_t status = linux_timespec_in(thread, x[1], &ns);

	if ((int)x[0] != LINUX_CLOCK_REALTIME)
		return STATUS_EINVAL;
	return status == STATUS_OK ? STATUS_EPERM : status;
}

static int64_t call_gettimeofday(struct thread *thread, const uint64_t x[6])
{
	const struct linux_timeval time = linux_timeval_of(hal_timer_now_ns() + offset_ns);
	const uint64_t zone = 0;
	status_t status = x[0] != 0 ? linux_copy_out(thread, x[0], &time, sizeof(time)) : STATUS_OK;

	return status == STATUS_OK && x[1] != 0 ? linux_copy_out(thread, x[1], &zone, sizeof(zone)) : status;
}

static int64_t call_settimeofday(struct thread *thread, const uint64_t x[6])
{
	struct linux_timeval time;
	uint64_t ns;
	status_t status = x[0] != 0 ? linux_copy_in(thread, &time, x[0], sizeof(time)) : STATUS_OK;

	if (status == STATUS_OK && x[0] != 0)
		status = linux_timeval_ns(&time, &ns);
	return status == STATUS_OK ? STATUS_EPERM : status;
}

/* A clock that nobody tells how late it is, and that nobody sets. Spec: adjtimex(2); Linux, include/uapi/linux/timex.h, kernel/time/ntp.c */
static int64_t adjust(struct thread *thread, int clock, uint64_t va)
{
	struct timex timex;
	uint64_t ns;

	if (linux_copy_in(thread, &timex, va, sizeof(timex)) != STATUS_OK)
		return STATUS_EFAULT;
	if (clock != LINUX_CLOCK_REALTIME)
		return linux_clock_now(thread, clock, &ns) == STATUS_OK ? STATUS_ENOTSUP : STATUS_EINVAL;
	if (timex.modes != 0 && timex.modes != ADJ_OFFSET_SS_READ)
		return STATUS_EPERM;
	timex = (struct timex){
		.modes = timex.modes, .error_most_us = ERROR_UNKNOWN_US, .error_us = ERROR_UNKNOWN_US, .status = STA_UNSYNC, .constant = 2,
		.precision_us = 1, .tolerance = 500 << 16, .time = linux_timeval_of(hal_timer_now_ns() + offset_ns), .tick_us = 10000,
	};
	return linux_copy_out(thread, va, &timex, sizeof(timex)) == STATUS_OK ? TIME_ERROR : STATUS_EFAULT;
}

static int64_t call_adjtimex(struct thread *thread, const uint64_t x[6])
{
	return adjust(thread, LINUX_CLOCK_REALTIME, x[0]);
}

static int64_t call_clock_adjtime(struct thread *thread, const uint64_t x[6])
{
	return adjust(thread, (int)x[0], x[1]);
}

/* Sleeps until a clock of CPU time shows `until_ns`: nothing tells when that is, so it is looked at again and again. */
static status_t cpu_sleep(struct thread *thread, int clock, uint64_t until_ns)
{
	status_t status = STATUS_OK;
	uint64_t now_ns;

	while (status == STATUS_OK || status == STATUS_ETIMEDOUT) {
		if (linux_clock_now(thread, clock, &now_ns) != STATUS_OK || now_ns >= until_ns)
			return STATUS_OK;
		status = linux_sleep(thread, later_by(until_ns - now_ns > CPU_TICK_NS ? until_ns - now_ns : CPU_TICK_NS));
	}
	return status;
}

static status_t sleep_until(struct thread *thread, uint64_t deadline_ns)
{
	status_t status;

	do
		status = linux_sleep(thread, deadline_ns);
	while (status == STATUS_OK);
	return status == STATUS_ETIMEDOUT ? STATUS_OK : status;
}

static int64_t sleep_to_its_end(struct thread *thread);

/* What is left goes to `left_va` where a handler runs; without one, the sleep goes on. */
static int64_t sleep_for(struct thread *thread, uint64_t deadline_ns, uint64_t left_va)
{
	uint64_t now_ns;
	struct linux_timespec left;

	if (sleep_until(thread, deadline_ns) == STATUS_OK)
		return 0;
	now_ns = hal_timer_now_ns();
	left = linux_timespec_of(deadline_ns > now_ns ? deadline_ns - now_ns : 0);
	if (left_va != 0 && linux_copy_out(thread, left_va, &left, sizeof(left)) != STATUS_OK)
		return STATUS_EFAULT;
	thread->personality->restart = sleep_to_its_end;
	thread->personality->restart_deadline_ns = deadline_ns;
	return LINUX_RESTART_NO_HANDLER;
}

static int64_t sleep_to_its_end(struct thread *thread)
{
	const uint64_t *x = thread->user.x;

	return sleep_for(thread, thread->personality->restart_deadline_ns, x[8] == 101 /* nanosleep */ ? x[1] : x[3]);
}

static int64_t call_nanosleep(struct thread *thread, const uint64_t x[6])
{
	uint64_t deadline_ns;
	status_t status = linux_timeout_in(thread, x[0], &deadline_ns);

	return status == STATUS_OK ? sleep_for(thread, deadline_ns, x[1]) : status;
}

static int64_t call_clock_nanosleep(struct thread *thread, const uint64_t x[6])
{
	int clock = (int)x[0];
	bool absolute = ((int)x[1] & TIMER_ABSTIME) != 0;
	uint64_t now_ns;
	uint64_t ns;
	status_t status = linux_clock_now(thread, clock, &now_ns);

	if (status == STATUS_OK && (clock == LINUX_CLOCK_THREAD_CPUTIME || linux_clock_is_shown_only(clock)))
		status = STATUS_ENOTSUP;
	if (status == STATUS_OK)
		status = linux_timespec_in(thread, x[2], &ns);
	if (status != STATUS_OK)
		return status;
	if (linux_clock_is_cpu(clock))
		return cpu_sleep(thread, clock, absolute ? ns : now_ns + ns) == STATUS_OK ? 0 : STATUS_EINTR;
	if (!absolute)
		return sleep_for(thread, later_by(ns), x[3]);
	if (clock == LINUX_CLOCK_REALTIME || clock == LINUX_CLOCK_REALTIME_ALARM || clock == LINUX_CLOCK_TAI)
		ns = linux_deadline_of_realtime(ns);
	return sleep_until(thread, ns) == STATUS_OK ? 0 : LINUX_RESTART_NO_HANDLER;
}

const struct linux_call linux_calls_clock[] = {
	{ 101, 2, "nanosleep", call_nanosleep },
	{ 112, 2, "clock_settime", call_clock_settime },
	{ 113, 2, "clock_gettime", call_clock_gettime },
	{ 114, 2, "clock_getres", call_clock_getres },
	{ 115, 4, "clock_nanosleep", call_clock_nanosleep },
	{ 169, 2, "gettimeofday", call_gettimeofday },
	{ 170, 2, "settimeofday", call_settimeofday },
	{ 171, 1, "adjtimex", call_adjtimex },
	{ 266, 2, "clock_adjtime", call_clock_adjtime },
	{ 0 },
};
