// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What the CPU can do at EL0, from its identification registers. Left out is what the kernel does not switch on or keep for each
 * thread (SVE, SME, pointer authentication, BTI, MTE, SSBS), and HWCAP_CPUID: the registers themselves cannot be read at EL0.
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

struct hal_user_features hal_user_features(void)
{
	const uint64_t registers[REGISTERS] = {
		sysreg_read(id_aa64isar0_el1),
		sysreg_read(id_aa64isar1_el1),
		sysreg_read(id_aa64pfr0_el1),
		sysreg_read(s3_0_c0_c7_2), /* ID_AA64MMFR2_EL1 */
	};
	uint64_t words[2] = { 0, 0 };

	for (size_t i = 0; i < ARRAY_LEN(features); i++) {
		const struct feature *feature = &features[i];
		unsigned field = registers[feature->source] >> feature->shift & 0xf;

		/* 15: not there at all, where 0 means that it is. */
		if (field >= feature->least && field != 0xf)
			words[feature->word] |= 1ul << feature->bit;
	}
	return (struct hal_user_features){ words[0], words[1] };
}
