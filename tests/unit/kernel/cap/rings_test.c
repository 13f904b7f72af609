// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The kernel's end of the rings, against processes honest and hostile: no cursor leads outside, none is believed. */
#include "kernel/cap/rings.h"

#include <stdbool.h>
#include <string.h>

#include "tests/unit/random.h"
#include "tests/unit/unit.h"

/* Guards about the entries: what is out of bounds is seen by its marks (and, at the ends, by the sanitizer). */
static struct {
	struct capos_submission before;
	struct capos_submission entries[CAPOS_SUBMISSIONS];
	struct capos_submission after;
} submissions;

static struct {
	struct capos_completion before;
	struct capos_completion entries[CAPOS_COMPLETIONS];
	struct capos_completion after;
} completions;

static struct capos_rings shared;
static struct cap_rings rings;

/* New rings, with all cursors at `start`. */
static void begin(uint32_t start)
{
	memset(&submissions, 0x5a, sizeof(submissions));
	memset(&completions, 0x5a, sizeof(completions));
	for (uint32_t i = 0; i < CAPOS_SUBMISSIONS; i++)
		submissions.entries[i].user_data = i;
	shared.submit_tail = shared.submit_head = shared.complete_tail = shared.complete_head = start;
	rings = (struct cap_rings){ .shared = &shared,
				    .submissions = submissions.entries,
				    .completions = completions.entries,
				    .submit_head = start,
				    .complete_tail = start };
}

static bool all_5a(const void *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (((const uint8_t *)at)[i] != 0x5a)
			return false;
	return true;
}

static const uint32_t starts[] = { 0, 1, CAPOS_SUBMISSIONS - 1, CAPOS_COMPLETIONS - 1, 0x7fffffff, 0x80000000,
				   UINT32_MAX - CAPOS_COMPLETIONS, UINT32_MAX - 5, UINT32_MAX };
enum { STARTS = sizeof(starts) / sizeof(starts[0]) };

static void rings_are_empty_at_first(void)
{
	for (unsigned i = 0; i < STARTS; i++) {
		struct capos_submission out;
		uint32_t waiting = 99;

		begin(starts[i]);
		memset(&out, 0x5a, sizeof(out));
		CU_ASSERT_EQUAL(cap_rings_take(&rings, &out), STATUS_EAGAIN);
		CU_ASSERT(all_5a(&out, sizeof(out)));
		CU_ASSERT_EQUAL(shared.submit_head, starts[i]);
		CU_ASSERT_EQUAL(cap_rings_waiting(&rings, &waiting), STATUS_OK);
		CU_ASSERT_EQUAL(waiting, 0);
	}
}

static void rings_take_each_submission_once_in_order(void)
{
	for (unsigned i = 0; i < STARTS; i++) {
		struct capos_submission out;

		begin(starts[i]);
		for (uint32_t count = 0; count <= CAPOS_SUBMISSIONS; count++) {
			uint32_t from = rings.submit_head;

			shared.submit_tail = from + count;
			for (uint32_t n = 0; n < count; n++) {
				CU_ASSERT_EQUAL(cap_rings_take(&rings, &out), STATUS_OK);
				CU_ASSERT_EQUAL(out.user_data, (from + n) % CAPOS_SUBMISSIONS);
				CU_ASSERT_EQUAL(memcmp(&out, &submissions.entries[(from + n) % CAPOS_SUBMISSIONS], sizeof(out)), 0);
				CU_ASSERT_EQUAL(shared.submit_head, from + n + 1);
			}
			CU_ASSERT_EQUAL(cap_rings_take(&rings, &out), STATUS_EAGAIN);
			CU_ASSERT_EQUAL(shared.submit_head, from + count);
		}
	}
}

