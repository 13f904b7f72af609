// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Pages that more than one has: how many more, counted apart from the pages, since of nearly all there are none. All who have one are charged
 * to the same budget, once. Context: fiber, any CPU, any lock held.
 */
#ifndef KERNEL_SYS_LINUX_FRAMES_H
#define KERNEL_SYS_LINUX_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/status.h"

struct budget;

/* One more has it. STATUS_ENOMEM: there was no memory to count it. */
MUST_CHECK status_t linux_frame_share(uint64_t pa);

/* Whether it has more than one who has it. Where it has not, and the caller is it, nobody can come by it meanwhile. */
bool linux_frame_is_shared(uint64_t pa);

/* One less; the last gives it back. */
void linux_frame_put(struct budget *budget, uint64_t pa);

#endif
