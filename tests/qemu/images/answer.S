/* SPDX-License-Identifier: BSD-2-Clause */
/* SPDX-FileCopyrightText: The Rumpk authors */
/* Asks the UART for a character, for ever and without rest, and panics by it: what a script sends is recorded too. */
	.include "tests/qemu/images/image.inc"
	.set	UART_FR, 0x18
	.set	RXFE, 4			/* no character has come */
	.set	UART_CR, 0x30
main:	bl	print_nonce
	mov	w1, #0x301		/* enabled, receiving and sending */
	str	w1, [x19, #UART_CR]
	say	"alive"
wait:	ldr	w1, [x19, #UART_FR]
	tbnz	w1, #RXFE, wait
	ldr	w1, [x19]
	adr	x0, answer
	strb	w1, [x0]
	say	"done"
	adr	x0, panicked
	bl	print
	exit	255
panicked: .ascii "PANIC: asked for, by "
answer:	.asciz	"?\n"
	.balign	4
image_end:
