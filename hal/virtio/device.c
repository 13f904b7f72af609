// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "hal/virtio/device.h"

#include <stddef.h>

#include "hal/arm64/io.h"
#include "hal/contract/cpu.h"
#include "hal/contract/smp.h"
#include "hal/contract/timer.h"
#include "lib/bits.h"
#include "lib/format.h"
#include "lib/string.h"

#define RESET_NS 1000000000ull /* patience; a device answers at once, or after its last transfer */
#define CONFIG_TRIES 16
#define INTERRUPT_TRIES 16
#define LINE_BYTES 160

const char *virtio_type_name(uint32_t type)
{
	static const char *const names[] = { [1] = "net", [2] = "block", [3] = "console", [4] = "entropy", [5] = "balloon", [8] = "scsi",
					     [9] = "9p", [16] = "gpu", [18] = "input", [19] = "vsock", [26] = "fs" };

	return type < ARRAY_LEN(names) && names[type] != NULL ? names[type] : "device";
}

void virtio_report(const struct virtio_device *device, bool problem, const char *text)
{
	const char *type = virtio_type_name(device->type);
	char line[LINE_BYTES];

	if (device->pci_config != NULL)
		(void)format_print(line, sizeof(line), "virtio: %s at pci 0:%llu.%llu %s", type,
				   (unsigned long long)(device->address >> 3), (unsigned long long)(device->address & 7), text);
	else
		(void)format_print(line, sizeof(line), "virtio: %s at 0x%llx %s", type, (unsigned long long)device->address, text);
	virtio_services->report(problem, line);
}

bool virtio_reset(const struct virtio_device *device)
{
	uint64_t deadline = hal_timer_now_ns() + RESET_NS;

	device->transport->status_write(device, 0);
	while (device->transport->status_read(device) != 0) {
		if (hal_timer_now_ns() > deadline) {
			virtio_report(device, true, "does not end its reset");
			return false;
		}
		hal_cpu_relax();
	}
	return true;
}

static status_t begin_failed(const struct virtio_device *device, const char *why)
{
	virtio_report(device, true, why);
	device->transport->status_write(device, VIRTIO_STATUS_FAILED);
	return STATUS_EIO;
}

status_t virtio_begin(struct virtio_device *device, uint64_t wanted)
{
	const struct virtio_transport *transport = device->transport;
	uint8_t status = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER;

	if (!virtio_reset(device))
		return STATUS_EIO;
	atomic_store_explicit(&device->config_changed, false, memory_order_relaxed);
	transport->status_write(device, VIRTIO_STATUS_ACKNOWLEDGE);
	transport->status_write(device, status);
	device->features = transport->features_read(device) & (wanted | VIRTIO_F_VERSION_1);
	if (!(device->features & VIRTIO_F_VERSION_1))
		return begin_failed(device, "is no device of version 1");
	transport->features_write(device, device->features);
	status |= VIRTIO_STATUS_FEATURES_OK;
	transport->status_write(device, status);
	if ((transport->status_read(device) & (VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_FAILED)) != VIRTIO_STATUS_FEATURES_OK)
		return begin_failed(device, "wants features that are not known here");
	return STATUS_OK;
}

uint64_t virtio_features_get(volatile uint8_t *select, const volatile uint8_t *at)
{
	uint64_t low;

	io_write32(select, 0);
	low = io_read32(at);
	io_write32(select, 1);
	return low | (uint64_t)io_read32(at) << 32;
}

void virtio_features_put(volatile uint8_t *select, volatile uint8_t *at, uint64_t features)
{
	io_write32(select, 0);
	io_write32(at, (uint32_t)features);
	io_write32(select, 1);
	io_write32(at, (uint32_t)(features >> 32));
}

static bool queue_memory_take(struct virtio_queue *queue)
{
	const struct hal_page_source *pages = &virtio_services->pages;
	uint64_t *all[] = { &queue->descriptors_pa, &queue->rings_pa, &queue->slots_pa };

	for (unsigned i = 0; i < ARRAY_LEN(all); i++)
		if (*all[i] == 0 && (*all[i] = pages->alloc(pages->ctx)) == 0)
			return false;
	return true;
}

/*
 * Of a machine with one CPU QEMU before 8.1 leaves out barriers (its commit c914d46d0a64), and its devices work in threads of their own. It reads
 * the counter under the lock that they hold.
 */
static void fence_of_one_cpu(void)
{
	(void)hal_timer_now_ns();
}

