// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A PCI bus whose functions ask for any memory: which functions are found, and that each has its own piece of a window or is refused. */
#include "tests/unit/machine.h"

#include "hal/pci/ecam.c"

enum { BUS = BUS_BYTES };
#define LOW_BASE 0x10000000ull
#define HIGH_BASE 0x8000000000ull

static _Alignas(4096) uint8_t space[BUS];
static uint64_t wants[PCI_BARS]; /* bytes that each register decodes, and the flags that it reads as */
static struct fdt_pci_host host;
static struct pci_bus bus;
static struct pci_function function;
static bool mapped;

volatile void *tables_map_device_from(uint64_t pa, uint64_t bytes, const struct hal_page_source *source)
{
	(void)source;
	CU_ASSERT_EQUAL(pa, 0x3f000000);
	CU_ASSERT_EQUAL(bytes, host.ecam.bytes < BUS ? host.ecam.bytes : BUS);
	return mapped ? space : NULL;
}

/* What a base address register keeps of what is written to it. */
static void written(uint64_t at, uint64_t value, unsigned bytes)
{
	uint64_t offset = at - (uint64_t)space;

	if (bytes != 4 || offset < PCI_BAR0 || offset >= PCI_BAR0 + 4 * PCI_BARS)
		return;

	unsigned i = (unsigned)(offset - PCI_BAR0) / 4;
	bool high = i > 0 && (wants[i - 1] & (BAR_WIDTH | BAR_IO)) == BAR_WIDTH_64;
	uint64_t want = high ? wants[i - 1] : wants[i];
	uint64_t mask = (want & ~15ull) == 0 ? 0 : ~((want & ~15ull) - 1);
	uint32_t kept = high ? (uint32_t)(value & mask >> 32) : (uint32_t)((value & mask & ~15ull) | (want & 15));

	memcpy(space + offset, &kept, 4);
}

static void begin(void)
{
	memset(space, 0xff, sizeof(space));
	memset(space, 0, FUNCTION_BYTES);
	memset(wants, 0, sizeof(wants));
	host = (struct fdt_pci_host){ .ecam = { 0x3f000000, BUS },
				      .window_count = 2,
				      .windows = { { LOW_BASE, { 0x50000000, 0x10000 } }, { HIGH_BASE, { HIGH_BASE, 0x100000 } } } };
	machine.written = written;
	mapped = true;
	CU_ASSERT_EQUAL(pci_bus_init(&bus, &host, NULL), STATUS_OK);
	function = (struct pci_function){ &bus, space, 0, 0 };
}

static void want(unsigned i, uint64_t bytes, uint32_t flags)
{
	wants[i] = bytes | flags;
	memcpy(space + PCI_BAR0 + 4 * i, &flags, 4);
}

static uint32_t word(unsigned at)
{
	return io_read32(space + at);
}

static unsigned found[8], found_count;

static void note(const struct pci_function *at, void *ctx)
{
	CU_ASSERT_PTR_EQUAL(ctx, found);
	CU_ASSERT_PTR_EQUAL(at->config, space + (at->device * 8 + at->function) * 4096);
	found[found_count++] = at->device * 8u + at->function;
}

static void place(unsigned device, unsigned number, uint8_t header)
{
	space[(device * 8 + number) * 4096] = 0x36;
	space[(device * 8 + number) * 4096 + 1] = 0x1b;
	space[(device * 8 + number) * 4096 + PCI_HEADER_TYPE] = header;
}

static void every_function_that_is_there_is_found(void)
{
	begin();
	place(1, 0, 0);
	place(1, 1, 0); /* of a device that has one */
	place(2, 0, 0x80);
	place(2, 7, 0x80);
	place(31, 0, 0);
	found_count = 0;
	pci_bus_scan(&bus, note, found);
	CU_ASSERT_EQUAL(found_count, 5);
	CU_ASSERT_EQUAL(found[0], 0);
	CU_ASSERT_EQUAL(found[1], 8);
	CU_ASSERT_EQUAL(found[2], 16);
	CU_ASSERT_EQUAL(found[3], 23);
	CU_ASSERT_EQUAL(found[4], 248);
}

