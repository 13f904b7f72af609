// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Capabilities of a process: a number means what it was given for, or nothing. capset_tree_test.c: what was derived from what. */
#include "kernel/cap/capset.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/kernel/cap/capset_pages.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

enum { SLOT_MASK = CAPSET_SLOTS, MODEL_SLOTS = 300, GENERATION_AT = CAPSET_SLOTS + 1, GENERATION_MAX = 0xfffff };
enum { PAGES_FULL = 128, PAGES_UNSEEN = 512 + 1 /* of a full set: of slots, and where those behind the first are */ };

static struct object objects[CAPSET_SLOTS_UNSEEN + 1];
static struct pages pages;
static struct capset set;

static void begin(void)
{
	pages = (struct pages){ .left = PAGES_UNSEEN };
	memset(&set, 0, sizeof(set));
	capset_init(&set, pages_source(&pages));
}

static void end(void)
{
	capset_free(&set);
	CU_ASSERT_EQUAL(pages.taken, 0);
}

/* A capability for objects[i] with rights i * 3. */
static capos_cap_t add(unsigned i)
{
	capos_cap_t cap = CAPOS_CAP_NONE;

	CU_ASSERT_EQUAL_FATAL(capset_add(&set, &objects[i], i * 3, "name", NULL, &cap), STATUS_OK);
	return cap;
}

/* Takes `cap` out, which leads to objects[i]. */
static void take_out(capos_cap_t cap, unsigned i)
{
	struct capset_slot *slot = capset_slot(&set, cap);

	CU_ASSERT_PTR_NOT_NULL_FATAL(slot);
	CU_ASSERT_PTR_EQUAL(capset_remove(slot), &objects[i]);
}

/* Whether `cap` leads to objects[i] with its rights. */
static bool leads_to(capos_cap_t cap, unsigned i)
{
	struct object *object = NULL;
	uint32_t rights = UINT32_MAX;
	const struct capset_slot *slot = capset_slot(&set, cap);

	return capset_find(&set, cap, &object, &rights) == STATUS_OK && object == &objects[i] && rights == i * 3 && slot != NULL &&
	       slot->object == object && slot->set == &set;
}

/* Whether `cap` is refused by all, with nothing written. */
static bool refused(capos_cap_t cap)
{
	struct object *object = &objects[CAPSET_SLOTS];
	uint32_t rights = 0x5a5a;

	return capset_find(&set, cap, &object, &rights) == STATUS_EBADF && object == &objects[CAPSET_SLOTS] &&
	       rights == 0x5a5a && capset_slot(&set, cap) == NULL;
}

static void capset_gives_back_object_and_rights(void)
{
	static capos_cap_t caps[CAPSET_SLOTS];
	static bool seen[SLOT_MASK + 1];

	begin();
	for (unsigned i = 0; i < CAPSET_SLOTS; i++)
		caps[i] = add(i);
	for (unsigned i = 0; i < CAPSET_SLOTS; i++) {
		CU_ASSERT_NOT_EQUAL(caps[i], CAPOS_CAP_NONE);
		CU_ASSERT(leads_to(caps[i], i));
		CU_ASSERT_FALSE(seen[caps[i] & SLOT_MASK]);
		seen[caps[i] & SLOT_MASK] = true;
	}
	CU_ASSERT_EQUAL(set.count, CAPSET_SLOTS);
	end();
}

static void capset_holds_so_many_and_no_more(void)
{
	capos_cap_t cap = 1234;
	capos_cap_t middle = CAPOS_CAP_NONE;

	begin();
	for (unsigned i = 0; i < CAPSET_SLOTS; i++) {
		cap = add(i);
		middle = i == CAPSET_SLOTS / 2 ? cap : middle;
	}
	cap = 1234;
	CU_ASSERT_EQUAL(capset_add(&set, &objects[CAPSET_SLOTS], 1, "", NULL, &cap), STATUS_ENOSPC);
	CU_ASSERT_EQUAL(cap, 1234);
	CU_ASSERT_EQUAL(set.count, CAPSET_SLOTS);
	take_out(middle, CAPSET_SLOTS / 2);
	CU_ASSERT(leads_to(add(5), 5));
	CU_ASSERT_EQUAL(capset_add(&set, &objects[CAPSET_SLOTS], 1, "", NULL, &cap), STATUS_ENOSPC);
	CU_ASSERT_EQUAL(pages.taken, PAGES_FULL + 1);
	end();
}

