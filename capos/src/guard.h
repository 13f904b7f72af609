// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Pages below stacks that cannot be written. */
#ifndef CAPOS_SRC_GUARD_H
#define CAPOS_SRC_GUARD_H

#include <stdbool.h>

/*
 * Takes the page at `page` out of the memory that was mapped there, and puts one in its place that cannot be written. False: it could
 * not be put there, and nothing of the caller's is there any more. Context: any thread.
 */
bool guard_set(void *page);

/* Takes such a page away. */
void guard_clear(void *page);

#endif
