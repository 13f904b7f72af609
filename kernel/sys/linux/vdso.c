// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* One page for all processes, made for the first, and kept: it lies outside the image so that it can be mapped as files of the bundle are. */
#include "kernel/sys/linux/vdso.h"

#include <stddef.h>

#include "hal/contract/user.h"
#include "kernel/core/page.h"
#include "kernel/core/spinlock.h"
#include "kernel/sys/linux/clock.h"
#include "kernel/sys/linux/mm.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/vdso/vdso.h"
#include "lib/string.h"

extern const uint8_t linux_vdso_image[HAL_PAGE_BYTES];

static struct spinlock lock;
static uint8_t *page; /* W: under it, once */

static const uint8_t *page_make(void)
{
	const struct vdso_data data = { .ns_per_tick = hal_user_ns_per_tick(), .real_offset_ns = linux_clock_offset_ns() };
	uint64_t pa;

	spinlock_take(&lock);
	if (page == NULL && (pa = page_alloc(0)) != 0) {
		page = memcpy(hal_direct_va(pa), linux_vdso_image, HAL_PAGE_BYTES);
		memcpy(page + VDSO_DATA, &data, sizeof(data));
	}
	spinlock_give(&lock);
	return page;
}

int64_t linux_vdso_map(struct process *process)
{
	struct linux_backing backing = { .memory = span_of(page_make(), HAL_PAGE_BYTES), .kind = LINUX_AREA_VDSO };
	int64_t at = STATUS_ENOMEM;

	if (backing.memory.data != NULL)
		at = linux_mm_map(process, 0, HAL_PAGE_BYTES, LINUX_PROT_READ | LINUX_PROT_EXEC, LINUX_MAP_PRIVATE, &backing);
	process->personality->sigreturn_va = at >= 0 ? (uint64_t)at + VDSO_SIGRETURN : 0;
	return at;
}
