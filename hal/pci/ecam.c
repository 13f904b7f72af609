// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "hal/pci/ecam.h"

#include <stdbool.h>
#include <stddef.h>

#include "hal/arm64/io.h"
#include "hal/arm64/tables.h"
#include "lib/bits.h"
#include "lib/string.h"

#define DEVICES 32u
#define FUNCTIONS 8u
#define FUNCTION_BYTES 4096u
#define BUS_BYTES (DEVICES * FUNCTIONS * FUNCTION_BYTES)
#define VENDOR_NONE 0xffffu
#define HEADER_MULTIPLE 0x80u
#define COMMAND_IO 1u
#define COMMAND_MEMORY 2u
#define COMMAND_MASTER 4u
#define COMMAND_PIN_OFF 0x400u
#define BAR_IO 1u
#define BAR_WIDTH 6u
#define BAR_WIDTH_64 4u
#define BAR_FLAGS 0xfu
#define BAR_32_END 0x100000000ull

status_t pci_bus_init(struct pci_bus *bus, const struct fdt_pci_host *host, const struct hal_page_source *pages)
{
	*bus = (struct pci_bus){ .host = host };
	bus->ecam = tables_map_device_from(host->ecam.base_pa, host->ecam.bytes < BUS_BYTES ? host->ecam.bytes : BUS_BYTES, pages);
	for (uint32_t i = 0; i < host->window_count; i++)
		bus->window_end[i] = host->windows[i].bus_address + host->windows[i].cpu.bytes;
	return bus->ecam == NULL ? STATUS_ENOMEM : STATUS_OK;
}

void pci_bus_scan(struct pci_bus *bus, void (*found)(const struct pci_function *function, void *ctx), void *ctx)
{
	uint64_t bytes = bus->host->ecam.bytes;

	for (uint8_t device = 0; device < DEVICES; device++) {
		unsigned functions = 1;

		for (uint8_t function = 0; function < functions; function++) {
			uint64_t offset = (uint64_t)(device * FUNCTIONS + function) * FUNCTION_BYTES;
			struct pci_function here = { bus, bus->ecam + offset, device, function };

			if (offset + FUNCTION_BYTES > bytes)
				return;
			if (io_read16(here.config + PCI_VENDOR_ID) == VENDOR_NONE)
				continue;
			if (function == 0 && io_read8(here.config + PCI_HEADER_TYPE) & HEADER_MULTIPLE)
				functions = FUNCTIONS;
			found(&here, ctx);
		}
	}
}

void pci_config_copy(const struct pci_function *function, uint8_t out[PCI_CONFIG_BYTES])
{
	for (uint32_t at = 0; at < PCI_CONFIG_BYTES; at += 4) {
		uint32_t word = io_read32(function->config + at);

		memcpy(out + at, &word, sizeof(word));
	}
}

struct bar {
	uint64_t value; /* address and flags */
	uint64_t bytes; /* 0: none, or I/O ports */
	bool wide;
};

/* Reads base address register `index` and how much it decodes. Decoding is off meanwhile. */
static struct bar bar_read(volatile uint8_t *config, unsigned index)
{
	volatile uint8_t *at = config + PCI_BAR0 + 4 * index;
	struct bar bar = { .value = io_read32(at) };
	uint64_t mask;

	if (bar.value & BAR_IO)
		return bar;
	bar.wide = (bar.value & BAR_WIDTH) == BAR_WIDTH_64 && index + 1 < PCI_BARS;
	io_write32(at, UINT32_MAX);
	mask = io_read32(at) & ~(uint64_t)BAR_FLAGS;
	io_write32(at, (uint32_t)bar.value);
	if (bar.wide) {
		uint32_t high = io_read32(at + 4);

		io_write32(at + 4, UINT32_MAX);
		mask |= (uint64_t)io_read32(at + 4) << 32;
		io_write32(at + 4, high);
		bar.value |= (uint64_t)high << 32;
	} else if (mask != 0) {
		mask |= ~(uint64_t)UINT32_MAX;
	}
	bar.bytes = mask & -mask; /* the lowest bit that can be set */
	return bar;
}

/* The window that a piece of bus memory is in; NULL where none. */
static const struct fdt_pci_window *window_of(const struct pci_bus *bus, uint64_t address, uint64_t bytes)
{
	for (uint32_t i = 0; i < bus->host->window_count; i++) {
		const struct fdt_pci_window *window = &bus->host->windows[i];

		if (address >= window->bus_address && bytes <= window->cpu.bytes && address - window->bus_address <= window->cpu.bytes - bytes)
			return window;
	}
	return NULL;
}

/* A free bus address, aligned to the size; 0 where there is none. Whole pages, so that each is mapped for one device. */
static uint64_t address_take(struct pci_bus *bus, const struct bar *bar)
{
	uint64_t bytes = bits_align_up(bar->bytes, HAL_PAGE_BYTES);

	for (uint32_t i = 0; i < bus->host->window_count; i++) {
		const struct fdt_pci_window *window = &bus->host->windows[i];
		uint64_t end = bus->window_end[i];
		uint64_t address;

		if (bytes > end - window->bus_address)
			continue;
		address = bits_align_down(end - bytes, bytes);
		if (address < window->bus_address || address == 0 || (!bar->wide && address + bytes > BAR_32_END))
			continue;
		bus->window_end[i] = address;
		return address;
	}
	return 0;
}

status_t pci_memory_assign(const struct pci_function *function, struct pci_memory *out)
{
	volatile uint8_t *config = function->config;
	uint16_t command = io_read16(config + PCI_COMMAND);
	status_t status = STATUS_OK;

	*out = (struct pci_memory){ 0 };
	io_write16(config + PCI_COMMAND, (uint16_t)((command & ~(COMMAND_IO | COMMAND_MEMORY | COMMAND_MASTER)) | COMMAND_PIN_OFF));
	for (unsigned i = 0; i < PCI_BARS; i++) {
		struct bar bar = bar_read(config, i);
		uint64_t address = bar.value & ~(uint64_t)BAR_FLAGS;
		const struct fdt_pci_window *window;

		if (bar.bytes != 0) {
			window = command & COMMAND_MEMORY ? window_of(function->bus, address, bar.bytes) : NULL;
			if (window == NULL) {
				address = address_take(function->bus, &bar);
				window = window_of(function->bus, address, bar.bytes);
				io_write32(config + PCI_BAR0 + 4 * i, (uint32_t)address);
				if (bar.wide)
					io_write32(config + PCI_BAR0 + 4 * i + 4, (uint32_t)(address >> 32));
			}
			if (address == 0 || window == NULL)
				status = STATUS_ENOSPC;
			else
				out->base_pa[i] = window->cpu.base_pa + (address - window->bus_address);
			out->bytes[i] = bar.bytes;
		}
		i += bar.wide;
	}
	if (status == STATUS_OK)
		io_write16(config + PCI_COMMAND,
			   (uint16_t)((command & ~COMMAND_IO) | COMMAND_MEMORY | COMMAND_MASTER | COMMAND_PIN_OFF));
	return status;
}

void pci_pin_enable(volatile uint8_t *config)
{
	io_write16(config + PCI_COMMAND, (uint16_t)(io_read16(config + PCI_COMMAND) & ~COMMAND_PIN_OFF));
}
