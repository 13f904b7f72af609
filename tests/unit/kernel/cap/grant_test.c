// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Capabilities given, copied, moved and taken away: what the caller is told, who holds the object then, and that the lock is given back on every way. */
#include "tests/unit/machine.h"

#include "kernel/cap/grant.c"
#include "tests/unit/kernel/cap/capset_pages.h"

enum { RIGHTS = 7 };

static const struct cap_interface interface = { .id = 17, .rights = RIGHTS };
static struct object object;
static struct pages pages;
static struct capset from, to;
static unsigned retired;

bool object_hold(struct object *held)
{
	held->holds++;
	return true;
}

bool object_put_last(struct object *held)
{
	return --held->holds == 0;
}

void object_retire(struct object *dead)
{
	CU_ASSERT_EQUAL(lock.taken, 0); /* what is destroyed may take capabilities away itself */
	CU_ASSERT_EQUAL(dead->holds, 0);
	retired++;
}

void object_put(struct object *held)
{
	if (object_put_last(held))
		object_retire(held);
}

static void begin(void)
{
	pages = (struct pages){ .left = 2 * CAPSET_CHUNKS };
	memset(&from, 0, sizeof(from));
	memset(&to, 0, sizeof(to));
	capset_init(&from, pages_source(&pages));
	capset_init(&to, pages_source(&pages));
	object = (struct object){ .interface = &interface };
	retired = 0;
}

static void end(void)
{
	grant_close(&from);
	grant_close(&to);
	CU_ASSERT_EQUAL(pages.taken, 0);
	CU_ASSERT_EQUAL(lock.taken, 0);
}

/* The object's holds are its capabilities. */
static capos_cap_t given(const char *name)
{
	capos_cap_t cap = 0;

	object.holds++;
	CU_ASSERT_EQUAL_FATAL(grant_new(&from, &object, RIGHTS, name, &cap), STATUS_OK);
	return cap;
}

static void rights_are(const struct capset *set, capos_cap_t cap, uint32_t expected)
{
	struct object *found = NULL;
	uint32_t rights = 0;

	CU_ASSERT_EQUAL(capset_find(set, cap, &found, &rights), STATUS_OK);
	CU_ASSERT_PTR_EQUAL(found, &object);
	CU_ASSERT_EQUAL(rights, expected);
}

static void a_new_capability_that_finds_no_room_lets_its_object_go(void)
{
	capos_cap_t cap = 0;

	begin();
	pages.left = 0;
	object.holds = 1;
	CU_ASSERT_EQUAL(grant_new(&from, &object, RIGHTS, "", &cap), STATUS_ENOMEM);
	CU_ASSERT_EQUAL(retired, 1);
	pages.left = 2;
	rights_are(&from, given("one"), RIGHTS);
	CU_ASSERT_EQUAL(object.holds, 1);
	end();
	CU_ASSERT_EQUAL(retired, 2);
}

static void a_copy_has_no_right_more_and_holds_the_object(void)
{
	capos_cap_t copy = 0;
	begin();

	const capos_cap_t cap = given("one");

	CU_ASSERT_EQUAL(grant_copy(&from, cap, 5, &to, NULL, &copy), STATUS_OK);
	rights_are(&to, copy, 5);
	CU_ASSERT_STRING_EQUAL(capset_slot(&to, copy)->name, "one");
	CU_ASSERT_EQUAL(object.holds, 2);
	CU_ASSERT_EQUAL(grant_copy(&to, copy, RIGHTS, &to, "two", &copy), STATUS_OK);
	rights_are(&to, copy, 5);
	CU_ASSERT_STRING_EQUAL(capset_slot(&to, copy)->name, "two");
	CU_ASSERT_EQUAL(object.holds, 3);
	end();
}

static void a_copy_of_nothing_or_to_no_room_changes_nothing(void)
{
	capos_cap_t copy = 99;
	begin();

	const capos_cap_t cap = given("one");

	CU_ASSERT_EQUAL(grant_copy(&from, cap + 1, RIGHTS, &to, NULL, &copy), STATUS_EBADF);
	CU_ASSERT_EQUAL(grant_copy(&from, 0, RIGHTS, &to, NULL, &copy), STATUS_EBADF);
	pages.left = 0;
	CU_ASSERT_EQUAL(grant_copy(&from, cap, RIGHTS, &to, NULL, &copy), STATUS_ENOMEM);
	CU_ASSERT_EQUAL(object.holds, 1);
	CU_ASSERT_EQUAL(copy, 99);
	CU_ASSERT_EQUAL(to.count, 0);
	CU_ASSERT_EQUAL(retired, 0);
	end();
}

