// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/devices.h"

#include "hal/contract/console.h"
#include "hal/contract/virtio.h"
#include "kernel/core/log.h"
#include "kernel/core/page.h"
#include "kernel/io/console.h"
#include "kernel/io/entropy_device.h"
#include "lib/cmdline.h"
#include "lib/string.h"

static void report(bool problem, const char *line)
{
	if (!problem && !log_passes(LOG_BOOT, LOG_DEBUG))
		return;
	if (console_is_in_driver()) {
		hal_console_write(line, strlen(line));
		hal_console_write("\n", 1);
	} else {
		log_line("%s", line);
	}
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

/* Whether the command line has `key`=`only`; what else it says is told. */
static bool is_asked(struct span command_line, const char *key, const char *only)
{
	struct span value;
	bool asked;

	if (!cmdline_get(command_line, key, &value))
		return false;
	asked = value.len == strlen(only) && memcmp(value.data, only, value.len) == 0;
	if (!asked)
		log_line("boot: %s=%.*s: not %s", key, (int)value.len, (const char *)value.data, only);
	return asked;
}

void devices_configure(struct span command_line)
{
	bool console = is_asked(command_line, "console", "virtio");
	status_t status;

	if (!is_asked(command_line, "panic", "pvpanic") && !console)
		return;
	status = devices_probe();
	if (status == STATUS_OK && console)
		status = console_use_device();
	if (status == STATUS_ENODEV)
		log_line("boot: console=virtio: this machine has no console device (QEMU: -device virtio-serial-pci -device virtconsole,chardev=...)");
	else if (status != STATUS_OK)
		log_line("boot: devices asked for by the command line do not work (error %d)", status);
}
