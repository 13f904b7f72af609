// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Capability lists of virtio devices on PCI: those that QEMU has, and such that lie. */
#include "lib/virtio_pci.h"

#include <string.h>

#include "tests/unit/unit.h"

static uint8_t config[PCI_CONFIG_BYTES];
static uint64_t bar_bytes[PCI_BARS];
static struct virtio_pci_layout layout;
static const char *cause;

static void put32(unsigned at, uint32_t value)
{
	memcpy(config + at, &value, sizeof(value));
}

static void put_cap(unsigned at, unsigned next, uint8_t type, uint8_t bar, uint32_t offset, uint32_t bytes)
{
	const uint8_t head[] = { 9, (uint8_t)next, type == 2 ? 20 : 16, type, bar, 0, 0, 0 };

	memcpy(config + at, head, sizeof(head));
	put32(at + 8, offset);
	put32(at + 12, bytes);
}

/* What QEMU's virtio-net-pci has. */
static void put_qemu(void)
{
	memset(config, 0, sizeof(config));
	memset(bar_bytes, 0, sizeof(bar_bytes));
	put32(PCI_VENDOR_ID, 0x10411af4);
	config[PCI_STATUS] = PCI_STATUS_CAPABILITIES;
	config[PCI_CAPABILITIES] = 0x98;
	bar_bytes[1] = 0x1000;
	bar_bytes[4] = 0x4000;
	config[0x98] = 0x11; /* MSI-X */
	config[0x99] = 0x84;
	config[0x9a] = 3; /* four messages */
	put32(0x9c, 1);
	put_cap(0x84, 0x70, 5, 0, 0, 0);
	put_cap(0x70, 0x60, 2, 4, 0x3000, 0x1000);
	put32(0x80, 4);
	put_cap(0x60, 0x50, 4, 4, 0x2000, 0x1000);
	put_cap(0x50, 0x40, 3, 4, 0x1000, 0x1000);
	put_cap(0x40, 0, 1, 4, 0, 0x1000);
}

static status_t parse(void)
{
	cause = NULL;
	return virtio_pci_parse(config, bar_bytes, &layout, &cause);
}

static void expect_refused(const char *why)
{
	CU_ASSERT_EQUAL(parse(), STATUS_EINVAL);
	CU_ASSERT(cause != NULL && strcmp(cause, why) == 0);
	put_qemu();
}

static void virtio_pci_knows_types_of_both_generations(void)
{
	put_qemu();
	CU_ASSERT_EQUAL(virtio_pci_type(config), 1);
	put32(PCI_VENDOR_ID, 0x10051af4); /* transitional: what the subsystem says */
	put32(PCI_SUBSYSTEM_ID - 2, 0x00041af4);
	CU_ASSERT_EQUAL(virtio_pci_type(config), 4);
	put32(PCI_VENDOR_ID, 0x10801af4);
	CU_ASSERT_EQUAL(virtio_pci_type(config), 0);
	put32(PCI_VENDOR_ID, 0x10418086);
	CU_ASSERT_EQUAL(virtio_pci_type(config), 0);
	put_qemu();
	config[PCI_HEADER_TYPE] = 0x81; /* a bridge */
	CU_ASSERT_EQUAL(virtio_pci_type(config), 0);
	config[PCI_HEADER_TYPE] = 0x80; /* several functions */
	CU_ASSERT_EQUAL(virtio_pci_type(config), 1);
}

static void virtio_pci_finds_every_structure(void)
{
	put_qemu();
	CU_ASSERT_EQUAL(parse(), STATUS_OK);
	CU_ASSERT_EQUAL(layout.common.bar, 4);
	CU_ASSERT_EQUAL(layout.common.offset, 0);
	CU_ASSERT_EQUAL(layout.isr.offset, 0x1000);
	CU_ASSERT_EQUAL(layout.device.offset, 0x2000);
	CU_ASSERT_EQUAL(layout.notify.offset, 0x3000);
	CU_ASSERT_EQUAL(layout.notify.bytes, 0x1000);
	CU_ASSERT_EQUAL(layout.notify_multiplier, 4);
	CU_ASSERT_EQUAL(layout.messages.bar, 1);
	CU_ASSERT_EQUAL(layout.messages.bytes, 64);
	CU_ASSERT_EQUAL(layout.messages_at, 0x98);
}

