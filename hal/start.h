// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The first C code, called from entry.S. */
#ifndef HAL_START_H
#define HAL_START_H

#include <stddef.h>
#include <stdint.h>

_Noreturn void hal_start(uint64_t fdt_pa, uint64_t image_pa);

/* The device tree, which stays mapped, and its length. */
const void *hal_device_tree(size_t *bytes);

#endif
