// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * From device tree nodes to struct fdt_machine. Each node is judged once; what needs another node (the GIC's cells, the console's path)
 * waits for the end of the walk. Absent things stay zero, malformed ones are errors.
 */
#include "lib/fdt.h"

#include <libfdt.h>

#include "lib/bits.h"
#include "lib/fdt_walk.h"
#include "lib/string.h"

#define FDT_UART_CANDIDATES 4
#define FDT_HEADER_BYTES 40u
#define FDT_VERSION 17u
#define FDT_INTERRUPT_CELLS 3u

struct fdt_uart_candidate {
	uint64_t path_hash;
	struct fdt_range registers;
	struct span interrupts;
};

struct fdt_reader {
	struct fdt_machine *machine;
	uint32_t gic_cells;           /* #interrupt-cells of the GIC */
	struct span timer_interrupts; /* decoded when the GIC is known */
	struct span stdout_path;
	size_t uart_count;
	struct fdt_uart_candidate uarts[FDT_UART_CANDIDATES];
};

static status_t fdt_fail(struct fdt_walk *walk, const char *why)
{
	walk->why = why;
	return STATUS_EINVAL;
}

static bool fdt_is_compatible(const struct fdt_walk *walk, const char *text)
{
	return fdt_walk_has_string(walk, walk->depth, FDT_PROPERTY_COMPATIBLE, text);
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

static status_t fdt_read_memory(struct fdt_walk *walk, struct fdt_machine *machine)
{
	struct fdt_range range;
	status_t status;

	for (uint32_t i = 0; (status = fdt_walk_reg(walk, i, &range)) == STATUS_OK; i++) {
		if (range.bytes > 0 && machine->memory_count < FDT_MEMORY_MAX)
			machine->memory[machine->memory_count++] = range;
	}
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

	for (uint32_t i = 0; (status = fdt_walk_reg(walk, i, &range)) == STATUS_OK; i++) {
		status = fdt_add_reserved(machine, range, &walk->why);
		if (status != STATUS_OK)
			return status;
	}
	return status == STATUS_ENODATA ? STATUS_OK : status;
}

static status_t fdt_read_uart(struct fdt_walk *walk, struct fdt_reader *reader)
{
	struct fdt_uart_candidate *uart = &reader->uarts[reader->uart_count];
	status_t status;

	if (reader->uart_count == FDT_UART_CANDIDATES)
		return STATUS_OK;
	status = fdt_walk_reg(walk, 0, &uart->registers);
	if (status != STATUS_OK)
		return status == STATUS_ENODATA ? STATUS_OK : status;
	if (uart->registers.bytes == 0)
		return fdt_fail(walk, "uart without registers");
	uart->path_hash = fdt_walk_path_hash(walk);
	uart->interrupts = fdt_walk_property(walk, walk->depth, FDT_PROPERTY_INTERRUPTS);
	reader->uart_count++;
	return STATUS_OK;
}

/* Fetches range `index` of the GIC, which must be there. */
static status_t fdt_read_gic_range(struct fdt_walk *walk, uint32_t index, struct fdt_range *range)
{
	status_t status = fdt_walk_reg(walk, index, range);

	if (status == STATUS_ENODATA || (status == STATUS_OK && range->bytes == 0))
		return fdt_fail(walk, "interrupt controller lacks a register range");
	return status;
}

static status_t fdt_read_gic(struct fdt_walk *walk, struct fdt_reader *reader, enum fdt_gic_version version)
{
	struct fdt_gic *gic = &reader->machine->gic;
	struct span stride = fdt_walk_property(walk, walk->depth, FDT_PROPERTY_REDISTRIBUTOR_STRIDE);
	status_t status;

	if (gic->version != FDT_GIC_NONE)
		return STATUS_OK; /* the first one counts */
	gic->version = version;
	reader->gic_cells = fdt_walk_cell(walk, walk->depth, FDT_PROPERTY_INTERRUPT_CELLS, FDT_INTERRUPT_CELLS);
	status = fdt_read_gic_range(walk, 0, &gic->distributor);
	if (status != STATUS_OK || version == FDT_GIC_V2)
		return status != STATUS_OK ? status : fdt_read_gic_range(walk, 1, &gic->cpu_interface);
	gic->redistributor_count = fdt_walk_cell(walk, walk->depth, FDT_PROPERTY_REDISTRIBUTOR_REGIONS, 1);
	if (gic->redistributor_count == 0 || gic->redistributor_count > FDT_REDISTRIBUTOR_MAX)
		return fdt_fail(walk, "interrupt controller has no redistributors or too many regions of them");
	if (stride.len == 8)
		gic->redistributor_stride = bits_be64(stride.data);
	for (uint32_t i = 0; i < gic->redistributor_count && status == STATUS_OK; i++)
		status = fdt_read_gic_range(walk, 1 + i, &gic->redistributors[i]);
	return status;
}

static void fdt_read_psci(struct fdt_walk *walk, struct fdt_machine *machine)
{
	if (fdt_walk_has_string(walk, walk->depth, FDT_PROPERTY_METHOD, "hvc"))
		machine->psci_method = FDT_PSCI_HVC;
	else if (fdt_walk_has_string(walk, walk->depth, FDT_PROPERTY_METHOD, "smc"))
		machine->psci_method = FDT_PSCI_SMC;
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

/* A node that is found by what it is compatible with. */
static status_t fdt_visit_device(struct fdt_walk *walk, struct fdt_reader *reader)
{
	if (!fdt_walk_has(walk, walk->depth, FDT_PROPERTY_COMPATIBLE) || !fdt_walk_is_enabled(walk))
		return STATUS_OK;
	if (fdt_is_compatible(walk, "arm,pl011"))
		return fdt_read_uart(walk, reader);
	if (fdt_is_compatible(walk, "arm,gic-v3"))
		return fdt_read_gic(walk, reader, FDT_GIC_V3);
	if (fdt_is_compatible(walk, "arm,cortex-a15-gic") || fdt_is_compatible(walk, "arm,gic-400"))
		return fdt_read_gic(walk, reader, FDT_GIC_V2);
	if (fdt_is_compatible(walk, "arm,armv8-timer"))
		reader->timer_interrupts = fdt_walk_property(walk, walk->depth, FDT_PROPERTY_INTERRUPTS);
	else if (fdt_is_compatible(walk, "arm,psci-1.0") || fdt_is_compatible(walk, "arm,psci-0.2"))
		fdt_read_psci(walk, reader->machine);
	return STATUS_OK;
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
	return fdt_visit_device(walk, reader);
}

/* Interrupt `index` as the GIC numbers it. Spec: Linux binding arm,gic.yaml, "#interrupt-cells". */
static uint32_t fdt_interrupt_id(const struct fdt_reader *reader, struct span interrupts, uint32_t index)
{
	const uint32_t cells = reader->gic_cells;
	struct span entry;
	uint32_t number;

	if (cells < FDT_INTERRUPT_CELLS || cells > 4 || !span_sub(interrupts, (uint64_t)index * cells * 4, cells * 4, &entry))
		return FDT_INTID_NONE;
	number = bits_be32(entry.data + 4);
	if (bits_be32(entry.data) == 1)
		return number < 16 ? 16 + number : FDT_INTID_NONE;
	return bits_be32(entry.data) == 0 && number < 988 ? 32 + number : FDT_INTID_NONE;
}

/* The uart that stdout-path names, by path or alias, its options apart; else the first. */
static void fdt_choose_uart(const void *fdt, const struct fdt_reader *reader)
{
	struct fdt_uart *uart = &reader->machine->uart;
	const struct fdt_uart_candidate *chosen = &reader->uarts[0];
	struct span path = reader->stdout_path;
	uint64_t hash;

	if (reader->uart_count == 0)
		return;
	for (size_t i = 0; i < path.len; i++) {
		if (path.data[i] == ':')
			path.len = i;
	}
	if (path.len > 0 && path.data[0] != '/') {
		const char *alias = fdt_get_alias_namelen(fdt, (const char *)path.data, (int)path.len);

		path = alias == NULL ? span_of(NULL, 0) : span_of(alias, strlen(alias));
	}
	hash = fdt_path_hash(path);
	for (size_t i = 0; i < reader->uart_count; i++) {
		if (reader->uarts[i].path_hash == hash)
			chosen = &reader->uarts[i];
	}
	uart->registers = chosen->registers;
	uart->intid = fdt_interrupt_id(reader, chosen->interrupts, 0);
}

/* The memory reservation block: entries up to one of zeros. Spec: Devicetree Specification v0.4 §5.3. */
static status_t fdt_read_reservations(const void *fdt, struct fdt_machine *machine, const char **why)
{
	for (int i = 0;; i++) {
		struct fdt_range range;
		status_t status;

		if (fdt_get_mem_rsv(fdt, i, &range.base_pa, &range.bytes) != 0) {
			*why = "memory reservation block of the device tree is malformed";
			return STATUS_EINVAL;
		}
		if (range.base_pa == 0 && range.bytes == 0)
			return STATUS_OK;
		status = fdt_add_reserved(machine, range, why);
		if (status != STATUS_OK)
			return status;
	}
}

static status_t fdt_check(const void *fdt, size_t max_bytes, const char **why)
{
	*why = "no device tree";
	if (fdt == NULL || ((uintptr_t)fdt & 7) != 0 || max_bytes < FDT_HEADER_BYTES || fdt_magic(fdt) != FDT_MAGIC)
		return STATUS_EINVAL;
	*why = "device tree of an unknown version";
	if (fdt_version(fdt) < FDT_VERSION || fdt_last_comp_version(fdt) > FDT_VERSION)
		return STATUS_EINVAL;
	*why = "device tree larger than the memory it is in";
	if (fdt_totalsize(fdt) > max_bytes)
		return STATUS_EINVAL;
	*why = "header of the device tree is malformed";
	if (fdt_check_header(fdt) != 0 || fdt_off_dt_struct(fdt) % 4 != 0 || fdt_off_mem_rsvmap(fdt) % 8 != 0)
		return STATUS_EINVAL;
	return STATUS_OK;
}

status_t fdt_machine_read(const void *fdt, size_t max_bytes, struct fdt_machine *out, const char **why)
{
	struct fdt_reader reader = { .machine = out, .gic_cells = FDT_INTERRUPT_CELLS };
	struct fdt_walk walk;
	status_t status = fdt_check(fdt, max_bytes, why);

	if (status != STATUS_OK)
		return status;
	memset(out, 0, sizeof(*out));
	out->fdt_bytes = fdt_totalsize(fdt);
	status = fdt_read_reservations(fdt, out, why);
	if (status != STATUS_OK)
		return status;
	status = fdt_walk_run(&walk, fdt, fdt_visit, &reader);
	if (status != STATUS_OK) {
		*why = walk.why;
		return status;
	}
	for (uint32_t i = 0; i < FDT_TIMER_INTERRUPTS; i++)
		out->timer_intid[i] = fdt_interrupt_id(&reader, reader.timer_interrupts, i);
	fdt_choose_uart(fdt, &reader);
	return STATUS_OK;
}
