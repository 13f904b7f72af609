// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Requests under way: each has a slot of memory that the server sees, and its number as tag. Replies come in any order. */
#include "hal/contract/timer.h"
#include "kernel/core/fiber.h"
#include "kernel/io/fs/ninep/mount.h"

void ninep_wait(struct ninep *mount)
{
	if (wait_queue_sleep(&mount->waiting, WAIT_FOREVER) != STATUS_OK)
		fiber_yield(); /* who is cancelled waits all the same: what the server has begun comes to its end */
}

void ninep_wake_waiting(struct ninep *mount)
{
	wait_queue_wake(&mount->waiting);
}

static uint16_t tag_of(const struct ninep *mount, const struct ninep_record *record)
{
	return (uint16_t)(record - mount->records);
}

static struct ninep_slot *slot_of(const struct ninep *mount, const struct ninep_record *record)
{
	return &mount->slots[tag_of(mount, record)];
}

static struct ninep_record *record_take(struct ninep *mount)
{
	struct ninep_record *record = mount->free;

	if (record != NULL)
		mount->free = record->next_free;
	return record;
}

static void record_give(struct ninep *mount, struct ninep_record *record)
{
	record->call = NULL;
	record->dying = NULL;
	record->next_free = mount->free;
	mount->free = record;
}

void ninep_call_begin(struct ninep *mount, struct ninep_call *call, enum ninep_type type)
{
	struct ninep_slot *slot;
	struct ninep_record *record;

	while ((record = record_take(mount)) == NULL)
		ninep_wait(mount);
	slot = slot_of(mount, record);
	*call = (struct ninep_call){ .record = record, .fiber = fiber_current() };
	call->asked.type = type;
	call->asked.tag = type == NINEP_VERSION ? NINEP_NO_TAG : tag_of(mount, record);
	ninep_begin(&call->out, slot->request, sizeof(slot->request), type, call->asked.tag);
}

/* Where the reply goes: its beginning into the slot, its data to whom wants it. */
static unsigned reply_pieces(const struct ninep_call *call, struct ninep_slot *slot, struct hal_ninep_piece *pieces)
{
	if (call->room == NULL) {
		pieces[0] = (struct hal_ninep_piece){ slot->reply, sizeof(slot->reply) };
		return 1;
	}
	if (call->asked.type == NINEP_READLINK) {
		pieces[0] = (struct hal_ninep_piece){ call->room, NINEP_READLINK_BYTES };
		return 1;
	}
	pieces[0] = (struct hal_ninep_piece){ slot->reply, NINEP_DATA_HEAD_BYTES };
	pieces[1] = (struct hal_ninep_piece){ call->room, call->asked.bytes };
	return 2;
}

static status_t call_submit(struct ninep *mount, struct ninep_call *call)
{
	struct ninep_slot *slot = slot_of(mount, call->record);
	struct hal_ninep_piece pieces[HAL_NINEP_PIECES_MAX];
	struct hal_ninep_request request = { .pieces = pieces, .token = call->record };
	size_t first = call->data != NULL && call->split > 0 ? call->split : call->out.len;

	if (!ninep_end(&call->out, call->data_bytes))
		return STATUS_EINVAL;
	pieces[request.readable++] = (struct hal_ninep_piece){ slot->request, (uint32_t)first };
	if (call->data != NULL)
		pieces[request.readable++] = (struct hal_ninep_piece){ (void *)(uintptr_t)call->data, call->data_bytes };
	if (first < call->out.len)
		pieces[request.readable++] = (struct hal_ninep_piece){ slot->request + first, (uint32_t)(call->out.len - first) };
	request.writable = reply_pieces(call, slot, pieces + request.readable);
	return hal_ninep_submit(mount->channel, &request);
}

/* The reply of a call: as much of it as lies together. */
static struct span reply_head(const struct ninep *mount, const struct ninep_call *call, const struct ninep_record *record, uint32_t bytes)
{
	const struct ninep_slot *slot = slot_of(mount, record);
	bool follows = call != NULL && call->room != NULL && call->asked.type != NINEP_READLINK;
	uint32_t most = follows ? NINEP_DATA_HEAD_BYTES : bytes;

	if (call != NULL && call->room != NULL && !follows)
		return span_of(call->room, bytes);
	return span_of(slot->reply, bytes < most ? bytes : most);
}

