// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Network devices, after hal_virtio_probe(). Context of every call: one fiber a device, always the same; `ready` alone is called in
 * interrupt context. Nothing is allocated between hal_net_start() and hal_net_stop(), and no byte is copied.
 *
 * A device is not trusted: what it says about buffers is checked. One that breaks the rules is reset and reported, and takes part
 * in nothing until it is started again.
 */
#ifndef HAL_CONTRACT_NET_H
#define HAL_CONTRACT_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/status.h"

enum {
	HAL_NET_PIECES_MAX = 16,    /* of one frame that is sent */
	HAL_NET_BUFFER_BYTES = 2048, /* of one that is received, the device's header included */
};

struct hal_net;

struct hal_net_info {
	uint8_t mac[6];
	uint16_t mtu;
	/* What the device does with frames. Known once it has been started; false before. */
	bool tx_checksum, rx_checksum, tso4, tso6;
	unsigned buffers; /* received frames that may be held, all in all: whoever holds more than half of them should copy */
};

/* Received bytes, in a buffer of the driver until hal_net_release(). */
struct hal_net_frame {
	uint8_t *data;
	uint32_t len;
	bool checksum_good; /* of a whole frame: the device vouches for TCP and UDP checksums. Said with its first piece */
	bool more;          /* the frame goes on: its next piece is what the next call gives */
	void *token;
};

/* Bytes to send, in the direct map or the kernel's image. */
struct hal_net_piece {
	const void *data;
	uint32_t len; /* 1 or more */
};

/* What the device is to do to a frame. Offsets are from its first byte. */
struct hal_net_offload {
	bool checksum; /* the sum from checksum_start on is put at checksum_start + checksum_offset, where the pseudo header's is */
	uint16_t checksum_start, checksum_offset;
	uint16_t segment_bytes; /* 0: none; else TCP segments of so much payload. Wants `checksum` */
	uint16_t header_bytes;  /* with segment_bytes: up to the end of the TCP header */
	bool ipv6;              /* with segment_bytes */
};

unsigned hal_net_count(void);
struct hal_net *hal_net_at(unsigned index);
void hal_net_info(const struct hal_net *net, struct hal_net_info *out);

/*
 * Brings the device up, with interrupts off. Whoever wants `ready(ctx)` calls hal_net_listen(). Its interrupts come to the CPU that
 * calls this. Memory is taken at the first start and kept.
 * Returns STATUS_OK; STATUS_ENOMEM; STATUS_EIO where the device does not take part; STATUS_EBUSY where it is started already, or hal_net_sent() has
 * not given everything back that was to be sent before.
 */
MUST_CHECK status_t hal_net_start(struct hal_net *net, void (*ready)(void *ctx), void *ctx);

/*
 * Resets the device. What was to be sent is given back by hal_net_sent() as if it were; received frames that are held may be
 * released later, after a new start too.
 */
void hal_net_stop(struct hal_net *net);

/* The next received frame or piece of one; false where there is none. */
bool hal_net_receive(struct hal_net *net, struct hal_net_frame *out);

/* Gives a received buffer back. Once a token; the device may use it after the next hal_net_kick(), hal_net_listen() or empty hal_net_receive(). */
void hal_net_release(struct hal_net *net, void *token);

/*
 * Queues a frame: 1 to HAL_NET_PIECES_MAX pieces, beginning with the Ethernet header, no checksum at the end. `offload`: or NULL. The
 * pieces are the device's until hal_net_sent() gives `token` back; `token` is not NULL.
 * Returns STATUS_OK; STATUS_EAGAIN where the queue is full; STATUS_EIO where the device does not run; STATUS_EINVAL for pieces that cannot be
 * sent, STATUS_ENOTSUP for what the device cannot offload.
 */
MUST_CHECK status_t hal_net_send(struct hal_net *net, const struct hal_net_piece *pieces, unsigned count,
				 const struct hal_net_offload *offload, void *token);

/* Tells the device, where it wants to be told: after a batch of sends or releases. */
void hal_net_kick(struct hal_net *net);

/* One frame that the device is done with; false where there is none. Being done does not interrupt, but after STATUS_EAGAIN. */
bool hal_net_sent(struct hal_net *net, void **token);

/* Whether the cable is in. */
bool hal_net_link(struct hal_net *net);

/*
 * Peace: interrupts on, for what comes after this; true where something is there already, a link that has changed included: then look
 * again. War: off.
 * `ready` follows when frames came, when there is room after STATUS_EAGAIN, when the link changed, when the device broke.
 */
bool hal_net_listen(struct hal_net *net, bool interrupts);

/* Whether the device broke the rules. It has been reset and reported; nothing comes any more until it is started again. */
bool hal_net_is_broken(struct hal_net *net);

#endif
