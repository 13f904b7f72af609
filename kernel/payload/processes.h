// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The processes of a manifest: started together, started anew as their restart policies say, until none is left. */
#ifndef KERNEL_PAYLOAD_PROCESSES_H
#define KERNEL_PAYLOAD_PROCESSES_H

#include "kernel/payload/manifest.h"
#include "lib/span.h"
#include "lib/status.h"

/*
 * Runs them all, and returns the exit status of the main one, of its last run. STATUS_... and a line in `why` (PROGRAM_WHY_BYTES) where one cannot be
 * made at the beginning: then none was started. `launch`: words for the main process's arguments. Context: the boot CPU's first fiber.
 */
MUST_CHECK status_t processes_run(struct span archive, const struct manifest *manifest, struct span launch, int *exit_status, char *why);

/* The archive whose processes run; for spawn. */
struct span processes_archive(void);

#endif
