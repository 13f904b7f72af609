// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The first entropy device, after hal_virtio_probe(). Context: fiber, one at a time. */
#ifndef HAL_CONTRACT_RNG_H
#define HAL_CONTRACT_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/status.h"

bool hal_rng_present(void);

/*
 * Fills `to` with what the device gives, polling it until `deadline_ns`. Mix it with other sources: the device says that it is random.
 * Returns STATUS_OK; STATUS_ENODEV without a device; STATUS_ENOMEM; STATUS_ETIMEDOUT, or STATUS_EIO where the device breaks the rules: then it has
 * been reset, `to` holds nothing to rely on, and the next call starts it again.
 */
MUST_CHECK status_t hal_rng_read(void *to, size_t bytes, uint64_t deadline_ns);

#endif
