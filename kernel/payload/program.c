// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/payload/program.h"

#include <stdbool.h>

#include "kernel/core/page.h"
#include "kernel/sys/layout.h"
#include "kernel/sys/linux/exec.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/run.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/memory.h"
#include "kernel/sys/process.h"
#include "kernel/sys/thread.h"
#include "lib/bits.h"
#include "lib/cpio.h"
#include "lib/elf.h"
#include "lib/format.h"
#include "lib/string.h"

/* With fewer pages left it was the budget that ended: more than these are asked for at once nowhere. */
enum { PROGRAM_PAGES_LEAST = 8 };

static status_t program_plan(struct span archive, const struct program_request *request, struct span *file,
			     struct elf_plan *plan, char *why)
{
	const struct elf_limits limits = {
		.va_min = PROCESS_IMAGE_MIN,
		.va_max = PROCESS_IMAGE_END,
		.max_bytes = PROCESS_IMAGE_END, /* of a Linux program only what it writes takes memory */
		.dyn_base = PROCESS_IMAGE_MIN,
	};
	const int name_len = (int)request->exec.len;
	const char *name = (const char *)request->exec.data;
	const char *cause = "";

	*file = request->file;
	if (file->len == 0 && cpio_find(archive, request->exec, file) != STATUS_OK) {
		(void)format_print(why, PROGRAM_WHY_BYTES, "%.*s: the archive has no such file", name_len, name);
		return STATUS_ENOENT;
	}

	status_t status = elf_plan(*file, &limits, plan, &cause);

	if (status == STATUS_OK && plan->is_native && (plan->is_pie || plan->has_interpreter))
		cause = "position independent or dynamically linked";
	else if (status == STATUS_OK && plan->is_native && request->jit)
		cause = "jit is for Linux programs";
	else if (status == STATUS_OK && plan->is_native && plan->image_bytes > request->memory_bytes) {
		cause = "image larger than the memory it may use";
		status = STATUS_ENOMEM;
	} else if (status == STATUS_OK)
		return STATUS_OK;
	(void)format_print(why, PROGRAM_WHY_BYTES, "%.*s: %s", name_len, name, cause);
	return status == STATUS_ENOMEM ? status : STATUS_ENOEXEC;
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

static status_t memory_fill(struct process *process, const struct program_request *request, const struct elf_plan *plan,
			    struct span file)
{
	status_t status = STATUS_OK;
	void *page;

	for (size_t i = 0; status == STATUS_OK && i < plan->segment_count; i++)
		status = segment_map(process, &plan->segments[i], file);
	for (uint64_t at = 0; status == STATUS_OK && at < request->stack_bytes; at += HAL_PAGE_BYTES)
		status = process_map(process, PROCESS_STACK_TOP - at - HAL_PAGE_BYTES, HAL_USER_READ | HAL_USER_WRITE,
				     &page);
	return status;
}

/* Who runs a Linux program finds all it needs in its thread; it is loaded there. */
static status_t linux_fill(struct program *program, const struct program_request *request, const struct elf_plan *plan, struct span file)
{
	struct linux_thread *personality = linux_thread_alloc();
	struct thread_options options = { .pc = plan->entry_va, .cpu = request->cpu, .is_main = true, .personality = personality };
	status_t status = personality != NULL ? linux_process_attach(program->process, NULL, 0) : STATUS_ENOMEM;

	if (status == STATUS_OK) {
		program->process->personality->mm.jit = request->jit;
		personality->tid = program->process->number;
		personality->start = linux_start_make(request->exec, file, request->argc, request->envc, request->strings);
		status = personality->start == NULL ? STATUS_ENOMEM : STATUS_OK;
	}
	if (status == STATUS_OK)
		status = thread_create(program->process, &options, &program->main);
	if (status != STATUS_OK && personality != NULL)
		linux_thread_free(personality);
	start_begin_bare(program->process, &program->start);
	return status;
}

static status_t process_fill(struct program *program, const struct program_request *request, const struct elf_plan *plan,
			     struct span file)
{
	const struct thread_options options = {
		.pc = plan->entry_va,
		.sp = PROCESS_STACK_TOP,
		.x = { PROCESS_START_VA },
		.cpu = request->cpu,
		.is_main = true,
	};
	status_t status = memory_fill(program->process, request, plan, file);

	if (status == STATUS_OK)
		status = start_begin(program->process, request->argc, request->envc, request->strings, &program->start);
	if (status == STATUS_OK)
		status = thread_create(program->process, &options, &program->main);
	return status;
}

static status_t process_make(struct program *program, const struct program_request *request, const struct elf_plan *plan,
			     struct span file, bool *budget_ended)
{
	status_t status = process_create(request->name, request->budget, request->memory_bytes, &program->process);

	if (status != STATUS_OK)
		return status;
	program->process->threads_max = request->threads_max;
	status = (plan->is_native ? process_fill : linux_fill)(program, request, plan, file);
	if (status != STATUS_OK) {
		*budget_ended = budget_left(program->process->budget) < PROGRAM_PAGES_LEAST;
		process_abandon(program->process);
	}
	return status;
}

static status_t request_check(const struct program_request *request, char *why)
{
	uint64_t machine_bytes = page_free_count() * HAL_PAGE_BYTES;

	if (request->memory_bytes > machine_bytes) {
		(void)format_print(why, PROGRAM_WHY_BYTES, "memory: %s asks for %llu KiB, the machine has %llu KiB left", request->name,
				   (unsigned long long)(request->memory_bytes >> 10), (unsigned long long)(machine_bytes >> 10));
		return STATUS_ENOMEM;
	}
	if (request->stack_bytes == 0 || request->stack_bytes % HAL_PAGE_BYTES != 0 || request->threads_max == 0 ||
	    request->threads_max > PROCESS_THREADS_MAX || request->argc == 0) {
		(void)format_print(why, PROGRAM_WHY_BYTES, "%s: stack, threads or arguments are out of range", request->name);
		return STATUS_EINVAL;
	}
	return STATUS_OK;
}

status_t program_load(struct span archive, const struct program_request *request, struct program *out, char *why)
{
	bool budget_ended = request->memory_bytes < HAL_PAGE_BYTES;
	struct elf_plan plan;
	struct span file;
	status_t status = request_check(request, why);

	if (status == STATUS_OK)
		status = program_plan(archive, request, &file, &plan, why);
	if (status != STATUS_OK)
		return status;
	status = process_make(out, request, &plan, file, &budget_ended);
	if (status == STATUS_OK)
		return STATUS_OK;
	if (status != STATUS_ENOMEM)
		(void)format_print(why, PROGRAM_WHY_BYTES, "%s: cannot be made (error %d)", request->name, status);
	else if (budget_ended)
		(void)format_print(why, PROGRAM_WHY_BYTES, "memory: %llu KiB, as %s has, are too little for program, stack and tables",
				   (unsigned long long)(request->memory_bytes >> 10), request->name);
	else
		(void)format_print(why, PROGRAM_WHY_BYTES, "memory: the machine has none left");
	return status;
}

void program_abandon(struct program *program)
{
	thread_abandon(program->main);
	process_abandon(program->process);
}

status_t program_start(struct program *program)
{
	status_t status = process_start(program->process, program->main);

	if (status != STATUS_OK)
		program_abandon(program);
	else
		object_put(&program->main->object);
	return status;
}
