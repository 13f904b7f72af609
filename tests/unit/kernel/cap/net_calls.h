// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The network's CPU, for tests of its objects: what is to be done there is done at once. */
#ifndef TESTS_UNIT_KERNEL_CAP_NET_CALLS_H
#define TESTS_UNIT_KERNEL_CAP_NET_CALLS_H

#include "tests/unit/kernel/cap/call.h"

#include "kernel/cap/dispatch.h"
#include "kernel/cap/net_object.h"
#include "kernel/cap/net_waits.h"
#include "kernel/io/net/net.h"

static unsigned net_pokes;
static unsigned net_errands; /* under way there */

void net_do(void (*run)(void *arg), void *arg)
{
	net_errands++;
	run(arg);
	net_errands--;
}

void net_do_later(void (*run)(void *arg), void *arg)
{
	run(arg);
}

void net_poke(void)
{
	net_pokes++;
}

status_t cap_call_result(const struct cap_call *call, const void *data, size_t bytes)
{
	return process_copy_out(call->process, call->submission->result, data, bytes);
}

/* What the operation that waits comes to, now that it was finished. */
static inline int64_t net_settle(capos_cap_t *new_cap)
{
	CU_ASSERT_TRUE(world.operation.claimed);
	world.operation.settle(&world.operation, new_cap);
	return world.operation.result;
}

#define withdraw waits_withdraw /* the objects have functions of that name */
#include "kernel/cap/net_waits.c"
#undef withdraw

#endif
