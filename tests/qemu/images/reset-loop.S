/* SPDX-License-Identifier: BSD-2-Clause */
/* SPDX-FileCopyrightText: The Rumpk authors */
/* Resets the machine instead of ending; under -no-reboot the status of QEMU is 0: RESET. */
	.include "tests/qemu/images/image.inc"
main:	bl	print_nonce
	say	"alive"
	say	"done"
	ldr	w0, =PSCI_SYSTEM_RESET
	hvc	#0
	b	.
	.ltorg
image_end:
