// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Exceptions with the MMU on (Arm ARM DDI 0487 D1.10.2). Kernel code runs on SP_EL0, exceptions on SP_EL1, the exception
 * stack of this CPU: a fiber that overruns its stack can therefore still be reported.
 */
#include "hal/arm64/offsets.h"

	.macro	vector label
	.balign	128
	b	\label
	.endm

	/* A kernel fault: all registers to a struct hal_fault on the exception stack, then C; it returns only to a fixup. */
	.macro	kernel_fault label, kind, sp_of
\label:
	sub	sp, sp, #FAULT_BYTES
	stp	x0, x1, [sp, #FAULT_X + 0]
	stp	x2, x3, [sp, #FAULT_X + 16]
	stp	x4, x5, [sp, #FAULT_X + 32]
	stp	x6, x7, [sp, #FAULT_X + 48]
	stp	x8, x9, [sp, #FAULT_X + 64]
	stp	x10, x11, [sp, #FAULT_X + 80]
	stp	x12, x13, [sp, #FAULT_X + 96]
	stp	x14, x15, [sp, #FAULT_X + 112]
	stp	x16, x17, [sp, #FAULT_X + 128]
	stp	x18, x19, [sp, #FAULT_X + 144]
	stp	x20, x21, [sp, #FAULT_X + 160]
	stp	x22, x23, [sp, #FAULT_X + 176]
	stp	x24, x25, [sp, #FAULT_X + 192]
	stp	x26, x27, [sp, #FAULT_X + 208]
	stp	x28, x29, [sp, #FAULT_X + 224]
	str	x30, [sp, #FAULT_X + 240]
	\sp_of	x8
	mrs	x9, elr_el1
	stp	x8, x9, [sp, #FAULT_SP]
	mrs	x8, spsr_el1
	mrs	x9, esr_el1
	stp	x8, x9, [sp, #FAULT_PSTATE]
	mrs	x8, far_el1
	str	x8, [sp, #FAULT_ADDRESS]
	mov	x0, sp
	mov	w1, #\kind
	bl	exception_kernel
	ldr	x8, [sp, #FAULT_PC]		/* a fixup: x0 and pc changed, the rest as it was */
	msr	elr_el1, x8
	ldp	x0, x1, [sp, #FAULT_X + 0]
	ldp	x8, x9, [sp, #FAULT_X + 64]
	ldp	x2, x3, [sp, #FAULT_X + 16]
	ldp	x4, x5, [sp, #FAULT_X + 32]
	ldp	x6, x7, [sp, #FAULT_X + 48]
	ldp	x10, x11, [sp, #FAULT_X + 80]
	ldp	x12, x13, [sp, #FAULT_X + 96]
	ldp	x14, x15, [sp, #FAULT_X + 112]
	ldp	x16, x17, [sp, #FAULT_X + 128]
	ldr	x18, [sp, #FAULT_X + 144]
	ldr	x30, [sp, #FAULT_X + 240]
	add	sp, sp, #FAULT_BYTES
	eret
	.endm

	.macro	sp_from_el0 reg
	mrs	\reg, sp_el0
	.endm
	.macro	sp_from_here reg
	add	\reg, sp, #FAULT_BYTES
	.endm

	.section .text.vectors, "ax"
	.balign	2048
	.global	exception_vectors
	.type	exception_vectors, %function
exception_vectors:
	vector	fiber_sync		/* current EL, SP_EL0: kernel code */
	vector	fiber_irq
	vector	fiber_odd
	vector	fiber_odd
	vector	handler_sync		/* current EL, SP_EL1: an exception handler itself */
	vector	handler_odd
	vector	handler_odd
	vector	handler_odd
	vector	user_sync		/* EL0, AArch64 */
	vector	user_irq
	vector	user_odd
	vector	user_odd
	vector	user_odd		/* EL0, AArch32: never entered */
	vector	user_odd
	vector	user_odd
	vector	user_odd

	.text
	kernel_fault fiber_sync, EXCEPTION_SYNC, sp_from_el0
	kernel_fault fiber_odd, EXCEPTION_ODD, sp_from_el0
	kernel_fault handler_sync, EXCEPTION_NESTED, sp_from_here
	kernel_fault handler_odd, EXCEPTION_ODD, sp_from_here
	kernel_fault user_odd, EXCEPTION_ODD, sp_from_el0

/* An interrupt in kernel code: what C may clobber is kept, the handler never switches stacks. */
	.type	fiber_irq, %function
fiber_irq:
	sub	sp, sp, #192
	stp	x0, x1, [sp, #0]
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x29, [sp, #144]
	mrs	x8, elr_el1
	stp	x30, x8, [sp, #160]
	mrs	x8, spsr_el1
	str	x8, [sp, #176]
	bl	irqchip_handle
	ldr	x8, [sp, #176]
	msr	spsr_el1, x8
	ldp	x30, x8, [sp, #160]
	msr	elr_el1, x8
	ldp	x18, x29, [sp, #144]
	ldp	x16, x17, [sp, #128]
	ldp	x14, x15, [sp, #112]
	ldp	x12, x13, [sp, #96]
	ldp	x10, x11, [sp, #80]
	ldp	x8, x9, [sp, #64]
	ldp	x6, x7, [sp, #48]
	ldp	x4, x5, [sp, #32]
	ldp	x2, x3, [sp, #16]
	ldp	x0, x1, [sp, #0]
	add	sp, sp, #192
	eret
