// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The rings that a submission comes by. */
#include "kernel/cap/objects.h"
#include "kernel/cap/operation.h"
#include "kernel/ring_methods.h"

int64_t ring_nop(struct cap_call *call)
{
	(void)call;
	return 0;
}

int64_t ring_cancel(struct cap_call *call, const struct capos_ring_cancel *params)
{
	return operation_cancel(call->rings, params->user_data);
}

struct object ring_object = OBJECT_INIT(ring_interface);
