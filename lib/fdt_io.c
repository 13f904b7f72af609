// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "lib/fdt_io.h"

#include <libfdt.h>

#include "lib/bits.h"
#include "lib/fdt_bus.h"
#include "lib/fdt_walk.h"
#include "lib/span.h"
#include "lib/string.h"

#define CELL 4u
#define GIC_CELLS 3u
#define PCI_ADDRESS_CELLS 3u
#define PCI_BUS_FUNCTIONS 256u
#define PCI_SPACE(phys_hi) ((phys_hi) >> 24 & 3)
#define PCI_SPACE_MEMORY32 2u
#define PCI_SPACE_MEMORY64 3u
#define VIRTIO_MMIO_BYTES_MIN 0x100u

struct reader {
	const void *fdt;
	struct fdt_io *io;
};

static status_t fail(struct fdt_walk *walk, const char *why)
{
	walk->why = why;
	return STATUS_EINVAL;
}

/* An interrupt as the GIC numbers it: kind, number, trigger. Spec: Linux binding arm,gic.yaml, "#interrupt-cells". */
static struct fdt_interrupt interrupt_read(struct span specifier)
{
	struct fdt_interrupt none = { FDT_INTID_NONE, false };
	uint32_t number;

	if (specifier.len < GIC_CELLS * CELL || bits_be32(specifier.data) != 0)
		return none;
	number = bits_be32(specifier.data + CELL);
	if (number >= 988)
		return none;
	return (struct fdt_interrupt){ 32 + number, (bits_be32(specifier.data + 2 * CELL) & 3) != 0 };
}

static status_t mmio_read(struct fdt_walk *walk, struct fdt_io *io)
{
	struct fdt_virtio_mmio device;
	uint32_t at = io->mmio_count;
	status_t status = fdt_bus_reg(walk, 0, &device.registers);

	if (status != STATUS_OK)
		return status == STATUS_ENODATA ? STATUS_OK : status;
	if (device.registers.bytes < VIRTIO_MMIO_BYTES_MIN)
		return fail(walk, "virtio,mmio has too few registers");
	if (io->mmio_count == FDT_VIRTIO_MMIO_MAX)
		return STATUS_OK;
	device.interrupt = interrupt_read(fdt_walk_property(walk, walk->depth, FDT_PROPERTY_INTERRUPTS));
	for (; at > 0 && io->mmio[at - 1].registers.base_pa > device.registers.base_pa; at--)
		io->mmio[at] = io->mmio[at - 1];
	io->mmio[at] = device;
	io->mmio_count++;
	return STATUS_OK;
}

/* A property of the visited node that the walk does not keep. */
static struct span property(const struct fdt_walk *walk, const void *fdt, const char *name)
{
	int node = (int)(walk->nodes[walk->depth].name_offset - CELL); /* its tag */
	int len = 0;
	const void *data = fdt_getprop(fdt, node, name, &len);

	return data == NULL || len < 0 ? span_of(NULL, 0) : span_of(data, (size_t)len);
}

/* A cell of another node's property, or `absent`. */
static uint32_t cell_of(const void *fdt, int node, const char *name, uint32_t absent)
{
	int len = 0;
	const void *data = fdt_getprop(fdt, node, name, &len);

	return data == NULL || len != (int)CELL ? absent : bits_be32(data);
}

static status_t windows_read(struct fdt_walk *walk, struct fdt_pci_host *host)
{
	struct span ranges = fdt_walk_property(walk, walk->depth, FDT_PROPERTY_RANGES);
	uint32_t parent_cells = fdt_walk_cell(walk, walk->depth - 1, FDT_PROPERTY_ADDRESS_CELLS, 2);
	size_t entry_bytes = CELL * (PCI_ADDRESS_CELLS + parent_cells + 2);

	if (parent_cells == 0 || parent_cells > 2 || ranges.len % entry_bytes != 0)
		return fail(walk, "ranges of the PCI host are malformed");
	for (size_t at = 0; at < ranges.len && host->window_count < FDT_PCI_WINDOWS_MAX; at += entry_bytes) {
		const uint8_t *entry = ranges.data + at;
		uint32_t space = PCI_SPACE(bits_be32(entry));
		struct fdt_pci_window window = {
			.bus_address = bits_be64(entry + CELL),
			.cpu.base_pa = fdt_read_cells(entry + PCI_ADDRESS_CELLS * CELL, parent_cells),
			.cpu.bytes = bits_be64(entry + (PCI_ADDRESS_CELLS + parent_cells) * CELL),
		};

		if (space != PCI_SPACE_MEMORY32 && space != PCI_SPACE_MEMORY64)
			continue;
		if (window.cpu.bytes > UINT64_MAX - window.cpu.base_pa || window.cpu.bytes > UINT64_MAX - window.bus_address)
			return fail(walk, "a range of the PCI host goes beyond the address space");
		host->windows[host->window_count++] = window;
	}
	return STATUS_OK;
}

/*
 * interrupt-map: device address, pin, parent, address at the parent, specifier for the parent; the last two are as long as the parent
 * says. Where all of them have one parent, as on every machine with a GIC, one look at that is enough.
 */
