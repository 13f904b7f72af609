// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "hal/virtio/driver.h"

#include <stddef.h>

#include "hal/virtio/memory.h"

unsigned virtio_count(uint32_t type)
{
	unsigned count = 0;

	while (virtio_find(type, count) != NULL)
		count++;
	return count;
}

struct virtio_driver *virtio_driver_at(uint32_t type, unsigned index, void (*found)(struct virtio_driver *driver))
{
	struct virtio_device *device = virtio_find(type, index);
	struct virtio_driver *driver;
	uint64_t pa;

	if (device == NULL || device->driver != NULL)
		return device == NULL ? NULL : device->driver;
	pa = virtio_page_take();
	if (pa == 0)
		return NULL;
	driver = hal_direct_va(pa);
	driver->device = device;
	if (found != NULL)
		found(driver);
	device->driver = driver;
	return driver;
}

/* Context: interrupt. */
static void interrupted(void *ctx)
{
	struct virtio_driver *driver = ctx;

	/* Pairs with the store in virtio_driver_listen(). */
	if (atomic_load_explicit(&driver->listening, memory_order_acquire))
		driver->ready(driver->ctx);
}

void virtio_driver_begin(struct virtio_driver *driver, void (*ready)(void *ctx), void *ctx)
{
	driver->ready = ready;
	driver->ctx = ctx;
	driver->device->interrupted = interrupted;
	virtio_interrupts_begin(driver->device);
}

void virtio_driver_go(struct virtio_driver *driver)
{
	driver->state = VIRTIO_DRIVER_RUNNING;
	virtio_go(driver->device);
}

void virtio_driver_forget(struct virtio_driver *driver)
{
	atomic_store_explicit(&driver->listening, false, memory_order_relaxed);
	driver->state = VIRTIO_DRIVER_OFF;
}

static void driver_end(struct virtio_driver *driver, enum virtio_driver_state state)
{
	atomic_store_explicit(&driver->listening, false, memory_order_relaxed);
	driver->state = state;
	if (virtio_reset(driver->device) && driver->ended != NULL)
		driver->ended(driver);
}

void virtio_driver_stop(struct virtio_driver *driver)
{
	if (driver->state == VIRTIO_DRIVER_RUNNING)
		driver_end(driver, VIRTIO_DRIVER_OFF);
}

void virtio_driver_break(struct virtio_driver *driver, const char *why)
{
	bool listening = atomic_load_explicit(&driver->listening, memory_order_relaxed);

	virtio_report(driver->device, true, why);
	driver_end(driver, VIRTIO_DRIVER_BROKEN);
	if (listening)
		driver->ready(driver->ctx);
}

bool virtio_driver_look(struct virtio_driver *driver)
{
	bool changed;

	if (virtio_config_check(driver->device, &changed) != STATUS_OK)
		virtio_driver_break(driver, "says that it needs a reset: done");
	else if (changed && driver->changed != NULL)
		driver->changed(driver);
	return driver->state == VIRTIO_DRIVER_RUNNING;
}

bool virtio_driver_listen(struct virtio_driver *driver, bool interrupts)
{
	/*
	 * Pairs with the load in interrupted(): who is called is known before interrupts are wished for, and before the look at what
	 * the device says of itself. What it said before that interrupted in vain.
	 */
	atomic_store_explicit(&driver->listening, interrupts, memory_order_release);
	return virtio_driver_runs(driver);
}
