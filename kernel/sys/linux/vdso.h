// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The vDSO in processes. Context: fiber, any CPU, no lock held. */
#ifndef KERNEL_SYS_LINUX_VDSO_H
#define KERNEL_SYS_LINUX_VDSO_H

#include <stdint.h>

#include "lib/status.h"

struct process;

/* Maps it: its address. STATUS_ENOMEM. */
MUST_CHECK int64_t linux_vdso_map(struct process *process);

#endif
