// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The runner every unit test program shares: a table of claims, run by CUnit, with its summary on stdout.
 *
 *	static const struct unit_case cases[] = { UNIT_CASE(span_rejects_wrapping_offset), ... };
 *	UNIT_MAIN("lib/span", cases)
 *
 * The program's exit status is 0 only where every claim of the table ran and held.
 */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>
#include <stddef.h>
#include <stdio.h>

struct unit_case {
	const char *name; /* the claim */
	void (*run)(void);
};

#define UNIT_CASE(function) { #function, function }
#define UNIT_MAIN(suite, cases)                                                    \
	int main(void)                                                             \
	{                                                                          \
		return unit_run((suite), (cases), sizeof(cases) / sizeof((cases)[0])); \
	}

static inline int unit_run(const char *suite_name, const struct unit_case *cases, size_t count)
{
	CU_pSuite suite;
	unsigned failed;
	unsigned ran;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 2;
	suite = CU_add_suite(suite_name, NULL, NULL);
	for (size_t i = 0; suite != NULL && i < count; i++) {
		if (CU_add_test(suite, cases[i].name, cases[i].run) == NULL)
			suite = NULL;
	}
	if (suite == NULL) {
		fprintf(stderr, "%s: %s\n", suite_name, CU_get_error_msg());
		CU_cleanup_registry();
		return 2;
	}
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	failed = CU_get_number_of_tests_failed() + CU_get_number_of_failures();
	ran = CU_get_number_of_tests_run();
	CU_cleanup_registry();
	return failed == 0 && ran == count ? 0 : 1;
}

#endif
