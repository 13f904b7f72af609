// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* For the code of others (libext2fs) that includes <time.h>: the clock is ext2_runtime.c's. */
#ifndef LIB_COMPAT_TIME_H
#define LIB_COMPAT_TIME_H

typedef long time_t;

time_t time(time_t *out);

#endif
