// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Time since the machine started. Waiting for a time is an operation's own time limit, that ends well. */
#include "hal/contract/timer.h"
#include "kernel/cap/objects.h"
#include "kernel/cap/operation.h"
#include "kernel/clock_methods.h"
#include "lib/status.h"

int64_t clock_now(struct cap_call *call)
{
	(void)call;
	return (int64_t)hal_timer_now_ns();
}

static void withdraw(struct operation *operation)
{
	(void)operation; /* it waits in nothing but its time limit */
}

/* Which of the two limits was it? The earlier one. */
static void time_came(struct operation *operation, capos_cap_t *new_cap)
{
	(void)new_cap;
	if (operation->result == STATUS_ETIMEDOUT && operation->key != 0)
		operation->result = 0;
}

int64_t clock_wait_until(struct cap_call *call, const struct capos_clock_wait_until *params)
{
	struct capos_submission limited = *call->submission;
	uint64_t now = hal_timer_now_ns();
	struct operation *operation;
	bool first;

	if (params->deadline_ns <= now)
		return 0;
	first = limited.timeout_ns == 0 || params->deadline_ns - now <= limited.timeout_ns;
	if (first)
		limited.timeout_ns = params->deadline_ns - now;
	call->submission = &limited;
	operation = operation_begin(call, withdraw);
	if (operation == NULL)
		return STATUS_ENOMEM;
	operation->key = first;
	operation->settle = time_came;
	return CAP_PENDING;
}

struct object clock_object = OBJECT_INIT(clock_interface);
