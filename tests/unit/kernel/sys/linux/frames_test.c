// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Pages that several have: the last one gives them back. */
#include "kernel/sys/linux/frames.h"

#include <stdlib.h>

#include "kernel/sys/budget.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

enum { PAGES = 5000, PAGE = 4096, STEPS = 200000 };

static uint64_t freed_pa;

/* What this test is linked with instead of the kernel's pages. */
void budget_page_free(void *budget, uint64_t pa);
void budget_page_free(void *budget, uint64_t pa)
{
	(void)budget;
	freed_pa = pa;
}

/* All over RAM, the first and the last page among them. */
static uint64_t pa_of(unsigned page)
{
	return (uint64_t)page * 4801 % 67108864 * PAGE;
}

static void put_gives_back_what_nobody_else_has(void)
{
	CU_ASSERT_FALSE(linux_frame_is_shared(0x40000000));
	freed_pa = 1;
	linux_frame_put(NULL, 0x40000000);
	CU_ASSERT_EQUAL(freed_pa, 0x40000000);
}

static void each_share_takes_one_put_more(void)
{
	static uint32_t counts[PAGES];
	struct random random = random_start(1);

	for (unsigned i = 0; i < STEPS; i++) {
		unsigned page = (unsigned)random_below(&random, PAGES);

		freed_pa = 1;
		if (random_below(&random, 2)) {
			CU_ASSERT_EQUAL(linux_frame_share(pa_of(page)), STATUS_OK);
			counts[page]++;
		} else {
			linux_frame_put(NULL, pa_of(page));
			CU_ASSERT_EQUAL(freed_pa, counts[page] == 0 ? pa_of(page) : 1);
			counts[page] -= counts[page] > 0;
		}
		CU_ASSERT_EQUAL(linux_frame_is_shared(pa_of(page)), counts[page] > 0);
	}
	for (unsigned page = 0; page < PAGES; page++)
		for (; counts[page] > 0; counts[page]--)
			linux_frame_put(NULL, pa_of(page));
}

static const struct unit_case cases[] = {
	UNIT_CASE(put_gives_back_what_nobody_else_has),
	UNIT_CASE(each_share_takes_one_put_more),
};

UNIT_MAIN("kernel/sys/linux/frames", cases)
