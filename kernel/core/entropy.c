// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/core/entropy.h"

#include <assert.h>
#include <sodium/crypto_generichash_blake2b.h>
#include <sodium/crypto_stream_chacha20.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "hal/contract/cpu.h"
#include "hal/contract/timer.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "lib/string.h"

enum { RNDR_WORDS = 8, KEY_BYTES = crypto_stream_chacha20_ietf_KEYBYTES, BLOCK_BYTES = 64 };
static_assert((KEY_BYTES + ENTROPY_CHUNK_BYTES) % BLOCK_BYTES == 0, "whole blocks");

static struct spinlock lock;
static uint8_t key[KEY_BYTES]; /* W: under the lock */
static bool drawn;             /* W: under the lock */
static bool good;              /* W: under the lock */
static _Atomic(void (*)(void)) feed; /* W: who has a source of seeds */
static uint64_t stale_ns;            /* W: under the lock. From when on another seed is wanted */
static const struct span *boot_seeds;
static unsigned boot_seed_count;

void entropy_init(const struct span *seeds, unsigned count)
{
	boot_seeds = seeds;
	boot_seed_count = count;
}

void entropy_wipe(void *at, size_t bytes)
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
	entropy_wipe(&state, sizeof(state));
	drawn = true;
}

/* The stream's first bytes are the next key, the rest is given out: 64-byte blocks, the first of them half. */
static void chunk_draw(uint8_t *to, size_t bytes)
{
	static const uint8_t nonce[crypto_stream_chacha20_ietf_NONCEBYTES];
	uint8_t stream[KEY_BYTES + ENTROPY_CHUNK_BYTES];

	(void)crypto_stream_chacha20_ietf(stream, KEY_BYTES + bytes, nonce, key);
	memcpy(key, stream, KEY_BYTES);
	memcpy(to, stream + KEY_BYTES, bytes);
	entropy_wipe(stream, sizeof(stream));
}

void entropy_draw(void *to, size_t bytes)
{
	void (*want)(void) = atomic_load_explicit(&feed, memory_order_acquire); /* pairs with entropy_feed() */
	uint64_t now_ns = want != NULL ? hal_timer_now_ns() : 0;
	bool first;

	spinlock_take(&lock);
	if (want != NULL && now_ns < stale_ns)
		want = NULL;
	else if (want != NULL)
		stale_ns = now_ns + ENTROPY_SEED_NS;
	first = !drawn;
	if (first)
		key_make();
	for (size_t at = 0; at < bytes; at += ENTROPY_CHUNK_BYTES)
		chunk_draw((uint8_t *)to + at, bytes - at < ENTROPY_CHUNK_BYTES ? bytes - at : ENTROPY_CHUNK_BYTES);
	spinlock_give(&lock);
	if (want != NULL)
		want();
	if (first && !good)
		log_print(LOG_BOOT, LOG_WARN, "no entropy: neither rng-seed, kaslr-seed nor RNDR; identifiers and keys are predictable");
}

void entropy_mix(const void *from, size_t bytes)
{
	crypto_generichash_blake2b_state state;

	spinlock_take(&lock);
	if (!drawn)
		key_make();
	VERIFY(crypto_generichash_blake2b_init(&state, key, KEY_BYTES, KEY_BYTES) == 0);
	(void)crypto_generichash_blake2b_update(&state, from, bytes);
	(void)crypto_generichash_blake2b_final(&state, key, KEY_BYTES);
	spinlock_give(&lock);
	entropy_wipe(&state, sizeof(state));
}

void entropy_feed(void (*want)(void))
{
	spinlock_take(&lock);
	stale_ns = hal_timer_now_ns() + ENTROPY_SEED_NS; /* the first is asked for by who feeds */
	spinlock_give(&lock);
	atomic_store_explicit(&feed, want, memory_order_release); /* pairs with entropy_draw() */
}
