// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Operations that wait once more, since what they were finished for is gone when they are settled: still completed once each. */
#include "hal/contract/timer.h"
#include "kernel/cap/operation.h"
#include "kernel/event_methods.h"
#include "kernel/ring_methods.h"
#include "tests/guest/caller.h"
#include "tests/guest/guest.h"

#define MS 1000000ul

static struct caller caller;
static struct operation *waiting;
static unsigned misses; /* times it is still to find nothing */

/* As net_waits_settle() does, but that nobody keeps the operation: whoever ends it has it from `waiting`. */
static void miss(struct operation *operation, capos_cap_t *new_cap)
{
	(void)new_cap;
	if (operation->result < 0 || misses == 0)
		return;
	misses--;
	operation_retime(operation);
	operation_again(operation);
	operation->again = true;
}

/* A wait for the word at the page's beginning that finds nothing `times` times after it was woken. */
static const char *begin_wait(uint64_t timeout_ns, unsigned times)
{
	const struct capos_event_wait params = { .address = CALLER_VA };
	struct ring_set *set;

	GUEST_CHECK(caller_begin(&caller) == STATUS_OK);
	set = &caller.user.thread->own;
	caller_submit(&caller, (struct capos_submission){ .cap = caller_cap(&caller, "event"), .method = CAPOS_EVENT_WAIT,
							  .user_data = 1, .timeout_ns = timeout_ns }, &params, sizeof(params));
	GUEST_CHECK(caller_run(&caller));
	GUEST_CHECK(!list_is_empty(&set->operations));
	waiting = LIST_OWNER(set->operations.next, struct operation, of_set);
	waiting->settle = miss;
	misses = times;
	return NULL;
}

static int64_t notify(void)
{
	const struct capos_event_notify params = { .address = CALLER_VA, .count = 1 };
	struct cap_call call = { .process = caller.user.process };

	return event_notify(&call, &params);
}

/* Wakes it, in vain: it is still under way. */
static const char *wake_in_vain(void)
{
	GUEST_CHECK(notify() == 1);
	GUEST_CHECK(caller_run(&caller));
	GUEST_CHECK(misses == 0 && caller.user.thread->own.inflight == 1);
	return NULL;
}

static const char *expect_and_end(int64_t result)
{
	struct capos_completion completion = { 0 };
	bool taken = caller_take(&caller, &completion);

	GUEST_CHECK(caller.user.thread->own.inflight == 0);
	caller_end(&caller);
	GUEST_CHECK(taken && completion.user_data == 1 && completion.result == result);
	return NULL;
}

static const char *what_waits_again_is_completed_when_it_is_finished_again(void)
{
	const char *why = begin_wait(0, 1);

	if (why == NULL)
		why = wake_in_vain();
	if (why != NULL)
		return why;
	GUEST_CHECK(operation_claim(waiting));
	operation_finish(waiting, 0);
	return expect_and_end(0);
}

static const char *a_time_limit_goes_on_over_all_of_it(void)
{
	uint64_t begin_ns = hal_timer_now_ns();
	const char *why = begin_wait(300 * MS, 1);
	uint64_t deadline_ns;

	if (why != NULL)
		return why;
	deadline_ns = waiting->deadline_ns;
	why = wake_in_vain();
	if (why == NULL && waiting->deadline_ns != deadline_ns)
		why = "it has got another time limit";
	if (why == NULL)
		why = expect_and_end(STATUS_ETIMEDOUT);
	if (why == NULL)
		GUEST_CHECK(hal_timer_now_ns() - begin_ns >= 300 * MS);
	return why;
}

static const char *what_waits_again_can_be_cancelled(void)
{
	const char *why = begin_wait(1000 * MS, 1);

	if (why == NULL)
		why = wake_in_vain();
	if (why != NULL)
		return why;
	GUEST_CHECK(operation_cancel(&caller.user.thread->own, 1) == 1);
	return expect_and_end(STATUS_ECANCELED);
}

static const char *closing_ends_what_waits_again(void)
{
	const char *why = begin_wait(1000 * MS, 1);

	if (why == NULL)
		why = wake_in_vain();
	caller_end(&caller);
	return why;
}

static const struct guest_test tests[] = {
	{ "what_waits_again_is_completed_when_it_is_finished_again", what_waits_again_is_completed_when_it_is_finished_again },
	{ "a_time_limit_goes_on_over_all_of_it", a_time_limit_goes_on_over_all_of_it },
	{ "what_waits_again_can_be_cancelled", what_waits_again_can_be_cancelled },
	{ "closing_ends_what_waits_again", closing_ends_what_waits_again },
};

const struct guest_table again_tests = { tests, sizeof(tests) / sizeof(tests[0]) };
