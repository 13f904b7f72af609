/* SPDX-License-Identifier: BSD-2-Clause */
/* SPDX-FileCopyrightText: The Rumpk authors */
/* Says what a good boot of c-hello says on a machine with 128 MiB: stands in for Rumpk where the harness is tested. */
	.include "tests/qemu/images/image.inc"
main:	say "[Rumpk L0] HAL initialized: virt, 1 cpus, 128 MiB"
	say	"[Rumpk L1] kernel alive: rumpk 0.1 abcdef"
	bl	print_nonce
	say	"[Rumpk L1] The Rubicon is crossed."
	say	"proc: process 1 (c-hello) started"
	say	"[c-hello] hello from c-hello"
	say	"proc: process 1 exited with code 0"
	say	"sched: last process exited, halting"
	exit	0
image_end:
