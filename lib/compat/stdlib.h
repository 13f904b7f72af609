// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* For the code of others that includes <stdlib.h>; what is compiled here uses nothing of it but types. */
#ifndef LIB_COMPAT_STDLIB_H
#define LIB_COMPAT_STDLIB_H

#include <stddef.h>

#endif
