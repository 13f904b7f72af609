// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What to map to run an ELF64 AArch64 file: a pure plan, made before anything is allocated, so that a file which cannot run is refused
 * with its cause and nothing has to be undone.
 *
 * Spec: System V ABI, "Object Files"; ELF for the Arm 64-bit Architecture (AAELF64) 2022Q3 §5.
 */
#ifndef LIB_ELF_H
#define LIB_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/span.h"
#include "lib/status.h"

#define ELF_SEGMENT_MAX 8
#define ELF_PAGE_BYTES 4096u
#define ELF_NATIVE_NOTE_OWNER "Rumpk" /* owner of the note that marks a native payload */
#define ELF_NATIVE_NOTE_TYPE 1u       /* descriptor: one u32, the ABI version */
#define ELF_NATIVE_ABI 2u

/* Rights of a segment: the values of p_flags. */
enum {
	ELF_SEGMENT_EXEC = 1,
	ELF_SEGMENT_WRITE = 2,
	ELF_SEGMENT_READ = 4,
};

/* Where an image may lie and how big it may be. All page multiples. */
struct elf_limits {
	uint64_t va_min;    /* first address that may be used */
	uint64_t va_max;    /* first address that may not */
	uint64_t max_bytes; /* all segments together, in whole pages */
	uint64_t dyn_base;  /* added to the addresses of a position independent (ET_DYN) file */
};

/* One PT_LOAD. Exact bytes: the mapper rounds to pages; no two segments meet in a page. */
struct elf_segment {
	uint64_t va;          /* final: dyn_base is in it; va % 4096 == file_offset % 4096 */
	uint64_t mem_bytes;   /* not 0 */
	uint64_t file_offset; /* inside the file */
	uint64_t file_bytes;  /* <= mem_bytes; the rest is zero */
	uint32_t flags;       /* ELF_SEGMENT_*; never WRITE and EXEC, never 0 */
};

struct elf_plan {
	struct elf_segment segments[ELF_SEGMENT_MAX]; /* ascending, apart from each other by page */
	size_t segment_count;                         /* at least 1 */
	uint64_t entry_va;                            /* final; inside an executable segment */
	uint64_t phdr_va;                             /* of the program headers in memory, or 0: none are mapped */
	uint16_t phdr_count;
	uint16_t phdr_bytes;      /* of one program header: 56 */
	uint64_t load_bias;       /* what was added: dyn_base for a position independent file, else 0 */
	uint64_t image_bytes;     /* all segments, each in whole pages */
	bool is_pie;              /* ET_DYN */
	bool is_native;           /* has the Rumpk note */
	bool has_interpreter;     /* PT_INTERP: `interpreter` is its path, without the NUL, in the file */
	struct span interpreter;
};

/*
 * Plans how to load `file`. Position independent files are moved to limits->dyn_base; nothing is relocated here.
 *
 * Refused, each with its own cause: wrong magic, class, byte order, version, machine or type; header or segment outside the file; more
 * than ELF_SEGMENT_MAX segments or none; segment that wraps, is outside the limits, writable and executable, smaller in memory than
 * in the file, not congruent with its file offset, not in ascending order, overlapping or sharing a page with another; total above
 * max_bytes; entry not aligned or outside every executable segment; executable stack; broken or unknown native note.
 *
 * Context: any. `out->interpreter` borrows from `file`.
 * Returns STATUS_OK; STATUS_ENOMEM where the image is larger than max_bytes; STATUS_ENOEXEC for everything else. On error `*why` is a static
 * string and `*out` undefined.
 */
MUST_CHECK status_t elf_plan(struct span file, const struct elf_limits *limits, struct elf_plan *out, const char **why);

#endif
