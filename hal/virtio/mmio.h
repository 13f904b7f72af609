// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* virtio over memory-mapped registers. Spec: virtio 1.2 §4.2 "Virtio Over MMIO". */
#ifndef HAL_VIRTIO_MMIO_H
#define HAL_VIRTIO_MMIO_H

#include "hal/virtio/device.h"
#include "lib/fdt_io.h"
#include "lib/status.h"

/*
 * Looks at what is behind `registers`, mapped up to the end of their page. STATUS_OK: a device, `out` is filled; STATUS_ENODEV: an empty slot; STATUS_ENOTSUP: a legacy device, whose
 * type and address are filled in; STATUS_EINVAL: no virtio transport.
 */
MUST_CHECK status_t virtio_mmio_look(volatile uint8_t *registers, const struct fdt_virtio_mmio *found, struct virtio_device *out);

#endif
