// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A channel's two ends in turn, and what a hostile peer can write into the memory that they share. */
#include <capos/channel.h>

#include "tests/unit/capos/channel_memory.h"
#include "tests/unit/unit.h"

enum { CAPACITY = 8, BROKEN = -EPROTO };

static struct capos_channel sender;
static struct capos_channel receiver;

static void make(void)
{
	CU_ASSERT_FATAL(capos_channel_create(1, sizeof(uint64_t), CAPACITY, CAPOS_CHANNEL_SENDER, &sender) == 0);
	CU_ASSERT_FATAL(capos_channel_open(sender.cap, sizeof(uint64_t), CAPOS_CHANNEL_RECEIVER, &receiver) == 0);
}

static void sends(uint64_t from, uint64_t to)
{
	for (uint64_t i = from; i < to; i++)
		CU_ASSERT_EQUAL(capos_channel_send(&sender, &i, sizeof(i), 0), 0);
}

static void receives(uint64_t from, uint64_t to)
{
	for (uint64_t i = from; i < to; i++) {
		uint64_t message = UINT64_MAX;

		CU_ASSERT_EQUAL(capos_channel_receive(&receiver, &message, sizeof(message), 0), 0);
		CU_ASSERT_EQUAL(message, i);
	}
}

static void messages_come_in_order_and_no_more_than_fit(void)
{
	uint64_t message = 0;

	make();
	CU_ASSERT_EQUAL(capos_channel_receive(&receiver, &message, sizeof(message), 0), -EAGAIN);
	sends(0, CAPACITY);
	CU_ASSERT_EQUAL(capos_channel_send(&sender, &message, sizeof(message), 0), -EAGAIN);
	CU_ASSERT_EQUAL(capos_channel_send(&sender, &message, sizeof(message), 2000000), -ETIMEDOUT);
	receives(0, 3);
	sends(CAPACITY, CAPACITY + 3);
	CU_ASSERT_EQUAL(capos_channel_send(&sender, &message, sizeof(message), 0), -EAGAIN);
	receives(3, CAPACITY + 3);
	CU_ASSERT_EQUAL(capos_channel_receive(&receiver, &message, sizeof(message), 2000000), -ETIMEDOUT);
}

static void runs_end_where_the_ring_wraps(void)
{
	void *slots;
	const void *messages;

	make();
	CU_ASSERT_EQUAL(capos_channel_claim(&sender, 6, &slots), 6);
	capos_channel_publish(&sender, 6);
	CU_ASSERT_EQUAL(capos_channel_claim(&sender, 6, &slots), 2);
	CU_ASSERT_EQUAL(capos_channel_poll(&receiver, 4, &messages), 4);
	capos_channel_release(&receiver, 4);
	CU_ASSERT_EQUAL(capos_channel_poll(&receiver, 64, &messages), 2);
	capos_channel_release(&receiver, 2);
	CU_ASSERT_EQUAL(capos_channel_poll(&receiver, 64, &messages), -EAGAIN);
	capos_channel_publish(&sender, 2);
	CU_ASSERT_EQUAL(capos_channel_claim(&sender, 64, &slots), 6);
	CU_ASSERT_PTR_EQUAL(slots, sender.slots);
}

static void receiver_gets_all_before_the_end(void)
{
	uint64_t message = 0;

	make();
	sends(0, 3);
	capos_channel_close(&sender);
	CU_ASSERT_EQUAL(capos_channel_send(&sender, &message, sizeof(message), 0), -ECANCELED);
	receives(0, 3);
	CU_ASSERT_EQUAL(capos_channel_receive(&receiver, &message, sizeof(message), CAPOS_WAIT_FOREVER), -ENODATA);
	CU_ASSERT_EQUAL(capos_channel_wait(&receiver, CAPOS_WAIT_FOREVER), -ENODATA);
}

static void sender_learns_that_nobody_reads(void)
{
	uint64_t message = 0;

	make();
	sends(0, CAPACITY);
	receives(0, 1);
	capos_channel_close(&receiver);
	CU_ASSERT_EQUAL(capos_channel_send(&sender, &message, sizeof(message), CAPOS_WAIT_FOREVER), -EPIPE);
	CU_ASSERT_EQUAL(capos_channel_receive(&receiver, &message, sizeof(message), CAPOS_WAIT_FOREVER), -ECANCELED);
}

static void shapes_that_cannot_be_are_refused(void)
{
	struct capos_channel channel;

	CU_ASSERT_EQUAL(capos_channel_create(1, 0, 8, CAPOS_CHANNEL_SENDER, &channel), -EINVAL);
	CU_ASSERT_EQUAL(capos_channel_create(1, 12, 8, CAPOS_CHANNEL_SENDER, &channel), -EINVAL);
	CU_ASSERT_EQUAL(capos_channel_create(1, 8, 0, CAPOS_CHANNEL_SENDER, &channel), -EINVAL);
	CU_ASSERT_EQUAL(capos_channel_create(1, 8, 12, CAPOS_CHANNEL_SENDER, &channel), -EINVAL);
	CU_ASSERT_EQUAL(capos_channel_create(1, 0xfffffff8, 1u << 31, CAPOS_CHANNEL_SENDER, &channel), -ENOMEM);
	CU_ASSERT_EQUAL(capos_channel_open(99, 8, CAPOS_CHANNEL_SENDER, &channel), -EBADF);
}

