// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What the network driver agrees on with its device when it starts. */
#include "hal/contract/net.h"

#include "lib/bits.h"
#include "tests/unit/unit.h"

#include "tests/unit/hal/virtio/net_device.h"

/* Where memory of the image is: pieces that are sent lie there. */
__asm__(".data\n.globl image_start\nimage_start: .space 65536\n.globl image_end\nimage_end:\n.text\n");
extern char image_start[];

/* Larger packets than the usual ones need several buffers, which a device must be able to fill. */
static void net_has_the_largest_packets_that_the_device_and_its_buffers_can(void)
{
	static const struct {
		uint64_t offers;
		uint16_t says, is;
	} rows[] = {
		{ UINT64_MAX, 9000, 9000 },
		{ UINT64_MAX & ~NET_F_MRG_RXBUF, 9000, 1500 },
		{ UINT64_MAX & ~NET_F_MRG_RXBUF, 1400, 1400 },
		{ UINT64_MAX & ~NET_F_MTU, 9000, 1500 },
		{ UINT64_MAX, 67, 1500 },
	};
	struct hal_net_info info;
	struct hal_net *net;

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		net = fake_begin();
		fake.offers = rows[i].offers;
		fake.config[10] = (uint8_t)rows[i].says;
		fake.config[11] = (uint8_t)(rows[i].says >> 8);
		CU_ASSERT(fake_start());
		hal_net_info(net, &info);
		CU_ASSERT_EQUAL(info.mtu, rows[i].is);
		fake_end();
	}
}

/* It interrupts nobody before somebody listens: not for what it received, not for what it sent. */
static void net_is_silent_until_somebody_listens(void)
{
	struct hal_net *net;

	for (unsigned event_index = 0; event_index < 2; event_index++) {
		const struct hal_net_piece piece = { image_start, 60 };
		struct model_chain chain;

		net = fake_begin();
		fake.offers = event_index ? UINT64_MAX : UINT64_MAX & ~VIRTIO_F_EVENT_IDX;
		CU_ASSERT(fake_start());
		CU_ASSERT_EQUAL(fake_posted(), NET_BUFFERS);
		fake_deliver((struct net_header){ .buffers = 1 }, 1, 60);
		CU_ASSERT(!model_interrupts(&fake.queues[0]));
		CU_ASSERT_EQUAL(hal_net_send(net, &piece, 1, NULL, &net), STATUS_OK);
		hal_net_kick(net);
		chain = model_fetch(&fake.queues[1]);
		model_finish(&fake.queues[1], &chain, 0);
		CU_ASSERT(!model_interrupts(&fake.queues[1]));
		fake_end();
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(net_has_the_largest_packets_that_the_device_and_its_buffers_can),
	UNIT_CASE(net_is_silent_until_somebody_listens),
};
UNIT_MAIN("hal/virtio/net_start", cases)
