// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The first entropy device, after hal_virtio_probe(). Context of every call: one CPU, always the same, fiber or scheduler; `ready` alone is
 * called in interrupt context. The device is not trusted: mix what it gives with other sources.
 */
#ifndef HAL_CONTRACT_RNG_H
#define HAL_CONTRACT_RNG_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/status.h"

bool hal_rng_present(void);

/*
 * Brings the device up; interrupts come to the CPU that calls this. Memory is taken at the first start and kept. `ready` follows when the
 * device gave something or broke.
 * Returns STATUS_OK; STATUS_ENODEV without a device; STATUS_ENOMEM; STATUS_EIO where it does not take part; STATUS_EBUSY where it is started
 * already, or has not ended a reset and may still write.
 */
MUST_CHECK status_t hal_rng_start(void (*ready)(void *ctx), void *ctx);

/* Resets the device: what was asked for does not come. */
void hal_rng_stop(void);

/*
 * Asks for 1 to 4096 bytes. STATUS_OK; STATUS_EAGAIN where the device has not answered the last time; STATUS_EIO where it does not run;
 * STATUS_EINVAL.
 */
MUST_CHECK status_t hal_rng_ask(uint32_t bytes);

/*
 * Takes what the device gave, `room` bytes at most; `*got` is more than 0. STATUS_OK; STATUS_EAGAIN where there is nothing; STATUS_EIO where the
 * device does not run, or broke the rules: it has been reset and reported, and hal_rng_start() starts it again.
 */
MUST_CHECK status_t hal_rng_take(void *to, uint32_t room, uint32_t *got);

#endif