/* Every distance but 0 to the capacity is refused, and moves nothing. */
static void rings_refuse_impossible_submit_tails(void)
{
	static const uint32_t distances[] = { CAPOS_SUBMISSIONS + 1, CAPOS_SUBMISSIONS * 2, 1000, 0x7fffffff, 0x80000000,
					      0u - CAPOS_SUBMISSIONS, 0u - 2, 0u - 1 };

	for (unsigned i = 0; i < STARTS; i++)
		for (unsigned j = 0; j < sizeof(distances) / sizeof(distances[0]); j++) {
			struct capos_submission out;

			begin(starts[i]);
			memset(&out, 0x5a, sizeof(out));
			shared.submit_tail = starts[i] + distances[j];
			CU_ASSERT_EQUAL(cap_rings_take(&rings, &out), STATUS_EINVAL);
			CU_ASSERT(all_5a(&out, sizeof(out)));
			CU_ASSERT_EQUAL(rings.submit_head, starts[i]);
			CU_ASSERT_EQUAL(shared.submit_head, starts[i]);
		}
}

static void rings_count_what_the_process_has_not_taken(void)
{
	for (unsigned i = 0; i < STARTS; i++)
		for (uint32_t count = 0; count <= CAPOS_COMPLETIONS; count++) {
			uint32_t waiting = 99;

			begin(starts[i]);
			rings.complete_tail = starts[i] + count;
			CU_ASSERT_EQUAL(cap_rings_waiting(&rings, &waiting), STATUS_OK);
			CU_ASSERT_EQUAL(waiting, count);
		}
}

static void rings_refuse_impossible_complete_heads(void)
{
	static const uint32_t ahead[] = { 1, 2, CAPOS_COMPLETIONS, 0x7fffffff, 0x80000000, 0u - CAPOS_COMPLETIONS - 1,
					  0u - 1000 };

	for (unsigned i = 0; i < STARTS; i++)
		for (unsigned j = 0; j < sizeof(ahead) / sizeof(ahead[0]); j++) {
			uint32_t waiting = 99;

			begin(starts[i]);
			shared.complete_head = starts[i] + ahead[j];
			CU_ASSERT_EQUAL(cap_rings_waiting(&rings, &waiting), STATUS_EINVAL);
			CU_ASSERT_EQUAL(waiting, 99);
		}
}

static void rings_show_each_completion_where_it_belongs(void)
{
	for (unsigned i = 0; i < STARTS; i++) {
		begin(starts[i]);
		for (uint32_t n = 0; n < CAPOS_COMPLETIONS; n++) {
			struct capos_completion completion = { .user_data = n, .result = -(int64_t)n, .new_cap = ~n };

			cap_rings_complete(&rings, &completion);
			CU_ASSERT_EQUAL(shared.complete_tail, starts[i] + n + 1);
			CU_ASSERT_EQUAL(memcmp(&completions.entries[(starts[i] + n) % CAPOS_COMPLETIONS], &completion,
					       offsetof(struct capos_completion, reserved0)), 0);
		}
		CU_ASSERT(all_5a(&completions.before, sizeof(completions.before)));
		CU_ASSERT(all_5a(&completions.after, sizeof(completions.after)));
	}
}

static void rings_leave_the_other_entries_alone(void)
{
	struct capos_completion completion = { .user_data = 1 };

	begin(3);
	cap_rings_complete(&rings, &completion);
	for (unsigned i = 0; i < CAPOS_COMPLETIONS; i++)
		CU_ASSERT(i == 3 || all_5a(&completions.entries[i], sizeof(completion)));
}

