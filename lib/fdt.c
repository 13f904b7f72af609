// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * From a device tree to struct fdt_machine: header, reservations, and the nodes with a fixed place (memory, CPUs, what the boot
 * loader chose); devices are fdt_devices.c's. Absent things stay zero, malformed ones are errors.
 */
#include "lib/fdt.h"

#include <libfdt.h>

#include "lib/bits.h"
#include "lib/fdt_bus.h"
#include "lib/fdt_devices.h"
#include "lib/fdt_walk.h"
#include "lib/string.h"

#define FDT_HEADER_BYTES 40u
#define FDT_VERSION 17u
#define FDT_RESERVATION_BYTES 16u /* address and size */

struct fdt_reader {
	struct fdt_machine *machine;
	struct fdt_devices devices;
	struct span stdout_path;
};

static status_t fdt_fail(struct fdt_walk *walk, const char *why)
{
	walk->why = why;
	return STATUS_EINVAL;
}

static status_t fdt_read_cpu(struct fdt_walk *walk, struct fdt_machine *machine)
{
	struct span reg = fdt_walk_property(walk, walk->depth, FDT_PROPERTY_REG);
	uint32_t cells = fdt_walk_cell(walk, walk->depth - 1, FDT_PROPERTY_ADDRESS_CELLS, 2);

	if (cells == 0 || cells > 2 || reg.len != 4 * cells)
		return fdt_fail(walk, "cpu has a malformed reg");
	if (machine->cpu_count < FDT_CPU_MAX)
		machine->cpu_mpidr[machine->cpu_count++] = fdt_read_cells(reg.data, cells);
	machine->cpu_total++;
	return STATUS_OK;
}

/* Banks lie in rising order, apart from each other: a tree has them in any (QEMU names those of NUMA nodes from the last to the first), touching or not. */
static void fdt_add_memory(struct fdt_machine *machine, struct fdt_range range)
{
	struct fdt_range *banks = machine->memory;
	uint64_t end = range.base_pa + range.bytes;
	uint32_t first = 0;
	uint32_t behind;

	while (first < machine->memory_count && banks[first].base_pa + banks[first].bytes < range.base_pa)
		first++;
	for (behind = first; behind < machine->memory_count && banks[behind].base_pa <= end; behind++) {
		uint64_t bank_end = banks[behind].base_pa + banks[behind].bytes;

		range.base_pa = banks[behind].base_pa < range.base_pa ? banks[behind].base_pa : range.base_pa;
		end = bank_end > end ? bank_end : end;
	}
	if (first == behind && machine->memory_count == FDT_MEMORY_MAX)
		return;
	memmove(&banks[first + 1], &banks[behind], (machine->memory_count - behind) * sizeof(*banks));
	banks[first] = (struct fdt_range){ range.base_pa, end - range.base_pa };
	machine->memory_count += 1 + first - behind;
}

static status_t fdt_read_memory(struct fdt_walk *walk, struct fdt_machine *machine)
{
	struct fdt_range range;
	status_t status;

	for (uint32_t i = 0; (status = fdt_bus_reg(walk, i, &range)) == STATUS_OK; i++)
		if (range.bytes > 0)
			fdt_add_memory(machine, range);
	return status == STATUS_ENODATA ? STATUS_OK : status;
}

static status_t fdt_add_reserved(struct fdt_machine *machine, struct fdt_range range, const char **why)
{
	if (range.bytes == 0)
		return STATUS_OK;
	if (range.bytes > UINT64_MAX - range.base_pa) {
		*why = "reserved memory goes beyond the address space";
		return STATUS_EINVAL;
	}
	if (machine->reserved_count == FDT_RESERVED_MAX) {
		*why = "too many reserved memory ranges";
		return STATUS_E2BIG;
	}
	machine->reserved[machine->reserved_count++] = range;
	return STATUS_OK;
}

static status_t fdt_read_reserved(struct fdt_walk *walk, struct fdt_machine *machine)
{
	struct fdt_range range;
	status_t status;

	for (uint32_t i = 0; (status = fdt_bus_reg(walk, i, &range)) == STATUS_OK; i++) {
		status = fdt_add_reserved(machine, range, &walk->why);
		if (status != STATUS_OK)
			return status;
	}
	return status == STATUS_ENODATA ? STATUS_OK : status;
}

static status_t fdt_read_initrd(struct fdt_walk *walk, struct fdt_machine *machine)
{
	struct span start = fdt_walk_property(walk, walk->depth, FDT_PROPERTY_INITRD_START);
	struct span end = fdt_walk_property(walk, walk->depth, FDT_PROPERTY_INITRD_END);
	uint64_t end_pa;

	if (start.len == 0 && end.len == 0)
		return STATUS_OK;
	if ((start.len != 4 && start.len != 8) || (end.len != 4 && end.len != 8))
		return fdt_fail(walk, "initrd has a malformed start or end");
	machine->initrd.base_pa = fdt_read_cells(start.data, (uint32_t)start.len / 4);
	end_pa = fdt_read_cells(end.data, (uint32_t)end.len / 4);
	if (end_pa < machine->initrd.base_pa)
		return fdt_fail(walk, "initrd ends before it begins");
	machine->initrd.bytes = end_pa - machine->initrd.base_pa;
	return STATUS_OK;
}

