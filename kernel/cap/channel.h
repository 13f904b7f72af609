// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Making channels: memory that two processes share, with a queue by which they hand each other capabilities. */
#ifndef KERNEL_CAP_CHANNEL_H
#define KERNEL_CAP_CHANNEL_H

#include <stdint.h>

#include "lib/status.h"

struct budget;
struct object;

/* A channel with `bytes` of memory (as region_pages_alloc()), with one hold. STATUS_EINVAL, STATUS_ENOMEM. Context: fiber. */
MUST_CHECK status_t channel_create(struct budget *budget, uint64_t bytes, struct object **out);

#endif
