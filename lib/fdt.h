// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What the kernel must know of its machine, read from the flattened device tree in one walk: boot time counts, so nothing is
 * looked up by path but the console, where there is a choice. The tree is not trusted: libfdt checks its header and blocks, and every
 * length inside is checked here.
 *
 * Spec: Devicetree Specification v0.4 §2.3, §3, §5; Linux bindings arm,gic.yaml, arm,gic-v3.yaml, arm,arch_timer.yaml, psci.yaml.
 */
#ifndef LIB_FDT_H
#define LIB_FDT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/span.h"
#include "lib/status.h"

#define FDT_CPU_MAX 8
#define FDT_MEMORY_MAX 8
#define FDT_RESERVED_MAX 16
#define FDT_REDISTRIBUTOR_MAX 4
#define FDT_TIMER_INTERRUPTS 4
#define FDT_INTID_NONE 0u /* an interrupt that is not described; 0 itself is a software generated one */

/* Physical memory; base + bytes does not wrap. bytes == 0: absent. */
struct fdt_range {
	uint64_t base_pa;
	uint64_t bytes;
};

enum fdt_psci_method {
	FDT_PSCI_NONE,
	FDT_PSCI_HVC,
	FDT_PSCI_SMC,
};

enum fdt_gic_version {
	FDT_GIC_NONE = 0,
	FDT_GIC_V2 = 2,
	FDT_GIC_V3 = 3,
};

/* Order of timer_intid. */
enum fdt_timer {
	FDT_TIMER_SECURE_PHYSICAL,
	FDT_TIMER_PHYSICAL,
	FDT_TIMER_VIRTUAL,
	FDT_TIMER_HYPERVISOR,
};

struct fdt_gic {
	enum fdt_gic_version version;
	struct fdt_range distributor;
	struct fdt_range cpu_interface;                          /* version 2 */
	struct fdt_range redistributors[FDT_REDISTRIBUTOR_MAX]; /* version 3 */
	uint32_t redistributor_count;
	uint64_t redistributor_stride; /* bytes; 0: the architecture's */
};

struct fdt_uart {
	struct fdt_range registers; /* bytes == 0: there is none */
	uint32_t intid;             /* or FDT_INTID_NONE */
};

/* Absent things are zero. Spans lie in the tree, strings without their NUL. */
struct fdt_machine {
	size_t fdt_bytes;         /* the whole tree: the memory it takes */
	struct span machine_name; /* first `compatible` of the root */
	uint32_t cpu_total;       /* CPUs described; may be above FDT_CPU_MAX */
	uint32_t cpu_count;       /* of them, those in cpu_mpidr */
	uint64_t cpu_mpidr[FDT_CPU_MAX];
	uint32_t memory_count; /* in rising order, apart from each other; those that are too many are left unused */
	struct fdt_range memory[FDT_MEMORY_MAX];
	uint32_t reserved_count; /* /reserved-memory and the memory reservation block; more than fit is an error */
	struct fdt_range reserved[FDT_RESERVED_MAX];
	struct fdt_uart uart; /* PL011: the one /chosen/stdout-path names, else the first */
	struct fdt_gic gic;
	uint32_t timer_intid[FDT_TIMER_INTERRUPTS]; /* by enum fdt_timer, or FDT_INTID_NONE */
	enum fdt_psci_method psci_method;
	struct span bootargs;
	struct fdt_range initrd;
	struct span rng_seed;
	bool has_kaslr_seed;
	uint64_t kaslr_seed;
};

/*
 * Reads the tree at `fdt`, of which at most `max_bytes` are readable; its own totalsize must not be above that.
 *
 * Context: any; early boot with the MMU on (fields are read unaligned). About 3 KiB of stack. `fdt` is 8 byte aligned. Spans of
 * `*out` borrow from it.
 * Returns STATUS_OK; STATUS_EINVAL where the header or the structure is malformed, STATUS_E2BIG where a limit above would lose something that
 * must not be lost (reserved ranges, nesting). On error `*why` is a static string and `*out` undefined.
 */
MUST_CHECK status_t fdt_machine_read(const void *fdt, size_t max_bytes, struct fdt_machine *out, const char **why);

/* Why the header of a tree, of which `max_bytes` are readable, cannot be trusted with a walk; NULL where it can. */
const char *fdt_judge(const void *fdt, size_t max_bytes);

#endif
