// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The PL011 serial port: transmitting by polling, receiving by interrupts once somebody listens. Spec: Arm DDI 0183, PrimeCell UART (PL011), 3.3. */
#ifndef HAL_UART_PL011_H
#define HAL_UART_PL011_H

#include <stdint.h>

/*
 * Uses the port whose registers are mapped at `registers`: 8 bits, FIFOs on, transmitter and receiver on, the loader's baud rate. `intid`: its
 * interrupt, or FDT_INTID_NONE.
 */
void pl011_init(volatile void *registers, uint32_t intid);

#endif
