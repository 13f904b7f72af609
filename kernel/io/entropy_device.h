// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The entropy device feeds the kernel's generator, where the machine has one. */
#ifndef KERNEL_IO_ENTROPY_DEVICE_H
#define KERNEL_IO_ENTROPY_DEVICE_H

/*
 * Asks the device for a first seed, which is mixed in when it comes: nobody waits for it. From then on another is asked for at draws, when the
 * last is old. Once; after hal_virtio_probe(). Context: fiber, boot CPU.
 */
void entropy_device_start(void);

#endif
