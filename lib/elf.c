// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The ELF loader's head: everything that can be wrong with a file is found here, before memory is spent on it. Headers are read
 * field by field, since a file in memory need not be aligned and its lengths are not ours to trust.
 */
#include "lib/elf.h"

#include "lib/bits.h"
#include "lib/string.h"

#define ELF_EHDR_BYTES 64u
#define ELF_PHDR_BYTES 56u
#define ELF_PHDR_MAX 64u
#define ELF_TYPE_EXEC 2u
#define ELF_TYPE_DYN 3u
#define ELF_MACHINE_AARCH64 183u

enum {
	ELF_PT_LOAD = 1,
	ELF_PT_INTERP = 3,
	ELF_PT_NOTE = 4,
	ELF_PT_GNU_STACK = 0x6474e551,
};

struct elf_phdr {
	uint32_t type;
	uint32_t flags;
	uint64_t offset;
	uint64_t va;
	uint64_t file_bytes;
	uint64_t mem_bytes;
	uint64_t align;
};

static status_t elf_fail(const char **why, const char *cause)
{
	*why = cause;
	return STATUS_ENOEXEC;
}

static uint16_t elf_le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static struct elf_phdr elf_read_phdr(const uint8_t *p)
{
	return (struct elf_phdr){
		.type = bits_le32(p),
		.flags = bits_le32(p + 4),
		.offset = bits_le64(p + 8),
		.va = bits_le64(p + 16),
		.file_bytes = bits_le64(p + 32),
		.mem_bytes = bits_le64(p + 40),
		.align = bits_le64(p + 48),
	};
}

/* Everything of the file header but entry and program headers. */
static status_t elf_check_header(struct span file, const char **why)
{
	uint16_t type;

	if (file.len < ELF_EHDR_BYTES)
		return elf_fail(why, "shorter than an ELF header");
	if (memcmp(file.data, "\177ELF", 4) != 0)
		return elf_fail(why, "not an ELF file");
	if (file.data[4] != 2)
		return elf_fail(why, "not a 64 bit ELF");
	if (file.data[5] != 1)
		return elf_fail(why, "not little-endian");
	if (file.data[6] != 1 || bits_le32(file.data + 20) != 1)
		return elf_fail(why, "unknown ELF version");
	if (elf_le16(file.data + 18) != ELF_MACHINE_AARCH64)
		return elf_fail(why, "not for AArch64");
	type = elf_le16(file.data + 16);
	if (type != ELF_TYPE_EXEC && type != ELF_TYPE_DYN)
		return elf_fail(why, "not an executable ELF");
	return STATUS_OK;
}

/* The table of program headers, and their count. */
static status_t elf_find_phdrs(struct span file, struct span *table, uint16_t *count, const char **why)
{
	*count = elf_le16(file.data + 56);
	if (elf_le16(file.data + 54) != ELF_PHDR_BYTES)
		return elf_fail(why, "program header size is not 56");
	if (*count == 0 || *count > ELF_PHDR_MAX)
		return elf_fail(why, "no program headers or too many");
	if (!span_sub(file, bits_le64(file.data + 32), (uint64_t)*count * ELF_PHDR_BYTES, table))
		return elf_fail(why, "program headers outside the file");
	return STATUS_OK;
}

/* What a PT_LOAD says of itself, before its place is looked at. */
static status_t elf_check_segment(struct span file, const struct elf_phdr *phdr, const char **why)
{
	struct span content;

	if (!span_sub(file, phdr->offset, phdr->file_bytes, &content))
		return elf_fail(why, "segment outside the file");
	if (phdr->file_bytes > phdr->mem_bytes)
		return elf_fail(why, "segment larger in the file than in memory");
	if ((phdr->flags & ~(uint32_t)(ELF_SEGMENT_READ | ELF_SEGMENT_WRITE | ELF_SEGMENT_EXEC)) != 0 || phdr->flags == 0)
		return elf_fail(why, "segment without rights or with unknown ones");
	if ((phdr->flags & ELF_SEGMENT_WRITE) != 0 && (phdr->flags & ELF_SEGMENT_EXEC) != 0)
		return elf_fail(why, "segment writable and executable");
	if (phdr->align > 1 && !bits_is_pow2(phdr->align))
		return elf_fail(why, "segment alignment is not a power of two");
	if (phdr->va % ELF_PAGE_BYTES != phdr->offset % ELF_PAGE_BYTES ||
	    (phdr->align > 1 && ((phdr->va - phdr->offset) & (phdr->align - 1)) != 0))
		return elf_fail(why, "segment address and file offset do not agree");
	return STATUS_OK;
}

