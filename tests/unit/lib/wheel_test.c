// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* lib/wheel against a sorted list, by random operations; its order, its edges and what it costs. */
#include "lib/wheel.h"

#include <string.h>

#include "lib/bits.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

#define NODES 400
#define MANY 20000
#define TICK (1ull << WHEEL_TICK_SHIFT)

struct timed {
	struct wheel_node node;
	struct list_node sorted; /* in the reference */
};

static struct wheel wheel;
static struct list_node slots[WHEEL_SLOTS];
static struct timed timed[NODES];
static struct wheel_node many[MANY];
static struct list_node sorted;
static unsigned wrong; /* what a random run found: one assertion for all of it */

static void start(uint64_t now)
{
	memset(slots, 0xa5, sizeof(slots)); /* whatever was there */
	wheel_init(&wheel, slots, now);
	list_init(&sorted);
	for (unsigned i = 0; i < NODES; i++) {
		list_init(&timed[i].node.link);
		list_init(&timed[i].sorted);
	}
}

static struct timed *reference_first(void)
{
	return list_is_empty(&sorted) ? NULL : LIST_OWNER(sorted.next, struct timed, sorted);
}

static void both_add(struct timed *item, uint64_t deadline)
{
	struct list_node *at = &sorted;

	wheel_add(&wheel, &item->node, deadline);
	while (at->prev != &sorted && LIST_OWNER(at->prev, struct timed, sorted)->node.deadline_ns > deadline)
		at = at->prev;
	list_insert_before(at, &item->sorted);
}

static void both_cancel(struct timed *item)
{
	wheel_cancel(&item->node);
	list_remove(&item->sorted);
}

static void compare_next(void)
{
	const struct timed *first = reference_first();

	wrong += wheel_next(&wheel) != (first != NULL ? first->node.deadline_ns : WHEEL_NEVER);
}

/* Takes one from both; false where neither had one. */
static bool compare_take(uint64_t now)
{
	struct wheel_node *node = wheel_take_due(&wheel, now);
	struct timed *first = reference_first();

	if (first == NULL || first->node.deadline_ns > now) {
		wrong += node != NULL;
		return false;
	}
	wrong += node != &first->node;
	list_remove(&first->sorted);
	return true;
}

/* Up to `bits_max` of 63 bits, each length as likely as any other. */
static uint64_t random_span(struct random *random, unsigned bits_max)
{
	return random_next(random) >> (63 - random_below(random, bits_max));
}

static uint64_t later(uint64_t now, uint64_t span)
{
	return now + span < now ? UINT64_MAX - 1 : now + span;
}

static void drain(void)
{
	while (compare_take(UINT64_MAX))
		;
	compare_next();
	wrong += wheel.levels != 0 || reference_first() != NULL;
}

/*
 * Adds, cancels, asks and expires at random. Deadlines are up to 2^bits ahead, some past, some equal to others; the clock goes by
 * spans that are mostly much shorter, or exactly to the next deadline, or to just before it.
 */
static void run(uint64_t seed, uint64_t now, unsigned bits, unsigned rounds)
{
	struct random random = random_start(seed);

	const uint64_t begin = now;

	start(begin);
	wrong = 0;
	for (unsigned i = 0; i < rounds; i++) {
		struct timed *item = &timed[random_below(&random, NODES)];
		struct timed *other = &timed[random_below(&random, NODES)];

		switch (random_below(&random, 16)) {
		case 0 ... 10:
			both_cancel(item);
			if (i % 7 == 0)
				both_add(item, now - (now < TICK ? 0 : random_below(&random, TICK)));
			else if (i % 7 < 3 && !list_is_empty(&other->sorted) && other != item)
				both_add(item, other->node.deadline_ns);
			else
				both_add(item, later(now, random_span(&random, bits)));
			break;
		case 11:
			both_cancel(item);
			break;
		case 12 ... 13:
			compare_next();
			break;
		default:
			if (i % 3 == 0 && reference_first() != NULL && reference_first()->node.deadline_ns > now)
				now = reference_first()->node.deadline_ns - i % 2;
			else
				now = later(now, random_span(&random, bits) >> random_below(&random, bits));
			if (i % 11 == 0) /* the clock may go back */
				compare_take(now - random_span(&random, bits) % (now + 1));
			/* Some left, to be cancelled in the middle of the expiry. */
			for (unsigned max = i % 5 == 0 ? 3 : NODES; max > 0 && compare_take(now); max--)
				;
		}
		if (now > UINT64_MAX / 2) { /* out of time */
			drain();
			start(now = begin);
		}
	}
	drain();
}

