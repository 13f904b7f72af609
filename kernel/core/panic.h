// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The end of the kernel by its own fault. VERIFY, always on, is for what memory safety hangs on; ASSERT for invariants of
 * our own: both are on in every build, ASSERT may be left out of a hot path by name.
 */
#ifndef KERNEL_CORE_PANIC_H
#define KERNEL_CORE_PANIC_H

#include "hal/contract/fault.h"

/* Prints "PANIC: " and the text, a backtrace with function names, and ends the machine with status 255. Context: any. */
_Noreturn void panic(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same for a fault of the kernel's code, with its registers. Context: exception stack. */
void panic_fault(const struct hal_fault *fault);

#define VERIFY(condition) \
	((condition) ? (void)0 : panic("%s:%d: %s does not hold", __FILE__, __LINE__, #condition))
#define ASSERT(condition) VERIFY(condition)

/*
 * Who may touch what, between CPUs: checked in a debug build alone (build/debug, the image build/tests/guest-debug.img), as it
 * stands on the way of every switch. The condition is compiled in either.
 */
enum { DEBUG_CHECKS = KERNEL_DEBUG };
#define ASSERT_OWNED(condition)            \
	do {                               \
		if (DEBUG_CHECKS)          \
			VERIFY(condition); \
	} while (0)

#endif
