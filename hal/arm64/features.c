// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What the CPU can do at EL0, from its identification registers. Left out is what the kernel does not switch on or keep for each
 * thread (SVE, SME, pointer authentication, BTI, MTE, SSBS). Reading the registers themselves at EL0 is a fault; what programs may
 * know of them they are given then (HWCAP_CPUID).
 *
 * Spec: Linux Documentation/arch/arm64/elf_hwcaps.rst; Arm ARM DDI 0487 D17.2 (ID_AA64ISAR0_EL1 and its like).
 */
#include <stddef.h>

#include "hal/arm64/sysreg.h"
#include "hal/contract/user.h"
#include "lib/bits.h"

enum { ISAR0, ISAR1, PFR0, MMFR2, REGISTERS };

struct feature {
	uint8_t source, shift;
	uint8_t least; /* of the field, which is a signed number in PFR0 */
	uint8_t bit;
	uint8_t word; /* 0: AT_HWCAP, 1: AT_HWCAP2 */
};

static const struct feature features[] = {
	{ PFR0, 16, 0, 0, 0 },   /* fp */
	{ PFR0, 20, 0, 1, 0 },   /* asimd */
	{ ISAR0, 4, 1, 3, 0 },   /* aes */
	{ ISAR0, 4, 2, 4, 0 },   /* pmull */
	{ ISAR0, 8, 1, 5, 0 },   /* sha1 */
	{ ISAR0, 12, 1, 6, 0 },  /* sha2 */
	{ ISAR0, 16, 1, 7, 0 },  /* crc32 */
	{ ISAR0, 20, 2, 8, 0 },  /* atomics */
	{ PFR0, 16, 1, 9, 0 },   /* fphp */
	{ PFR0, 20, 1, 10, 0 },  /* asimdhp */
	{ ISAR0, 28, 1, 12, 0 }, /* asimdrdm */
	{ ISAR1, 12, 1, 13, 0 }, /* jscvt */
	{ ISAR1, 16, 1, 14, 0 }, /* fcma */
	{ ISAR1, 20, 1, 15, 0 }, /* lrcpc */
	{ ISAR1, 0, 1, 16, 0 },  /* dcpop */
	{ ISAR0, 32, 1, 17, 0 }, /* sha3 */
	{ ISAR0, 36, 1, 18, 0 }, /* sm3 */
	{ ISAR0, 40, 1, 19, 0 }, /* sm4 */
	{ ISAR0, 44, 1, 20, 0 }, /* asimddp */
	{ ISAR0, 12, 2, 21, 0 }, /* sha512 */
	{ ISAR0, 48, 1, 23, 0 }, /* asimdfhm */
	{ PFR0, 48, 1, 24, 0 },  /* dit */
	{ MMFR2, 32, 1, 25, 0 }, /* uscat */
	{ ISAR1, 20, 2, 26, 0 }, /* ilrcpc */
	{ ISAR0, 52, 1, 27, 0 }, /* flagm */
	{ ISAR1, 36, 1, 29, 0 }, /* sb */
	{ ISAR1, 0, 2, 0, 1 },   /* dcpodp */
	{ ISAR0, 52, 2, 7, 1 },  /* flagm2 */
	{ ISAR1, 32, 1, 8, 1 },  /* frint */
	{ ISAR1, 52, 1, 13, 1 }, /* i8mm */
	{ ISAR1, 44, 1, 14, 1 }, /* bf16 */
	{ ISAR1, 48, 1, 15, 1 }, /* dgh */
	{ ISAR0, 60, 1, 16, 1 }, /* rng */
};

#define HWCAP_CPUID (1ul << 11)

static void registers_read(uint64_t registers[REGISTERS])
{
	registers[ISAR0] = sysreg_read(id_aa64isar0_el1);
	registers[ISAR1] = sysreg_read(id_aa64isar1_el1);
	registers[PFR0] = sysreg_read(id_aa64pfr0_el1);
	registers[MMFR2] = sysreg_read(s3_0_c0_c7_2); /* ID_AA64MMFR2_EL1 */
}

struct hal_user_features hal_user_features(void)
{
	uint64_t words[2] = { HWCAP_CPUID, 0 };
	uint64_t registers[REGISTERS];

	registers_read(registers);
	for (size_t i = 0; i < ARRAY_LEN(features); i++) {
		const struct feature *feature = &features[i];
		unsigned field = registers[feature->source] >> feature->shift & 0xf;

		/* 15: not there at all, where 0 means that it is. */
		if (field >= feature->least && field != 0xf)
			words[feature->word] |= 1ul << feature->bit;
	}
	return (struct hal_user_features){ words[0], words[1], (uint32_t)sysreg_read(midr_el1) };
}

/* An MRS from what lies in op0 3, op1 0, CRn 0 (Arm ARM DDI 0487 C6.2.228): of its own the instruction has CRm, op2 and the register it goes to. */
enum { MRS_IDENTIFICATION = 0xd5380000, OPERANDS = 0xfff };
enum { MIDR = 0x00, MPIDR = 0x05, REVIDR = 0x06, AA64PFR0 = 0x40, AA64ISAR0 = 0x60, AA64ISAR1 = 0x61, AA64MMFR2 = 0x72 }; /* CRm, op2 */
enum { CRM_FIRST = 2, CRM_LAST = 7, LEVELS_AARCH64_ONLY = 0x11 };

#define MPIDR_SAFE (1ul << 31) /* its bit that is always set */

/* The fields of a register that programs are told of. */
static uint64_t told_of(unsigned source)
{
	uint64_t registers[REGISTERS];
	uint64_t mask = 0;

	registers_read(registers);
	for (size_t i = 0; i < ARRAY_LEN(features); i++)
		if (features[i].source == source)
			mask |= 0xful << features[i].shift;
	return registers[source] & mask;
}

/* Of the others all fields are 0, as Linux has it for those that it does not know. */
static bool value_of(unsigned which, uint64_t *value)
{
	unsigned crm = which >> 4;

	*value = 0;
	switch (which) {
	case MIDR:
		*value = sysreg_read(midr_el1);
		return true;
	case MPIDR:
		*value = MPIDR_SAFE;
		return true;
	case AA64PFR0:
		*value = told_of(PFR0) | LEVELS_AARCH64_ONLY;
		return true;
	case AA64ISAR0:
		*value = told_of(ISAR0);
		return true;
	case AA64ISAR1:
		*value = told_of(ISAR1);
		return true;
	case AA64MMFR2:
		*value = told_of(MMFR2);
		return true;
	default:
		return which == REVIDR || (crm >= CRM_FIRST && crm <= CRM_LAST);
	}
}

bool hal_user_identify(struct hal_user *user, uint32_t instruction)
{
	unsigned to = instruction & 0x1f;
	uint64_t value;

	if ((instruction & ~(uint32_t)OPERANDS) != MRS_IDENTIFICATION || !value_of((instruction >> 8 & 0xf) << 4 | (instruction >> 5 & 7), &value))
		return false;
	if (to < ARRAY_LEN(user->x)) /* 31: nowhere */
		user->x[to] = value;
	user->pc += sizeof(instruction);
	return true;
}
