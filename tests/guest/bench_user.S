// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What the benchmarks of system calls run at EL0. Position independent; x0 is the address of struct capos_start, x1 that of the rings. Each makes
 * BENCH_CALLS calls and exits with 0.
 */
#define BENCH_CALLS 10000

	.section .rodata.bench_user, "a"
	.balign	4
	.global	bench_user_null, bench_user_submit, bench_user_war, bench_user_end

/* Every entry of the ring: memory.map of 0 bytes. x20: rings, x25: complete_head, w23: submitted so far, w24: how many in all. */
	.macro	submissions_prepare
	mov	x20, x1				/* rings */
	add	x21, x1, #4096			/* submissions */
	ldr	x9, [x0, #32]			/* the capability set, memory first */
	ldr	w10, [x9, #24]			/* its number */
	str	xzr, [sp, #-16]!		/* the parameters */
	mov	x11, sp
	mov	x12, #64			/* every entry says the same */
9:	str	w10, [x21]
	mov	w13, #1
	strh	w13, [x21, #4]
	str	x11, [x21, #8]
	mov	w13, #8
	str	w13, [x21, #24]
	add	x21, x21, #64
	subs	x12, x12, #1
	b.ne	9b
	mov	w23, #0
	mov	w24, #BENCH_CALLS
	add	x25, x20, #192			/* complete_head */
	.endm

/* cap_enter(0, 0) with nothing submitted. */
bench_user_null:
	mov	x19, #BENCH_CALLS
1:	mov	x0, #0
	mov	x1, #0
	mov	x8, #1
	svc	#0
	subs	x19, x19, #1
	b.ne	1b
	b	leave

/* One submission and its completion a call: memory.map of 0 bytes, which copies its parameters and answers -EINVAL. */
bench_user_submit:
	submissions_prepare
3:	add	w23, w23, #1
	stlr	w23, [x20]			/* submit_tail */
	mov	x0, #1
	mov	x1, #-1
	mov	x8, #1
	svc	#0
	stlr	w23, [x25]
	cmp	w23, w24
	b.ne	3b
	b	leave

/* The same where another CPU polls: a call is made only while `polled` is 0. */
bench_user_war:
	submissions_prepare
	add	x26, x20, #256			/* polled */
	add	x27, x20, #128			/* complete_tail */
5:	add	w23, w23, #1
	stlr	w23, [x20]
	dmb	ish
6:	ldar	w9, [x27]
	cmp	w9, w23
	b.eq	8f
	ldar	w9, [x26]
	cbz	w9, 7f
	yield
	b	6b
7:	mov	x0, #1
	mov	x1, #-1
	mov	x8, #1
	svc	#0
8:	stlr	w23, [x25]
	cmp	w23, w24
	b.ne	5b
leave:	mov	x0, #0
	mov	x8, #0
	svc	#0
bench_user_end:
