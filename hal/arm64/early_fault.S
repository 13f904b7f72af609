// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What goes wrong before the MMU is on and C can speak: one line with the syndrome, written to the early UART, then exit
 * status 255. Position independent, no stack.
 */
#include "hal/arm64/table.h"

	.section .text.vectors, "ax"
	.macro	vector
	.balign	128
	b	early_fault
	.endm

	.balign	2048
	.global early_vectors
early_vectors:
	.rept	16
	vector
	.endr

	.balign	2048
early_halt_vectors:
	.rept	16
	.balign	128
	wfi
	b	early_halt_vectors
	.endr

	.section .text_fault, "ax"
early_fault:
	ldr	x19, =UART_EARLY_PA
	mrs	x9, CurrentEL
	tbz	x9, #3, 1f
	mrs	x20, esr_el2
	mrs	x21, elr_el2
	mrs	x22, far_el2
	adr	x8, early_halt_vectors		/* a second fault, in here, only ends the machine */
	msr	vbar_el2, x8
	b	2f
1:	mrs	x20, esr_el1
	mrs	x21, elr_el1
	mrs	x22, far_el1
2:	adr	x8, early_halt_vectors
	msr	vbar_el1, x8
	isb
	adr	x0, text_fault
	bl	put_text
	mov	x0, x20
	bl	put_hex
	adr	x0, text_pc
	bl	put_text
	mov	x0, x21
	bl	put_hex
	adr	x0, text_address
	bl	put_text
	mov	x0, x22
	bl	put_hex
	mov	w8, #'\n'
	strb	w8, [x19]
	b	early_exit

/* x0: NUL-terminated text. Clobbers x0, x8. */
put_text:
	ldrb	w8, [x0], #1
	cbz	w8, 1f
	strb	w8, [x19]
	b	put_text
1:	ret

/* x0: number, printed as 16 hexadecimal digits. Clobbers x8 to x10. */
put_hex:
	mov	x10, #60
1:	lsr	x8, x0, x10
	and	x8, x8, #0xf
	add	x9, x8, #('a' - 10)
	add	x8, x8, #'0'
	cmp	x8, #'9'
	csel	x8, x8, x9, ls
	strb	w8, [x19]
	subs	x10, x10, #4
	b.pl	1b
	ret

/* Semihosting SYS_EXIT_EXTENDED with status 255; where that traps too, PSCI and sleep. */
early_exit:
	adr	x1, exit_block
	mov	w0, #0x20
	hlt	#0xf000
early_halt:
	ldr	w0, =0x84000008			/* PSCI SYSTEM_OFF: the conduit is not known yet */
	hvc	#0
1:	wfi
	b	1b

	.balign	8
exit_block:
	.quad	0x20026, 255
text_fault:
	.asciz	"PANIC: fault before the MMU was on: esr 0x"
text_pc:
	.asciz	" pc 0x"
text_address:
	.asciz	" address 0x"
