// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Exceptions taken from kernel code. */
#ifndef HAL_ARM64_EXCEPTION_H
#define HAL_ARM64_EXCEPTION_H

#include "hal/contract/fault.h"

/* Says who is told of a kernel fault. Before that call there must be none. */
void exception_init(void (*fault)(const struct hal_fault *));

/* From vectors.S; `kind` is one of EXCEPTION_*. Returns only with `fault` changed to where execution shall go on. */
void exception_kernel(struct hal_fault *fault, unsigned kind);

#endif
