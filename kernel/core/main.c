// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The kernel from the first C function that knows no machine: memory, log, entropy, scheduler; then the image's own purpose
 * in a fiber. The order is that of need: each line may use what the lines above it brought up.
 */
#include "kernel/core/main.h"

#include <assert.h>

#include "hal/contract/cpu.h"
#include "kernel/core/entropy.h"
#include "kernel/core/fiber.h"
#include "kernel/core/kheap.h"
#include "kernel/core/log.h"
#include "kernel/core/page.h"
#include "kernel/core/panic.h"
#include "kernel/core/sched.h"
#include "kernel/core/smp.h"
#include "kernel/core/stack.h"
#include "kernel/core/timer.h"
#include "kernel/core/version.h"
#include "kernel/io/console.h"
#include "kernel/io/ring_war.h"
#include "lib/cmdline.h"

static_assert(HAL_BOOT_STACK_BYTES == STACK_BYTES, "a stack of the image is a fiber's");

static struct fiber main_fiber;

static void kernel_main(const struct hal_boot_info *info)
{
	struct span nonce;

	log_init(info->command_line);
	log_line("[Rumpk L0] HAL initialized: %.*s, %u cpus, %u MiB", (int)info->machine.len, (const char *)info->machine.data,
		 info->cpu_count, (unsigned)(info->memory_bytes >> 20));
	page_init(info->free, info->free_count);
	kheap_init();
	entropy_init(info->seed, 2);
	sched_init();
	log_line("[Rumpk L1] kernel alive: rumpk %s %s", build_stamp.version, build_stamp.commit);
	if (cmdline_get(info->command_line, "nonce", &nonce))
		log_line("boot: nonce %.*s", (int)nonce.len, (const char *)nonce.data);
	ring_war_configure(info->command_line);
	console_start(info->stack_tops[0]);
	if (info->cpu_count > 1)
		smp_start();
	fiber_begin(&main_fiber, info->stack_tops[1], "main", image_main, (void *)info);
	hal_irq_enable();
	sched_run();
}

const struct hal_client kernel_client = {
	.main = kernel_main,
	.timer = timer_interrupt,
	.notified = smp_notified,
	.fault = panic_fault,
};
