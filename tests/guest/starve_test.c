// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Memory that runs out in the middle of something: what needed it fails with its status, and leaves nothing behind. Each
 * attempt is made with 0, 1, 2, ... free pages, until it is served.
 */
#include "hal/contract/memory.h"
#include "hal/contract/user.h"
#include "kernel/core/fiber.h"
#include "kernel/core/kheap.h"
#include "kernel/core/libc.h"
#include "kernel/core/page.h"
#include "kernel/core/stack.h"
#include "kernel/core/timer.h"
#include "kernel/sys/process.h"
#include "tests/guest/guest.h"

enum { PAGES_MAX = 12, WORK_PAGES = 30, MANY = 64, ORDER_MAX = 9 };

static uint64_t taken; /* blocks of pages, chained by their first words; the second is the order */
static void *blocks;   /* blocks of the heap, the same way */

/* Chains all pages but `leave` of them, in blocks as large as there are. */
static uint64_t pages_take(uint64_t chain, uint64_t leave)
{
	for (unsigned order = ORDER_MAX + 1; order-- > 0;) {
		while (page_free_count() >= leave + (1ul << order)) {
			uint64_t pa = page_alloc(order);

			if (pa == 0)
				break;
			((uint64_t *)hal_direct_va(pa))[0] = chain;
			((uint64_t *)hal_direct_va(pa))[1] = order;
			chain = pa;
		}
	}
	return chain;
}

static void pages_give(uint64_t chain)
{
	while (chain != 0) {
		const uint64_t *words = hal_direct_va(chain);
		uint64_t pa = chain;

		chain = words[0];
		page_free(pa, (unsigned)words[1]);
	}
}

static void blocks_take(size_t bytes)
{
	void **block;

	while ((block = malloc(bytes)) != NULL) {
		*block = blocks;
		blocks = block;
	}
}

static void blocks_give(void)
{
	while (blocks != NULL) {
		void *block = blocks;

		blocks = *(void **)block;
		free(block);
	}
	kheap_trim();
}

/* Chains single pages, of which there must be so many. */
static uint64_t singles_take(uint64_t count)
{
	uint64_t chain = 0;

	for (uint64_t i = 0; i < count; i++) {
		uint64_t pa = page_alloc(0);

		((uint64_t *)hal_direct_va(pa))[0] = chain;
		((uint64_t *)hal_direct_va(pa))[1] = 0;
		chain = pa;
	}
	return chain;
}

/* From here on there are `count` pages, and nothing in the heap that fits `bytes`. */
static void starve(uint64_t count, size_t bytes)
{
	uint64_t kept = singles_take(count);

	blocks_take(bytes);
	taken = pages_take(0, 0); /* what a block of several pages could not use */
	pages_give(kept);
}

static void feed(void)
{
	pages_give(taken);
	blocks_give();
}

/* Tries with more and more pages; whatever `attempt` does must be undone when it returns. `*served` is set where it succeeded. */
static const char *try_starved(size_t bytes, const char *(*attempt)(bool *served))
{
	const char *why = NULL;
	bool served = false;
	bool refused = false;

	kheap_trim();

	uint64_t work = singles_take(WORK_PAGES); /* other CPUs have stores of their own, which this one cannot reach */
	uint64_t most = pages_take(0, 0);

	pages_give(work);

	uint64_t before = page_free_count();

	for (uint64_t count = 0; why == NULL && count < PAGES_MAX; count++) {
		served = false;
		starve(count, bytes);

		uint64_t left = page_free_count();

		why = attempt(&served);
		refused = refused || !served;
		kheap_trim(); /* it keeps an emptied page for the next one */
		if (why == NULL && !served && page_free_count() != left)
			why = "pages are gone after a refusal";
		feed();
		if (why == NULL && page_free_count() != before)
			why = "pages are gone after all was given back";
	}
	pages_give(most);
	if (why == NULL && !(served && refused))
		why = served ? "it was never refused" : "it was never served";
	return why;
}

static bool fiber_ran;

static void ends(void *arg)
{
	(void)arg;
	fiber_ran = true;
}

static const char *attempt_fiber(bool *served)
{
	const struct fiber_options options = { .name = "starved", .priority = FIBER_NORMAL, .joinable = true };
	struct fiber *fiber = fiber_create_with(&options, ends, NULL);

	fiber_ran = false;
	if (fiber == NULL)
		return NULL;
	*served = true;
	GUEST_CHECK(fiber_join(fiber, TIMER_NEVER) == STATUS_OK);
	GUEST_CHECK(fiber_ran);
	return NULL;
}

static const char *fibers_are_refused_whole(void)
{
	return try_starved(sizeof(struct fiber), attempt_fiber);
}

