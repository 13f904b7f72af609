// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What every driver with a fiber of its own does alike: is found, starts, stops, listens or polls, and breaks with a device that breaks
 * the rules. A driver's structure begins with a struct virtio_driver and lives in a page.
 *
 * Context of every call: the driver's fiber, but where it says otherwise.
 */
#ifndef HAL_VIRTIO_DRIVER_H
#define HAL_VIRTIO_DRIVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "hal/virtio/device.h"

enum virtio_driver_state {
	VIRTIO_DRIVER_OFF,
	VIRTIO_DRIVER_RUNNING,
	VIRTIO_DRIVER_BROKEN,
};

struct virtio_driver {
	struct virtio_device *device;
	enum virtio_driver_state state;
	_Atomic bool listening; /* W: its fiber; read in interrupt context */
	void (*ready)(void *ctx);
	void *ctx;
	void (*changed)(struct virtio_driver *driver); /* the device's configuration has; or NULL */
	void (*ended)(struct virtio_driver *driver);   /* the device has been reset: what it had is the driver's again; or NULL */
};

/* How many devices of a type there are. */
unsigned virtio_count(uint32_t type);

/*
 * The driver of the device at `index` of those of a type: a page of zeros but for `device`, the first time, when `found` (or NULL) is
 * called with it. NULL where there are not so many, and where memory is out.
 */
struct virtio_driver *virtio_driver_at(uint32_t type, unsigned index, void (*found)(struct virtio_driver *driver));

/* Between virtio_begin() and virtio_queue_begin(): interrupts come to this CPU and call `ready`, while the driver listens. */
void virtio_driver_begin(struct virtio_driver *driver, void (*ready)(void *ctx), void *ctx);

/* The device may work from now on. */
void virtio_driver_go(struct virtio_driver *driver);

/* At a panic, which may have come anywhere in the driver: it is as if it had never been started; the device is not touched. */
void virtio_driver_forget(struct virtio_driver *driver);

/* Resets the device, if it runs. */
void virtio_driver_stop(struct virtio_driver *driver);

/* The device broke the rules: it is reset and reported, and a fiber that listens is told. */
void virtio_driver_break(struct virtio_driver *driver, const char *why);

/* Looks at what the device said of itself; whether it runs after that. */
bool virtio_driver_look(struct virtio_driver *driver);

/* Whether the device runs, after a look at what it said of itself, if anything. */
static inline bool virtio_driver_runs(struct virtio_driver *driver)
{
	if (driver->state != VIRTIO_DRIVER_RUNNING)
		return false;
	return !atomic_load_explicit(&driver->device->config_changed, memory_order_relaxed) || virtio_driver_look(driver);
}

/* Whether `ready` is called from now on. Before queues are told the same. Whether the device runs. */
bool virtio_driver_listen(struct virtio_driver *driver, bool interrupts);

#endif