static void nothing_is_looked_for_beyond_the_configuration_space(void)
{
	begin();
	place(1, 0, 0);
	host.ecam.bytes = 8 * 4096 + 4096;
	found_count = 0;
	pci_bus_scan(&bus, note, found);
	CU_ASSERT_EQUAL(found_count, 2);
	host.ecam.bytes--;
	found_count = 0;
	pci_bus_scan(&bus, note, found);
	CU_ASSERT_EQUAL(found_count, 1);
	mapped = false;
	CU_ASSERT_EQUAL(pci_bus_init(&bus, &host, NULL), STATUS_ENOMEM);
}

static void registers_are_given_memory_from_the_end_of_a_window(void)
{
	struct pci_memory memory;

	begin();
	want(0, 0x1000, 0);
	want(1, 0x40, 0);
	want(2, 0x20, 1); /* ports */
	want(4, 0x4000, BAR_WIDTH_64 | 8);
	space[PCI_COMMAND] = 1;
	CU_ASSERT_EQUAL(pci_memory_assign(&function, &memory), STATUS_OK);
	CU_ASSERT_EQUAL(word(PCI_BAR0), 0x1000f000);
	CU_ASSERT_EQUAL(word(PCI_BAR0 + 4), 0x1000e000); /* a page of its own */
	CU_ASSERT_EQUAL(word(PCI_BAR0 + 8), BAR_IO);
	CU_ASSERT_EQUAL(word(PCI_BAR0 + 16), 0x10008000 | BAR_WIDTH_64 | 8);
	CU_ASSERT_EQUAL(word(PCI_BAR0 + 20), 0);
	CU_ASSERT_EQUAL(memory.base_pa[0], 0x5000f000);
	CU_ASSERT_EQUAL(memory.bytes[0], 0x1000);
	CU_ASSERT_EQUAL(memory.base_pa[1], 0x5000e000);
	CU_ASSERT_EQUAL(memory.bytes[1], 0x40);
	CU_ASSERT_EQUAL(memory.bytes[2], 0);
	CU_ASSERT_EQUAL(memory.base_pa[2], 0);
	CU_ASSERT_EQUAL(memory.bytes[3], 0);
	CU_ASSERT_EQUAL(memory.base_pa[4], 0x50008000);
	CU_ASSERT_EQUAL(memory.bytes[4], 0x4000);
	CU_ASSERT_EQUAL(memory.bytes[5], 0);
	CU_ASSERT_EQUAL(io_read16(space + PCI_COMMAND), 0x406);
	pci_pin_enable(space);
	CU_ASSERT_EQUAL(io_read16(space + PCI_COMMAND), 6);
}

static void what_firmware_gave_stays(void)
{
	struct pci_memory memory;
	const uint64_t high = (HIGH_BASE + 0x20000) | BAR_WIDTH_64;

	begin();
	want(0, 0x10000, BAR_WIDTH_64);
	memcpy(space + PCI_BAR0, &high, 8);
	want(2, 0x1000, 0);
	memcpy(space + PCI_BAR0 + 8, &(uint32_t){ LOW_BASE + 0xf000 }, 4);
	want(3, 0x1000, 0);
	memcpy(space + PCI_BAR0 + 12, &(uint32_t){ LOW_BASE + 0x10000 }, 4); /* outside */
	space[PCI_COMMAND] = 2;
	CU_ASSERT_EQUAL(pci_memory_assign(&function, &memory), STATUS_OK);
	CU_ASSERT_EQUAL(memory.base_pa[0], HIGH_BASE + 0x20000);
	CU_ASSERT_EQUAL(memory.bytes[0], 0x10000);
	CU_ASSERT_EQUAL(memory.base_pa[2], 0x5000f000);
	CU_ASSERT_EQUAL(memory.base_pa[3], 0x5000f000);
	CU_ASSERT_EQUAL(word(PCI_BAR0), 0x20000 | BAR_WIDTH_64);
	CU_ASSERT_EQUAL(word(PCI_BAR0 + 4), 0x80);
}

