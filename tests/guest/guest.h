// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Tests that run inside the kernel, and how they report: KTAP lines on the debugger's result channel. Each file offers a table
 * of claims; main.c runs those that `test=` on the command line selects.
 */
#ifndef TESTS_GUEST_GUEST_H
#define TESTS_GUEST_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/span.h"

struct guest_test {
	const char *name;       /* a claim */
	const char *(*run)(void); /* NULL where it holds, else what is wrong */
};

struct guest_table {
	const struct guest_test *tests;
	unsigned count;
};

extern const struct guest_table memory_tests;
extern const struct guest_table fiber_tests;
extern const struct guest_table sched_tests;
extern const struct guest_table preempt_tests;
extern const struct guest_table smp_tests; /* where more than one CPU runs */
extern const struct guest_table ring_tests;
extern const struct guest_table libc_tests;
extern const struct guest_table register_tests;
extern const struct guest_table starve_tests;
extern const struct guest_table boot_tests;
extern const struct guest_table object_tests;
extern const struct guest_table operation_tests;
extern const struct guest_table again_tests;
extern const struct guest_table thread_tests;
extern const struct guest_table files_tests;
extern const struct guest_table virtio_tests;     /* where there is an entropy device */
extern const struct guest_table virtio_net_tests; /* where there is a network with QEMU's gateway */
extern const struct guest_table virtio_block_tests; /* where there are two disks */
extern const struct guest_table entropy_tests;      /* where there is an entropy device */
extern const struct guest_table share_tests;        /* where the host offers a folder */
extern const struct guest_table share_load_tests;
extern const struct guest_table share_read_only_tests;
extern const struct guest_table virtio_link_tests; /* and somebody who pulls its cable when told to */
extern const struct guest_table console_bench;
extern const struct guest_table disk_fault_tests;

/* The kernel's command line, in the device tree. W: main.c */
extern struct span guest_command_line;

/* Runs what `name` does wrong to the kernel; returns where there is no such fault. The kernel is to panic. */
void fault_commit(struct span name);

/* Measures everything, a `# perf` line each: in instructions (under -icount shift=0), or as rates by the clock. */
void bench_run(bool rates);
void bench_ring_run(void);
void bench_calls_run(void);

/* Want a second CPU. */
void bench_smp_run(void);
void bench_governor_run(void);

/* Reports what `operations` cost: instructions where the machine counts them, else a rate. */
void bench_measured(const char *metric, uint64_t ns, uint64_t operations);

/* Writes `# perf <metric> <value> <unit>`, the value with one decimal, in tenths. */
void guest_perf(const char *metric, uint64_t tenths, const char *unit);

#define GUEST_TEXT_(x) #x
#define GUEST_TEXT(x) GUEST_TEXT_(x)
#define GUEST_CHECK(condition)                                             \
	do {                                                               \
		if (!(condition))                                          \
			return __FILE__ ":" GUEST_TEXT(__LINE__) ": " #condition; \
	} while (0)

#endif
