// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* For the code of others (libext2fs) that includes <sys/time.h>; what is compiled here has the structure in another and no more. */
#ifndef LIB_COMPAT_SYS_TIME_H
#define LIB_COMPAT_SYS_TIME_H

struct timeval {
	long tv_sec;
	long tv_usec;
};

#endif
