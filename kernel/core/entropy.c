// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/core/entropy.h"

#include <sodium/crypto_generichash_blake2b.h>
#include <sodium/crypto_stream_chacha20.h>
#include <stdbool.h>
#include <stdint.h>

#include "hal/contract/cpu.h"
#include "hal/contract/timer.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "lib/string.h"

enum { RNDR_WORDS = 8, KEY_BYTES = crypto_stream_chacha20_ietf_KEYBYTES, CHUNK_BYTES = 256 };

static struct spinlock lock;
static uint8_t key[KEY_BYTES]; /* W: under the lock */
static bool drawn;             /* W: under the lock */
static bool good;              /* W: under the lock */
static const struct span *boot_seeds;
static unsigned boot_seed_count;

void entropy_init(const struct span *seeds, unsigned count)
{
	boot_seeds = seeds;
	boot_seed_count = count;
}

static void wipe(void *at, size_t bytes)
{
	memset(at, 0, bytes);
	__asm__ volatile("" ::"r"(at) : "memory"); /* not dead code */
}

/* The key is BLAKE2b of all that there is. */
static void key_make(void)
{
	crypto_generichash_blake2b_state state;
	uint64_t word = hal_timer_now_ns();

	VERIFY(crypto_generichash_blake2b_init(&state, NULL, 0, KEY_BYTES) == 0);
	(void)crypto_generichash_blake2b_update(&state, (const uint8_t *)&word, sizeof(word));
	for (unsigned i = 0; i < RNDR_WORDS && hal_cpu_random(&word); i++) {
		(void)crypto_generichash_blake2b_update(&state, (const uint8_t *)&word, sizeof(word));
		good = true;
	}
	for (unsigned i = 0; i < boot_seed_count; i++) {
		(void)crypto_generichash_blake2b_update(&state, boot_seeds[i].data, boot_seeds[i].len);
		good = good || boot_seeds[i].len > 0;
	}
	(void)crypto_generichash_blake2b_final(&state, key, KEY_BYTES);
	wipe(&state, sizeof(state));
	drawn = true;
}

/* The stream's first bytes are the next key, the rest is given out: 64-byte blocks, the first of them half. */
static void chunk_draw(uint8_t *to, size_t bytes)
{
	static const uint8_t nonce[crypto_stream_chacha20_ietf_NONCEBYTES];
	uint8_t stream[KEY_BYTES + CHUNK_BYTES];

	(void)crypto_stream_chacha20_ietf(stream, KEY_BYTES + bytes, nonce, key);
	memcpy(key, stream, KEY_BYTES);
	memcpy(to, stream + KEY_BYTES, bytes);
	wipe(stream, sizeof(stream));
}

void entropy_draw(void *to, size_t bytes)
{
	bool first;

	spinlock_take(&lock);
	first = !drawn;
	if (first)
		key_make();
	for (size_t at = 0; at < bytes; at += CHUNK_BYTES)
		chunk_draw((uint8_t *)to + at, bytes - at < CHUNK_BYTES ? bytes - at : CHUNK_BYTES);
	spinlock_give(&lock);
	if (first && !good)
		log_print(LOG_BOOT, LOG_WARN, "no entropy: neither rng-seed, kaslr-seed nor RNDR; identifiers and keys are predictable");
}
