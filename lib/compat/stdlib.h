// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* For the code of others that includes <stdlib.h>: the kernel's heap, and what lwip_runtime.c and ext2_runtime.c have. */
#ifndef LIB_COMPAT_STDLIB_H
#define LIB_COMPAT_STDLIB_H

#include <stddef.h>

int atoi(const char *text);
unsigned long strtoul(const char *text, char **end, int base);
char *getenv(const char *name);
void qsort(void *base, size_t count, size_t bytes, int (*compare)(const void *a, const void *b));

void *malloc(size_t bytes);
void *calloc(size_t count, size_t bytes);
void *realloc(void *address, size_t bytes);
void free(void *address);
_Noreturn void abort(void);

#endif
