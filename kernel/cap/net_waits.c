// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/cap/net_waits.h"

#include "kernel/io/net/net.h"
#include "lib/status.h"
#include "lib/string.h"

void net_waits_init(struct net_waits *waits)
{
	waits->lock = (struct spinlock){ 0 };
	list_init(&waits->operations);
}

static void withdraw(struct operation *operation)
{
	struct net_waits *waits = (struct net_waits *)operation->key;

	spinlock_take(&waits->lock);
	list_remove(&operation->node);
	spinlock_give(&waits->lock);
}

/* What it was finished for is there for the next. */
static void lost(struct operation *operation)
{
	net_waits_finish_first((struct net_waits *)operation->key, 0);
}

struct beginning {
	struct operation *operation;
	bool (*ready)(const struct object *object);
};

/* On the network's CPU: nothing changes between the look and the wait. */
static void begin_there(void *arg)
{
	struct beginning *beginning = arg;
	struct operation *operation = beginning->operation;
	struct net_waits *waits = (struct net_waits *)operation->key;

	if (beginning->ready(operation->object)) {
		if (operation_claim(operation))
			operation_finish(operation, 0);
		return;
	}
	spinlock_take(&waits->lock);
	list_push_back(&waits->operations, &operation->node);
	spinlock_give(&waits->lock);
}

int64_t net_waits_begin(struct cap_call *call, struct net_waits *waits, bool (*ready)(const struct object *object),
			void (*settle)(struct operation *operation, capos_cap_t *new_cap), const void *data, size_t bytes)
{
	struct beginning beginning = { .operation = operation_begin(call, withdraw), .ready = ready };

	if (beginning.operation == NULL)
		return STATUS_ENOMEM;
	beginning.operation->key = (uint64_t)waits;
	beginning.operation->settle = settle;
	beginning.operation->lost = lost;
	if (data != NULL)
		memcpy(beginning.operation->data, data, bytes);
	net_do(begin_there, &beginning);
	return CAP_PENDING;
}

bool net_waits_settle(struct operation *operation, void (*run)(void *arg), void *arg, const bool *again)
{
	/* Its time runs before it can be finished anew: whoever does that takes the time limit back. */
	operation_retime(operation);
	net_do(run, arg);
	operation->again = *again;
	if (!*again)
		operation_untime(operation);
	return *again;
}

void net_waits_again(struct operation *operation)
{
	struct net_waits *waits = (struct net_waits *)operation->key;

	spinlock_take(&waits->lock);
	list_push_front(&waits->operations, &operation->node);
	operation_again(operation);
	spinlock_give(&waits->lock);
}

static bool finish_one(struct net_waits *waits, int64_t result)
{
	struct operation *operation;

	spinlock_take(&waits->lock);
	operation = operation_claim_first(&waits->operations);
	spinlock_give(&waits->lock);
	if (operation != NULL)
		operation_finish(operation, result);
	return operation != NULL;
}

void net_waits_finish_first(struct net_waits *waits, int64_t result)
{
	(void)finish_one(waits, result);
}

void net_waits_finish_all(struct net_waits *waits, int64_t result)
{
	while (finish_one(waits, result))
		;
}
