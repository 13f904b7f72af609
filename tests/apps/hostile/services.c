// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What a process is served, and each refusal as docs/abi.md names it. */
#include "capos/src/start.h"
#include "lib/status.h"
#include "lib/string.h"
#include "tests/apps/hostile/misdeeds.h"

enum { MS = 1000000, ALLOCATIONS = 200 };

static int64_t call(capos_cap_t cap, uint16_t method, uint32_t params_len)
{
	static char params[2 * CAPOS_CONSOLE_LINE_MAX];

	return capos_cap_call(cap, method, params, params_len, NULL, 0);
}

static int refusals(void)
{
	capos_cap_t console = capos_capset_get("console");
	capos_cap_t memory = capos_capset_get("memory");

	EXPECT(console != CAPOS_CAP_NONE && memory != CAPOS_CAP_NONE);
	EXPECT(capos_capset_get("network") == CAPOS_CAP_NONE);
	EXPECT(call(CAPOS_CAP_NONE, 1, 0) == STATUS_EBADF);
	EXPECT(call(console + 1000, 1, 0) == STATUS_EBADF);
	EXPECT(call(console + (1 << 8), 1, 0) == STATUS_EBADF); /* the same slot in another generation */
	EXPECT(call(UINT32_MAX, 1, 0) == STATUS_EBADF);
	EXPECT(call(console, 0, 0) == STATUS_ENOSYS);
	EXPECT(call(console, CAPOS_CONSOLE_READ + 1, 0) == STATUS_ENOSYS);
	EXPECT(call(console, UINT16_MAX, 0) == STATUS_ENOSYS);
	EXPECT(call(console, CAPOS_CONSOLE_WRITE_LINE, CAPOS_CONSOLE_LINE_MAX + 1) == STATUS_EMSGSIZE);
	EXPECT(call(console, CAPOS_CONSOLE_WRITE_LINE, UINT32_MAX) == STATUS_EMSGSIZE);
	EXPECT(call(memory, CAPOS_MEMORY_MAP, 7) == STATUS_EINVAL);
	EXPECT(call(memory, CAPOS_MEMORY_MAP, 9) == STATUS_EMSGSIZE);
	EXPECT(capos_memory_map(memory, 0) == STATUS_EINVAL);
	EXPECT(capos_memory_map(memory, 100) == STATUS_EINVAL);
	EXPECT(capos_memory_map(memory, UINT64_MAX & ~4095ul) == STATUS_ENOMEM);
	EXPECT(capos_memory_unmap(memory, (void *)0x400000, 4096) == STATUS_EINVAL); /* not the heap's */
	EXPECT(capos_memory_unmap(memory, (void *)0x2000000000, UINT64_MAX & ~4095ul) == STATUS_EINVAL);
	EXPECT(capos_sys_cap_enter(CAPOS_COMPLETIONS + 1, 0) == STATUS_EINVAL);
	EXPECT(capos_sys_cap_enter(1, CAPOS_WAIT_FOREVER) == STATUS_EDEADLK);
	return 0;
}

/* What a method refuses by its parameters, whatever rights there are. */
static int parameters(void)
{
	static uint32_t words[2] = { 1, 1 };
	capos_cap_t event = capos_capset_get("event");
	capos_cap_t threads = capos_capset_get("threads");
	const struct capos_event_wait reserved = { .address = (uint64_t)words, .expected = 1, .reserved = 1 };
	uint64_t entry = (uint64_t)(void *)parameters;
	uint64_t end = 1ul << 39;
	capos_cap_t thread;

	EXPECT(capos_event_wait(event, words, 2, CAPOS_WAIT_FOREVER) == STATUS_EAGAIN);
	EXPECT(capos_event_wait(event, (const char *)words + 2, 2, MS) == STATUS_EINVAL);
	EXPECT(capos_event_notify(event, (const char *)words + 1, 1) == STATUS_EINVAL);
	EXPECT(capos_cap_call(event, CAPOS_EVENT_WAIT, &reserved, sizeof(reserved), NULL, 0) == STATUS_EINVAL);
	EXPECT(capos_threads_create(threads, end, 0, 0, 0, 0, CAPOS_THREADS_CPU_ANY, &thread) == STATUS_EINVAL);
	EXPECT(capos_threads_create(threads, entry + 2, 0, 0, 0, 0, CAPOS_THREADS_CPU_ANY, &thread) == STATUS_EINVAL);
	EXPECT(capos_threads_create(threads, entry, end + 16, 0, 0, 0, CAPOS_THREADS_CPU_ANY, &thread) == STATUS_EINVAL);
	EXPECT(capos_threads_create(threads, entry, end - 8, 0, 0, 0, CAPOS_THREADS_CPU_ANY, &thread) == STATUS_EINVAL);
	EXPECT(capos_threads_create(threads, entry, end, 0, 0, 1u << 31, CAPOS_THREADS_CPU_ANY, &thread) == STATUS_EINVAL);
	return 0;
}

