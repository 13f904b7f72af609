// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The C heap, by the names that it has everywhere: what is tested on the host uses the host's. */
#ifndef APPS_BLOG_HEAP_H
#define APPS_BLOG_HEAP_H

#include <stddef.h>

void *malloc(size_t bytes) __attribute__((malloc, warn_unused_result));
void *realloc(void *address, size_t bytes) __attribute__((warn_unused_result));
void free(void *address);

#endif
