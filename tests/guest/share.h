// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What the tests of the host's folder share. */
#ifndef TESTS_GUEST_SHARE_H
#define TESTS_GUEST_SHARE_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/io/fs/fs.h"
#include "lib/string.h"

#define SHARE_PATIENCE_NS 30000000000ul
#define SHARE_BUFFER_BYTES 524288

extern struct fs *share;
extern uint8_t *share_buffer; /* of SHARE_BUFFER_BYTES */
extern char share_why[128];

/* Mounts it, and waits for the host to have filled it. */
bool share_mount(void);

/* What has a name in its root, held; NULL where there is none. */
struct fs_node *share_find(const char *name);

/* How looking for it ends. */
status_t share_find_fails(const char *name);

bool share_content_is(struct fs_node *node, const char *expected);

static inline struct span span_text(const char *string)
{
	return span_of(string, strlen(string));
}

#endif
