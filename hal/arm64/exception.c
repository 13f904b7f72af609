// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Exceptions taken from kernel code. Two are expected and go on elsewhere: an unprivileged copy that hit a page which EL0
 * may not touch, and a semihosting call that nobody answers. All else is the client's `fault`, which does not return.
 */
#include "hal/arm64/cpu.h"
#include "hal/arm64/exception.h"
#include "hal/arm64/space.h"
#include "hal/firmware/semihosting.h"

static void (*fault_handler)(const struct hal_fault *);

void exception_init(void (*fault)(const struct hal_fault *))
{
	fault_handler = fault;
}

static const char *fault_name(const struct hal_fault *fault, unsigned kind)
{
	if (kind == EXCEPTION_ODD)
		return "unexpected exception (FIQ, SError or interrupt)";
	switch (fault->esr >> 26 & 0x3f) {
	case 0x21:
		return "instruction abort";
	case 0x22:
		return "misaligned program counter";
	case 0x25:
		return fault->esr & 1u << 6 ? "data abort (write)" : "data abort (read)";
	case 0x26:
		return "misaligned stack pointer";
	case 0x3c:
		return "breakpoint";
	default:
		return "unexpected instruction";
	}
}

static int fault_is_fixed(struct hal_fault *fault)
{
	unsigned ec = (unsigned)(fault->esr >> 26 & 0x3f);

	if (ec == 0x25 && fault->pc >= (uint64_t)user_copy_begin && fault->pc < (uint64_t)user_copy_end) {
		fault->pc = (uint64_t)user_copy_fault;
		return 1;
	}
	if (ec == 0x00 && fault->pc == (uint64_t)semihosting_trap) {
		fault->pc += 4;
		fault->x[0] = (uint64_t)-1;
		return 1;
	}
	return 0;
}

void exception_kernel(struct hal_fault *fault, unsigned kind)
{
	if (kind != EXCEPTION_ODD && fault_is_fixed(fault))
		return;
	fault->what = fault_name(fault, kind);
	fault_handler(fault);
}
