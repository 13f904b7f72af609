// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What the file systems in memory call of the kernel: pages and budgets that are counted. */
#ifndef TESTS_UNIT_KERNEL_IO_FS_WORLD_H
#define TESTS_UNIT_KERNEL_IO_FS_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/sys/budget.h"

struct world {
	uint64_t pages; /* that are handed out */
	uint64_t now_ns;
	bool dry; /* there are no pages */
	struct budget budget;
};

extern struct world world;

/* A budget of so many pages, nothing handed out. */
void world_begin(uint64_t pages);

/* Whether everything was given back. */
bool world_is_clean(void);

#endif
