// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* For the code of others (libext2fs) that includes <pthread.h>; what is compiled here uses nothing of it. */
#ifndef LIB_COMPAT_PTHREAD_H
#define LIB_COMPAT_PTHREAD_H

#endif
