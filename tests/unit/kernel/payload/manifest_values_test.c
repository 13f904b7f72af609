// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Sizes and times of the manifest: what is one, and how large. */
#include "tests/unit/kernel/payload/manifest_text.h"

static void manifest_reads_sizes_in_each_unit(void)
{
	takes(MANIFEST_ONE "memory = \"1028K\"\nstack = \"4K\"\n");
	CU_ASSERT_EQUAL(manifest.processes[0].memory_bytes, 1028 * 1024);
	CU_ASSERT_EQUAL(manifest.processes[0].stack_bytes, 4096);
	takes(MANIFEST_ONE "memory = \"3G\"\nstack = \"0010M\"\n");
	CU_ASSERT_EQUAL(manifest.processes[0].memory_bytes, 3ull << 30);
	CU_ASSERT_EQUAL(manifest.processes[0].stack_bytes, 10u << 20);
	takes(MANIFEST_ONE "memory = \"4294967292K\"\n");
	CU_ASSERT_EQUAL(manifest.processes[0].memory_bytes, 4294967292ull << 10);
	refuses(MANIFEST_ONE "memory = \"4294967296K\"\n", "5: memory: is too large");
	refuses(MANIFEST_ONE "memory = \"18446744073709551620K\"\n", "5: memory: is too large");
	refuses(MANIFEST_ONE "memory = \"42949672960K\"\n", "5: memory: is too large");
	refuses(MANIFEST_ONE "memory = \"1:K\"\n", "5: memory: is not a size such as \"512K\" or \"2M\"");
	refuses(MANIFEST_ONE "memory = \"1/K\"\n", "5: memory: is not a size such as \"512K\" or \"2M\"");
}

static void manifest_reads_times_within_their_limits(void)
{
	static const char *const none[] = { "", "s", "ms", "10", "10m", "1.5s", "-1s", "1 s", "1us", "s1", "0x1s", "1ss", "1sms" };
	static const char *const outside[] = { "0ms", "0s", "61s", "60001ms", "4294967296ms", "99999999999999999999999s" };
	char text[256];

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		snprintf(text, sizeof(text), MANIFEST_ONE "restart = \"always\"\nbackoff = \"%s\"\n", none[i]);
		refuses(text, "6: backoff: is not a time such as \"10ms\" or \"2s\"");
	}
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		snprintf(text, sizeof(text), MANIFEST_ONE "restart = \"always\"\nbackoff = \"%s\"\n", outside[i]);
		refuses(text, "6: backoff: is not between 1ms and 60s");
	}
	takes(MANIFEST_ONE "restart = \"always\"\nbackoff = \"1ms\"\n");
	CU_ASSERT_EQUAL(manifest.processes[0].backoff_ns, 1000000);
	takes(MANIFEST_ONE "restart = \"always\"\nbackoff = \"60000ms\"\n");
}

static const struct unit_case cases[] = {
	UNIT_CASE(manifest_reads_sizes_in_each_unit),
	UNIT_CASE(manifest_reads_times_within_their_limits),
};

UNIT_MAIN("kernel/payload/manifest_values", cases)
