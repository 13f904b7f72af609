// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Clocks and timers. What takes time is waited for long enough that a slow machine says the same. */
#include <poll.h>
#include <signal.h>
#include <time.h>

#include "tests/conformance/sequence/call.h"

enum { LONG_S = 5, TIMERS = 4, MS = 1000000 };

static int timers[TIMERS] = {-1, -1, -1, -1};

static struct timespec ms(long milliseconds)
{
	return (struct timespec){milliseconds / 1000, milliseconds % 1000 * MS};
}

static long do_clock_gettime(const long *arg, struct line *line)
{
	struct timespec first = {0, 0}, second = {0, 0};
	long result = SYS(clock_gettime, arg[0], &first);

	SYS(clock_gettime, arg[0], &second);
	if (result == 0)
		say(line, " onward=%d valid=%d", second.tv_sec > first.tv_sec || (second.tv_sec == first.tv_sec && second.tv_nsec >= first.tv_nsec),
			first.tv_nsec >= 0 && first.tv_nsec < 1000 * MS);
	return result;
}

static long do_clock_getres(const long *arg, struct line *line)
{
	struct timespec resolution = {9, 9};
	long result = SYS(clock_getres, arg[0], &resolution);

	if (result == 0)
		say(line, " under-a-second=%d", resolution.tv_sec == 0);
	return result;
}

/* Raw numbers, so that bad ones can be had; long waits are not made. */
static long do_nanosleep(const long *arg, struct line *line)
{
	struct timespec time = {arg[0] > 0 ? 0 : arg[0], arg[1]};

	(void)line;
	return SYS(nanosleep, &time, NULL);
}

static long do_clock_nanosleep(const long *arg, struct line *line)
{
	struct timespec time = {arg[2] > 0 && arg[1] == 0 ? 0 : arg[2], arg[3]};

	(void)line;
	return SYS(clock_nanosleep, arg[0], arg[1], &time, NULL);
}

static long do_timerfd(const long *arg, struct line *line)
{
	(void)line;
	return keep(arg[0], SYS(timerfd_create, arg[1], arg[2]));
}

/* Slot, flags, first and then every so many ms, and a nanosecond field that may be bad. */
static long do_timerfd_set(const long *arg, struct line *line)
{
	struct itimerspec set = {ms(arg[3]), ms(arg[2])}, old = {{0, 0}, {0, 0}};

	if (arg[4])
		set.it_value.tv_nsec = arg[4];
	long result = SYS(timerfd_settime, fd_of(arg[0]), arg[1], &set, &old);
	if (result == 0)
		say(line, " every=%ld", old.it_interval.tv_nsec);
	return result;
}

static long do_timerfd_get(const long *arg, struct line *line)
{
	struct itimerspec now = {{0, 0}, {0, 0}};
	long result = SYS(timerfd_gettime, fd_of(arg[0]), &now);

	if (result == 0)
		say(line, " every=%ld", now.it_interval.tv_nsec);
	return result;
}

/* Waits for it to expire, which it has been set to; what was read is told as some or none, for it may have expired more than once. */
static long do_timerfd_wait(const long *arg, struct line *line)
{
	struct pollfd poll = {.fd = fd_of(arg[0]), .events = POLLIN};
	struct timespec limit = ms(arg[1]);
	uint64_t count = 0;

	SYS(ppoll, &poll, 1, &limit, NULL, 8);
	long result = SYS(read, poll.fd, &count, sizeof(count));
	say(line, " %x some=%d", poll.revents, count > 0);
	return result;
}

static void on_alarm(int number)
{
	(void)number;
}

void on_alarm_return(void);
__asm__("on_alarm_return:\tmov x8, #139\n\tsvc #0\n"); /* rt_sigreturn */

/* A timer's signal ends a sleep: which timer, and whether calls are to be restarted. */
static long do_interrupted_sleep(const long *arg, struct line *line)
{
	struct {
		void (*handler)(int);
		unsigned long flags;
		void (*restorer)(void);
		unsigned long mask;
	} action = {on_alarm, 0x04000000 | (arg[0] ? SA_RESTART : 0), on_alarm_return, 0};
	struct { long interval[2], value[2]; } timer = {{0, 3000}, {0, 3000}}, none = {{0, 0}, {0, 0}}; /* again, for it may come too early */
	struct timespec sleep = {LONG_S, 0}, left = {0, 0};

	SYS(rt_sigaction, SIGALRM, &action, NULL, 8);
	SYS(setitimer, 0, &timer, NULL);
	long result = arg[1] ? SYS(clock_nanosleep, 1, 0, &sleep, &left) : SYS(nanosleep, &sleep, &left);
	SYS(setitimer, 0, &none, NULL);
	say(line, " left=%d", left.tv_sec > 0);
	return result;
}

