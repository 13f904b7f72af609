// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A network device with QEMU's own network behind it, whose gateway answers for 10.0.2.2: frames built by hand. */
#include <stdatomic.h>

#include "hal/contract/net.h"
#include "hal/contract/cpu.h"
#include "hal/contract/timer.h"
#include "kernel/core/log.h"
#include "kernel/core/page.h"
#include "kernel/io/console.h"
#include "kernel/io/devices.h"
#include "lib/string.h"
#include "tests/guest/guest.h"

#define PATIENCE_NS 5000000000ul
#define QUIET_NS 20000000ul

enum { ARP_BYTES = 42, RESTARTS = 20, FLOOD = 1000, ROUNDS = 200, CABLE_PULLS = 3 };

static struct hal_net *net;
static uint8_t request[ARP_BYTES];
static unsigned sent; /* tokens that came back */
static _Atomic unsigned interrupts;

static void ready(void *ctx)
{
	atomic_fetch_add((_Atomic unsigned *)ctx, 1);
}

static bool start(void)
{
	return hal_net_start(net, ready, &interrupts) == STATUS_OK;
}

/* Who has 10.0.2.2, says 10.0.2.15. */
static void request_build(void)
{
	static const uint8_t arp[] = { 8, 6, 0, 1, 8, 0, 6, 4, 0, 1 };
	static const uint8_t from[] = { 10, 0, 2, 15 };
	static const uint8_t to[] = { 10, 0, 2, 2 };
	struct hal_net_info info;

	hal_net_info(net, &info);
	memset(request, 0, sizeof(request));
	memset(request, 0xff, 6);
	memcpy(request + 6, info.mac, 6);
	memcpy(request + 12, arp, sizeof(arp));
	memcpy(request + 22, info.mac, 6);
	memcpy(request + 28, from, 4);
	memcpy(request + 38, to, 4);
}

/* In pieces, one after the other, as a stack would hand them over. */
static status_t request_send(void)
{
	const struct hal_net_piece pieces[] = { { request, 14 }, { request + 14, 8 }, { request + 22, 20 } };

	return hal_net_send(net, pieces, 3, NULL, request);
}

static bool is_reply(const struct hal_net_frame *frame)
{
	static const uint8_t head[] = { 8, 6, 0, 1, 8, 0, 6, 4, 0, 2 };
	static const uint8_t gateway[] = { 10, 0, 2, 2 };

	return !frame->more && frame->len >= ARP_BYTES && memcmp(frame->data, request + 6, 6) == 0 &&
	       memcmp(frame->data + 12, head, sizeof(head)) == 0 && memcmp(frame->data + 28, gateway, 4) == 0;
}

static void tokens_take(void)
{
	void *token;

	while (hal_net_sent(net, &token))
		sent += token == request;
}

/* Takes what has come, and counts the gateway's answers. */
static unsigned replies_take(void)
{
	struct hal_net_frame frame;
	unsigned replies = 0;

	while (hal_net_receive(net, &frame)) {
		replies += is_reply(&frame);
		hal_net_release(net, frame.token);
	}
	tokens_take();
	return replies;
}

static bool reply_comes(void)
{
	uint64_t deadline = hal_timer_now_ns() + PATIENCE_NS;

	while (hal_timer_now_ns() < deadline) {
		if (replies_take() > 0)
			return true;
		hal_cpu_relax();
	}
	return false;
}

static const char *a_network_is_found(void)
{
	struct hal_net_info info;

	GUEST_CHECK(devices_probe() == STATUS_OK);
	GUEST_CHECK(hal_net_count() == 1);
	net = hal_net_at(0);
	GUEST_CHECK(net != NULL && hal_net_at(0) == net && hal_net_at(1) == NULL);
	hal_net_info(net, &info);
	GUEST_CHECK(info.mac[0] == 0x52 && info.mac[5] == 0x56); /* QEMU's first */
	GUEST_CHECK(info.mtu == 1500);
	GUEST_CHECK(!hal_net_link(net) && !hal_net_is_broken(net));
	return NULL;
}

