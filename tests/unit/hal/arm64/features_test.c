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
	if (strcmp(name, "midr_el1") == 0)
		return 0x410fd034;
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
	CU_ASSERT_EQUAL(has.hwcap, hwcap | HWCAP_CPUID);
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

/* The registers of a Cortex-A72, and its AT_HWCAP as Linux tells it there but for "evtstrm". */
static void a_cortex_a72_has_what_linux_says_of_it(void)
{
	told(0x11120, 0, 0x2222, 0, 0xfb, 0);
}

static void a_field_of_all_ones_is_no_feature(void)
{
	told(UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, 0, 0);
}

enum { MRS = 0xd5380000 };

/* What x5 has after an instruction that reads the register of these CRm and op2. */
static uint64_t identified(unsigned crm, unsigned op2)
{
	struct hal_user user = { .pc = 0x1000 };

	machine.sysreg = identification;
	user.x[5] = 7;
	CU_ASSERT_TRUE(hal_user_identify(&user, MRS | crm << 8 | op2 << 5 | 5));
	CU_ASSERT_EQUAL(user.pc, 0x1004);
	return user.x[5];
}

static void a_program_reads_what_it_is_told_and_no_other_field(void)
{
	for (unsigned i = 0; i < REGISTERS; i++)
		values[i] = UINT64_MAX;
	CU_ASSERT_EQUAL(identified(6, 0), 0xf0fffffff0fffff0); /* ISAR0: not TLB, TME; bits 0 to 3 are none */
	CU_ASSERT_EQUAL(identified(6, 1), 0x00fff00f00fff00f | 0xful << 32 | 0xful << 36);
	CU_ASSERT_EQUAL(identified(4, 0), 0x000f000000ff0011);
	CU_ASSERT_EQUAL(identified(7, 2), 0xful << 32);
	CU_ASSERT_EQUAL(identified(0, 0), 0x410fd034);
	CU_ASSERT_EQUAL(identified(0, 5), 1ul << 31);
	CU_ASSERT_EQUAL(identified(0, 6), 0);
	CU_ASSERT_EQUAL(identified(2, 0), 0);
	CU_ASSERT_EQUAL(identified(7, 7), 0);
}

static void nothing_else_is_carried_out(void)
{
	static const uint32_t others[] = {
		MRS | 1 << 8, MRS | 8 << 8, MRS | 1 << 5, MRS | 7 << 5, MRS | 1 << 12 /* CRn */, MRS | 1 << 16 /* op1 */, MRS & ~(1u << 19) /* op0 */,
		MRS & ~(1u << 21) /* MSR */, 0, UINT32_MAX,
	};
	struct hal_user user = { .pc = 0x1000 };

	for (unsigned i = 0; i < ARRAY_LEN(others); i++)
		CU_ASSERT_FALSE(hal_user_identify(&user, others[i]));
	CU_ASSERT_EQUAL(user.pc, 0x1000);
	CU_ASSERT_EQUAL(user.x[0], 0);
}

static void register_31_is_nowhere(void)
{
	struct hal_user user = { .pc = 0x1000, .sp = 9 };

	CU_ASSERT_TRUE(hal_user_identify(&user, MRS | 31));
	CU_ASSERT_EQUAL(user.pc, 0x1004);
	CU_ASSERT_EQUAL(user.sp, 9);
	CU_ASSERT_EQUAL(user.x[30], 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_cpu_has_what_its_registers_say),
	UNIT_CASE(a_cortex_a72_has_what_linux_says_of_it),
	UNIT_CASE(a_field_of_all_ones_is_no_feature),
	UNIT_CASE(a_program_reads_what_it_is_told_and_no_other_field),
	UNIT_CASE(nothing_else_is_carried_out),
	UNIT_CASE(register_31_is_nowhere),
};

UNIT_MAIN("hal/arm64/features", cases)