/* A pipe of the program's own, waited for in vain: a signal ends that too. */
static long do_interrupted_poll(const long *arg, struct line *line)
{
	struct { void (*handler)(int); unsigned long flags; void (*restorer)(void); unsigned long mask; } action = {
		on_alarm, 0x04000000 | (arg[0] ? SA_RESTART : 0), on_alarm_return, 0};
	struct { long interval[2], value[2]; } timer = {{0, 3000}, {0, 3000}}, none = {{0, 0}, {0, 0}}; /* again, for it may come too early */
	struct pollfd poll = {.fd = probe_pipe[0], .events = POLLIN};
	struct timespec limit = {LONG_S, 0};

	(void)line;
	SYS(rt_sigaction, SIGALRM, &action, NULL, 8);
	SYS(setitimer, 0, &timer, NULL);
	long result = SYS(ppoll, &poll, 1, &limit, NULL, 8);
	SYS(setitimer, 0, &none, NULL);
	return result;
}

static long do_getitimer(const long *arg, struct line *line)
{
	long timer[4] = {0};
	long result = SYS(getitimer, arg[0], timer);

	if (result == 0)
		say(line, " %ld armed=%d", timer[1], timer[2] > 0 || timer[3] > 0);
	return result;
}

static long do_setitimer(const long *arg, struct line *line)
{
	long set[4] = {0, arg[2], arg[1], arg[3]}, old[4] = {0};
	long result = SYS(setitimer, arg[0], set, old);

	if (result == 0)
		say(line, " %ld armed=%d", old[1], old[2] > 0 || old[3] > 0);
	return result;
}

/* Index of the timer, clock, signal: which is blocked meanwhile, and waited for. */
static long do_timer(const long *arg, struct line *line)
{
	struct { long value; int number, notify; long rest[6]; } event = {.value = 5, .number = (int)arg[2], .notify = 0};
	int index = (int)(arg[0] & (TIMERS - 1));

	(void)line;
	if (timers[index] >= 0)
		SYS(timer_delete, timers[index]);
	timers[index] = -1;
	return SYS(timer_create, arg[1], &event, &timers[index]);
}

static long do_timer_wait(const long *arg, struct line *line)
{
	struct itimerspec set = {{0, 0}, ms(arg[1])};
	struct timespec limit = {LONG_S, 0};
	unsigned long mask = 1UL << (arg[2] - 1), old = 0;
	struct { int number, error, code; int rest[29]; } info = {0};
	int index = (int)(arg[0] & (TIMERS - 1));

	SYS(rt_sigprocmask, 0 /* SIG_BLOCK */, &mask, &old, 8);
	long result = SYS(timer_settime, timers[index], 0, &set, NULL);
	if (result == 0 && arg[1] > 0)
		say(line, " got=%ld", SYS(rt_sigtimedwait, &mask, &info, &limit, 8));
	say(line, " code=%d overrun=%ld", info.code, result == 0 ? SYS(timer_getoverrun, timers[index]) : 0);
	SYS(rt_sigprocmask, 2 /* SIG_SETMASK */, &old, NULL, 8);
	return result;
}

static long do_timer_delete(const long *arg, struct line *line)
{
	int index = (int)(arg[0] & (TIMERS - 1));
	long result = SYS(timer_delete, timers[index]);

	(void)line;
	timers[index] = -1;
	return result;
}

const struct operation timers_operations[] = {
	{"clock_gettime", do_clock_gettime}, {"clock_getres", do_clock_getres}, {"nanosleep", do_nanosleep},
	{"clock_nanosleep", do_clock_nanosleep}, {"timerfd", do_timerfd}, {"timerfd_set", do_timerfd_set}, {"timerfd_get", do_timerfd_get},
	{"timerfd_wait", do_timerfd_wait}, {"interrupted_sleep", do_interrupted_sleep}, {"interrupted_poll", do_interrupted_poll},
	{"getitimer", do_getitimer}, {"setitimer", do_setitimer}, {"timer", do_timer}, {"timer_wait", do_timer_wait},
	{"timer_delete", do_timer_delete}, {NULL, NULL},
};
