// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The interrupt translation service against a model of its hardware, which reads commands when the driver looks at the clock: the commands to the bit, memory
 * that lies where it may, and every way in which the hardware is not as it is wanted.
 */
#include "tests/unit/machine.h"

#include "hal/irqchip/its.c"

enum { LOG = 600, TYPE_DEVICES = BASER_TYPE_DEVICES, TYPE_COLLECTIONS = BASER_TYPE_COLLECTIONS };
#define ITS_PA 0x8080000ull

static _Alignas(65536) uint8_t block[BLOCK_BYTES];
static _Alignas(4096) uint8_t registers[GITS_BYTES];
static _Alignas(4096) uint32_t redistributor[0x10000 / 4];
struct cpu cpus[2];
static unsigned cpu_now;
static uint64_t commands[LOG][4];
static unsigned command_count, commands_read_max;
static uint64_t now_ns;
static bool no_block, no_mapping;
static struct irqchip_line *attached;
static const uint64_t known_registers[8] = { (uint64_t)TYPE_DEVICES << 56 | 7ull << 48, (uint64_t)TYPE_COLLECTIONS << 56 | 7ull << 48 };

static uint64_t this_cpu(const char *name)
{
	CU_ASSERT_STRING_EQUAL(name, "tpidr_el1");
	return (uint64_t)&cpus[cpu_now];
}

uint64_t hal_timer_now_ns(void)
{
	const uint64_t writer = read64(registers + GITS_CWRITER);

	for (uint64_t at = read64(registers + GITS_CREADR); at != writer && command_count < commands_read_max; at = (at + 32) % 4096) {
		memcpy(commands[command_count++], block + BLOCK_COMMANDS + at, 32);
		write64(registers + GITS_CREADR, (at + 32) % 4096);
	}
	return now_ns += COMMAND_NS / 4;
}

volatile void *tables_map_device_from(uint64_t pa, uint64_t bytes, const struct hal_page_source *source)
{
	(void)source;
	CU_ASSERT_EQUAL(pa, ITS_PA);
	CU_ASSERT_EQUAL(bytes, GITS_BYTES);
	return no_mapping ? NULL : registers;
}

static uint64_t block_alloc(unsigned order)
{
	CU_ASSERT_EQUAL(order, 5);
	return no_block ? 0 : hal_direct_pa(block);
}

void irqchip_attach_enabled(struct irqchip_line *line)
{
	attached = line;
}

static status_t start(void)
{
	static const struct hal_device_services services = { .block = block_alloc };

	return irqchip_its_init(&(struct fdt_range){ ITS_PA, GITS_BYTES }, &services);
}

/* New hardware, and a driver that has not begun. */
static void begin(void)
{
	memset(block, 0xee, sizeof(block));
	memset(registers, 0, sizeof(registers));
	memset(redistributor, 0, sizeof(redistributor));
	memcpy(registers + GITS_BASER, known_registers, sizeof(known_registers));
	redistributor[GICR_TYPER_LOW] = GICR_TYPER_PLPIS | 3u << 8;
	for (unsigned i = 0; i < 2; i++)
		cpus[i].redistributor = redistributor;
	machine.sysreg = this_cpu;
	command_next = device_ids = device_count = command_count = cpu_now = 0;
	lpi_next = LPI_FIRST;
	target = NULL;
	working = no_block = no_mapping = false;
	commands_read_max = LOG;
	attached = NULL;
}

static void command_is(unsigned i, uint64_t word0, uint64_t word1, uint64_t word2)
{
	CU_ASSERT_FATAL(i < command_count);
	CU_ASSERT_EQUAL(commands[i][0], word0);
	CU_ASSERT_EQUAL(commands[i][1], word1);
	CU_ASSERT_EQUAL(commands[i][2], word2);
	CU_ASSERT_EQUAL(commands[i][3], 0); /* reserved */
}

static void the_service_has_its_memory_and_is_switched_on(void)
{
	const uint64_t pa = hal_direct_pa(block), shareable = 1ull << 63 | 7ull << 59 | 1ull << 10;

	begin();
	CU_ASSERT_EQUAL(start(), STATUS_OK);
	CU_ASSERT_EQUAL(read64(registers + 0x100), shareable | (pa + 0x8000));
	CU_ASSERT_EQUAL(read64(registers + 0x108), shareable | (pa + 0x9000));
	CU_ASSERT_EQUAL(read64(registers + 0x110), 0);
	CU_ASSERT_EQUAL(read64(registers + 0x80), shareable | (pa + 0x10000));
	CU_ASSERT_EQUAL(registers[0], 1);
	CU_ASSERT_EQUAL(device_ids, 512);
	for (unsigned i = 0; i < BLOCK_BYTES; i += 512)
		CU_ASSERT_EQUAL(block[i], 0);
}

