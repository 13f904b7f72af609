// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "hal/uart/pl011.h"

#include <stddef.h>

#include "hal/arm64/table.h"
#include "hal/contract/console.h"

/* Register offsets in 32-bit words, and the bits used. */
#define UARTDR (0x00 / 4)
#define UARTFR (0x18 / 4)
#define UARTFR_TXFF (1u << 5)
#define UARTFR_TXFE (1u << 7)
#define FIFO_BYTES 16 /* of the oldest revision; later ones have 32 */
#define UARTLCR_H (0x2c / 4)
#define UARTLCR_H_FEN_8BIT 0x70u
#define UARTCR (0x30 / 4)
#define UARTCR_RXE_TXE_UARTEN 0x301u

/* Until the device tree has named a port, the one that QEMU's virt machine has: entry.S mapped it. */
static volatile uint32_t *port = (volatile uint32_t *)FIXMAP_UART_VA;

void pl011_init(volatile void *registers)
{
	port = registers;
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
