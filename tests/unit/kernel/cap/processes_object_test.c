// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Spawning: what is asked for, what the parent and the child come to have, and what is left where it fails at each step. */
#define CALL_OWN_GRANTS
#include "tests/unit/kernel/cap/call.h"

#include "kernel/cap/grant.c"
#include "kernel/cap/processes_object.c"
#include "tests/unit/kernel/cap/capset_pages.h"

const struct cap_interface processes_interface = { .id = 1 }, program_interface = { .id = 2 }, process_interface = { .id = 3 };
static struct pages pages;
static struct process child;
static struct thread child_main;
static struct object file_object;
static struct program_request asked;
static status_t loads, starts, shows;
static unsigned abandoned, shown;
static char name_asked[64];

struct span processes_archive(void)
{
	return span_of("archive", 7);
}

struct span program_file(const struct object *object)
{
	CU_ASSERT(object == &file_object && object->holds > 1);
	return span_of("program", 7);
}

status_t program_load(struct span archive, const struct program_request *request, struct program *out, char *why)
{
	CU_ASSERT_EQUAL(archive.len, 7);
	asked = *request;
	snprintf(name_asked, sizeof(name_asked), "%s", request->name);
	strcpy(why, "because");
	child.object.holds = 1;
	*out = (struct program){ .process = &child, .main = &child_main, .start = { .process = &child } };
	return loads;
}

void program_abandon(struct program *program)
{
	CU_ASSERT_PTR_EQUAL(program->process, &child);
	grant_close(&child.capset);
	abandoned++;
	object_put(&child.object);
}

status_t program_start(struct program *program)
{
	if (starts != STATUS_OK)
		program_abandon(program);
	return starts;
}

status_t start_show(struct start *start, const char *name, capos_cap_t cap, uint32_t interface, uint32_t rights)
{
	CU_ASSERT(start->process == &child && strcmp(name, "given") == 0 && cap != 0 && interface == 2 && rights == 1);
	shown++;
	return shows;
}

void log_print(enum log_component component, enum log_level level, const char *fmt, ...)
{
	CU_ASSERT(component == LOG_PROC && level == LOG_INFO && strstr(fmt, "spawns nothing") != NULL);
}

static capos_cap_t begin(void)
{
	capos_cap_t cap;

	call_begin(NULL, 0, NULL, 0);
	pages = (struct pages){ .left = 8 };
	memset(&child, 0, sizeof(child));
	child.object.interface = &process_interface;
	child.number = 42;
	strcpy(child.name, "child");
	capset_init(&world.process.capset, pages_source(&pages));
	capset_init(&child.capset, pages_source(&pages));
	loads = starts = shows = STATUS_OK;
	abandoned = shown = 0;
	object_init(&file_object, &program_interface, NULL);
	CU_ASSERT_EQUAL(grant_new(&world.process.capset, &file_object, CAPOS_PROGRAM_RIGHT_SPAWN, "program", &cap), STATUS_OK);
	return cap;
}

static void end(void)
{
	grant_close(&world.process.capset);
	grant_close(&child.capset);
	CU_ASSERT(pages.taken == 0 && child.object.holds == 0 && file_object.holds == 0);
}

static int64_t spawn(const char *strings, size_t len)
{
	const struct capos_processes_spawn params = { .memory_bytes = 1, .stack_bytes = 2, .threads = 3, .cpu = 4, .argc = 5, .envc = 6 };

	return processes_spawn(&world.call, &params, span_of(strings, len));
}

static int64_t spawn_program(capos_cap_t cap, const char *strings, size_t len)
{
	return processes_spawn_program(&world.call, &(struct capos_processes_spawn_program){ .program = cap }, span_of(strings, len));
}

static void a_child_is_started_and_its_parent_may_wait_for_it(void)
{
	struct object *found;
	uint32_t rights;

	begin();
	CU_ASSERT_EQUAL(spawn("bin/x\0name\0arg", 15), 42);
	CU_ASSERT(asked.exec.len == 5 && strcmp(name_asked, "name") == 0 && asked.strings.len == 9 && asked.budget == &world.budget);
	CU_ASSERT(asked.memory_bytes == 1 && asked.stack_bytes == 2 && asked.threads_max == 3 && asked.cpu == 4 && asked.argc == 5 && asked.envc == 6);
	CU_ASSERT_EQUAL(capset_find(&world.process.capset, world.call.new_cap, &found, &rights), STATUS_OK);
	CU_ASSERT(found == &child.object && rights == (CAPOS_PROCESS_RIGHT_WAIT | CAPOS_PROCESS_RIGHT_KILL) && child.object.holds == 1);
	CU_ASSERT_EQUAL(abandoned, 0);
	end();
}

