// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Spec: Arm ARM DDI 0487 C6.2 "CRC32CB, CRC32CH, CRC32CW, CRC32CX"; D17.2 ID_AA64ISAR0_EL1. */
#include "hal/arm64/cpu.h"

#include "hal/contract/cpu.h"

#define WITH_CRC __attribute__((target("+crc")))

int hal_cpu_has_crc32c(void)
{
	return (sysreg_read(id_aa64isar0_el1) >> 16 & 0xf) != 0; /* ID_AA64ISAR0_EL1.CRC32 */
}

static inline WITH_CRC uint32_t step(uint32_t sum, const uint8_t *at)
{
	uint64_t word;

	__builtin_memcpy(&word, at, sizeof(word)); /* one load */
	return __builtin_aarch64_crc32cx(sum, word);
}

WITH_CRC uint32_t hal_cpu_crc32c(uint32_t sum, const void *data, size_t bytes)
{
	const uint8_t *at = data;

	for (; bytes >= 32; bytes -= 32, at += 32) {
		sum = step(sum, at);
		sum = step(sum, at + 8);
		sum = step(sum, at + 16);
		sum = step(sum, at + 24);
	}
	for (; bytes >= 8; bytes -= 8, at += 8)
		sum = step(sum, at);
	for (; bytes > 0; bytes--)
		sum = __builtin_aarch64_crc32cb(sum, *at++);
	return sum;
}
