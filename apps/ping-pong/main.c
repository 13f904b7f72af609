// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Two processes and a channel each way. "ping" is in the manifest; it makes both channels and starts "pong", which has nothing but its ends
 * of them. Half a million messages go there, and as many come back: each is looked at, for order and content.
 */
#include <capos/capos.h>
#include <capos/channel.h>
#include <capos/process.h>

#include "message.h"

enum { ERROR_AGAIN = -11, ERROR_NODATA = -61 };
enum { FAILED = 1, WRONG = 2, PONG_FAILED = 3 };

/* Fills and sends what there is room for. How many; negative: an error. */
static int64_t send_some(struct capos_channel *there, uint64_t first, uint64_t left)
{
	void *slots;
	int64_t count = capos_channel_claim(there, left < BATCH ? left : BATCH, &slots);

	for (int64_t i = 0; i < count; i++)
		message_fill((struct message *)slots + i, first + (uint64_t)i, KEY_THERE);
	if (count > 0)
		capos_channel_publish(there, (uint64_t)count);
	return count == ERROR_AGAIN ? 0 : count;
}

/* Looks at what has come back. How many; -1: a message that is not what it must be; negative: an error. */
static int64_t receive_some(struct capos_channel *back, uint64_t first)
{
	const void *messages;
	int64_t count = capos_channel_poll(back, BATCH, &messages);

	for (int64_t i = 0; i < count; i++)
		if (!message_is((const struct message *)messages + i, first + (uint64_t)i, KEY_BACK))
			return -1;
	if (count > 0)
		capos_channel_release(back, (uint64_t)count);
	return count == ERROR_AGAIN ? 0 : count;
}

/* While nothing can be sent, pong is at work on what it has, and something comes back. */
static int64_t play(struct capos_channel *there, struct capos_channel *back)
{
	uint64_t sent = 0;
	uint64_t received = 0;

	while (received < THERE) {
		int64_t went = sent < THERE ? send_some(there, sent, THERE - sent) : 0;
		int64_t came = went < 0 ? went : receive_some(back, received);

		if (came < 0)
			return came;
		sent += (uint64_t)went;
		received += (uint64_t)came;
		if (went == 0 && came == 0) {
			int64_t status = capos_channel_wait(back, CAPOS_WAIT_FOREVER);

			if (status < 0)
				return status;
		}
	}
	return 0;
}

static int64_t pong_start(const struct capos_channel *there, const struct capos_channel *back, capos_cap_t *process)
{
	static const char *const args[] = { "pong", NULL };
	const struct capos_program program = { .exec = "ping-pong", .name = "pong", .args = args };
	const uint32_t rights = CAPOS_CHANNEL_RIGHT_READ | CAPOS_CHANNEL_RIGHT_WRITE;
	const struct capos_transfer transfers[] = {
		{ .cap = there->cap, .rights = rights, .name = "there" },
		{ .cap = back->cap, .rights = rights, .name = "back" },
	};

	return capos_process_start(capos_capset_get("processes"), &program, transfers, 2, process);
}

static int ping(void)
{
	capos_cap_t channels = capos_capset_get("channels");
	capos_cap_t clock = capos_capset_get("clock");
	struct capos_process_wait_result end = { 0 };
	struct capos_channel there;
	struct capos_channel back;
	capos_cap_t process;

	if (capos_channel_create(channels, sizeof(struct message), CAPACITY, CAPOS_CHANNEL_SENDER, &there) < 0 ||
	    capos_channel_create(channels, sizeof(struct message), CAPACITY, CAPOS_CHANNEL_RECEIVER, &back) < 0 ||
	    pong_start(&there, &back, &process) < 0) {
		(void)capos_print("no channels, or no pong");
		return FAILED;
	}

	int64_t begin = capos_clock_now(clock);
	int64_t status = play(&there, &back);
	int64_t ns = capos_clock_now(clock) - begin;

	capos_channel_close(&there);
	if (status < 0) {
		(void)capos_print("it ended with %lld", (long long)status);
		return WRONG;
	}
	/* The end of the one stream is the end of the other, and of pong. */
	if (capos_channel_wait(&back, CAPOS_WAIT_FOREVER) != ERROR_NODATA || capos_process_wait(process, &end, 0) < 0 ||
	    end.end != CAPOS_PROCESS_EXITED || end.code != 0)
		return PONG_FAILED;
	(void)capos_print("%u messages there and back, each as it must be", 2u * THERE);
	(void)capos_print("%lld messages a second", 2ll * THERE * 1000000000 / (ns > 0 ? ns : 1));
	return 0;
}

/* Sends each message back with other contents, batch by batch, until there are no more. */
static int64_t answer(struct capos_channel *there, struct capos_channel *back)
{
	for (uint64_t number = 0;;) {
		const void *messages;
		void *slots;
		int64_t status = capos_channel_wait(there, CAPOS_WAIT_FOREVER);

		if (status == 0)
			status = capos_channel_wait(back, CAPOS_WAIT_FOREVER);
		if (status < 0)
			return status;

		int64_t room = capos_channel_claim(back, BATCH, &slots);
		int64_t count = room < 0 ? room : capos_channel_poll(there, (uint64_t)room, &messages);

		for (int64_t i = 0; i < count; i++, number++) {
			if (!message_is((const struct message *)messages + i, number, KEY_THERE))
				return -1;
			message_fill((struct message *)slots + i, number, KEY_BACK);
		}
		if (count < 0)
			return count;
		capos_channel_publish(back, (uint64_t)count);
		capos_channel_release(there, (uint64_t)count);
	}
}

static int pong(void)
{
	struct capos_channel there;
	struct capos_channel back;

	if (capos_channel_open(capos_capset_get("there"), sizeof(struct message), CAPOS_CHANNEL_RECEIVER, &there) < 0 ||
	    capos_channel_open(capos_capset_get("back"), sizeof(struct message), CAPOS_CHANNEL_SENDER, &back) < 0)
		return FAILED;

	int64_t status = answer(&there, &back);

	capos_channel_close(&back);
	return status == ERROR_NODATA ? 0 : WRONG;
}

int main(int argc, char **argv)
{
	(void)argv;
	return argc > 1 ? pong() : ping();
}