static const char *attempt_process(bool *served)
{
	struct process *process;
	status_t status = process_create("starved", NULL, 1 << 20, &process);

	GUEST_CHECK(status == STATUS_OK || status == STATUS_ENOMEM);
	*served = status == STATUS_OK;
	if (*served) {
		process_abandon(process);
		object_settle();
	}
	return NULL;
}

static const char *processes_are_refused_whole(void)
{
	return try_starved(sizeof(struct process), attempt_process);
}

static const char *attempt_stack(bool *served)
{
	uint64_t top = stack_alloc();

	*served = top != 0;
	if (*served)
		stack_free(top);
	return NULL;
}

static const char *stacks_are_refused_whole(void)
{
	return try_starved(64, attempt_stack);
}

/* Two pages far apart: two tables of the last level, two of the one above. */
static const char *attempt_space(bool *served)
{
	static const uint64_t at[] = { 0x10000, 0x7f00000000 };
	struct hal_space space;
	status_t status = hal_space_create(&space, page_source());

	if (status != STATUS_OK) {
		GUEST_CHECK(status == STATUS_ENOMEM);
		return NULL;
	}
	for (unsigned i = 0; status == STATUS_OK && i < 2; i++) {
		uint64_t pa = page_alloc(0);

		status = pa != 0 ? hal_space_map(&space, at[i], pa, HAL_USER_READ) : STATUS_ENOMEM;
		if (status != STATUS_OK && pa != 0)
			page_free(pa, 0);
	}
	GUEST_CHECK(status == STATUS_OK || status == STATUS_ENOMEM);
	hal_space_destroy(&space);
	*served = status == STATUS_OK;
	return NULL;
}

static const char *spaces_are_refused_whole(void)
{
	return try_starved(64, attempt_space);
}

/* More spaces than there are identifiers for: the last is refused, and after one is gone there is room again. */
static const char *spaces_run_out(void)
{
	static struct hal_space spaces[300];
	unsigned count = 0;
	uint64_t before = page_free_count();

	while (count < 300 && hal_space_create(&spaces[count], page_source()) == STATUS_OK)
		count++;
	GUEST_CHECK(count >= MANY && count < 300);
	GUEST_CHECK(hal_space_create(&spaces[count], page_source()) == STATUS_EAGAIN);
	for (unsigned i = 0; i < count; i++)
		for (unsigned j = i > 3 ? i - 3 : 0; j < i; j++)
			GUEST_CHECK(spaces[i].asid != spaces[j].asid && spaces[i].asid != 0);
	hal_space_destroy(&spaces[count / 2]);
	GUEST_CHECK(hal_space_create(&spaces[count / 2], page_source()) == STATUS_OK);
	while (count > 0)
		hal_space_destroy(&spaces[--count]);
	GUEST_CHECK(page_free_count() == before);
	return NULL;
}

/* What was read through a translation can no longer be when the page, or the space, is gone. */
static const char *unmapped_pages_are_out_of_reach_at_once(void)
{
	struct hal_space space;
	uint64_t pa = page_alloc(0);
	uint64_t back;
	char byte;

	for (unsigned round = 0; round < 2; round++) {
		GUEST_CHECK(hal_space_create(&space, page_source()) == STATUS_OK);
		GUEST_CHECK(hal_user_copy_in(&space, &byte, 0x10000, 1) == STATUS_EFAULT);
		GUEST_CHECK(hal_space_map(&space, 0x10000, pa, HAL_USER_READ) == STATUS_OK);
		GUEST_CHECK(hal_user_copy_in(&space, &byte, 0x10000, 1) == STATUS_OK);
		GUEST_CHECK(hal_space_unmap(&space, 0x10000, &back) == STATUS_OK && back == pa);
		GUEST_CHECK(hal_user_copy_in(&space, &byte, 0x10000, 1) == STATUS_EFAULT);
		GUEST_CHECK(hal_space_map(&space, 0x10000, pa, HAL_USER_READ) == STATUS_OK);
		GUEST_CHECK(hal_user_copy_in(&space, &byte, 0x10000, 1) == STATUS_OK);
		hal_space_destroy(&space); /* takes the page with it */
		pa = page_alloc(0);
	}
	page_free(pa, 0);
	return NULL;
}

static const struct guest_test tests[] = {
	{ "fibers_are_refused_whole", fibers_are_refused_whole },
	{ "processes_are_refused_whole", processes_are_refused_whole },
	{ "stacks_are_refused_whole", stacks_are_refused_whole },
	{ "spaces_are_refused_whole", spaces_are_refused_whole },
	{ "spaces_run_out", spaces_run_out },
	{ "unmapped_pages_are_out_of_reach_at_once", unmapped_pages_are_out_of_reach_at_once },
};

const struct guest_table starve_tests = { tests, sizeof(tests) / sizeof(tests[0]) };
