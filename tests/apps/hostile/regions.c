// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Memory that can be shared: what is mapped where, and what is refused. */
#include "lib/status.h"
#include "tests/apps/hostile/misdeeds.h"

enum { TWO = 2 * CAPOS_PAGE_BYTES };

/* A region is unmapped where it was mapped, by its own capability, and once. */
static int regions(void)
{
	capos_cap_t memory = capos_capset_get("memory");
	capos_cap_t one;
	capos_cap_t other;
	capos_cap_t none;
	int64_t first;
	int64_t second;

	EXPECT(capos_memory_create_region(memory, TWO, &one) == 0 && capos_memory_create_region(memory, TWO, &other) == 0);
	EXPECT(capos_memory_create_region(memory, TWO + 1, &none) == STATUS_EINVAL);
	EXPECT(capos_region_size(one) == TWO);
	first = capos_region_map(one, 1);
	second = capos_region_map(other, 1);
	EXPECT(first > 0 && second > 0 && first != second);
	*(volatile char *)first = 1;
	*(volatile char *)second = 2;
	EXPECT(capos_region_unmap(other, (const void *)first) == STATUS_EINVAL);
	EXPECT(capos_region_unmap(one, (const void *)(first + CAPOS_PAGE_BYTES)) == STATUS_EINVAL);
	EXPECT(capos_memory_unmap(memory, (void *)first, TWO) == STATUS_EINVAL);
	EXPECT(*(volatile char *)first == 1);
	EXPECT(capos_region_unmap(one, (const void *)first) == 0);
	EXPECT(capos_region_unmap(one, (const void *)first) == STATUS_EINVAL);
	EXPECT(*(volatile char *)second == 2);
	EXPECT(capos_region_map(one, 2) == STATUS_EINVAL);
	first = capos_region_map(one, 0);
	EXPECT(first > 0 && *(volatile char *)first == 1);
	return 0;
}

static const struct misdeed misdeeds[] = {
	{ "regions", regions },
};

const struct misdeed_table region_misdeeds = { misdeeds, sizeof(misdeeds) / sizeof(misdeeds[0]) };
