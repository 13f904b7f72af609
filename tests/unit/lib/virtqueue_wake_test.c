// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Who of lib/virtqueue and the device tells the other what, and when: against a model of a device that keeps the rules. */
#include "lib/virtqueue.h"

#include "tests/unit/lib/virtqueue_device.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

static struct model model;

/* A byte that the device writes, or reads. */
static status_t add(bool writable)
{
	static uint8_t byte;
	struct virtqueue_piece piece = { (uintptr_t)&byte, 1 };

	return virtqueue_add(&model.queue, &(struct virtqueue_chain){ .pieces = &piece, .readable = !writable, .writable = writable, .token = &byte });
}

static bool publish(void)
{
	return virtqueue_publish(&model.queue);
}

static status_t take(struct virtqueue_done *done)
{
	return virtqueue_take(&model.queue, done);
}

static void virtqueue_notifies_when_the_device_wants_it(void)
{
	model_init(&model, 8, false);
	atomic_store(&model.used->flags, VIRTQ_USED_NO_NOTIFY);
	CU_ASSERT_EQUAL(add(false), STATUS_OK);
	CU_ASSERT(!publish());
	atomic_store(&model.used->flags, 0);
	CU_ASSERT_EQUAL(add(false), STATUS_OK);
	CU_ASSERT(publish());
	model_free(&model);

	model_init(&model, 8, true);
	CU_ASSERT_EQUAL(add(false), STATUS_OK);
	CU_ASSERT(publish()); /* event 0: with the first one */
	CU_ASSERT_EQUAL(add(false), STATUS_OK);
	CU_ASSERT(!publish()); /* it is awake */
	atomic_store(model_available_event(&model), 3);
	CU_ASSERT_EQUAL(add(false), STATUS_OK);
	CU_ASSERT(!publish());
	CU_ASSERT_EQUAL(add(false), STATUS_OK);
	CU_ASSERT_EQUAL(add(false), STATUS_OK);
	CU_ASSERT(publish()); /* the fourth and the fifth at once */
	model_free(&model);
}

static void virtqueue_is_interrupted_when_it_wants_it(void)
{
	struct virtqueue_done done;
	struct model_chain chain;

	for (unsigned event_index = 0; event_index < 2; event_index++) {
		model_init(&model, 8, event_index);
		for (unsigned i = 0; i < 4; i++)
			CU_ASSERT_EQUAL(add(true), STATUS_OK);
		CU_ASSERT(publish());
		virtqueue_hush(&model.queue);
		chain = model_fetch(&model);
		model_finish(&model, &chain, 0);
		CU_ASSERT(!model_interrupts(&model));
		CU_ASSERT(virtqueue_listen(&model.queue, 0)); /* something is there already */
		CU_ASSERT_EQUAL(take(&done), STATUS_OK);
		CU_ASSERT(!virtqueue_listen(&model.queue, 0));
		chain = model_fetch(&model);
		model_finish(&model, &chain, 0);
		CU_ASSERT(model_interrupts(&model));
		CU_ASSERT(!virtqueue_listen(&model.queue, 1)); /* with the next but one from `taken` on */
		chain = model_fetch(&model);
		model_finish(&model, &chain, 0);
		CU_ASSERT(model_interrupts(&model));
		model_free(&model);
	}
}

static struct model_chain held_back;

/* The device works while the queue's own fence lasts: it is done with a chain, and sleeps. */
static void device_works(void)
{
	if (held_back.writable > 0)
		model_finish(&model, &held_back, 0);
	atomic_store(model_available_event(&model), model.queue.published - 1);
	held_back.writable = 0;
}

/* Where a fence needs more than itself, that comes between the wish and the look, and between what is shown and whether that is to be told. */
static void virtqueue_sees_what_the_device_did_within_a_fence(void)
{
	struct virtqueue_done done;

	for (unsigned i = 0; i < 2; i++) {
		model_init(&model, 8, true);
		CU_ASSERT_EQUAL(add(true), STATUS_OK);
		CU_ASSERT(publish());
		held_back = model_fetch(&model);
		model.queue.fence = i == 0 ? NULL : device_works;
		CU_ASSERT_EQUAL(virtqueue_listen(&model.queue, 0), i);
		CU_ASSERT_EQUAL(take(&done), i == 0 ? STATUS_EAGAIN : STATUS_OK);
		CU_ASSERT_EQUAL(add(false), STATUS_OK);
		CU_ASSERT_EQUAL(publish(), i);
		model_free(&model);
	}
}

/* Sleeping with an interrupt wished for never misses one: where listen() says nothing is there, the next chain interrupts. */
static void virtqueue_misses_no_interrupt(void)
{
	struct random random = random_start(6);
	unsigned missed = 0;

	for (unsigned event_index = 0; event_index < 2; event_index++) {
		model_init(&model, 8, event_index);
		for (unsigned i = 0; i < 200000; i++) {
			struct virtqueue_done done;
			struct model_chain chain;
			unsigned batch = 1 + (unsigned)random_below(&random, 4);
			bool interrupted = false;

			for (unsigned j = 0; j < batch; j++)
				if (add(true) == STATUS_OK)
					(void)publish();
			if (random_below(&random, 2))
				virtqueue_hush(&model.queue);
			if (virtqueue_listen(&model.queue, 0))
				while (take(&done) == STATUS_OK)
					;
			if (virtqueue_listen(&model.queue, 0))
				missed++; /* nothing came meanwhile */
			while (model_has_work(&model)) {
				chain = model_fetch(&model);
				model_finish(&model, &chain, 1);
				if (random_below(&random, 2))
					interrupted |= model_interrupts(&model);
			}
			interrupted |= model_interrupts(&model);
			missed += !interrupted;
		}
		model_free(&model);
	}
	CU_ASSERT_EQUAL(missed, 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(virtqueue_notifies_when_the_device_wants_it),
	UNIT_CASE(virtqueue_is_interrupted_when_it_wants_it),
	UNIT_CASE(virtqueue_sees_what_the_device_did_within_a_fence),
	UNIT_CASE(virtqueue_misses_no_interrupt),
};
UNIT_MAIN("lib/virtqueue: who is told", cases)
