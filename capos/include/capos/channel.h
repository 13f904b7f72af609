// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Messages from one process to another: a ring in the memory of a channel capability, which one end fills and the other empties. While
 * both run, a message costs no system call; an end that has nothing to do sleeps, and the other rings it awake.
 *
 *     sender                                        receiver
 *     capos_channel_create(..., &channel)           capos_channel_open(cap, ...)   the capability comes by spawn or give
 *     capos_channel_send(&channel, &message, ...)   capos_channel_receive(&channel, &message, ...)
 *     capos_channel_close(&channel)                 -ENODATA
 *
 * The protocol is that of lib/disruptor.h with one producer and one consumer: both count messages from 0, message s lies in slot s
 * modulo the capacity, `published` and `released` are each written by one side and lie on lines of their own, and each side
 * remembers how far it may go without looking at the other's. That code itself is no use here: its structures point to each other and to
 * the slots, and whoever can write a pointer in memory that is shared decides where the other process writes.
 *
 * The peer is not trusted. All that this side relies on is in `struct capos_channel`, in its own memory; of what is shared it reads the
 * peer's cursor, and one that no honest peer can have ends the channel (-EPROTO). A peer can do no more than send
 * nonsense, stop, or ring for nothing. It can change a message while it is looked at: receive() copies it out; who reads in place
 * (capos_channel_poll()) reads each field once.
 *
 * Errors: 0 or more, or a negative errno. Timeouts in ns from now: CAPOS_WAIT_FOREVER, or 0 not to wait (-EAGAIN). A peer that died
 * without closing says nothing: give a timeout, or wait for its process (capos_process_wait()).
 * Threads: one at a time at each end.
 */
#ifndef CAPOS_CHANNEL_H
#define CAPOS_CHANNEL_H

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <capos/abi.h>

#define CAPOS_CHANNEL_LINE_BYTES 128
#define CAPOS_CHANNEL_CLOSED (UINT64_C(1) << 63)

/* The beginning of the shared memory. The slots follow. */
struct capos_channel_shared {
	/* W: the creator, before the other end can have it. */
	alignas(CAPOS_CHANNEL_LINE_BYTES) uint64_t magic;
	uint32_t message_bytes;
	uint32_t capacity;
	/* W: sender (release); pairs with the receiver's acquire. CAPOS_CHANNEL_CLOSED: no more will come. */
	alignas(CAPOS_CHANNEL_LINE_BYTES) _Atomic uint64_t published;
	/* W: receiver (release); pairs with the sender's acquire. CAPOS_CHANNEL_CLOSED: nobody reads any more. */
	alignas(CAPOS_CHANNEL_LINE_BYTES) _Atomic uint64_t released;
	/* 1: that end sleeps, or is about to. W: that end 1; the other 0, and then rings. */
	alignas(CAPOS_CHANNEL_LINE_BYTES) _Atomic uint32_t receiver_sleeps;
	alignas(CAPOS_CHANNEL_LINE_BYTES) _Atomic uint32_t sender_sleeps;
};

static_assert(sizeof(struct capos_channel_shared) == 5 * CAPOS_CHANNEL_LINE_BYTES, "protocol");
static_assert(offsetof(struct capos_channel_shared, capacity) == 12, "protocol");
static_assert(offsetof(struct capos_channel_shared, published) == 128, "protocol");
static_assert(offsetof(struct capos_channel_shared, released) == 256, "protocol");
static_assert(offsetof(struct capos_channel_shared, receiver_sleeps) == 384, "protocol");
static_assert(offsetof(struct capos_channel_shared, sender_sleeps) == 512, "protocol");

enum capos_channel_end { CAPOS_CHANNEL_SENDER, CAPOS_CHANNEL_RECEIVER };

/* One end, in this process's own memory. The library's, but for `cap`, which is there to be handed on. */
struct capos_channel {
	capos_cap_t cap;
	enum capos_channel_end end;
	uint64_t next;  /* the message to be written or read next */
	uint64_t limit; /* so far that is known to be allowed: next <= limit */
	uint8_t *slots;
	uint64_t mask;                 /* capacity - 1 */
	_Atomic uint64_t *own;         /* this end's cursor in `shared` */
	_Atomic uint32_t *peer_sleeps; /* there, too */
	struct capos_channel_shared *shared;
	uint64_t message_bytes;
	int64_t ended;         /* 0, or why nothing goes any more */
};

/*
 * Makes a channel, of which this process has one end. `channels`: the capability of that name. `message_bytes`: a multiple of 8;
 * `capacity`: messages that fit, a power of two. The peer needs a copy of channel->cap with the rights read and write
 * (transfer at spawn, or give()). -EINVAL sizes; -ENOMEM; what channels.create says.
 */
int64_t capos_channel_create(capos_cap_t channels, uint32_t message_bytes, uint32_t capacity, enum capos_channel_end end,
			     struct capos_channel *channel);

/* The other end of a channel that a peer made. -EPROTO: what is there is no channel for messages of that size. */
int64_t capos_channel_open(capos_cap_t cap, uint32_t message_bytes, enum capos_channel_end end, struct capos_channel *channel);

/*
 * Ends this side: the receiver still gets what was sent, then -ENODATA; the sender gets -EPIPE once the slots that it knows are free are used. The memory is given back with the
 * process, or when it drops the capability.
 */
void capos_channel_close(struct capos_channel *channel);

/* The slow halves of the functions below: look at the peer's cursor; wait for it to move; ring. */
int64_t capos_channel_look(struct capos_channel *channel);
int64_t capos_channel_sleep(struct capos_channel *channel, uint64_t timeout_ns);
void capos_channel_ring(_Atomic uint32_t *sleeps);

