// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The file systems that the manifest gives to processes. Each is mounted for the first that is granted it. */
#ifndef KERNEL_PAYLOAD_FILES_H
#define KERNEL_PAYLOAD_FILES_H

#include <stddef.h>

#include "kernel/payload/manifest.h"
#include "kernel/payload/start.h"
#include "lib/span.h"
#include "lib/status.h"

/*
 * Grants a process its directories, as its manifest has them; nothing where that does not ask for any. `cpu`: where its main thread runs. On an
 * error `why` holds one line. STATUS_ENODEV where the machine lacks what one of them is on; STATUS_ENOMEM, STATUS_EIO. Context: fiber of the boot CPU.
 */
MUST_CHECK status_t files_grant(struct span archive, const struct manifest_process *spec, unsigned cpu, struct start *start, char *why,
				size_t why_bytes);

/* Unmounts all of them: what is still to be written is written. No process runs any more. Context: as files_grant(). */
void files_end(void);

#endif
