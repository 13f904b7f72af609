// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Submissions that wait: each is completed once, by whoever comes first, and leaves nothing behind. */
#include "hal/contract/cpu.h"
#include "hal/contract/timer.h"
#include "kernel/cap/grant.h"
#include "kernel/cap/objects.h"
#include "kernel/channel_methods.h"
#include "kernel/clock_methods.h"
#include "kernel/core/fiber.h"
#include "kernel/core/kheap.h"
#include "kernel/core/page.h"
#include "kernel/core/smp.h"
#include "kernel/event_methods.h"
#include "kernel/ring_methods.h"
#include "tests/guest/caller.h"
#include "tests/guest/guest.h"

#define US 1000ul
#define MS 1000000ul

static struct caller caller;
static capos_cap_t event, ring;

static status_t begin(void)
{
	status_t status = caller_begin(&caller);

	event = caller_cap(&caller, "event");
	ring = caller_cap(&caller, "ring");
	return status;
}

/* A wait for the word at the page's beginning, which holds 0. */
static void submit_wait(uint64_t user_data, uint64_t timeout_ns)
{
	const struct capos_event_wait params = { .address = CALLER_VA };

	caller_submit(&caller, (struct capos_submission){ .cap = event, .method = CAPOS_EVENT_WAIT, .user_data = user_data,
							  .timeout_ns = timeout_ns }, &params, sizeof(params));
}

static void submit_nop(uint64_t user_data, uint16_t flags)
{
	caller_submit(&caller, (struct capos_submission){ .cap = ring, .method = CAPOS_RING_NOP, .user_data = user_data,
							  .flags = flags }, NULL, 0);
}

static void submit_pause(uint64_t user_data, uint64_t ns, uint16_t flags)
{
	const struct capos_clock_wait_until params = { .deadline_ns = hal_timer_now_ns() + ns };

	caller_submit(&caller, (struct capos_submission){ .cap = caller.clock, .method = CAPOS_CLOCK_WAIT_UNTIL, .flags = flags,
							  .user_data = user_data }, &params, sizeof(params));
}

static void submit_take(uint64_t user_data, uint16_t flags)
{
	caller_submit(&caller, (struct capos_submission){ .cap = caller.channel, .method = CAPOS_CHANNEL_TAKE, .flags = flags,
							  .user_data = user_data, .result = CALLER_VA + 64,
							  .result_len = CAPOS_NAME_BYTES }, NULL, 0);
}

/* Puts copies of `ring` on the channel. */
static status_t queue_fill(unsigned count)
{
	struct object *channel;
	uint32_t rights;
	status_t status = capset_find(&caller.user.process->capset, caller.channel, &channel, &rights);

	for (; status == STATUS_OK && count > 0; count--) {
		const struct cap_transfer transfer = { .cap = ring, .rights = UINT32_MAX, .name = "given" };
		const struct capos_submission submission = { .transfer_count = 1 };
		struct cap_call call = { .process = caller.user.process, .rings = &caller.user.thread->own, .object = channel,
					 .rights = rights, .submission = &submission, .transfers = &transfer };

		status = (status_t)channel_give(&call);
	}
	return status;
}

static const char *expect(uint64_t user_data, int64_t result)
{
	struct capos_completion completion;

	GUEST_CHECK(caller_take(&caller, &completion));
	GUEST_CHECK(completion.user_data == user_data);
	GUEST_CHECK(completion.result == result);
	return NULL;
}

/* Runs a claim with a caller, after which all its memory is back. */
static const char *with_caller(const char *(*claim)(void))
{
	uint64_t before;
	const char *why;

	kheap_trim();
	object_settle();
	before = page_free_count();
	GUEST_CHECK(begin() == STATUS_OK);
	why = claim();
	caller_end(&caller);
	kheap_trim();
	if (why == NULL)
		GUEST_CHECK(page_free_count() == before);
	return why;
}

static const char *limits(void)
{
	const char *why;
	uint64_t begin_ns = hal_timer_now_ns();

	submit_wait(1, 60 * MS);
	submit_wait(2, 2 * MS);
	submit_pause(3, 30 * MS, 0);
	why = expect(2, STATUS_ETIMEDOUT);
	if (why == NULL)
		why = expect(3, 0);
	if (why == NULL)
		why = expect(1, STATUS_ETIMEDOUT);
	if (why == NULL)
		GUEST_CHECK(hal_timer_now_ns() - begin_ns >= 60 * MS);
	return why;
}

static const char *time_limits_end_what_waits(void)
{
	return with_caller(limits);
}

