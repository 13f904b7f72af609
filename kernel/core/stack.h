// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Stacks of fibers: mapped pages with an unmapped guard page below. Context: boot, fiber or scheduler, any CPU. */
#ifndef KERNEL_CORE_STACK_H
#define KERNEL_CORE_STACK_H

#include <stdint.h>

#define STACK_BYTES 16384ul

/* Address past the highest byte of a new stack (16-byte aligned); 0 where memory is out. */
uint64_t stack_alloc(void);

/* Gives a stack back; nobody may run on it. */
void stack_free(uint64_t top);

/* Whether `address` is in the guard page of the stack that ends at `top`. Context: any. */
int stack_guards(uint64_t top, uint64_t address);

#endif
