// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "hal/virtio/mmio.h"

#include <stddef.h>

#include "hal/arm64/io.h"

/* Spec: §4.2.2 "MMIO Device Register Layout". */
#define MAGIC_VALUE 0x000
#define VERSION 0x004
#define DEVICE_ID 0x008
#define DEVICE_FEATURES 0x010
#define DEVICE_FEATURES_SEL 0x014
#define DRIVER_FEATURES 0x020
#define DRIVER_FEATURES_SEL 0x024
#define QUEUE_SEL 0x030
#define QUEUE_NUM_MAX 0x034
#define QUEUE_NUM 0x038
#define QUEUE_READY 0x044
#define QUEUE_NOTIFY 0x050
#define INTERRUPT_STATUS 0x060
#define INTERRUPT_ACK 0x064
#define STATUS 0x070
#define QUEUE_DESC 0x080
#define QUEUE_DRIVER 0x090
#define QUEUE_DEVICE 0x0a0
#define CONFIG_GENERATION 0x0fc
#define CONFIG 0x100

#define MAGIC 0x74726976u /* "virt" */
#define VERSION_LEGACY 1u
#define VERSION_MODERN 2u

static uint8_t mmio_status_read(const struct virtio_device *device)
{
	return (uint8_t)io_read32(device->registers + STATUS);
}

static void mmio_status_write(const struct virtio_device *device, uint8_t status)
{
	io_publish();
	io_write32(device->registers + STATUS, status);
}

static uint64_t mmio_features_read(const struct virtio_device *device)
{
	return virtio_features_get(device->registers + DEVICE_FEATURES_SEL, device->registers + DEVICE_FEATURES);
}

static void mmio_features_write(const struct virtio_device *device, uint64_t features)
{
	virtio_features_put(device->registers + DRIVER_FEATURES_SEL, device->registers + DRIVER_FEATURES, features);
}

static uint16_t mmio_queue_size(const struct virtio_device *device, uint16_t index)
{
	uint32_t most;

	io_write32(device->registers + QUEUE_SEL, index);
	if (io_read32(device->registers + QUEUE_READY) != 0)
		return 0;
	most = io_read32(device->registers + QUEUE_NUM_MAX);
	return most > 0x8000 ? 0x8000 : (uint16_t)most;
}

static status_t mmio_queue_set(const struct virtio_device *device, struct virtio_queue *queue, uint64_t available_pa, uint64_t used_pa)
{
	volatile uint8_t *registers = device->registers;

	io_write32(registers + QUEUE_SEL, queue->index);
	io_write32(registers + QUEUE_NUM, queue->ring.size);
	io_write64_halves(registers + QUEUE_DESC, queue->descriptors_pa);
	io_write64_halves(registers + QUEUE_DRIVER, available_pa);
	io_write64_halves(registers + QUEUE_DEVICE, used_pa);
	io_write32(registers + QUEUE_READY, 1);
	queue->notify = registers + QUEUE_NOTIFY;
	return io_read32(registers + QUEUE_READY) == 1 ? STATUS_OK : STATUS_EIO;
}

static void mmio_queue_notify(const struct virtio_queue *queue)
{
	io_write32(queue->notify, queue->index);
}

static uint32_t mmio_interrupts_take(const struct virtio_device *device)
{
	uint32_t pending = io_read32(device->registers + INTERRUPT_STATUS);

	if (pending != 0)
		io_write32(device->registers + INTERRUPT_ACK, pending);
	io_observe();
	return pending;
}

static const char *mmio_interrupts_begin(struct virtio_device *device)
{
	return virtio_line_begin(device);
}

static uint32_t mmio_config_generation(const struct virtio_device *device)
{
	return io_read32(device->registers + CONFIG_GENERATION);
}

static const struct virtio_transport mmio_transport = {
	.status_read = mmio_status_read,
	.status_write = mmio_status_write,
	.features_read = mmio_features_read,
	.features_write = mmio_features_write,
	.queue_size = mmio_queue_size,
	.queue_set = mmio_queue_set,
	.queue_notify = mmio_queue_notify,
	.interrupts_take = mmio_interrupts_take,
	.interrupts_begin = mmio_interrupts_begin,
	.config_generation = mmio_config_generation,
};

status_t virtio_mmio_look(volatile uint8_t *registers, const struct fdt_virtio_mmio *found, struct virtio_device *out)
{
	uint64_t mapped = HAL_PAGE_BYTES - found->registers.base_pa % HAL_PAGE_BYTES;
	uint64_t bytes = found->registers.bytes < mapped ? found->registers.bytes : mapped;
	uint32_t version;
	uint32_t type;

	if (bytes < CONFIG || found->registers.base_pa % sizeof(uint32_t) != 0)
		return STATUS_EINVAL;
	type = io_read32(registers + DEVICE_ID); /* first: most slots are empty, and each access costs */
	if (type == 0)
		return STATUS_ENODEV;
	if (io_read32(registers + MAGIC_VALUE) != MAGIC)
		return STATUS_EINVAL;
	version = io_read32(registers + VERSION);
	*out = (struct virtio_device){
		.transport = &mmio_transport,
		.type = type,
		.address = found->registers.base_pa,
		.registers = registers,
		.config = registers + CONFIG,
		.config_bytes = (uint32_t)bytes - CONFIG,
		.line = { .intid = found->interrupt.intid, .edge = found->interrupt.edge },
	};
	if (version == VERSION_LEGACY)
		return STATUS_ENOTSUP;
	return version == VERSION_MODERN ? STATUS_OK : STATUS_EINVAL;
}