static void without_what_it_needs_it_does_not_begin(void)
{
	static const struct hal_device_services none, some = { .block = block_alloc };

	begin();
	CU_ASSERT_EQUAL(irqchip_its_init(&(struct fdt_range){ ITS_PA, GITS_BYTES - 1 }, &some), STATUS_ENOTSUP);
	CU_ASSERT_EQUAL(irqchip_its_init(&(struct fdt_range){ ITS_PA, GITS_BYTES }, &none), STATUS_ENOMEM);
	no_block = true;
	CU_ASSERT_EQUAL(start(), STATUS_ENOMEM);
	begin();
	no_mapping = true;
	CU_ASSERT_EQUAL(start(), STATUS_ENOMEM);
	cpus[0].redistributor = NULL;
	CU_ASSERT_EQUAL(start(), STATUS_ENOTSUP);
}

static void tables_of_other_kinds_are_not_supported(void)
{
	begin();
	registers[GITS_BASER + 7] = 2; /* virtual processors' */
	CU_ASSERT_EQUAL(start(), STATUS_ENOTSUP);
	CU_ASSERT_EQUAL(registers[0], 0);
	begin();
	registers[GITS_BASER + 7] = TYPE_COLLECTIONS; /* no table of devices */
	CU_ASSERT_EQUAL(start(), STATUS_ENOTSUP);
}

static void the_first_line_has_messages_enabled_on_its_cpu(void)
{
	struct irqchip_line line = { 0 };
	struct irqchip_message message = { 0 };
	const uint64_t pa = hal_direct_pa(block);
	uint64_t base;

	begin();
	CU_ASSERT_EQUAL(start(), STATUS_OK);
	CU_ASSERT_EQUAL(irqchip_its.attach(&line, 5, 0, &message), STATUS_OK);
	memcpy(&base, (uint8_t *)redistributor + 0x70, 8);
	CU_ASSERT_EQUAL(base, 7ull << 7 | 1ull << 10 | (pa + 0x4000) | 13);
	memcpy(&base, (uint8_t *)redistributor + 0x78, 8);
	CU_ASSERT_EQUAL(base, 1ull << 62 | 7ull << 7 | 1ull << 10 | pa);
	CU_ASSERT_EQUAL(redistributor[0], 1);
	command_is(0, 9, 0, 1ull << 63 | 3 << 16);
	command_is(1, 5, 0, 3 << 16);
	command_is(2, 5ull << 32 | 8, 0, 1ull << 63 | (pa + 0xa000));
	command_is(3, 5ull << 32 | 10, 8192ull << 32, 0);
	command_is(4, 5ull << 32 | 12, 0, 0);
	command_is(5, 5, 0, 3 << 16);
	CU_ASSERT_EQUAL(command_count, 6);
	CU_ASSERT_EQUAL(block[0x4000], 0xa1);
	CU_ASSERT_EQUAL(line.intid, 8192);
	CU_ASSERT_TRUE(line.edge);
	CU_ASSERT_PTR_EQUAL(attached, &line);
	CU_ASSERT_EQUAL(message.address, ITS_PA + 0x10040);
	CU_ASSERT_EQUAL(message.data, 0);
}

