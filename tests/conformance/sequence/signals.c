// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Signals: dispositions, masks, what is pending, and in which order handlers see it. */
#include <asm/signal.h>
#include <time.h>

#include "tests/conformance/sequence/call.h"

enum { SIGNALS = 64, SEEN_MAX = 32, SEND_KILL = 0, SEND_TGKILL = 1, SEND_QUEUE = 2, STACK_BYTES = 16384 };

struct queued {
	int number, error, code, pad, pid, uid;
	long value;
	uint8_t rest[96];
};

static_assert(sizeof(struct queued) == 128, "siginfo_t");

static int seen[SEEN_MAX];
static int seen_codes[SEEN_MAX];
static volatile size_t seen_count;
static uint8_t stack[STACK_BYTES] __attribute__((aligned(16)));
static volatile int seen_on_stack;

void on_return(void);
__asm__("on_return:\tmov x8, #139\n\tsvc #0\n"); /* rt_sigreturn */

static void handler(int number, const struct queued *info, void *context)
{
	uint8_t here;

	(void)context;
	if (seen_count < SEEN_MAX) {
		seen[seen_count] = number;
		seen_codes[seen_count] = info->code;
		seen_count++;
	}
	seen_on_stack += &here >= stack && &here < stack + STACK_BYTES;
}

/* What handlers saw since the last time. */
static void say_seen(struct line *line)
{
	for (size_t i = 0; i < seen_count; i++)
		say(line, " %d:%d", seen[i], seen_codes[i]);
	if (seen_on_stack)
		say(line, " on-stack=%d", seen_on_stack);
	seen_count = 0;
	seen_on_stack = 0;
}

static long set_action(long number, void *what, unsigned long flags, unsigned long mask)
{
	struct action action = {what, flags | SA_RESTORER | SA_SIGINFO, on_return, mask};

	return SYS(rt_sigaction, number, &action, NULL, 8);
}

/* Signal, what becomes of it (0 the default, 1 nothing, 2 a handler), flags, mask. */
static long do_sigaction(const long *arg, struct line *line)
{
	struct action old = {0};
	void *what = arg[1] == 2 ? (void *)handler : (void *)arg[1];
	struct action action = {what, (unsigned long)arg[2] | SA_RESTORER | SA_SIGINFO, on_return, (unsigned long)arg[3]};
	long result = SYS(rt_sigaction, arg[0], &action, &old, arg[4] ? arg[4] : 8);

	if (result == 0)
		say(line, " old=%d flags=%lx mask=%lx", old.handler == (void *)handler ? 2 : (int)(long)old.handler,
			old.flags & ~(unsigned long)SA_RESTORER, old.mask);
	return result;
}

static long do_sigmask(const long *arg, struct line *line)
{
	unsigned long mask = (unsigned long)arg[1], old = 0;
	long result = SYS(rt_sigprocmask, arg[0], &mask, &old, 8);

	if (result == 0)
		say(line, " old=%lx", old);
	say_seen(line);
	return result;
}

static long do_sigpending(const long *arg, struct line *line)
{
	unsigned long pending = 0;
	long result = SYS(rt_sigpending, &pending, 8);

	(void)arg;
	say(line, " %lx", pending);
	return result;
}

/* To ourselves, in one of three ways. */
static long do_sigsend(const long *arg, struct line *line)
{
	struct queued info = {.code = -1 /* SI_QUEUE */, .value = arg[2]};
	long pid = SYS(getpid), result;

	if (arg[1] == SEND_QUEUE)
		result = SYS(rt_sigqueueinfo, pid, arg[0], &info);
	else if (arg[1] == SEND_TGKILL)
		result = SYS(tgkill, pid, SYS(gettid), arg[0]);
	else
		result = SYS(kill, pid, arg[0]);
	say_seen(line);
	return result;
}

static long do_sigwait(const long *arg, struct line *line)
{
	struct queued info = {0};
	struct timespec limit = {0, arg[1]};
	unsigned long mask = (unsigned long)arg[0];
	long result = SYS(rt_sigtimedwait, &mask, &info, &limit, 8);

	if (result > 0)
		say(line, " %d:%d", info.number, info.code);
	if (result > 0 && info.code == -1)
		say(line, " value=%ld", info.value);
	return result;
}

/* Whether one of these signals has a handler. */
static bool is_handled(unsigned long signals)
{
	struct action action;

	for (int number = 1; number <= SIGNALS; number++)
		if (signals >> (number - 1) & 1 && SYS(rt_sigaction, number, NULL, &action, 8) == 0 && (long)action.handler > 1)
			return true;
	return false;
}

/* Only with something pending that the mask lets in and a handler takes: else nobody would end it. */
static long do_sigsuspend(const long *arg, struct line *line)
{
	unsigned long pending = 0, mask = (unsigned long)arg[0];
	long result = 1;

	SYS(rt_sigpending, &pending, 8);
	if (is_handled(pending & ~mask))
		result = SYS(rt_sigsuspend, &mask, 8);
	say_seen(line);
	return result;
}

static long do_sigaltstack(const long *arg, struct line *line)
{
	stack_t new = {stack, (int)arg[0], (size_t)arg[1]}, old = {0};
	long result = SYS(sigaltstack, arg[2] ? NULL : &new, &old);

	if (result == 0)
		say(line, " old=%x %lu", old.ss_flags, (unsigned long)old.ss_size);
	return result;
}

static long do_signalfd(const long *arg, struct line *line)
{
	unsigned long mask = (unsigned long)arg[1];

	(void)line;
	return keep(arg[0], SYS(signalfd4, arg[3] ? fd_of(arg[0]) : -1, &mask, 8, arg[2]));
}

static long do_signalfd_read(const long *arg, struct line *line)
{
	long result = SYS(read, fd_of(arg[0]), buffer, at_most(arg[1], 1024));

	for (long at = 0; at + 128 <= result; at += 128) /* struct signalfd_siginfo: signo, errno, code */
		say(line, " %d:%d", *(int *)(buffer + at), *(int *)(buffer + at + 8));
	return result;
}

void signals_init(void)
{
	set_action(13 /* SIGPIPE: it would end us */, (void *)handler, 0, 0);
}

const struct operation signals_operations[] = {
	{"sigaction", do_sigaction}, {"sigmask", do_sigmask}, {"sigpending", do_sigpending}, {"sigsend", do_sigsend}, {"sigwait", do_sigwait},
	{"sigsuspend", do_sigsuspend}, {"sigaltstack", do_sigaltstack}, {"signalfd", do_signalfd}, {"signalfd_read", do_signalfd_read},
	{NULL, NULL},
};
