// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Memory inside the kernel: pages, heap and stacks, counted exactly. */
#include "hal/contract/memory.h"
#include "hal/contract/user.h"
#include "kernel/core/kheap.h"
#include "kernel/core/libc.h"
#include "kernel/core/page.h"
#include "kernel/core/stack.h"
#include "lib/string.h"
#include "tests/guest/guest.h"

enum { BLOCKS = 64, ALLOCATIONS = 300 };

static uint64_t random_state = 88172645463325252u;

static uint64_t random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static const char *pages_come_back(void)
{
	uint64_t before = page_free_count();
	uint64_t blocks[BLOCKS];
	uint64_t taken = 0;

	for (unsigned i = 0; i < BLOCKS; i++) {
		unsigned order = i % 5;

		blocks[i] = page_alloc(order);
		GUEST_CHECK(blocks[i] != 0);
		GUEST_CHECK(blocks[i] % (HAL_PAGE_BYTES << order) == 0);
		memset(hal_direct_va(blocks[i]), (int)i, HAL_PAGE_BYTES << order);
		taken += 1u << order;
		GUEST_CHECK(page_free_count() == before - taken);
	}
	for (unsigned i = 0; i < BLOCKS; i++) {
		const uint8_t *bytes = hal_direct_va(blocks[i]);

		for (uint64_t j = 0; j < HAL_PAGE_BYTES << i % 5; j += 509)
			GUEST_CHECK(bytes[j] == (uint8_t)i);
		page_free(blocks[i], i % 5);
	}
	GUEST_CHECK(page_free_count() == before);
	return NULL;
}

/* Takes every page there is, in a chain through the pages themselves, and gives them back. */
static const char *every_page_can_be_had(void)
{
	uint64_t before = page_free_count();
	uint64_t count = 0;
	uint64_t chain = 0;
	uint64_t pa;

	while ((pa = page_alloc(0)) != 0) {
		*(uint64_t *)hal_direct_va(pa) = chain;
		chain = pa;
		count++;
	}
	GUEST_CHECK(count == before);
	GUEST_CHECK(page_free_count() == 0);
	while (chain != 0) {
		pa = chain;
		chain = *(uint64_t *)hal_direct_va(pa);
		page_free(pa, 0);
	}
	GUEST_CHECK(page_free_count() == before);
	return NULL;
}

static const char *heap_gives_its_pages_back(void)
{
	static uint8_t *at[ALLOCATIONS];
	static size_t len[ALLOCATIONS];

	kheap_trim();

	uint64_t before = page_free_count();
	size_t live_before = kheap()->stats.live_bytes;

	for (unsigned round = 0; round < 5000; round++) {
		unsigned i = (unsigned)(random_next() % ALLOCATIONS);

		if (at[i] != NULL) {
			for (size_t j = 0; j < len[i]; j += 61)
				GUEST_CHECK(at[i][j] == (uint8_t)i);
			free(at[i]);
			at[i] = NULL;
		} else {
			len[i] = random_next() % (round % 50 == 0 ? 60000 : 700);
			at[i] = malloc(len[i]);
			GUEST_CHECK(at[i] != NULL);
			memset(at[i], (int)i, len[i]);
		}
	}
	for (unsigned i = 0; i < ALLOCATIONS; i++) {
		free(at[i]);
		at[i] = NULL;
	}
	kheap_trim();
	GUEST_CHECK(kheap()->stats.live_bytes == live_before);
	GUEST_CHECK(page_free_count() == before);
	return NULL;
}

static const char *stacks_give_their_pages_back(void)
{
	uint64_t tops[BLOCKS];

	tops[0] = stack_alloc(); /* the tables for this range stay */
	stack_free(tops[0]);

	uint64_t before = page_free_count();

	for (unsigned i = 0; i < BLOCKS; i++) {
		tops[i] = stack_alloc();
		GUEST_CHECK(tops[i] != 0);
		memset((void *)(tops[i] - STACK_BYTES), 0x5a, STACK_BYTES);
		GUEST_CHECK(!hal_kernel_readable(tops[i] - STACK_BYTES - 1, 1));
	}
	for (unsigned i = 0; i < BLOCKS; i++)
		stack_free(tops[i]);
	GUEST_CHECK(page_free_count() == before);
	return NULL;
}