/* The next fid of a node that nobody holds is given back; with the last one, the node is gone. False where it waits for its reply. */
static bool bury_next(struct ninep *mount, struct ninep_record *record, struct ninep_node *node)
{
	struct ninep_slot *slot = slot_of(mount, record);
	const struct hal_ninep_piece pieces[] = { { slot->request, NINEP_HEAD_BYTES + 4 }, { slot->reply, sizeof(slot->reply) } };
	const struct hal_ninep_request request = { .pieces = pieces, .readable = 1, .writable = 1, .token = record };
	struct ninep_writer out;

	for (unsigned fid = 0; fid < NINEP_FIDS; fid++) {
		if (!(node->fids & 1u << fid))
			continue;
		node->fids &= (uint8_t)~(1u << fid);
		ninep_begin(&out, slot->request, sizeof(slot->request), NINEP_CLUNK, tag_of(mount, record));
		ninep_put32(&out, ninep_fid(node, fid));
		record->dying = node;
		if (ninep_end(&out, 0) && hal_ninep_submit(mount->channel, &request) == STATUS_OK)
			return false;
	}
	ninep_node_free(mount, node);
	return true;
}

/* A slot is free: for a node that waits, or a fiber. */
static void record_next(struct ninep *mount, struct ninep_record *record)
{
	struct list_node *link;

	record->call = NULL;
	while ((link = list_pop_front(&mount->dying)) != NULL)
		if (!bury_next(mount, record, LIST_OWNER(link, struct ninep_node, link)))
			return;
	record_give(mount, record);
	ninep_wake_waiting(mount);
}

void ninep_node_drop(struct ninep *mount, struct ninep_node *node)
{
	struct ninep_record *record;

	list_remove(&node->link);
	mount->ending++;
	if (node->fids == 0) {
		ninep_node_free(mount, node);
		return;
	}
	record = record_take(mount);
	if (record == NULL)
		list_push_back(&mount->dying, &node->link);
	else if (bury_next(mount, record, node))
		record_give(mount, record);
	hal_ninep_kick(mount->channel);
}

/* A reply, or that there will be none. */
static void record_done(struct ninep *mount, struct ninep_record *record, uint32_t bytes, status_t status)
{
	const struct ninep_asked clunk = { .type = NINEP_CLUNK, .tag = tag_of(mount, record) };
	struct ninep_call *call = record->call;
	struct ninep_node *dying = record->dying;
	struct ninep_reply unused;
	const char *why = NULL;

	if (status == STATUS_OK)
		status = ninep_reply_read(reply_head(mount, call, record, bytes), bytes, call != NULL ? &call->asked : &clunk,
					  call != NULL ? &call->reply : &unused, &why);
	else
		status = STATUS_EIO;
	if (status == STATUS_EPROTO) {
		hal_ninep_break(mount->channel, why);
		status = STATUS_EIO;
	}
	if (call != NULL) {
		call->status = status;
		call->done = true;
		fiber_wake(call->fiber);
	} else if (!bury_next(mount, record, dying)) {
		return;
	}
	record->dying = NULL;
	record_next(mount, record);
}

static unsigned settle_some(struct ninep *mount)
{
	unsigned count = 0;
	uint32_t bytes;
	status_t status;
	void *token;

	for (; hal_ninep_done(mount->channel, &token, &bytes, &status); count++)
		record_done(mount, token, bytes, status);
	return count;
}

unsigned ninep_settle(struct ninep *mount)
{
	unsigned all = 0;
	unsigned some = 1;
	unsigned before;

	/* Twice nothing, where something is said to be there: a device that has not ended its reset keeps what it was given. */
	do {
		before = some;
		some = settle_some(mount);
		all += some;
	} while (hal_ninep_listen(mount->channel, true) && (some > 0 || before > 0));
	return all;
}

/* War: the device hears of requests, and does not interrupt while this fiber looks for replies itself. Whose reply it finds is woken, which ends it. */
static void call_poll(struct ninep *mount, const struct ninep_call *call)
{
	(void)hal_ninep_listen(mount->channel, false);
	do
		device_governor_step(&mount->governor, settle_some(mount), false, hal_timer_now_ns());
	while (!call->done && device_governor_polls(&mount->governor));
	(void)ninep_settle(mount);
}

static void call_wait(struct ninep *mount, const struct ninep_call *call)
{
	device_governor_begin(&mount->governor, hal_timer_now_ns());
	while (!call->done) {
		if (device_governor_polls(&mount->governor)) {
			call_poll(mount, call);
		} else {
			hal_ninep_kick(mount->channel);
			fiber_sleep();
		}
	}
	device_governor_end(&mount->governor, hal_timer_now_ns());
}

status_t ninep_call_run(struct ninep *mount, struct ninep_call *call)
{
	status_t status;

	call->record->call = call;
	status = call_submit(mount, call);
	if (status != STATUS_OK) {
		record_next(mount, call->record);
		hal_ninep_kick(mount->channel);
		return status;
	}
	call_wait(mount, call);
	return call->status;
}

status_t ninep_call_fid(struct ninep *mount, enum ninep_type type, uint32_t fid)
{
	struct ninep_call call;

	ninep_call_begin(mount, &call, type);
	ninep_put32(&call.out, fid);
	if (type == NINEP_FSYNC)
		ninep_put32(&call.out, 0); /* not the data alone */
	return ninep_call_run(mount, &call);
}
