// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "hal/virtio/pci.h"

#include <stddef.h>

#include "hal/arm64/io.h"
#include "hal/arm64/tables.h"
#include "hal/irqchip/messages.h"
#include "lib/virtio_pci.h"

/* Spec: §4.1.4.3 "Common configuration structure layout". */
#define DEVICE_FEATURE_SELECT 0x00
#define DEVICE_FEATURE 0x04
#define DRIVER_FEATURE_SELECT 0x08
#define DRIVER_FEATURE 0x0c
#define CONFIG_MSIX_VECTOR 0x10
#define NUM_QUEUES 0x12
#define DEVICE_STATUS 0x14
#define CONFIG_GENERATION 0x15
#define QUEUE_SELECT 0x16
#define QUEUE_SIZE 0x18
#define QUEUE_MSIX_VECTOR 0x1a
#define QUEUE_ENABLE 0x1c
#define QUEUE_NOTIFY_OFF 0x1e
#define QUEUE_DESC 0x20
#define QUEUE_DRIVER 0x28
#define QUEUE_DEVICE 0x30

#define PLACE_BYTES_MAX 0x10000u /* of a structure that is mapped; what lies beyond is of no use to us */

static uint8_t pci_status_read(const struct virtio_device *device)
{
	return io_read8(device->registers + DEVICE_STATUS);
}

static void pci_status_write(const struct virtio_device *device, uint8_t status)
{
	io_publish();
	io_write8(device->registers + DEVICE_STATUS, status);
}

static uint64_t pci_features_read(const struct virtio_device *device)
{
	return virtio_features_get(device->registers + DEVICE_FEATURE_SELECT, device->registers + DEVICE_FEATURE);
}

static void pci_features_write(const struct virtio_device *device, uint64_t features)
{
	virtio_features_put(device->registers + DRIVER_FEATURE_SELECT, device->registers + DRIVER_FEATURE, features);
}

static uint16_t pci_queue_size(const struct virtio_device *device, uint16_t index)
{
	if (index >= io_read16(device->registers + NUM_QUEUES))
		return 0;
	io_write16(device->registers + QUEUE_SELECT, index);
	return io_read16(device->registers + QUEUE_SIZE);
}

static status_t pci_queue_set(const struct virtio_device *device, struct virtio_queue *queue, uint64_t available_pa, uint64_t used_pa)
{
	volatile uint8_t *registers = device->registers;
	uint64_t offset;

	io_write16(registers + QUEUE_SELECT, queue->index);
	offset = (uint64_t)io_read16(registers + QUEUE_NOTIFY_OFF) * device->notify_multiplier;
	if (offset + sizeof(uint16_t) > device->notify_bytes)
		return STATUS_EIO;
	io_write16(registers + QUEUE_SIZE, queue->ring.size);
	io_write64_halves(registers + QUEUE_DESC, queue->descriptors_pa);
	io_write64_halves(registers + QUEUE_DRIVER, available_pa);
	io_write64_halves(registers + QUEUE_DEVICE, used_pa);
	if (device->messages_on) {
		io_write16(registers + QUEUE_MSIX_VECTOR, VIRTIO_MESSAGE_QUEUES);
		if (io_read16(registers + QUEUE_MSIX_VECTOR) != VIRTIO_MESSAGE_QUEUES)
			return STATUS_EIO; /* §4.1.5.1.2.2: it has no resources for that */
	}
	io_write16(registers + QUEUE_ENABLE, 1);
	queue->notify = device->notify + offset;
	return io_read16(registers + QUEUE_ENABLE) == 1 ? STATUS_OK : STATUS_EIO;
}

static void pci_queue_notify(const struct virtio_queue *queue)
{
	io_write16(queue->notify, queue->index);
}

static uint32_t pci_interrupts_take(const struct virtio_device *device)
{
	uint32_t pending = io_read8(device->isr); /* reading answers (§4.1.4.5) */

	io_observe();
	return pending;
}

/* An entry of the table: address, data, mask. Spec: PCI Local Bus 3.0 §6.8.2.6. */
static status_t message_set(struct virtio_device *device, uint32_t index, bool (*handler)(void *ctx))
{
	struct irqchip_line *line = &device->message_lines[index];
	volatile uint8_t *entry = device->messages + PCI_MSIX_ENTRY_BYTES * index;
	struct irqchip_message message;
	status_t status;

	line->handler = handler;
	line->ctx = device;
	status = irqchip_message_attach(line, device->message_source, index, &message);
	if (status != STATUS_OK)
		return status;
	io_write64_halves(entry, message.address);
	io_write32(entry + 8, message.data);
	io_write32(entry + 12, 0);
	return STATUS_OK;
}

static void messages_switch(struct virtio_device *device, bool on)
{
	uint16_t control = io_read16(device->messages_control) & (uint16_t)~(PCI_MSIX_ENABLE | PCI_MSIX_MASK);

	io_write16(device->messages_control, (uint16_t)(control | (on ? PCI_MSIX_ENABLE : 0)));
	device->messages_on = on;
}

