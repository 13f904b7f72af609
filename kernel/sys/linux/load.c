// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Where things lie, all by chance within their range, from below: position independent programs, their heap behind them; what is mapped, from map_top
 * downwards, the interpreter first; the stack.
 */
#include "kernel/sys/linux/load.h"

#include <stdbool.h>
#include <stddef.h>

#include "kernel/core/entropy.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/mm_pages.h"
#include "kernel/sys/linux/path.h"
#include "kernel/sys/linux/proven.h"
#include "lib/bits.h"
#include "lib/string.h"

#define PIE_BASE 0x2000000000ul
#define ALIGN 0x10000ul /* of segments, in what linkers make by default */
#define STACK_DEFAULT 0x800000ul
#define STACK_MAX 0x40000000ul
#define STACK_GAP 0x200000ul /* between the stack's end and what is mapped */

enum { PIE_BITS = 20, MAP_BITS = 20, STACK_BITS = 16, HEAP_BITS = 12, PATH_BYTES = 256 };

/* `bits` random ones, times `unit`. */
static uint64_t random_offset(unsigned bits, uint64_t unit)
{
	uint64_t random;

	entropy_draw(&random, sizeof(random));
	return (random & ((1ul << bits) - 1)) * unit;
}

static status_t image_plan(struct linux_image *image, uint64_t base, const char **why)
{
	const struct elf_limits limits = { .va_min = LINUX_VA_MIN, .va_max = LINUX_VA_END, .max_bytes = LINUX_VA_END, .dyn_base = base };

	return elf_plan(image->content, &limits, &image->plan, why);
}

static uint64_t image_end(const struct linux_image *image)
{
	const struct elf_segment *last = &image->plan.segments[image->plan.segment_count - 1];

	return bits_align_up(last->va + last->mem_bytes, HAL_PAGE_BYTES);
}

static status_t image_open(struct process *process, struct span name, struct linux_image *image)
{
	char path[PATH_BYTES];
	status_t status;

	if (name.len >= sizeof(path))
		return STATUS_ENAMETOOLONG;
	memcpy(path, name.data, name.len);
	path[name.len] = '\0';
	status = linux_open_program(process, LINUX_AT_FDCWD, path, 0, &image->file);
	return status == STATUS_OK ? linux_file_prove(image->file, &image->content) : status;
}

static status_t interpreter_plan(struct process *process, struct linux_program *program)
{
	status_t status = image_open(process, program->main.plan.interpreter, &program->interpreter);

	if (status != STATUS_OK) {
		program->why = "its interpreter cannot be opened";
		return status;
	}
	status = image_plan(&program->interpreter, PIE_BASE, &program->why);
	if (status == STATUS_OK && !program->interpreter.plan.is_pie) {
		program->why = "its interpreter is not position independent";
		status = STATUS_ENOEXEC;
	}
	return status;
}

status_t linux_program_plan(struct process *process, struct linux_program *program)
{
	status_t status = image_plan(&program->main, PIE_BASE + random_offset(PIE_BITS, ALIGN), &program->why);

	if (status == STATUS_OK && program->main.plan.is_native) {
		program->why = "a native program, which only a manifest starts";
		status = STATUS_ENOEXEC;
	}
	if (status == STATUS_OK && program->main.plan.has_interpreter)
		status = interpreter_plan(process, program);
	return status;
}

static status_t part_map(struct process *process, uint64_t from, uint64_t to, unsigned protection, const struct linux_backing *backing)
{
	int64_t at = to > from ? linux_mm_map(process, from, to - from, protection, LINUX_MAP_PRIVATE | LINUX_MAP_FIXED_NOREPLACE, backing) : 0;

	return at < 0 ? (status_t)at : STATUS_OK;
}