static const char *spaces_refuse_what_they_must(void)
{
	uint64_t before = page_free_count();
	uint64_t pa = page_alloc(0);
	uint64_t back;
	struct hal_space space;

	GUEST_CHECK(hal_space_create(&space, page_source()) == STATUS_OK);
	GUEST_CHECK(hal_space_map(&space, 0x10000, pa, HAL_USER_WRITE | HAL_USER_EXEC) == STATUS_EINVAL);
	GUEST_CHECK(hal_space_map(&space, 0x10008, pa, HAL_USER_READ) == STATUS_EINVAL);
	GUEST_CHECK(hal_space_map(&space, HAL_USER_END, pa, HAL_USER_READ) == STATUS_EINVAL);
	GUEST_CHECK(hal_space_map(&space, HAL_DIRECT_BASE, pa, HAL_USER_READ) == STATUS_EINVAL);
	GUEST_CHECK(hal_space_map(&space, 0x10000, pa, HAL_USER_READ | HAL_USER_WRITE) == STATUS_OK);
	GUEST_CHECK(hal_space_map(&space, 0x10000, pa, HAL_USER_READ) == STATUS_EEXIST);
	GUEST_CHECK(hal_space_unmap(&space, 0x11000, &back) == STATUS_ENOENT);
	GUEST_CHECK(hal_space_unmap(&space, 0x10000, &back) == STATUS_OK && back == pa);
	GUEST_CHECK(hal_space_map(&space, 0x10000, pa, HAL_USER_READ) == STATUS_OK);
	hal_space_destroy(&space); /* takes the page with it */
	GUEST_CHECK(page_free_count() == before);
	return NULL;
}

static const char *copies_fault_where_el0_would(void)
{
	uint64_t pa = page_alloc(0);
	char buffer[64];
	struct hal_space space;

	GUEST_CHECK(hal_space_create(&space, page_source()) == STATUS_OK);
	GUEST_CHECK(hal_space_map(&space, 0x10000, pa, HAL_USER_READ) == STATUS_OK);
	memset(hal_direct_va(pa), 'x', HAL_PAGE_BYTES);
	GUEST_CHECK(hal_user_copy_in(&space, buffer, 0x10fc1, 63) == STATUS_OK && buffer[62] == 'x');
	GUEST_CHECK(hal_user_copy_in(&space, buffer, 0x10fc1, 64) == STATUS_EFAULT);
	GUEST_CHECK(hal_user_copy_in(&space, buffer, 0xfff8, 16) == STATUS_EFAULT);
	GUEST_CHECK(hal_user_copy_in(&space, buffer, (uint64_t)buffer, 16) == STATUS_EFAULT);
	GUEST_CHECK(hal_user_copy_in(&space, buffer, HAL_USER_END - 8, 16) == STATUS_EFAULT);
	GUEST_CHECK(hal_user_copy_in(&space, buffer, 0x10000, SIZE_MAX) == STATUS_EFAULT);
	GUEST_CHECK(hal_user_copy_out(&space, 0x10000, buffer, 8) == STATUS_EFAULT); /* read-only */
	hal_space_destroy(&space);
	return NULL;
}

static const struct guest_test tests[] = {
	{ "pages_come_back", pages_come_back },
	{ "every_page_can_be_had", every_page_can_be_had },
	{ "heap_gives_its_pages_back", heap_gives_its_pages_back },
	{ "stacks_give_their_pages_back", stacks_give_their_pages_back },
	{ "spaces_refuse_what_they_must", spaces_refuse_what_they_must },
	{ "copies_fault_where_el0_would", copies_fault_where_el0_would },
};

const struct guest_table memory_tests = { tests, sizeof(tests) / sizeof(tests[0]) };