static bool messages_begin(struct virtio_device *device)
{
	if (device->messages == NULL || message_set(device, VIRTIO_MESSAGE_CONFIG, virtio_message_config) != STATUS_OK ||
	    message_set(device, VIRTIO_MESSAGE_QUEUES, virtio_message_queues) != STATUS_OK)
		return false;
	messages_switch(device, true);
	io_write16(device->registers + CONFIG_MSIX_VECTOR, VIRTIO_MESSAGE_CONFIG);
	return io_read16(device->registers + CONFIG_MSIX_VECTOR) == VIRTIO_MESSAGE_CONFIG;
}

static const char *pci_interrupts_begin(struct virtio_device *device)
{
	if (messages_begin(device))
		return "interrupts by messages";
	if (device->messages != NULL)
		messages_switch(device, false);
	if (device->line.intid != FDT_INTID_NONE)
		pci_pin_enable(device->pci_config);
	return virtio_line_begin(device);
}

static uint32_t pci_config_generation(const struct virtio_device *device)
{
	return io_read8(device->registers + CONFIG_GENERATION);
}

static const struct virtio_transport pci_transport = {
	.status_read = pci_status_read,
	.status_write = pci_status_write,
	.features_read = pci_features_read,
	.features_write = pci_features_write,
	.queue_size = pci_queue_size,
	.queue_set = pci_queue_set,
	.queue_notify = pci_queue_notify,
	.interrupts_take = pci_interrupts_take,
	.interrupts_begin = pci_interrupts_begin,
	.config_generation = pci_config_generation,
};

static volatile uint8_t *place_map(const struct pci_memory *memory, const struct virtio_pci_place *place,
				   const struct hal_page_source *pages)
{
	uint32_t bytes = place->bytes < PLACE_BYTES_MAX ? place->bytes : PLACE_BYTES_MAX;

	return bytes == 0 ? NULL : tables_map_device_from(memory->base_pa[place->bar] + place->offset, bytes, pages);
}

static status_t layout_map(const struct virtio_pci_layout *layout, const struct pci_memory *memory, const struct hal_page_source *pages,
			   bool has_messages, struct virtio_device *out, const char **why)
{
	out->registers = place_map(memory, &layout->common, pages);
	out->isr = place_map(memory, &layout->isr, pages);
	out->notify = place_map(memory, &layout->notify, pages);
	out->notify_bytes = layout->notify.bytes < PLACE_BYTES_MAX ? layout->notify.bytes : PLACE_BYTES_MAX;
	out->notify_multiplier = layout->notify_multiplier;
	out->config = place_map(memory, &layout->device, pages);
	out->config_bytes = out->config == NULL ? 0 : layout->device.bytes < PLACE_BYTES_MAX ? layout->device.bytes : PLACE_BYTES_MAX;
	if (has_messages && layout->messages.bytes >= PCI_MSIX_ENTRY_BYTES * VIRTIO_MESSAGES) {
		out->messages = place_map(memory, &layout->messages, pages);
		out->messages_control = out->pci_config + layout->messages_at + PCI_MSIX_CONTROL;
	}
	if (out->registers != NULL && out->isr != NULL && out->notify != NULL)
		return STATUS_OK;
	*why = "cannot be mapped: memory is out";
	return STATUS_ENOMEM;
}

status_t virtio_pci_look(const struct pci_function *function, const struct hal_page_source *pages, struct virtio_device *out,
			 const char **why)
{
	uint8_t config[PCI_CONFIG_BYTES];
	struct virtio_pci_layout layout;
	struct pci_memory memory;
	struct fdt_interrupt interrupt;
	status_t status;

	if (io_read16(function->config + PCI_VENDOR_ID) != PCI_VENDOR_VIRTIO)
		return STATUS_ENODEV;
	pci_config_copy(function, config);
	if (virtio_pci_type(config) == 0)
		return STATUS_ENODEV;
	interrupt = fdt_pci_interrupt(function->bus->host, function->device, config[PCI_INTERRUPT_PIN]);
	*out = (struct virtio_device){
		.transport = &pci_transport,
		.type = virtio_pci_type(config),
		.address = (uint64_t)function->device << 3 | function->function,
		.pci_config = function->config,
		.line = { .intid = interrupt.intid, .edge = interrupt.edge },
	};
	out->message_source = function->bus->host->message_source + (uint32_t)out->address;
	status = pci_memory_assign(function, &memory);
	if (status != STATUS_OK) {
		*why = "finds no room in the host's windows";
		return status;
	}
	status = virtio_pci_parse(config, memory.bytes, &layout, why);
	if (status != STATUS_OK)
		return status == STATUS_ENODEV ? STATUS_ENOTSUP : status;
	return layout_map(&layout, &memory, pages, function->bus->host->has_messages, out, why);
}