/*
 * Waits until this end can go on: the sender has a free slot, the receiver a message. 0; -EAGAIN (timeout 0) or -ETIMEDOUT; -EPIPE or
 * -ENODATA; -EPROTO.
 */
static inline int64_t capos_channel_wait(struct capos_channel *channel, uint64_t timeout_ns)
{
	return __builtin_expect(channel->next != channel->limit, 1) ? 0 : capos_channel_sleep(channel, timeout_ns);
}

/* How many of the slots from `next` on can be used: allowed, behind one another in memory, and at most `most`. */
static inline uint64_t capos_channel_run(const struct capos_channel *channel, uint64_t most)
{
	uint64_t count = channel->limit - channel->next;
	uint64_t to_wrap = channel->mask + 1 - (channel->next & channel->mask);

	if (count > to_wrap)
		count = to_wrap;
	return count < most ? count : most;
}

/* Where the slot of message `next` is. */
static inline uint8_t *capos_channel_slot(const struct capos_channel *channel)
{
	return channel->slots + (channel->next & channel->mask) * channel->message_bytes;
}

/*
 * Without copying, the sender: free slots, at most `most`, behind one another from *slots on. Returns how many, at least 1; -EAGAIN,
 * -EPIPE, -EPROTO. To be filled and then published; claimed again without that, they are the same ones.
 */
static inline int64_t capos_channel_claim(struct capos_channel *channel, uint64_t most, void **slots)
{
	*slots = capos_channel_slot(channel);
	if (__builtin_expect(channel->next == channel->limit, 0)) {
		int64_t status = capos_channel_look(channel);

		if (status < 0)
			return status;
	}
	return (int64_t)capos_channel_run(channel, most);
}

/* Shows the other end how far this one is, and rings if it sleeps. */
static inline void capos_channel_advance(struct capos_channel *channel, uint64_t count)
{
	_Atomic uint32_t *peer_sleeps = channel->peer_sleeps;

	channel->next += count;
	/* Pairs with the acquire in capos_channel_look(): slots are written, or not read any more. */
	atomic_store_explicit(channel->own, channel->next, memory_order_release);
	/* Pairs with the fence of who goes to sleep: either it sees this, or we see that it sleeps. */
	atomic_thread_fence(memory_order_seq_cst);
	if (__builtin_expect(atomic_load_explicit(peer_sleeps, memory_order_relaxed) != 0, 0))
		capos_channel_ring(peer_sleeps);
}

/* Sends the first `count` of the slots that were claimed. */
static inline void capos_channel_publish(struct capos_channel *channel, uint64_t count)
{
	capos_channel_advance(channel, count);
}

/*
 * Without copying, the receiver: messages, at most `most`, behind one another from *messages on. Returns how many, at least 1; -EAGAIN,
 * -ENODATA, -EPROTO. They stay this side's until they are released; the peer can change them all the same.
 */
static inline int64_t capos_channel_poll(struct capos_channel *channel, uint64_t most, const void **messages)
{
	*messages = capos_channel_slot(channel);
	if (__builtin_expect(channel->next == channel->limit, 0)) {
		int64_t status = capos_channel_look(channel);

		if (status < 0)
			return status;
	}
	return (int64_t)capos_channel_run(channel, most);
}

/* Gives the first `count` of the messages that were polled back. */
static inline void capos_channel_release(struct capos_channel *channel, uint64_t count)
{
	capos_channel_advance(channel, count);
}

/* Whole words, which a message's length is made of. `bytes` is a constant to the compiler, mostly. */
static inline void capos_channel_copy(void *to, const void *from, size_t bytes)
{
	for (size_t i = 0; i < bytes / sizeof(uint64_t); i++)
		((uint64_t *)to)[i] = ((const uint64_t *)from)[i];
}

/* Waits as capos_channel_wait(). -EMSGSIZE: messages of this channel have another length. */
int64_t capos_channel_wait_for(struct capos_channel *channel, size_t bytes, uint64_t timeout_ns);

/*
 * Sends a copy of one message, `bytes` long as all messages of the channel, from a place aligned to 8. -EAGAIN or -ETIMEDOUT: the channel is
 * full; -EPIPE: the receiver closed it; -EPROTO; -EMSGSIZE: another length, where that is noticed.
 */
static inline int64_t capos_channel_send(struct capos_channel *channel, const void *message, size_t bytes, uint64_t timeout_ns)
{
	if (__builtin_expect(channel->next == channel->limit, 0)) {
		int64_t status = capos_channel_wait_for(channel, bytes, timeout_ns);

		if (status < 0)
			return status;
	}
	capos_channel_copy(channel->slots + (channel->next & channel->mask) * bytes, message, bytes);
	capos_channel_publish(channel, 1);
	return 0;
}

/*
 * Copies the next message out, `bytes` long, to a place aligned to 8. -EAGAIN or -ETIMEDOUT: there is none; -ENODATA: none will come
 * any more; -EPROTO; -EMSGSIZE: another length, where that is noticed.
 */
static inline int64_t capos_channel_receive(struct capos_channel *channel, void *message, size_t bytes, uint64_t timeout_ns)
{
	if (__builtin_expect(channel->next == channel->limit, 0)) {
		int64_t status = capos_channel_wait_for(channel, bytes, timeout_ns);

		if (status < 0)
			return status;
	}
	capos_channel_copy(message, channel->slots + (channel->next & channel->mask) * bytes, bytes);
	capos_channel_release(channel, 1);
	return 0;
}

#endif
