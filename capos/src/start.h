// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What the kernel told this process at its start, for the library's own files. */
#ifndef CAPOS_SRC_START_H
#define CAPOS_SRC_START_H

#include <capos/abi.h>

/* Set before main() runs; never NULL after. */
extern const struct capos_start *capos_start;

#endif
