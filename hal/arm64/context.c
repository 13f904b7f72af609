// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "hal/contract/context.h"

#include <stddef.h>

void context_start(void);

/* What hal_context_switch() restores, in the order of its pushes. */
struct switch_frame {
	uint64_t x29, x30;
	uint64_t x19, x20;
	uint64_t x21_x28[8];
};

_Static_assert(sizeof(struct switch_frame) == 96, "context.S");

void hal_context_init(struct hal_context *context, void *stack_top, void (*entry)(void *arg), void *arg)
{
	struct switch_frame *frame = (struct switch_frame *)stack_top - 1;

	*frame = (struct switch_frame){ .x30 = (uint64_t)context_start, .x19 = (uint64_t)entry, .x20 = (uint64_t)arg };
	context->sp = (uint64_t)frame;
}
