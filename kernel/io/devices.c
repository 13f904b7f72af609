// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/devices.h"

#include <stdatomic.h>

#include "hal/contract/console.h"
#include "hal/contract/virtio.h"
#include "kernel/core/log.h"
#include "kernel/core/page.h"
#include "kernel/core/panic.h"
#include "kernel/io/console.h"
#include "kernel/io/entropy_device.h"
#include "lib/cmdline.h"
#include "lib/string.h"

static void report(bool problem, const char *line)
{
	if (!problem && !log_passes(LOG_BOOT, LOG_DEBUG))
		return;
	if (console_is_in_driver() || panic_has_begun()) {
		hal_console_write(line, strlen(line));
		hal_console_write("\n", 1);
	} else {
		log_line("%s", line);
	}
}

/* W: any CPU. Pages that devices have taken, and not given back. */
static _Atomic uint64_t kept;

static uint64_t block_take(unsigned order)
{
	uint64_t pa = page_alloc(order);

	if (pa != 0)
		atomic_fetch_add_explicit(&kept, 1ul << order, memory_order_relaxed);
	return pa;
}

static uint64_t page_take(void *ctx)
{
	(void)ctx;
	return block_take(0);
}

static void page_give(void *ctx, uint64_t pa)
{
	(void)ctx;
	page_free(pa, 0);
	atomic_fetch_sub_explicit(&kept, 1, memory_order_relaxed);
}

uint64_t devices_pages(void)
{
	return atomic_load_explicit(&kept, memory_order_relaxed);
}

status_t devices_probe(void)
{
	static const struct hal_device_services services = {
		.pages = { .alloc = page_take, .free = page_give }, .block = block_take, .report = report,
	};

	status_t status;

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
