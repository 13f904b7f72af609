// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What device governors need of the kernel: the scheduler, and a lock for their list. */
#include "hal/contract/cpu.h"
#include "kernel/core/sched.h"
#include "kernel/core/spinlock.h"
#include "kernel/io/device_governor.h"

static struct spinlock lock;
static struct list_node devices = LIST_INIT(devices); /* W: who has the lock */

bool device_governor_polls(const struct device_governor *device)
{
	if (device->governor.mode != GOVERNOR_WAR || sched_has_work(sched_this()))
		return false;
	hal_cpu_relax();
	return true;
}

void device_governor_add(struct device_governor *device)
{
	spinlock_take(&lock);
	list_push_back(&devices, &device->node);
	spinlock_give(&lock);
}

void device_governor_remove(struct device_governor *device)
{
	spinlock_take(&lock);
	list_remove(&device->node);
	spinlock_give(&lock);
}

void device_governor_each(void (*each)(void *ctx, const struct device_governor *device), void *ctx)
{
	spinlock_take(&lock);
	for (struct list_node *node = devices.next; node != &devices; node = node->next)
		each(ctx, LIST_OWNER(node, struct device_governor, node));
	spinlock_give(&lock);
}
