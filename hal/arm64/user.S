// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Into EL0 and back. user_enter() is called by a fiber, keeps its callee-saved registers on the fiber's stack and drops to
 * EL0; the vectors user_sync and user_irq save EL0's registers and return from that very call, on that very stack.
 */
#include "hal/arm64/offsets.h"

	.text

/*
 * x0: struct hal_user, this CPU's; x1: attention. Returns in w0 the enum hal_stop: a call, an interrupt (pending, to be taken now) or a fault; an
 * interrupt too where attention is not 0 with interrupts masked.
 */
	.global	user_enter
	.type	user_enter, %function
user_enter:
	stp	x29, x30, [sp, #-96]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	mov	x9, sp
	str	x9, [x0, #USER_KERNEL_SP]
	ldp	x10, x11, [x0, #USER_SP]	/* sp, pc */
	ldp	x12, x13, [x0, #USER_PSTATE]	/* pstate, tls */
	msr	daifset, #2
	ldr	w9, [x1]
	cbnz	w9, 1f
	msr	spsel, #1
	msr	sp_el0, x10
	mrs	x9, tpidr_el0
	mrs	x14, elr_el1
	mrs	x15, spsr_el1
	cmp	x9, x13
	ccmp	x14, x11, #0, eq
	ccmp	x15, x12, #0, eq
	b.eq	2f				/* as the thread's last stop left them */
	msr	elr_el1, x11
	msr	spsr_el1, x12
	msr	tpidr_el0, x13
2:
	ldp	x2, x3, [x0, #16]
	ldp	x4, x5, [x0, #32]
	ldp	x6, x7, [x0, #48]
	ldp	x8, x9, [x0, #64]
	ldp	x10, x11, [x0, #80]
	ldp	x12, x13, [x0, #96]
	ldp	x14, x15, [x0, #112]
	ldp	x16, x17, [x0, #128]
	ldp	x18, x19, [x0, #144]
	ldp	x20, x21, [x0, #160]
	ldp	x22, x23, [x0, #176]
	ldp	x24, x25, [x0, #192]
	ldp	x26, x27, [x0, #208]
	ldp	x28, x29, [x0, #224]
	ldr	x30, [x0, #240]
	ldp	x0, x1, [x0]
	eret
1:	mov	w0, #1				/* HAL_STOP_INTERRUPT; no register that is kept has changed yet */
	ldp	x29, x30, [sp], #96
	msr	daifclr, #2
	ret

	.macro	user_save
	stp	x0, x1, [sp, #-16]!
	mrs	x0, tpidr_el1
	ldr	x0, [x0, #CPU_USER]
	stp	x2, x3, [x0, #16]
	stp	x4, x5, [x0, #32]
	stp	x6, x7, [x0, #48]
	stp	x8, x9, [x0, #64]
	stp	x10, x11, [x0, #80]
	stp	x12, x13, [x0, #96]
	stp	x14, x15, [x0, #112]
	stp	x16, x17, [x0, #128]
	stp	x18, x19, [x0, #144]
	stp	x20, x21, [x0, #160]
	stp	x22, x23, [x0, #176]
	stp	x24, x25, [x0, #192]
	stp	x26, x27, [x0, #208]
	stp	x28, x29, [x0, #224]
	str	x30, [x0, #240]
	ldp	x2, x3, [sp], #16
	stp	x2, x3, [x0]
	mrs	x10, sp_el0
	mrs	x11, elr_el1
	stp	x10, x11, [x0, #USER_SP]
	mrs	x12, spsr_el1
	mrs	x13, tpidr_el0
	stp	x12, x13, [x0, #USER_PSTATE]
	.endm

	/* Back in the fiber that called user_enter(); w0 holds what it returns. */
	.macro	user_return
	msr	sp_el0, x9
	msr	spsel, #0
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #96
	msr	daifclr, #2
	ret
	.endm

	.global	user_sync
	.type	user_sync, %function
user_sync:
	user_save
	ldr	x9, [x0, #USER_KERNEL_SP]
	mrs	x10, esr_el1
	lsr	x11, x10, #26
	cmp	x11, #0x15			/* SVC from AArch64 */
	b.ne	1f
	mov	w0, #0				/* HAL_STOP_CALL */
	user_return
1:	mrs	x11, far_el1
	stp	x10, x11, [x0, #USER_ESR]
	mov	w0, #2				/* HAL_STOP_FAULT */
	user_return

	.global	user_irq
	.type	user_irq, %function
user_irq:
	user_save
	ldr	x9, [x0, #USER_KERNEL_SP]
	mov	w0, #1				/* HAL_STOP_INTERRUPT */
	user_return

	.macro	vector_pairs op
	\op	q0, q1, [x1, #0]
	\op	q2, q3, [x1, #32]
	\op	q4, q5, [x1, #64]
	\op	q6, q7, [x1, #96]
	\op	q8, q9, [x1, #128]
	\op	q10, q11, [x1, #160]
	\op	q12, q13, [x1, #192]
	\op	q14, q15, [x1, #224]
	\op	q16, q17, [x1, #256]
	\op	q18, q19, [x1, #288]
	\op	q20, q21, [x1, #320]
	\op	q22, q23, [x1, #352]
	\op	q24, q25, [x1, #384]
	\op	q26, q27, [x1, #416]
	\op	q28, q29, [x1, #448]
	\op	q30, q31, [x1, #480]
	.endm

/* x0: struct hal_user. The floating-point and vector registers to, and from, memory. */
	.global	user_vector_save
	.type	user_vector_save, %function
user_vector_save:
	add	x1, x0, #USER_V
	vector_pairs stp
	mrs	x2, fpsr
	mrs	x3, fpcr
	stp	x2, x3, [x0, #USER_FPSR]
	ret

	.global	user_vector_load
	.type	user_vector_load, %function
user_vector_load:
	add	x1, x0, #USER_V
	vector_pairs ldp
	ldp	x2, x3, [x0, #USER_FPSR]
	msr	fpsr, x2
	msr	fpcr, x3
	ret

/*
 * int user_copy_in(void *to, uint64_t from_va, size_t bytes) and user_copy_out(uint64_t to_va, const void *from, bytes):
 * unprivileged loads (stores), so that the MMU applies EL0's rights. A fault in here goes on at user_copy_fault (exception.c).
 */
	.global	user_copy_begin, user_copy_end, user_copy_fault, user_copy_in, user_copy_out
user_copy_begin:
	.type	user_copy_in, %function
user_copy_in:
	cmp	x2, #64
	b.lo	5f
0:	ldtr	x3, [x1]
	ldtr	x4, [x1, #8]
	ldtr	x5, [x1, #16]
	ldtr	x6, [x1, #24]
	ldtr	x7, [x1, #32]
	ldtr	x8, [x1, #40]
	ldtr	x9, [x1, #48]
	ldtr	x10, [x1, #56]
	add	x1, x1, #64
	sub	x2, x2, #64
	stp	x3, x4, [x0], #16
	stp	x5, x6, [x0], #16
	stp	x7, x8, [x0], #16
	stp	x9, x10, [x0], #16
	cmp	x2, #64
	b.hs	0b
5:	cmp	x2, #8
	b.lo	2f
1:	ldtr	x3, [x1]
	str	x3, [x0], #8
	add	x1, x1, #8
	sub	x2, x2, #8
	cmp	x2, #8
	b.hs	1b
2:	cbz	x2, 4f
3:	ldtrb	w3, [x1]
	strb	w3, [x0], #1
	add	x1, x1, #1
	subs	x2, x2, #1
	b.ne	3b
4:	mov	w0, wzr
	ret

	.type	user_copy_out, %function
user_copy_out:
	cmp	x2, #64
	b.lo	5f
0:	ldp	x3, x4, [x1], #16
	ldp	x5, x6, [x1], #16
	ldp	x7, x8, [x1], #16
	ldp	x9, x10, [x1], #16
	sttr	x3, [x0]
	sttr	x4, [x0, #8]
	sttr	x5, [x0, #16]
	sttr	x6, [x0, #24]
	sttr	x7, [x0, #32]
	sttr	x8, [x0, #40]
	sttr	x9, [x0, #48]
	sttr	x10, [x0, #56]
	add	x0, x0, #64
	sub	x2, x2, #64
	cmp	x2, #64
	b.hs	0b
5:	cmp	x2, #8
	b.lo	2f
1:	ldr	x3, [x1], #8
	sttr	x3, [x0]
	add	x0, x0, #8
	sub	x2, x2, #8
	cmp	x2, #8
	b.hs	1b
2:	cbz	x2, 4f
3:	ldrb	w3, [x1], #1
	sttrb	w3, [x0]
	add	x0, x0, #1
	subs	x2, x2, #1
	b.ne	3b
4:	mov	w0, wzr
	ret
user_copy_end:

	.type	user_copy_fault, %function
user_copy_fault:
	mov	w0, #-14			/* STATUS_EFAULT */
	ret
