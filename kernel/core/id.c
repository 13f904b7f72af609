// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/core/id.h"

#include <sodium/crypto_shorthash_siphash24.h>
#include <stdatomic.h>

#include "kernel/core/entropy.h"

static uint8_t key[crypto_shorthash_siphash24_KEYBYTES];
static _Atomic uint64_t counter; /* W: any CPU; the first identifier is asked for while one runs */

uint64_t id_next(void)
{
	uint64_t id;

	do {
		uint64_t number = atomic_fetch_add_explicit(&counter, 1, memory_order_relaxed);

		if (number == 0)
			entropy_draw(key, sizeof(key));
		(void)crypto_shorthash_siphash24((uint8_t *)&id, (const uint8_t *)&number, sizeof(number), key);
	} while (id == 0);
	return id;
}
