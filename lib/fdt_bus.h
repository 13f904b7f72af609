// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Addresses in a device tree: cells of the parent node, and the buses between a device and the CPU. */
#ifndef LIB_FDT_BUS_H
#define LIB_FDT_BUS_H

#include <stdint.h>

#include "lib/fdt.h"
#include "lib/fdt_walk.h"
#include "lib/status.h"

/*
 * Entry `index` of the visited node's `reg`, as CPU address: translated by the `ranges` of its parents.
 *
 * Returns STATUS_OK; STATUS_ENODATA where there is no such entry, or a bus above hides it from the CPU; STATUS_EINVAL where it is malformed.
 */
MUST_CHECK status_t fdt_bus_reg(struct fdt_walk *walk, uint32_t index, struct fdt_range *range);

/* Number of `cells` (0 to 2) big-endian cells at `data`. */
uint64_t fdt_read_cells(const uint8_t *data, uint32_t cells);

#endif
