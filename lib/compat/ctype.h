// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* For the code of others (http-parser) that includes <ctype.h> and uses nothing of it. */
#ifndef LIB_COMPAT_CTYPE_H
#define LIB_COMPAT_CTYPE_H

#endif
