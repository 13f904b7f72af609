/* SPDX-License-Identifier: BSD-2-Clause */
/* SPDX-FileCopyrightText: The Rumpk authors */
/* Powers the machine off by PSCI where a semihosting exit was due; QEMU's status is 0: FAIL. */
	.set	PSCI_SYSTEM_OFF, 0x84000008
	.include "tests/qemu/images/image.inc"
main:	bl	print_nonce
	say	"alive"
	say	"done"
	ldr	w0, =PSCI_SYSTEM_OFF
	hvc	#0
	b	.
	.ltorg
image_end:
