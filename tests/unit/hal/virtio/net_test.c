// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The network driver against a device that keeps the rules, and such that do not. */
#include "hal/contract/net.h"

#include "lib/bits.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

#include "tests/unit/hal/virtio/net_device.h"

/* Where memory of the image is: pieces that are sent lie there. */
__asm__(".data\n.globl image_start\nimage_start: .space 65536\n.globl image_end\nimage_end:\n.text\n");
extern char image_start[];

static struct hal_net *net;
static struct hal_net_frame frame;

static void begin(void)
{
	net = fake_begin();
	CU_ASSERT(fake_start());
}

static bool receive(void)
{
	return hal_net_receive(net, &frame);
}

static status_t send(uint32_t bytes, unsigned pieces, const struct hal_net_offload *offload, void *token)
{
	struct hal_net_piece all[HAL_NET_PIECES_MAX + 1];

	for (unsigned i = 0; i < ARRAY_LEN(all); i++)
		all[i] = (struct hal_net_piece){ image_start + 100 * i, bytes };
	return hal_net_send(net, all, pieces, offload, token);
}

static void net_tells_what_the_device_is(void)
{
	struct hal_net_info info;

	net = fake_begin();
	hal_net_info(net, &info);
	CU_ASSERT_EQUAL(info.mac[5], 0x56);
	CU_ASSERT_EQUAL(info.mtu, 1500);
	CU_ASSERT(!info.tx_checksum);
	CU_ASSERT(fake_start());
	hal_net_info(net, &info);
	CU_ASSERT(info.tx_checksum && info.rx_checksum && info.tso4 && info.tso6);
	CU_ASSERT_EQUAL(info.buffers, NET_BUFFERS);
	CU_ASSERT_EQUAL(fake_posted(), NET_BUFFERS);
	CU_ASSERT(hal_net_link(net));
	fake.config[6] = 0;
	CU_ASSERT(hal_net_link(net)); /* not looked at before it is said to have changed */
	atomic_store(&fake.device.config_changed, true);
	CU_ASSERT(!hal_net_link(net));
	fake_end();
}

static void net_invents_an_address_where_it_gets_none(void)
{
	struct hal_net_info info;

	net = fake_begin();
	fake.offers = VIRTIO_F_VERSION_1;
	CU_ASSERT(fake_start());
	hal_net_info(net, &info);
	CU_ASSERT_EQUAL(info.mac[0] & 3, 2); /* locally administered, of one machine */
	CU_ASSERT(!info.tx_checksum && !info.rx_checksum && !info.tso4 && !info.tso6);
	CU_ASSERT_EQUAL(info.mtu, 1500);
	CU_ASSERT(hal_net_link(net));
	fake_end();
}

static void net_receives_frames_and_gives_buffers_back(void)
{
	begin();
	CU_ASSERT(!receive());
	for (unsigned i = 0; i < 1000; i++) {
		fake_deliver((struct net_header){ .buffers = 1, .flags = (uint8_t)(i % 3) }, (uint8_t)i, 60 + i);
		CU_ASSERT(receive());
		CU_ASSERT_EQUAL(frame.len, 60 + i);
		CU_ASSERT(frame.data[0] == (uint8_t)i && frame.data[59 + i] == (uint8_t)i);
		CU_ASSERT_EQUAL(frame.checksum_good, i % 3 != 0);
		CU_ASSERT(!frame.more);
		hal_net_release(net, frame.token);
		CU_ASSERT(!receive());
	}
	CU_ASSERT_EQUAL(fake_posted(), NET_BUFFERS);
	fake_end();
}

static void net_receives_frames_of_several_buffers(void)
{
	static const uint8_t rest[100] = { 7 };
	void *tokens[3];

	begin();
	fake_deliver((struct net_header){ .buffers = 3 }, 1, 1000);
	CU_ASSERT(receive());
	CU_ASSERT(frame.more && frame.len == 1000);
	tokens[0] = frame.token;
	CU_ASSERT(!receive()); /* the rest is late */
	fake_fill(rest, 100, 100);
	fake_fill(rest, 50, 50);
	CU_ASSERT(receive());
	CU_ASSERT(frame.more && frame.len == 100 && frame.data[0] == 7);
	tokens[1] = frame.token;
	CU_ASSERT(receive());
	CU_ASSERT(!frame.more && frame.len == 50);
	tokens[2] = frame.token;
	for (unsigned i = 0; i < 3; i++)
		hal_net_release(net, tokens[i]);
	fake_deliver((struct net_header){ .buffers = 1 }, 9, 64);
	CU_ASSERT(receive() && !frame.more && frame.len == 64 && frame.data[0] == 9);
	fake_end();
}

static void net_drops_what_is_no_frame(void)
{
	begin();
	for (unsigned i = 0; i < 300; i++) {
		fake_deliver((struct net_header){ .buffers = 1 }, 1, i % 14);
		CU_ASSERT(!receive());
	}
	fake_deliver((struct net_header){ .buffers = 1 }, 1, 14);
	CU_ASSERT(receive());
	CU_ASSERT_EQUAL(fake.reports, 0);
	fake_end();
}

/* What was lied is found out, said once, and ends in a reset; a new start makes all good. */
static void expect_broken(const char *why)
{
	CU_ASSERT(!receive());
	CU_ASSERT(hal_net_is_broken(net));
	CU_ASSERT_EQUAL(fake.reports, 1);
	CU_ASSERT_EQUAL(fake.resets, 1);
	CU_ASSERT_STRING_EQUAL(fake.reported, why);
	CU_ASSERT(!receive() && !hal_net_link(net));
	CU_ASSERT_EQUAL(send(60, 1, NULL, &frame), STATUS_EIO);
	CU_ASSERT(fake_start());
	CU_ASSERT(!hal_net_is_broken(net));
	CU_ASSERT_EQUAL(fake_posted(), NET_BUFFERS);
	fake_deliver((struct net_header){ .buffers = 1 }, 3, 60);
	CU_ASSERT(receive());
	fake_end();
}

static void net_finds_out_devices_that_lie(void)
{
	static const uint8_t few[11];

	begin();
	fake_fill(few, 11, 11);
	expect_broken("gave a frame without its header: reset");
	begin();
	fake_deliver((struct net_header){ .buffers = 0 }, 1, 60);
	expect_broken("gave a frame of more buffers than it has: reset");
	begin();
	fake_deliver((struct net_header){ .buffers = NET_BUFFERS + 1 }, 1, 60);
	expect_broken("gave a frame of more buffers than it has: reset");
	begin();
	fake_fill(few, 0, HAL_NET_BUFFER_BYTES + 1);
	expect_broken("used length beyond the buffer");
	begin();
	model_put(&fake.queues[0], 200, 60, 1);
	expect_broken("used id out of range");
	begin();
	model_put(&fake.queues[0], 0, 60, 1000);
	expect_broken("used index beyond what is in flight");
	begin();
	fake.needs_reset = true;
	atomic_store(&fake.device.config_changed, true);
	expect_broken("says that it needs a reset: done");
}

static void net_says_that_it_broke(void)
{
	begin();
	CU_ASSERT(!hal_net_listen(net, true));
	model_put(&fake.queues[0], 200, 60, 1);
	CU_ASSERT(!receive());
	CU_ASSERT_EQUAL(fake.readies, 1);
	CU_ASSERT(hal_net_listen(net, true)); /* look again, and see */
	fake_end();
}

static void net_calls_only_who_listens(void)
{
	begin();
	fake.device.interrupted(fake.device.driver);
	CU_ASSERT_EQUAL(fake.readies, 0);
	CU_ASSERT(!hal_net_listen(net, true));
	fake.device.interrupted(fake.device.driver);
	CU_ASSERT_EQUAL(fake.readies, 1);
	fake_deliver((struct net_header){ .buffers = 1 }, 3, 60);
	CU_ASSERT(model_interrupts(&fake.queues[0]));
	CU_ASSERT(hal_net_listen(net, true));
	CU_ASSERT(receive());
	CU_ASSERT(!hal_net_listen(net, true));
	CU_ASSERT(!hal_net_listen(net, false));
	fake_deliver((struct net_header){ .buffers = 1 }, 3, 60);
	CU_ASSERT(!model_interrupts(&fake.queues[0]));
	fake_end();
}

/* Between the last look and the wish to be told: who would sleep now would not hear of it. */
static void net_says_that_the_link_changed_meanwhile(void)
{
	begin();
	CU_ASSERT(hal_net_link(net));
	fake.config[6] = 0;
	atomic_store(&fake.device.config_changed, true);
	CU_ASSERT(hal_net_listen(net, true));
	CU_ASSERT(!hal_net_link(net));
	CU_ASSERT(!hal_net_listen(net, true));
	fake.needs_reset = true;
	atomic_store(&fake.device.config_changed, true);
	CU_ASSERT(hal_net_listen(net, true));
	CU_ASSERT(hal_net_is_broken(net));
	fake_end();
}

static void net_sends_a_header_and_the_pieces_as_they_lie(void)
{
	const struct hal_net_offload offload = { true, 34, 16, 1448, 66, true };
	const struct net_header *header;
	struct model_chain chain;
	void *token;

	begin();
	CU_ASSERT_EQUAL(send(50, 3, &offload, &frame), STATUS_OK);
	CU_ASSERT(!model_has_work(&fake.queues[1]));
	hal_net_kick(net);
	CU_ASSERT(model_has_work(&fake.queues[1]));
	chain = model_fetch(&fake.queues[1]);
	CU_ASSERT(chain.wrong == NULL && chain.readable == 4 && chain.writable == 0);
	CU_ASSERT_EQUAL(chain.pieces[0].bytes, 12);
	CU_ASSERT_PTR_EQUAL(hal_direct_va(chain.pieces[2].address), image_start + 100);
	CU_ASSERT_EQUAL(chain.pieces[2].bytes, 50);
	header = hal_direct_va(chain.pieces[0].address);
	CU_ASSERT(header->flags == NET_HDR_NEEDS_CHECKSUM && header->checksum_start == 34 && header->checksum_offset == 16);
	CU_ASSERT(header->segmentation == NET_HDR_TCPV6 && header->segment_bytes == 1448 && header->header_bytes == 66);
	CU_ASSERT(!hal_net_sent(net, &token));
	model_finish(&fake.queues[1], &chain, 0);
	CU_ASSERT(hal_net_sent(net, &token) && token == &frame);
	CU_ASSERT_EQUAL(send(50, 1, NULL, &frame), STATUS_OK);
	hal_net_kick(net);
	chain = model_fetch(&fake.queues[1]);
	header = hal_direct_va(chain.pieces[0].address);
	CU_ASSERT(header->flags == 0 && header->segmentation == 0 && header->buffers == 0);
	fake_end();
}

static void net_refuses_what_cannot_be_sent(void)
{
	const struct hal_net_offload checksum = { .checksum = true, .checksum_start = 34, .checksum_offset = 25 };
	const struct hal_net_offload segments = { .checksum = true, .segment_bytes = 1000, .header_bytes = 61 };
	const struct hal_net_offload unsummed = { .segment_bytes = 1000, .header_bytes = 54 };

	begin();
	CU_ASSERT_EQUAL(send(60, 0, NULL, &frame), STATUS_EINVAL);
	CU_ASSERT_EQUAL(send(60, HAL_NET_PIECES_MAX + 1, NULL, &frame), STATUS_EINVAL);
	CU_ASSERT_EQUAL(send(60, 1, NULL, NULL), STATUS_EINVAL);
	CU_ASSERT_EQUAL(send(0, 2, NULL, &frame), STATUS_EINVAL);
	CU_ASSERT_EQUAL(send(13, 1, NULL, &frame), STATUS_EINVAL);
	CU_ASSERT_EQUAL(send(65536, 2, NULL, &frame), STATUS_EINVAL); /* the second is not all in the image */
	CU_ASSERT_EQUAL(send(60, 1, &checksum, &frame), STATUS_EINVAL);
	CU_ASSERT_EQUAL(send(60, 1, &segments, &frame), STATUS_EINVAL);
	CU_ASSERT_EQUAL(send(60, 1, &unsummed, &frame), STATUS_EINVAL);
	fake_end();
	net = fake_begin();
	fake.offers = VIRTIO_F_VERSION_1;
	CU_ASSERT(fake_start());
	CU_ASSERT_EQUAL(send(60, 1, &checksum, &frame), STATUS_ENOTSUP);
	CU_ASSERT_EQUAL(send(60, 1, &segments, &frame), STATUS_ENOTSUP);
	fake_end();
}

static void net_gives_every_token_back(void)
{
	static char tokens[256];
	struct model_chain chain;
	unsigned sent = 0;
	unsigned back = 0;
	void *token;

	begin();
	while (send(60, 3, NULL, &tokens[sent]) == STATUS_OK)
		sent++;
	CU_ASSERT_EQUAL(sent, 64);
	CU_ASSERT_EQUAL(send(60, 3, NULL, tokens), STATUS_EAGAIN);
	CU_ASSERT(!hal_net_listen(net, true)); /* publishes, and asks for room */
	for (unsigned i = 0; i < 33; i++) {
		chain = model_fetch(&fake.queues[1]);
		model_finish(&fake.queues[1], &chain, 0);
		CU_ASSERT_EQUAL(model_interrupts(&fake.queues[1]), i == 32);
	}
	while (hal_net_sent(net, &token))
		back += token == &tokens[back];
	CU_ASSERT_EQUAL(back, 33);
	hal_net_stop(net);
	CU_ASSERT_EQUAL(hal_net_start(net, fake_ready, NULL), STATUS_EBUSY);
	while (hal_net_sent(net, &token))
		back++;
	CU_ASSERT_EQUAL(back, sent);
	CU_ASSERT(fake_start());
	fake_end();
}

static void net_keeps_what_is_held_over_a_restart(void)
{
	struct hal_net_frame held;

	begin();
	fake_deliver((struct net_header){ .buffers = 1 }, 77, 60);
	fake_deliver((struct net_header){ .buffers = 1 }, 78, 60);
	CU_ASSERT(hal_net_receive(net, &held) && receive());
	hal_net_stop(net);
	CU_ASSERT(fake_start());
	CU_ASSERT_EQUAL(fake_posted(), NET_BUFFERS - 2);
	CU_ASSERT(held.data[0] == 77 && held.data[59] == 77);
	hal_net_release(net, held.token);
	hal_net_release(net, held.token); /* once too often: the device must not have it twice */
	hal_net_kick(net);
	CU_ASSERT_EQUAL(fake_posted(), NET_BUFFERS - 1);
	hal_net_release(net, frame.token);
	hal_net_kick(net);
	CU_ASSERT_EQUAL(fake_posted(), NET_BUFFERS);
	fake_end();
}

static void net_leaves_buffers_to_a_device_that_does_not_end_its_reset(void)
{
	begin();
	fake.ends_reset = false;
	hal_net_stop(net);
	for (unsigned i = 0; i < NET_BUFFERS; i++)
		CU_ASSERT_EQUAL(net->buffers[i].state, NET_BUFFER_POSTED);
	CU_ASSERT(fake_start()); /* which resets it once more */
	CU_ASSERT_EQUAL(fake_posted(), NET_BUFFERS);
	fake_end();
}

static void net_makes_do_with_little_memory(void)
{
	net = fake_begin();
	fake.page_limit = 3;
	CU_ASSERT_EQUAL(hal_net_start(net, fake_ready, NULL), STATUS_ENOMEM);
	fake.page_limit = 2 + 4;
	CU_ASSERT(fake_start());
	CU_ASSERT_EQUAL(fake_posted(), 8);
	hal_net_stop(net);
	fake.page_limit = PAGES_MAX;
	fake.queue_size = 16;
	CU_ASSERT(fake_start());
	CU_ASSERT_EQUAL(fake_posted(), 16); /* the others wait for room */
	fake_deliver((struct net_header){ .buffers = 1 }, 1, 60);
	CU_ASSERT(receive());
	hal_net_release(net, frame.token);
	hal_net_kick(net);
	CU_ASSERT_EQUAL(fake_posted(), 16);
	fake_end();
}

/* Anything in the memory that the device reaches: frames stay within their buffers, and no buffer is given out twice. */
static void net_survives_a_device_gone_mad(void)
{
	struct random random = random_start(11);
	unsigned wrong = 0;
	unsigned frames = 0;

	begin();
	for (unsigned i = 0; i < 30000; i++) {
		struct net_header header = { .flags = (uint8_t)random_next(&random), .buffers = (uint16_t)random_below(&random, 4) };
		void *token;

		if (hal_net_is_broken(net)) {
			while (hal_net_sent(net, &token))
				;
			CU_ASSERT_FATAL(fake_start());
		}
		(void)send(60, 1 + (unsigned)random_below(&random, 4), NULL, &frame);
		hal_net_kick(net);
		if (fake_posted() > 0 && random_below(&random, 8) != 0)
			fake_deliver(header, 1, (uint32_t)random_below(&random, 1000));
		else
			model_put(&fake.queues[random_below(&random, 2)], (uint32_t)random_below(&random, 140),
				  (uint32_t)random_below(&random, 2500), (uint16_t)random_below(&random, 3));
		while (receive()) {
			const struct net_buffer *buffer = frame.token;

			wrong += buffer->state != NET_BUFFER_HELD || frame.data < buffer->data;
			wrong += frame.data + frame.len > buffer->data + HAL_NET_BUFFER_BYTES;
			frames++;
			if (frame.len > 0)
				frame.data[frame.len - 1] = 0;
			hal_net_release(net, frame.token);
		}
		while (random_below(&random, 2) && hal_net_sent(net, &token))
			wrong += token != &frame;
	}
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT(frames > 1000 && fake.reports > 1000);
	fake_end();
}

static const struct unit_case cases[] = {
	UNIT_CASE(net_tells_what_the_device_is),
	UNIT_CASE(net_invents_an_address_where_it_gets_none),
	UNIT_CASE(net_receives_frames_and_gives_buffers_back),
	UNIT_CASE(net_receives_frames_of_several_buffers),
	UNIT_CASE(net_drops_what_is_no_frame),
	UNIT_CASE(net_finds_out_devices_that_lie),
	UNIT_CASE(net_says_that_it_broke),
	UNIT_CASE(net_calls_only_who_listens),
	UNIT_CASE(net_says_that_the_link_changed_meanwhile),
	UNIT_CASE(net_sends_a_header_and_the_pieces_as_they_lie),
	UNIT_CASE(net_refuses_what_cannot_be_sent),
	UNIT_CASE(net_gives_every_token_back),
	UNIT_CASE(net_keeps_what_is_held_over_a_restart),
	UNIT_CASE(net_leaves_buffers_to_a_device_that_does_not_end_its_reset),
	UNIT_CASE(net_makes_do_with_little_memory),
	UNIT_CASE(net_survives_a_device_gone_mad),
};
UNIT_MAIN("hal/virtio/net", cases)
