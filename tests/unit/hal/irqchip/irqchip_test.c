// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Which handler an interrupt reaches, on a controller that is a list of numbers: private ones, shared lines, spurious ones, and those that nobody knows. */
#include "tests/unit/machine.h"

#include "hal/irqchip/irqchip.c"

enum { QUEUE = 2048, INTID = 40, END = IRQCHIP_INTID_SPURIOUS_END - 1 };

static uint32_t pending[QUEUE], ended[QUEUE];
static unsigned pending_at, pending_count, ended_count, enabled[PRIVATE_INTIDS];
static uint32_t enabled_shared, disabled_shared, notified;
static bool edge;
static unsigned disables;
static status_t begun;
struct cpu cpus[1];

static status_t fake_init(const struct fdt_gic *gic)
{
	CU_ASSERT_PTR_EQUAL(gic, description);
	return begun;
}

static void fake_enable(uint32_t intid)
{
	enabled[intid]++;
}

static void fake_enable_shared(uint32_t intid, bool is_edge, const struct cpu *cpu)
{
	(void)cpu;
	enabled_shared = intid;
	edge = is_edge;
}

static void fake_disable_shared(uint32_t intid)
{
	disabled_shared = intid;
	disables++;
}

static void fake_notify(const struct cpu *cpu, uint32_t intid)
{
	CU_ASSERT_PTR_EQUAL(cpu, &cpus[0]);
	notified = intid + 1;
}

static uint32_t fake_acknowledge(void)
{
	return pending_at < pending_count ? pending[pending_at++] : END;
}

static void fake_end(uint32_t intid)
{
	ended[ended_count++] = intid;
}

#define FAKE_CHIP { fake_init, fake_init, fake_enable, fake_enable_shared, fake_disable_shared, fake_notify, fake_acknowledge, fake_end }
const struct irqchip irqchip_gicv2 = FAKE_CHIP;
const struct irqchip irqchip_gicv3 = FAKE_CHIP;

static unsigned handled;

static void private_handler(void)
{
	handled++;
}

static bool line_handler(void *ctx)
{
	++*(unsigned *)ctx;
	return *(unsigned *)ctx < QUEUE; /* as long as it knows it */
}

/* Raises an interrupt `count` times, and handles what is there. */
static void raise_times(uint32_t intid, unsigned count)
{
	pending_at = pending_count = ended_count = 0;
	while (count-- > 0)
		pending[pending_count++] = intid;
	irqchip_handle();
}

static void begin(void)
{
	static const struct fdt_gic gic = { .version = FDT_GIC_V2 };

	atomic_store(&lines, NULL);
	memset(handlers, 0, sizeof(handlers));
	memset(enabled, 0, sizeof(enabled));
	unknown = handled = disables = disabled_shared = enabled_shared = 0;
	begun = STATUS_OK;
	CU_ASSERT_EQUAL(irqchip_init(&gic), STATUS_OK);
}

static void the_chip_is_chosen_by_its_version(void)
{
	struct fdt_gic gic = { .version = FDT_GIC_V3 };

	begin();
	CU_ASSERT_PTR_EQUAL(chip, &irqchip_gicv2);
	CU_ASSERT_EQUAL(irqchip_init(&gic), STATUS_OK);
	CU_ASSERT_PTR_EQUAL(chip, &irqchip_gicv3);
	begun = STATUS_ENOMEM;
	CU_ASSERT_EQUAL(irqchip_init(&gic), STATUS_ENOMEM);
	gic.version = FDT_GIC_NONE;
	CU_ASSERT_EQUAL(irqchip_init(&gic), STATUS_ENODEV);
}

static void a_private_interrupt_reaches_its_handler_and_is_ended(void)
{
	begin();
	irqchip_connect(0, private_handler);
	irqchip_connect(31, private_handler);
	CU_ASSERT_EQUAL(enabled[31], 1);
	raise_times(31, 3);
	raise_times(0, 1);
	CU_ASSERT_EQUAL(handled, 4);
	CU_ASSERT_EQUAL(ended_count, 1);
	CU_ASSERT_EQUAL(ended[0], 0);
}

static void a_cpu_that_comes_has_every_private_interrupt_that_is_connected(void)
{
	begin();
	irqchip_connect(0, private_handler);
	irqchip_connect(31, private_handler);
	CU_ASSERT_EQUAL(irqchip_cpu_init(), STATUS_OK);
	CU_ASSERT_EQUAL(enabled[0], 2);
	CU_ASSERT_EQUAL(enabled[31], 2);
	CU_ASSERT_EQUAL(enabled[30], 0);
	begun = STATUS_ENODEV;
	CU_ASSERT_EQUAL(irqchip_cpu_init(), STATUS_ENODEV);
	CU_ASSERT_EQUAL(enabled[31], 2);
}

