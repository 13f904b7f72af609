// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* lib/virtqueue against a model of the device: one that keeps the rules, and one that breaks each of them. */
#include "lib/virtqueue.h"

#include "lib/bits.h"
#include "tests/unit/lib/virtqueue_device.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

static struct model model;
static uint8_t memory[4096];

static status_t add(unsigned readable, unsigned writable, uint32_t bytes, void *token, struct virtq_desc *table)
{
	struct virtqueue_piece pieces[VIRTQUEUE_PIECES_MAX + 1];
	struct virtqueue_chain chain = { pieces, readable, writable, token, table, (uintptr_t)table };

	for (unsigned i = 0; i < ARRAY_LEN(pieces); i++)
		pieces[i] = (struct virtqueue_piece){ (uintptr_t)memory + i, bytes };
	return virtqueue_add(&model.queue, &chain);
}

static bool publish(void)
{
	return virtqueue_publish(&model.queue);
}

static status_t take(struct virtqueue_done *done)
{
	return virtqueue_take(&model.queue, done);
}

/* One chain of one writable piece is in flight, and the device has it. */
static struct model_chain start_one(bool event_index)
{
	model_init(&model, 8, event_index);
	CU_ASSERT_EQUAL(add(0, 1, 100, memory, NULL), STATUS_OK);
	CU_ASSERT(publish());
	return model_fetch(&model);
}

/* The queue has found the device out, says so again, and takes nothing more. */
static void expect_broken(const char *why)
{
	struct virtqueue_done done;
	unsigned reclaimed = 0;
	void *token;

	CU_ASSERT_EQUAL(take(&done), STATUS_EIO);
	CU_ASSERT_PTR_NOT_NULL(model.queue.why);
	if (model.queue.why != NULL)
		CU_ASSERT_STRING_EQUAL(model.queue.why, why);
	CU_ASSERT_EQUAL(take(&done), STATUS_EIO);
	CU_ASSERT_EQUAL(add(1, 0, 1, memory, NULL), STATUS_EIO);
	while (virtqueue_reclaim(&model.queue, &token))
		reclaimed += token != NULL;
	CU_ASSERT(reclaimed > 0);
	CU_ASSERT_EQUAL(model.queue.free_count, model.size);
	model_free(&model);
}

static void virtqueue_gives_chains_to_the_device_as_they_were_added(void)
{
	struct virtq_desc table[3];
	struct model_chain chain;

	for (unsigned indirect = 0; indirect < 2; indirect++) {
		model_init(&model, 8, false);
		CU_ASSERT(!model_has_work(&model));
		CU_ASSERT_EQUAL(add(1, 2, 7, memory, indirect ? table : NULL), STATUS_OK);
		CU_ASSERT(!model_has_work(&model)); /* not published yet */
		CU_ASSERT(publish());
		CU_ASSERT(model_has_work(&model));
		chain = model_fetch(&model);
		CU_ASSERT_PTR_NULL(chain.wrong);
		CU_ASSERT_EQUAL(chain.readable, 1);
		CU_ASSERT_EQUAL(chain.writable, 2);
		CU_ASSERT_EQUAL(chain.pieces[2].address, (uintptr_t)memory + 2);
		CU_ASSERT_EQUAL(chain.pieces[2].bytes, 7);
		CU_ASSERT_EQUAL(model.queue.free_count, indirect ? 7 : 5);
		model_free(&model);
	}
}

static void virtqueue_gives_tokens_and_lengths_back_in_the_order_of_use(void)
{
	struct virtqueue_done done;
	struct model_chain first;
	struct model_chain second;

	model_init(&model, 8, false);
	CU_ASSERT_EQUAL(add(0, 2, 50, &memory[1], NULL), STATUS_OK);
	CU_ASSERT_EQUAL(add(1, 0, 50, &memory[2], NULL), STATUS_OK);
	CU_ASSERT(publish());
	CU_ASSERT(!publish()); /* nothing new to tell */
	first = model_fetch(&model);
	second = model_fetch(&model);
	CU_ASSERT_EQUAL(take(&done), STATUS_EAGAIN);
	model_finish(&model, &second, 0);
	CU_ASSERT_EQUAL(take(&done), STATUS_OK);
	CU_ASSERT_PTR_EQUAL(done.token, &memory[2]);
	CU_ASSERT_EQUAL(take(&done), STATUS_EAGAIN);
	model_finish(&model, &first, 100);
	CU_ASSERT_EQUAL(take(&done), STATUS_OK);
	CU_ASSERT_PTR_EQUAL(done.token, &memory[1]);
	CU_ASSERT_EQUAL(done.bytes, 100);
	CU_ASSERT_EQUAL(model.queue.free_count, 8);
	model_free(&model);
}