static const char *the_gateway_answers(void)
{
	GUEST_CHECK(net != NULL);
	GUEST_CHECK(start());
	GUEST_CHECK(hal_net_start(net, ready, NULL) == STATUS_EBUSY);
	GUEST_CHECK(hal_net_link(net));
	request_build();
	sent = 0;
	GUEST_CHECK(request_send() == STATUS_OK);
	hal_net_kick(net);
	GUEST_CHECK(reply_comes());
	for (uint64_t deadline = hal_timer_now_ns() + PATIENCE_NS; sent == 0 && hal_timer_now_ns() < deadline;)
		tokens_take();
	GUEST_CHECK(sent == 1);
	return NULL;
}

static const char *what_cannot_be_sent_is_refused(void)
{
	struct hal_net_piece pieces[HAL_NET_PIECES_MAX + 1];
	struct hal_net_offload offload = { .segment_bytes = 1000 };

	GUEST_CHECK(net != NULL);
	for (unsigned i = 0; i <= HAL_NET_PIECES_MAX; i++)
		pieces[i] = (struct hal_net_piece){ request, 14 };
	GUEST_CHECK(hal_net_send(net, pieces, 0, NULL, request) == STATUS_EINVAL);
	GUEST_CHECK(hal_net_send(net, pieces, HAL_NET_PIECES_MAX + 1, NULL, request) == STATUS_EINVAL);
	GUEST_CHECK(hal_net_send(net, pieces, 1, NULL, NULL) == STATUS_EINVAL);
	GUEST_CHECK(hal_net_send(net, pieces, 1, &offload, request) < 0);
	pieces[0].len = 13;
	GUEST_CHECK(hal_net_send(net, pieces, 1, NULL, request) == STATUS_EINVAL);
	pieces[0] = (struct hal_net_piece){ (const void *)0x400000, 60 }; /* no memory of the kernel's */
	GUEST_CHECK(hal_net_send(net, pieces, 1, NULL, request) == STATUS_EINVAL);
	pieces[0] = (struct hal_net_piece){ (const void *)(UINTPTR_MAX - 15), 60 };
	GUEST_CHECK(hal_net_send(net, pieces, 1, NULL, request) == STATUS_EINVAL);
	return NULL;
}

/* Again and again: one interrupt that is lost, and everything stands still. */
static const char *in_peace_every_frame_interrupts(void)
{
	GUEST_CHECK(net != NULL);
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t deadline = hal_timer_now_ns() + PATIENCE_NS;
		unsigned before = interrupts;

		while (hal_net_listen(net, true)) {
			(void)replies_take();
			before = interrupts;
		}
		GUEST_CHECK(request_send() == STATUS_OK);
		hal_net_kick(net);
		while (interrupts == before && hal_timer_now_ns() < deadline)
			hal_cpu_relax();
		GUEST_CHECK(interrupts != before);
		GUEST_CHECK(replies_take() == 1);
	}
	return NULL;
}

static const char *in_war_nothing_interrupts(void)
{
	unsigned before;

	GUEST_CHECK(net != NULL);
	(void)hal_net_listen(net, false);
	before = interrupts;
	for (unsigned i = 0; i < 10; i++) {
		GUEST_CHECK(request_send() == STATUS_OK);
		hal_net_kick(net);
		GUEST_CHECK(reply_comes());
	}
	for (uint64_t end = hal_timer_now_ns() + QUIET_NS; hal_timer_now_ns() < end;)
		hal_cpu_relax();
	GUEST_CHECK(interrupts == before);
	return NULL;
}

/* More than the queue holds: a full queue says so, every token comes back, and the device goes on answering. */
static const char *a_flood_loses_no_token(void)
{
	uint64_t deadline = hal_timer_now_ns() + 10 * PATIENCE_NS;
	unsigned replies = 0;
	unsigned full = 0;
	unsigned done = 0;

	GUEST_CHECK(net != NULL);
	sent = 0;
	while (done < FLOOD && hal_timer_now_ns() < deadline) {
		status_t status = request_send();

		done += status == STATUS_OK;
		full += status == STATUS_EAGAIN;
		GUEST_CHECK(status == STATUS_OK || status == STATUS_EAGAIN);
		if (status == STATUS_EAGAIN) {
			hal_net_kick(net);
			replies += replies_take();
		}
	}
	hal_net_kick(net);
	while (sent < FLOOD && hal_timer_now_ns() < deadline)
		replies += replies_take();
	GUEST_CHECK(sent == FLOOD && full > 0 && replies > 0);
	GUEST_CHECK(request_send() == STATUS_OK);
	hal_net_kick(net);
	GUEST_CHECK(reply_comes());
	return NULL;
}