/* Without a page the set is as it was, and serves on with what it has. */
static void capset_stands_running_out_of_pages(void)
{
	capos_cap_t first = CAPOS_CAP_NONE;
	capos_cap_t cap = 1234;

	begin();
	pages.left = 0;
	CU_ASSERT_EQUAL(capset_add(&set, &objects[0], 1, "", NULL, &cap), STATUS_ENOMEM);
	pages.left = 1;
	for (unsigned i = 0; i < CAPSET_CHUNK_SLOTS; i++) {
		cap = add(i);
		first = i == 0 ? cap : first;
	}
	cap = 1234;
	CU_ASSERT_EQUAL(capset_add(&set, &objects[77], 1, "", NULL, &cap), STATUS_ENOMEM);
	CU_ASSERT_EQUAL(cap, 1234);
	CU_ASSERT_EQUAL(set.count, CAPSET_CHUNK_SLOTS);
	take_out(first, 0);
	CU_ASSERT(leads_to(add(9), 9));
	pages.left = 1;
	CU_ASSERT(leads_to(add(10), 10));
	end();
}

static void capset_is_empty_at_first(void)
{
	unsigned at = 0;

	begin();
	for (capos_cap_t cap = 0; cap < 4 * GENERATION_AT; cap++)
		CU_ASSERT(refused(cap));
	CU_ASSERT_PTR_NULL(capset_next(&set, &at));
	end();
}

static void capset_refuses_every_other_number(void)
{
	struct random random = random_start(11);
	capos_cap_t cap;

	begin();
	cap = add(0);
	CU_ASSERT(refused(CAPOS_CAP_NONE));
	for (unsigned bit = 0; bit < 32; bit++)
		CU_ASSERT(refused(cap ^ 1u << bit));
	for (capos_cap_t guess = 0; guess < 3 * GENERATION_AT; guess++)
		CU_ASSERT(guess == cap || refused(guess));
	for (unsigned round = 0; round < 100000; round++) {
		capos_cap_t guess = (capos_cap_t)random_next(&random);

		CU_ASSERT(guess == cap || refused(guess));
	}
	CU_ASSERT(refused(UINT32_MAX));
	CU_ASSERT(leads_to(cap, 0));
	end();
}

static void capset_forgets_what_was_removed(void)
{
	capos_cap_t first;
	capos_cap_t second;

	begin();
	first = add(1);
	take_out(first, 1);
	CU_ASSERT(refused(first));
	second = add(2);
	CU_ASSERT_NOT_EQUAL(first, second);
	CU_ASSERT(refused(first));
	CU_ASSERT(leads_to(second, 2));
	end();
}

static void capset_never_gives_a_number_twice(void)
{
	enum { ROUNDS = 3000 };
	static capos_cap_t gone[ROUNDS];
	capos_cap_t kept;

	begin();
	kept = add(7);
	for (unsigned round = 0; round < ROUNDS; round++) {
		gone[round] = add(round % 5);
		take_out(gone[round], round % 5);
	}
	for (unsigned round = 0; round < ROUNDS; round++) {
		CU_ASSERT(refused(gone[round]));
		CU_ASSERT(round == 0 || gone[round] != gone[round - 1]);
	}
	CU_ASSERT(leads_to(kept, 7));
	end();
}

