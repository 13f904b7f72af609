// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The first console device behind virtio, after hal_virtio_probe(): text out and in, and how large the host's window is. Context of every call:
 * one caller at a time, any CPU; `changed` alone is called in interrupt context. The device is not trusted, as net.h says.
 */
#ifndef HAL_CONTRACT_TERMINAL_H
#define HAL_CONTRACT_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/status.h"

/*
 * Brings the device up; interrupts come to the CPU that calls this. Memory is taken at the first start and kept. `changed` follows when the
 * size may have changed, something was typed, or the device broke.
 * Returns STATUS_OK; STATUS_ENODEV without a device; STATUS_ENOMEM; STATUS_EIO where it does not take part; STATUS_EBUSY where it runs, or
 * has not ended a reset and may still read.
 */
MUST_CHECK status_t hal_terminal_start(void (*changed)(void *ctx), void *ctx);

/* Copies what there is room for, from the front; how much that was. 0 for ever where the device does not run. */
size_t hal_terminal_write(const char *text, size_t len);

/* Shows the device all that was written. True where it is done with it. */
bool hal_terminal_flush(void);

/* Whether the device runs. One that broke the rules has been reset and reported. */
bool hal_terminal_runs(void);

/*
 * Takes what was typed, at most `room` bytes; how much that was. The device has nothing to put it into before the first call; once a call has
 * given less than `room`, `changed` follows when there is more.
 */
size_t hal_terminal_read(void *to, size_t room);

/* Characters in a line, and lines; false where the device does not say. */
bool hal_terminal_size(uint16_t *columns, uint16_t *rows);

#endif
