// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Times that programs name: what is no time is refused, and what is beyond all time is the end of it. */
#include "kernel/sys/linux/clock.h"

#include "tests/unit/unit.h"

static status_t spec(int64_t seconds, int64_t ns, uint64_t *out)
{
	const struct linux_timespec time = { seconds, ns };

	return linux_timespec_ns(&time, out);
}

static status_t val(int64_t seconds, int64_t us, uint64_t *out)
{
	const struct linux_timeval time = { seconds, us };

	return linux_timeval_ns(&time, out);
}

static void a_time_is_its_nanoseconds(void)
{
	uint64_t ns;

	CU_ASSERT_EQUAL(spec(0, 0, &ns), STATUS_OK);
	CU_ASSERT_EQUAL(ns, 0);
	CU_ASSERT_EQUAL(spec(3, 999999999, &ns), STATUS_OK);
	CU_ASSERT_EQUAL(ns, 3999999999);
	CU_ASSERT_EQUAL(val(3, 999999, &ns), STATUS_OK);
	CU_ASSERT_EQUAL(ns, 3999999000);
}

static void what_is_no_time_is_refused(void)
{
	uint64_t ns;

	CU_ASSERT_EQUAL(spec(-1, 0, &ns), STATUS_EINVAL);
	CU_ASSERT_EQUAL(spec(0, -1, &ns), STATUS_EINVAL);
	CU_ASSERT_EQUAL(spec(0, 1000000000, &ns), STATUS_EINVAL);
	CU_ASSERT_EQUAL(spec(INT64_MIN, INT64_MIN, &ns), STATUS_EINVAL);
	CU_ASSERT_EQUAL(val(0, 1000000, &ns), STATUS_EINVAL);
	CU_ASSERT_EQUAL(val(0, -1, &ns), STATUS_EINVAL);
	CU_ASSERT_EQUAL(val(-1, 0, &ns), STATUS_EINVAL);
}

static void what_is_beyond_all_time_is_the_end_of_it(void)
{
	uint64_t ns;

	CU_ASSERT_EQUAL(spec(INT64_MAX, 999999999, &ns), STATUS_OK);
	CU_ASSERT_EQUAL(ns, INT64_MAX);
	CU_ASSERT_EQUAL(val(INT64_MAX / 1000, 5, &ns), STATUS_OK);
	CU_ASSERT_EQUAL(ns, INT64_MAX);
	CU_ASSERT_EQUAL(spec(INT64_MAX / 1000000000 - 1, 999999999, &ns), STATUS_OK);
	CU_ASSERT_TRUE(ns < INT64_MAX);
}

static void there_and_back_is_the_same(void)
{
	for (uint64_t ns = 1; ns < INT64_MAX / 3; ns = ns * 3 + 7) {
		const struct linux_timespec time = linux_timespec_of(ns);
		const struct linux_timeval coarse = linux_timeval_of(ns);
		uint64_t back;

		CU_ASSERT_EQUAL(linux_timespec_ns(&time, &back), STATUS_OK);
		CU_ASSERT_EQUAL(back, ns);
		CU_ASSERT_EQUAL(linux_timeval_ns(&coarse, &back), STATUS_OK);
		CU_ASSERT_EQUAL(back, ns - ns % 1000);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_time_is_its_nanoseconds),
	UNIT_CASE(what_is_no_time_is_refused),
	UNIT_CASE(what_is_beyond_all_time_is_the_end_of_it),
	UNIT_CASE(there_and_back_is_the_same),
};

UNIT_MAIN("kernel/sys/linux/timespec", cases)
