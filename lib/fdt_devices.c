// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Devices by compatible string. Spec: Linux bindings arm,gic.yaml, arm,gic-v3.yaml, arm,arch_timer.yaml, psci.yaml, arm,pl011.yaml. */
#include "lib/fdt_devices.h"

#include "lib/bits.h"
#include "lib/fdt_bus.h"
#include "lib/string.h"

#define FDT_INTERRUPT_CELLS 3u

static status_t fdt_fail(struct fdt_walk *walk, const char *why)
{
	walk->why = why;
	return STATUS_EINVAL;
}

static status_t fdt_read_uart(struct fdt_walk *walk, struct fdt_devices *devices, struct fdt_machine *machine)
{
	struct fdt_uart_candidate *uart = &devices->uarts[devices->uart_count];
	status_t status;

	(void)machine;
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

static status_t fdt_read_redistributors(struct fdt_walk *walk, struct fdt_gic *gic)
{
	struct span stride = fdt_walk_property(walk, walk->depth, FDT_PROPERTY_REDISTRIBUTOR_STRIDE);

	gic->redistributor_count = fdt_walk_cell(walk, walk->depth, FDT_PROPERTY_REDISTRIBUTOR_REGIONS, 1);
	if (gic->redistributor_count == 0 || gic->redistributor_count > FDT_REDISTRIBUTOR_MAX)
		return fdt_fail(walk, "interrupt controller has no redistributors or too many regions of them");
	if (stride.len == 8)
		gic->redistributor_stride = bits_be64(stride.data);
	return STATUS_OK;
}

/* Its register ranges are the distributor's, and from `behind` on the CPU interface's or the redistributors'. */
static status_t fdt_read_gic(struct fdt_walk *walk, struct fdt_devices *devices, struct fdt_gic *gic, struct fdt_range *behind, uint32_t behind_count)
{
	struct fdt_range *range = &gic->distributor;

	devices->gic_cells = fdt_walk_cell(walk, walk->depth, FDT_PROPERTY_INTERRUPT_CELLS, FDT_INTERRUPT_CELLS);
	for (uint32_t i = 0; i <= behind_count; i++) {
		status_t status = fdt_bus_reg(walk, i, range);

		if (status == STATUS_ENODATA || (status == STATUS_OK && range->bytes == 0))
			return fdt_fail(walk, "interrupt controller lacks a register range");
		if (status != STATUS_OK)
			return status;
		range = behind++;
	}
	return STATUS_OK;
}

/* Of several GICs the first one counts. */
static status_t fdt_read_gic_v2(struct fdt_walk *walk, struct fdt_devices *devices, struct fdt_machine *machine)
{
	struct fdt_gic *gic = &machine->gic;

	if (gic->version != FDT_GIC_NONE)
		return STATUS_OK;
	gic->version = FDT_GIC_V2;
	return fdt_read_gic(walk, devices, gic, &gic->cpu_interface, 1);
}

static status_t fdt_read_gic_v3(struct fdt_walk *walk, struct fdt_devices *devices, struct fdt_machine *machine)
{
	struct fdt_gic *gic = &machine->gic;
	status_t status;

	if (gic->version != FDT_GIC_NONE)
		return STATUS_OK;
	gic->version = FDT_GIC_V3;
	status = fdt_read_redistributors(walk, gic);
	return status == STATUS_OK ? fdt_read_gic(walk, devices, gic, gic->redistributors, gic->redistributor_count) : status;
}

static status_t fdt_read_timer(struct fdt_walk *walk, struct fdt_devices *devices, struct fdt_machine *machine)
{
	(void)machine;
	devices->timer_interrupts = fdt_walk_property(walk, walk->depth, FDT_PROPERTY_INTERRUPTS);
	return STATUS_OK;
}

static status_t fdt_read_psci(struct fdt_walk *walk, struct fdt_devices *devices, struct fdt_machine *machine)
{
	(void)devices;
	if (fdt_walk_has_string(walk, walk->depth, FDT_PROPERTY_METHOD, "hvc"))
		machine->psci_method = FDT_PSCI_HVC;
	else if (fdt_walk_has_string(walk, walk->depth, FDT_PROPERTY_METHOD, "smc"))
		machine->psci_method = FDT_PSCI_SMC;
	return STATUS_OK;
}

typedef status_t fdt_device_read(struct fdt_walk *walk, struct fdt_devices *devices, struct fdt_machine *machine);

/* By compatible string. */
static const struct {
	const char *name;
	fdt_device_read *read;
} fdt_known_devices[] = {
	{ "arm,pl011", fdt_read_uart },
	{ "arm,gic-v3", fdt_read_gic_v3 },
	{ "arm,cortex-a15-gic", fdt_read_gic_v2 },
	{ "arm,gic-400", fdt_read_gic_v2 },
	{ "arm,armv8-timer", fdt_read_timer },
	{ "arm,psci-1.0", fdt_read_psci },
	{ "arm,psci-0.2", fdt_read_psci },
};

/* Who reads the visited node, by the first of its compatible strings that is known; NULL where none is. */
static fdt_device_read *fdt_identify(const struct fdt_walk *walk)
{
	struct span rest = fdt_walk_property(walk, walk->depth, FDT_PROPERTY_COMPATIBLE);
	struct span string;

	while (fdt_next_string(&rest, &string)) {
		for (size_t i = 0; i < ARRAY_LEN(fdt_known_devices); i++) {
			if (strcmp((const char *)string.data, fdt_known_devices[i].name) == 0)
				return fdt_known_devices[i].read;
		}
	}
	return NULL;
}

status_t fdt_devices_visit(struct fdt_walk *walk, struct fdt_devices *devices, struct fdt_machine *machine)
{
	fdt_device_read *read = fdt_identify(walk);

	return read != NULL && fdt_walk_is_enabled(walk) ? read(walk, devices, machine) : STATUS_OK;
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
