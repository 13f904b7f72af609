// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Where devices are looked for: the device tree's transports first, then its PCI host. */
#include <stddef.h>

#include "hal/arm64/tables.h"
#include "hal/irqchip/messages.h"
#include "hal/pci/pvpanic.h"
#include "hal/start.h"
#include "hal/virtio/device.h"
#include "hal/virtio/mmio.h"
#include "hal/virtio/pci.h"
#include "lib/bits.h"
#include "lib/fdt_io.h"
#include "lib/format.h"

enum { DEVICES_MAX = HAL_PAGE_BYTES / sizeof(struct virtio_device), LINE_BYTES = 160 };

const struct hal_device_services *virtio_services;
static struct virtio_device *devices; /* a page of them */
static unsigned device_count;

struct virtio_device *virtio_find(uint32_t type, unsigned index)
{
	for (unsigned i = 0; i < device_count; i++)
		if (devices[i].type == type && index-- == 0)
			return &devices[i];
	return NULL;
}

/* The record that the next device goes to: there always is one, which only those that are too many go to. */
static struct virtio_device *device_next(void)
{
	return &devices[device_count];
}

static void device_add(struct virtio_device *device)
{
	if (device_count == DEVICES_MAX - 1)
		virtio_report(device, true, "is left out: there are too many");
	else if (virtio_reset(device))
		device_count++;
}

/* Transports lie many to the page: each page is mapped once. */
static status_t mmio_probe(const struct fdt_io *io)
{
	uint64_t page_pa = UINT64_MAX;
	volatile uint8_t *page = NULL;

	for (uint32_t i = 0; i < io->mmio_count; i++) {
		uint64_t pa = io->mmio[i].registers.base_pa;
		struct virtio_device *device = device_next();
		status_t status;

		if (bits_align_down(pa, HAL_PAGE_BYTES) != page_pa) {
			page_pa = bits_align_down(pa, HAL_PAGE_BYTES);
			page = tables_map_device_from(page_pa, HAL_PAGE_BYTES, &virtio_services->pages);
			if (page == NULL)
				return STATUS_ENOMEM;
		}
		status = virtio_mmio_look(page + (pa - page_pa), &io->mmio[i], device);
		if (status == STATUS_OK)
			device_add(device);
		else if (status == STATUS_ENOTSUP)
			virtio_report(device, true, "is legacy only: start QEMU with -global virtio-mmio.force-legacy=false");
	}
	return STATUS_OK;
}

static void pci_found(const struct pci_function *function, void *ctx)
{
	struct virtio_device *device = device_next();
	const char *why = NULL;
	status_t status;

	(void)ctx;
	if (pvpanic_look(function, &virtio_services->pages))
		return;
	status = virtio_pci_look(function, &virtio_services->pages, device, &why);
	if (status == STATUS_OK)
		device_add(device);
	else if (status == STATUS_ENOTSUP)
		virtio_report(device, true, "is legacy only: start QEMU without disable-modern=on");
	else if (status != STATUS_ENODEV)
		virtio_report(device, true, why);
}

static status_t pci_probe(const struct fdt_io *io)
{
	struct pci_bus bus;
	status_t status;

	if (io->pci.ecam.bytes == 0)
		return STATUS_OK;
	irqchip_messages_init(io, virtio_services);
	status = pci_bus_init(&bus, &io->pci, &virtio_services->pages);
	if (status == STATUS_OK)
		pci_bus_scan(&bus, pci_found, NULL);
	return status;
}

static status_t tree_probe(struct fdt_io *io)
{
	const char *why = NULL;
	size_t bytes;
	const void *tree = hal_device_tree(&bytes);
	status_t status = fdt_io_read(tree, bytes, io, &why);
	char line[LINE_BYTES];

	if (status != STATUS_OK) {
		(void)format_print(line, sizeof(line), "virtio: cannot read the device tree: %s", why);
		virtio_services->report(true, line);
		return STATUS_EINVAL;
	}
	status = mmio_probe(io);
	return status != STATUS_OK ? status : pci_probe(io);
}

status_t hal_virtio_probe(const struct hal_device_services *services)
{
	const struct hal_page_source *pages = &services->pages;
	uint64_t devices_pa;
	uint64_t io_pa;
	status_t status;

	static_assert(sizeof(struct fdt_io) <= HAL_PAGE_BYTES, "it is read into a page");
	if (devices != NULL)
		return STATUS_OK;
	devices_pa = pages->alloc(pages->ctx);
	io_pa = pages->alloc(pages->ctx);
	if (devices_pa != 0 && io_pa != 0) {
		virtio_services = services;
		devices = hal_direct_va(devices_pa);
		status = tree_probe(hal_direct_va(io_pa));
	} else {
		status = STATUS_ENOMEM;
	}
	if (devices == NULL && devices_pa != 0)
		pages->free(pages->ctx, devices_pa);
	if (io_pa != 0)
		pages->free(pages->ctx, io_pa);
	return status;
}
