// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "hal/uart/pl011.h"

#include <stdbool.h>
#include <stddef.h>

#include "hal/arm64/table.h"
#include "hal/contract/console.h"
#include "hal/irqchip/irqchip.h"
#include "lib/fdt.h"

/* Register offsets in 32-bit words, and the bits used. */
#define UARTDR (0x00 / 4)
#define UARTDR_BAD 0x0700u /* a break, or a byte whose parity or frame is wrong */
#define UARTFR (0x18 / 4)
#define UARTFR_RXFE (1u << 4)
#define UARTFR_TXFF (1u << 5)
#define UARTFR_TXFE (1u << 7)
#define FIFO_BYTES 16 /* of the oldest revision; later ones have 32 */
#define UARTLCR_H (0x2c / 4)
#define UARTLCR_H_FEN_8BIT 0x70u
#define UARTCR (0x30 / 4)
#define UARTCR_RXE_TXE_UARTEN 0x301u
#define UARTIMSC (0x38 / 4)
#define UARTMIS (0x40 / 4)
#define UARTINT_RX_RT 0x50u /* the FIFO is filled so far; it has something, and nothing comes */

/* Until the device tree has named a port, the one that QEMU's virt machine has: entry.S mapped it. */
static volatile uint32_t *port = (volatile uint32_t *)FIXMAP_UART_VA;

static struct irqchip_line line; /* FDT_INTID_NONE until the device tree has named a port */
static void (*ready)(void *ctx);

void pl011_init(volatile void *registers, uint32_t intid)
{
	port = registers;
	line.intid = intid;
	port[UARTLCR_H] = UARTLCR_H_FEN_8BIT;
	port[UARTCR] = UARTCR_RXE_TXE_UARTEN;
}

void hal_console_write(const char *text, size_t len)
{
	size_t at = 0;

	while (at < len) {
		uint32_t flags = port[UARTFR];
		size_t room = flags & UARTFR_TXFE ? FIFO_BYTES : flags & UARTFR_TXFF ? 0 : 1;

		for (; room > 0 && at < len; room--)
			port[UARTDR] = (uint8_t)text[at++];
	}
}

/* Quiet until all has been read. Context: interrupt. */
static bool received(void *ctx)
{
	if (!(port[UARTMIS] & UARTINT_RX_RT))
		return false;
	port[UARTIMSC] = 0;
	ready(ctx);
	return true;
}

status_t hal_console_listen(void (*on_ready)(void *ctx), void *ctx)
{
	if (line.intid < IRQCHIP_SHARED_FIRST)
		return STATUS_ENODEV;
	ready = on_ready;
	line.handler = received;
	line.ctx = ctx;
	irqchip_attach(&line);
	port[UARTIMSC] = UARTINT_RX_RT;
	return STATUS_OK;
}

size_t hal_console_read(void *to, size_t room)
{
	uint8_t *bytes = to;
	size_t count = 0;

	while (count < room) {
		uint32_t data;

		if (port[UARTFR] & UARTFR_RXFE) {
			port[UARTIMSC] = UARTINT_RX_RT;
			break;
		}
		data = port[UARTDR];
		if (!(data & UARTDR_BAD))
			bytes[count++] = (uint8_t)data;
	}
	return count;
}
