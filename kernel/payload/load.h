// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* From a proven archive to a process that is ready to start. */
#ifndef KERNEL_PAYLOAD_LOAD_H
#define KERNEL_PAYLOAD_LOAD_H

#include <stddef.h>

#include "kernel/sys/process.h"
#include "lib/span.h"
#include "lib/status.h"

enum { LOAD_WHY_BYTES = 256 };

/*
 * Reads the manifest, plans its program, and makes the process with what the manifest grants. On an error nothing is left over
 * and `why` (LOAD_WHY_BYTES) holds one line: STATUS_EINVAL manifest or archive, STATUS_ENOENT no such file in the archive,
 * STATUS_ENOEXEC program, STATUS_ENOMEM memory. Context: fiber.
 */
MUST_CHECK status_t load_archive(struct span archive, struct process **out, char *why);

#endif
