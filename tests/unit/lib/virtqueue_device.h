// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A model of the device at the other end of a virtqueue, as the specification has it: what tests hold lib/virtqueue against.
 * It reads nothing but what a device sees.
 */
#ifndef TESTS_UNIT_LIB_VIRTQUEUE_DEVICE_H
#define TESTS_UNIT_LIB_VIRTQUEUE_DEVICE_H

#include <stdlib.h>
#include <string.h>

#include "lib/virtqueue.h"

struct model {
	struct virtqueue queue;
	uint16_t size;
	bool event_index;
	struct virtq_desc *descriptors;
	struct virtq_available *available;
	struct virtq_used *used;
	struct virtqueue_slot *slots;
	uint16_t seen_available; /* chains fetched */
	uint16_t used_index;
	uint64_t moved;     /* what an address that the device is given is short of the host's own */
	uint16_t signalled; /* used index at the last decision on an interrupt */
};

/* A chain as the device has read it. */
struct model_chain {
	uint16_t head;
	unsigned readable, writable;
	struct virtqueue_piece pieces[VIRTQUEUE_PIECES_MAX];
	const char *wrong; /* the driver broke a rule; NULL: it did not */
};

/* Each area is allocated by itself and to the byte: ASan sees who goes beyond. */
static inline void model_init(struct model *model, uint16_t size, bool event_index)
{
	memset(model, 0, sizeof(*model));
	model->size = size;
	model->event_index = event_index;
	model->descriptors = malloc(virtqueue_descriptors_bytes(size));
	model->available = malloc(virtqueue_available_bytes(size));
	model->used = malloc(virtqueue_used_bytes(size));
	model->slots = malloc(virtqueue_slots_bytes(size));
	virtqueue_init(&model->queue, size, model->descriptors, model->available, model->used, model->slots, event_index);
}

static inline void model_free(struct model *model)
{
	free(model->descriptors);
	free(model->available);
	free(model->used);
	free(model->slots);
}

static inline _Atomic uint16_t *model_available_event(struct model *model)
{
	return (_Atomic uint16_t *)(void *)&model->used->ring[model->size];
}

/* Whether a chain waits, and asks to be notified of the next where none does. */
static inline bool model_has_work(struct model *model)
{
	atomic_store(model_available_event(model), model->seen_available);
	return atomic_load(&model->available->index) != model->seen_available;
}

static inline void model_read_table(const struct virtq_desc *table, unsigned limit, uint16_t at, struct model_chain *chain)
{
	for (unsigned i = 0;; i++) {
		const struct virtq_desc *desc = &table[at];
		bool write = desc->flags & VIRTQ_DESC_WRITE;

		if (i == limit || at >= limit || i == VIRTQUEUE_PIECES_MAX || (chain->writable > 0 && !write)) {
			chain->wrong = "loop, length or order";
			return;
		}
		chain->pieces[i] = (struct virtqueue_piece){ desc->address, desc->bytes };
		*(write ? &chain->writable : &chain->readable) += 1;
		if (!(desc->flags & VIRTQ_DESC_NEXT))
			return;
		at = desc->next;
	}
}

/* Fetches the next chain, which must be there. */
static inline struct model_chain model_fetch(struct model *model)
{
	struct model_chain chain = { .head = atomic_load(&model->available->ring[model->seen_available++ % model->size]) };
	const struct virtq_desc *desc;

	if (chain.head >= model->size) {
		chain.wrong = "head out of range";
		return chain;
	}
	desc = &model->descriptors[chain.head];
	if (desc->flags & VIRTQ_DESC_INDIRECT)
		model_read_table((const struct virtq_desc *)(uintptr_t)(desc->address + model->moved), desc->bytes / sizeof(*desc), 0, &chain);
	else
		model_read_table(model->descriptors, model->size, chain.head, &chain);
	return chain;
}

/* Puts any element and index there, as a hostile device may. */
static inline void model_put(struct model *model, uint32_t id, uint32_t bytes, uint16_t advance)
{
	struct virtq_used_element *element = &model->used->ring[model->used_index % model->size];

	atomic_store(&element->id, id);
	atomic_store(&element->bytes, bytes);
	model->used_index = (uint16_t)(model->used_index + advance);
	atomic_store(&model->used->index, model->used_index);
}

static inline void model_finish(struct model *model, const struct model_chain *chain, uint32_t bytes)
{
	model_put(model, chain->head, bytes, 1);
}

/* Whether the device would interrupt now. Spec: virtio 1.2 §2.7.7.2. */
static inline bool model_interrupts(struct model *model)
{
	uint16_t before = model->signalled;
	uint16_t event = atomic_load(&model->available->ring[model->size]);

	model->signalled = model->used_index;
	if (!model->event_index)
		return before != model->used_index && !(atomic_load(&model->available->flags) & VIRTQ_AVAILABLE_NO_INTERRUPT);
	return (uint16_t)(model->used_index - event - 1) < (uint16_t)(model->used_index - before);
}

#endif