static void virtqueue_refuses_what_is_no_chain(void)
{
	model_init(&model, 64, false);
	CU_ASSERT_EQUAL(add(0, 0, 1, memory, NULL), STATUS_EINVAL);
	CU_ASSERT_EQUAL(add(1, 0, 0, memory, NULL), STATUS_EINVAL);
	CU_ASSERT_EQUAL(add(VIRTQUEUE_PIECES_MAX, 1, 1, memory, NULL), STATUS_EINVAL);
	CU_ASSERT_EQUAL(add(UINT32_MAX, 2, 1, memory, NULL), STATUS_EINVAL); /* the sum wraps */
	CU_ASSERT_EQUAL(add(1, 2, 0x60000000, memory, NULL), STATUS_EINVAL); /* 4.5 GiB */
	CU_ASSERT_EQUAL(add(VIRTQUEUE_PIECES_MAX, 0, 1, memory, NULL), STATUS_OK);
	model_free(&model);
}

/* Memory that was somebody else's: nothing of it is left for the device, and descriptors are taken in their order. */
static void virtqueue_begins_with_zeroes(void)
{
	static const uint8_t zeroes[4096];
	uint16_t due = 0;

	model_init(&model, 8, true);
	memset(model.descriptors, 0xa5, virtqueue_descriptors_bytes(8));
	memset(model.available, 0xa5, virtqueue_available_bytes(8));
	memset(model.used, 0xa5, virtqueue_used_bytes(8));
	memset(&model.queue, 0xa5, sizeof(model.queue));
	virtqueue_init(&model.queue, 8, model.descriptors, model.available, model.used, model.slots, true);
	CU_ASSERT(memcmp(model.descriptors, zeroes, virtqueue_descriptors_bytes(8)) == 0);
	CU_ASSERT(memcmp(model.available, zeroes, virtqueue_available_bytes(8)) == 0);
	CU_ASSERT(memcmp(model.used, zeroes, virtqueue_used_bytes(8)) == 0);
	for (; due < 8; due++) {
		CU_ASSERT_EQUAL(add(1, 0, 1, memory, NULL), STATUS_OK);
		CU_ASSERT_EQUAL(atomic_load(&model.available->ring[due]), due);
	}
	model_free(&model);
}

/* §2.7.4.2, §2.7.5.3: 2^32 bytes, which no field counts, are one too many; a table's entry says nothing else. */
static void virtqueue_takes_chains_to_the_last_byte(void)
{
	struct virtqueue_piece pieces[2] = { { 0x1000, UINT32_MAX }, { 0x2000, 1 } };
	static struct virtq_desc table[2];

	for (unsigned readable = 0; readable <= 2; readable++) {
		struct virtqueue_chain chain = { pieces, readable, 2 - readable, memory, NULL, 0 };

		model_init(&model, 8, false);
		pieces[0].bytes = UINT32_MAX;
		CU_ASSERT_EQUAL(virtqueue_add(&model.queue, &chain), STATUS_EINVAL);
		pieces[0].bytes = UINT32_MAX - 1;
		CU_ASSERT_EQUAL(model.queue.free_count, 8);
		CU_ASSERT_EQUAL(virtqueue_add(&model.queue, &chain), STATUS_OK);
		chain.table = table;
		chain.table_address = 0x3000;
		CU_ASSERT_EQUAL(virtqueue_add(&model.queue, &chain), STATUS_OK);
		CU_ASSERT(model.descriptors[2].address == 0x3000 && model.descriptors[2].bytes == 32);
		CU_ASSERT(model.descriptors[2].flags == VIRTQ_DESC_INDIRECT && model.descriptors[2].next == 0);
		chain.table = NULL;
		CU_ASSERT(virtqueue_add(&model.queue, &chain) == STATUS_OK && model.queue.free_count == 3);
		CU_ASSERT(model.descriptors[3].flags == (readable == 0 ? 3 : 1) && model.descriptors[3].next == 4);
		CU_ASSERT(model.descriptors[4].flags == (readable == 2 ? 0 : 2));
		model_free(&model);
	}
}

