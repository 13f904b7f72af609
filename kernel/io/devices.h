// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Devices behind virtio, found when something first needs one. */
#ifndef KERNEL_IO_DEVICES_H
#define KERNEL_IO_DEVICES_H

#include <stdint.h>

#include "lib/span.h"
#include "lib/status.h"

/*
 * Finds them, the first time it is called; from then on hal/contract/net.h and rng.h know them, and the
 * entropy device feeds kernel/core/entropy.h. What cannot be used is said on the
 * console, how the others are reached with log=boot=debug.
 * Returns STATUS_OK, for no devices too; STATUS_ENOMEM; STATUS_EINVAL where the device tree is malformed. Context: fiber, boot CPU.
 */
MUST_CHECK status_t devices_probe(void);

/* Pages that devices have taken and keep: for tables, rings and buffers. Context: any. */
uint64_t devices_pages(void);

/*
 * Looks for them at once where the command line wants one: `panic=pvpanic`, so that the host is told of any panic from then on;
 * `console=virtio`, see console.h. Context: fiber, boot CPU.
 */
void devices_configure(struct span command_line);

#endif
