// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A QEMU plugin that holds a machine at its n-th instruction until it is let go: what a fault needs that must come at an exact
 * place of a boot. For one CPU.
 *
 *   -plugin pause.so,page=FILE
 *
 * FILE, which is made, is a page shared with whoever holds the machine: `struct page` below. Rejected: breakpoints of gdb's stub, which know
 * addresses and not instants, and single steps, which are a thousand times slower.
 */
#include "harness/plugin/qemu_plugin.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { NAP_US = 100, PAGE_BYTES = 4096 };

struct page {
	_Atomic uint64_t count;  /* instructions begun. W: CPU; the holder while the machine stands still */
	_Atomic uint64_t target; /* hold before this one; 0: never. W: holder */
	_Atomic uint64_t held;   /* W: CPU sets it, the holder clears it to let go */
};

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static struct page *page;

static void instruction_begins(unsigned int cpu, void *arg)
{
	uint64_t count = atomic_load_explicit(&page->count, memory_order_relaxed) + 1;

	(void)cpu;
	(void)arg;
	atomic_store_explicit(&page->count, count, memory_order_relaxed);
	if (count != atomic_load_explicit(&page->target, memory_order_relaxed))
		return;
	atomic_store(&page->held, 1);
	while (atomic_load(&page->held))
		usleep(NAP_US);
}

static void block_translated(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++)
		qemu_plugin_register_vcpu_insn_exec_cb(qemu_plugin_tb_get_insn(block, i), instruction_begins,
						       QEMU_PLUGIN_CB_NO_REGS, NULL);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
	int file = argc == 1 && strncmp(argv[0], "page=", 5) == 0 ? open(argv[0] + 5, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
	void *memory = MAP_FAILED;

	(void)info;
	if (file >= 0) {
		if (ftruncate(file, PAGE_BYTES) == 0)
			memory = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
		close(file);
	}
	if (memory == MAP_FAILED) {
		fprintf(stderr, "pause: wants page=FILE, and a FILE that it can write\n");
		return -1;
	}
	page = memory;
	qemu_plugin_register_vcpu_tb_trans_cb(id, block_translated);
	return 0;
}
