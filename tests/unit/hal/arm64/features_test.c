// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What programs are told that the CPU can do, from identification registers of any value: each bit by its own field, and a field of 15 is none. */
#include "tests/unit/machine.h"

#include "hal/arm64/features.c"

static uint64_t values[REGISTERS];

static uint64_t identification(const char *name)
{
	static const char *const names[REGISTERS] = { "id_aa64isar0_el1", "id_aa64isar1_el1", "id_aa64pfr0_el1", "s3_0_c0_c7_2" };

	for (unsigned i = 0; i < REGISTERS; i++)
		if (strcmp(name, names[i]) == 0)
			return values[i];
	CU_FAIL("another register is read");
	return 0;
}

static void told(uint64_t isar0, uint64_t isar1, uint64_t pfr0, uint64_t mmfr2, uint64_t hwcap, uint64_t hwcap2)
{
	struct hal_user_features has;

	machine.sysreg = identification;
	values[ISAR0] = isar0;
	values[ISAR1] = isar1;
	values[PFR0] = pfr0;
	values[MMFR2] = mmfr2;
	has = hal_user_features();
	CU_ASSERT_EQUAL(has.hwcap, hwcap);
	CU_ASSERT_EQUAL(has.hwcap2, hwcap2);
}

static void a_cpu_has_what_its_registers_say(void)
{
	const uint64_t none = 0xffull << 16; /* neither fp nor asimd */

	told(0, 0, none, 0, 0, 0);
	told(0, 0, 0, 0, 3, 0);
	told(0, 0, 0x110000, 0, 3 | 1 << 9 | 1 << 10, 0);
	told(0x10, 0, none, 0, 1 << 3, 0);
	told(0x20, 0, none, 0, 3 << 3, 0);
	told(0x1000, 0, none, 0, 1 << 6, 0);
	told(0x2000, 0, none, 0, 1 << 6 | 1 << 21, 0);
	told(0x100000, 0, none, 0, 0, 0);
	told(0x200000, 0, none, 0, 1 << 8, 0);
	told(0, 2, none, 0, 1 << 16, 1);
	told(0, 1ull << 32, none, 0, 0, 1 << 8);
	told(1ull << 60, 0, none, 0, 0, 1 << 16);
	told(0xeull << 60, 0, none, 0, 0, 1 << 16);
	told(0, 0, none | 1ull << 48, 0, 1 << 24, 0);
	told(0, 0, none, 1ull << 32, 1 << 25, 0);
}

/* The registers of a Cortex-A72, and its AT_HWCAP as Linux tells it there but for "evtstrm" and "cpuid". */
static void a_cortex_a72_has_what_linux_says_of_it(void)
{
	told(0x11120, 0, 0x2222, 0, 0xfb, 0);
}

static void a_field_of_all_ones_is_no_feature(void)
{
	told(UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, 0, 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_cpu_has_what_its_registers_say),
	UNIT_CASE(a_cortex_a72_has_what_linux_says_of_it),
	UNIT_CASE(a_field_of_all_ones_is_no_feature),
};

UNIT_MAIN("hal/arm64/features", cases)
