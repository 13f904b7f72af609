// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Set-up and slow paths of a channel: where the peer's cursor has to be looked at, or waited for. */
#include <capos/channel.h>

#include <capos/capos.h>

#include "capos/src/ring.h"
#include "capos/src/wait.h"
#include "lib/bits.h"
#include "lib/status.h"

#define MAGIC 0x6c656e6e616863ul /* "channel" */

/* Looks at the peer's cursor before going to sleep: as many as cost what one sleep does. */
enum { LOOKS = 128 };

static uint64_t bytes_of(uint64_t message_bytes, uint64_t capacity)
{
	return sizeof(struct capos_channel_shared) + message_bytes * capacity;
}

/* The bytes of both are at most 2^32 * 2^31 and do not overflow. */
static bool shape_is_possible(uint32_t message_bytes, uint32_t capacity)
{
	return message_bytes != 0 && message_bytes % sizeof(uint64_t) == 0 && bits_is_pow2(capacity);
}

static void end_init(struct capos_channel *channel, capos_cap_t cap, int64_t address, enum capos_channel_end end)
{
	struct capos_channel_shared *shared = (struct capos_channel_shared *)address;
	bool sends = end == CAPOS_CHANNEL_SENDER;

	*channel = (struct capos_channel){
		.cap = cap,
		.end = end,
		.slots = (uint8_t *)address + sizeof(*shared),
		.own = sends ? &shared->published : &shared->released,
		.peer_sleeps = sends ? &shared->receiver_sleeps : &shared->sender_sleeps,
		.shared = shared,
	};
}

static void shape_set(struct capos_channel *channel, uint32_t message_bytes, uint32_t capacity)
{
	channel->message_bytes = message_bytes;
	channel->mask = capacity - 1;
}

int64_t capos_channel_create(capos_cap_t channels, uint32_t message_bytes, uint32_t capacity, enum capos_channel_end end,
			     struct capos_channel *channel)
{
	capos_cap_t cap;
	int64_t status;

	if (!shape_is_possible(message_bytes, capacity))
		return STATUS_EINVAL;
	status = capos_channels_create(channels, bits_align_up(bytes_of(message_bytes, capacity), CAPOS_PAGE_BYTES), &cap);
	if (status < 0)
		return status;
	status = capos_channel_map(cap);
	if (status < 0) {
		(void)capos_capset_drop(capos_own.capset, cap);
		return status;
	}
	end_init(channel, cap, status, end);
	shape_set(channel, message_bytes, capacity);
	/* Nobody else has it yet; whoever hands the capability over does so by way of the kernel. */
	channel->shared->message_bytes = message_bytes;
	channel->shared->capacity = capacity;
	channel->shared->magic = MAGIC;
	return 0;
}

int64_t capos_channel_open(capos_cap_t cap, uint32_t message_bytes, enum capos_channel_end end, struct capos_channel *channel)
{
	int64_t bytes = capos_channel_size(cap);
	int64_t address = bytes < 0 ? bytes : capos_channel_map(cap);

	if (address < 0)
		return address;
	end_init(channel, cap, address, end);

	/* Read once; the copy alone is looked at. */
	uint32_t capacity = *(volatile uint32_t *)&channel->shared->capacity;

	if ((uint64_t)bytes < sizeof(struct capos_channel_shared) || channel->shared->magic != MAGIC ||
	    channel->shared->message_bytes != message_bytes || !shape_is_possible(message_bytes, capacity) ||
	    bytes_of(message_bytes, capacity) > (uint64_t)bytes)
		return STATUS_EPROTO;
	shape_set(channel, message_bytes, capacity);
	return 0;
}

void capos_channel_close(struct capos_channel *channel)
{
	if (channel->ended == 0) {
		channel->ended = STATUS_ECANCELED;
		channel->limit = channel->next;
	}
	/* Both pair as in capos_channel_advance(). */
	atomic_store_explicit(channel->own, channel->next | CAPOS_CHANNEL_CLOSED, memory_order_release);
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(channel->peer_sleeps, memory_order_relaxed) != 0)
		capos_channel_ring(channel->peer_sleeps);
}

