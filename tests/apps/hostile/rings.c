// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The rings and cap_enter with values that no honest library writes. */
#include "capos/src/start.h"
#include "tests/apps/hostile/misdeeds.h"

enum { SURVIVED = 121 };

static struct capos_rings *rings(void)
{
	return (struct capos_rings *)capos_start->rings;
}

static int tail_too_far(void)
{
	atomic_fetch_add(&rings()->submit_tail, CAPOS_SUBMISSIONS + 1);
	(void)capos_sys_cap_enter(0, 0);
	return SURVIVED;
}

static int tail_goes_back(void)
{
	atomic_fetch_sub(&rings()->submit_tail, 1);
	(void)capos_sys_cap_enter(0, 0);
	return SURVIVED;
}

static int head_too_far(void)
{
	atomic_fetch_add(&rings()->complete_head, 1);
	(void)capos_sys_cap_enter(0, 0);
	return SURVIVED;
}

static int head_far_behind(void)
{
	atomic_fetch_sub(&rings()->complete_head, CAPOS_COMPLETIONS + 1);
	(void)capos_sys_cap_enter(0, 0);
	return SURVIVED;
}

/* The kernel's own cursors are the kernel's: what a process writes there changes nothing. */
static int cursors_of_the_kernel(void)
{
	static const char text[] = "still here";
	struct capos_submission *submissions = (struct capos_submission *)(capos_start->rings + CAPOS_RINGS_SUBMISSIONS);

	atomic_store(&rings()->submit_head, 0x80000000);
	atomic_store(&rings()->complete_tail, 0x80000000);
	submissions[0] = (struct capos_submission){
		.cap = capos_capset_get("console"),
		.method = CAPOS_CONSOLE_WRITE_LINE,
		.params = (uint64_t)text,
		.params_len = sizeof(text) - 1,
	};
	atomic_store(&rings()->submit_tail, 1);
	EXPECT(capos_sys_cap_enter(1, CAPOS_WAIT_FOREVER) == 1);
	EXPECT(atomic_load(&rings()->complete_tail) == 1);
	return 0;
}

static int params_at(uint64_t address, uint32_t len)
{
	__asm__("" : "+r"(address));
	(void)capos_cap_call(capos_capset_get("console"), CAPOS_CONSOLE_WRITE_LINE, (const void *)address, len, NULL, 0);
	return SURVIVED;
}

static int params_null(void)
{
	return params_at(0, 8);
}

static int params_in_kernel(void)
{
	return params_at(0xffffff8000000000, 64);
}

static int params_wrap(void)
{
	return params_at(UINT64_MAX - 7, 1024);
}

static int params_cross_the_end(void)
{
	static char last[CAPOS_PAGE_BYTES] __attribute__((aligned(CAPOS_PAGE_BYTES)));

	(void)last;
	return params_at(0x7fffff0000 - 8, 64); /* the stack's last 8 bytes, and nothing behind them */
}

static int memory_params_null(uint16_t method, uint32_t len)
{
	uint64_t null = 0;

	__asm__("" : "+r"(null));
	(void)capos_cap_call(capos_capset_get("memory"), method, (const void *)null, len, NULL, 0);
	return SURVIVED;
}

static int map_params_null(void)
{
	return memory_params_null(CAPOS_MEMORY_MAP, sizeof(struct capos_memory_map));
}

static int unmap_params_null(void)
{
	return memory_params_null(CAPOS_MEMORY_UNMAP, sizeof(struct capos_memory_unmap));
}

static int event_nowhere(void)
{
	uint64_t nowhere = 0x1000;

	__asm__("" : "+r"(nowhere));
	(void)capos_event_wait(capos_capset_get("event"), (const void *)nowhere, 0, 1000000);
	return SURVIVED;
}

/* What was submitted behind what kills the process is not carried out. */
static int nothing_after_a_fault(void)
{
	static const char text[] = "after the end";
	struct capos_submission *submissions = (struct capos_submission *)(capos_start->rings + CAPOS_RINGS_SUBMISSIONS);
	const struct capos_submission line = { .cap = capos_capset_get("console"), .method = CAPOS_CONSOLE_WRITE_LINE, .params_len = sizeof(text) - 1 };
	uint32_t tail = atomic_load(&rings()->submit_tail);

	submissions[tail % CAPOS_SUBMISSIONS] = line; /* at address 0 */
	submissions[(tail + 1) % CAPOS_SUBMISSIONS] = line;
	submissions[(tail + 1) % CAPOS_SUBMISSIONS].params = (uint64_t)text;
	atomic_store(&rings()->submit_tail, tail + 2);
	(void)capos_sys_cap_enter(2, CAPOS_WAIT_FOREVER);
	return SURVIVED;
}

static const struct misdeed misdeeds[] = {
	{ "tail-too-far", tail_too_far },
	{ "tail-goes-back", tail_goes_back },
	{ "head-too-far", head_too_far },
	{ "head-far-behind", head_far_behind },
	{ "cursors-of-the-kernel", cursors_of_the_kernel },
	{ "params-null", params_null },
	{ "map-params-null", map_params_null },
	{ "unmap-params-null", unmap_params_null },
	{ "event-nowhere", event_nowhere },
	{ "nothing-after-a-fault", nothing_after_a_fault },
	{ "params-in-kernel", params_in_kernel },
	{ "params-wrap", params_wrap },
	{ "params-cross-the-end", params_cross_the_end },
};

const struct misdeed_table ring_misdeeds = { misdeeds, sizeof(misdeeds) / sizeof(misdeeds[0]) };
