// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Which build this is. version.c is made by the Makefile from VERSION and `git describe`. */
#ifndef KERNEL_CORE_VERSION_H
#define KERNEL_CORE_VERSION_H

extern const char rumpk_version[];
extern const char rumpk_commit[];

#endif