status_t virtio_queue_begin(struct virtio_device *device, struct virtio_queue *queue, uint16_t index, uint16_t limit)
{
	uint16_t most = device->transport->queue_size(device, index);
	uint16_t size = limit;
	uint64_t used_pa;

	static_assert(VIRTQUEUE_SIZE_MAX * sizeof(struct virtq_desc) <= HAL_PAGE_BYTES &&
		      VIRTQUEUE_SIZE_MAX * sizeof(struct virtqueue_slot) <= HAL_PAGE_BYTES, "a page each");
	static_assert(4 + 2 * (VIRTQUEUE_SIZE_MAX + 1) <= HAL_PAGE_BYTES / 4 && 4 + 8 * VIRTQUEUE_SIZE_MAX + 2 <= HAL_PAGE_BYTES * 3 / 4,
		      "both rings in a page");
	while (size > most)
		size /= 2;
	if (size < 2)
		return begin_failed(device, "lacks a queue");
	if (!queue_memory_take(queue))
		return STATUS_ENOMEM;
	used_pa = queue->rings_pa + HAL_PAGE_BYTES / 4;
	virtqueue_init(&queue->ring, size, hal_direct_va(queue->descriptors_pa), hal_direct_va(queue->rings_pa), hal_direct_va(used_pa),
		       hal_direct_va(queue->slots_pa), device->features & VIRTIO_F_EVENT_IDX);
	queue->ring.fence = hal_cpu_count() == 1 ? fence_of_one_cpu : NULL;
	queue->index = index;
	if (device->transport->queue_set(device, queue, queue->rings_pa, used_pa) != STATUS_OK)
		return begin_failed(device, "does not take a queue");
	return STATUS_OK;
}

void virtio_go(struct virtio_device *device)
{
	device->transport->status_write(device, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK |
							VIRTIO_STATUS_DRIVER_OK);
}

void virtio_queue_show(const struct virtio_device *device, struct virtio_queue *queue)
{
	if (virtqueue_publish(&queue->ring)) {
		io_publish();
		device->transport->queue_notify(queue);
	}
}

/*
 * A line that is triggered by edges gives another one only after all that it stands for has been answered: so it is looked
 * again, a bounded number of times. One that is triggered by level comes again by itself.
 */
static bool interrupt(void *ctx)
{
	struct virtio_device *device = ctx;
	uint32_t all = 0;
	uint32_t some;

	for (unsigned i = 0; i < INTERRUPT_TRIES && (some = device->transport->interrupts_take(device)) != 0; i++) {
		all |= some;
		if (!device->line.edge)
			break;
	}
	if (all & VIRTIO_INTERRUPT_CONFIG)
		atomic_store_explicit(&device->config_changed, true, memory_order_release); /* pairs with virtio_config_check() */
	if (all != 0)
		device->interrupted(device->driver);
	return all != 0;
}

bool virtio_message_config(void *ctx)
{
	struct virtio_device *device = ctx;

	atomic_store_explicit(&device->config_changed, true, memory_order_release); /* pairs with virtio_config_check() */
	device->interrupted(device->driver);
	return true;
}

bool virtio_message_queues(void *ctx)
{
	struct virtio_device *device = ctx;

	io_observe();
	device->interrupted(device->driver);
	return true;
}

const char *virtio_line_begin(struct virtio_device *device)
{
	if (device->line.intid == FDT_INTID_NONE)
		return "has no interrupt: War alone serves it";
	device->line.handler = interrupt;
	device->line.ctx = device;
	irqchip_attach(&device->line);
	return "interrupts by a line";
}

void virtio_interrupts_begin(struct virtio_device *device)
{
	virtio_report(device, false, device->transport->interrupts_begin(device));
}

status_t virtio_config_check(struct virtio_device *device, bool *changed)
{
	*changed = false;
	if (!atomic_load_explicit(&device->config_changed, memory_order_relaxed))
		return STATUS_OK;
	/* Pairs with interrupt(): what made it interrupt is read afterwards. */
	*changed = atomic_exchange_explicit(&device->config_changed, false, memory_order_acquire);
	return device->transport->status_read(device) & VIRTIO_STATUS_NEEDS_RESET ? STATUS_EIO : STATUS_OK;
}

/* Fields are read as wide as they are (§4.1.3.1, §4.2.2.2); one of another width is an array of bytes. */
static void field_read(const volatile uint8_t *at, void *to, uint32_t bytes)
{
	uint16_t half;
	uint32_t word;

	if (bytes == sizeof(half)) {
		half = io_read16(at);
		memcpy(to, &half, sizeof(half));
	} else if (bytes == sizeof(word)) {
		word = io_read32(at);
		memcpy(to, &word, sizeof(word));
	} else if (bytes == 2 * sizeof(word)) {
		for (uint32_t i = 0; i < bytes; i += sizeof(word))
			field_read(at + i, (uint8_t *)to + i, sizeof(word));
	} else {
		for (uint32_t i = 0; i < bytes; i++)
			((uint8_t *)to)[i] = io_read8(at + i);
	}
}

bool virtio_config_read(const struct virtio_device *device, uint32_t offset, void *to, uint32_t bytes)
{
	if (device->config == NULL || offset > device->config_bytes || bytes > device->config_bytes - offset)
		return false;
	for (unsigned i = 0; i < CONFIG_TRIES; i++) {
		uint32_t before = device->transport->config_generation(device);

		field_read(device->config + offset, to, bytes);
		if (device->transport->config_generation(device) == before)
			return true;
	}
	return false;
}
