// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The product image's purpose: prove the bundle, run its program, end with its exit status. */
#include "hal/contract/boot.h"
#include "kernel/core/exit_status.h"
#include "kernel/core/fiber.h"
#include "kernel/core/kheap.h"
#include "kernel/core/log.h"
#include "kernel/core/main.h"
#include "kernel/core/page.h"
#include "kernel/io/console.h"
#include "kernel/payload/load.h"
#include "kernel/payload/trust.h"

static _Noreturn void cannot_load(const char *why)
{
	log_line("payload: cannot load: %s", why);
	console_exit(EXIT_STATUS_UNLOADABLE);
}

static int process_run(struct span archive)
{
	char why[LOAD_WHY_BYTES];
	struct process *process;
	uint64_t free_before = page_free_count();

	if (load_archive(archive, &process, why) != STATUS_OK)
		cannot_load(why);
	if (process_start(process) != STATUS_OK)
		cannot_load("memory: the machine has none left for a stack");

	int status = process_wait(process);

	process_destroy(process);
	kheap_trim();
	log_print(LOG_MEMORY, LOG_DEBUG, "%llu pages free before the process, %llu after",
		  (unsigned long long)free_before, (unsigned long long)page_free_count());
	return status;
}

void image_main(void *arg)
{
	const struct hal_boot_info *info = arg;
	const char *why = "";
	struct span archive;

	trust_init();
	kheap_trim();
	log_line("[Rumpk L1] The Rubicon is crossed.");
	fiber_yield(); /* the console writes it before the proof takes its time */
	if (info->bundle.len == 0)
		cannot_load("no bundle was given (it is the loader's initial RAM disk: -initrd app.rpk)");
	if (trust_verify(info->bundle, &archive, &why) != STATUS_OK) {
		log_line("trust: refused: %s", why);
		console_exit(EXIT_STATUS_REFUSED);
	}

	int status = process_run(archive);

	log_line("sched: last process exited, halting");
	console_exit(status);
}
