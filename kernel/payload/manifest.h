// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * manifest.toml of a bundle: what to run and what it is given. Pure: text in, struct out. The set of known keys, capabilities and
 * rights is closed; what is not known is an error, never ignored, for a misspelt restriction would be a grant.
 */
#ifndef KERNEL_PAYLOAD_MANIFEST_H
#define KERNEL_PAYLOAD_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

#include "lib/span.h"
#include "lib/status.h"

#define MANIFEST_NAME_MAX 32
#define MANIFEST_EXEC_MAX 255
#define MANIFEST_ARG_MAX 16
#define MANIFEST_ARG_BYTES 1024 /* all arguments together, each with its NUL */
#define MANIFEST_CAPABILITY_MAX 16
#define MANIFEST_MEMORY_DEFAULT (1024u * 1024u)
#define MANIFEST_STACK_DEFAULT (64u * 1024u)
#define MANIFEST_PAGE_BYTES 4096u
#define MANIFEST_WHY_BYTES 160 /* enough for every message */

enum manifest_capability_id {
	MANIFEST_CAPABILITY_CONSOLE,
};

/* Rights of the console capability. */
enum {
	MANIFEST_CONSOLE_WRITE = 1u << 0,
};

struct manifest_capability {
	enum manifest_capability_id id;
	const char *name; /* static */
	uint32_t rights;  /* of that capability; not 0 */
};

struct manifest {
	char name[MANIFEST_NAME_MAX + 1]; /* [a-z0-9-]{1,32} */
	char exec[MANIFEST_EXEC_MAX + 1]; /* a valid archive name */
	uint32_t arg_count;               /* argv[1..]; argv[0] is the name */
	uint16_t arg_offset[MANIFEST_ARG_MAX]; /* into arg_bytes; see manifest_arg */
	char arg_bytes[MANIFEST_ARG_BYTES];
	uint64_t memory_bytes; /* page multiple, not 0: all memory it may use */
	uint64_t stack_bytes;  /* page multiple, not 0, below memory_bytes */
	uint32_t capability_count;
	struct manifest_capability capabilities[MANIFEST_CAPABILITY_MAX]; /* each id at most once */
};

/*
 * Parses a manifest.
 *
 * `why`, of `why_bytes` (MANIFEST_WHY_BYTES are enough), takes on error one line of text without LF that names line and key.
 * Context: any. About 1 KiB of stack. `*out` is a copy, it borrows nothing.
 * Returns STATUS_OK; STATUS_EINVAL where the manifest is wrong. On error `*out` is undefined.
 */
MUST_CHECK status_t manifest_parse(struct span text, struct manifest *out, char *why, size_t why_bytes);

/* Argument `index` (below arg_count), NUL terminated, in the manifest. Context: any. */
static inline const char *manifest_arg(const struct manifest *manifest, uint32_t index)
{
	return manifest->arg_bytes + manifest->arg_offset[index];
}

#endif
