// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "lib/virtqueue.h"

#include <stddef.h>

#include "lib/bits.h"
#include "lib/string.h"

static _Atomic uint16_t *used_event(const struct virtqueue *queue)
{
	return &queue->available->ring[queue->size];
}

static const _Atomic uint16_t *available_event(const struct virtqueue *queue)
{
	return (const _Atomic uint16_t *)(const void *)&queue->used->ring[queue->size];
}

static status_t virtqueue_break(struct virtqueue *queue, const char *why)
{
	queue->why = why;
	return STATUS_EIO;
}

void virtqueue_init(struct virtqueue *queue, uint16_t size, struct virtq_desc *descriptors, void *available, void *used,
		    struct virtqueue_slot *slots, bool event_index)
{
	*queue = (struct virtqueue){
		.descriptors = descriptors,
		.available = available,
		.used = used,
		.slots = slots,
		.size = size,
		.free_count = size,
		.event_index = event_index,
	};
	memset(descriptors, 0, virtqueue_descriptors_bytes(size));
	memset(available, 0, virtqueue_available_bytes(size));
	memset(used, 0, virtqueue_used_bytes(size));
	for (uint16_t i = 0; i < size; i++)
		slots[i] = (struct virtqueue_slot){ .next = (uint16_t)((i + 1u) % size) };
}

/*
 * Describes a chain's pieces in free descriptors, from the first free one on, or in its table: nobody sees either yet. `*next_free` is
 * what follows the descriptors used, `*writable_bytes` what the device may write.
 */
static status_t chain_describe(const struct virtqueue *queue, const struct virtqueue_chain *chain, unsigned pieces, uint16_t *next_free,
			       uint32_t *writable_bytes)
{
	uint64_t bytes[2] = { 0, 0 }; /* that the device reads, that it writes */
	struct virtq_desc *out = NULL;
	uint16_t at = queue->free_head;

	for (unsigned i = 0; i < pieces; i++) {
		const struct virtqueue_piece *piece = &chain->pieces[i];
		bool write = i >= chain->readable;
		uint16_t next = (uint16_t)(i + 1);

		if (piece->bytes == 0)
			return STATUS_EINVAL;
		bytes[write] += piece->bytes;
		if (chain->table != NULL) {
			out = &chain->table[i];
		} else {
			out = &queue->descriptors[at];
			next = at = queue->slots[at].next;
		}
		*out = (struct virtq_desc){ piece->address, piece->bytes, write ? VIRTQ_DESC_NEXT | VIRTQ_DESC_WRITE : VIRTQ_DESC_NEXT, next };
	}
	out->flags &= (uint16_t)~VIRTQ_DESC_NEXT;
	*next_free = at;
	*writable_bytes = (uint32_t)bytes[1];
	return bytes[0] + bytes[1] > UINT32_MAX ? STATUS_EINVAL : STATUS_OK; /* §2.7.4.2: 2^32 bytes at most */
}

status_t virtqueue_add(struct virtqueue *queue, const struct virtqueue_chain *chain)
{
	unsigned pieces = chain->readable + chain->writable;
	uint16_t descriptors = (uint16_t)(chain->table != NULL ? 1 : pieces);
	uint16_t head = queue->free_head;
	struct virtqueue_slot *slot = &queue->slots[head];
	uint32_t writable_bytes;
	uint16_t next_free;
	status_t status;

	if (pieces == 0 || pieces > VIRTQUEUE_PIECES_MAX || chain->readable > VIRTQUEUE_PIECES_MAX)
		return STATUS_EINVAL;
	if (queue->why != NULL)
		return STATUS_EIO;
	if (descriptors > queue->free_count)
		return STATUS_EAGAIN;
	status = chain_describe(queue, chain, pieces, &next_free, &writable_bytes);
	if (status != STATUS_OK)
		return status;
	if (chain->table != NULL) {
		queue->descriptors[head] = (struct virtq_desc){ chain->table_address, (uint32_t)sizeof(struct virtq_desc) * pieces,
								VIRTQ_DESC_INDIRECT, 0 };
		next_free = slot->next;
	}
	queue->free_head = next_free;
	queue->free_count = (uint16_t)(queue->free_count - descriptors);
	queue->in_flight++;
	slot->token = chain->token;
	slot->writable_bytes = writable_bytes;
	slot->descriptors = descriptors;
	atomic_store_explicit(&queue->available->ring[queue->next_available & (queue->size - 1)], head, memory_order_relaxed);
	queue->next_available++;
	return STATUS_OK;
}

