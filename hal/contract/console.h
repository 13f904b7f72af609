// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The serial port. One caller at a time: the kernel's console consumer, or a panic. */
#ifndef HAL_CONTRACT_CONSOLE_H
#define HAL_CONTRACT_CONSOLE_H

#include <stddef.h>

/* Writes all of it, polling. Nothing is written where the machine has no known port. Context: any. */
void hal_console_write(const char *text, size_t len);

/*
 * Writes to the debugger's result channel (semihosting SYS_WRITE0), apart from the serial port. `text` ends with NUL.
 * Returns 0, or a negative errno where no debugger listens.
 */
int hal_result_write(const char *text);

#endif
