// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* For the code of others that includes <stdlib.h>: types, and what lwip_runtime.c has. */
#ifndef LIB_COMPAT_STDLIB_H
#define LIB_COMPAT_STDLIB_H

#include <stddef.h>

int atoi(const char *text);

#endif