/* With frames on their way in both directions; nothing is lost, no memory either. */
static const char *the_network_starts_again_after_a_reset(void)
{
	uint64_t pages = page_free_count();
	struct hal_net_frame held = { 0 };

	GUEST_CHECK(net != NULL);
	for (unsigned i = 0; i < RESTARTS; i++) {
		GUEST_CHECK(request_send() == STATUS_OK && request_send() == STATUS_OK);
		hal_net_kick(net);
		if (i == 0)
			for (uint64_t end = hal_timer_now_ns() + PATIENCE_NS; !hal_net_receive(net, &held) && hal_timer_now_ns() < end;)
				tokens_take();
		tokens_take();
		hal_net_stop(net);
		GUEST_CHECK(!hal_net_receive(net, &(struct hal_net_frame){ 0 }) && request_send() == STATUS_EIO);
		tokens_take();
		GUEST_CHECK(start());
		if (i == RESTARTS / 2) { /* of a former life */
			hal_net_release(net, held.token);
			hal_net_release(net, held.token);
		}
		GUEST_CHECK(request_send() == STATUS_OK);
		hal_net_kick(net);
		GUEST_CHECK(reply_comes());
	}
	GUEST_CHECK(page_free_count() == pages);
	GUEST_CHECK(!hal_net_is_broken(net));
	return NULL;
}

static const struct guest_test tests[] = {
	{ "a_network_is_found", a_network_is_found },
	{ "the_gateway_answers", the_gateway_answers },
	{ "what_cannot_be_sent_is_refused", what_cannot_be_sent_is_refused },
	{ "in_peace_every_frame_interrupts", in_peace_every_frame_interrupts },
	{ "in_war_nothing_interrupts", in_war_nothing_interrupts },
	{ "a_flood_loses_no_token", a_flood_loses_no_token },
	{ "the_network_starts_again_after_a_reset", the_network_starts_again_after_a_reset },
};

const struct guest_table virtio_net_tests = { tests, sizeof(tests) / sizeof(tests[0]) };

/* Asks for it, and waits for an interrupt and the link to be `up`. */
static bool link_becomes(bool up, unsigned turn)
{
	uint64_t deadline = hal_timer_now_ns() + 4 * PATIENCE_NS;
	unsigned before;

	while (hal_net_listen(net, true))
		(void)replies_take();
	before = interrupts;
	log_line("net: %s, %u", up ? "put it back" : "pull the cable", turn);
	console_drain();
	while (hal_net_link(net) != up && hal_timer_now_ns() < deadline) {
		(void)replies_take();
		hal_cpu_relax();
	}
	return hal_net_link(net) == up && interrupts != before;
}

/* The harness pulls the cable and puts it back, as the console asks it to. */
static const char *the_link_follows_the_cable(void)
{
	GUEST_CHECK(devices_probe() == STATUS_OK);
	net = hal_net_at(0);
	GUEST_CHECK(net != NULL && start() && hal_net_link(net));
	for (unsigned i = 0; i < CABLE_PULLS; i++) {
		GUEST_CHECK(link_becomes(false, i));
		GUEST_CHECK(link_becomes(true, i));
	}
	request_build();
	GUEST_CHECK(request_send() == STATUS_OK);
	hal_net_kick(net);
	GUEST_CHECK(reply_comes());
	return NULL;
}

static const struct guest_test link_tests[] = {
	{ "the_link_follows_the_cable", the_link_follows_the_cable },
};

const struct guest_table virtio_link_tests = { link_tests, sizeof(link_tests) / sizeof(link_tests[0]) };
