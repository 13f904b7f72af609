// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Channels to 9p servers, after hal_virtio_probe(): a request goes out, its reply comes back, in any order among others. What the bytes
 * mean is lib/ninep.h's. Context of every call: the CPU that started the channel, fibers or the scheduler; `ready` alone is called in
 * interrupt context. Nothing is allocated between start and stop, and no byte is copied. Devices are not trusted, as net.h says.
 */
#ifndef HAL_CONTRACT_NINEP_H
#define HAL_CONTRACT_NINEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/status.h"

enum {
	HAL_NINEP_PIECES_MAX = 8,    /* of a request and its reply together */
	HAL_NINEP_REQUESTS_MAX = 32, /* at a time */
	HAL_NINEP_TAG_MAX = 255,     /* bytes of a mount tag */
};

struct hal_ninep;

/* Memory in the direct map or the kernel's image; 1 byte or more. */
struct hal_ninep_piece {
	void *data;
	uint32_t len;
};

struct hal_ninep_request {
	const struct hal_ninep_piece *pieces; /* the device's until the request is done; the array itself is not kept */
	unsigned readable, writable;          /* so many are the request, the rest is room for its reply */
	void *token;
};

unsigned hal_ninep_count(void);
struct hal_ninep *hal_ninep_at(unsigned index);

/* The name under which the host offers what is behind it: its length, cut to `bytes`. Known before it is started. 0: it has none. */
size_t hal_ninep_tag(const struct hal_ninep *channel, char *tag, size_t bytes);

/*
 * Brings the device up, with interrupts off; they come to the CPU that calls this. Memory is taken at the first start and kept.
 * Returns STATUS_OK; STATUS_ENOMEM; STATUS_EIO where the device does not take part; STATUS_EBUSY where it is started already, or hal_ninep_done() has
 * not given every request back.
 */
MUST_CHECK status_t hal_ninep_start(struct hal_ninep *channel, void (*ready)(void *ctx), void *ctx);

/*
 * Brings a device up anew that has been started before, whatever it, its driver and its requests were about: nothing of them comes back,
 * and no interrupt follows. It takes no memory, and at most a second. STATUS_EIO where the device does not take part. Context: a panic; the
 * caller has the channel for itself from then on.
 */
MUST_CHECK status_t hal_ninep_start_at_panic(struct hal_ninep *channel);

/* Resets the device: what was not done is given back by hal_ninep_done() with STATUS_ECANCELED, and may have happened or not. */
void hal_ninep_stop(struct hal_ninep *channel);

/* Whether memory can be a piece. */
bool hal_ninep_reaches(const void *data, uint32_t len);

/*
 * Queues a request, which the device sees at hal_ninep_kick().
 * Returns STATUS_OK; STATUS_EAGAIN where there are too many; STATUS_EIO where the device does not run; STATUS_EINVAL for pieces that are too many, or
 * that it cannot reach.
 */
MUST_CHECK status_t hal_ninep_submit(struct hal_ninep *channel, const struct hal_ninep_request *request);

void hal_ninep_kick(struct hal_ninep *channel);

/* A request that is done: STATUS_OK with the number of bytes of its reply, or STATUS_ECANCELED. False where there is none. */
bool hal_ninep_done(struct hal_ninep *channel, void **token, uint32_t *bytes, status_t *status);

/* Interrupts on: `ready` follows when a request is done; true where one is already. Or off. */
bool hal_ninep_listen(struct hal_ninep *channel, bool interrupts);

/* The server broke the rules, by what it said in a reply: as if the device itself had. `why`: for people. */
void hal_ninep_break(struct hal_ninep *channel, const char *why);

/* Whether the device broke the rules. It has been reset and reported; requests come back as if it had been stopped. */
bool hal_ninep_is_broken(struct hal_ninep *channel);

#endif
