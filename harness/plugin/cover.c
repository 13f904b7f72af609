// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A QEMU plugin that counts how often each instruction of an image ran; nothing in the guest takes part.
 *
 *   -plugin cover.so,counts=FILE,base=ADDRESS,bytes=N[,load=ADDRESS]
 *
 * FILE holds one 64-bit counter for each 4 bytes of the N bytes from `base`, the address the image is linked at. It is mapped
 * and shared, so that what was counted is there however QEMU ends, and the runs of an image add up. What runs before the MMU
 * is on is found at `load`, where the image lies in memory. Two machines that count into one file may lose each other's
 * additions, but never turn a counter back to zero: 0 means that no run has been there.
 *
 * Rejected: a callback a block. An exception leaves a block in its middle, and the rest would count as run.
 */
#include "harness/plugin/qemu_plugin.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { INSTRUCTION_BYTES = 4 };

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static uint64_t *counters;
static uint64_t base_va;
static uint64_t image_bytes;
static uint64_t load_pa;

static uint64_t *counter_of(uint64_t address)
{
	if (address - base_va < image_bytes)
		return &counters[(address - base_va) / INSTRUCTION_BYTES];
	if (load_pa != 0 && address - load_pa < image_bytes)
		return &counters[(address - load_pa) / INSTRUCTION_BYTES];
	return NULL;
}

static void block_translated(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
		struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);
		uint64_t *counter = counter_of(qemu_plugin_insn_vaddr(instruction));

		if (counter != NULL)
			qemu_plugin_register_vcpu_insn_exec_inline(instruction, QEMU_PLUGIN_INLINE_ADD_U64, counter, 1);
	}
}

static uint64_t *counters_map(const char *path, size_t bytes)
{
	int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	void *memory = MAP_FAILED;

	if (file >= 0 && ftruncate(file, (off_t)bytes) == 0)
		memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (file >= 0)
		close(file);
	return memory != MAP_FAILED ? memory : NULL;
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
	const char *path = NULL;
	int unknown = 0;

	(void)info;
	for (int i = 0; i < argc; i++) {
		const char *value = strchr(argv[i], '=');

		value = value != NULL ? value + 1 : "";
		if (strncmp(argv[i], "counts=", 7) == 0)
			path = value;
		else if (strncmp(argv[i], "base=", 5) == 0)
			base_va = strtoull(value, NULL, 0);
		else if (strncmp(argv[i], "bytes=", 6) == 0)
			image_bytes = strtoull(value, NULL, 0);
		else if (strncmp(argv[i], "load=", 5) == 0)
			load_pa = strtoull(value, NULL, 0);
		else
			unknown++;
	}
	if (path != NULL && image_bytes != 0 && unknown == 0)
		counters = counters_map(path, image_bytes / INSTRUCTION_BYTES * sizeof(*counters));
	if (counters == NULL) {
		fprintf(stderr, "cover: wants counts=FILE,base=ADDRESS,bytes=N[,load=ADDRESS], and a FILE that it can write\n");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, block_translated);
	return 0;
}