/* What was written is seen before what follows is read. */
static void fence(const struct virtqueue *queue)
{
	atomic_thread_fence(memory_order_seq_cst);
	if (queue->fence != NULL)
		queue->fence();
}

bool virtqueue_publish(struct virtqueue *queue)
{
	uint16_t before = queue->notified;
	uint16_t now = queue->next_available;

	if (queue->published != now) {
		queue->published = now;
		/* Pairs with the device's load of the index: what the ring and the descriptors say is seen (§2.7.13.3). */
		atomic_store_explicit(&queue->available->index, now, memory_order_release);
	}
	if (before == now)
		return false;
	queue->notified = now;
	/* The index is written before it is read whether the device sleeps; it does the reverse (§2.7.13.4). */
	fence(queue);
	if (!queue->event_index)
		return !(atomic_load_explicit(&queue->used->flags, memory_order_relaxed) & VIRTQ_USED_NO_NOTIFY);

	uint16_t event = atomic_load_explicit(available_event(queue), memory_order_relaxed);

	return (uint16_t)(now - event - 1) < (uint16_t)(now - before);
}

/* Frees the descriptors of the chain that begins at `head`. */
static void chain_free(struct virtqueue *queue, uint16_t head)
{
	uint16_t tail = head;

	for (uint16_t i = 1; i < queue->slots[head].descriptors; i++)
		tail = queue->slots[tail].next;
	queue->slots[tail].next = queue->free_head;
	queue->free_head = head;
	queue->free_count = (uint16_t)(queue->free_count + queue->slots[head].descriptors);
	queue->in_flight--;
	queue->slots[head].descriptors = 0;
}

/* Looks how far the device is. */
static status_t used_look(struct virtqueue *queue)
{
	/* Pairs with the device's store: what the elements and the buffers hold is seen (§2.7.14). */
	uint16_t index = atomic_load_explicit(&queue->used->index, memory_order_acquire);

	if (index == queue->taken)
		return STATUS_EAGAIN;
	if ((uint16_t)(index - queue->taken) > queue->in_flight)
		return virtqueue_break(queue, "used index beyond what is in flight");
	queue->seen = index;
	return STATUS_OK;
}

status_t virtqueue_take(struct virtqueue *queue, struct virtqueue_done *done)
{
	const struct virtq_used_element *element = &queue->used->ring[queue->taken & (queue->size - 1)];
	struct virtqueue_slot *slot;
	uint32_t id;
	uint32_t bytes;

	if (queue->why != NULL)
		return STATUS_EIO;
	if (queue->seen == queue->taken) {
		status_t status = used_look(queue);

		if (status != STATUS_OK)
			return status;
	}
	id = atomic_load_explicit(&element->id, memory_order_relaxed);
	bytes = atomic_load_explicit(&element->bytes, memory_order_relaxed);
	if (id >= queue->size)
		return virtqueue_break(queue, "used id out of range");
	slot = &queue->slots[id];
	if (slot->descriptors == 0)
		return virtqueue_break(queue, "used id is not in flight");
	if (bytes > slot->writable_bytes)
		return virtqueue_break(queue, "used length beyond the buffer");
	*done = (struct virtqueue_done){ slot->token, bytes };
	chain_free(queue, (uint16_t)id);
	queue->taken++;
	return STATUS_OK;
}

bool virtqueue_listen(struct virtqueue *queue, uint16_t after)
{
	if (queue->event_index)
		atomic_store_explicit(used_event(queue), (uint16_t)(queue->taken + after), memory_order_relaxed);
	else
		atomic_store_explicit(&queue->available->flags, 0, memory_order_relaxed);
	/* The wish is written before it is looked whether it comes too late (§2.7.14.1). */
	fence(queue);
	return (uint16_t)(atomic_load_explicit(&queue->used->index, memory_order_relaxed) - queue->taken) > after;
}

void virtqueue_hush(struct virtqueue *queue)
{
	if (queue->event_index) /* the flag stays 0 then (§2.7.7.1); 65,535 elements from now is never, nearly */
		atomic_store_explicit(used_event(queue), (uint16_t)(queue->taken - 1), memory_order_relaxed);
	else
		atomic_store_explicit(&queue->available->flags, VIRTQ_AVAILABLE_NO_INTERRUPT, memory_order_relaxed);
}

bool virtqueue_reclaim(struct virtqueue *queue, void **token)
{
	if (queue->in_flight == 0)
		return false;
	for (uint16_t i = 0; i < queue->size; i++) {
		if (queue->slots[i].descriptors == 0)
			continue;
		*token = queue->slots[i].token;
		chain_free(queue, i);
		return true;
	}
	return false;
}
