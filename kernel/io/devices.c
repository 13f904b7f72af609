// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/devices.h"

#include "hal/contract/virtio.h"
#include "kernel/core/log.h"
#include "kernel/core/page.h"
#include "kernel/io/entropy_device.h"

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
