// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A virtio device, whatever it is reached through: found, reset, agreed on features with, given queues. A driver owns it.
 *
 * Spec: virtio 1.2 §2.1 "Device Status Field", §2.2 "Feature Bits", §3.1 "Device Initialization".
 */
#ifndef HAL_VIRTIO_DEVICE_H
#define HAL_VIRTIO_DEVICE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "hal/contract/virtio.h"
#include "hal/irqchip/irqchip.h"
#include "lib/status.h"
#include "lib/virtqueue.h"

#define VIRTIO_TYPE_NET 1u
#define VIRTIO_TYPE_BLOCK 2u
#define VIRTIO_TYPE_CONSOLE 3u
#define VIRTIO_TYPE_ENTROPY 4u
#define VIRTIO_TYPE_NINEP 9u

#define VIRTIO_STATUS_ACKNOWLEDGE 1u
#define VIRTIO_STATUS_DRIVER 2u
#define VIRTIO_STATUS_DRIVER_OK 4u
#define VIRTIO_STATUS_FEATURES_OK 8u
#define VIRTIO_STATUS_NEEDS_RESET 64u
#define VIRTIO_STATUS_FAILED 128u

#define VIRTIO_F_INDIRECT_DESC (1ull << 28)
#define VIRTIO_F_EVENT_IDX (1ull << 29)
#define VIRTIO_F_VERSION_1 (1ull << 32)

#define VIRTIO_INTERRUPT_QUEUE 1u
#define VIRTIO_INTERRUPT_CONFIG 2u

/* Messages of a device that has them: one for its configuration, one for all queues. */
#define VIRTIO_MESSAGE_CONFIG 0u
#define VIRTIO_MESSAGE_QUEUES 1u
#define VIRTIO_MESSAGES 2u

struct virtio_device;

struct virtio_queue {
	struct virtqueue ring;
	volatile void *notify; /* where the device is told of new chains */
	uint16_t index;
	uint64_t descriptors_pa, rings_pa, slots_pa; /* a page each; 0: not taken yet */
};

/* One way to reach a device. */
struct virtio_transport {
	uint8_t (*status_read)(const struct virtio_device *device);
	void (*status_write)(const struct virtio_device *device, uint8_t status); /* 0 resets */
	uint64_t (*features_read)(const struct virtio_device *device);
	void (*features_write)(const struct virtio_device *device, uint64_t features);
	uint16_t (*queue_size)(const struct virtio_device *device, uint16_t index); /* the largest; 0: there is no such queue */
	/* Tells the device of a queue's memory, switches it on and finds queue->notify. */
	status_t (*queue_set)(const struct virtio_device *device, struct virtio_queue *queue, uint64_t available_pa, uint64_t used_pa);
	void (*queue_notify)(const struct virtio_queue *queue);
	uint32_t (*interrupts_take)(const struct virtio_device *device); /* bits of VIRTIO_INTERRUPT_*, which are then answered */
	/* Interrupts come to this CPU from now on: by messages where they can, else by the line. Returns how, for people. */
	const char *(*interrupts_begin)(struct virtio_device *device);
	uint32_t (*config_generation)(const struct virtio_device *device);
};

struct virtio_device {
	const struct virtio_transport *transport;
	uint32_t type;        /* VIRTIO_TYPE_* */
	uint64_t address;     /* for people: of its registers; PCI: device number << 3 | function */
	volatile uint8_t *registers; /* mmio: all of them; PCI: the common configuration */
	volatile uint8_t *isr, *notify; /* PCI */
	uint32_t notify_bytes, notify_multiplier; /* PCI */
	volatile uint8_t *pci_config; /* PCI: its configuration space; else NULL */
	volatile uint8_t *messages;   /* PCI: MSI-X table, of VIRTIO_MESSAGES or more; NULL: there is none */
	volatile uint8_t *messages_control;
	uint32_t message_source;      /* the number that its messages carry */
	bool messages_on;
	struct irqchip_line message_lines[VIRTIO_MESSAGES];
	volatile uint8_t *config; /* of its type; NULL: there is none */
	uint32_t config_bytes;
	uint64_t features;    /* agreed on */
	void *driver;         /* W: the driver; NULL: none has taken it */
	struct irqchip_line line;
	void (*interrupted)(void *driver);  /* W: the driver. Context: interrupt */
	_Atomic bool config_changed;        /* W: the interrupt sets it, the driver clears it */
};

/* What hal_virtio_probe() was given. */
extern const struct hal_device_services *virtio_services;

/* The device at `index` of those of a type; NULL where there are not so many. */
struct virtio_device *virtio_find(uint32_t type, unsigned index);

/* Reports "virtio: <type> at <address> <text>". */
void virtio_report(const struct virtio_device *device, bool problem, const char *text);

/* "net", "entropy", ..., or "device". */
const char *virtio_type_name(uint32_t type);

/*
 * Resets the device and agrees on features: those of `wanted` that it offers, version 1 among them. Then come its queues, then
 * virtio_go(). STATUS_EIO where it does not take part: reported, and it is left alone.
 */
MUST_CHECK status_t virtio_begin(struct virtio_device *device, uint64_t wanted);

/*
 * Sets up queue `index`, empty, of at most `limit` descriptors, a power of two. Its memory is taken once and used again after a reset.
 * STATUS_ENOMEM; STATUS_EIO, reported, where the device has no such queue.
 */
MUST_CHECK status_t virtio_queue_begin(struct virtio_device *device, struct virtio_queue *queue, uint16_t index, uint16_t limit);

/* The device may work from now on. */
void virtio_go(struct virtio_device *device);

/* Shows the device what was added, something, and tells it where it wants to be told. */
void virtio_queue_show(const struct virtio_device *device, struct virtio_queue *queue);

/* The same, where something was added. */
static inline void virtio_queue_publish(const struct virtio_device *device, struct virtio_queue *queue)
{
	if (queue->ring.next_available != queue->ring.published)
		virtio_queue_show(device, queue);
}

/* Its interrupts come to this CPU, and call device->interrupted. Between virtio_begin() and virtio_queue_begin(). */
void virtio_interrupts_begin(struct virtio_device *device);

/* Attaches device->line, where there is one. Returns how interrupts come, for people. */
const char *virtio_line_begin(struct virtio_device *device);

/* The handlers of the two messages. Context: interrupt. */
bool virtio_message_config(void *device);
bool virtio_message_queues(void *device);

/* Resets it and waits until it is. False, and reported, where that takes too long: it may still reach the memory it was given. */
bool virtio_reset(const struct virtio_device *device);

/* Features, 32 bits at a time behind a register that selects which. */
uint64_t virtio_features_get(volatile uint8_t *select, const volatile uint8_t *at);
void virtio_features_put(volatile uint8_t *select, volatile uint8_t *at, uint64_t features);

/* Whether its configuration has changed since this was last asked; STATUS_EIO where it says that it needs a reset. */
MUST_CHECK status_t virtio_config_check(struct virtio_device *device, bool *changed);

/* Reads a field of its configuration: 2, 4 or 8 bytes, aligned, or an array of bytes. False where it is not there. Spec: §2.5.1. */
bool virtio_config_read(const struct virtio_device *device, uint32_t offset, void *to, uint32_t bytes);

#endif
