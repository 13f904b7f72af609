// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A process's own capabilities, and random bytes: as many as there is room for, and to the last that may be asked for. */
#define CALL_OWN_GRANTS
#include "tests/unit/kernel/cap/call.h"

#include "kernel/cap/capset_object.c"
#include "kernel/cap/entropy_object.c"
#include "kernel/cap/grant.c"
#include "tests/unit/kernel/cap/capset_pages.h"

const struct cap_interface capset_interface = { .id = 1 };
const struct cap_interface entropy_interface = { .id = 2 };
static struct pages pages;
static struct object object;
static struct capos_capset_entry entries[4];
static uint8_t bytes[CAPOS_ENTROPY_FILL_MAX + 1];

void entropy_draw(void *to, size_t count)
{
	memset(to, 0x5c, count);
}

status_t cap_call_result(const struct cap_call *call, const void *data, size_t count)
{
	return process_copy_out(call->process, call->submission->result, data, count);
}

static capos_cap_t begin(void)
{
	static const struct cap_interface interface = { .id = 9 };
	capos_cap_t cap;

	call_begin(&capset_object, 1, entries, sizeof(entries));
	pages = (struct pages){ .left = 4 };
	capset_init(&world.process.capset, pages_source(&pages));
	object_init(&object, &interface, NULL);
	memset(entries, 0xee, sizeof(entries));
	CU_ASSERT_EQUAL(grant_new(&world.process.capset, &object, 7, "one", &cap), STATUS_OK);
	return cap;
}

static void copies_are_derived_listed_and_revoked(void)
{
	const capos_cap_t cap = begin();

	CU_ASSERT_EQUAL(capset_copy(&world.call, &(struct capos_capset_copy){ .cap = cap, .rights = 2 }), STATUS_OK);
	CU_ASSERT_EQUAL(capset_list(&world.call), 2);
	CU_ASSERT(entries[0].cap == cap && entries[0].rights == 7 && entries[1].cap == world.call.new_cap && entries[1].rights == 2);
	CU_ASSERT_EQUAL(capset_copy(&world.call, &(struct capos_capset_copy){ .cap = 0, .rights = 2 }), STATUS_EBADF);
	CU_ASSERT_EQUAL(capset_revoke(&world.call, &(struct capos_capset_revoke){ .cap = cap }), 1);
	CU_ASSERT_EQUAL(capset_revoke(&world.call, &(struct capos_capset_revoke){ .cap = 0 }), STATUS_EBADF);
	CU_ASSERT_EQUAL(capset_drop(&world.call, &(struct capos_capset_drop){ .cap = cap }), STATUS_OK);
	CU_ASSERT_EQUAL(capset_drop(&world.call, &(struct capos_capset_drop){ .cap = cap }), STATUS_EBADF);
	CU_ASSERT_EQUAL(capset_list(&world.call), 0);
	grant_close(&world.process.capset);
}

static void as_many_are_listed_as_there_is_room_for_and_all_are_counted(void)
{
	const capos_cap_t cap = begin();

	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(capset_copy(&world.call, &(struct capos_capset_copy){ .cap = cap, .rights = 2 }), STATUS_OK);
	world.submission.result_len = 2 * sizeof(entries[0]) + 1;
	CU_ASSERT_EQUAL(capset_list(&world.call), 4);
	CU_ASSERT(entries[1].rights == 2 && entries[2].rights == 0xeeeeeeee);
	world.submission.result_len = 0;
	entries[0].rights = 99;
	CU_ASSERT_EQUAL(capset_list(&world.call), 4);
	CU_ASSERT_EQUAL(entries[0].rights, 99);
	world.submission.result_len = sizeof(entries);
	world.bad_va = (uint64_t)&entries[1];
	CU_ASSERT_EQUAL(capset_list(&world.call), STATUS_EFAULT);
	grant_close(&world.process.capset);
}

static void random_bytes_come_up_to_the_most(void)
{
	call_begin(&entropy_object, 1, bytes, CAPOS_ENTROPY_FILL_MAX);
	memset(bytes, 0, sizeof(bytes));
	CU_ASSERT_EQUAL(entropy_fill(&world.call), CAPOS_ENTROPY_FILL_MAX);
	CU_ASSERT(bytes[0] == 0x5c && bytes[CAPOS_ENTROPY_FILL_MAX - 1] == 0x5c && bytes[CAPOS_ENTROPY_FILL_MAX] == 0);
	world.submission.result_len++;
	CU_ASSERT_EQUAL(entropy_fill(&world.call), STATUS_EMSGSIZE);
	world.submission.result_len = 0;
	CU_ASSERT_EQUAL(entropy_fill(&world.call), 0);
	world.submission.result_len = 1;
	world.bad_va = (uint64_t)bytes;
	CU_ASSERT_EQUAL(entropy_fill(&world.call), STATUS_EFAULT);
}

static const struct unit_case cases[] = {
	UNIT_CASE(copies_are_derived_listed_and_revoked),
	UNIT_CASE(as_many_are_listed_as_there_is_room_for_and_all_are_counted),
	UNIT_CASE(random_bytes_come_up_to_the_most),
};

UNIT_MAIN("kernel/cap/capset_object", cases)
