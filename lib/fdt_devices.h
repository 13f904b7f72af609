// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The devices of a tree that the kernel starts with: interrupt controller, timer, PL011 and PSCI, each known by its compatible
 * string. What needs another node (the GIC's cells, the console's path) waits for the end of the walk.
 */
#ifndef LIB_FDT_DEVICES_H
#define LIB_FDT_DEVICES_H

#include <stddef.h>
#include <stdint.h>

#include "lib/fdt.h"
#include "lib/fdt_walk.h"
#include "lib/span.h"
#include "lib/status.h"

#define FDT_UART_CANDIDATES 4

struct fdt_uart_candidate {
	int node; /* fdt_walk_node() */
	struct fdt_range registers;
	struct span interrupts;
};

/* What was seen so far. Begins as zero. */
struct fdt_devices {
	uint32_t gic_cells;           /* #interrupt-cells of the GIC; 0: none was seen */
	struct span timer_interrupts;
	size_t uart_count;
	struct fdt_uart_candidate uarts[FDT_UART_CANDIDATES];
};

/*
 * Judges the visited node, and takes what it says where it is one of these devices and enabled.
 *
 * Returns STATUS_OK, for other nodes too; STATUS_EINVAL where it is malformed, with walk->why set.
 */
MUST_CHECK status_t fdt_devices_visit(struct fdt_walk *walk, struct fdt_devices *devices, struct fdt_machine *machine);

/* After the walk: numbers the interrupts, and takes as console the uart that is node `console`, else the first one. */
void fdt_devices_finish(const struct fdt_devices *devices, int console, struct fdt_machine *machine);

#endif
