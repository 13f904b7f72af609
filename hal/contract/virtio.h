// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Devices behind virtio 1, over mmio and PCI: looked for when something first needs one, not at boot. What they do is in the
 * contracts of their kinds: net.h, rng.h.
 */
#ifndef HAL_CONTRACT_VIRTIO_H
#define HAL_CONTRACT_VIRTIO_H

#include <stdbool.h>

#include "hal/contract/memory.h"
#include "lib/status.h"

/* What the drivers need of the kernel. */
struct hal_device_services {
	struct hal_page_source pages; /* for rings, buffers and tables: single pages of the direct map, kept */
	/* 2^order pages, aligned to their size, kept: what the interrupt controller asks for. Physical address, or 0. NULL: never any. */
	uint64_t (*block)(unsigned order);
	/* One line of text without its end, "virtio: ...". `problem`: something does not work; else it is there for the curious. Context: fiber. */
	void (*report)(bool problem, const char *line);
};

/*
 * Finds the devices, the first time it is called; then it does nothing. `services` lives for ever. What is found is reset and stays
 * so until it is used.
 * Returns STATUS_OK, for no devices too; STATUS_ENOMEM; STATUS_EINVAL where the device tree is malformed. Context: fiber, one at a time.
 */
MUST_CHECK status_t hal_virtio_probe(const struct hal_device_services *services);

#endif
