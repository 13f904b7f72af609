// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* For the code of others that includes <stdio.h>; what is compiled here uses nothing of it but to print what it never prints. */
#ifndef LIB_COMPAT_STDIO_H
#define LIB_COMPAT_STDIO_H

#include <stddef.h>

typedef struct lib_compat_file FILE;

int printf(const char *fmt, ...);

#endif
