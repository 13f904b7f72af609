// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A split virtqueue, the driver's side. Three pieces of memory that the device sees:
 *
 *   descriptors  struct virtq_desc[size]              W: driver. Where the buffers are
 *   available    flags, index, ring[size], used_event W: driver. Heads of descriptor chains the device may use
 *   used         flags, index, ring[size], avail_event W: device. Heads it is done with, and how much it wrote
 *
 * and one that it does not: a slot a descriptor. The device is hostile. What it writes is read once, in virtqueue_take() but for
 * hints that only cost time, and judged against the slots: the descriptors are never read back, so it may scribble over
 * all it can reach. A queue that was lied to is broken and stays so: its owner resets the device, then takes what was in
 * flight back by virtqueue_reclaim().
 *
 * Rejected: the packed ring. It saves the device, not a guest, cache misses, and its descriptors are written by both sides. What it would
 * save here is in docs/architecture.md, "Devices".
 *
 * Spec: virtio 1.2 §2.7 "Split Virtqueues".
 */
#ifndef LIB_VIRTQUEUE_H
#define LIB_VIRTQUEUE_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/status.h"

#define VIRTQUEUE_SIZE_MAX 256u  /* descriptors: a page of them */
#define VIRTQUEUE_PIECES_MAX 64u /* of one chain */

/* Little-endian, as all of virtio 1. */
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "wire structures are used as they lie");

struct virtq_desc {
	uint64_t address;
	uint32_t bytes;
	uint16_t flags;
	uint16_t next;
};

struct virtq_available {
	_Atomic uint16_t flags;
	_Atomic uint16_t index;
	_Atomic uint16_t ring[]; /* of the queue's size; used_event follows */
};

struct virtq_used_element {
	_Atomic uint32_t id;
	_Atomic uint32_t bytes;
};

struct virtq_used {
	_Atomic uint16_t flags;
	_Atomic uint16_t index;
	struct virtq_used_element ring[]; /* of the queue's size; avail_event, a uint16_t, follows */
};

static_assert(sizeof(struct virtq_desc) == 16 && offsetof(struct virtq_desc, next) == 14, "virtio 1.2 §2.7.5");
static_assert(offsetof(struct virtq_available, ring) == 4, "virtio 1.2 §2.7.6");
static_assert(offsetof(struct virtq_used, ring) == 4 && sizeof(struct virtq_used_element) == 8, "virtio 1.2 §2.7.8");

#define VIRTQ_DESC_NEXT 1u
#define VIRTQ_DESC_WRITE 2u
#define VIRTQ_DESC_INDIRECT 4u
#define VIRTQ_AVAILABLE_NO_INTERRUPT 1u
#define VIRTQ_USED_NO_NOTIFY 1u

/* What is remembered of a descriptor. */
struct virtqueue_slot {
	void *token;             /* of the chain that begins here */
	uint32_t writable_bytes; /* what the device may write into that chain */
	uint16_t next;           /* in the chain, or among the free ones */
	uint16_t descriptors;    /* of the chain that begins here and is in flight; else 0 */
};

static_assert(sizeof(struct virtqueue_slot) == 16, "as many to the page as descriptors");

struct virtqueue {
	struct virtq_desc *descriptors;
	struct virtq_available *available;
	struct virtq_used *used;
	struct virtqueue_slot *slots;
	const char *why; /* how the device broke the rules, a static string; NULL: it did not */
	uint16_t size;
	uint16_t free_head, free_count;
	uint16_t in_flight;     /* chains */
	uint16_t next_available; /* what the index will be */
	uint16_t published;     /* what it is */
	uint16_t notified;      /* what it was when the device was last asked whether it wants to know */
	uint16_t taken;         /* used elements */
	uint16_t seen;          /* the device's index, judged */
	bool event_index;       /* VIRTIO_F_EVENT_IDX */
	void (*fence)(void);    /* follows each full fence where that alone is not enough: set after virtqueue_init(); or NULL */
};

/* How much memory a queue of `size` takes in each of its areas. `size`: a power of two, at most VIRTQUEUE_SIZE_MAX. */
static inline size_t virtqueue_descriptors_bytes(uint16_t size)
{
	return sizeof(struct virtq_desc) * size;
}

static inline size_t virtqueue_available_bytes(uint16_t size)
{
	return sizeof(struct virtq_available) + sizeof(uint16_t) * (size + 1u);
}

static inline size_t virtqueue_used_bytes(uint16_t size)
{
	return sizeof(struct virtq_used) + sizeof(struct virtq_used_element) * size + sizeof(uint16_t);
}

static inline size_t virtqueue_slots_bytes(uint16_t size)
{
	return sizeof(struct virtqueue_slot) * size;
}

/* A buffer as the device sees it. */
struct virtqueue_piece {
	uint64_t address;
	uint32_t bytes; /* 1 or more */
};

/* A chain: pieces that the device reads, then such that it writes. */
struct virtqueue_chain {
	const struct virtqueue_piece *pieces;
	unsigned readable, writable;
	void *token;                   /* what virtqueue_take() gives back */
	struct virtq_desc *table;      /* VIRTIO_F_INDIRECT_DESC: room for a descriptor a piece, the queue's until taken. Or NULL */
	uint64_t table_address;
};

struct virtqueue_done {
	void *token;
	uint32_t bytes; /* that the device says it wrote; within the chain's writable pieces */
};

/*
 * Makes an empty queue of `size` descriptors. `descriptors` (aligned to 16), `available` (2), `used` (4) and `slots` are the caller's, as
 * large as said above. The device does not know of them yet.
 */
void virtqueue_init(struct virtqueue *queue, uint16_t size, struct virtq_desc *descriptors, void *available, void *used,
		    struct virtqueue_slot *slots, bool event_index);

/*
 * Adds a chain, which the device sees at the next virtqueue_publish().
 * Returns STATUS_OK; STATUS_EAGAIN where too few descriptors are free; STATUS_EINVAL for a chain of no piece or too many, an empty piece, or
 * 4 GiB; STATUS_EIO where the queue is broken. Spec: §2.7.13 "Supplying Buffers to The Device".
 */
MUST_CHECK status_t virtqueue_add(struct virtqueue *queue, const struct virtqueue_chain *chain);

/* The descriptor that the next chain begins at, where one is free: less than `size`, and no other chain's while that is in flight. */
static inline uint16_t virtqueue_next_head(const struct virtqueue *queue)
{
	return queue->free_head;
}

/* Shows the device what was added. True where it wants to be notified. */
MUST_CHECK bool virtqueue_publish(struct virtqueue *queue);

/*
 * Takes a chain that the device is done with.
 * Returns STATUS_OK; STATUS_EAGAIN where there is none; STATUS_EIO where the device broke the rules, now or before: queue->why says how.
 * Spec: §2.7.14 "Receiving Used Buffers From The Device".
 */
MUST_CHECK status_t virtqueue_take(struct virtqueue *queue, struct virtqueue_done *done);

/* Wants an interrupt once `after` + 1 more chains are done. True where they are already: look, none may come. */
bool virtqueue_listen(struct virtqueue *queue, uint16_t after);

/* Wants no interrupts. The device may send some all the same. */
void virtqueue_hush(struct virtqueue *queue);

/* Once the device has been reset: takes back a chain that was in flight. False where there is none left. */
bool virtqueue_reclaim(struct virtqueue *queue, void **token);

#endif
