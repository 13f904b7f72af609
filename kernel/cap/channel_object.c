// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Memory that two processes share, and a queue by which they hand each other capabilities. */
#include "kernel/cap/channel.h"

#include "kernel/cap/grant.h"
#include "kernel/cap/operation.h"
#include "kernel/cap/region.h"
#include "kernel/cap/ring_set.h"
#include "kernel/channel_methods.h"
#include "kernel/core/libc.h"
#include "kernel/core/spinlock.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/memory.h"
#include "kernel/sys/process.h"
#include "lib/list.h"
#include "lib/string.h"

struct channel {
	struct object object;
	struct region_pages pages;
	struct capset queue; /* capabilities on their way */
	struct spinlock lock;
	struct list_node takers; /* W: under the lock. Operations that wait for one */
};

static struct channel *channel_of(const struct object *object)
{
	return LIST_OWNER((struct object *)object, struct channel, object);
}

static void channel_destroy(struct object *object)
{
	struct channel *channel = channel_of(object);

	grant_close(&channel->queue);
	region_pages_free(&channel->pages);
	free(channel);
}

status_t channel_create(struct budget *budget, uint64_t bytes, struct object **out)
{
	struct channel *channel = calloc(1, sizeof(*channel));
	status_t status;

	if (channel == NULL)
		return STATUS_ENOMEM;
	status = region_pages_alloc(budget, bytes, &channel->pages);
	if (status != STATUS_OK) {
		free(channel);
		return status;
	}
	object_init(&channel->object, &channel_interface, channel_destroy);
	capset_init(&channel->queue, process_capset_source(budget));
	capset_hide_numbers(&channel->queue);
	list_init(&channel->takers);
	*out = &channel->object;
	return STATUS_OK;
}

int64_t channel_map(struct cap_call *call)
{
	const struct region_pages *pages = &channel_of(call->object)->pages;
	uint64_t address;
	status_t status = process_map_object(call->process, call->object, pages->pa, pages->count,
					     HAL_USER_READ | HAL_USER_WRITE, &address);

	return status == STATUS_OK ? (int64_t)address : status;
}

int64_t channel_size(struct cap_call *call)
{
	return (int64_t)(channel_of(call->object)->pages.count * HAL_PAGE_BYTES);
}

/* Finishes so many of those that wait to take. The caller holds the channel. */
static void takers_finish(struct channel *channel, uint32_t count)
{
	for (; count > 0; count--) {
		spinlock_take(&channel->lock);

		struct operation *taker = operation_claim_first(&channel->takers);

		spinlock_give(&channel->lock);
		if (taker == NULL)
			break;
		operation_finish(taker, 0);
	}
}

/* On the taker's own side: out of the queue into its set. What was there may have been revoked, or taken by another. */
static void take_settle(struct operation *operation, capos_cap_t *new_cap)
{
	struct channel *channel = channel_of(operation->object);
	char name[CAPOS_CHANNEL_NAME_BYTES];

	if (operation->result < 0)
		return;
	operation->result = grant_move_first(&channel->queue, &operation->set->process->capset, new_cap, name);
	if (operation->result == STATUS_OK)
		operation_set_data(operation, name, sizeof(name));
	else if (channel->queue.count > 0) /* there is no room for it here: another one's */
		takers_finish(channel, 1);
}

/* The capability stays in the queue, for whoever else waits for one. */
static void take_lost(struct operation *operation)
{
	takers_finish(channel_of(operation->object), 1);
}

static void withdraw(struct operation *operation)
{
	struct channel *channel = channel_of(operation->object);

	spinlock_take(&channel->lock);
	list_remove(&operation->node);
	spinlock_give(&channel->lock);
}

/* Channels stay out of queues: two that hold each other would live for ever. */
static status_t may_travel(const struct cap_call *call, capos_cap_t cap)
{
	struct object *object;
	uint32_t rights;
	status_t status = capset_find(&call->process->capset, cap, &object, &rights);

	if (status != STATUS_OK)
		return status;
	return object->interface == &channel_interface ? STATUS_EPERM : STATUS_OK;
}

static status_t give(struct channel *channel, const struct cap_call *call)
{
	uint32_t count = call->submission->transfer_count;
	capos_cap_t given[CAPOS_TRANSFERS_MAX];
	status_t status = STATUS_OK;
	uint32_t done = 0;

	if (channel->queue.count + count > CAPOS_CHANNEL_QUEUE)
		return STATUS_EAGAIN;
	while (done < count && status == STATUS_OK) {
		const struct cap_transfer *transfer = &call->transfers[done];

		status = may_travel(call, transfer->cap);
		if (status == STATUS_OK)
			status = grant_copy(&call->process->capset, transfer->cap, transfer->rights, &channel->queue,
					    transfer->name, &given[done]);
		done += status == STATUS_OK;
	}
	while (status != STATUS_OK && done > 0)
		grant_drop(&channel->queue, given[--done]);
	takers_finish(channel, done);
	return status;
}

int64_t channel_give(struct cap_call *call)
{
	struct channel *channel = channel_of(call->object);
	status_t status;

	/* Finishing sends messages, and who waits for room to send serves others' meanwhile: as if it yielded. */
	if (!object_hold(&channel->object))
		return STATUS_EBADF;
	status = give(channel, call);
	object_put(&channel->object);
	return status;
}

int64_t channel_take(struct cap_call *call)
{
	struct channel *channel = channel_of(call->object);
	struct operation *operation = operation_begin(call, withdraw);
	bool waits;

	if (operation == NULL)
		return STATUS_ENOMEM;
	operation->settle = take_settle;
	operation->lost = take_lost;
	spinlock_take(&channel->lock);
	waits = channel->queue.count == 0;
	if (waits)
		list_push_back(&channel->takers, &operation->node);
	spinlock_give(&channel->lock);
	if (!waits && operation_claim(operation))
		operation_finish(operation, 0);
	return CAP_PENDING;
}
