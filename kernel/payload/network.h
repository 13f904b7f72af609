// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The network for processes that the manifest gives it to. It is started for the first of them. */
#ifndef KERNEL_PAYLOAD_NETWORK_H
#define KERNEL_PAYLOAD_NETWORK_H

#include "kernel/payload/manifest.h"
#include "kernel/payload/start.h"
#include "lib/status.h"

/*
 * Grants a process `net`, as its manifest has it; nothing where that does not ask for it. STATUS_ENODEV where the machine has no network
 * device; STATUS_ENOMEM, STATUS_EIO. Context: fiber of the boot CPU.
 */
MUST_CHECK status_t network_grant(const struct manifest_network *network, const struct manifest_process *spec, struct start *start);

#endif
