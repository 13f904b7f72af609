// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* For the code of others (libsodium, libfdt) that includes <string.h>: the functions of lib/. */
#ifndef LIB_COMPAT_STRING_H
#define LIB_COMPAT_STRING_H

#include "lib/string.h"

#endif
