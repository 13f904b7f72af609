// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/payload/load.h"

#include <stdbool.h>

#include "kernel/core/libc.h"
#include "kernel/core/log.h"
#include "kernel/core/page.h"
#include "kernel/payload/manifest.h"
#include "kernel/payload/start.h"
#include "kernel/sys/layout.h"
#include "lib/bits.h"
#include "lib/cpio.h"
#include "lib/elf.h"
#include "lib/format.h"
#include "lib/string.h"

static status_t manifest_read(struct span archive, struct manifest *manifest, char *why)
{
	static const char name[] = "manifest.toml";
	struct span text;
	const char *cause = "";

	if (cpio_check(archive, &cause) != STATUS_OK) {
		(void)format_print(why, LOAD_WHY_BYTES, "the archive is malformed: %s", cause);
		return STATUS_EINVAL;
	}
	if (cpio_find(archive, span_of(name, sizeof(name) - 1), &text) != STATUS_OK) {
		(void)format_print(why, LOAD_WHY_BYTES, "the archive has no manifest.toml");
		return STATUS_ENOENT;
	}

	return manifest_parse(text, manifest, why, LOAD_WHY_BYTES);
}

static status_t program_plan(struct span archive, const struct manifest_process *manifest, struct span *file,
			     struct elf_plan *plan, char *why)
{
	const struct elf_limits limits = {
		.va_min = PROCESS_IMAGE_MIN,
		.va_max = PROCESS_IMAGE_END,
		.max_bytes = manifest->memory_bytes,
		.dyn_base = PROCESS_IMAGE_MIN,
	};
	const char *cause = "";

	if (cpio_find(archive, span_of(manifest->exec, strlen(manifest->exec)), file) != STATUS_OK) {
		(void)format_print(why, LOAD_WHY_BYTES, "%s: the archive has no such file", manifest->exec);
		return STATUS_ENOENT;
	}

	status_t status = elf_plan(*file, &limits, plan, &cause);

	if (status == STATUS_OK && !plan->is_native)
		cause = "not a native program: it has no Rumpk note";
	else if (status == STATUS_OK && (plan->is_pie || plan->has_interpreter))
		cause = "position independent or dynamically linked";
	else if (status == STATUS_OK)
		return STATUS_OK;
	(void)format_print(why, LOAD_WHY_BYTES, "%s: %s", manifest->exec, cause);
	return status != STATUS_OK ? status : STATUS_ENOEXEC;
}

/* The part of the segment's file bytes that falls on the page at `va`. */
static void page_fill(uint8_t *page, uint64_t va, const struct elf_segment *segment, struct span file)
{
	uint64_t from = va > segment->va ? va : segment->va;
	uint64_t to = va + HAL_PAGE_BYTES;
	struct span bytes;

	if (to > segment->va + segment->file_bytes)
		to = segment->va + segment->file_bytes;
	if (from < to && span_sub(file, segment->file_offset + (from - segment->va), to - from, &bytes))
		memcpy(page + (from - va), bytes.data, bytes.len);
}

static status_t segment_map(struct process *process, const struct elf_segment *segment, struct span file)
{
	unsigned rights = (segment->flags & ELF_SEGMENT_READ ? HAL_USER_READ : 0) |
			  (segment->flags & ELF_SEGMENT_WRITE ? HAL_USER_WRITE : 0) |
			  (segment->flags & ELF_SEGMENT_EXEC ? HAL_USER_EXEC : 0);
	uint64_t first = bits_align_down(segment->va, HAL_PAGE_BYTES);

	for (uint64_t va = first; va < segment->va + segment->mem_bytes; va += HAL_PAGE_BYTES) {
		void *page;
		status_t status = process_map(process, va, rights, &page);

		if (status != STATUS_OK)
			return status;
		page_fill(page, va, segment, file);
		if (rights & HAL_USER_EXEC)
			hal_page_publish_code(page);
	}
	return STATUS_OK;
}

static status_t process_fill(struct process *process, const struct manifest_process *manifest, const struct elf_plan *plan,
			     struct span file)
{
	status_t status = STATUS_OK;
	void *page;

	for (size_t i = 0; status == STATUS_OK && i < plan->segment_count; i++)
		status = segment_map(process, &plan->segments[i], file);
	for (uint64_t at = 0; status == STATUS_OK && at < manifest->stack_bytes; at += HAL_PAGE_BYTES)
		status = process_map(process, PROCESS_STACK_TOP - at - HAL_PAGE_BYTES, HAL_USER_READ | HAL_USER_WRITE,
				     &page);
	if (status == STATUS_OK)
		status = start_fill(process, manifest);
	process->user.pc = plan->entry_va;
	process->user.sp = PROCESS_STACK_TOP;
	process->user.x[0] = PROCESS_START_VA;
	return status;
}

static status_t process_make(const struct manifest_process *manifest, const struct elf_plan *plan, struct span file,
			     struct process **out, char *why)
{
	uint64_t machine_bytes = page_free_count() * HAL_PAGE_BYTES;
	bool budget_ended = manifest->memory_bytes < HAL_PAGE_BYTES;
	struct process *process;
	status_t status;

	if (manifest->memory_bytes > machine_bytes) {
		(void)format_print(why, LOAD_WHY_BYTES, "memory: the manifest asks for %llu KiB, the machine has %llu KiB left",
				   (unsigned long long)(manifest->memory_bytes >> 10), (unsigned long long)(machine_bytes >> 10));
		return STATUS_ENOMEM;
	}
	status = process_create(manifest->name, manifest->memory_bytes, &process);
	if (status == STATUS_OK) {
		status = process_fill(process, manifest, plan, file);
		*out = process;
		if (status != STATUS_OK) {
			budget_ended = process->pages_used == process->pages_limit;
			process_destroy(process);
		}
	}
	if (status != STATUS_OK && budget_ended)
		(void)format_print(why, LOAD_WHY_BYTES, "memory: %llu KiB, as the manifest allows, are too little for program, stack and tables",
				   (unsigned long long)(manifest->memory_bytes >> 10));
	else if (status != STATUS_OK)
		(void)format_print(why, LOAD_WHY_BYTES, "memory: the machine has none left");
	return status;
}

status_t load_archive(struct span archive, struct process **out, char *why)
{
	struct manifest *manifest = malloc(sizeof(*manifest)); /* too large for a fiber's stack */
	struct elf_plan plan;
	struct span file;
	status_t status;

	if (manifest == NULL) {
		(void)format_print(why, LOAD_WHY_BYTES, "memory: the machine has none left");
		return STATUS_ENOMEM;
	}
	status = manifest_read(archive, manifest, why);
	if (status == STATUS_OK && manifest->process_count > 1) {
		(void)format_print(why, LOAD_WHY_BYTES, "manifest.toml: more than one process");
		status = STATUS_ENOTSUP;
	}
	if (status == STATUS_OK)
		status = program_plan(archive, &manifest->processes[0], &file, &plan, why);
	if (status == STATUS_OK)
		status = process_make(&manifest->processes[0], &plan, file, out, why);
	free(manifest);
	return status;
}
