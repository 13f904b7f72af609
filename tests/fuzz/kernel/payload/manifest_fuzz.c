// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A manifest that is taken is whole and within its limits; one that is refused leaves one printable line. */
#include "kernel/payload/manifest.h"

#include <string.h>

#include "lib/cpio.h"
#include "tests/fuzz/fuzz.h"

static void check_arguments(const struct manifest *manifest)
{
	FUZZ_ASSERT(manifest->arg_count <= MANIFEST_ARG_MAX);
	for (uint32_t i = 0; i < manifest->arg_count; i++) {
		size_t left = MANIFEST_ARG_BYTES - (size_t)manifest->arg_offset[i];

		FUZZ_ASSERT(manifest->arg_offset[i] < MANIFEST_ARG_BYTES);
		FUZZ_ASSERT(memchr(manifest_arg(manifest, i), '\0', left) != NULL);
	}
}

static void check_manifest(const struct manifest *manifest)
{
	size_t name_len = strnlen(manifest->name, sizeof(manifest->name));
	size_t exec_len = strnlen(manifest->exec, sizeof(manifest->exec));

	FUZZ_ASSERT(name_len > 0 && name_len <= MANIFEST_NAME_MAX);
	FUZZ_ASSERT(strspn(manifest->name, "abcdefghijklmnopqrstuvwxyz0123456789-") == name_len);
	FUZZ_ASSERT(exec_len <= MANIFEST_EXEC_MAX && cpio_name_is_valid(span_of(manifest->exec, exec_len)));
	FUZZ_ASSERT(manifest->stack_bytes > 0 && manifest->stack_bytes % MANIFEST_PAGE_BYTES == 0);
	FUZZ_ASSERT(manifest->memory_bytes > manifest->stack_bytes && manifest->memory_bytes % MANIFEST_PAGE_BYTES == 0);
	FUZZ_ASSERT(manifest->capability_count <= 1); /* as many as are known */
	for (uint32_t i = 0; i < manifest->capability_count; i++) {
		FUZZ_ASSERT(manifest->capabilities[i].id == MANIFEST_CAPABILITY_CONSOLE);
		FUZZ_ASSERT(manifest->capabilities[i].rights == MANIFEST_CONSOLE_WRITE);
	}
	check_arguments(manifest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[MANIFEST_WHY_BYTES] = "";
	struct manifest manifest;

	if (manifest_parse(span_of(data, size), &manifest, why, sizeof(why)) == STATUS_OK) {
		check_manifest(&manifest);
		return 0;
	}
	FUZZ_ASSERT(strnlen(why, sizeof(why)) > 0 && strnlen(why, sizeof(why)) < sizeof(why) - 1);
	for (const char *c = why; *c != '\0'; c++)
		FUZZ_ASSERT(*c >= ' ' && *c <= '~');
	return 0;
}
