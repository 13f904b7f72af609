// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The serial port's registers as memory: what is switched on when, and whose an interrupt is. */
#include "tests/unit/machine.h"

#include "hal/uart/pl011.c"

static uint32_t registers[1024];
static struct irqchip_line *attached;
static unsigned readies;

void irqchip_attach(struct irqchip_line *attach)
{
	CU_ASSERT_EQUAL(registers[UARTIMSC], 0); /* who handles it is known before it can come */
	attached = attach;
}

static void on_ready(void *ctx)
{
	CU_ASSERT_PTR_EQUAL(ctx, &readies);
	CU_ASSERT_EQUAL(registers[UARTIMSC], 0);
	readies++;
}

static void begin(uint32_t intid)
{
	memset(registers, 0, sizeof(registers));
	readies = 0;
	attached = NULL;
	pl011_init(registers, intid);
}

static void a_port_is_switched_on(void)
{
	begin(33);
	CU_ASSERT_EQUAL(registers[0x2c / 4], 0x70);
	CU_ASSERT_EQUAL(registers[0x30 / 4], 0x301);
	CU_ASSERT_EQUAL(registers[UARTIMSC], 0);
}

static void a_port_without_a_shared_interrupt_cannot_be_listened_to(void)
{
	begin(FDT_INTID_NONE);
	CU_ASSERT_EQUAL(hal_console_listen(on_ready, &readies), STATUS_ENODEV);
	begin(31);
	CU_ASSERT_EQUAL(hal_console_listen(on_ready, &readies), STATUS_ENODEV);
	CU_ASSERT_PTR_NULL(attached);
	CU_ASSERT_EQUAL(registers[UARTIMSC], 0);
	begin(32);
	CU_ASSERT_EQUAL(hal_console_listen(on_ready, &readies), STATUS_OK);
	CU_ASSERT_EQUAL(attached->intid, 32);
	CU_ASSERT_EQUAL(registers[UARTIMSC], 0x50);
}

static void an_interrupt_is_the_ports_where_it_has_something(void)
{
	begin(33);
	CU_ASSERT_EQUAL(hal_console_listen(on_ready, &readies), STATUS_OK);
	registers[UARTMIS] = 0xffffffff & ~UARTINT_RX_RT; /* another's, on the same line */
	CU_ASSERT_FALSE(attached->handler(attached->ctx));
	CU_ASSERT_EQUAL(registers[UARTIMSC], 0x50);
	CU_ASSERT_EQUAL(readies, 0);
	registers[UARTMIS] = 0x40;
	CU_ASSERT_TRUE(attached->handler(attached->ctx));
	CU_ASSERT_EQUAL(readies, 1);
	registers[UARTMIS] = 0x10;
	CU_ASSERT_TRUE(attached->handler(attached->ctx));
	CU_ASSERT_EQUAL(readies, 2);
}

static void nothing_is_read_from_an_empty_port_and_it_is_listened_to_again(void)
{
	char bytes[4] = "";

	begin(33);
	registers[UARTFR] = UARTFR_RXFE;
	CU_ASSERT_EQUAL(hal_console_read(bytes, sizeof(bytes)), 0);
	CU_ASSERT_EQUAL(registers[UARTIMSC], 0x50);
	registers[UARTIMSC] = 0;
	registers[UARTFR] = 0;
	registers[UARTDR] = 'x';
	CU_ASSERT_EQUAL(hal_console_read(bytes, sizeof(bytes)), 4);
	CU_ASSERT_EQUAL(memcmp(bytes, "xxxx", 4), 0);
	CU_ASSERT_EQUAL(registers[UARTIMSC], 0); /* there may be more */
	CU_ASSERT_EQUAL(hal_console_read(bytes, 0), 0);
}

static void what_is_written_goes_out_to_its_last_byte(void)
{
	begin(33);
	registers[UARTFR] = UARTFR_TXFE;
	hal_console_write("", 0);
	CU_ASSERT_EQUAL(registers[UARTDR], 0);
	hal_console_write("abcdefghijklmnopqrstuvwxyz", 26);
	CU_ASSERT_EQUAL(registers[UARTDR], 'z');
	registers[UARTFR] = 0; /* neither empty nor full: one at a time */
	hal_console_write("\xe9", 1);
	CU_ASSERT_EQUAL(registers[UARTDR], 0xe9);
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_port_is_switched_on),
	UNIT_CASE(a_port_without_a_shared_interrupt_cannot_be_listened_to),
	UNIT_CASE(an_interrupt_is_the_ports_where_it_has_something),
	UNIT_CASE(nothing_is_read_from_an_empty_port_and_it_is_listened_to_again),
	UNIT_CASE(what_is_written_goes_out_to_its_last_byte),
};

UNIT_MAIN("hal/uart/pl011", cases)
