// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Fibers, waiting and timers inside the kernel. */
#include "hal/contract/timer.h"
#include "kernel/core/fiber.h"
#include "kernel/core/id.h"
#include "kernel/core/kheap.h"
#include "kernel/core/page.h"
#include "kernel/core/wait.h"
#include "lib/string.h"
#include "tests/guest/guest.h"

enum { FIBERS = 200, ROUNDS = 3, MS = 1000000, IDS = 4096 };

static struct wait_queue done = WAIT_QUEUE_INIT(done);
static unsigned running;

/* Every fiber that a test makes calls this last. */
static void fiber_done(void)
{
	running--;
	wait_queue_wake(&done);
}

static const char *fibers_start(unsigned count, void (*entry)(void *))
{
	running = 0;
	for (unsigned i = 0; i < count; i++) {
		GUEST_CHECK(fiber_create("test", entry, (void *)(uintptr_t)i) != NULL);
		running++;
	}
	return NULL;
}

static const char *fibers_join(void)
{
	while (running > 0)
		GUEST_CHECK(wait_queue_sleep(&done, hal_timer_now_ns() + 10000ul * MS) == STATUS_OK);
	return NULL;
}

static char order[3 * ROUNDS + 1];

static void yielding(void *arg)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		order[strlen(order)] = (char)('a' + (uintptr_t)arg);
		fiber_yield();
	}
	fiber_done();
}

static const char *fibers_take_turns(void)
{
	const char *why;

	memset(order, 0, sizeof(order));
	why = fibers_start(3, yielding);
	if (why == NULL)
		why = fibers_join();
	if (why != NULL)
		return why;
	GUEST_CHECK(strcmp(order, "abcabcabc") == 0);
	return NULL;
}

static void ends_at_once(void *arg)
{
	(void)arg;
	fiber_done();
}

static const char *ended_fibers_leave_nothing(void)
{
	const char *why = fibers_start(FIBERS, ends_at_once);

	if (why == NULL)
		why = fibers_join();
	if (why != NULL)
		return why;
	kheap_trim();

	uint64_t before = page_free_count();

	why = fibers_start(FIBERS, ends_at_once);
	if (why == NULL)
		why = fibers_join();
	if (why != NULL)
		return why;
	kheap_trim();
	GUEST_CHECK(page_free_count() == before);
	return NULL;
}

static const char *sleep_ends_at_its_deadline(void)
{
	static struct wait_queue never = WAIT_QUEUE_INIT(never);

	for (unsigned i = 1; i <= 3; i++) {
		uint64_t deadline = hal_timer_now_ns() + i * MS;

		GUEST_CHECK(wait_queue_sleep(&never, deadline) == STATUS_ETIMEDOUT);
		GUEST_CHECK(hal_timer_now_ns() >= deadline);
	}
	GUEST_CHECK(wait_queue_sleep(&never, 0) == STATUS_ETIMEDOUT);
	return NULL;
}

static char wake_order[4];

static void sleeping(void *arg)
{
	static struct wait_queue never = WAIT_QUEUE_INIT(never);
	static const unsigned ms[] = { 6, 2, 4 };

	(void)wait_queue_sleep(&never, hal_timer_now_ns() + ms[(uintptr_t)arg] * MS);
	wake_order[strlen(wake_order)] = (char)('a' + (uintptr_t)arg);
	fiber_done();
}

static const char *timers_fire_in_order_of_deadline(void)
{
	const char *why;

	memset(wake_order, 0, sizeof(wake_order));
	why = fibers_start(3, sleeping);
	if (why == NULL)
		why = fibers_join();
	if (why != NULL)
		return why;
	GUEST_CHECK(strcmp(wake_order, "bca") == 0);
	return NULL;
}

static const char *a_wake_beats_the_timeout(void)
{
	const char *why = fibers_start(1, ends_at_once);

	if (why != NULL)
		return why;
	GUEST_CHECK(wait_queue_sleep(&done, hal_timer_now_ns() + 10000ul * MS) == STATUS_OK);
	return NULL;
}

static const char *ids_differ(void)
{
	static uint64_t ids[IDS];

	for (unsigned i = 0; i < IDS; i++) {
		ids[i] = id_next();
		GUEST_CHECK(ids[i] != 0);
		for (unsigned j = i > 64 ? i - 64 : 0; j < i; j++)
			GUEST_CHECK(ids[i] != ids[j]);
	}
	GUEST_CHECK(ids[1] - ids[0] != ids[2] - ids[1]);
	return NULL;
}

static const char *a_fiber_keeps_its_id(void)
{
	struct fiber *other = fiber_create("other", ends_at_once, NULL);
	uint64_t own = fiber_id(fiber_current());

	running = 1;
	GUEST_CHECK(other != NULL && own != 0);
	GUEST_CHECK(fiber_id(other) != own);
	GUEST_CHECK(fiber_id(other) == fiber_id(other));
	GUEST_CHECK(fiber_id(fiber_current()) == own);
	return fibers_join();
}

static const struct guest_test tests[] = {
	{ "fibers_take_turns", fibers_take_turns },
	{ "ended_fibers_leave_nothing", ended_fibers_leave_nothing },
	{ "sleep_ends_at_its_deadline", sleep_ends_at_its_deadline },
	{ "timers_fire_in_order_of_deadline", timers_fire_in_order_of_deadline },
	{ "a_wake_beats_the_timeout", a_wake_beats_the_timeout },
	{ "ids_differ", ids_differ },
	{ "a_fiber_keeps_its_id", a_fiber_keeps_its_id },
};

const struct guest_table fiber_tests = { tests, sizeof(tests) / sizeof(tests[0]) };
