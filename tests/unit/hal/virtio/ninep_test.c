// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The driver of 9p devices against a device that keeps the rules, and such that do not. */
#include "hal/contract/ninep.h"

#include <stdlib.h>
#include <string.h>

#include "hal/arm64/tables.h"
#include "hal/virtio/ninep.h"
#include "tests/unit/lib/virtqueue_device.h"
#include "tests/unit/unit.h"

enum { PAGES_MAX = 8 };

/* Where memory of the image is: pieces lie there. */
__asm__(".data\n.globl image_start\nimage_start: .space 65536\n.globl image_end\nimage_end:\n.text\n");
extern char image_start[];

const struct hal_device_services *virtio_services;
static struct virtio_device device;
static struct model model;
static struct hal_ninep *channel;
static uint8_t config[32];
static uint64_t offers;
static bool ends_reset;
static unsigned reports, notified, called;
static void *pages[PAGES_MAX];
static unsigned page_count;

static uint64_t page_alloc(void *ctx)
{
	(void)ctx;
	if (page_count == PAGES_MAX)
		return 0;
	pages[page_count] = aligned_alloc(HAL_PAGE_BYTES, HAL_PAGE_BYTES);
	return hal_direct_pa(pages[page_count++]);
}

struct virtio_device *virtio_find(uint32_t type, unsigned index)
{
	return type == VIRTIO_TYPE_NINEP && index == 0 ? &device : NULL;
}

void virtio_report(const struct virtio_device *reported, bool problem, const char *text)
{
	reports += reported == &device && problem && text != NULL;
}

bool virtio_reset(const struct virtio_device *reset)
{
	(void)reset;
	return ends_reset;
}

static uint8_t status_read(const struct virtio_device *read)
{
	(void)read;
	return ends_reset ? 0 : VIRTIO_STATUS_DRIVER_OK;
}

status_t virtio_begin(struct virtio_device *begun, uint64_t wanted)
{
	begun->features = offers & (wanted | VIRTIO_F_VERSION_1);
	return STATUS_OK;
}

status_t virtio_queue_begin(struct virtio_device *owner, struct virtio_queue *queue, uint16_t index, uint16_t limit)
{
	if (model.descriptors != NULL)
		model_free(&model);
	model_init(&model, limit, owner->features & VIRTIO_F_EVENT_IDX);
	model.moved = HAL_DIRECT_BASE;
	queue->index = index;
	virtqueue_init(&queue->ring, limit, model.descriptors, model.available, model.used, model.slots, model.event_index);
	return STATUS_OK;
}

void virtio_go(struct virtio_device *ready)
{
	(void)ready;
}

void virtio_queue_show(const struct virtio_device *owner, struct virtio_queue *queue)
{
	notified += owner == &device && virtqueue_publish(&queue->ring);
}

void virtio_interrupts_begin(struct virtio_device *owner)
{
	(void)owner;
}

status_t virtio_config_check(struct virtio_device *owner, bool *changed)
{
	*changed = atomic_exchange(&owner->config_changed, false);
	return *changed ? STATUS_EIO : STATUS_OK;
}

bool virtio_config_read(const struct virtio_device *owner, uint32_t offset, void *to, uint32_t bytes)
{
	(void)owner;
	if (offset > sizeof(config) || bytes > sizeof(config) - offset)
		return false;
	memcpy(to, config + offset, bytes);
	return true;
}

static uint64_t features_read(const struct virtio_device *read)
{
	(void)read;
	return offers;
}

uint64_t tables_image_pa(const void *va)
{
	return hal_direct_pa(va);
}

static void ready(void *ctx)
{
	++*(unsigned *)ctx;
}

static void begin(uint64_t features)
{
	static const struct virtio_transport transport = { .status_read = status_read, .features_read = features_read };
	static struct hal_device_services services = { .pages.alloc = page_alloc };

	virtio_services = &services;
	memset(&device, 0, sizeof(device));
	memset(&model, 0, sizeof(model));
	memcpy(config, "\4\0host", 6);
	device.transport = &transport;
	offers = features;
	ends_reset = true;
	reports = called = 0;
	page_count = 0;
	channel = hal_ninep_at(0);
	CU_ASSERT_FATAL(channel != NULL && hal_ninep_start(channel, ready, &called) == STATUS_OK);
}

static void end(void)
{
	model_free(&model);
	while (page_count > 0)
		free(pages[--page_count]);
}

static status_t submit(unsigned readable, unsigned writable, void *token)
{
	struct hal_ninep_piece all[HAL_NINEP_PIECES_MAX + 1];
	const struct hal_ninep_request request = { all, readable, writable, token };
	status_t status;

	for (unsigned i = 0; i <= HAL_NINEP_PIECES_MAX; i++)
		all[i] = (struct hal_ninep_piece){ image_start + 100 * i, 100 };
	status = hal_ninep_submit(channel, &request);
	hal_ninep_kick(channel);
	return status;
}

