// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What a system call costs: from EL0 to the kernel and back, empty, and with one submission and its completion. */
#include "hal/contract/timer.h"
#include "kernel/core/fiber.h"
#include "kernel/core/smp.h"
#include "kernel/io/governor.h"
#include "tests/guest/guest.h"
#include "tests/guest/user.h"

enum { CALLS = 10000 /* as in bench_user.S */ };

extern const char bench_user_null[], bench_user_submit[], bench_user_war[], bench_user_end[];

static void bench_program(const char *metric, const char *entry, enum governor_rule rule)
{
	struct user user;
	uint64_t begin;

	if (user_make(bench_user_null, (size_t)(bench_user_end - bench_user_null), entry, &user) != STATUS_OK)
		return;
	governor_init(&user.thread->own.war.governor, rule, GOVERNOR_WAKE_NS, hal_timer_now_ns());
	if (process_start(user.process, user.thread) != STATUS_OK)
		return;
	fiber_yield(); /* the console has written that it started, before the process runs */
	begin = hal_timer_now_ns();
	if (process_wait(user.process) == 0)
		bench_measured(metric, hal_timer_now_ns() - begin, CALLS);
	if (rule == GOVERNOR_ALWAYS_WAR) /* the first, which begins War, and exit: in War there is none */
		guest_perf("submission_war_exceptions", (user.thread->calls - 2) * 10, "exceptions");
	(void)user_finish(&user);
}

void bench_calls_run(void)
{
	bench_program("null_cap_enter", bench_user_null, GOVERNOR_ALWAYS_PEACE);
	bench_program("submission_peace", bench_user_submit, GOVERNOR_ALWAYS_PEACE);
	if (smp_online() > 1)
		bench_program("submission_war", bench_user_war, GOVERNOR_ALWAYS_WAR);
}
