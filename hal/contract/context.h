// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Switching between kernel stacks. Cooperative: only what a C call preserves is kept. */
#ifndef HAL_CONTRACT_CONTEXT_H
#define HAL_CONTRACT_CONTEXT_H

#include <stdint.h>

struct hal_context {
	uint64_t sp; /* W: hal_context_switch, when leaving it */
};

/* Makes a context that, when first switched to, calls `entry(arg)` on the stack that ends at `stack_top` (16-byte aligned). */
void hal_context_init(struct hal_context *context, void *stack_top, void (*entry)(void *arg), void *arg);

/* Leaves `from` and goes on with `to`. Returns when something switches back to `from`. */
void hal_context_switch(struct hal_context *from, struct hal_context *to);

#endif