static void channels_have_the_name_that_the_device_says(void)
{
	char tag[8] = "........";

	begin(UINT64_MAX);
	CU_ASSERT(hal_ninep_count() == 1 && hal_ninep_at(1) == NULL);
	CU_ASSERT(hal_ninep_tag(channel, tag, sizeof(tag)) == 4 && memcmp(tag, "host....", 8) == 0);
	CU_ASSERT(hal_ninep_tag(channel, tag, 2) == 2);
	config[1] = 1; /* 260 bytes, which are not there */
	CU_ASSERT_EQUAL(hal_ninep_tag(channel, tag, sizeof(tag)), 0);
	memset(config, 0xff, sizeof(config));
	CU_ASSERT_EQUAL(hal_ninep_tag(channel, tag, sizeof(tag)), 0);
	memcpy(config, "\0", 2);
	CU_ASSERT_EQUAL(hal_ninep_tag(channel, tag, sizeof(tag)), 0);
	offers = VIRTIO_F_VERSION_1;
	CU_ASSERT_EQUAL(hal_ninep_tag(channel, tag, sizeof(tag)), 0);
	end();
}

static void requests_and_replies_are_where_they_were_said_to_be(void)
{
	for (unsigned indirect = 0; indirect < 2; indirect++) {
		struct model_chain chain;
		status_t status;
		uint32_t bytes;
		void *token;

		begin(indirect ? UINT64_MAX : VIRTIO_F_VERSION_1);
		CU_ASSERT_EQUAL(submit(3, 2, image_start), STATUS_OK);
		chain = model_fetch(&model);
		CU_ASSERT(chain.wrong == NULL && chain.readable == 3 && chain.writable == 2);
		CU_ASSERT_EQUAL(model.descriptors[chain.head].flags & VIRTQ_DESC_INDIRECT, indirect ? VIRTQ_DESC_INDIRECT : 0);
		CU_ASSERT(hal_direct_va(chain.pieces[4].address) == image_start + 400 && chain.pieces[4].bytes == 100);
		CU_ASSERT(!hal_ninep_done(channel, &token, &bytes, &status));
		model_finish(&model, &chain, 123);
		CU_ASSERT(hal_ninep_done(channel, &token, &bytes, &status) && token == image_start && bytes == 123 && status == STATUS_OK);
		end();
	}
}

static void replies_come_in_any_order(void)
{
	struct model_chain first, second;
	status_t status;
	uint32_t bytes;
	void *token;

	begin(UINT64_MAX);
	CU_ASSERT(submit(1, 1, image_start) == STATUS_OK && submit(1, 1, image_start + 1) == STATUS_OK);
	first = model_fetch(&model);
	second = model_fetch(&model);
	model_finish(&model, &second, 2);
	CU_ASSERT(hal_ninep_done(channel, &token, &bytes, &status) && token == image_start + 1 && bytes == 2);
	model_finish(&model, &first, 1);
	CU_ASSERT(hal_ninep_done(channel, &token, &bytes, &status) && token == image_start && bytes == 1);
	end();
}

static void a_channel_holds_as_many_requests_as_it_says(void)
{
	static char tokens[HAL_NINEP_REQUESTS_MAX];
	unsigned seen = 0;
	status_t status;
	uint32_t bytes;
	void *token;

	begin(UINT64_MAX);
	for (unsigned i = 0; i < HAL_NINEP_REQUESTS_MAX; i++)
		CU_ASSERT_EQUAL(submit(1, 1, &tokens[i]), STATUS_OK);
	CU_ASSERT_EQUAL(submit(1, 1, tokens), STATUS_EAGAIN);
	hal_ninep_stop(channel);
	while (hal_ninep_done(channel, &token, &bytes, &status)) {
		seen++;
		CU_ASSERT(status == STATUS_ECANCELED && (char *)token >= tokens && (char *)token < tokens + sizeof(tokens));
	}
	CU_ASSERT_EQUAL(seen, HAL_NINEP_REQUESTS_MAX);
	CU_ASSERT_EQUAL(hal_ninep_start(channel, ready, &called), STATUS_OK);
	CU_ASSERT_EQUAL(hal_ninep_start(channel, ready, &called), STATUS_EBUSY);
	end();
}

static void a_device_that_lies_is_found_out(void)
{
	struct model_chain chain;
	status_t status;
	uint32_t bytes;
	void *token;

	begin(UINT64_MAX);
	CU_ASSERT(!hal_ninep_listen(channel, true));
	CU_ASSERT_EQUAL(submit(1, 1, image_start), STATUS_OK);
	chain = model_fetch(&model);
	model_finish(&model, &chain, 101); /* more than there is room for */
	CU_ASSERT(hal_ninep_done(channel, &token, &bytes, &status) && token == image_start && status == STATUS_ECANCELED);
	CU_ASSERT(hal_ninep_is_broken(channel) && reports == 1 && called == 1);
	CU_ASSERT_EQUAL(submit(1, 1, image_start), STATUS_EIO);
	CU_ASSERT_EQUAL(hal_ninep_start(channel, ready, &called), STATUS_OK);
	atomic_store(&device.config_changed, true); /* it needs a reset */
	CU_ASSERT(hal_ninep_is_broken(channel) && reports == 2);
	end();
}

