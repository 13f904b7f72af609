// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Files that do not lie in the bundle, proven by the signature beside them, so that they may be executed. Context of all: fiber; may sleep. */
#ifndef KERNEL_SYS_LINUX_PROVEN_H
#define KERNEL_SYS_LINUX_PROVEN_H

#include "kernel/sys/linux/file.h"
#include "lib/span.h"
#include "lib/status.h"

/*
 * What of an open file may be executed: the bundle's content as it lies, or the copy of a file whose signature has been checked, which the open file
 * keeps. STATUS_EACCES: it is not signed, not by a key that the image trusts, was altered, or its directory gives no right to execute, and the console
 * says why; STATUS_ENOMEM, STATUS_EFBIG, STATUS_EIO.
 */
MUST_CHECK status_t linux_file_prove(struct linux_file *file, struct span *content);

/* The copy that was proven before; empty: there is none. */
struct span linux_file_proven(struct linux_file *file);

#endif
