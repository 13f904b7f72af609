// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* For the code of others that includes <sys/types.h>; what is compiled here uses nothing of it but these. */
#ifndef LIB_COMPAT_SYS_TYPES_H
#define LIB_COMPAT_SYS_TYPES_H

#include <stddef.h>

typedef long ssize_t;
typedef long off_t;
typedef unsigned mode_t;
typedef unsigned long dev_t;

#endif
