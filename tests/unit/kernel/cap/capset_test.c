// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Capabilities of a process: a number means what it was given for, or nothing. */
#include "kernel/cap/capset.h"

#include <stdbool.h>
#include <string.h>

#include "tests/unit/random.h"
#include "tests/unit/unit.h"

enum { SLOT_BITS = 8, GENERATION_MAX = (1 << 24) - 1 };

static struct object objects[CAPSET_SLOTS + 1];
static struct capset set;

/* A capability for objects[i] with rights i * 3. */
static capos_cap_t add(unsigned i)
{
	capos_cap_t cap = CAPOS_CAP_NONE;

	CU_ASSERT_EQUAL_FATAL(capset_add(&set, &objects[i], i * 3, &cap), STATUS_OK);
	return cap;
}

/* Whether `cap` leads to objects[i] with its rights. */
static bool leads_to(capos_cap_t cap, unsigned i)
{
	struct object *object = NULL;
	uint32_t rights = UINT32_MAX;

	return capset_find(&set, cap, &object, &rights) == STATUS_OK && object == &objects[i] && rights == i * 3;
}

/* Whether `cap` is refused by all, with nothing written. */
static bool refused(capos_cap_t cap)
{
	struct object *object = &objects[CAPSET_SLOTS];
	uint32_t rights = 0x5a5a;

	return capset_find(&set, cap, &object, &rights) == STATUS_EBADF && object == &objects[CAPSET_SLOTS] &&
	       rights == 0x5a5a && capset_remove(&set, cap) == STATUS_EBADF;
}

static void capset_gives_back_object_and_rights(void)
{
	capos_cap_t caps[CAPSET_SLOTS];

	capset_init(&set);
	for (unsigned i = 0; i < CAPSET_SLOTS; i++)
		caps[i] = add(i);
	for (unsigned i = 0; i < CAPSET_SLOTS; i++) {
		CU_ASSERT_NOT_EQUAL(caps[i], CAPOS_CAP_NONE);
		CU_ASSERT(leads_to(caps[i], i));
		for (unsigned j = 0; j < i; j++)
			CU_ASSERT_NOT_EQUAL(caps[i], caps[j]);
	}
}

static void capset_holds_so_many_and_no_more(void)
{
	capos_cap_t cap = 1234;
	capos_cap_t middle = CAPOS_CAP_NONE;

	capset_init(&set);
	for (unsigned i = 0; i < CAPSET_SLOTS; i++) {
		cap = add(i);
		middle = i == CAPSET_SLOTS / 2 ? cap : middle;
	}
	cap = 1234;
	CU_ASSERT_EQUAL(capset_add(&set, &objects[CAPSET_SLOTS], 1, &cap), STATUS_ENOSPC);
	CU_ASSERT_EQUAL(cap, 1234);
	CU_ASSERT_EQUAL(capset_remove(&set, middle), STATUS_OK);
	CU_ASSERT(leads_to(add(5), 5));
	CU_ASSERT_EQUAL(capset_add(&set, &objects[CAPSET_SLOTS], 1, &cap), STATUS_ENOSPC);
}

static void capset_is_empty_at_first(void)
{
	memset(&set, 0xa5, sizeof(set));
	capset_init(&set);
	for (capos_cap_t cap = 0; cap < 4 << SLOT_BITS; cap++)
		CU_ASSERT(refused(cap));
}

static void capset_refuses_every_other_number(void)
{
	struct random random = random_start(11);
	capos_cap_t cap;

	capset_init(&set);
	cap = add(0);
	CU_ASSERT(refused(CAPOS_CAP_NONE));
	for (unsigned bit = 0; bit < 32; bit++)
		CU_ASSERT(refused(cap ^ 1u << bit));
	for (capos_cap_t slot = 0; slot < 1 << SLOT_BITS; slot++)
		for (uint32_t generation = 0; generation < 3; generation++) {
			capos_cap_t guess = generation << SLOT_BITS | slot;

			CU_ASSERT(guess == cap || refused(guess));
		}
	for (unsigned round = 0; round < 100000; round++) {
		capos_cap_t guess = (capos_cap_t)random_next(&random);

		CU_ASSERT(guess == cap || refused(guess));
	}
	CU_ASSERT(refused(UINT32_MAX));
	CU_ASSERT(leads_to(cap, 0));
}