static void a_device_is_made_known_once_and_each_line_has_its_own_interrupt(void)
{
	struct irqchip_line lines[3] = { 0 };
	struct irqchip_message message = { 0 };
	const uint64_t pa = hal_direct_pa(block);

	begin();
	CU_ASSERT_EQUAL(start(), STATUS_OK);
	CU_ASSERT_EQUAL(irqchip_its.attach(&lines[0], 5, 0, &message), STATUS_OK);
	CU_ASSERT_EQUAL(irqchip_its.attach(&lines[1], 5, 1, &message), STATUS_OK);
	command_is(6, 5ull << 32 | 10, 8193ull << 32 | 1, 0);
	command_is(7, 5ull << 32 | 12, 1, 0);
	CU_ASSERT_EQUAL(message.data, 1);
	CU_ASSERT_EQUAL(irqchip_its.attach(&lines[2], 6, 0, &message), STATUS_OK);
	command_is(9, 6ull << 32 | 8, 0, 1ull << 63 | (pa + 0xa100));
	CU_ASSERT_EQUAL(lines[2].intid, 8194);
	attached = NULL;
	CU_ASSERT_EQUAL(irqchip_its.attach(&lines[0], 5, 0, &message), STATUS_OK); /* anew: it has all of it */
	CU_ASSERT_PTR_NULL(attached);
	CU_ASSERT_EQUAL(command_count, 13);
}

static void devices_that_the_tables_have_no_room_for_are_refused(void)
{
	struct irqchip_line line;
	struct irqchip_message message;

	begin();
	CU_ASSERT_EQUAL(start(), STATUS_OK);
	for (uint32_t device = 0; device < DEVICES_MAX; device++) {
		line = (struct irqchip_line){ 0 };
		CU_ASSERT_EQUAL(irqchip_its.attach(&line, 511 - device, 0, &message), STATUS_OK);
	}
	line = (struct irqchip_line){ 0 };
	CU_ASSERT_EQUAL(irqchip_its.attach(&line, 1, 0, &message), STATUS_ENOSPC);
	CU_ASSERT_EQUAL(line.intid, FDT_INTID_NONE);
	begin();
	CU_ASSERT_EQUAL(start(), STATUS_OK);
	CU_ASSERT_EQUAL(irqchip_its.attach(&line, 512, 0, &message), STATUS_ENOSPC);
}

/* Whichever command is the first that is not read: the line is not attached, and says so. */
static void hardware_that_reads_no_commands_is_an_error(void)
{
	for (unsigned read = 0; read < 6; read++) {
		struct irqchip_line line = { 0 }, other = { 0 };
		struct irqchip_message message = { 0 };

		begin();
		CU_ASSERT_EQUAL(start(), STATUS_OK);
		commands_read_max = read;
		CU_ASSERT_EQUAL(irqchip_its.attach(&line, 5, 0, &message), STATUS_EIO);
		CU_ASSERT_PTR_NULL(attached);
		CU_ASSERT_EQUAL(message.address, 0);
		CU_ASSERT_EQUAL(line.intid, FDT_INTID_NONE);
		CU_ASSERT_EQUAL(working, read > 1);
		if (read <= 1)
			CU_ASSERT_EQUAL(irqchip_its.attach(&other, 5, 0, &message), STATUS_ENOTSUP);
	}
}

static void a_cpu_that_takes_no_messages_does_without(void)
{
	struct irqchip_line line = { 0 };
	struct irqchip_message message;

	begin();
	CU_ASSERT_EQUAL(start(), STATUS_OK);
	CU_ASSERT_EQUAL(irqchip_its.attach(&line, 5, 0, &message), STATUS_OK);
	cpu_now = 1;
	CU_ASSERT_EQUAL(irqchip_its.attach(&line, 5, 0, &message), STATUS_ENOTSUP);
	begin();
	redistributor[GICR_TYPER_LOW] = 0;
	CU_ASSERT_EQUAL(irqchip_its.attach(&line, 5, 0, &message), STATUS_ENOTSUP);
	begin();
	redistributor[GICR_CTLR] = GICR_CTLR_ENABLE_LPIS;
	CU_ASSERT_EQUAL(irqchip_its.attach(&line, 5, 0, &message), STATUS_ENOTSUP);
}

static const struct unit_case cases[] = {
	UNIT_CASE(the_service_has_its_memory_and_is_switched_on),
	UNIT_CASE(without_what_it_needs_it_does_not_begin),
	UNIT_CASE(tables_of_other_kinds_are_not_supported),
	UNIT_CASE(the_first_line_has_messages_enabled_on_its_cpu),
	UNIT_CASE(a_device_is_made_known_once_and_each_line_has_its_own_interrupt),
	UNIT_CASE(devices_that_the_tables_have_no_room_for_are_refused),
	UNIT_CASE(hardware_that_reads_no_commands_is_an_error),
	UNIT_CASE(a_cpu_that_takes_no_messages_does_without),
};

UNIT_MAIN("hal/irqchip/its", cases)
