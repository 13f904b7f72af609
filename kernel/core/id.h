// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Identifiers of processes and fibers: SipHash-2-4 of a counter under a key drawn at boot, so that one identifier tells nothing
 * of another, nor of how many there were. Unique within a boot as far as 64 bits go.
 */
#ifndef KERNEL_CORE_ID_H
#define KERNEL_CORE_ID_H

#include <stdint.h>

/* A new identifier, never 0. */
uint64_t id_next(void);

#endif
