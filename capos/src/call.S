// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The two system calls (capos/abi.h): number in x8, arguments and result where the C calling convention has them. */
	.text
	.global	capos_sys_exit, capos_sys_cap_enter, ring_relax
capos_sys_exit:
	mov	x8, #0
	svc	#0
	brk	#0

capos_sys_cap_enter:
	mov	x8, #1
	svc	#0
	ret

ring_relax:
	yield
	ret
