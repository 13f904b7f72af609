// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

	.text
	.global	semihosting_call, semihosting_trap
	.type	semihosting_call, %function
semihosting_call:
semihosting_trap:
	hlt	#0xf000
	ret
