// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Devices by compatible string. Spec: Linux bindings arm,gic.yaml, arm,gic-v3.yaml, arm,arch_timer.yaml, psci.yaml, arm,pl011.yaml. */
#include "lib/fdt_devices.h"

#include "lib/bits.h"
#include "lib/fdt_bus.h"
#include "lib/string.h"

#define FDT_INTERRUPT_CELLS 3u

enum fdt_device {
	FDT_DEVICE_OTHER,
	FDT_DEVICE_UART,
	FDT_DEVICE_GIC_V2,
	FDT_DEVICE_GIC_V3,
	FDT_DEVICE_TIMER,
	FDT_DEVICE_PSCI,
};

/* Compatible strings. */
static const struct {
	const char *name;
	enum fdt_device device;
} fdt_known_devices[] = {
	{ "arm,pl011", FDT_DEVICE_UART },
	{ "arm,gic-v3", FDT_DEVICE_GIC_V3 },
	{ "arm,cortex-a15-gic", FDT_DEVICE_GIC_V2 },
	{ "arm,gic-400", FDT_DEVICE_GIC_V2 },
	{ "arm,armv8-timer", FDT_DEVICE_TIMER },
	{ "arm,psci-1.0", FDT_DEVICE_PSCI },
	{ "arm,psci-0.2", FDT_DEVICE_PSCI },
};

static status_t fdt_fail(struct fdt_walk *walk, const char *why)
{
	walk->why = why;
	return STATUS_EINVAL;
}

static status_t fdt_read_uart(struct fdt_walk *walk, struct fdt_devices *devices)
{
	struct fdt_uart_candidate *uart = &devices->uarts[devices->uart_count];
	status_t status;

	if (devices->uart_count == FDT_UART_CANDIDATES)
		return STATUS_OK;
	status = fdt_bus_reg(walk, 0, &uart->registers);
	if (status != STATUS_OK)
		return status == STATUS_ENODATA ? STATUS_OK : status;
	if (uart->registers.bytes == 0)
		return fdt_fail(walk, "uart without registers");
	uart->node = fdt_walk_node(walk);
	uart->interrupts = fdt_walk_property(walk, walk->depth, FDT_PROPERTY_INTERRUPTS);
	devices->uart_count++;
	return STATUS_OK;
}

/* Fetches range `index` of the GIC, which must be there. */
static status_t fdt_read_gic_range(struct fdt_walk *walk, uint32_t index, struct fdt_range *range)
{
	status_t status = fdt_bus_reg(walk, index, range);

	if (status == STATUS_ENODATA || (status == STATUS_OK && range->bytes == 0))
		return fdt_fail(walk, "interrupt controller lacks a register range");
	return status;
}

static status_t fdt_read_gic(struct fdt_walk *walk, struct fdt_devices *devices, struct fdt_gic *gic,
			     enum fdt_gic_version version)
{
	struct span stride = fdt_walk_property(walk, walk->depth, FDT_PROPERTY_REDISTRIBUTOR_STRIDE);
	status_t status;

	if (gic->version != FDT_GIC_NONE)
		return STATUS_OK; /* the first one counts */
	gic->version = version;
	devices->gic_cells = fdt_walk_cell(walk, walk->depth, FDT_PROPERTY_INTERRUPT_CELLS, FDT_INTERRUPT_CELLS);
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

/* What the visited node is, by the first of its compatible strings that is known. */
static enum fdt_device fdt_identify(const struct fdt_walk *walk)
{
	struct span rest = fdt_walk_property(walk, walk->depth, FDT_PROPERTY_COMPATIBLE);
	struct span string;

	while (fdt_next_string(&rest, &string)) {
		for (size_t i = 0; i < ARRAY_LEN(fdt_known_devices); i++) {
			if (strcmp((const char *)string.data, fdt_known_devices[i].name) == 0)
				return fdt_known_devices[i].device;
		}
	}
	return FDT_DEVICE_OTHER;
}

status_t fdt_devices_visit(struct fdt_walk *walk, struct fdt_devices *devices, struct fdt_machine *machine)
{
	enum fdt_device device = fdt_identify(walk);

	if (device == FDT_DEVICE_OTHER || !fdt_walk_is_enabled(walk))
		return STATUS_OK;
	switch (device) {
	case FDT_DEVICE_UART:
		return fdt_read_uart(walk, devices);
	case FDT_DEVICE_GIC_V2:
		return fdt_read_gic(walk, devices, &machine->gic, FDT_GIC_V2);
	case FDT_DEVICE_GIC_V3:
		return fdt_read_gic(walk, devices, &machine->gic, FDT_GIC_V3);
	case FDT_DEVICE_TIMER:
		devices->timer_interrupts = fdt_walk_property(walk, walk->depth, FDT_PROPERTY_INTERRUPTS);
		return STATUS_OK;
	case FDT_DEVICE_PSCI:
		fdt_read_psci(walk, machine);
		return STATUS_OK;
	default:
		return STATUS_OK;
	}
}

/* Interrupt `index` as the GIC numbers it. Spec: Linux binding arm,gic.yaml, "#interrupt-cells". */
static uint32_t fdt_interrupt_id(const struct fdt_devices *devices, struct span interrupts, uint32_t index)
{
	const uint32_t cells = devices->gic_cells == 0 ? FDT_INTERRUPT_CELLS : devices->gic_cells;
	struct span entry;
	uint32_t number;

	if (cells < FDT_INTERRUPT_CELLS || cells > 4 || !span_sub(interrupts, (uint64_t)index * cells * 4, cells * 4, &entry))
		return FDT_INTID_NONE;
	number = bits_be32(entry.data + 4);
	if (bits_be32(entry.data) == 1)
		return number < 16 ? 16 + number : FDT_INTID_NONE;
	return bits_be32(entry.data) == 0 && number < 988 ? 32 + number : FDT_INTID_NONE;
}

void fdt_devices_finish(const struct fdt_devices *devices, int console, struct fdt_machine *machine)
{
	const struct fdt_uart_candidate *uart = &devices->uarts[0];

	for (uint32_t i = 0; i < FDT_TIMER_INTERRUPTS; i++)
		machine->timer_intid[i] = fdt_interrupt_id(devices, devices->timer_interrupts, i);
	if (devices->uart_count == 0)
		return;
	for (size_t i = 1; i < devices->uart_count; i++) {
		if (devices->uarts[i].node == console)
			uart = &devices->uarts[i];
	}
	machine->uart.registers = uart->registers;
	machine->uart.intid = fdt_interrupt_id(devices, uart->interrupts, 0);
}