static void virtqueue_is_full_when_descriptors_are_out(void)
{
	struct virtqueue_done done;
	struct model_chain chain;

	model_init(&model, 8, false);
	CU_ASSERT_EQUAL(add(3, 0, 1, memory, NULL), STATUS_OK);
	CU_ASSERT_EQUAL(add(3, 0, 1, memory, NULL), STATUS_OK);
	CU_ASSERT_EQUAL(add(3, 0, 1, memory, NULL), STATUS_EAGAIN);
	CU_ASSERT_EQUAL(add(2, 0, 1, memory, NULL), STATUS_OK);
	CU_ASSERT_EQUAL(add(1, 0, 1, memory, NULL), STATUS_EAGAIN);
	CU_ASSERT(publish());
	chain = model_fetch(&model);
	model_finish(&model, &chain, 0);
	CU_ASSERT_EQUAL(take(&done), STATUS_OK);
	CU_ASSERT_EQUAL(add(4, 0, 1, memory, NULL), STATUS_EAGAIN);
	CU_ASSERT_EQUAL(add(3, 0, 1, memory, NULL), STATUS_OK);
	model_free(&model);
}

/* Random traffic through every wrap of the indices, against a count of what is in flight. */
static void virtqueue_loses_and_invents_nothing(void)
{
	struct random random = random_start(5);
	static struct model_chain held[16];
	static uint8_t out[VIRTQUEUE_SIZE_MAX]; /* by token: how often it is in flight */
	unsigned wrong = 0;

	for (unsigned event_index = 0; event_index < 2; event_index++) {
		unsigned holds = 0;
		unsigned serial = 0;

		model_init(&model, 16, event_index);
		memset(out, 0, sizeof(out));
		for (unsigned i = 0; i < 400000; i++) {
			struct virtqueue_done done;
			uint8_t *token = &out[serial % ARRAY_LEN(out)];

			if (random_below(&random, 2) && *token == 0 &&
			    add((unsigned)random_below(&random, 3), 1 + (unsigned)random_below(&random, 3), 9, token, NULL) == STATUS_OK) {
				*token = 1;
				serial++;
			}
			if (random_below(&random, 3) == 0)
				(void)publish();
			while (random_below(&random, 3) != 0 && model_has_work(&model)) {
				held[holds] = model_fetch(&model);
				wrong += held[holds++].wrong != NULL;
			}
			while (holds > 0 && random_below(&random, 2)) { /* in any order */
				unsigned pick = (unsigned)random_below(&random, holds);

				model_finish(&model, &held[pick], held[pick].writable * 9);
				held[pick] = held[--holds];
			}
			while (random_below(&random, 4) != 0 && take(&done) == STATUS_OK) {
				wrong += *(uint8_t *)done.token != 1;
				*(uint8_t *)done.token = 0;
			}
		}
		CU_ASSERT(serial > 65536);
		CU_ASSERT_PTR_NULL(model.queue.why);
		model_free(&model);
	}
	CU_ASSERT_EQUAL(wrong, 0);
}

static void virtqueue_notices_an_index_that_jumps(void)
{
	static const uint16_t jumps[] = { 2, 8, 9, 0x8000, 0xffff };

	for (unsigned i = 0; i < ARRAY_LEN(jumps); i++) {
		struct model_chain chain = start_one(i % 2);

		model_put(&model, chain.head, 0, jumps[i]);
		expect_broken("used index beyond what is in flight");
	}
}

