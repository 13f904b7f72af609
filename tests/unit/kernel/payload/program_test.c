// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* From a program to a process: its bytes on its pages, its stack and thread, and the reason where it cannot be made. */
#include "tests/unit/kernel/cap/call.h"

#include "kernel/payload/program.c"
#include "tests/unit/lib/elf_image.h"

enum { PAGES = 64, KIB = 1024 };

static struct {
	uint64_t va;
	unsigned rights;
	uint8_t *memory;
} mapped[PAGES];
static unsigned mapped_count, maps_left, published, abandoned;
static struct process child;
static struct thread child_main;
static struct thread_options made_with;
static status_t creates, threads;
static uint64_t machine_pages, asked_bytes;
static char why[PROGRAM_WHY_BYTES];
static struct program program;

status_t process_create(const char *name, struct budget *parent, uint64_t memory_bytes, struct process **out)
{
	CU_ASSERT(strcmp(name, "some") == 0 && parent == NULL);
	asked_bytes = memory_bytes;
	child = (struct process){ .object.holds = 1, .budget = &world.budget };
	*out = &child;
	return creates;
}

void process_abandon(struct process *process)
{
	CU_ASSERT_PTR_EQUAL(process, &child);
	abandoned++;
}

status_t process_map(struct process *process, uint64_t va, unsigned rights, void **page)
{
	CU_ASSERT_PTR_EQUAL(process, &child);
	if (maps_left == 0)
		return STATUS_ENOMEM;
	maps_left--;
	mapped[mapped_count].va = va;
	mapped[mapped_count].rights = rights;
	*page = mapped[mapped_count++].memory = calloc(1, HAL_PAGE_BYTES);
	return STATUS_OK;
}

void hal_page_publish_code(void *page)
{
	CU_ASSERT(page == mapped[mapped_count - 1].memory && mapped[mapped_count - 1].rights == (HAL_USER_READ | HAL_USER_EXEC));
	published++;
}

status_t start_begin(struct process *process, uint32_t argc, uint32_t envc, struct span strings, struct start *start)
{
	CU_ASSERT(process == &child && argc == 1 && envc == 0 && strings.len == 5 && start == &program.start);
	return STATUS_OK;
}

void start_begin_bare(struct process *process, struct start *start)
{
	(void)process;
	(void)start;
}

status_t thread_create(struct process *process, const struct thread_options *options, struct thread **out)
{
	CU_ASSERT_PTR_EQUAL(process, &child);
	made_with = *options;
	*out = &child_main;
	return threads;
}

void thread_abandon(struct thread *thread)
{
	CU_ASSERT_PTR_EQUAL(thread, &child_main);
}

status_t process_start(struct process *process, struct thread *thread)
{
	CU_ASSERT(process == &child && thread == &child_main);
	return threads;
}

uint64_t page_free_count(void)
{
	return machine_pages;
}

struct linux_thread *linux_thread_alloc(void)
{
	return NULL;
}

status_t linux_process_attach(struct process *process, struct process *parent, int exit_signal)
{
	(void)process;
	(void)parent;
	(void)exit_signal;
	return STATUS_ENOMEM;
}

struct linux_start *linux_start_make(struct span name, struct span of, uint32_t argc, uint32_t envc, struct span strings)
{
	(void)name;
	(void)of;
	(void)argc;
	(void)envc;
	(void)strings;
	return NULL;
}

void linux_thread_free(struct linux_thread *personality)
{
	(void)personality;
}

static struct program_request request;

static void begin(void)
{
	call_begin(NULL, 0, NULL, 0);
	make();
	request = (struct program_request){
		.exec = span_of("bin/x", 5), .file = span_of(file, sizeof(file)), .name = "some", .memory_bytes = 1000 * KIB, .stack_bytes = 8192,
		.threads_max = 3, .cpu = 2, .argc = 1, .strings = span_of("some", 5),
	};
	world.budget.limit = 100;
	while (mapped_count > 0)
		free(mapped[--mapped_count].memory);
	published = abandoned = 0;
	maps_left = PAGES;
	creates = threads = STATUS_OK;
	machine_pages = 1000;
	why[0] = '\0';
}

static status_t load(void)
{
	return program_load(span_of("", 0), &request, &program, why);
}

static const uint8_t *at(uint64_t va)
{
	for (unsigned i = 0; i < mapped_count; i++)
		if (mapped[i].va == (va & ~4095ul))
			return mapped[i].memory + (va & 4095);
	CU_FAIL_FATAL("not mapped");
	return NULL;
}

