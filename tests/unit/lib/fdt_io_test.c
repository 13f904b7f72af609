// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Where device trees say that virtio devices are: fixtures/fdt/io*.dts, and what QEMU gives. */
#include "lib/fdt_io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

static struct fdt_io io;
static const char *cause;

/* Reads an exact heap copy of a fixture; nothing in `io` points into it. */
static status_t read_fixture(const char *name, size_t cut)
{
	const char *folder = getenv("RUMPK_FIXTURES");
	static _Alignas(8) uint8_t tree[65536];
	char path[4096];
	uint8_t *copy;
	status_t status;
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "%s/fdt/%s.dtb", folder != NULL ? folder : "build/fixtures", name);
	file = fopen(path, "rb");
	if (file == NULL) {
		CU_FAIL("fixture cannot be opened");
		return STATUS_ENOENT;
	}
	len = fread(tree, 1, sizeof(tree), file);
	fclose(file);
	copy = malloc(len - cut);
	memcpy(copy, tree, len - cut);
	cause = NULL;
	status = fdt_io_read(copy, len - cut, &io, &cause);
	free(copy);
	return status;
}

static void fdt_io_finds_transports_in_the_order_of_addresses(void)
{
	CU_ASSERT_EQUAL(read_fixture("io", 0), STATUS_OK);
	CU_ASSERT_EQUAL(io.mmio_count, 3);
	CU_ASSERT_EQUAL(io.mmio[0].registers.base_pa, 0xa000000);
	CU_ASSERT_EQUAL(io.mmio[0].registers.bytes, 0x200);
	CU_ASSERT_EQUAL(io.mmio[0].interrupt.intid, 48);
	CU_ASSERT(!io.mmio[0].interrupt.edge);
	CU_ASSERT_EQUAL(io.mmio[1].registers.base_pa, 0xa000400);
	CU_ASSERT_EQUAL(io.mmio[1].interrupt.intid, 50);
	CU_ASSERT(io.mmio[1].interrupt.edge);
	CU_ASSERT_EQUAL(io.mmio[2].interrupt.intid, FDT_INTID_NONE);
}

static void fdt_io_finds_the_pci_host_and_its_memory_windows(void)
{
	CU_ASSERT_EQUAL(read_fixture("io", 0), STATUS_OK);
	CU_ASSERT_EQUAL(io.pci.ecam.base_pa, 0x4010000000);
	CU_ASSERT_EQUAL(io.pci.ecam.bytes, 0x10000000);
	CU_ASSERT_EQUAL(io.pci.window_count, 2); /* not that of I/O ports */
	CU_ASSERT_EQUAL(io.pci.windows[0].bus_address, 0x20000000);
	CU_ASSERT_EQUAL(io.pci.windows[0].cpu.base_pa, 0x10000000);
	CU_ASSERT_EQUAL(io.pci.windows[0].cpu.bytes, 0x2eff0000);
	CU_ASSERT_EQUAL(io.pci.windows[1].cpu.base_pa, 0x8000000000);
}

static void fdt_io_routes_pins_under_the_mask(void)
{
	CU_ASSERT_EQUAL(read_fixture("io", 0), STATUS_OK);
	CU_ASSERT_EQUAL(fdt_pci_interrupt(&io.pci, 0, 1).intid, 35);
	CU_ASSERT_EQUAL(fdt_pci_interrupt(&io.pci, 4, 1).intid, 35);
	CU_ASSERT_EQUAL(fdt_pci_interrupt(&io.pci, 29, 2).intid, 37);
	CU_ASSERT(fdt_pci_interrupt(&io.pci, 29, 2).edge);
	CU_ASSERT_EQUAL(fdt_pci_interrupt(&io.pci, 3, 4).intid, 1019);
	CU_ASSERT_EQUAL(fdt_pci_interrupt(&io.pci, 3, 3).intid, FDT_INTID_NONE); /* beyond the last one */
	CU_ASSERT_EQUAL(fdt_pci_interrupt(&io.pci, 2, 1).intid, FDT_INTID_NONE); /* a private interrupt: no device's */
	CU_ASSERT_EQUAL(fdt_pci_interrupt(&io.pci, 0, 3).intid, FDT_INTID_NONE);
}

