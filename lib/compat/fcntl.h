// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* For the code of others (libext2fs) that includes <fcntl.h> and uses nothing of it. */
#ifndef LIB_COMPAT_FCNTL_H
#define LIB_COMPAT_FCNTL_H

#endif
