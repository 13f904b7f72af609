// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The serial port. One writer at a time: the kernel's console consumer, or a panic; and one reader. */
#ifndef HAL_CONTRACT_CONSOLE_H
#define HAL_CONTRACT_CONSOLE_H

#include <stddef.h>

#include "lib/status.h"

/* Writes all of it, polling. Nothing is written where the machine has no known port. Context: any. */
void hal_console_write(const char *text, size_t len);

/*
 * Begins to listen: `ready(ctx)` follows on this CPU, in interrupt context, when something has come, once before hal_console_read() has taken
 * all of it. Nothing is lost meanwhile that the port has room for, and what its sender waits with.
 * Returns STATUS_OK, or STATUS_ENODEV where the machine has no known port, or one without an interrupt. Context: fiber, once.
 */
MUST_CHECK status_t hal_console_listen(void (*ready)(void *ctx), void *ctx);

/* Takes what has come, at most `room` bytes; how many. Context: the CPU that listens. */
size_t hal_console_read(void *to, size_t room);

/*
 * Writes to the debugger's result channel (semihosting SYS_WRITE0), apart from the serial port. `text` ends with NUL.
 * Returns 0, or a negative errno where no debugger listens.
 */
int hal_result_write(const char *text);

#endif
