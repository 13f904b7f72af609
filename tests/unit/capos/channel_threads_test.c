// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A channel with a thread at each end, under the thread sanitizer: the slots are plain memory. Small capacities make both ends sleep
 * and ring all the time.
 */
#include <capos/channel.h>

#include <pthread.h>

#include "tests/unit/capos/channel_memory.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

enum { MESSAGES = 60000, BATCH_MAX = 6 };

static struct capos_channel sender;
static struct capos_channel receiver;
static unsigned wrong;

static int64_t send_batch(struct random *random, uint64_t first, uint64_t left)
{
	uint64_t most = 1 + random_below(random, BATCH_MAX);
	void *slots;
	int64_t count;

	if (capos_channel_wait(&sender, CAPOS_WAIT_FOREVER) != 0)
		return -1;
	count = capos_channel_claim(&sender, most < left ? most : left, &slots);
	for (int64_t i = 0; i < count; i++)
		((uint64_t *)slots)[i] = first + (uint64_t)i;
	if (count > 0)
		capos_channel_publish(&sender, (uint64_t)count);
	return count;
}

static void *send_all(void *arg)
{
	struct random random = random_start(7);

	(void)arg;
	for (uint64_t sent = 0; sent < MESSAGES;) {
		int64_t count = sent % 3 == 0 ? capos_channel_send(&sender, &sent, sizeof(sent), CAPOS_WAIT_FOREVER) + 1 :
						send_batch(&random, sent, MESSAGES - sent);

		if (count < 1)
			break;
		sent += (uint64_t)count;
	}
	capos_channel_close(&sender);
	return NULL;
}

static void *receive_all(void *arg)
{
	struct random random = random_start(8);
	uint64_t next = 0;

	(void)arg;
	while (capos_channel_wait(&receiver, CAPOS_WAIT_FOREVER) == 0) {
		const void *messages;
		int64_t count = capos_channel_poll(&receiver, 1 + random_below(&random, BATCH_MAX), &messages);

		for (int64_t i = 0; i < count; i++)
			wrong += ((const uint64_t *)messages)[i] != next++;
		if (count < 1)
			break;
		capos_channel_release(&receiver, (uint64_t)count);
	}
	wrong += next != MESSAGES;
	return NULL;
}

static void run(uint32_t capacity)
{
	pthread_t threads[2];

	wrong = 0;
	CU_ASSERT_FATAL(capos_channel_create(1, sizeof(uint64_t), capacity, CAPOS_CHANNEL_SENDER, &sender) == 0);
	CU_ASSERT_FATAL(capos_channel_open(sender.cap, sizeof(uint64_t), CAPOS_CHANNEL_RECEIVER, &receiver) == 0);
	CU_ASSERT_FATAL(pthread_create(&threads[0], NULL, send_all, NULL) == 0);
	CU_ASSERT_FATAL(pthread_create(&threads[1], NULL, receive_all, NULL) == 0);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	CU_ASSERT_EQUAL(wrong, 0);
}

static void every_message_arrives_once_in_order_in_any_capacity(void)
{
	run(1);
	run(2);
	run(8);
	run(64);
	CU_ASSERT_TRUE(host_event_calls > 0);
}

static const struct unit_case cases[] = { UNIT_CASE(every_message_arrives_once_in_order_in_any_capacity) };

UNIT_MAIN("capos/channel with threads", cases)