static void what_is_too_large_for_one_window_comes_from_another_or_is_refused(void)
{
	struct pci_memory memory;

	begin();
	want(0, 0x20000, BAR_WIDTH_64);
	CU_ASSERT_EQUAL(pci_memory_assign(&function, &memory), STATUS_OK);
	CU_ASSERT_EQUAL(memory.base_pa[0], HIGH_BASE + 0xe0000);
	begin();
	want(0, 0x200000, BAR_WIDTH_64);
	CU_ASSERT_EQUAL(pci_memory_assign(&function, &memory), STATUS_ENOSPC);
	CU_ASSERT_EQUAL(memory.base_pa[0], 0);
	CU_ASSERT_EQUAL(memory.bytes[0], 0x200000);
	CU_ASSERT_EQUAL(word(PCI_BAR0) & ~15u, 0);
	CU_ASSERT_EQUAL(word(PCI_BAR0 + 4), 0);
	CU_ASSERT_EQUAL(io_read16(space + PCI_COMMAND), COMMAND_PIN_OFF);
	begin();
	want(0, 0x20000, 0); /* of 32 bits: the high window is not for it */
	CU_ASSERT_EQUAL(pci_memory_assign(&function, &memory), STATUS_ENOSPC);
	host.windows[1] = (struct fdt_pci_window){ 0xfff00000, { HIGH_BASE, 0x100000 } }; /* but one that ends with them is */
	CU_ASSERT_EQUAL(pci_bus_init(&bus, &host, NULL), STATUS_OK);
	CU_ASSERT_EQUAL(pci_memory_assign(&function, &memory), STATUS_OK);
	CU_ASSERT(word(PCI_BAR0) == 0xfffe0000 && memory.base_pa[0] == HIGH_BASE + 0xe0000);
}

/* A function that claims to decode more than there are addresses takes nothing from those that come after it. */
static void what_no_address_could_hold_is_refused_alone(void)
{
	struct pci_memory memory;

	begin();
	want(0, 1ull << 40, BAR_WIDTH_64);
	want(2, 0x1000, 0);
	CU_ASSERT_EQUAL(pci_memory_assign(&function, &memory), STATUS_ENOSPC);
	CU_ASSERT_EQUAL(memory.base_pa[0], 0);
	CU_ASSERT_EQUAL(memory.base_pa[2], 0x5000f000);
	CU_ASSERT_EQUAL(bus.window_end[1], HIGH_BASE + 0x100000);
}

static void a_window_is_used_up_to_its_first_byte_and_no_further(void)
{
	struct pci_memory memory;

	begin();
	host.window_count = 1;
	want(0, 0x8000, 0);
	want(1, 0x8000, 0);
	want(2, 0x1000, 0);
	CU_ASSERT_EQUAL(pci_memory_assign(&function, &memory), STATUS_ENOSPC);
	CU_ASSERT_EQUAL(memory.base_pa[1], 0x50000000);
	CU_ASSERT_EQUAL(memory.base_pa[2], 0);
	begin();
	host.window_count = 1;
	host.windows[0].bus_address = 0; /* address 0 is no address */
	CU_ASSERT_EQUAL(pci_bus_init(&bus, &host, NULL), STATUS_OK);
	want(0, 0x10000, BAR_WIDTH_64);
	CU_ASSERT_EQUAL(pci_memory_assign(&function, &memory), STATUS_ENOSPC);
}

static void the_configuration_space_is_copied_whole(void)
{
	uint8_t copy[PCI_CONFIG_BYTES];

	begin();
	for (unsigned i = 0; i < PCI_CONFIG_BYTES; i++)
		space[i] = (uint8_t)(i * 7);
	pci_config_copy(&function, copy);
	CU_ASSERT_EQUAL(memcmp(copy, space, PCI_CONFIG_BYTES), 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(every_function_that_is_there_is_found),
	UNIT_CASE(nothing_is_looked_for_beyond_the_configuration_space),
	UNIT_CASE(registers_are_given_memory_from_the_end_of_a_window),
	UNIT_CASE(what_firmware_gave_stays),
	UNIT_CASE(what_is_too_large_for_one_window_comes_from_another_or_is_refused),
	UNIT_CASE(what_no_address_could_hold_is_refused_alone),
	UNIT_CASE(a_window_is_used_up_to_its_first_byte_and_no_further),
	UNIT_CASE(the_configuration_space_is_copied_whole),
};

UNIT_MAIN("hal/pci/ecam", cases)
