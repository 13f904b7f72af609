// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Names of the kernel's functions, for backtraces. */
#ifndef KERNEL_CORE_SYMBOLS_H
#define KERNEL_CORE_SYMBOLS_H

#include <stdint.h>

/* The function at `address` and how far into it that is; NULL where none is known. Context: any. */
const char *symbols_find(uint64_t address, uint64_t *offset);

#endif