/* The process writes its copies of the kernel's cursors, too: that must not matter. */
static void rings_never_read_back_what_the_kernel_wrote(void)
{
	struct capos_completion completion = { .user_data = 77 };
	struct capos_submission out;
	uint32_t waiting;

	begin(10);
	shared.submit_tail = 12;
	shared.submit_head = 0xdeadbeef;
	shared.complete_tail = 0xdeadbeef;
	CU_ASSERT_EQUAL(cap_rings_take(&rings, &out), STATUS_OK);
	CU_ASSERT_EQUAL(out.user_data, 10);
	CU_ASSERT_EQUAL(shared.submit_head, 11);
	CU_ASSERT_EQUAL(cap_rings_waiting(&rings, &waiting), STATUS_OK);
	CU_ASSERT_EQUAL(waiting, 0);
	cap_rings_complete(&rings, &completion);
	CU_ASSERT_EQUAL(completions.entries[10].user_data, 77);
	CU_ASSERT_EQUAL(shared.complete_tail, 11);
}

/* What was taken is the kernel's own copy. */
static void rings_copy_a_submission_before_the_process_changes_it(void)
{
	struct capos_submission out;

	begin(0);
	shared.submit_tail = 1;
	CU_ASSERT_EQUAL(cap_rings_take(&rings, &out), STATUS_OK);
	memset(&submissions.entries[0], 0xff, sizeof(submissions.entries[0]));
	CU_ASSERT_EQUAL(out.user_data, 0);
	CU_ASSERT_EQUAL(out.cap, 0x5a5a5a5a);
}

/* Any cursors at any time: each result is one of those that are told, and no entry is read or written outside. */
static void rings_stand_any_cursors(void)
{
	struct random random = random_start(5);

	begin(UINT32_MAX - 500);
	for (unsigned round = 0; round < 100000; round++) {
		struct capos_completion completion = { .user_data = round };
		struct capos_submission out;
		uint32_t head = rings.submit_head;
		uint32_t waiting = 0;
		status_t status;

		shared.submit_tail = random_next(&random) % 4 ? head + (uint32_t)random_below(&random, 130) - 3
							      : (uint32_t)random_next(&random);
		shared.complete_head = random_next(&random) % 4 ? rings.complete_tail - (uint32_t)random_below(&random, 200) + 3
								: (uint32_t)random_next(&random);
		status = cap_rings_take(&rings, &out);
		CU_ASSERT_EQUAL(status, shared.submit_tail - head > CAPOS_SUBMISSIONS ? STATUS_EINVAL :
					shared.submit_tail == head ? STATUS_EAGAIN : STATUS_OK);
		CU_ASSERT_EQUAL(rings.submit_head, head + (status == STATUS_OK));
		CU_ASSERT(status != STATUS_OK || out.user_data == head % CAPOS_SUBMISSIONS);
		status = cap_rings_waiting(&rings, &waiting);
		CU_ASSERT(status == STATUS_OK || status == STATUS_EINVAL);
		CU_ASSERT(waiting <= CAPOS_COMPLETIONS);
		if (status == STATUS_OK && waiting < CAPOS_COMPLETIONS)
			cap_rings_complete(&rings, &completion);
	}
	CU_ASSERT(all_5a(&completions.before, sizeof(completions.before)));
	CU_ASSERT(all_5a(&completions.after, sizeof(completions.after)));
	CU_ASSERT(all_5a(&submissions.before, sizeof(submissions.before)));
	CU_ASSERT(all_5a(&submissions.after, sizeof(submissions.after)));
}

static const struct unit_case cases[] = {
	UNIT_CASE(rings_are_empty_at_first),
	UNIT_CASE(rings_take_each_submission_once_in_order),
	UNIT_CASE(rings_refuse_impossible_submit_tails),
	UNIT_CASE(rings_count_what_the_process_has_not_taken),
	UNIT_CASE(rings_refuse_impossible_complete_heads),
	UNIT_CASE(rings_show_each_completion_where_it_belongs),
	UNIT_CASE(rings_leave_the_other_entries_alone),
	UNIT_CASE(rings_never_read_back_what_the_kernel_wrote),
	UNIT_CASE(rings_copy_a_submission_before_the_process_changes_it),
	UNIT_CASE(rings_stand_any_cursors),
};

UNIT_MAIN("kernel/cap/rings", cases)
