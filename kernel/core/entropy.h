// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Random bytes: ChaCha20 under a key that is replaced by its own output at every draw (fast key erasure), so that what was drawn
 * before cannot be found from what is in memory now. The key comes from the boot loader's seeds and the CPU's random
 * numbers (RNDR), at the first draw; what a device gives is mixed in later (kernel/io/entropy_device.h). Context: fiber, any CPU.
 */
#ifndef KERNEL_CORE_ENTROPY_H
#define KERNEL_CORE_ENTROPY_H

#include <stddef.h>

#include "lib/span.h"

/* Who draws much does it by so many bytes: with the next key, whole blocks of the stream. */
enum { ENTROPY_CHUNK_BYTES = 1024 - 32 };

#define ENTROPY_SEED_NS 60000000000ull /* as long as nobody who saw the key may profit from it */

/*
 * Says where the boot loader's seeds are; they must stay. Where there are none, and no RNDR, the first draw says so on the console, and what
 * is drawn is predictable. Context: boot.
 */
void entropy_init(const struct span *seeds, unsigned count);

/* `bytes` random bytes. */
void entropy_draw(void *to, size_t bytes);

/*
 * Mixes something in, which need not be random: the next key is a hash of it and of this one. Neither who knows it nor who chose it knows
 * more of what is drawn afterwards. Context: fiber or scheduler, any CPU.
 */
void entropy_mix(const void *from, size_t bytes);

/*
 * From now on a draw calls `want`, on its CPU, when the last seed was asked for ENTROPY_SEED_NS ago; NULL: none does. What comes of it goes to
 * entropy_mix(). Context: fiber or scheduler.
 */
void entropy_feed(void (*want)(void));

/* Zeros for what was secret, though nobody reads them. */
void entropy_wipe(void *at, size_t bytes);

#endif
