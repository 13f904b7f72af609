// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What user.c needs of space.c, and the copy routines of user.S. */
#ifndef HAL_ARM64_SPACE_H
#define HAL_ARM64_SPACE_H

#include <stddef.h>
#include <stdint.h>

#include "hal/arm64/cpu.h"
#include "hal/contract/user.h"

void space_switch(struct cpu *cpu, struct hal_space *space);

/* Makes the lower half show `space` on this CPU. */
static inline void space_activate(struct hal_space *space)
{
	struct cpu *cpu = cpu_this();

	if (cpu->space != space)
		space_switch(cpu, space);
}

/* Of a level 3 entry, whose rights are these. */
uint64_t space_attributes(unsigned rights);

/* Return 0 or STATUS_EFAULT; a fault between user_copy_begin and user_copy_end goes on at user_copy_fault. */
int user_copy_in(void *to, uint64_t from_va, size_t bytes);
int user_copy_out(uint64_t to_va, const void *from, size_t bytes);
extern char user_copy_begin[], user_copy_end[], user_copy_fault[];

#endif
