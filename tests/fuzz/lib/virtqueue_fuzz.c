// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * lib/virtqueue with a device that writes what the input says over all the memory it reaches, between and during calls. Promised: a
 * token comes back once and only while it is in flight, lengths are within what was given, and a lie is final.
 */
#include "lib/virtqueue.h"

#include <string.h>

#include "lib/bits.h"
#include "tests/fuzz/fuzz.h"

enum { SIZE = 8, TOKENS = 256, CALLS_MAX = 2000 };

struct shared {
	struct virtq_desc descriptors[SIZE];
	uint8_t available[32]; /* 4 + 2 * 8 + 2 */
	uint8_t used[72];      /* 4 + 8 * 8 + 2 */
};

struct token {
	bool in_flight;
	uint32_t writable_bytes;
};

static struct token tokens[TOKENS];

static uint8_t next(const uint8_t **data, const uint8_t *end)
{
	return *data < end ? *(*data)++ : 0;
}

static void add_some(struct virtqueue *queue, uint8_t how, unsigned serial)
{
	struct token *token = &tokens[serial % TOKENS];
	struct virtqueue_piece pieces[4];
	struct virtqueue_chain chain = { pieces, how & 1, 1u + (how >> 1 & 1), token, NULL, 0 };

	for (unsigned i = 0; i < ARRAY_LEN(pieces); i++)
		pieces[i] = (struct virtqueue_piece){ 4096 * i, 64 };
	if (token->in_flight || virtqueue_add(queue, &chain) != STATUS_OK)
		return;
	*token = (struct token){ true, 64 * chain.writable };
}

static void take_all(struct virtqueue *queue)
{
	struct virtqueue_done done;

	for (unsigned i = 0;; i++) {
		status_t status = virtqueue_take(queue, &done);
		struct token *token = done.token;

		FUZZ_ASSERT(i <= SIZE);
		FUZZ_ASSERT((status == STATUS_EIO) == (queue->why != NULL));
		if (status != STATUS_OK)
			return;
		FUZZ_ASSERT(token >= tokens && token < tokens + TOKENS && token->in_flight);
		FUZZ_ASSERT(done.bytes <= token->writable_bytes);
		token->in_flight = false;
	}
}

/* A stretch of the shared memory gets bytes of the input; a used element and the index are what is mostly aimed at. */
static void scribble(struct shared *shared, uint8_t how, const uint8_t **data, const uint8_t *end)
{
	uint16_t index;

	switch (how & 3) {
	case 0: /* an honest element, perhaps */
		memcpy(&index, shared->used + 2, sizeof(index));
		shared->used[4 + 8 * (index % SIZE)] = next(data, end) % (SIZE + 1);
		shared->used[8 + 8 * (index % SIZE)] = next(data, end) % 130;
		index++;
		memcpy(shared->used + 2, &index, sizeof(index));
		break;
	case 1:
		shared->used[2] = next(data, end);
		break;
	default:
		((uint8_t *)shared)[(next(data, end) | next(data, end) << 8) % sizeof(*shared)] = next(data, end);
	}
}

static void reclaim_all(struct virtqueue *queue)
{
	void *token;

	while (virtqueue_reclaim(queue, &token)) {
		FUZZ_ASSERT(((struct token *)token)->in_flight);
		((struct token *)token)->in_flight = false;
	}
	for (unsigned i = 0; i < TOKENS; i++)
		FUZZ_ASSERT(!tokens[i].in_flight);
	FUZZ_ASSERT(queue->free_count == SIZE && queue->in_flight == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct shared shared;
	static struct virtqueue_slot slots[SIZE];
	const uint8_t *end = data + size;
	struct virtqueue queue;
	unsigned serial = 0;

	virtqueue_init(&queue, SIZE, shared.descriptors, shared.available, shared.used, slots, size % 2);
	for (unsigned i = 0; i < CALLS_MAX && data < end; i++) {
		uint8_t how = next(&data, end);

		switch (how >> 5) {
		case 0:
		case 1:
			add_some(&queue, how, serial++);
			break;
		case 2:
			(void)virtqueue_publish(&queue);
			break;
		case 3:
			if (how & 1)
				(void)virtqueue_listen(&queue, how & 7);
			else
				virtqueue_hush(&queue);
			break;
		case 4:
			take_all(&queue);
			break;
		default:
			scribble(&shared, how, &data, end);
		}
	}
	reclaim_all(&queue);
	return 0;
}
