// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "hal/arm64/cpu.h"

#include "hal/contract/cpu.h"

void hal_cpu_set_local(void *local)
{
	cpu_this()->local = local;
}

int hal_cpu_random(uint64_t *out)
{
	uint64_t value;
	uint32_t failed;

	if ((sysreg_read(id_aa64isar0_el1) >> 60 & 0xf) == 0) /* ID_AA64ISAR0_EL1.RNDR */
		return 0;
	__asm__ volatile("mrs %0, s3_3_c2_c4_0\n\tcset %w1, eq" : "=r"(value), "=r"(failed)::"cc"); /* RNDR; Z: none */
	if (failed)
		return 0;
	*out = value;
	return 1;
}
