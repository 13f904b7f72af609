// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/core/id.h"

#include <sodium/crypto_shorthash_siphash24.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "hal/contract/cpu.h"
#include "hal/contract/timer.h"
#include "kernel/core/log.h"
#include "lib/string.h"

enum { POOL_BYTES = 128, RNDR_WORDS = 4 };

static uint8_t key[crypto_shorthash_siphash24_KEYBYTES];
static _Atomic uint64_t counter; /* W: any CPU; the first identifier is asked for while one runs */
static const struct span *boot_seeds;
static unsigned boot_seed_count;

static size_t pool_add(uint8_t *pool, size_t at, const void *data, size_t len)
{
	if (len > POOL_BYTES - at)
		len = POOL_BYTES - at;
	memcpy(pool + at, data, len);
	return at + len;
}

/* The key's two halves are SipHash of all that was gathered, under two public keys: no bit of the pool is left out. */
static void key_derive(const uint8_t *pool, size_t len)
{
	static const uint8_t domains[2][crypto_shorthash_siphash24_KEYBYTES] = { "rumpk ids, low", "rumpk ids, high" };

	for (unsigned i = 0; i < 2; i++)
		(void)crypto_shorthash_siphash24(key + 8 * i, pool, len, domains[i]);
}

void id_init(const struct span *seeds, unsigned count)
{
	boot_seeds = seeds;
	boot_seed_count = count;
}

static void key_draw(void)
{
	uint8_t pool[POOL_BYTES];
	uint64_t word = hal_timer_now_ns();
	size_t len = pool_add(pool, 0, &word, sizeof(word));
	bool random = false;

	for (unsigned i = 0; i < RNDR_WORDS && hal_cpu_random(&word); i++) {
		len = pool_add(pool, len, &word, sizeof(word));
		random = true;
	}
	for (unsigned i = 0; i < boot_seed_count; i++) {
		random = random || boot_seeds[i].len > 0;
		len = pool_add(pool, len, boot_seeds[i].data, boot_seeds[i].len);
	}
	if (!random)
		log_print(LOG_BOOT, LOG_WARN, "no entropy: neither rng-seed, kaslr-seed nor RNDR; identifiers are predictable");
	key_derive(pool, len);
	memset(pool, 0, sizeof(pool));
	__asm__ volatile("" ::"r"(pool) : "memory"); /* the wipe is not dead code */
}

uint64_t id_next(void)
{
	uint64_t id;

	do {
		uint64_t number = atomic_fetch_add_explicit(&counter, 1, memory_order_relaxed);

		if (number == 0)
			key_draw();
		(void)crypto_shorthash_siphash24((uint8_t *)&id, (const uint8_t *)&number, sizeof(number), key);
	} while (id == 0);
	return id;
}