/* Whether the segment begins behind the one before it, in pages of its own. */
static status_t elf_check_order(const struct elf_segment *before, const struct elf_segment *segment, const char **why)
{
	uint64_t before_end = before->va + before->mem_bytes;

	if (segment->va < before->va)
		return elf_fail(why, "segments not in ascending order");
	if (segment->va < before_end)
		return elf_fail(why, "segments overlap");
	if (bits_align_down(segment->va, ELF_PAGE_BYTES) < bits_align_up(before_end, ELF_PAGE_BYTES))
		return elf_fail(why, segment->flags != before->flags ? "segments with different rights share a page" :
								       "segments share a page");
	return STATUS_OK;
}

/* Places a checked PT_LOAD of at least one byte in the plan. */
static status_t elf_place_segment(const struct elf_phdr *phdr, const struct elf_limits *limits, struct elf_plan *plan,
				  const char **why)
{
	struct elf_segment *segment = &plan->segments[plan->segment_count];
	status_t status;
	uint64_t pages;

	if (plan->segment_count == ELF_SEGMENT_MAX)
		return elf_fail(why, "too many segments");
	segment->va = phdr->va + plan->load_bias;
	if (segment->va < phdr->va || segment->va < limits->va_min || segment->va >= limits->va_max ||
	    phdr->mem_bytes > limits->va_max - segment->va)
		return elf_fail(why, "segment outside the address range");
	if (plan->is_pie && phdr->align > 1 && (plan->load_bias & (phdr->align - 1)) != 0)
		return elf_fail(why, "segment alignment too large for the load address");
	segment->mem_bytes = phdr->mem_bytes;
	segment->file_offset = phdr->offset;
	segment->file_bytes = phdr->file_bytes;
	segment->flags = phdr->flags;
	if (plan->segment_count > 0) {
		status = elf_check_order(segment - 1, segment, why);
		if (status != STATUS_OK)
			return status;
	}
	pages = bits_align_up(segment->va + segment->mem_bytes, ELF_PAGE_BYTES) -
		bits_align_down(segment->va, ELF_PAGE_BYTES);
	if (pages > limits->max_bytes - plan->image_bytes) {
		*why = "image larger than the memory it may use";
		return STATUS_ENOMEM;
	}
	plan->image_bytes += pages;
	plan->segment_count++;
	return STATUS_OK;
}

static status_t elf_read_interpreter(struct span file, const struct elf_phdr *phdr, struct elf_plan *plan, const char **why)
{
	struct span path;

	if (plan->has_interpreter)
		return elf_fail(why, "more than one interpreter");
	if (!span_sub(file, phdr->offset, phdr->file_bytes, &path))
		return elf_fail(why, "interpreter path outside the file");
	if (path.len < 2 || path.len > ELF_PAGE_BYTES || path.data[path.len - 1] != '\0')
		return elf_fail(why, "interpreter path malformed");
	for (size_t i = 0; i + 1 < path.len; i++) {
		if (path.data[i] == '\0')
			return elf_fail(why, "interpreter path malformed");
	}
	plan->has_interpreter = true;
	plan->interpreter = span_of(path.data, path.len - 1);
	return STATUS_OK;
}