static status_t routes_read(struct fdt_walk *walk, const void *fdt, struct fdt_pci_host *host)
{
	struct span map = property(walk, fdt, "interrupt-map");
	struct span mask = property(walk, fdt, "interrupt-map-mask");
	const uint32_t parent_at = (PCI_ADDRESS_CELLS + 1) * CELL;
	uint32_t parent_cells;
	size_t entry_bytes;
	int parent;

	if (map.len < parent_at + CELL)
		return STATUS_OK;
	parent = fdt_node_offset_by_phandle(fdt, bits_be32(map.data + parent_at));
	parent_cells = parent < 0 ? UINT32_MAX : cell_of(fdt, parent, "#address-cells", 2);
	if (parent_cells > 2 || cell_of(fdt, parent, "#interrupt-cells", 0) != GIC_CELLS)
		return STATUS_OK; /* no controller that we drive */
	host->route_mask_device = mask.len >= parent_at ? bits_be32(mask.data) : UINT32_MAX;
	host->route_mask_pin = mask.len >= parent_at ? bits_be32(mask.data + PCI_ADDRESS_CELLS * CELL) : UINT32_MAX;
	entry_bytes = parent_at + CELL * (1 + parent_cells + GIC_CELLS);
	if (map.len % entry_bytes != 0)
		return fail(walk, "interrupt-map of the PCI host is malformed");
	for (size_t at = 0; at < map.len && host->route_count < FDT_PCI_ROUTES_MAX; at += entry_bytes) {
		const uint8_t *entry = map.data + at;

		if (bits_be32(entry + parent_at) != bits_be32(map.data + parent_at))
			return STATUS_OK;
		host->routes[host->route_count++] = (struct fdt_pci_route){
			.device = bits_be32(entry),
			.pin = bits_be32(entry + PCI_ADDRESS_CELLS * CELL),
			.interrupt = interrupt_read(span_of(entry + entry_bytes - GIC_CELLS * CELL, GIC_CELLS * CELL)),
		};
	}
	return STATUS_OK;
}

/*
 * msi-map: first requester, controller, first number there, how many. Bus 0 must be in the first entry; that there is one controller
 * alone is what every machine has.
 */
static void messages_read(struct fdt_walk *walk, const void *fdt, struct fdt_pci_host *host)
{
	struct span map = property(walk, fdt, "msi-map");

	if (map.len < 4 * CELL || bits_be32(map.data) != 0 || bits_be32(map.data + 3 * CELL) < PCI_BUS_FUNCTIONS)
		return;
	host->has_messages = true;
	host->message_source = bits_be32(map.data + 2 * CELL);
}

static status_t controller_read(struct fdt_walk *walk, struct fdt_io *io, enum fdt_messages kind)
{
	status_t status;

	if (io->messages != FDT_MESSAGES_NONE)
		return STATUS_OK;
	status = fdt_bus_reg(walk, 0, &io->message_registers);
	if (status == STATUS_OK)
		io->messages = kind;
	return status == STATUS_ENODATA ? STATUS_OK : status;
}

static status_t host_read(struct fdt_walk *walk, const struct reader *reader)
{
	struct fdt_pci_host *host = &reader->io->pci;
	status_t status;

	if (host->ecam.bytes != 0)
		return STATUS_OK;
	status = fdt_bus_reg(walk, 0, &host->ecam);
	if (status != STATUS_OK) {
		host->ecam.bytes = 0;
		return status == STATUS_ENODATA ? STATUS_OK : status;
	}
	messages_read(walk, reader->fdt, host);
	status = windows_read(walk, host);
	return status != STATUS_OK ? status : routes_read(walk, reader->fdt, host);
}

static status_t visit(struct fdt_walk *walk, void *context)
{
	const struct reader *reader = context;

	if (walk->depth == 0 || !fdt_walk_has(walk, walk->depth, FDT_PROPERTY_COMPATIBLE) || !fdt_walk_is_enabled(walk))
		return STATUS_OK;
	if (fdt_walk_has_string(walk, walk->depth, FDT_PROPERTY_COMPATIBLE, "virtio,mmio"))
		return mmio_read(walk, reader->io);
	if (fdt_walk_has_string(walk, walk->depth, FDT_PROPERTY_COMPATIBLE, "pci-host-ecam-generic"))
		return host_read(walk, reader);
	if (fdt_walk_has_string(walk, walk->depth, FDT_PROPERTY_COMPATIBLE, "arm,gic-v2m-frame"))
		return controller_read(walk, reader->io, FDT_MESSAGES_V2M);
	if (fdt_walk_has_string(walk, walk->depth, FDT_PROPERTY_COMPATIBLE, "arm,gic-v3-its"))
		return controller_read(walk, reader->io, FDT_MESSAGES_ITS);
	return STATUS_OK;
}

status_t fdt_io_read(const void *fdt, size_t max_bytes, struct fdt_io *out, const char **why)
{
	struct reader reader = { fdt, out };
	struct fdt_walk walk;
	const char *lie = fdt_judge(fdt, max_bytes);
	status_t status;

	if (lie != NULL) {
		*why = lie;
		return STATUS_EINVAL;
	}
	memset(out, 0, sizeof(*out));
	status = fdt_walk_run(&walk, fdt, visit, &reader);
	if (status != STATUS_OK)
		*why = walk.why;
	return status;
}

struct fdt_interrupt fdt_pci_interrupt(const struct fdt_pci_host *host, uint32_t device, uint32_t pin)
{
	for (uint32_t i = 0; i < host->route_count; i++) {
		const struct fdt_pci_route *route = &host->routes[i];

		if (((route->device ^ device << 11) & host->route_mask_device & 0xff00) == 0 &&
		    ((route->pin ^ pin) & host->route_mask_pin) == 0)
			return route->interrupt;
	}
	return (struct fdt_interrupt){ FDT_INTID_NONE, false };
}
