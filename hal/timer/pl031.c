// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The PL031 real-time clock: its one register that matters. Spec: Arm DDI 0224 §3.3.1 "Data Register, RTCDR"; Linux binding arm,pl031.yaml. */
#include "hal/arm64/io.h"
#include "hal/arm64/tables.h"
#include "hal/contract/timer.h"
#include "hal/start.h"
#include "lib/fdt.h"
#include "lib/fdt_bus.h"
#include "lib/fdt_walk.h"

static status_t visit(struct fdt_walk *walk, void *context)
{
	struct fdt_range *registers = context;

	if (walk->depth == 0 || !fdt_walk_has_string(walk, walk->depth, FDT_PROPERTY_COMPATIBLE, "arm,pl031") || !fdt_walk_is_enabled(walk))
		return STATUS_OK;
	return fdt_bus_reg(walk, 0, registers) == STATUS_EINVAL ? STATUS_EINVAL : STATUS_OK;
}

status_t hal_rtc_read(const struct hal_page_source *pages, uint64_t *seconds)
{
	struct fdt_range registers = { 0 };
	volatile void *at;
	struct fdt_walk walk;
	size_t bytes;
	const void *tree = hal_device_tree(&bytes);

	if (fdt_judge(tree, bytes) != NULL || fdt_walk_run(&walk, tree, visit, &registers) != STATUS_OK ||
	    registers.bytes < sizeof(uint32_t) || registers.base_pa % HAL_PAGE_BYTES != 0)
		return STATUS_ENODEV;
	at = tables_map_device_from(registers.base_pa, HAL_PAGE_BYTES, pages);
	if (at == NULL)
		return STATUS_ENOMEM;
	*seconds = io_read32(at);
	return STATUS_OK;
}