/* A slot's last generation is still good; then the slot is retired, and the next one serves. */
static void capset_retires_a_slot_that_has_used_up_its_generations(void)
{
	capos_cap_t last;
	capos_cap_t other;

	begin();
	take_out(add(0), 0);
	capset_at(&set, 0)->generation = GENERATION_MAX - 1;
	last = add(3);
	CU_ASSERT_EQUAL(last, (capos_cap_t)GENERATION_MAX * GENERATION_AT | 1);
	CU_ASSERT(leads_to(last, 3));
	take_out(last, 3);
	CU_ASSERT(refused(last));
	other = add(4);
	CU_ASSERT_EQUAL(other & SLOT_MASK, 2);
	CU_ASSERT(leads_to(other, 4));
	for (unsigned i = 2; i < CAPSET_SLOTS; i++)
		(void)add(i);
	for (unsigned i = 0; i < CAPSET_SLOTS; i++)
		capset_at(&set, i)->generation = GENERATION_MAX;
	take_out(capset_slot(&set, other) == NULL ? CAPOS_CAP_NONE : other, 4);
	CU_ASSERT_EQUAL(capset_add(&set, &objects[0], 0, "", NULL, &other), STATUS_ENOSPC);
	end();
}

/* Where nobody keeps a number, the slot serves on, with the generations from the first on. */
static void capset_holds_more_where_nobody_keeps_a_number(void)
{
	static capos_cap_t caps[CAPSET_SLOTS_UNSEEN];
	capos_cap_t cap = 1234;
	unsigned at = 0, count = 0;

	begin();
	capset_hide_numbers(&set);
	for (unsigned i = 0; i < CAPSET_SLOTS_UNSEEN; i++)
		caps[i] = add(i);
	CU_ASSERT_EQUAL(capset_add(&set, &objects[0], 1, "", NULL, &cap), STATUS_ENOSPC);
	CU_ASSERT_EQUAL(cap, 1234);
	for (unsigned i = 0; i < CAPSET_SLOTS_UNSEEN; i++)
		CU_ASSERT(leads_to(caps[i], i));
	while (capset_next(&set, &at) != NULL)
		count++;
	CU_ASSERT_EQUAL(count, CAPSET_SLOTS_UNSEEN);
	CU_ASSERT_EQUAL(pages.taken, PAGES_UNSEEN);
	take_out(caps[CAPSET_SLOTS_UNSEEN - 1], CAPSET_SLOTS_UNSEEN - 1);
	CU_ASSERT(refused(caps[CAPSET_SLOTS_UNSEEN - 1]));
	CU_ASSERT(leads_to(add(5), 5));
	end();
}

static void capset_recycles_where_nobody_keeps_a_number(void)
{
	capos_cap_t last, next;

	begin();
	capset_hide_numbers(&set);
	take_out(add(0), 0);
	capset_at(&set, 0)->generation = UINT32_MAX / (CAPSET_SLOTS_UNSEEN + 1) - 1;
	last = add(3);
	take_out(last, 3);
	next = add(4);
	CU_ASSERT_EQUAL(next, 1); /* generation 0 of the first slot */
	CU_ASSERT(leads_to(next, 4) && refused(last));
	take_out(next, 4);
	CU_ASSERT_EQUAL(add(5), (CAPSET_SLOTS_UNSEEN + 1) | 1);
	CU_ASSERT_EQUAL(pages.taken, 1);
	end();
}

/* The page that says where the slots behind the first are can be missing, too, and one of those slots. */
static void capset_stands_running_out_of_pages_far_behind(void)
{
	capos_cap_t cap = 1234;

	begin();
	for (unsigned i = 0; i < CAPSET_CHUNKS * CAPSET_CHUNK_SLOTS; i++)
		(void)add(i);
	CU_ASSERT_EQUAL(pages.taken, CAPSET_CHUNKS);
	pages.left = 0;
	CU_ASSERT_EQUAL(capset_add(&set, &objects[0], 1, "", NULL, &cap), STATUS_ENOMEM);
	pages.left = 1;
	CU_ASSERT_EQUAL(capset_add(&set, &objects[0], 1, "", NULL, &cap), STATUS_ENOMEM);
	CU_ASSERT_EQUAL(cap, 1234);
	CU_ASSERT(refused(CAPSET_CHUNKS * CAPSET_CHUNK_SLOTS + 1));
	pages.left = 1;
	CU_ASSERT(leads_to(add(7), 7));
	CU_ASSERT_EQUAL(pages.taken, CAPSET_CHUNKS + 2);
	end();
}