static void virtio_pci_takes_no_messages_from_where_none_are(void)
{
	put_qemu();
	bar_bytes[1] = 0;
	CU_ASSERT_EQUAL(parse(), STATUS_OK);
	CU_ASSERT_EQUAL(layout.messages.bytes, 0);
	put_qemu();
	bar_bytes[1] = 63;
	expect_refused("a structure goes beyond its memory");
	put32(0x9c, 0xfc1); /* up to the last byte */
	CU_ASSERT_EQUAL(parse(), STATUS_OK);
	put32(0x9c, 0xfc9);
	expect_refused("a structure goes beyond its memory");
	put_cap(0x70, 0xf8, 2, 4, 0x3000, 0x1000);
	config[0xf8] = 0x11;
	expect_refused("a capability is too short");
}

static void virtio_pci_takes_the_first_structure_it_can_reach(void)
{
	put_qemu();
	put_cap(0x40, 0xa0, 1, 6, 0, 0x1000); /* a register that is not there */
	put_cap(0xa0, 0xb0, 1, 3, 0, 0x1000); /* one without memory */
	put_cap(0xb0, 0xc0, 1, 4, 0x800, 0x100);
	put_cap(0xc0, 0, 1, 4, 0, 0x1000);
	CU_ASSERT_EQUAL(parse(), STATUS_OK);
	CU_ASSERT_EQUAL(layout.common.offset, 0x800);
}

static void virtio_pci_tells_legacy_devices(void)
{
	put_qemu();
	config[PCI_STATUS] = 0;
	CU_ASSERT_EQUAL(parse(), STATUS_ENODEV);
	put_qemu();
	config[0x99] = 0; /* MSI-X alone */
	CU_ASSERT_EQUAL(parse(), STATUS_ENODEV);
}

static void virtio_pci_refuses_places_beyond_their_memory(void)
{
	put_qemu();
	put_cap(0x40, 0, 1, 4, 0x3001, 0x1000);
	expect_refused("a structure goes beyond its memory");
	put_cap(0x40, 0, 1, 4, 0xfffff000, 0x1000); /* the sum wraps */
	expect_refused("a structure goes beyond its memory");
	put_cap(0x40, 0, 1, 4, 0, 0xffffffff);
	expect_refused("a structure goes beyond its memory");
	put_cap(0x40, 0, 1, 4, 0, 0x37);
	expect_refused("a structure is too short or misaligned");
	put_cap(0x40, 0, 1, 4, 2, 0x1000);
	expect_refused("a structure is too short or misaligned");
	put_cap(0x50, 0, 3, 4, 0x1000, 0x1000);
	expect_refused("a structure is missing");
	put32(0x80, 3);
	expect_refused("notification addresses are odd");
}

static void virtio_pci_refuses_lists_that_lead_astray(void)
{
	put_qemu();
	config[0x41] = 0x98;
	expect_refused("the list of capabilities has a loop or leads nowhere");
	config[0x41] = 0x10;
	expect_refused("the list of capabilities has a loop or leads nowhere");
	put_cap(0x40, 0xf8, 1, 4, 0, 0x1000);
	config[0xf8] = 9;
	expect_refused("a capability is too short");
	config[0x42] = 15;
	expect_refused("a capability is too short");
	put_cap(0x70, 0xf0, 2, 4, 0x3000, 0x1000);
	config[0x72] = 16;
	expect_refused("a capability is too short");
}

static const struct unit_case cases[] = {
	UNIT_CASE(virtio_pci_knows_types_of_both_generations),
	UNIT_CASE(virtio_pci_finds_every_structure),
	UNIT_CASE(virtio_pci_takes_no_messages_from_where_none_are),
	UNIT_CASE(virtio_pci_takes_the_first_structure_it_can_reach),
	UNIT_CASE(virtio_pci_tells_legacy_devices),
	UNIT_CASE(virtio_pci_refuses_places_beyond_their_memory),
	UNIT_CASE(virtio_pci_refuses_lists_that_lead_astray),
};
UNIT_MAIN("lib/virtio_pci", cases)
