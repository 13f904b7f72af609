// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A manifest that is taken is whole and within its limits; one that is refused leaves one printable line. */
#include "kernel/payload/manifest.h"

#include <string.h>

#include "lib/cpio.h"
#include "tests/fuzz/fuzz.h"

static const char name_characters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

static void check_name(const char *name)
{
	size_t len = strnlen(name, MANIFEST_NAME_MAX + 1);

	FUZZ_ASSERT(len > 0 && len <= MANIFEST_NAME_MAX);
	FUZZ_ASSERT(strspn(name, name_characters) == len);
}

static void check_strings(const struct manifest_strings *strings)
{
	FUZZ_ASSERT(strings->count <= MANIFEST_ARG_MAX);
	for (uint32_t i = 0; i < strings->count; i++) {
		size_t left = MANIFEST_ARG_BYTES - (size_t)strings->offset[i];

		FUZZ_ASSERT(strings->offset[i] < MANIFEST_ARG_BYTES);
		FUZZ_ASSERT(memchr(manifest_string(strings, i), '\0', left) != NULL);
	}
}

static void check_restart(const struct manifest_process *process)
{
	if (process->restart == MANIFEST_RESTART_NEVER) {
		FUZZ_ASSERT(process->restarts_max == 0 && process->backoff_ns == 0);
		return;
	}
	FUZZ_ASSERT(process->restart == MANIFEST_RESTART_ON_FAILURE || process->restart == MANIFEST_RESTART_ALWAYS);
	FUZZ_ASSERT(process->restarts_max > 0 && process->restarts_max <= MANIFEST_RESTARTS_MAX);
	FUZZ_ASSERT(process->backoff_ns >= MANIFEST_BACKOFF_MIN_NS && process->backoff_ns <= MANIFEST_BACKOFF_MAX_NS);
}

static void check_capabilities(const struct manifest_process *process)
{
	uint32_t seen = 0;

	FUZZ_ASSERT(process->capability_count <= 6); /* as many as are known */
	for (uint32_t i = 0; i < process->capability_count; i++) {
		const struct manifest_capability *capability = &process->capabilities[i];

		FUZZ_ASSERT(capability->interface < 32 && (seen & 1u << capability->interface) == 0);
		FUZZ_ASSERT(capability->rights > 0 && capability->rights <= 3 && strlen(capability->name) < 24);
		seen |= 1u << capability->interface;
	}
}

static void check_process(const struct manifest_process *process)
{
	size_t exec_len = strnlen(process->exec, sizeof(process->exec));

	check_name(process->name);
	FUZZ_ASSERT(exec_len <= MANIFEST_EXEC_MAX && cpio_name_is_valid(span_of(process->exec, exec_len)));
	FUZZ_ASSERT(process->stack_bytes > 0 && process->stack_bytes % MANIFEST_PAGE_BYTES == 0);
	FUZZ_ASSERT(process->memory_bytes > process->stack_bytes && process->memory_bytes % MANIFEST_PAGE_BYTES == 0);
	FUZZ_ASSERT(process->threads > 0 && process->threads <= MANIFEST_THREADS_MAX);
	FUZZ_ASSERT(process->cpu <= MANIFEST_CPU_MAX || process->cpu == MANIFEST_CPU_ANY);
	check_strings(&process->args);
	check_strings(&process->env);
	for (uint32_t i = 0; i < process->env.count; i++)
		FUZZ_ASSERT(strchr(manifest_string(&process->env, i), '=') != NULL);
	check_restart(process);
	check_capabilities(process);
}

static void check_manifest(const struct manifest *manifest)
{
	uint64_t memory_bytes = 0;

	check_name(manifest->name);
	FUZZ_ASSERT(manifest->process_count > 0 && manifest->process_count <= MANIFEST_PROCESS_MAX);
	FUZZ_ASSERT(manifest->main < manifest->process_count);
	for (uint32_t i = 0; i < manifest->process_count; i++) {
		check_process(&manifest->processes[i]);
		FUZZ_ASSERT(!manifest->processes[i].launch || i == manifest->main);
		FUZZ_ASSERT(manifest->processes[i].memory_bytes <= UINT64_MAX - memory_bytes);
		memory_bytes += manifest->processes[i].memory_bytes;
		for (uint32_t j = 0; j < i; j++)
			FUZZ_ASSERT(strcmp(manifest->processes[i].name, manifest->processes[j].name) != 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[MANIFEST_WHY_BYTES] = "";
	static struct manifest manifest;

	if (manifest_parse(span_of(data, size), &manifest, why, sizeof(why)) == STATUS_OK) {
		check_manifest(&manifest);
		return 0;
	}
	FUZZ_ASSERT(strnlen(why, sizeof(why)) > 0 && strnlen(why, sizeof(why)) < sizeof(why) - 1);
	for (const char *c = why; *c != '\0'; c++)
		FUZZ_ASSERT(*c >= ' ' && *c <= '~');
	return 0;
}