static status_t fdt_read_chosen(struct fdt_walk *walk, struct fdt_reader *reader)
{
	struct fdt_machine *machine = reader->machine;
	struct span kaslr_seed = fdt_walk_property(walk, walk->depth, FDT_PROPERTY_KASLR_SEED);

	machine->bootargs = fdt_first_string(fdt_walk_property(walk, walk->depth, FDT_PROPERTY_BOOTARGS));
	machine->rng_seed = fdt_walk_property(walk, walk->depth, FDT_PROPERTY_RNG_SEED);
	machine->has_kaslr_seed = kaslr_seed.len == 8;
	if (machine->has_kaslr_seed)
		machine->kaslr_seed = bits_be64(kaslr_seed.data);
	reader->stdout_path = fdt_first_string(fdt_walk_property(walk, walk->depth, FDT_PROPERTY_STDOUT_PATH));
	return fdt_read_initrd(walk, machine);
}

static status_t fdt_visit(struct fdt_walk *walk, void *context)
{
	struct fdt_reader *reader = context;
	size_t depth = walk->depth;

	if (depth == 0) {
		reader->machine->machine_name = fdt_first_string(fdt_walk_property(walk, 0, FDT_PROPERTY_COMPATIBLE));
		return STATUS_OK;
	}
	if (depth == 1 && fdt_walk_is_named(walk, 1, "chosen"))
		return fdt_read_chosen(walk, reader);
	if (depth == 1 && fdt_walk_has_string(walk, 1, FDT_PROPERTY_DEVICE_TYPE, "memory"))
		return fdt_walk_is_enabled(walk) ? fdt_read_memory(walk, reader->machine) : STATUS_OK;
	if (depth == 2 && fdt_walk_is_named(walk, 1, "cpus") &&
	    fdt_walk_has_string(walk, 2, FDT_PROPERTY_DEVICE_TYPE, "cpu"))
		return fdt_read_cpu(walk, reader->machine);
	if (depth == 2 && fdt_walk_is_named(walk, 1, "reserved-memory"))
		return fdt_walk_is_enabled(walk) ? fdt_read_reserved(walk, reader->machine) : STATUS_OK;
	return fdt_devices_visit(walk, &reader->devices, reader->machine);
}

/* The node that stdout-path means, its options apart and its alias resolved; negative where it means none. */
static int fdt_console_node(const void *fdt, struct span path)
{
	for (size_t i = 0; i < path.len; i++) {
		if (path.data[i] == ':')
			path.len = i;
	}
	if (path.len > 0 && path.data[0] != '/') {
		const char *alias = fdt_get_alias_namelen(fdt, (const char *)path.data, (int)path.len);

		path = alias == NULL ? span_of(NULL, 0) : span_of(alias, strlen(alias));
	}
	/* libfdt would follow an alias of an alias, and one of itself for ever. */
	return path.len > 0 && path.data[0] == '/' ? fdt_path_offset_namelen(fdt, (const char *)path.data, (int)path.len) : -FDT_ERR_BADPATH;
}

/* The memory reservation block: entries up to one of zeros. Spec: Devicetree Specification v0.4 §5.3. */
static status_t fdt_read_reservations(struct span tree, struct fdt_machine *machine, const char **why)
{
	for (uint64_t offset = fdt_off_mem_rsvmap(tree.data);; offset += FDT_RESERVATION_BYTES) {
		struct fdt_range range;
		struct span entry;
		status_t status;

		if (!span_sub(tree, offset, FDT_RESERVATION_BYTES, &entry)) {
			*why = "memory reservation block of the device tree is malformed";
			return STATUS_EINVAL;
		}
		range = (struct fdt_range){ bits_be64(entry.data), bits_be64(entry.data + 8) };
		if (range.base_pa == 0 && range.bytes == 0)
			return STATUS_OK;
		status = fdt_add_reserved(machine, range, why);
		if (status != STATUS_OK)
			return status;
	}
}

const char *fdt_judge(const void *fdt, size_t max_bytes)
{
	int checked = fdt == NULL || max_bytes < FDT_HEADER_BYTES ? -FDT_ERR_BADMAGIC : fdt_check_header(fdt);

	if (checked == -FDT_ERR_BADMAGIC || checked == -FDT_ERR_ALIGNMENT)
		return "no device tree";
	if (fdt_version(fdt) < FDT_VERSION || fdt_last_comp_version(fdt) > FDT_VERSION)
		return "device tree of an unknown version";
	if (fdt_totalsize(fdt) > max_bytes)
		return "device tree larger than the memory it is in";
	if (checked != 0 || (fdt_off_dt_struct(fdt) % 4 | fdt_off_mem_rsvmap(fdt) % 8) != 0)
		return "header of the device tree is malformed";
	return NULL;
}

status_t fdt_machine_read(const void *fdt, size_t max_bytes, struct fdt_machine *out, const char **why)
{
	struct fdt_reader reader = { .machine = out };
	struct fdt_walk walk;
	const char *lie = fdt_judge(fdt, max_bytes);
	int console = -FDT_ERR_NOTFOUND;
	status_t status;

	if (lie != NULL) {
		*why = lie;
		return STATUS_EINVAL;
	}
	memset(out, 0, sizeof(*out));
	out->fdt_bytes = fdt_totalsize(fdt);
	status = fdt_read_reservations(span_of(fdt, out->fdt_bytes), out, why);
	if (status != STATUS_OK)
		return status;
	status = fdt_walk_run(&walk, fdt, fdt_visit, &reader);
	if (status != STATUS_OK) {
		*why = walk.why;
		return status;
	}
	if (reader.devices.uart_count > 1)
		console = fdt_console_node(fdt, reader.stdout_path);
	fdt_devices_finish(&reader.devices, console, out);
	return STATUS_OK;
}