/* A receiver that opens what a hostile peer made. */
static void headers_that_lie_are_refused(void)
{
	struct capos_channel_shared *shared = &channel_memory.shared;
	struct capos_channel channel;

	make();
	CU_ASSERT_EQUAL(capos_channel_open(sender.cap, 16, CAPOS_CHANNEL_RECEIVER, &channel), BROKEN);
	shared->capacity = 1u << 31;
	CU_ASSERT_EQUAL(capos_channel_open(sender.cap, 8, CAPOS_CHANNEL_RECEIVER, &channel), BROKEN);
	shared->capacity = 1024; /* one page holds fewer */
	CU_ASSERT_EQUAL(capos_channel_open(sender.cap, 8, CAPOS_CHANNEL_RECEIVER, &channel), BROKEN);
	shared->capacity = 7;
	CU_ASSERT_EQUAL(capos_channel_open(sender.cap, 8, CAPOS_CHANNEL_RECEIVER, &channel), BROKEN);
	shared->capacity = 0;
	CU_ASSERT_EQUAL(capos_channel_open(sender.cap, 8, CAPOS_CHANNEL_RECEIVER, &channel), BROKEN);
	shared->capacity = CAPACITY;
	shared->magic++;
	CU_ASSERT_EQUAL(capos_channel_open(sender.cap, 8, CAPOS_CHANNEL_RECEIVER, &channel), BROKEN);
	channel_bytes = 64;
	shared->magic--;
	CU_ASSERT_EQUAL(capos_channel_open(sender.cap, 8, CAPOS_CHANNEL_RECEIVER, &channel), BROKEN);
}

/* What the header says is looked at when the channel is opened, and never again. */
static void header_is_not_read_later(void)
{
	make();
	sends(0, 4);
	channel_memory.shared.capacity = 1u << 30;
	channel_memory.shared.message_bytes = 1u << 30;
	receives(0, 4);
	CU_ASSERT_EQUAL(sender.mask, CAPACITY - 1);
	sends(4, 12);
	receives(4, 12);
}

static void published_that_cannot_be_ends_it(void)
{
	static const uint64_t lies[] = { 1, 2 + CAPACITY + 1, UINT64_C(1) << 62, (UINT64_C(1) << 63) - 1, 0, UINT64_MAX };
	uint64_t message = 0;

	for (unsigned i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		make();
		sends(0, 2);
		receives(0, 2);
		channel_memory.shared.published = lies[i];
		CU_ASSERT_EQUAL(capos_channel_receive(&receiver, &message, sizeof(message), CAPOS_WAIT_FOREVER), BROKEN);
		channel_memory.shared.published = 3; /* for good */
		CU_ASSERT_EQUAL(capos_channel_receive(&receiver, &message, sizeof(message), CAPOS_WAIT_FOREVER), BROKEN);
	}
}

static void released_that_cannot_be_ends_it(void)
{
	static const uint64_t lies[] = { CAPACITY + 3, UINT64_C(1) << 62, 1, 0 };
	uint64_t message = 0;

	for (unsigned i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		make();
		sends(0, 2);
		receives(0, 2);
		sends(2, CAPACITY);
		CU_ASSERT_EQUAL(capos_channel_wait(&sender, 0), 0);
		sends(CAPACITY, CAPACITY + 2);
		channel_memory.shared.released = lies[i];
		CU_ASSERT_EQUAL(capos_channel_send(&sender, &message, sizeof(message), CAPOS_WAIT_FOREVER), BROKEN);
	}
}

static void bell_without_a_reason_does_no_harm(void)
{
	uint64_t message = 0;

	make();
	for (unsigned i = 0; i < 3; i++) {
		channel_memory.shared.receiver_sleeps = UINT32_MAX;
		channel_memory.shared.sender_sleeps = UINT32_MAX;
		sends(i, i + 1);
		receives(i, i + 1);
	}
	CU_ASSERT_EQUAL(capos_channel_receive(&receiver, &message, sizeof(message), 1000000), -ETIMEDOUT);
}

static const struct unit_case cases[] = {
	UNIT_CASE(messages_come_in_order_and_no_more_than_fit),
	UNIT_CASE(runs_end_where_the_ring_wraps),
	UNIT_CASE(receiver_gets_all_before_the_end),
	UNIT_CASE(sender_learns_that_nobody_reads),
	UNIT_CASE(shapes_that_cannot_be_are_refused),
	UNIT_CASE(headers_that_lie_are_refused),
	UNIT_CASE(header_is_not_read_later),
	UNIT_CASE(published_that_cannot_be_ends_it),
	UNIT_CASE(released_that_cannot_be_ends_it),
	UNIT_CASE(bell_without_a_reason_does_no_harm),
};

UNIT_MAIN("capos/channel", cases)
