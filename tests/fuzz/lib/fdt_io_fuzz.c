// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* fdt_io_read and the routes it finds. Promised: ranges do not wrap, counts are within their arrays, interrupts are shared ones. */
#include "lib/fdt_io.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

static void check_interrupt(struct fdt_interrupt interrupt)
{
	FUZZ_ASSERT(interrupt.intid == FDT_INTID_NONE || (interrupt.intid >= 32 && interrupt.intid < 1020));
}

static void check_io(const struct fdt_io *io)
{
	FUZZ_ASSERT(io->mmio_count <= FDT_VIRTIO_MMIO_MAX);
	for (uint32_t i = 0; i < io->mmio_count; i++) {
		FUZZ_ASSERT(io->mmio[i].registers.bytes >= 0x100);
		FUZZ_ASSERT(io->mmio[i].registers.bytes <= UINT64_MAX - io->mmio[i].registers.base_pa);
		FUZZ_ASSERT(i == 0 || io->mmio[i - 1].registers.base_pa <= io->mmio[i].registers.base_pa);
		check_interrupt(io->mmio[i].interrupt);
	}
	FUZZ_ASSERT(io->pci.window_count <= FDT_PCI_WINDOWS_MAX && io->pci.route_count <= FDT_PCI_ROUTES_MAX);
	for (uint32_t i = 0; i < io->pci.window_count; i++) {
		FUZZ_ASSERT(io->pci.windows[i].cpu.bytes <= UINT64_MAX - io->pci.windows[i].cpu.base_pa);
		FUZZ_ASSERT(io->pci.windows[i].cpu.bytes <= UINT64_MAX - io->pci.windows[i].bus_address);
	}
	for (uint32_t device = 0; device < 32; device++)
		for (uint32_t pin = 1; pin <= 4; pin++)
			check_interrupt(fdt_pci_interrupt(&io->pci, device, pin));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size); /* aligned, and of the exact size */
	struct fdt_io io;
	const char *why = NULL;

	if (size > 0)
		memcpy(copy, data, size);
	if (fdt_io_read(copy, size, &io, &why) == STATUS_OK)
		check_io(&io);
	else
		FUZZ_ASSERT(why != NULL);
	free(copy);
	return 0;
}