static void fdt_io_finds_who_takes_messages(void)
{
	CU_ASSERT_EQUAL(read_fixture("io", 0), STATUS_OK);
	CU_ASSERT(io.pci.has_messages);
	CU_ASSERT_EQUAL(io.pci.message_source, 0x700);
	CU_ASSERT_EQUAL(io.messages, FDT_MESSAGES_ITS);
	CU_ASSERT_EQUAL(io.message_registers.base_pa, 0x8080000);
}

static void fdt_io_reads_what_qemu_gives(void)
{
	CU_ASSERT_EQUAL(read_fixture("virt-gicv2", 0), STATUS_OK);
	CU_ASSERT_EQUAL(io.messages, FDT_MESSAGES_V2M);
	CU_ASSERT_EQUAL(io.message_registers.base_pa, 0x8020000);
	CU_ASSERT_EQUAL(io.mmio_count, 2);
	CU_ASSERT_EQUAL(io.pci.ecam.base_pa, 0x4010000000);
	CU_ASSERT_EQUAL(fdt_pci_interrupt(&io.pci, 0, 1).intid, 35);
	CU_ASSERT_EQUAL(read_fixture("bare", 0), STATUS_OK);
	CU_ASSERT_EQUAL(io.mmio_count, 0);
	CU_ASSERT_EQUAL(io.pci.ecam.bytes, 0);
}

static void fdt_io_passes_over_what_says_too_little(void)
{
	CU_ASSERT_EQUAL(read_fixture("io-odd", 0), STATUS_OK);
	CU_ASSERT(io.mmio_count == 2 && io.mmio[0].registers.bytes == 0x100 && io.mmio[1].registers.bytes == 0x200); /* of one address: as they come */
	CU_ASSERT(io.mmio[0].interrupt.intid == FDT_INTID_NONE && io.mmio[1].interrupt.intid == FDT_INTID_NONE);
	CU_ASSERT(io.pci.ecam.base_pa == 0x10000000 && io.pci.window_count == 1); /* the first that has registers */
	CU_ASSERT(io.pci.windows[0].cpu.base_pa == 0xffffffffffff0000 && io.pci.windows[0].cpu.bytes == 0xffff);
	CU_ASSERT(!io.pci.has_messages); /* for one of its functions there is no number */
	CU_ASSERT(io.pci.route_count == 2 && io.pci.route_mask_device == UINT32_MAX && io.pci.route_mask_pin == UINT32_MAX);
	CU_ASSERT(fdt_pci_interrupt(&io.pci, 0, 2).intid == 36 && fdt_pci_interrupt(&io.pci, 0, 4).intid == FDT_INTID_NONE);
	CU_ASSERT(io.messages == FDT_MESSAGES_ITS && io.message_registers.base_pa == 0x8080000);
	CU_ASSERT_EQUAL(read_fixture("io-other-controller", 0), STATUS_OK);
	CU_ASSERT(io.pci.route_count == 0 && io.pci.window_count == 1 && io.pci.windows[0].cpu.base_pa == 0x10000000);
}

static void fdt_io_refuses_what_is_malformed(void)
{
	static const struct {
		const char *name;
		const char *cause;
	} broken[] = {
		{ "io-few-registers", "virtio,mmio has too few registers" },
		{ "io-map-cut", "interrupt-map of the PCI host is malformed" },
		{ "io-window-wraps", "a range of the PCI host goes beyond the address space" },
		{ "io-windows-cut", "ranges of the PCI host are malformed" },
	};

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		CU_ASSERT_EQUAL(read_fixture(broken[i].name, 0), STATUS_EINVAL);
		CU_ASSERT(cause != NULL && strcmp(cause, broken[i].cause) == 0);
	}
	CU_ASSERT_EQUAL(read_fixture("io", 1), STATUS_EINVAL);
	CU_ASSERT(cause != NULL && strcmp(cause, "device tree larger than the memory it is in") == 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(fdt_io_finds_transports_in_the_order_of_addresses),
	UNIT_CASE(fdt_io_finds_the_pci_host_and_its_memory_windows),
	UNIT_CASE(fdt_io_routes_pins_under_the_mask),
	UNIT_CASE(fdt_io_finds_who_takes_messages),
	UNIT_CASE(fdt_io_reads_what_qemu_gives),
	UNIT_CASE(fdt_io_passes_over_what_says_too_little),
	UNIT_CASE(fdt_io_refuses_what_is_malformed),
};
UNIT_MAIN("lib/fdt_io", cases)
