// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The console: the one reader of the log's ring, and the only writer of the serial port but for a panic. Until console_start()
 * each line is written at once by whoever printed it; after it, by the console's fiber on CPU 0, or by a CPU that finds the ring full:
 * one at a time, whole lines.
 *
 * With console=virtio lines go to a console device instead, from when it runs until it breaks. The serial port keeps what comes before and
 * after, and panics.
 */
#ifndef KERNEL_IO_CONSOLE_H
#define KERNEL_IO_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/status.h"

/* Has lines go to the console device, if the machine has one. Context: fiber, after devices_probe(), boot CPU. */
MUST_CHECK status_t console_use_device(void);

/*
 * For console_input.h: takes what was typed at the console device, as hal_terminal_read(); false where lines go to the serial port. Context: the
 * console's fiber.
 */
bool console_device_read(void *to, size_t room, size_t *got);

/* Has the console's fiber look at what has come. Context: interrupt, on CPU 0. */
void console_interrupted(void *ctx);

/* Whether the caller may be within the console device's driver, where no line can wait for room in the ring. Context: any. */
bool console_is_in_driver(void);

/* Characters in a line << 16 | lines; 0: the console does not say. Context: any. */
uint32_t console_window_size(void);

/* Hands the writing to a fiber of its own, with the stack that ends at `stack_top` (fiber_begin()). Context: boot, scheduler made. */
void console_start(uint64_t stack_top);

/* Has each line that is written given to `tap`, too, which takes no lock that a printer may have; NULL: to nobody. Context: fiber. */
void console_tap(void (*tap)(const char *line, size_t len));

/* Something is in the ring. Context: boot or fiber, any CPU. */
void console_wake(void);

/* The ring is full: writes, or lets the CPU that is at it go on. Context: boot or fiber, any CPU. */
void console_make_room(void);

/* Writes all that is in the ring, now, unless another CPU is at it. Context: any but an interrupt. */
void console_drain(void);

/* The same, and waits where another CPU is at it: then every line that was printed before is written. Context: fiber. */
void console_flush(void);

/* The same where every other CPU has been stopped, whatever it was at. */
void console_drain_at_panic(void);

/* Writes what is left, then ends the machine with `status`. */
_Noreturn void console_exit(int status);

#endif