static void what_is_handed_over_is_the_childs_too(void)
{
	const capos_cap_t cap = begin();
	struct cap_transfer transfers[2] = { { .cap = cap, .rights = 1, .name = "given" }, { .cap = cap, .rights = 1, .name = "given" } };

	world.submission.transfer_count = 2;
	world.call.transfers = transfers;
	CU_ASSERT_EQUAL(spawn("x\0name", 7), 42);
	CU_ASSERT(shown == 2 && child.capset.count == 2 && file_object.holds == 3);
	grant_close(&child.capset);
	CU_ASSERT_EQUAL(grant_drop(&world.process.capset, world.call.new_cap), STATUS_OK);
	transfers[1].cap = 0;
	world.call.new_cap = CAPOS_CAP_NONE;
	CU_ASSERT_EQUAL(spawn("x\0name", 7), STATUS_EBADF);
	CU_ASSERT(abandoned == 1 && world.call.new_cap == CAPOS_CAP_NONE && world.process.capset.count == 1 && child.capset.count == 0);
	transfers[1].cap = cap;
	shows = STATUS_ENOSPC;
	CU_ASSERT_EQUAL(spawn("x\0name", 7), STATUS_ENOSPC);
	CU_ASSERT(abandoned == 2 && file_object.holds == 1);
	end();
}

static void nothing_is_left_of_a_child_that_does_not_start(void)
{
	begin();
	starts = STATUS_ENOMEM;
	CU_ASSERT_EQUAL(spawn("x\0name", 7), STATUS_ENOMEM);
	CU_ASSERT(world.call.new_cap == CAPOS_CAP_NONE && world.process.capset.count == 1 && abandoned == 1 && child.object.holds == 0);
	starts = STATUS_OK;
	loads = STATUS_ENOENT;
	CU_ASSERT_EQUAL(spawn("x\0name", 7), STATUS_ENOENT);
	CU_ASSERT(world.call.new_cap == CAPOS_CAP_NONE && world.process.capset.count == 1 && abandoned == 1);
	child.object.holds = 0;
	end();
}

static void names_and_programs_are_judged_first(void)
{
	const capos_cap_t cap = begin();
	capos_cap_t weak;

	CU_ASSERT_EQUAL(spawn("x", 1), STATUS_EINVAL);
	CU_ASSERT_EQUAL(spawn("x\0name", 6), STATUS_EINVAL);
	CU_ASSERT_EQUAL(spawn("x\n\0name", 8), STATUS_EINVAL);
	CU_ASSERT_EQUAL(spawn("x\x7f\0name", 8), STATUS_EINVAL);
	CU_ASSERT_EQUAL(spawn("x\0Name", 7), STATUS_EINVAL);
	CU_ASSERT_EQUAL(spawn("x\0na me", 8), STATUS_EINVAL);
	CU_ASSERT_EQUAL(spawn("x\0", 3), STATUS_EINVAL);
	CU_ASSERT_EQUAL(spawn("x\0a-name-of-thirty-three-characters", 36), STATUS_EINVAL);
	CU_ASSERT_EQUAL(spawn("~ \0az09-", 9), 42);
	CU_ASSERT_EQUAL(spawn_program(cap, "name", 5), 42);
	CU_ASSERT(asked.file.len == 7 && asked.exec.len == 4 && file_object.holds == 1);
	child.object.holds = 2; /* both of them */
	CU_ASSERT_EQUAL(spawn_program(cap, "Name", 5), STATUS_EINVAL);
	CU_ASSERT_EQUAL(spawn_program(0, "name", 5), STATUS_EBADF);
	CU_ASSERT_EQUAL(spawn_program(world.call.new_cap, "name", 5), STATUS_EBADF); /* no program */
	CU_ASSERT_EQUAL(grant_copy(&world.process.capset, cap, 0, &world.process.capset, NULL, &weak), STATUS_OK);
	CU_ASSERT_EQUAL(spawn_program(weak, "name", 5), STATUS_EACCES);
	end();
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_child_is_started_and_its_parent_may_wait_for_it),
	UNIT_CASE(what_is_handed_over_is_the_childs_too),
	UNIT_CASE(nothing_is_left_of_a_child_that_does_not_start),
	UNIT_CASE(names_and_programs_are_judged_first),
};

UNIT_MAIN("kernel/cap/processes_object", cases)
