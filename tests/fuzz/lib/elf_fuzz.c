// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A plan that is made can be carried out: inside file and limits, apart by page, never writable and executable. */
#include "lib/elf.h"

#include "tests/fuzz/fuzz.h"

static const struct elf_limits limits = {
	.va_min = 0x10000,
	.va_max = 1ull << 40,
	.max_bytes = 1u << 24,
	.dyn_base = 0x10000000,
};

static uint64_t page_of(uint64_t va)
{
	return va / ELF_PAGE_BYTES;
}

static void check_segment(const struct elf_segment *segment, size_t file_bytes)
{
	FUZZ_ASSERT(segment->mem_bytes > 0 && segment->file_bytes <= segment->mem_bytes);
	FUZZ_ASSERT(segment->file_offset <= file_bytes && segment->file_bytes <= file_bytes - segment->file_offset);
	FUZZ_ASSERT(segment->va >= limits.va_min && segment->va < limits.va_max);
	FUZZ_ASSERT(segment->mem_bytes <= limits.va_max - segment->va);
	FUZZ_ASSERT(segment->va % ELF_PAGE_BYTES == segment->file_offset % ELF_PAGE_BYTES);
	FUZZ_ASSERT(segment->flags > 0 && segment->flags < 8);
	FUZZ_ASSERT((segment->flags & (ELF_SEGMENT_WRITE | ELF_SEGMENT_EXEC)) != (ELF_SEGMENT_WRITE | ELF_SEGMENT_EXEC));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span file = span_of(data, size);
	const char *why = NULL;
	struct elf_plan plan;
	bool entry_is_code = false;
	uint64_t pages = 0;

	if (elf_plan(file, &limits, &plan, &why) != STATUS_OK) {
		FUZZ_ASSERT(why != NULL);
		return 0;
	}
	FUZZ_ASSERT(plan.segment_count > 0 && plan.segment_count <= ELF_SEGMENT_MAX);
	for (size_t i = 0; i < plan.segment_count; i++) {
		const struct elf_segment *segment = &plan.segments[i];
		uint64_t last = segment->va + segment->mem_bytes - 1;

		check_segment(segment, size);
		if (i + 1 < plan.segment_count)
			FUZZ_ASSERT(page_of(plan.segments[i + 1].va) > page_of(last));
		pages += page_of(last) - page_of(segment->va) + 1;
		if ((segment->flags & ELF_SEGMENT_EXEC) != 0 && plan.entry_va >= segment->va && plan.entry_va <= last)
			entry_is_code = true;
	}
	FUZZ_ASSERT(entry_is_code && plan.entry_va % 4 == 0);
	FUZZ_ASSERT(plan.image_bytes == pages * ELF_PAGE_BYTES && plan.image_bytes <= limits.max_bytes);
	FUZZ_ASSERT(plan.load_bias == (plan.is_pie ? limits.dyn_base : 0));
	FUZZ_ASSERT(!plan.has_interpreter || fuzz_is_inside(plan.interpreter, file));
	return 0;
}
