// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Identifiers of processes and fibers: SipHash-2-4 of a counter under a key drawn at boot, so that one identifier tells nothing
 * of another, nor of how many there were. Unique within a boot as far as 64 bits go.
 */
#ifndef KERNEL_CORE_ID_H
#define KERNEL_CORE_ID_H

#include <stdint.h>

#include "lib/span.h"

/*
 * Says where the boot loader's seeds are; they must stay. The key is drawn from them and the CPU's random numbers (RNDR) for the
 * first identifier. Where there are neither, that says so on the console and goes on with the counter: identifiers are then
 * distinct but predictable.
 */
void id_init(const struct span *seeds, unsigned count);

/* A new identifier, never 0. */
uint64_t id_next(void);

#endif
