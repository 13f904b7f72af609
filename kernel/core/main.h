// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What the machine layer calls. */
#ifndef KERNEL_CORE_MAIN_H
#define KERNEL_CORE_MAIN_H

#include "hal/contract/boot.h"

extern const struct hal_client kernel_client;

/*
 * What the image is for, run as the first fiber when everything is up: the product image runs its bundle (kernel/payload/run.c),
 * a test image its tests. It ends the machine and does not return.
 */
void image_main(void *info);

#endif