static void a_spurious_interrupt_is_neither_handled_nor_ended(void)
{
	begin();
	raise_times(IRQCHIP_INTID_SPURIOUS, 1);
	CU_ASSERT_EQUAL(ended_count, 0);
	CU_ASSERT_EQUAL(unknown, 0);
	raise_times(IRQCHIP_INTID_SPURIOUS_END, 1);
	CU_ASSERT_EQUAL(ended_count, 1);
	CU_ASSERT_EQUAL(unknown, 1);
	raise_times(IRQCHIP_INTID_SPURIOUS - 1, 1);
	CU_ASSERT_EQUAL(ended_count, 1);
	CU_ASSERT_EQUAL(unknown, 2);
}

static void every_line_of_an_interrupt_is_asked(void)
{
	unsigned counts[3] = { 0 };
	struct irqchip_line line[3] = {
		{ .intid = INTID, .handler = line_handler, .ctx = &counts[0], .edge = true },
		{ .intid = INTID, .handler = line_handler, .ctx = &counts[1] },
		{ .intid = INTID + 1, .handler = line_handler, .ctx = &counts[2] },
	};

	begin();
	irqchip_attach_enabled(&line[2]);
	CU_ASSERT_EQUAL(enabled_shared, 0);
	irqchip_attach(&line[0]);
	CU_ASSERT_EQUAL(enabled_shared, INTID);
	CU_ASSERT_TRUE(edge);
	irqchip_attach(&line[1]);
	CU_ASSERT_FALSE(edge);
	irqchip_attach(&line[0]); /* anew: it stays in its place */
	raise_times(INTID, 1);
	CU_ASSERT_EQUAL(counts[0], 1);
	CU_ASSERT_EQUAL(counts[1], 1);
	CU_ASSERT_EQUAL(counts[2], 0);
}

static void what_nobody_knows_so_often_is_switched_off(void)
{
	unsigned count = 0;
	struct irqchip_line line = { .intid = INTID, .handler = line_handler, .ctx = &count };

	begin();
	irqchip_attach(&line);
	raise_times(INTID + 1, UNKNOWN_MAX - 1);
	raise_times(INTID, 1); /* known: counted anew */
	raise_times(INTID + 1, UNKNOWN_MAX - 1);
	CU_ASSERT_EQUAL(disables, 0);
	raise_times(INTID + 1, 1);
	CU_ASSERT_EQUAL(disables, 1);
	CU_ASSERT_EQUAL(disabled_shared, INTID + 1);
	CU_ASSERT_EQUAL(unknown, 0);
	count = QUEUE;
	raise_times(INTID, UNKNOWN_MAX); /* its line does not know it any more */
	CU_ASSERT_EQUAL(disables, 2);
	CU_ASSERT_EQUAL(disabled_shared, INTID);
}

/* The controller's registers for shared interrupts end there: there is nothing to switch off. */
static void a_message_that_nobody_knows_stays_on(void)
{
	begin();
	raise_times(8192, UNKNOWN_MAX + 1);
	CU_ASSERT_EQUAL(disables, 0);
	raise_times(IRQCHIP_INTID_SPURIOUS - 1, 1);
	CU_ASSERT_EQUAL(disables, 1);
	begin();
	unknown = UNKNOWN_MAX;
	shared_handle(IRQCHIP_INTID_SPURIOUS);
	CU_ASSERT_EQUAL(disables, 0);
}

static void another_cpu_is_notified_by_its_number(void)
{
	begin();
	irqchip_notify(&cpus[0]);
	CU_ASSERT_EQUAL(notified, IRQCHIP_INTID_NOTIFY + 1);
}

static const struct unit_case cases[] = {
	UNIT_CASE(the_chip_is_chosen_by_its_version),
	UNIT_CASE(a_private_interrupt_reaches_its_handler_and_is_ended),
	UNIT_CASE(a_cpu_that_comes_has_every_private_interrupt_that_is_connected),
	UNIT_CASE(a_spurious_interrupt_is_neither_handled_nor_ended),
	UNIT_CASE(every_line_of_an_interrupt_is_asked),
	UNIT_CASE(what_nobody_knows_so_often_is_switched_off),
	UNIT_CASE(a_message_that_nobody_knows_stays_on),
	UNIT_CASE(another_cpu_is_notified_by_its_number),
};

UNIT_MAIN("hal/irqchip/irqchip", cases)