/* Slot + 1 is stored: the number one past the last slot's is nobody's, though a slot's memory would follow. */
static void capset_refuses_slots_past_its_end(void)
{
	capset_init(&set);
	for (unsigned i = 0; i < CAPSET_SLOTS; i++)
		(void)add(i);
	for (capos_cap_t slot = CAPSET_SLOTS + 1; slot < 1 << SLOT_BITS; slot++)
		for (uint32_t generation = 0; generation < 3; generation++)
			CU_ASSERT(refused(generation << SLOT_BITS | slot));
}

static void capset_forgets_what_was_removed(void)
{
	capos_cap_t first;
	capos_cap_t second;

	capset_init(&set);
	first = add(1);
	CU_ASSERT_EQUAL(capset_remove(&set, first), STATUS_OK);
	CU_ASSERT(refused(first));
	second = add(2);
	CU_ASSERT_NOT_EQUAL(first, second);
	CU_ASSERT(refused(first));
	CU_ASSERT(leads_to(second, 2));
}

static void capset_never_gives_a_number_twice(void)
{
	enum { ROUNDS = 3000 };
	static capos_cap_t gone[ROUNDS];
	capos_cap_t kept;

	capset_init(&set);
	kept = add(7);
	for (unsigned round = 0; round < ROUNDS; round++) {
		gone[round] = add(round % 5);
		CU_ASSERT_EQUAL(capset_remove(&set, gone[round]), STATUS_OK);
	}
	for (unsigned round = 0; round < ROUNDS; round++) {
		CU_ASSERT(refused(gone[round]));
		CU_ASSERT(round == 0 || gone[round] != gone[round - 1]);
	}
	CU_ASSERT(leads_to(kept, 7));
}

/* A slot's last generation is still good; then the slot is retired, and the next one serves. */
static void capset_retires_a_slot_that_has_used_up_its_generations(void)
{
	capos_cap_t last;
	capos_cap_t other;

	capset_init(&set);
	set.slots[0].generation = GENERATION_MAX - 1;
	last = add(3);
	CU_ASSERT_EQUAL(last, (capos_cap_t)GENERATION_MAX << SLOT_BITS | 1);
	CU_ASSERT(leads_to(last, 3));
	CU_ASSERT_EQUAL(capset_remove(&set, last), STATUS_OK);
	CU_ASSERT(refused(last));
	other = add(4);
	CU_ASSERT_EQUAL(other & ((1 << SLOT_BITS) - 1), 2);
	CU_ASSERT(leads_to(other, 4));
	for (unsigned i = 0; i < CAPSET_SLOTS; i++)
		set.slots[i].generation = GENERATION_MAX;
	set.slots[1].object = NULL;
	CU_ASSERT_EQUAL(capset_add(&set, &objects[0], 0, &other), STATUS_ENOSPC);
}

/* Against a model: any order of adding and removing. */
static void capset_keeps_to_its_model(void)
{
	capos_cap_t model[CAPSET_SLOTS] = { 0 };
	struct random random = random_start(23);

	capset_init(&set);
	for (unsigned round = 0; round < 50000; round++) {
		unsigned i = (unsigned)random_below(&random, CAPSET_SLOTS);

		if (model[i] == CAPOS_CAP_NONE) {
			model[i] = add(i);
		} else {
			CU_ASSERT(leads_to(model[i], i));
			CU_ASSERT_EQUAL(capset_remove(&set, model[i]), STATUS_OK);
			CU_ASSERT(refused(model[i]));
			model[i] = CAPOS_CAP_NONE;
		}
	}
	for (unsigned i = 0; i < CAPSET_SLOTS; i++)
		CU_ASSERT(model[i] == CAPOS_CAP_NONE || leads_to(model[i], i));
}

static const struct unit_case cases[] = {
	UNIT_CASE(capset_gives_back_object_and_rights),
	UNIT_CASE(capset_holds_so_many_and_no_more),
	UNIT_CASE(capset_is_empty_at_first),
	UNIT_CASE(capset_refuses_every_other_number),
	UNIT_CASE(capset_refuses_slots_past_its_end),
	UNIT_CASE(capset_forgets_what_was_removed),
	UNIT_CASE(capset_never_gives_a_number_twice),
	UNIT_CASE(capset_retires_a_slot_that_has_used_up_its_generations),
	UNIT_CASE(capset_keeps_to_its_model),
};

UNIT_MAIN("kernel/cap/capset", cases)