/* The flag goes first: who is about to sleep finds it changed, and does not. */
void capos_channel_ring(_Atomic uint32_t *sleeps)
{
	if (atomic_exchange_explicit(sleeps, 0, memory_order_relaxed) != 0)
		wake(sleeps, 1);
}

static int64_t end_for_good(struct capos_channel *channel, int64_t status)
{
	channel->limit = channel->next;
	channel->ended = status;
	return status;
}

/* Everything below `published` can be read. Not more than a lap ahead of us: else the peer lies. */
static int64_t look_as_receiver(struct capos_channel *channel)
{
	/* Pairs with the release in capos_channel_advance(). */
	uint64_t published = atomic_load_explicit(&channel->shared->published, memory_order_acquire);
	uint64_t end = published & ~CAPOS_CHANNEL_CLOSED;

	if (end - channel->next > channel->mask + 1)
		return end_for_good(channel, STATUS_EPROTO);
	channel->limit = end;
	if (end != channel->next)
		return 0;
	return published & CAPOS_CHANNEL_CLOSED ? end_for_good(channel, STATUS_ENODATA) : STATUS_EAGAIN;
}

/* Everything below `released` and a lap can be written. `released` is at most what we have sent, and a lap behind at most. */
static int64_t look_as_sender(struct capos_channel *channel)
{
	/* Pairs with the release in capos_channel_advance(). */
	uint64_t released = atomic_load_explicit(&channel->shared->released, memory_order_acquire);

	if (released & CAPOS_CHANNEL_CLOSED)
		return end_for_good(channel, STATUS_EPIPE);
	if (channel->next - released > channel->mask + 1)
		return end_for_good(channel, STATUS_EPROTO);
	channel->limit = released + channel->mask + 1;
	return channel->limit != channel->next ? 0 : STATUS_EAGAIN;
}

int64_t capos_channel_look(struct capos_channel *channel)
{
	if (channel->ended != 0)
		return channel->ended;
	return channel->end == CAPOS_CHANNEL_SENDER ? look_as_sender(channel) : look_as_receiver(channel);
}

/* Says that this end sleeps, looks once more, and sleeps until the other rings, or the deadline. What the last look said. */
static int64_t sleep_once(struct capos_channel *channel, _Atomic uint32_t *sleeps, uint64_t deadline)
{
	int64_t status;

	atomic_store_explicit(sleeps, 1, memory_order_relaxed);
	/* Pairs with the fences of capos_channel_advance() and close(). */
	atomic_thread_fence(memory_order_seq_cst);
	status = capos_channel_look(channel);
	if (status == STATUS_EAGAIN) {
		int64_t woken = wait_for_change(sleeps, 1, deadline);

		status = capos_channel_look(channel);
		if (status == STATUS_EAGAIN && woken == STATUS_ETIMEDOUT)
			status = STATUS_ETIMEDOUT;
	}
	atomic_store_explicit(sleeps, 0, memory_order_relaxed);
	return status;
}

int64_t capos_channel_sleep(struct capos_channel *channel, uint64_t timeout_ns)
{
	_Atomic uint32_t *sleeps = channel->end == CAPOS_CHANNEL_SENDER ? &channel->shared->sender_sleeps :
									   &channel->shared->receiver_sleeps;
	int64_t status = capos_channel_look(channel);
	uint64_t deadline;

	if (status != STATUS_EAGAIN || timeout_ns == 0)
		return status;
	for (unsigned i = 0; i < LOOKS && status == STATUS_EAGAIN; i++) {
		ring_relax();
		status = capos_channel_look(channel);
	}
	deadline = clock_deadline(timeout_ns);
	while (status == STATUS_EAGAIN)
		status = sleep_once(channel, sleeps, deadline);
	return status;
}

int64_t capos_channel_wait_for(struct capos_channel *channel, size_t bytes, uint64_t timeout_ns)
{
	if (bytes != channel->message_bytes)
		return STATUS_EMSGSIZE;
	return capos_channel_wait(channel, timeout_ns);
}
