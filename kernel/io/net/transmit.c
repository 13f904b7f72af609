// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/net/transmit.h"

#include <lwip/pbuf.h>

#include "kernel/io/net/memory.h"
#include "kernel/io/net/tcp_frame.h"
#include "lib/string.h"

enum {
	FRAMES_MAX = HAL_NET_PIECES_MAX - 1, /* the headers are a piece */
	WAITING_MAX = 256,                   /* frames for which the device has no room */
};

/* One frame, or several segments that go as one. */
struct net_batch {
	struct list_node node;
	struct pbuf *frames[FRAMES_MAX];
	unsigned count;
	unsigned piece_count;
	struct hal_net_piece pieces[HAL_NET_PIECES_MAX];
	struct hal_net_offload offload;
	struct tcp_frame first;
	uint32_t payload_bytes; /* of all */
	uint8_t flags; /* of all */
	uint8_t header[TCP_FRAME_HEADER_MAX]; /* of a large segment */
};

void net_transmit_init(struct net_transmit *transmit, struct hal_net *device, const struct hal_net_info *info)
{
	*transmit = (struct net_transmit){ .device = device,
					   .checksum = info->tx_checksum,
					   .large4 = info->tx_checksum && info->tso4,
					   .large6 = info->tx_checksum && info->tso6 };
	list_init(&transmit->waiting);
}

static void batch_drop(struct net_batch *batch)
{
	for (unsigned i = 0; i < batch->count; i++)
		(void)pbuf_free(batch->frames[i]);
	net_memory_free(batch);
}

/* Appends the pieces of a frame from `offset` of its first buffer on; false where there is no room for all. */
static bool pieces_add(struct net_batch *batch, const struct pbuf *frame, uint32_t offset)
{
	unsigned count = batch->piece_count;

	for (const struct pbuf *part = frame; part != NULL; part = part->next, offset = 0) {
		if (part->len == offset)
			continue;
		if (count == HAL_NET_PIECES_MAX)
			return false;
		batch->pieces[count++] = (struct hal_net_piece){ (const uint8_t *)part->payload + offset, part->len - offset };
	}
	batch->piece_count = count;
	return true;
}

/* The frame in one piece, where it is in too many. Takes the reference of `frame`; NULL where memory is out. */
static struct pbuf *frame_flatten(struct pbuf *frame)
{
	struct pbuf *flat = pbuf_clone(PBUF_RAW, PBUF_RAM, frame);

	(void)pbuf_free(frame);
	return flat;
}

static void batch_enqueue(struct net_transmit *transmit, struct net_batch *batch)
{
	list_push_back(&transmit->waiting, &batch->node);
	transmit->waiting_count++;
}

/* Makes one large segment of those gathered. */
static void batch_enlarge(struct net_batch *batch)
{
	const struct tcp_frame *first = &batch->first;

	memcpy(batch->header, batch->frames[0]->payload, first->payload_at);
	tcp_frame_enlarge(batch->header, first, batch->payload_bytes, batch->flags);
	batch->piece_count = 0;
	batch->pieces[batch->piece_count++] = (struct hal_net_piece){ batch->header, first->payload_at };
	for (unsigned i = 0; i < batch->count; i++)
		(void)pieces_add(batch, batch->frames[i], first->payload_at); /* counted when they were taken */
	batch->offload.segment_bytes = (uint16_t)first->payload_bytes;
	batch->offload.header_bytes = first->payload_at;
	batch->offload.ipv6 = first->ipv6;
}

static void batch_close(struct net_transmit *transmit)
{
	struct net_batch *batch = transmit->open;

	if (batch == NULL)
		return;
	transmit->open = NULL;
	if (batch->count > 1)
		batch_enlarge(batch);
	batch_enqueue(transmit, batch);
}

/* Whether the segment goes with those that wait for more. Takes the reference where it does. */
static bool batch_join(struct net_transmit *transmit, struct pbuf *frame, const struct tcp_frame *tcp)
{
	struct net_batch *batch = transmit->open;
	const struct tcp_frame *first = &batch->first;
	unsigned pieces = batch->piece_count;

	if (batch->count == FRAMES_MAX ||
	    !tcp_frame_continues(batch->frames[0]->payload, first, batch->payload_bytes, frame->payload, tcp) ||
	    batch->payload_bytes % first->payload_bytes != 0)
		return false;
	/* One piece is kept for the headers, which are part of the first frame's first piece so far. */
	if (pieces + (batch->count == 1) + pbuf_clen(frame) > HAL_NET_PIECES_MAX || !pieces_add(batch, frame, tcp->payload_at))
		return false;
	if (batch->count == 1)
		batch->piece_count++;
	batch->frames[batch->count++] = frame;
	batch->payload_bytes += tcp->payload_bytes;
	batch->flags |= tcp->flags;
	transmit->counters.merged++;
	return true;
}

