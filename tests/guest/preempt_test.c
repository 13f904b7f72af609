// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A process that never calls: the kernel takes the CPU from it, for a timer's sake and for other fibers'. */
#include "hal/contract/timer.h"
#include "kernel/core/exit_status.h"
#include "kernel/core/fiber.h"
#include "kernel/core/wait.h"
#include "tests/guest/guest.h"
#include "tests/guest/user.h"

enum { MS = 1000000, YIELDS = 5, SIGNAL_KILL = 9 };

static const uint32_t spin = 0x14000000; /* b . */

/* Takes effect at the process's next interrupt, which the end of its slice is. */
static const char *end_and_finish(struct user *user)
{
	process_fault(user->process, "asked to end", SIGNAL_KILL, 0);
	GUEST_CHECK(user_finish(user) == EXIT_STATUS_FAULT + SIGNAL_KILL);
	return NULL;
}

static const char *spinner_start(struct user *user)
{
	GUEST_CHECK(user_make(&spin, sizeof(spin), &spin, user) == STATUS_OK);
	GUEST_CHECK(process_start(user->process, user->thread) == STATUS_OK);
	return NULL;
}

static const char *a_spinning_process_keeps_no_timer_waiting(void)
{
	static struct wait_queue never = WAIT_QUEUE_INIT(never);
	struct user user;
	const char *why = spinner_start(&user);
	uint64_t deadline;

	if (why != NULL)
		return why;
	deadline = hal_timer_now_ns() + 3 * MS;
	GUEST_CHECK(wait_queue_sleep(&never, deadline) == STATUS_ETIMEDOUT);
	GUEST_CHECK(hal_timer_now_ns() >= deadline);
	GUEST_CHECK(user.process->end == PROCESS_RUNS);
	return end_and_finish(&user);
}

static const char *spinning_processes_share_the_cpu(void)
{
	struct user users[2];
	const char *why = NULL;

	for (unsigned i = 0; why == NULL && i < 2; i++)
		why = spinner_start(&users[i]);
	if (why != NULL)
		return why;
	/* Each yield comes back, after a slice of either. */
	for (unsigned i = 0; i < YIELDS; i++) {
		uint64_t begin = hal_timer_now_ns();

		fiber_yield();
		GUEST_CHECK(hal_timer_now_ns() - begin >= 4 * MS);
	}
	for (unsigned i = 0; i < 2; i++) {
		why = end_and_finish(&users[i]);
		if (why != NULL)
			return why;
	}
	return NULL;
}

static const struct guest_test tests[] = {
	{ "a_spinning_process_keeps_no_timer_waiting", a_spinning_process_keeps_no_timer_waiting },
	{ "spinning_processes_share_the_cpu", spinning_processes_share_the_cpu },
};

const struct guest_table preempt_tests = { tests, sizeof(tests) / sizeof(tests[0]) };