static void a_server_that_lies_is_reset_and_reported_once(void)
{
	status_t status;
	uint32_t bytes;
	void *token;

	begin(UINT64_MAX);
	(void)hal_ninep_listen(channel, true);
	CU_ASSERT_EQUAL(submit(1, 1, image_start), STATUS_OK);
	hal_ninep_break(channel, "lies");
	hal_ninep_break(channel, "lies");
	CU_ASSERT(reports == 1 && called == 1 && hal_ninep_listen(channel, true));
	CU_ASSERT(hal_ninep_done(channel, &token, &bytes, &status) && status == STATUS_ECANCELED);
	CU_ASSERT(!hal_ninep_listen(channel, true));
	end();
}

static void nothing_is_given_back_while_the_device_may_write_there(void)
{
	status_t status;
	uint32_t bytes;
	void *token;

	begin(UINT64_MAX);
	CU_ASSERT_EQUAL(submit(1, 1, image_start), STATUS_OK);
	ends_reset = false;
	hal_ninep_stop(channel);
	CU_ASSERT(!hal_ninep_done(channel, &token, &bytes, &status));
	CU_ASSERT_EQUAL(hal_ninep_start(channel, ready, &called), STATUS_EBUSY);
	ends_reset = true;
	CU_ASSERT(hal_ninep_done(channel, &token, &bytes, &status) && status == STATUS_ECANCELED);
	end();
}

static void a_panic_has_the_channel_whatever_it_was_about(void)
{
	static char tokens[HAL_NINEP_REQUESTS_MAX];
	struct model_chain chain;
	unsigned before;
	status_t status;
	uint32_t bytes;
	void *token;

	begin(UINT64_MAX);
	(void)hal_ninep_listen(channel, true);
	for (unsigned i = 0; i < HAL_NINEP_REQUESTS_MAX; i++)
		CU_ASSERT_EQUAL(submit(1, 1, &tokens[i]), STATUS_OK);
	before = page_count;
	CU_ASSERT_EQUAL(hal_ninep_start_at_panic(channel), STATUS_OK);
	CU_ASSERT(page_count == before && !hal_ninep_done(channel, &token, &bytes, &status));
	CU_ASSERT_EQUAL(submit(1, 1, image_start), STATUS_OK);
	chain = model_fetch(&model);
	model_finish(&model, &chain, 7);
	CU_ASSERT(hal_ninep_done(channel, &token, &bytes, &status) && token == image_start && bytes == 7 && status == STATUS_OK);
	device.interrupted(device.driver);
	CU_ASSERT_EQUAL(called, 0);
	end();
}

static void interrupts_are_heard_when_they_are_wanted(void)
{
	struct model_chain chain;

	begin(UINT64_MAX);
	device.interrupted(device.driver);
	CU_ASSERT_EQUAL(called, 0);
	CU_ASSERT(!hal_ninep_listen(channel, true));
	device.interrupted(device.driver);
	CU_ASSERT_EQUAL(called, 1);
	CU_ASSERT_EQUAL(submit(1, 1, image_start), STATUS_OK);
	chain = model_fetch(&model);
	model_finish(&model, &chain, 1);
	CU_ASSERT(hal_ninep_listen(channel, true)); /* one is done already */
	CU_ASSERT(!hal_ninep_listen(channel, false));
	device.interrupted(device.driver);
	CU_ASSERT_EQUAL(called, 1);
	end();
}

static void what_makes_no_sense_is_refused(void)
{
	char here[16];
	const struct hal_ninep_piece piece = { here, sizeof(here) };
	const struct hal_ninep_request request = { &piece, 1, 0, NULL };

	begin(UINT64_MAX);
	CU_ASSERT_EQUAL(submit(HAL_NINEP_PIECES_MAX, 1, image_start), STATUS_EINVAL);
	CU_ASSERT_EQUAL(submit(0, 0, image_start), STATUS_EINVAL);
	CU_ASSERT_EQUAL(hal_ninep_submit(channel, &request), STATUS_EINVAL);
	CU_ASSERT(!hal_ninep_reaches(here, sizeof(here)) && hal_ninep_reaches(image_start, 65536) && !hal_ninep_reaches(image_start, 65537));
	end();
}

static const struct unit_case cases[] = {
	UNIT_CASE(channels_have_the_name_that_the_device_says),
	UNIT_CASE(requests_and_replies_are_where_they_were_said_to_be),
	UNIT_CASE(replies_come_in_any_order),
	UNIT_CASE(a_channel_holds_as_many_requests_as_it_says),
	UNIT_CASE(a_device_that_lies_is_found_out),
	UNIT_CASE(a_server_that_lies_is_reset_and_reported_once),
	UNIT_CASE(nothing_is_given_back_while_the_device_may_write_there),
	UNIT_CASE(a_panic_has_the_channel_whatever_it_was_about),
	UNIT_CASE(interrupts_are_heard_when_they_are_wanted),
	UNIT_CASE(what_makes_no_sense_is_refused),
};
UNIT_MAIN("hal/virtio/ninep", cases)