static struct net_batch *batch_make(struct net_transmit *transmit, struct pbuf *frame)
{
	struct net_batch *batch = transmit->waiting_count < WAITING_MAX ? net_memory_alloc(sizeof(*batch)) : NULL;

	if (batch == NULL) {
		(void)pbuf_free(frame);
		return NULL;
	}
	batch->count = 1;
	batch->frames[0] = frame;
	batch->piece_count = 0;
	batch->offload = (struct hal_net_offload){ 0 };
	if (!pieces_add(batch, frame, 0)) {
		batch->frames[0] = frame_flatten(frame);
		if (batch->frames[0] == NULL) {
			net_memory_free(batch);
			return NULL;
		}
		(void)pieces_add(batch, batch->frames[0], 0); /* is one piece now */
	}
	return batch;
}

/* A new batch of one segment, which stays open where the device takes large ones. */
static void batch_begin_tcp(struct net_transmit *transmit, struct net_batch *batch, const struct tcp_frame *tcp)
{
	uint8_t *data = batch->frames[0]->payload;

	batch->first = *tcp;
	batch->payload_bytes = tcp->payload_bytes;
	batch->flags = tcp->flags;
	tcp_frame_prepare_checksum(data, tcp, tcp->payload_bytes);
	batch->offload.checksum = true;
	batch->offload.checksum_start = tcp->tcp_at;
	batch->offload.checksum_offset = TCP_FRAME_CHECKSUM;
	if ((tcp->ipv6 ? transmit->large6 : transmit->large4) && tcp_frame_may_grow(tcp))
		transmit->open = batch;
	else
		batch_enqueue(transmit, batch);
}

status_t net_transmit_frame(struct net_transmit *transmit, struct pbuf *frame)
{
	struct tcp_frame tcp;
	bool offload = transmit->checksum && tcp_frame_read(frame->payload, frame->len, frame->tot_len, &tcp);

	transmit->counters.frames++;
	pbuf_ref(frame);
	if (transmit->open != NULL && offload && batch_join(transmit, frame, &tcp))
		return STATUS_OK;
	batch_close(transmit);

	struct net_batch *batch = batch_make(transmit, frame);

	if (batch == NULL) {
		transmit->counters.dropped++;
		return STATUS_ENOMEM;
	}
	if (offload)
		batch_begin_tcp(transmit, batch, &tcp);
	else
		batch_enqueue(transmit, batch);
	return STATUS_OK;
}

void net_transmit_reclaim(struct net_transmit *transmit)
{
	void *batch;

	while (hal_net_sent(transmit->device, &batch))
		batch_drop(batch);
}

void net_transmit_flush(struct net_transmit *transmit)
{
	batch_close(transmit);
	while (!list_is_empty(&transmit->waiting)) {
		struct net_batch *batch = LIST_OWNER(transmit->waiting.next, struct net_batch, node);
		bool plain = !batch->offload.checksum;
		status_t status = hal_net_send(transmit->device, batch->pieces, batch->piece_count, plain ? NULL : &batch->offload, batch);

		if (status == STATUS_EAGAIN) {
			transmit->counters.waited++;
			break;
		}
		list_remove(&batch->node);
		transmit->waiting_count--;
		if (status == STATUS_OK) {
			transmit->counters.sent++;
			transmit->kick = true;
		} else {
			transmit->counters.dropped += batch->count;
			batch_drop(batch);
		}
	}
	if (transmit->kick)
		hal_net_kick(transmit->device);
	transmit->kick = false;
}

void net_transmit_reset(struct net_transmit *transmit)
{
	struct list_node *node;

	batch_close(transmit);
	while ((node = list_pop_front(&transmit->waiting)) != NULL) {
		struct net_batch *batch = LIST_OWNER(node, struct net_batch, node);

		transmit->counters.dropped += batch->count;
		batch_drop(batch);
	}
	transmit->waiting_count = 0;
	net_transmit_reclaim(transmit);
}
