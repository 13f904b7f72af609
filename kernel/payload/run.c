// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The product image's purpose: prove the bundle, run its processes, end with the main one's exit status. */
#include "capos/abi/entropy.h"
#include "hal/contract/boot.h"
#include "kernel/cap/object.h"
#include "kernel/core/exit_status.h"
#include "kernel/core/fiber.h"
#include "kernel/core/kheap.h"
#include "kernel/core/libc.h"
#include "kernel/core/log.h"
#include "kernel/core/main.h"
#include "kernel/core/page.h"
#include "kernel/io/console.h"
#include "kernel/io/devices.h"
#include "kernel/payload/files.h"
#include "kernel/payload/manifest.h"
#include "kernel/payload/processes.h"
#include "kernel/payload/program.h"
#include "kernel/payload/trust.h"
#include "kernel/sys/linux/calls.h"
#include "lib/cmdline.h"
#include "lib/cpio.h"
#include "lib/format.h"

static _Noreturn void cannot_load(const char *why)
{
	log_line("payload: cannot load: %s", why);
	console_exit(EXIT_STATUS_UNLOADABLE);
}

static status_t manifest_read(struct span archive, struct manifest *manifest, char *why)
{
	static const char name[] = "manifest.toml";
	struct span text;
	const char *cause = "";

	if (cpio_check(archive, &cause) != STATUS_OK) {
		(void)format_print(why, PROGRAM_WHY_BYTES, "the archive is malformed: %s", cause);
		return STATUS_EINVAL;
	}
	if (cpio_find(archive, span_of(name, sizeof(name) - 1), &text) != STATUS_OK) {
		(void)format_print(why, PROGRAM_WHY_BYTES, "the archive has no manifest.toml");
		return STATUS_ENOENT;
	}
	return manifest_parse(text, manifest, why, PROGRAM_WHY_BYTES);
}

/* Random bytes are granted: then the machine's source of them is looked for, if it has one. */
static void entropy_look(const struct manifest *manifest)
{
	bool granted = false;

	for (uint32_t i = 0; i < manifest->process_count; i++)
		for (uint32_t j = 0; j < manifest->processes[i].capability_count; j++)
			granted |= manifest->processes[i].capabilities[j].interface == CAPOS_INTERFACE_ENTROPY;
	if (granted && devices_probe() != STATUS_OK)
		log_print(LOG_BOOT, LOG_WARN, "entropy: no device can be looked for");
}

static int bundle_run(struct span archive, struct span command_line)
{
	char why[PROGRAM_WHY_BYTES];
	uint64_t free_before;
	uint64_t kept_before;
	struct manifest *manifest = malloc(sizeof(*manifest)); /* too large for a fiber's stack */
	struct span launch = span_of("", 0);
	status_t loaded;
	int status;

	if (manifest == NULL)
		cannot_load("memory: the machine has none left");
	(void)cmdline_rest(command_line, &launch);
	loaded = manifest_read(archive, manifest, why);
	if (loaded == STATUS_OK)
		entropy_look(manifest);
	kheap_trim();
	free_before = page_free_count();
	kept_before = devices_pages();
	if (loaded == STATUS_OK)
		loaded = processes_run(archive, manifest, launch, &status, why);
	object_settle();
	linux_calls_report();
	files_end();
	if (loaded != STATUS_OK)
		cannot_load(why);
	kheap_trim();
	/* What a device takes when it is first used it keeps, for whoever uses it next. */
	free_before -= devices_pages() - kept_before;
	log_print(LOG_MEMORY, LOG_DEBUG, "%llu pages are kept by devices", (unsigned long long)devices_pages());
	log_print(LOG_MEMORY, LOG_DEBUG, "%llu pages free before the processes, %llu after",
		  (unsigned long long)free_before, (unsigned long long)page_free_count());
	free(manifest);
	return status;
}

void image_main(void *arg)
{
	const struct hal_boot_info *info = arg;
	const char *why = "";
	struct span archive;

	trust_init();
	log_line("[Rumpk L1] The Rubicon is crossed.");
	fiber_yield(); /* the console writes it before the proof takes its time */
	devices_configure(info->command_line);
	if (info->bundle.len == 0)
		cannot_load("no bundle was given (it is the loader's initial RAM disk: -initrd app.rpk)");
	if (trust_verify(info->bundle, &archive, &why) != STATUS_OK) {
		log_line("trust: refused: %s", why);
		console_exit(EXIT_STATUS_REFUSED);
	}

	int status = bundle_run(archive, info->command_line);

	log_line("sched: last process exited, halting");
	console_exit(status);
}
