// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * From the loader to C, per the arm64 boot protocol (Linux Documentation/arch/arm64/booting.rst): MMU off, x0 the physical
 * address of the device tree, EL2 or EL1, the image anywhere in RAM at a 2 MiB boundary.
 *
 * Order: a vector table first, so that nothing after it fails in silence; down to EL1; zeroed data; first tables; MMU on;
 * stacks; C. Everything before the MMU is reached relative to the program counter.
 */
#include "hal/arm64/offsets.h"
#include "hal/arm64/table.h"

/*
 * TCR_EL1: 39 bits each side, 4 KiB granules, inner shareable write-back walks, 16-bit ASIDs where there are. The top byte of a program's address is its
 * own (TBI0), as Linux has it (Documentation/arch/arm64/tagged-pointers.rst).
 */
#define TCR_BASE ((25 << 0) | (1 << 8) | (1 << 10) | (3 << 12) | \
		  (25 << 16) | (1 << 24) | (1 << 26) | (3 << 28) | (2 << 30) | (1 << 37))
#define TCR_AS_BIT 36
#define TCR_IPS_SHIFT 32

/* SCTLR_EL1: the bits that are RES1 in Armv8.0, and what the kernel runs with. */
#define SCTLR_RES1 ((1 << 11) | (1 << 20) | (1 << 22) | (1 << 23) | (1 << 28) | (1 << 29))
#define SCTLR_SPAN (1 << 23)
#define SCTLR_MMU_ON (SCTLR_RES1 | (1 << 0) /* M */ | (1 << 2) /* C */ | (1 << 3) /* SA */ | (1 << 4) /* SA0 */ | \
		      (1 << 12) /* I */ | (1 << 14) /* DZE */ | (1 << 15) /* UCT */ | (1 << 16) /* nTWI */ | \
		      (1 << 18) /* nTWE */ | (1 << 19) /* WXN */ | (1 << 26) /* UCI */)

	/*
	 * At EL1 from the fourth instruction on, a fault is reported; at EL2 from the sixth, by who looks at what this leaves: in x9 the exception
	 * level, and in x8 the vectors' address.
	 */
	.macro	vectors_first
	adr	x8, early_vectors
	msr	vbar_el1, x8
	msr	daifset, #0xf
	mrs	x9, CurrentEL
	.endm

	/* In the upper half: its vectors, and nothing in the lower half until a process runs. */
	.macro	lower_half_leave
	ldr	x8, =exception_vectors
	msr	vbar_el1, x8
	adrp	x8, early_empty_table
	sub	x9, x8, x22
	msr	ttbr0_el1, x9
	isb
	tlbi	vmalle1
	dsb	nsh
	isb
	.endm

	.section .text.entry, "ax"
	.global hal_entry
	.type	hal_entry, %function
hal_entry:
	vectors_first
	tbz	x9, #3, at_el1
	msr	vbar_el2, x8
	bl	leave_el2
at_el1:
	mov	x20, x0
	adrp	x21, image_start
	ldr	x8, =SCTLR_RES1
	msr	sctlr_el1, x8
	isb

	adrp	x8, image_bss_start
	add	x8, x8, :lo12:image_bss_start
	adrp	x9, image_bss_zero_end