static const char *cancels(void)
{
	const struct capos_ring_cancel params = { .user_data = 7 };
	unsigned seven = 0;

	submit_wait(7, 0);
	submit_wait(8, 0);
	submit_take(7, 0);
	submit_pause(7, 1000 * MS, 0);
	caller_submit(&caller, (struct capos_submission){ .cap = ring, .method = CAPOS_RING_CANCEL, .user_data = 9 }, &params, sizeof(params));
	for (unsigned i = 0; i < 4; i++) {
		struct capos_completion completion;

		GUEST_CHECK(caller_take(&caller, &completion));
		GUEST_CHECK(completion.result == (completion.user_data == 9 ? 3 : STATUS_ECANCELED));
		GUEST_CHECK(completion.user_data != 8);
		seven += completion.user_data == 7;
	}
	GUEST_CHECK(seven == 3);
	GUEST_CHECK(caller.user.thread->own.inflight == 1);
	return NULL;
}

static const char *cancelling_ends_what_bears_the_data_and_nothing_else(void)
{
	return with_caller(cancels);
}

static const char *leaves_waiting(void)
{
	for (unsigned i = 0; i < 120; i++) {
		if (i % 4 == 0)
			submit_wait(i, 0);
		else if (i % 4 == 1)
			submit_wait(i, 1000 * MS);
		else if (i % 4 == 2)
			submit_take(i, CAPOS_SUBMIT_LINK);
		else
			submit_pause(i, 1000 * MS, 0); /* behind the one before */
		if (i % 40 == 39)
			GUEST_CHECK(caller_run(&caller));
	}
	GUEST_CHECK(caller.user.thread->own.inflight == 120);
	return NULL;
}

static const char *closing_leaves_nothing_of_what_waits(void)
{
	return with_caller(leaves_waiting);
}

enum { ROUNDS = 12, LINKED = 40 };

/* One that waits, linked to all that follow, which are more in the course of time than can be in flight at once. */
static const char *endless_chain(void)
{
	uint64_t sent = 0;
	uint64_t seen = 0;

	submit_pause(sent++, MS, CAPOS_SUBMIT_LINK);
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < LINKED; i++)
			submit_nop(sent++, CAPOS_SUBMIT_LINK);
		submit_pause(sent++, (round + 2) * 10 * MS, CAPOS_SUBMIT_LINK);
		GUEST_CHECK(caller_run(&caller));
		for (; seen < sent - 1; seen++) {
			const char *why = expect(seen, 0);

			if (why != NULL)
				return why;
		}
	}
	submit_nop(sent++, 0);
	for (; seen < sent; seen++) {
		const char *why = expect(seen, 0);

		if (why != NULL)
			return why;
	}
	GUEST_CHECK(caller.user.thread->own.chain == NULL && caller.user.thread->own.inflight == 0);
	return NULL;
}

static const char *a_chain_may_go_on_for_ever(void)
{
	return with_caller(endless_chain);
}

static const char *failing_chain(void)
{
	const char *why;

	submit_take(1, CAPOS_SUBMIT_LINK);
	submit_nop(2, CAPOS_SUBMIT_LINK);
	submit_nop(3, 0);
	submit_nop(4, 0);
	why = expect(4, 0);
	if (why == NULL) {
		const struct capos_ring_cancel params = { .user_data = 1 };

		GUEST_CHECK(caller_call(&caller, (struct capos_submission){ .cap = ring, .method = CAPOS_RING_CANCEL }, &params,
					sizeof(params)) == 1);
		why = expect(1, STATUS_ECANCELED);
	}
	for (uint64_t i = 2; why == NULL && i < 4; i++)
		why = expect(i, STATUS_ECANCELED);
	return why;
}

static const char *what_is_linked_to_a_failure_is_cancelled(void)
{
	return with_caller(failing_chain);
}

static const char *takes_in_turn(void)
{
	GUEST_CHECK(queue_fill(2) == STATUS_OK);
	submit_take(1, CAPOS_SUBMIT_LINK);
	submit_take(2, CAPOS_SUBMIT_LINK);
	submit_take(3, 0);
	for (uint64_t i = 1; i < 3; i++) {
		const char *why = expect(i, 0);

		if (why != NULL)
			return why;
	}
	GUEST_CHECK(queue_fill(1) == STATUS_OK);
	return expect(3, 0);
}

static const char *takes_come_at_once_or_when_something_is_given(void)
{
	return with_caller(takes_in_turn);
}

/* cap_enter(2, a second), and exit with what it returned. */
static const uint32_t enter_twice[] = { 0xd2800028, 0xd2800040, 0xd2a77341, 0xd4000001, 0xd2800008, 0xd4000001 };

/* What finishes while it is carried out wakes nobody, as nobody sleeps yet: the thread must look before it does. */
static const char *who_enters_sees_what_finished_at_once(void)
{
	uint64_t begin_ns;

	GUEST_CHECK(begin() == STATUS_OK);
	GUEST_CHECK(queue_fill(2) == STATUS_OK);
	submit_take(1, CAPOS_SUBMIT_LINK);
	submit_take(2, 0);

	uint64_t pa;

	GUEST_CHECK(hal_space_translate(&caller.user.process->space, USER_CODE_VA, &pa) == STATUS_OK);
	for (unsigned i = 0; i < sizeof(enter_twice) / sizeof(enter_twice[0]); i++)
		((uint32_t *)hal_direct_va(pa))[i] = enter_twice[i];
	hal_page_publish_code(hal_direct_va(pa));
	begin_ns = hal_timer_now_ns();
	GUEST_CHECK(process_start(caller.user.process, caller.user.thread) == STATUS_OK);
	GUEST_CHECK(user_finish(&caller.user) == 2);
	GUEST_CHECK(hal_timer_now_ns() - begin_ns < 900 * MS);
	return NULL;
}

enum { RACE_ROUNDS = 60, RACE_WAITS = 8 };

static _Atomic uint32_t woken;
static _Atomic uint32_t racers;
static _Atomic bool race_over;

/* Wakes whoever waits, from another CPU, again and again. */
static void notifier(void *arg)
{
	const struct capos_event_notify params = { .address = CALLER_VA, .count = 1 };
	struct cap_call call = { .process = arg };

	while (!atomic_load(&race_over)) {
		atomic_fetch_add(&woken, (uint32_t)event_notify(&call, &params));
		fiber_yield();
		hal_cpu_relax();
	}
	atomic_fetch_sub(&racers, 1);
}

/* One round: some with a time limit that is about to come, some that are cancelled at once; how many were woken. */
static const char *race_round(uint32_t *served)
{
	const struct capos_ring_cancel params = { .user_data = 1 };

	for (unsigned i = 0; i < RACE_WAITS; i++)
		submit_wait(i % 2, i % 2 == 0 ? (i + 1) * US : 0);
	GUEST_CHECK(caller_run(&caller));
	caller_submit(&caller, (struct capos_submission){ .cap = ring, .method = CAPOS_RING_CANCEL, .user_data = 2 }, &params,
		      sizeof(params));
	for (unsigned i = 0; i < RACE_WAITS + 1; i++) {
		struct capos_completion completion;

		GUEST_CHECK(caller_take(&caller, &completion));
		if (completion.user_data == 2)
			continue;
		GUEST_CHECK(completion.result == 0 ||
			    completion.result == (completion.user_data == 0 ? STATUS_ETIMEDOUT : STATUS_ECANCELED));
		*served += completion.result == 0;
	}
	GUEST_CHECK(caller.user.thread->own.inflight == 0);
	return NULL;
}

static const char *race(void)
{
	static const struct fiber_options options = { .name = "notifier", .priority = FIBER_NORMAL };
	const char *why = NULL;
	uint32_t served = 0;

	atomic_store(&woken, 0);
	atomic_store(&race_over, false);
	for (unsigned cpu = smp_online() > 1 ? 1 : 0; why == NULL && cpu < smp_online(); cpu++) {
		atomic_fetch_add(&racers, 1);
		GUEST_CHECK(fiber_create_on(cpu, &options, notifier, caller.user.process) == STATUS_OK);
	}
	for (unsigned round = 0; why == NULL && round < RACE_ROUNDS; round++)
		why = race_round(&served);
	atomic_store(&race_over, true);
	while (atomic_load(&racers) > 0) {
		fiber_yield();
		hal_cpu_relax();
	}
	if (why == NULL)
		GUEST_CHECK(served == atomic_load(&woken));
	return why;
}

static const char *notify_limit_and_cancel_race_for_one_completion(void)
{
	const char *why;

	GUEST_CHECK(begin() == STATUS_OK);
	why = race();
	caller_end(&caller);
	return why;
}

static const struct guest_test tests[] = {
	{ "time_limits_end_what_waits", time_limits_end_what_waits },
	{ "cancelling_ends_what_bears_the_data_and_nothing_else", cancelling_ends_what_bears_the_data_and_nothing_else },
	{ "closing_leaves_nothing_of_what_waits", closing_leaves_nothing_of_what_waits },
	{ "a_chain_may_go_on_for_ever", a_chain_may_go_on_for_ever },
	{ "what_is_linked_to_a_failure_is_cancelled", what_is_linked_to_a_failure_is_cancelled },
	{ "takes_come_at_once_or_when_something_is_given", takes_come_at_once_or_when_something_is_given },
	{ "who_enters_sees_what_finished_at_once", who_enters_sees_what_finished_at_once },
	{ "notify_limit_and_cancel_race_for_one_completion", notify_limit_and_cancel_race_for_one_completion },
};

const struct guest_table operation_tests = { tests, sizeof(tests) / sizeof(tests[0]) };
