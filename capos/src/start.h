// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What the kernel told this process at its start, for the library's own files. */
#ifndef CAPOS_SRC_START_H
#define CAPOS_SRC_START_H

#include <capos/abi.h>

/* Set before main() runs; never NULL after. */
extern const struct capos_start *capos_start;

/* The capabilities that every process has, looked up once, before main(). One that the process dropped stays here, and is refused. */
struct own {
	capos_cap_t memory;
	capos_cap_t ring;
	capos_cap_t event;
	capos_cap_t threads;
	capos_cap_t capset;
};
extern struct own capos_own;

#endif
