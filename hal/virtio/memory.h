// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Memory that drivers and devices share. */
#ifndef HAL_VIRTIO_MEMORY_H
#define HAL_VIRTIO_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "hal/arm64/image.h"
#include "hal/arm64/tables.h"
#include "hal/contract/memory.h"
#include "hal/virtio/device.h"
#include "lib/string.h"

/* A page of zeros that stays: physical address, or 0 where memory is out. */
static inline uint64_t virtio_page_take(void)
{
	uint64_t pa = virtio_services->pages.alloc(virtio_services->pages.ctx);

	if (pa != 0)
		memset(hal_direct_va(pa), 0, HAL_PAGE_BYTES);
	return pa;
}

/* Physical address of kernel memory; false where it is not all in the direct map, nor in the image. */
static inline bool virtio_memory_pa(const void *data, uint32_t bytes, uint64_t *pa)
{
	uint64_t va = (uint64_t)data;
	uint64_t image = (uint64_t)image_start;
	uint64_t image_bytes = (uint64_t)image_end - image;

	if (va - HAL_DIRECT_BASE < HAL_DIRECT_BYTES && bytes <= HAL_DIRECT_BYTES - (va - HAL_DIRECT_BASE))
		*pa = hal_direct_pa(data);
	else if (va - image < image_bytes && bytes <= image_bytes - (va - image))
		*pa = tables_image_pa(data);
	else
		return false;
	return true;
}

#endif
