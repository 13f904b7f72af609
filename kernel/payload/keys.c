// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Alone in its file, so that no compiler takes the empty section for a constant. */
#include "kernel/payload/trust.h"

const struct minisign_key_section trust_keys __attribute__((section(".trust"), aligned(16))) = {
	.magic = { 'R', 'U', 'M', 'P', 'K', 'K', 'E', 'Y' },
	.capacity = MINISIGN_KEY_SECTION_CAPACITY,
};
