// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* From a submission to its completion. */
#ifndef KERNEL_CAP_DISPATCH_H
#define KERNEL_CAP_DISPATCH_H

#include <stddef.h>

#include "kernel/cap/object.h"
#include "lib/status.h"

/*
 * Checks one submission against the process's capabilities and the interface's table, and carries it out. Fills `completion` and
 * returns NULL; or returns the operation, whose completion comes later. Results besides the method's own: -EBADF no such capability,
 * -ENOSYS no such method, -EACCES a right is missing, -EINVAL lengths, flags, reserved fields, transfers or a time limit that the
 * method does not take, -EMSGSIZE parameters too long. Context: the fiber that owns the rings.
 */
struct operation *cap_dispatch(struct ring_set *set, const struct capos_submission *submission,
			       struct capos_completion *completion);

/* For methods: `bytes` of results, as many as the process has room for. Faults the process where it may not write them. STATUS_EFAULT. */
MUST_CHECK status_t cap_call_result(const struct cap_call *call, const void *data, size_t bytes);

#endif
