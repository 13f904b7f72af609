// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Random bytes: ChaCha20 under a key that is replaced by its own output at every draw (fast key erasure), so that what was drawn
 * before cannot be found from what is in memory now. The key comes from the boot loader's seeds and the CPU's random
 * numbers (RNDR), at the first draw. Context: fiber, any CPU.
 */
#ifndef KERNEL_CORE_ENTROPY_H
#define KERNEL_CORE_ENTROPY_H

#include <stddef.h>

#include "lib/span.h"

/*
 * Says where the boot loader's seeds are; they must stay. Where there are none, and no RNDR, the first draw says so on the console, and what
 * is drawn is predictable. Context: boot.
 */
void entropy_init(const struct span *seeds, unsigned count);

/* `bytes` random bytes. */
void entropy_draw(void *to, size_t bytes);

#endif