static void the_oldest_is_moved_first_with_its_name(void)
{
	char name[CAPOS_NAME_BYTES] = "";
	capos_cap_t moved = 0, dropped;

	begin();
	dropped = given("gone");
	(void)given("first");
	CU_ASSERT_EQUAL(grant_drop(&from, dropped), STATUS_OK);
	(void)given("second"); /* in the slot before it */
	CU_ASSERT_EQUAL(grant_move_first(&from, &to, &moved, name), STATUS_OK);
	CU_ASSERT_STRING_EQUAL(name, "first");
	CU_ASSERT_STRING_EQUAL(capset_slot(&to, moved)->name, "first");
	rights_are(&to, moved, RIGHTS);
	CU_ASSERT_EQUAL(from.count, 1);
	CU_ASSERT_EQUAL(grant_move_first(&from, &to, &moved, name), STATUS_OK);
	CU_ASSERT_STRING_EQUAL(name, "second");
	CU_ASSERT_EQUAL(grant_move_first(&from, &to, &moved, name), STATUS_EAGAIN);
	CU_ASSERT_EQUAL(object.holds, 2);
	end();
	CU_ASSERT_EQUAL(retired, 1);
}

static void what_finds_no_room_stays_where_it_was(void)
{
	char name[CAPOS_NAME_BYTES];
	capos_cap_t moved = 0;

	begin();
	rights_are(&from, given("one"), RIGHTS);
	pages.left = 0;
	CU_ASSERT_EQUAL(grant_move_first(&from, &to, &moved, name), STATUS_ENOMEM);
	CU_ASSERT_EQUAL(from.count, 1);
	CU_ASSERT_EQUAL(object.holds, 1);
	end();
}

static void dropping_takes_one_away_once(void)
{
	begin();

	const capos_cap_t one = given("one");
	const capos_cap_t two = given("two");

	CU_ASSERT_EQUAL(grant_drop(&from, one), STATUS_OK);
	CU_ASSERT_EQUAL(object.holds, 1);
	CU_ASSERT_EQUAL(grant_drop(&from, one), STATUS_EBADF);
	CU_ASSERT_EQUAL(object.holds, 1);
	CU_ASSERT_EQUAL(retired, 0);
	CU_ASSERT_EQUAL(grant_drop(&from, two), STATUS_OK);
	CU_ASSERT_EQUAL(retired, 1);
	end();
}

static void revoking_takes_all_that_was_derived_and_says_how_many(void)
{
	capos_cap_t copy = 0, deeper = 0;
	uint32_t count = 99;
	begin();

	const capos_cap_t cap = given("one");

	CU_ASSERT_EQUAL(grant_copy(&from, cap, RIGHTS, &to, NULL, &copy), STATUS_OK);
	CU_ASSERT_EQUAL(grant_copy(&to, copy, RIGHTS, &from, NULL, &deeper), STATUS_OK);
	CU_ASSERT_EQUAL(grant_revoke(&from, cap + 5, &count), STATUS_EBADF);
	CU_ASSERT_EQUAL(count, 0);
	CU_ASSERT_EQUAL(grant_revoke(&from, cap, &count), STATUS_OK);
	CU_ASSERT_EQUAL(count, 2);
	CU_ASSERT_EQUAL(object.holds, 1);
	CU_ASSERT_EQUAL(from.count, 1);
	CU_ASSERT_EQUAL(to.count, 0);
	CU_ASSERT_EQUAL(grant_revoke(&from, cap, &count), STATUS_OK);
	CU_ASSERT_EQUAL(count, 0);
	end();
}

static void each_is_listed_as_it_stands(void)
{
	struct capos_capset_entry entry;
	unsigned at = 0;
	begin();

	const capos_cap_t cap = given("one");

	CU_ASSERT_EQUAL(grant_next(&from, &at, &entry), STATUS_OK);
	CU_ASSERT_EQUAL(entry.cap, cap);
	CU_ASSERT_EQUAL(entry.interface, 17);
	CU_ASSERT_EQUAL(entry.rights, RIGHTS);
	CU_ASSERT_STRING_EQUAL(entry.name, "one");
	CU_ASSERT_EQUAL(grant_next(&from, &at, &entry), STATUS_ENOENT);
	end();
}

static void closing_lets_every_object_go_once(void)
{
	struct object others[3];
	capos_cap_t cap = 0;

	begin();
	(void)given("one");
	(void)given("two");
	for (unsigned i = 0; i < 3; i++) {
		others[i] = (struct object){ .interface = &interface, .holds = 1 };
		CU_ASSERT_EQUAL(grant_new(&to, &others[i], RIGHTS, "", &cap), STATUS_OK);
	}
	end();
	CU_ASSERT_EQUAL(retired, 4);
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_new_capability_that_finds_no_room_lets_its_object_go),
	UNIT_CASE(a_copy_has_no_right_more_and_holds_the_object),
	UNIT_CASE(a_copy_of_nothing_or_to_no_room_changes_nothing),
	UNIT_CASE(the_oldest_is_moved_first_with_its_name),
	UNIT_CASE(what_finds_no_room_stays_where_it_was),
	UNIT_CASE(dropping_takes_one_away_once),
	UNIT_CASE(revoking_takes_all_that_was_derived_and_says_how_many),
	UNIT_CASE(each_is_listed_as_it_stands),
	UNIT_CASE(closing_lets_every_object_go_once),
};

UNIT_MAIN("kernel/cap/grant", cases)
