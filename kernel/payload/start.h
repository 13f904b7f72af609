// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What a process finds at its start: rings, capabilities, arguments. */
#ifndef KERNEL_PAYLOAD_START_H
#define KERNEL_PAYLOAD_START_H

#include "kernel/payload/manifest.h"
#include "kernel/sys/process.h"
#include "lib/status.h"

/*
 * Grants what the manifest names, maps the rings and writes struct capos_start. STATUS_ENOMEM, STATUS_ENOSPC.
 */
MUST_CHECK status_t start_fill(struct process *process, const struct manifest_process *manifest);

#endif