/* What of it is in the file, and what is zero behind that, which begins in the last page of the file's: the backing ends where the bytes do. */
static status_t segment_map(struct process *process, const struct linux_image *image, const struct elf_segment *segment)
{
	static const struct linux_backing zeroes = { .kind = LINUX_AREA_PLAIN };
	const struct linux_backing backing = {
		.memory = span_of(image->content.data, segment->file_offset + segment->file_bytes),
		.file = image->file,
		.offset = bits_align_down(segment->file_offset, HAL_PAGE_BYTES),
	};
	uint64_t start = bits_align_down(segment->va, HAL_PAGE_BYTES);
	uint64_t middle = segment->file_bytes > 0 ? bits_align_up(segment->va + segment->file_bytes, HAL_PAGE_BYTES) : start;
	uint64_t end = bits_align_up(segment->va + segment->mem_bytes, HAL_PAGE_BYTES);
	unsigned protection = (segment->flags & ELF_SEGMENT_READ ? LINUX_PROT_READ : 0) |
			      (segment->flags & ELF_SEGMENT_WRITE ? LINUX_PROT_WRITE : 0) |
			      (segment->flags & ELF_SEGMENT_EXEC ? LINUX_PROT_EXEC : 0);
	status_t status = part_map(process, start, middle, protection, &backing);

	/* Zeroes are nobody's code. */
	return status == STATUS_OK ? part_map(process, middle, end, protection & ~(unsigned)LINUX_PROT_EXEC, &zeroes) : status;
}

static status_t image_map(struct process *process, const struct linux_image *image)
{
	status_t status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && i < image->plan.segment_count; i++)
		status = segment_map(process, image, &image->plan.segments[i]);
	return status;
}

static status_t stack_map(struct process *process)
{
	static const struct linux_backing stack = { .kind = LINUX_AREA_STACK };
	struct linux_mm *mm = linux_mm_of(process);
	uint64_t limit = process->personality->rlimits[LINUX_RLIMIT_STACK][0];
	uint64_t bytes = limit == UINT64_MAX ? STACK_DEFAULT : bits_align_up(limit < STACK_MAX ? limit : STACK_MAX, HAL_PAGE_BYTES);
	int64_t at;

	if (bytes < STACK_GAP)
		bytes = STACK_GAP; /* arguments have to fit too */
	mm->stack_top = LINUX_VA_END - random_offset(STACK_BITS, HAL_PAGE_BYTES);
	mm->map_top = mm->stack_top - bytes - STACK_GAP - random_offset(MAP_BITS, HAL_PAGE_BYTES);
	at = linux_mm_map(process, mm->stack_top - bytes, bytes, LINUX_PROT_READ | LINUX_PROT_WRITE,
			  LINUX_MAP_PRIVATE | LINUX_MAP_FIXED_NOREPLACE | LINUX_MAP_NORESERVE, &stack);
	return at < 0 ? (status_t)at : STATUS_OK;
}

status_t linux_program_map(struct process *process, struct linux_program *program)
{
	struct linux_mm *mm = linux_mm_of(process);
	struct linux_image *interpreter = &program->interpreter;
	status_t status = stack_map(process);

	if (status == STATUS_OK)
		status = image_map(process, &program->main);
	mm->brk_start = image_end(&program->main) + random_offset(HEAP_BITS, HAL_PAGE_BYTES);
	mm->brk = mm->brk_start;
	if (status != STATUS_OK || interpreter->content.len == 0)
		return status;

	uint64_t bytes = image_end(interpreter) - bits_align_down(interpreter->plan.segments[0].va, HAL_PAGE_BYTES);

	status = image_plan(interpreter, bits_align_down(mm->map_top - bytes, ALIGN), &program->why);
	return status == STATUS_OK ? image_map(process, interpreter) : status;
}

void linux_program_put(struct linux_program *program)
{
	if (program->main.file != NULL)
		linux_file_put(program->main.file);
	if (program->interpreter.file != NULL)
		linux_file_put(program->interpreter.file);
	memset(program, 0, sizeof(*program));
}