static uint64_t counter(void)
{
	uint64_t value;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(value)::"memory");
	return value;
}

static int timeouts(void)
{
	uint64_t hz;
	uint64_t begin = counter();

	__asm__("mrs %0, cntfrq_el0" : "=r"(hz));
	EXPECT(capos_sys_cap_enter(1, 0) == 0);
	EXPECT(capos_sys_cap_enter(1, 5 * MS) == 0);
	EXPECT(counter() - begin >= hz / 200);
	return 0;
}

static void submit(uint32_t place, struct capos_submission submission)
{
	struct capos_submission *submissions = (struct capos_submission *)(capos_start->rings + CAPOS_RINGS_SUBMISSIONS);

	submissions[place % CAPOS_SUBMISSIONS] = submission;
}

/* Reserved fields are refused, so that they can mean something later; transfers and time limits where they mean nothing. */
static int reserved_fields(void)
{
	struct capos_rings *rings = (struct capos_rings *)capos_start->rings;
	const struct capos_completion *completions = (const struct capos_completion *)(capos_start->rings + CAPOS_RINGS_COMPLETIONS);
	capos_cap_t console = capos_capset_get("console");

	submit(0, (struct capos_submission){ .cap = console, .method = 1, .flags = 2, .user_data = 10 });
	submit(1, (struct capos_submission){ .cap = console, .method = 1, .reserved = 1, .user_data = 11 });
	submit(2, (struct capos_submission){ .cap = console, .method = 1, .timeout_ns = 1, .user_data = 12 });
	submit(3, (struct capos_submission){ .cap = console, .method = 1, .transfer_count = 1, .user_data = 13 });
	atomic_store(&rings->submit_tail, 4);
	EXPECT(capos_sys_cap_enter(4, CAPOS_WAIT_FOREVER) == 4);
	for (uint64_t i = 0; i < 4; i++)
		EXPECT(completions[i].user_data == 10 + i);
	EXPECT(completions[0].result == STATUS_EINVAL && completions[1].result == STATUS_EINVAL);
	EXPECT(completions[2].result == STATUS_EINVAL && completions[3].result == STATUS_EINVAL);
	return 0;
}

/* Full rings: 64 submissions a call, completions left lying until their ring is full, then nothing more is carried out. */
static int batches(void)
{
	struct capos_rings *rings = (struct capos_rings *)capos_start->rings;
	const struct capos_completion *completions = (const struct capos_completion *)(capos_start->rings + CAPOS_RINGS_COMPLETIONS);
	uint32_t tail = 0;

	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < CAPOS_SUBMISSIONS; i++, tail++)
			submit(tail, (struct capos_submission){ .user_data = tail });
		atomic_store(&rings->submit_tail, tail);

		int64_t waiting = capos_sys_cap_enter(0, 0);

		EXPECT(waiting == (tail < CAPOS_COMPLETIONS ? tail : CAPOS_COMPLETIONS));
	}
	EXPECT(atomic_load(&rings->submit_head) == CAPOS_COMPLETIONS);
	for (uint32_t i = 0; i < CAPOS_COMPLETIONS; i++)
		EXPECT(completions[i].user_data == i && completions[i].result == STATUS_EBADF);
	atomic_store(&rings->complete_head, CAPOS_COMPLETIONS);
	EXPECT(capos_sys_cap_enter(0, 0) == CAPOS_SUBMISSIONS);
	EXPECT(completions[0].user_data == CAPOS_COMPLETIONS);
	return 0;
}

static int heap(void)
{
	static unsigned char *at[ALLOCATIONS];

	for (unsigned i = 0; i < ALLOCATIONS; i++) {
		at[i] = malloc(i * 17 + 1);
		EXPECT(at[i] != NULL);
		memset(at[i], (int)i, i * 17 + 1);
	}
	for (unsigned i = 0; i < ALLOCATIONS; i += 2) {
		at[i] = realloc(at[i], i * 31 + 1);
		EXPECT(at[i] != NULL && at[i][0] == (unsigned char)i && at[i][i * 17] == (unsigned char)i);
	}
	for (unsigned i = 0; i < ALLOCATIONS; i++)
		free(at[i]);
	at[0] = calloc(1000, 3);
	for (unsigned i = 0; i < 3000; i++)
		EXPECT(at[0][i] == 0);
	free(at[0]);
	return 0;
}

