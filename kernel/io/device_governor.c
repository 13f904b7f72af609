// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/device_governor.h"

#include "lib/format.h"

void device_governor_init(struct device_governor *device, enum governor_rule rule, uint64_t wake_ns, uint64_t now_ns, const char *name)
{
	*device = (struct device_governor){ .waited_ns = now_ns };
	governor_init(&device->governor, rule, wake_ns, now_ns);
	(void)format_print(device->name, sizeof(device->name), "%s", name);
}

void device_governor_begin(struct device_governor *device, uint64_t now_ns)
{
	if (device->waiting++ == 0)
		device->waiting_ns = now_ns;
}

static uint64_t waited_ns(const struct device_governor *device, uint64_t now_ns)
{
	return device->waited_ns + (now_ns > device->waiting_ns ? now_ns - device->waiting_ns : 0);
}

void device_governor_end(struct device_governor *device, uint64_t now_ns)
{
	if (--device->waiting == 0)
		device->waited_ns = waited_ns(device, now_ns);
}

void device_governor_step(struct device_governor *device, unsigned events, bool woken, uint64_t now_ns)
{
	uint64_t since_ns = waited_ns(device, now_ns) - device->governor.last_ns;
	uint64_t late_ns = device->governor.wake_ns / 2;

	/* Who was woken sees the answer late: a look in War would have seen it earlier, and War is judged by when it came. */
	if (woken && events > 0)
		device->waited_ns -= since_ns < late_ns ? since_ns : late_ns;
	(void)governor_step(&device->governor, events, waited_ns(device, now_ns));
}