static void virtqueue_notices_ids_that_are_not_in_flight(void)
{
	static const uint32_t ids[] = { 8, 0x10000, 0xffffffff };
	struct virtqueue_done done;
	struct model_chain chain;

	for (unsigned i = 0; i < ARRAY_LEN(ids); i++) {
		(void)start_one(false);
		model_put(&model, ids[i], 0, 1);
		expect_broken("used id out of range");
	}
	chain = start_one(false);
	model_put(&model, (uint32_t)chain.head + 1, 0, 1);
	expect_broken("used id is not in flight");

	/* The same one twice, the second time while another is in flight. */
	chain = start_one(false);
	CU_ASSERT_EQUAL(add(0, 1, 1, memory, NULL), STATUS_OK);
	CU_ASSERT(publish());
	model_finish(&model, &chain, 1);
	model_finish(&model, &chain, 1);
	CU_ASSERT_EQUAL(take(&done), STATUS_OK);
	expect_broken("used id is not in flight");

	/* In the middle of a chain. */
	model_init(&model, 8, false);
	CU_ASSERT_EQUAL(add(0, 3, 1, memory, NULL), STATUS_OK);
	CU_ASSERT(publish());
	chain = model_fetch(&model);
	model_put(&model, model.descriptors[chain.head].next, 1, 1);
	expect_broken("used id is not in flight");
}

static void virtqueue_notices_lengths_beyond_the_buffer(void)
{
	static const uint32_t lengths[] = { 101, 0x80000000, 0xffffffff };
	struct model_chain chain;

	for (unsigned i = 0; i < ARRAY_LEN(lengths); i++) {
		chain = start_one(false);
		model_finish(&model, &chain, lengths[i]);
		expect_broken("used length beyond the buffer");
	}
	model_init(&model, 8, false);
	CU_ASSERT_EQUAL(add(1, 0, 100, memory, NULL), STATUS_OK); /* nothing of it may be written */
	CU_ASSERT(publish());
	chain = model_fetch(&model);
	model_finish(&model, &chain, 1);
	expect_broken("used length beyond the buffer");
}

/* Descriptors and the driver's ring are written over: nothing is read back, so all goes on. */
static void virtqueue_trusts_no_memory_the_device_reaches(void)
{
	struct virtqueue_done done;
	struct model_chain chain;

	model_init(&model, 8, true);
	for (unsigned i = 0; i < 1000; i++) {
		CU_ASSERT_EQUAL(add(1, 2, 10, &memory[i % 2], NULL), STATUS_OK);
		(void)publish();
		chain = model_fetch(&model);
		CU_ASSERT_PTR_NULL(chain.wrong);
		memset(model.descriptors, (int)i, virtqueue_descriptors_bytes(8));
		memset(model.available, (int)i, virtqueue_available_bytes(8));
		model_finish(&model, &chain, 20);
		CU_ASSERT_EQUAL(take(&done), STATUS_OK);
		CU_ASSERT_PTR_EQUAL(done.token, &memory[i % 2]);
		CU_ASSERT_EQUAL(model.queue.free_count, 8);
	}
	model_free(&model);
}

/* An element changes after it was taken: it is not looked at again. */
static void virtqueue_reads_an_element_once(void)
{
	struct virtqueue_done done;
	struct model_chain chain = start_one(false);

	model_finish(&model, &chain, 60);
	CU_ASSERT_EQUAL(take(&done), STATUS_OK);
	atomic_store(&model.used->ring[0].bytes, 4000);
	atomic_store(&model.used->ring[0].id, 77);
	CU_ASSERT_EQUAL(done.bytes, 60);
	CU_ASSERT_EQUAL(take(&done), STATUS_EAGAIN);
	model_free(&model);
}

static const struct unit_case cases[] = {
	UNIT_CASE(virtqueue_gives_chains_to_the_device_as_they_were_added),
	UNIT_CASE(virtqueue_gives_tokens_and_lengths_back_in_the_order_of_use),
	UNIT_CASE(virtqueue_refuses_what_is_no_chain),
	UNIT_CASE(virtqueue_begins_with_zeroes),
	UNIT_CASE(virtqueue_takes_chains_to_the_last_byte),
	UNIT_CASE(virtqueue_is_full_when_descriptors_are_out),
	UNIT_CASE(virtqueue_loses_and_invents_nothing),
	UNIT_CASE(virtqueue_notices_an_index_that_jumps),
	UNIT_CASE(virtqueue_notices_ids_that_are_not_in_flight),
	UNIT_CASE(virtqueue_notices_lengths_beyond_the_buffer),
	UNIT_CASE(virtqueue_trusts_no_memory_the_device_reaches),
	UNIT_CASE(virtqueue_reads_an_element_once),
};
UNIT_MAIN("lib/virtqueue", cases)