/* By slots, each once; `order` tells which is the oldest. */
static void capset_walks_over_all_of_it(void)
{
	capos_cap_t caps[3 * CAPSET_CHUNK_SLOTS];
	unsigned at = 0;
	unsigned count = 0;
	uint32_t order = 0;
	struct capset_slot *slot;

	begin();
	for (unsigned i = 0; i < 3 * CAPSET_CHUNK_SLOTS; i++)
		caps[i] = add(i);
	for (unsigned i = 0; i < 3 * CAPSET_CHUNK_SLOTS; i += 3)
		take_out(caps[i], i);
	while ((slot = capset_next(&set, &at)) != NULL) {
		CU_ASSERT_EQUAL((slot->number & SLOT_MASK) % 3, count % 2 == 0 ? 2 : 0);
		CU_ASSERT(count == 0 || slot->order > order);
		order = slot->order;
		count++;
	}
	CU_ASSERT_EQUAL(count, 2 * CAPSET_CHUNK_SLOTS);
	CU_ASSERT_PTR_NULL(capset_next(&set, &at));
	CU_ASSERT_EQUAL(capset_slot(&set, add(0))->order, 3 * CAPSET_CHUNK_SLOTS);
	end();
}

static void capset_keeps_names_that_end(void)
{
	static const char longest[] = "twenty-three characters";
	static const char too_long[] = "twenty-three characters and more";
	capos_cap_t cap;

	begin();
	CU_ASSERT_EQUAL(sizeof(longest), CAPOS_NAME_BYTES);
	CU_ASSERT_EQUAL(capset_add(&set, &objects[0], 0, longest, NULL, &cap), STATUS_OK);
	CU_ASSERT_STRING_EQUAL(capset_slot(&set, cap)->name, longest);
	take_out(cap, 0);
	CU_ASSERT_EQUAL(capset_add(&set, &objects[0], 0, "short", NULL, &cap), STATUS_OK);
	CU_ASSERT_EQUAL(memcmp(capset_slot(&set, cap)->name, "short\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", CAPOS_NAME_BYTES), 0);
	CU_ASSERT_EQUAL(capset_add(&set, &objects[1], 0, too_long, NULL, &cap), STATUS_OK);
	CU_ASSERT_STRING_EQUAL(capset_slot(&set, cap)->name, longest);
	end();
}

/* Against a model: any order of adding and removing. */
static void capset_keeps_to_its_model(void)
{
	capos_cap_t model[MODEL_SLOTS] = { 0 };
	struct random random = random_start(23);

	begin();
	for (unsigned round = 0; round < 50000; round++) {
		unsigned i = (unsigned)random_below(&random, MODEL_SLOTS);

		if (model[i] == CAPOS_CAP_NONE) {
			model[i] = add(i);
		} else {
			capos_cap_t gone = model[i];

			CU_ASSERT(leads_to(gone, i));
			take_out(gone, i);
			CU_ASSERT(refused(gone));
			model[i] = CAPOS_CAP_NONE;
		}
	}
	for (unsigned i = 0; i < MODEL_SLOTS; i++)
		CU_ASSERT(model[i] == CAPOS_CAP_NONE || leads_to(model[i], i));
	end();
}

static const struct unit_case cases[] = {
	UNIT_CASE(capset_gives_back_object_and_rights),
	UNIT_CASE(capset_holds_so_many_and_no_more),
	UNIT_CASE(capset_stands_running_out_of_pages),
	UNIT_CASE(capset_is_empty_at_first),
	UNIT_CASE(capset_refuses_every_other_number),
	UNIT_CASE(capset_forgets_what_was_removed),
	UNIT_CASE(capset_never_gives_a_number_twice),
	UNIT_CASE(capset_retires_a_slot_that_has_used_up_its_generations),
	UNIT_CASE(capset_holds_more_where_nobody_keeps_a_number),
	UNIT_CASE(capset_recycles_where_nobody_keeps_a_number),
	UNIT_CASE(capset_stands_running_out_of_pages_far_behind),
	UNIT_CASE(capset_walks_over_all_of_it),
	UNIT_CASE(capset_keeps_names_that_end),
	UNIT_CASE(capset_keeps_to_its_model),
};

UNIT_MAIN("kernel/cap/capset", cases)
