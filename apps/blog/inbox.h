// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Files that clients send: PUT /inbox/NAME, with NAME of letters, digits, `.`, `-` and `_`, not beginning with a dot, at most 64. Off unless the
 * launch says where they go, and the manifest lets the program write there.
 */
#ifndef APPS_BLOG_INBOX_H
#define APPS_BLOG_INBOX_H

#include <stdbool.h>

#include "apps/blog/session.h"

enum { INBOX_NAME_MAX = 64, INBOX_FOLDER_MAX = 100 };
#define INBOX_BYTES_MAX (64ull << 20)

/* Files go to `folder` from now on; NULL: to nowhere. It stays the caller's. */
void inbox_open(const char *folder);

/* For sessions; NULL where files go to nowhere. */
const struct inbox *inbox(void);

/* The name that a path of a request has behind /inbox/, or NULL. Pure. */
const char *inbox_name(const char *path);

#endif
