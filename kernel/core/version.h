// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Which build this is, in a form that `rumpk inspect` finds in the image's file, too (tools/rumpklib/stamp.py). version.c is made by
 * kernel/rules.mk from VERSION and `git describe`. One structure and no bare strings: a string that only looks like a version
 * could stand anywhere in the image.
 */
#ifndef KERNEL_CORE_VERSION_H
#define KERNEL_CORE_VERSION_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define BUILD_STAMP_FORMAT 1

/* Both texts end with a NUL, and what follows that is zero. */
struct build_stamp {
	char magic[8];   /* "RUMPKVER", no NUL */
	uint32_t format; /* BUILD_STAMP_FORMAT */
	uint32_t bytes;  /* of this structure */
	char version[32];
	char commit[80]; /* `git describe --always --dirty`, or "unknown" */
};

static_assert(offsetof(struct build_stamp, version) == 16, "build stamp header");
static_assert(offsetof(struct build_stamp, commit) == 48, "build stamp texts");
static_assert(sizeof(struct build_stamp) == 128, "build stamp");

/* At a multiple of 16 bytes of the image. */
extern const struct build_stamp build_stamp;

#endif