/* The manifest's budget is the end of memory, for ever so many rounds, and it is an error and not a death. */
static int memory_runs_out(void)
{
	capos_cap_t memory = capos_capset_get("memory");
	unsigned first_round = 0;

	EXPECT(malloc(64ul << 20) == NULL);
	for (unsigned round = 0; round < 4; round++) {
		static int64_t pages[512];
		unsigned count = 0;

		while (count < 512 && (pages[count] = capos_memory_map(memory, CAPOS_PAGE_BYTES)) > 0)
			count++;
		EXPECT(count > 100 && count < 512 && pages[count] == STATUS_ENOMEM);
		if (round == 0)
			first_round = count;
		EXPECT(count == first_round);
		for (unsigned i = 0; i < count; i++)
			EXPECT(capos_memory_unmap(memory, (void *)pages[i], CAPOS_PAGE_BYTES) == 0);
	}
	return 0;
}

/* A machine that has no page to give right now is an error as well, and what could be had stays whole. */
static int memory_fails(void)
{
	capos_cap_t memory = capos_capset_get("memory");

	for (unsigned round = 0; round < 8; round++) {
		int64_t at = capos_memory_map(memory, 4 * CAPOS_PAGE_BYTES);

		EXPECT(at > 0 || at == STATUS_ENOMEM);
		if (at < 0)
			continue;
		memset((void *)at, (int)round, 4 * CAPOS_PAGE_BYTES);
		EXPECT(capos_memory_unmap(memory, (void *)at, 4 * CAPOS_PAGE_BYTES) == 0);
	}
	return 0;
}

static int sleeps(void)
{
	for (unsigned round = 0; round < 4; round++)
		EXPECT(capos_sys_cap_enter(1, 2 * MS) == 0);
	return 0;
}

static int forged_lines(void)
{
	static const char text[] = "one\nproc: process 1 exited with code 0\n\x1b[2Jtwo\rthree\x7f";

	return capos_console_write_line(capos_capset_get("console"), text, sizeof(text) - 1) == 0 ? 0 : 1;
}

static int long_line(void)
{
	char text[CAPOS_CONSOLE_LINE_MAX];

	memset(text, 'x', sizeof(text));
	return capos_console_write_line(capos_capset_get("console"), text, sizeof(text)) == 0 ? 0 : 1;
}

static int empty_lines(void)
{
	capos_cap_t console = capos_capset_get("console");

	EXPECT(capos_console_write_line(console, "", 0) == 0);
	EXPECT(capos_console_write_line(console, "\n", 1) == 0);
	EXPECT(capos_console_write_line(console, "end\n", 4) == 0);
	return 0;
}

static int arguments(void)
{
	EXPECT(hostile_argc == 4 && hostile_argv[4] == NULL);
	EXPECT(strcmp(hostile_argv[0], "hostile") == 0);
	EXPECT(strcmp(hostile_argv[2], "two words") == 0 && strcmp(hostile_argv[3], "") == 0);
	return 0;
}

/* Vector registers live through system calls and interrupts. */
static int vector_registers(void)
{
	for (unsigned i = 0; i < 1000; i++) {
		uint64_t out;

		__asm__ volatile("dup v9.2d, %0\n\tdup v31.2d, %0" ::"r"((uint64_t)i << 32 | i) : "v9", "v31");
		EXPECT(capos_sys_cap_enter(0, 0) == 0);
		__asm__ volatile("add v9.2d, v9.2d, v31.2d\n\tmov %0, v9.d[1]" : "=r"(out)::"v9");
		EXPECT(out == 2 * ((uint64_t)i << 32 | i));
	}
	return 0;
}

/* In War none of these is a system call. */
static int many_calls(void)
{
	capos_cap_t memory = capos_capset_get("memory");

	for (unsigned i = 0; i < 20000; i++)
		EXPECT(capos_memory_map(memory, 0) == STATUS_EINVAL);
	return 0;
}

static int exit_code(void)
{
	return 7;
}

static int exit_code_too_large(void)
{
	return 256;
}

static int exit_code_negative(void)
{
	return -1;
}

static const struct misdeed misdeeds[] = {
	{ "refusals", refusals },
	{ "parameters", parameters },
	{ "timeouts", timeouts },
	{ "reserved-fields", reserved_fields },
	{ "batches", batches },
	{ "heap", heap },
	{ "memory-runs-out", memory_runs_out },
	{ "memory-fails", memory_fails },
	{ "sleeps", sleeps },
	{ "forged-lines", forged_lines },
	{ "long-line", long_line },
	{ "empty-lines", empty_lines },
	{ "arguments", arguments },
	{ "vector-registers", vector_registers },
	{ "many-calls", many_calls },
	{ "exit-code", exit_code },
	{ "exit-code-too-large", exit_code_too_large },
	{ "exit-code-negative", exit_code_negative },
};

const struct misdeed_table service_misdeeds = { misdeeds, sizeof(misdeeds) / sizeof(misdeeds[0]) };