1:	stp	xzr, xzr, [x8, #16]		/* both ends are multiples of 64 (image.ld) */
	stp	xzr, xzr, [x8, #32]
	stp	xzr, xzr, [x8, #48]
	stp	xzr, xzr, [x8], #64
	cmp	x8, x9
	b.lo	1b

	adrp	x8, image_boot_stack_top
	mov	sp, x8
	mov	x29, xzr
	mov	x0, x21
	mov	x1, x20
	bl	early_map_build
	ldr	x30, =at_upper_half		/* and on with: */

/*
 * x0: TTBR0 and x1: TTBR1 as early_map_build returned them; x30: where to go on, in the upper half. Leaves in x22 what turns a
 * kernel address into a physical one.
 */
mmu_on:
	msr	ttbr0_el1, x0
	msr	ttbr1_el1, x1
	ldr	x8, =MAIR_VALUE
	msr	mair_el1, x8
	ldr	x8, =TCR_BASE
	mrs	x9, id_aa64mmfr0_el1
	and	x10, x9, #0xf			/* PARange, at most 48 bits (5): LPA2 is not used */
	cmp	x10, #5
	mov	x11, #5
	csel	x10, x10, x11, lo
	orr	x8, x8, x10, lsl #TCR_IPS_SHIFT
	ubfx	x10, x9, #4, #4			/* ASIDBits: 2 means 16 */
	lsr	x10, x10, #1
	orr	x8, x8, x10, lsl #TCR_AS_BIT
	msr	tcr_el1, x8
	mov	x8, #(3 << 20)			/* CPACR_EL1.FPEN: floating point at EL0 and EL1 */
	msr	cpacr_el1, x8
	mov	x8, #2				/* CNTKCTL_EL1.EL0VCTEN: EL0 reads the virtual counter */
	msr	cntkctl_el1, x8
	mov	x8, #(1 << 12)			/* MDSCR_EL1.TDCC: no debug channel at EL0 */
	msr	mdscr_el1, x8
	tlbi	vmalle1
	dsb	nsh
	ic	iallu
	dsb	nsh
	isb
	ldr	x22, =image_start
	sub	x22, x22, x21
	ldr	x8, =SCTLR_MMU_ON
	mrs	x9, id_aa64mmfr1_el1
	ubfx	x9, x9, #20, #4			/* FEAT_PAN: the kernel's own loads and stores never reach EL0's pages */
	cbz	x9, 1f
	bic	x8, x8, #SCTLR_SPAN		/* nor after an exception */
	.inst	0xd500419f			/* MSR PAN, #1 */
1:	msr	sctlr_el1, x8
	isb
	ret

	.type	at_upper_half, %function
at_upper_half:
	lower_half_leave
	adrp	x8, image_exception_stack_top	/* SP_EL1: exceptions; SP_EL0: everything else */
	mov	sp, x8
	msr	spsel, #0
	adrp	x8, image_boot_stack_top
	mov	sp, x8
	mov	x29, xzr
	mov	x30, xzr
	mov	x0, x20
	mov	x1, x21
	bl	hal_start			/* does not return */
	brk	#0

/*
 * A CPU that PSCI started: x0 is the physical address of a struct secondary_start. The tables are the boot CPU's, the
 * identity map among them.
 */
	.global secondary_entry
	.type	secondary_entry, %function
secondary_entry:
	vectors_first
	tbz	x9, #3, 2f
	msr	vbar_el2, x8
	bl	leave_el2
2:	mov	x20, x0
	adrp	x21, image_start
	ldr	x8, =SCTLR_RES1
	msr	sctlr_el1, x8
	isb
	adrp	x0, early_identity
	adrp	x1, early_kernel_root
	ldr	x30, =secondary_upper_half
	b	mmu_on

	.type	secondary_upper_half, %function
secondary_upper_half:
	lower_half_leave
	add	x20, x20, x22			/* the structure, in the upper half */
	ldp	x8, x9, [x20, #SECONDARY_STACK]
	mov	sp, x9
	msr	spsel, #0
	mov	sp, x8
	mov	x29, xzr
	mov	x30, xzr
	ldp	x8, x9, [x20, #SECONDARY_CPU]
	msr	tpidr_el1, x8
	ldr	x0, [x20, #SECONDARY_ARG]
	blr	x9				/* does not return */
	brk	#0

/*
 * EL2 to EL1: AArch64 at EL1, timers and counter at their own pace, no traps, the GIC's system registers open. Returns to
 * its caller at EL1, with what that has in x0.
 */
leave_el2:
	mov	x8, #(1 << 31)			/* HCR_EL2.RW */
	msr	hcr_el2, x8
	mov	x8, #3				/* CNTHCTL_EL2: EL1PCTEN, EL1PCEN */
	msr	cnthctl_el2, x8
	msr	cntvoff_el2, xzr
	mov	x8, #0x33ff			/* CPTR_EL2: RES1 bits, nothing trapped but SVE */
	msr	cptr_el2, x8
	msr	hstr_el2, xzr
	msr	vttbr_el2, xzr
	mrs	x8, mdcr_el2			/* keep HPMN, trap nothing */
	and	x8, x8, #0x1f
	msr	mdcr_el2, x8
	mrs	x8, midr_el1
	msr	vpidr_el2, x8
	mrs	x8, mpidr_el1
	msr	vmpidr_el2, x8
	mrs	x8, id_aa64pfr0_el1
	ubfx	x8, x8, #24, #4			/* GIC system registers */
	cbz	x8, 1f
	mrs	x8, s3_4_c12_c9_5		/* ICC_SRE_EL2: SRE, Enable */
	mov	x9, #9
	orr	x8, x8, x9
	msr	s3_4_c12_c9_5, x8
	isb
	msr	s3_4_c12_c11_0, xzr		/* ICH_HCR_EL2 */
1:	mrs	x8, id_aa64mmfr0_el1
	ubfx	x8, x8, #56, #4			/* FEAT_FGT: its traps out of the way */
	cbz	x8, 2f
	msr	s3_4_c1_c1_4, xzr		/* HFGRTR_EL2 */
	msr	s3_4_c1_c1_5, xzr		/* HFGWTR_EL2 */
	msr	s3_4_c1_c1_6, xzr		/* HFGITR_EL2 */
	msr	s3_4_c3_c1_4, xzr		/* HDFGRTR_EL2 */
	msr	s3_4_c3_c1_5, xzr		/* HDFGWTR_EL2 */
2:	ldr	x8, =SCTLR_RES1
	msr	sctlr_el1, x8
	mov	x8, #0x3c5			/* SPSR: D, A, I, F masked, EL1h */
	msr	spsr_el2, x8
	msr	elr_el2, x30
	eret
