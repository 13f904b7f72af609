// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/devices.h"

#include "hal/contract/virtio.h"
#include "kernel/core/log.h"
#include "kernel/core/page.h"
#include "kernel/io/entropy_device.h"
#include "lib/cmdline.h"
#include "lib/string.h"

static void report(bool problem, const char *line)
{
	if (problem || log_passes(LOG_BOOT, LOG_DEBUG))
		log_line("%s", line);
}

status_t devices_probe(void)
{
	static struct hal_device_services services = { .block = page_alloc, .report = report };

	status_t status;

	services.pages = page_source();
	status = hal_virtio_probe(&services);
	if (status == STATUS_OK)
		entropy_device_start();
	return status;
}

void devices_configure(struct span command_line)
{
	static const char known[] = "pvpanic";
	struct span value;

	if (!cmdline_get(command_line, "panic", &value))
		return;
	if (value.len != sizeof(known) - 1 || memcmp(value.data, known, value.len) != 0)
		log_line("boot: panic=%.*s: not pvpanic", (int)value.len, (const char *)value.data);
	else if (devices_probe() != STATUS_OK)
		log_line("boot: panic=pvpanic: no device can be looked for");
}
