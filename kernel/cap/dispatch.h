// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* From a submission to its completion. */
#ifndef KERNEL_CAP_DISPATCH_H
#define KERNEL_CAP_DISPATCH_H

#include "capos/include/capos/abi.h"

struct process;

/*
 * Checks one submission against the process's capabilities and the interface's table, and carries it out. Results besides the
 * method's own: -EBADF no such capability, -ENOSYS no such method, -EACCES a right is missing, -EINVAL lengths,
 * flags or reserved fields, -EMSGSIZE parameters too long, -ENOTSUP capabilities to transfer. Context: the process's fiber.
 */
struct capos_completion cap_dispatch(struct process *process, const struct capos_submission *submission);

#endif
