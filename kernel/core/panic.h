// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The end of the kernel by its own fault. VERIFY, always on, is for what memory safety hangs on; ASSERT for invariants of
 * our own: both are on in every build, ASSERT may be left out of a hot path by name.
 */
#ifndef KERNEL_CORE_PANIC_H
#define KERNEL_CORE_PANIC_H

#include <stdbool.h>
#include <stddef.h>

#include "hal/contract/fault.h"

/* Prints "PANIC: " and the text, a backtrace with function names, and ends the machine with status 255. Context: any. */
_Noreturn void panic(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Who keeps what a panic says. Both are called by the CPU that reports it, alone, interrupts masked, wherever the kernel was: they take no
 * lock and no memory, never wait without a limit, and do nothing that the scheduler, the log or a driver's fiber would have a part in. A panic
 * of theirs ends the machine.
 */
struct panic_witness {
	void (*write)(const char *text, size_t len); /* a piece of the report, as it goes to the serial port */
	void (*end)(void);                           /* that was all, and it is on the serial port */
};

/* From now on; NULL: nobody. `witness` is static. Context: any. */
void panic_tell(const struct panic_witness *witness);

/* Whether one is being reported: whoever has something to say says it to the serial port. Context: any. */
bool panic_has_begun(void);

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