static void wheel_is_a_sorted_list(void)
{
	static const unsigned bits[] = { 8, 11, 14, 17, 23, 30, 40, 63 };

	for (unsigned i = 0; i < ARRAY_LEN(bits); i++) {
		run(100 + i, 0, bits[i], 20000);
		CU_ASSERT_EQUAL(wrong, 0);
		run(200 + i, 0x123456789abcdefull, bits[i], 20000);
		CU_ASSERT_EQUAL(wrong, 0);
	}
}

/* A base just below a carry through every level, so that deadlines lie in each of them at once. */
static void wheel_carries_through_every_level(void)
{
	for (unsigned level = 1; level < WHEEL_LEVELS; level++) {
		uint64_t carry = 1ull << (WHEEL_TICK_SHIFT + WHEEL_LEVEL_BITS * level);

		for (uint64_t before = 1; before <= 2 * TICK; before *= 2) {
			run(300 + level, carry - before, 12 + 6 * level < 62 ? 12 + 6 * level : 62, 300);
			CU_ASSERT_EQUAL(wrong, 0);
		}
	}
}

/* Each level alone: one deadline far ahead is neither early nor moved by the clock's steps towards it. */
static void wheel_is_exact_however_far(void)
{
	for (unsigned bit = 0; bit < 64; bit++) {
		uint64_t deadline = (1ull << bit) + 12345;
		unsigned early = 0;
		uint64_t now = 0;

		start(0);
		wheel_add(&wheel, &timed[0].node, deadline);
		for (uint64_t left = deadline; left > 1; left -= left / 3 + 1) {
			now = deadline - left;
			early += wheel_take_due(&wheel, now) != NULL;
			early += wheel_next(&wheel) != deadline;
		}
		CU_ASSERT_EQUAL(early, 0);
		CU_ASSERT_PTR_NULL(wheel_take_due(&wheel, deadline - 1));
		CU_ASSERT_PTR_EQUAL(wheel_take_due(&wheel, deadline), &timed[0].node);
		CU_ASSERT_EQUAL(wheel_next(&wheel), WHEEL_NEVER);
	}
}

static void wheel_keeps_the_order_of_equal_deadlines(void)
{
	const uint64_t deadline = 1ull << 40;

	start(0);
	wrong = 0;
	/* Added at ever shorter distance, so from different levels. */
	for (unsigned i = 0; i < NODES; i++) {
		wheel_add(&wheel, &timed[i].node, deadline);
		CU_ASSERT_PTR_NULL(wheel_take_due(&wheel, deadline - (deadline >> (1 + i / 10)) - 1 - i % 10));
	}
	for (unsigned i = 0; i < NODES; i++)
		wrong += wheel_take_due(&wheel, deadline + (1ull << 30)) != &timed[i].node;
	CU_ASSERT_EQUAL(wrong, 0);
}

static void wheel_cancel_twice_does_no_harm(void)
{
	start(1000);
	wheel_add(&wheel, &timed[0].node, 9000);
	wheel_add(&wheel, &timed[1].node, 9500);
	wheel_cancel(&timed[0].node);
	wheel_cancel(&timed[0].node);
	CU_ASSERT_EQUAL(wheel_next(&wheel), 9500);
	CU_ASSERT_PTR_EQUAL(wheel_take_due(&wheel, 9500), &timed[1].node);
	wheel_cancel(&timed[1].node);
	CU_ASSERT_EQUAL(wheel_next(&wheel), WHEEL_NEVER);
}

static void wheel_survives_a_clock_that_goes_back(void)
{
	start(100000000);
	wheel_add(&wheel, &timed[0].node, 50);
	wheel_add(&wheel, &timed[1].node, 100000001);
	CU_ASSERT_EQUAL(wheel_next(&wheel), 50);
	CU_ASSERT_PTR_NULL(wheel_take_due(&wheel, 49));
	CU_ASSERT_PTR_EQUAL(wheel_take_due(&wheel, 50), &timed[0].node);
	CU_ASSERT_PTR_NULL(wheel_take_due(&wheel, 100000000));
	CU_ASSERT_PTR_EQUAL(wheel_take_due(&wheel, 100000001), &timed[1].node);
}