/* Looks for the note that marks a native payload; other notes only have to be well formed. */
static status_t elf_read_notes(struct span file, const struct elf_phdr *phdr, struct elf_plan *plan, const char **why)
{
	const uint64_t align = phdr->align == 8 ? 8 : 4;
	struct span notes;
	uint64_t at = 0;

	if (!span_sub(file, phdr->offset, phdr->file_bytes, &notes))
		return elf_fail(why, "note outside the file");
	while (at < notes.len) {
		struct span head, owner, body;
		uint64_t body_at;

		if (!span_sub(notes, at, 12, &head) || !span_sub(notes, at + 12, bits_le32(head.data), &owner))
			return elf_fail(why, "note malformed");
		body_at = bits_align_up(at + 12 + owner.len, align);
		if (!span_sub(notes, body_at, bits_le32(head.data + 4), &body))
			return elf_fail(why, "note malformed");
		at = bits_align_up(body_at + body.len, align);
		if (owner.len != sizeof(ELF_NATIVE_NOTE_OWNER) ||
		    memcmp(owner.data, ELF_NATIVE_NOTE_OWNER, sizeof(ELF_NATIVE_NOTE_OWNER)) != 0 ||
		    bits_le32(head.data + 8) != ELF_NATIVE_NOTE_TYPE)
			continue;
		if (body.len != 4 || bits_le32(body.data) != ELF_NATIVE_ABI)
			return elf_fail(why, "native ABI version not supported");
		plan->is_native = true;
	}
	return STATUS_OK;
}

static status_t elf_read_program_header(struct span file, const struct elf_limits *limits, const struct elf_phdr *phdr,
					struct elf_plan *plan, const char **why)
{
	status_t status;

	switch (phdr->type) {
	case ELF_PT_LOAD:
		status = elf_check_segment(file, phdr, why);
		if (status != STATUS_OK || phdr->mem_bytes == 0)
			return status;
		return elf_place_segment(phdr, limits, plan, why);
	case ELF_PT_INTERP:
		return elf_read_interpreter(file, phdr, plan, why);
	case ELF_PT_NOTE:
		return elf_read_notes(file, phdr, plan, why);
	case ELF_PT_GNU_STACK:
		if ((phdr->flags & ELF_SEGMENT_EXEC) != 0)
			return elf_fail(why, "executable stack");
		return STATUS_OK;
	default:
		return STATUS_OK;
	}
}

/* Where in memory the program headers are: in the file bytes of some segment, or nowhere. */
static void elf_locate_phdrs(struct elf_plan *plan, uint64_t offset, uint64_t bytes)
{
	for (size_t i = 0; i < plan->segment_count; i++) {
		const struct elf_segment *segment = &plan->segments[i];

		if (offset >= segment->file_offset && bytes <= segment->file_bytes &&
		    offset - segment->file_offset <= segment->file_bytes - bytes) {
			plan->phdr_va = segment->va + (offset - segment->file_offset);
			return;
		}
	}
}

static status_t elf_check_entry(const struct elf_plan *plan, const char **why)
{
	if (plan->entry_va % 4 != 0)
		return elf_fail(why, "entry not aligned to an instruction");
	for (size_t i = 0; i < plan->segment_count; i++) {
		const struct elf_segment *segment = &plan->segments[i];

		if ((segment->flags & ELF_SEGMENT_EXEC) != 0 && plan->entry_va >= segment->va &&
		    plan->entry_va - segment->va < segment->mem_bytes)
			return STATUS_OK;
	}
	return elf_fail(why, "entry outside every executable segment");
}

status_t elf_plan(struct span file, const struct elf_limits *limits, struct elf_plan *out, const char **why)
{
	struct span table;
	status_t status = elf_check_header(file, why);

	if (status != STATUS_OK)
		return status;
	memset(out, 0, sizeof(*out));
	status = elf_find_phdrs(file, &table, &out->phdr_count, why);
	if (status != STATUS_OK)
		return status;
	out->phdr_bytes = ELF_PHDR_BYTES;
	out->is_pie = elf_le16(file.data + 16) == ELF_TYPE_DYN;
	out->load_bias = out->is_pie ? limits->dyn_base : 0;
	for (size_t i = 0; i < out->phdr_count; i++) {
		struct elf_phdr phdr = elf_read_phdr(table.data + i * ELF_PHDR_BYTES);

		status = elf_read_program_header(file, limits, &phdr, out, why);
		if (status != STATUS_OK)
			return status;
	}
	if (out->segment_count == 0)
		return elf_fail(why, "nothing to load");
	elf_locate_phdrs(out, bits_le64(file.data + 32), table.len);
	out->entry_va = bits_le64(file.data + 24) + out->load_bias;
	return elf_check_entry(out, why);
}