static void segments_lie_where_they_are_meant_and_zeroed_behind(void)
{
	begin();
	for (unsigned i = 0; i < 0x123; i++)
		file[0x1000 + i] = (uint8_t)(i + 1);
	CU_ASSERT_EQUAL(load(), STATUS_OK);
	CU_ASSERT(memcmp(at(TEXT_VA), file, 0x800) == 0 && *at(TEXT_VA + 0x800) == 0);
	CU_ASSERT(memcmp(at(DATA_VA), file + 0x1000, 0x123) == 0 && *at(DATA_VA + 0x123) == 0 && *at(DATA_VA + 0x2000) == 0);
	CU_ASSERT(*at(0x420000) == 0 && memcmp(at(0x420010), file + 0x2010, 0xff0) == 0);
	CU_ASSERT(mapped_count == 1 + 3 + 1 + 2 && published == 1);
	CU_ASSERT(mapped[5].va == PROCESS_STACK_TOP - 4096 && mapped[6].va == PROCESS_STACK_TOP - 8192 && mapped[6].rights == 3);
	CU_ASSERT(made_with.pc == TEXT_VA + 0x400 && made_with.sp == PROCESS_STACK_TOP && made_with.x[0] == PROCESS_START_VA && made_with.cpu == 2 && made_with.is_main);
	CU_ASSERT(child.threads_max == 3 && asked_bytes == 1000 * KIB && program.process == &child && program.main == &child_main);
	child_main.object.holds = 2;
	CU_ASSERT_EQUAL(program_start(&program), STATUS_OK);
	CU_ASSERT(child_main.object.holds == 1 && abandoned == 0);
	threads = STATUS_ENOMEM;
	CU_ASSERT_EQUAL(program_start(&program), STATUS_ENOMEM);
	CU_ASSERT_EQUAL(abandoned, 1);
}

static void what_is_asked_for_must_make_sense(void)
{
	begin();
	machine_pages = 249;
	CU_ASSERT_EQUAL(load(), STATUS_ENOMEM);
	CU_ASSERT_STRING_EQUAL(why, "memory: some asks for 1000 KiB, the machine has 996 KiB left");
	machine_pages = 250;
	CU_ASSERT_EQUAL(load(), STATUS_OK);
	for (unsigned i = 0; i < 5; i++) {
		begin();
		*(i == 4 ? &request.argc : &request.threads_max) = i == 0 ? 0 : i == 1 ? PROCESS_THREADS_MAX + 1 : i == 4 ? 0 : 1;
		request.stack_bytes = i == 2 ? 0 : i == 3 ? 4097 : 4096;
		CU_ASSERT_EQUAL(load(), STATUS_EINVAL);
		CU_ASSERT_STRING_EQUAL(why, "some: stack, threads or arguments are out of range");
	}
	begin();
	request.threads_max = PROCESS_THREADS_MAX;
	CU_ASSERT_EQUAL(load(), STATUS_OK);
}

static void what_is_no_program_says_why(void)
{
	begin();
	request.file = span_of("", 0);
	CU_ASSERT_EQUAL(load(), STATUS_ENOENT);
	CU_ASSERT_STRING_EQUAL(why, "bin/x: the archive has no such file");
	begin();
	file[0] = 0;
	CU_ASSERT_EQUAL(load(), STATUS_ENOEXEC);
	CU_ASSERT_EQUAL(strncmp(why, "bin/x: ", 7), 0);
	begin();
	request.jit = true;
	CU_ASSERT_EQUAL(load(), STATUS_ENOEXEC);
	CU_ASSERT_STRING_EQUAL(why, "bin/x: jit is for Linux programs");
	begin();
	request.memory_bytes = 4096;
	CU_ASSERT_EQUAL(load(), STATUS_ENOMEM);
	CU_ASSERT_STRING_EQUAL(why, "bin/x: image larger than the memory it may use");
	CU_ASSERT_EQUAL(abandoned, 0);
}

/* At any of its pages: then it says whose memory it was that ended. */
static void memory_that_does_not_suffice_is_told_apart(void)
{
	for (unsigned left = 0; left < 7; left++) {
		begin();
		maps_left = left;
		world.budget.used = 93;
		CU_ASSERT_EQUAL(load(), STATUS_ENOMEM);
		CU_ASSERT_STRING_EQUAL(why, "memory: 1000 KiB, as some has, are too little for program, stack and tables");
		CU_ASSERT_EQUAL(abandoned, 1);
		begin();
		maps_left = left;
		world.budget.used = 92;
		CU_ASSERT_EQUAL(load(), STATUS_ENOMEM);
		CU_ASSERT_STRING_EQUAL(why, "memory: the machine has none left");
	}
	begin();
	threads = STATUS_EINVAL;
	CU_ASSERT_EQUAL(load(), STATUS_EINVAL);
	CU_ASSERT_STRING_EQUAL(why, "some: cannot be made (error -22)");
	CU_ASSERT_EQUAL(abandoned, 1);
	begin();
	creates = STATUS_EAGAIN;
	CU_ASSERT_EQUAL(load(), STATUS_EAGAIN);
	CU_ASSERT_EQUAL(abandoned, 0);
	begin();
}

static const struct unit_case cases[] = {
	UNIT_CASE(segments_lie_where_they_are_meant_and_zeroed_behind),
	UNIT_CASE(what_is_asked_for_must_make_sense),
	UNIT_CASE(what_is_no_program_says_why),
	UNIT_CASE(memory_that_does_not_suffice_is_told_apart),
};

UNIT_MAIN("kernel/payload/program", cases)