/* A node moves down at most once a level, whatever the clock does. */
static void wheel_refiles_a_node_once_a_level(void)
{
	struct random random = random_start(7);
	uint64_t now = 0;
	unsigned taken = 0;

	start(now);
	for (unsigned i = 0; i < MANY; i++)
		wheel_add(&wheel, &many[i], random_next(&random) >> 20);
	while (taken < MANY) {
		uint64_t next = wheel_next(&wheel);

		now = random_below(&random, 2) ? next : now + (next - now) / 2;
		while (wheel_take_due(&wheel, now) != NULL)
			taken++;
	}
	CU_ASSERT(wheel.refiled <= (uint64_t)MANY * (WHEEL_LEVELS - 1));
	/* A slot is sorted once where it is first ahead, and what is below it is sorted then. */
	CU_ASSERT(wheel.compared <= (uint64_t)MANY * 32);
}

/* Timeouts of one length that are mostly cancelled, as a server has them: asking for the next one sorts nothing. */
static void wheel_sorts_nothing_for_one_length_of_timeout(void)
{
	uint64_t now = 1000000000;

	start(now);
	wrong = 0;
	memset(many, 0, sizeof(many));
	for (unsigned i = 0; i < MANY; i++) {
		wheel_add(&wheel, &many[i], now + 200000000);
		if (i >= 1000)
			wheel_cancel(&many[i - 1000]);
		wrong += wheel_next(&wheel) != many[i < 1000 ? 0 : i - 999].deadline_ns;
		now += 777;
		wrong += wheel_take_due(&wheel, now) != NULL;
	}
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT_EQUAL(wheel.compared, 0);
}

/* A slot is sorted once, and what was in it before does not matter. */
static void wheel_sorts_only_what_is_out_of_order(void)
{
	const uint64_t far = 1ull << 50;

	start(0);
	for (unsigned i = 0; i < 3; i++)
		wheel_add(&wheel, &timed[i].node, far - i);
	CU_ASSERT_EQUAL(wheel_next(&wheel), far - 2);

	uint64_t compared = wheel.compared;

	CU_ASSERT(compared > 0);
	CU_ASSERT_EQUAL(wheel_next(&wheel), far - 2);
	for (unsigned i = 0; i < 3; i++)
		wheel_cancel(&timed[i].node);
	wheel_add(&wheel, &timed[0].node, far + 1);
	wheel_add(&wheel, &timed[1].node, far);
	wheel_cancel(&timed[1].node);
	wheel_cancel(&timed[0].node);
	CU_ASSERT_EQUAL(wheel_next(&wheel), WHEEL_NEVER);
	for (unsigned i = 0; i < 3; i++)
		wheel_add(&wheel, &timed[i].node, far + i);
	CU_ASSERT_EQUAL(wheel_next(&wheel), far);
	CU_ASSERT_EQUAL(wheel.compared, compared);
}

/* However late it is, near deadlines get slots of their own: the base follows the clock. */
static void wheel_files_finely_near_the_clock(void)
{
	const uint64_t now = 1ull << 50;

	start(0);
	CU_ASSERT_PTR_NULL(wheel_take_due(&wheel, now));
	for (unsigned i = 0; i < WHEEL_LEVEL_SLOTS; i++)
		wheel_add(&wheel, &timed[i].node, now + (WHEEL_LEVEL_SLOTS - i) * TICK - 1);
	CU_ASSERT_EQUAL(wheel_next(&wheel), now + TICK - 1);
	CU_ASSERT_EQUAL(wheel.compared, 0);
}

static void wheel_uses_its_last_slot(void)
{
	start(0);
	for (unsigned i = 0; i < 2; i++) {
		wheel_add(&wheel, &timed[0].node, UINT64_MAX - 1);
		CU_ASSERT_EQUAL(wheel_next(&wheel), UINT64_MAX - 1);
		wheel_cancel(&timed[0].node);
	}
	wheel_add(&wheel, &timed[0].node, UINT64_MAX - 1);
	CU_ASSERT_PTR_EQUAL(wheel_take_due(&wheel, UINT64_MAX), &timed[0].node);
}

static const struct unit_case cases[] = {
	UNIT_CASE(wheel_is_a_sorted_list),
	UNIT_CASE(wheel_carries_through_every_level),
	UNIT_CASE(wheel_is_exact_however_far),
	UNIT_CASE(wheel_keeps_the_order_of_equal_deadlines),
	UNIT_CASE(wheel_cancel_twice_does_no_harm),
	UNIT_CASE(wheel_survives_a_clock_that_goes_back),
	UNIT_CASE(wheel_refiles_a_node_once_a_level),
	UNIT_CASE(wheel_sorts_only_what_is_out_of_order),
	UNIT_CASE(wheel_files_finely_near_the_clock),
	UNIT_CASE(wheel_uses_its_last_slot),
	UNIT_CASE(wheel_sorts_nothing_for_one_length_of_timeout),
};
UNIT_MAIN("lib/wheel", cases)
