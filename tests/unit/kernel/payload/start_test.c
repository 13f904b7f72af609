// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The page that a process finds at its start: arguments, environment, capabilities, as addresses of its own; and what has no room in it. */
#include "tests/unit/kernel/cap/call.h"

#include "kernel/payload/start.c"

enum { OWN = sizeof(own) / sizeof(own[0]) };

static const struct cap_interface interface = { .id = 9, .rights = 7 };
struct object memory_object = { .interface = &interface, .holds = 1 }, capset_object = { .interface = &interface, .holds = 1 };
struct object ring_object = { .interface = &interface, .holds = 1 }, event_object = { .interface = &interface, .holds = 1 };
struct object threads_object = { .interface = &interface, .holds = 1 };
static _Alignas(8) uint8_t page_memory[4096];
static status_t maps;
static char printed[256];
static unsigned lines;
static struct start start;

status_t process_map(struct process *process, uint64_t va, unsigned rights, void **page)
{
	CU_ASSERT(process == &world.process && va == PROCESS_START_VA && rights == HAL_USER_READ);
	*page = memset(page_memory, 0, sizeof(page_memory));
	return maps;
}

void log_print(enum log_component component, enum log_level level, const char *fmt, ...)
{
	va_list args;

	CU_ASSERT(component == LOG_CAP && level == LOG_INFO);
	va_start(args, fmt);
	vsnprintf(printed, sizeof(printed), fmt, args);
	va_end(args);
	lines++;
}

static status_t begin(uint32_t argc, uint32_t envc, const char *strings, size_t len)
{
	call_begin(NULL, 0, NULL, 0);
	world.process.number = 3;
	world.process.id = 0xabc;
	strcpy(world.process.name, "some");
	maps = STATUS_OK;
	lines = 0;
	return start_begin(&world.process, argc, envc, span_of(strings, len), &start);
}

static const char *at(uint64_t va)
{
	return (const char *)page_memory + (va - PROCESS_START_VA);
}

static void strings_are_where_the_vectors_say(void)
{
	const struct capos_start *header = (const struct capos_start *)(void *)page_memory;
	uint64_t vector[5];

	CU_ASSERT_EQUAL(begin(2, 1, "one\0two\0X=3", 12), STATUS_OK);
	CU_ASSERT(header->magic == CAPOS_START_MAGIC && header->bytes == sizeof(*header) && header->process == 0xabc && header->argc == 2);
	memcpy(vector, at(header->argv), sizeof(vector));
	CU_ASSERT(strcmp(at(vector[0]), "one") == 0 && strcmp(at(vector[1]), "two") == 0 && vector[2] == 0);
	CU_ASSERT(header->envp == header->argv + 24 && strcmp(at(vector[3]), "X=3") == 0 && vector[4] == 0);
	CU_ASSERT(header->capset_count == OWN && lines == OWN && header->rings == PROCESS_RINGS_VA);
}

static void strings_that_do_not_end_or_are_too_many_are_refused(void)
{
	static char many[START_STRINGS_MAX + 1], longest[STRING_BYTES + 1];

	CU_ASSERT_EQUAL(begin(1, 0, "one", 3), STATUS_EINVAL);
	CU_ASSERT_EQUAL(begin(1, 0, "one\0two", 8), STATUS_EINVAL);
	CU_ASSERT_EQUAL(begin(2, 0, "one", 4), STATUS_EINVAL);
	CU_ASSERT_EQUAL(begin(START_STRINGS_MAX - 1, 1, many, START_STRINGS_MAX), STATUS_OK);
	CU_ASSERT_EQUAL(begin(START_STRINGS_MAX, 1, many, START_STRINGS_MAX + 1), STATUS_E2BIG);
	CU_ASSERT_EQUAL(begin(START_STRINGS_MAX + 1, 0, many, START_STRINGS_MAX + 1), STATUS_E2BIG);
	memset(longest, 'x', STRING_BYTES - 1);
	CU_ASSERT_EQUAL(begin(1, 0, longest, STRING_BYTES), STATUS_OK);
	longest[STRING_BYTES - 1] = 'x';
	CU_ASSERT_EQUAL(begin(1, 0, longest, STRING_BYTES + 1), STATUS_E2BIG);
	maps = STATUS_ENOMEM;
	call_begin(NULL, 0, NULL, 0);
	CU_ASSERT_EQUAL(start_begin(&world.process, 1, 0, span_of("x", 2), &start), STATUS_ENOMEM);
}

static void capabilities_are_shown_and_said_until_there_is_no_room(void)
{
	struct object object = { .interface = &interface, .holds = 1 };
	const struct capos_capset_entry *entry = &((const struct start_page *)(void *)page_memory)->capset[OWN];

	CU_ASSERT_EQUAL(begin(1, 0, "x", 2), STATUS_OK);
	CU_ASSERT_EQUAL(start_grant(&start, "twenty-three characters and more", &object, 0x15), STATUS_OK);
	CU_ASSERT(entry->cap == NEW_CAP && entry->interface == 9 && entry->rights == 0x15 && strcmp(entry->name, "twenty-three characters") == 0);
	CU_ASSERT_STRING_EQUAL(printed, "process 3 (some): twenty-three characters and more, rights 0x15");
	for (unsigned i = OWN + 1; i < START_CAPSET_MAX; i++)
		CU_ASSERT_EQUAL(start_show(&start, "one", 1, 2, 3), STATUS_OK);
	CU_ASSERT_EQUAL(start_show(&start, "one", 1, 2, 3), STATUS_ENOSPC);
	CU_ASSERT_EQUAL(lines, START_CAPSET_MAX);
	world.grants = STATUS_ENOMEM;
	object.holds = 2;
	CU_ASSERT_EQUAL(start_grant(&start, "one", &object, 1), STATUS_ENOMEM);
	CU_ASSERT(object.holds == 1 && lines == START_CAPSET_MAX);
	start_begin_bare(&world.process, &start);
	CU_ASSERT_EQUAL(start_show(&start, "one", 1, 2, 3), STATUS_OK);
	CU_ASSERT_EQUAL(lines, START_CAPSET_MAX + 1);
}

static const struct unit_case cases[] = {
	UNIT_CASE(strings_are_where_the_vectors_say),
	UNIT_CASE(strings_that_do_not_end_or_are_too_many_are_refused),
	UNIT_CASE(capabilities_are_shown_and_said_until_there_is_no_room),
};

UNIT_MAIN("kernel/payload/start", cases)
