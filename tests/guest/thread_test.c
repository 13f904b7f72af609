// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Threads that wait for nothing, on every CPU: they are ended from elsewhere, one or all, and nothing is left of them. */
#include "hal/contract/cpu.h"
#include "hal/contract/timer.h"
#include "kernel/core/exit_status.h"
#include "kernel/core/fiber.h"
#include "kernel/core/kheap.h"
#include "kernel/core/page.h"
#include "kernel/core/smp.h"
#include "kernel/thread_methods.h"
#include "tests/guest/guest.h"
#include "tests/guest/user.h"

#define MS 1000000ul

enum { ROUNDS = 3, THREADS = 4 };

/* cap_enter(1, a second), for ever: mov x8, #1; mov x0, #1; mov x1, #1e9; svc #0; b . - 16 */
static const uint32_t sleeps[] = { 0xd2800028, 0xd2800020, 0xd2a77341, 0xd4000001, 0x17fffffc };
static const struct hal_user_fault ended = { .what = "asked to end", .signal = PROCESS_SIGNAL_KILL };

/* A process of THREADS + 1 threads that wait, the last of which shares the rings of the first. */
static const char *begin(struct user *user, struct thread *threads[THREADS])
{
	GUEST_CHECK(user_make(sleeps, sizeof(sleeps), sleeps, user) == STATUS_OK);
	GUEST_CHECK(process_start(user->process, user->thread) == STATUS_OK);
	for (unsigned i = 0; i < THREADS; i++) {
		const struct thread_options options = {
			.pc = USER_CODE_VA,
			.share = i == THREADS - 1 ? user->thread : NULL,
			.cpu = i % smp_online(),
		};

		GUEST_CHECK(thread_create(user->process, &options, &threads[i]) == STATUS_OK);
		GUEST_CHECK(thread_start(threads[i]) == STATUS_OK);
	}
	return NULL;
}

/* What it had comes back soon after it was seen to have ended: the last fiber has yet to leave. */
static bool pages_come_back(uint64_t count)
{
	uint64_t deadline = hal_timer_now_ns() + 500 * MS;

	do {
		object_settle();
		kheap_trim();
		if (page_free_count() == count)
			return true;
		fiber_yield();
		hal_cpu_relax();
	} while (hal_timer_now_ns() < deadline);
	return false;
}

static const char *round_of(uint64_t pause_ns, bool one_by_one)
{
	struct thread *threads[THREADS];
	struct user user;
	const char *why = begin(&user, threads);
	uint64_t until = hal_timer_now_ns() + pause_ns;

	if (why != NULL)
		return why;
	while (hal_timer_now_ns() < until) {
		fiber_yield();
		hal_cpu_relax();
	}
	for (unsigned i = 0; one_by_one && i < THREADS; i++) {
		struct cap_call call = { .process = user.process, .object = &threads[i]->object };

		GUEST_CHECK(thread_object_end(&call) == 0);
	}
	if (one_by_one) {
		struct cap_call call = { .process = user.process, .object = &user.thread->object };

		GUEST_CHECK(thread_object_end(&call) == 0);
	} else {
		process_end(user.process, PROCESS_KILLED, 0, &ended);
		process_end(user.process, PROCESS_KILLED, 0, &ended); /* once more: the first one counts */
	}
	for (unsigned i = 0; i < THREADS; i++)
		object_put(&threads[i]->object);
	GUEST_CHECK(user_finish(&user) == (one_by_one ? 0 : EXIT_STATUS_FAULT + PROCESS_SIGNAL_KILL));
	return NULL;
}

static const char *rounds(bool one_by_one)
{
	const char *why = round_of(0, one_by_one); /* the first one may leave pages in caches */
	uint64_t before;

	object_settle();
	kheap_trim();
	before = page_free_count();
	for (unsigned round = 0; why == NULL && round < ROUNDS; round++)
		why = round_of(round % 4 * MS / 2, one_by_one);
	if (why == NULL)
		GUEST_CHECK(pages_come_back(before));
	return why;
}

static const char *a_process_ends_with_threads_on_every_cpu(void)
{
	return rounds(false);
}

static const char *a_process_ends_with_its_last_thread(void)
{
	return rounds(true);
}

static const struct guest_test tests[] = {
	{ "a_process_ends_with_threads_on_every_cpu", a_process_ends_with_threads_on_every_cpu },
	{ "a_process_ends_with_its_last_thread", a_process_ends_with_its_last_thread },
};

const struct guest_table thread_tests = { tests, sizeof(tests) / sizeof(tests[0]) };
