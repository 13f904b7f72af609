// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The block driver against a device that keeps the rules, and such that do not. */
#include "hal/contract/block.h"

#include <stdlib.h>
#include <string.h>

#include "hal/arm64/tables.h"
#include "hal/virtio/block.h"
#include "lib/bits.h"
#include "tests/unit/lib/virtqueue_device.h"
#include "tests/unit/unit.h"

enum { PAGES_MAX = 32, SECTORS = 1000 };

/* Where memory of the image is: pieces lie there. */
__asm__(".data\n.globl image_start\nimage_start: .space 65536\n.globl image_end\nimage_end:\n.text\n");
extern char image_start[];

const struct hal_device_services *virtio_services;
static struct virtio_device device;
static struct model model;
static struct hal_block *block;
static uint64_t capacity;
static uint64_t offers;
static bool ends_reset;
static unsigned reports, notified;
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
	return type == VIRTIO_TYPE_BLOCK && index == 0 ? &device : NULL;
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
	memset(to, 0xff, bytes);
	if (offset == 0)
		memcpy(to, &capacity, bytes);
	return true;
}

uint64_t tables_image_pa(const void *va)
{
	return hal_direct_pa(va);
}

static void ready(void *ctx)
{
	(void)ctx;
}

static void begin(uint64_t features)
{
	static const struct virtio_transport transport = { .status_read = status_read };
	static struct hal_device_services services = { .pages.alloc = page_alloc };

	virtio_services = &services;
	memset(&device, 0, sizeof(device));
	memset(&model, 0, sizeof(model));
	device.transport = &transport;
	capacity = SECTORS;
	offers = features;
	ends_reset = true;
	reports = 0;
	page_count = 0;
	block = hal_block_at(0);
	CU_ASSERT_FATAL(block != NULL && hal_block_start(block, ready, NULL) == STATUS_OK);
}

static void end(void)
{
	model_free(&model);
	while (page_count > 0)
		free(pages[--page_count]);
}

static status_t submit(enum hal_block_operation operation, uint64_t sector, unsigned pieces, void *token)
{
	const struct hal_block_piece all[] = { { image_start, 512 }, { image_start + 4096, 1024 } };
	const struct hal_block_request request = { operation, sector * 512, 0, all, pieces, token };
	status_t status = hal_block_submit(block, &request);

	hal_block_kick(block);
	return status;
}

/* The device does the next request: puts `result` at its end, and says that it wrote `bytes`. What comes of it. */
static status_t answer(uint8_t result, uint32_t bytes)
{
	struct model_chain chain = model_fetch(&model);
	status_t status = STATUS_EAGAIN;
	void *token;

	CU_ASSERT_PTR_NULL_FATAL(chain.wrong);
	*(uint8_t *)hal_direct_va(chain.pieces[chain.readable + chain.writable - 1].address) = result;
	model_finish(&model, &chain, bytes);
	CU_ASSERT(hal_block_done(block, &token, &status));
	return status;
}

static void block_requests_are_as_the_device_wants_them(void)
{
	for (unsigned indirect = 0; indirect < 2; indirect++) {
		const struct block_header *header;
		struct model_chain chain;

		begin(indirect ? UINT64_MAX & ~(1ull << 5) : VIRTIO_F_VERSION_1);
		CU_ASSERT_EQUAL(submit(HAL_BLOCK_READ, 7, 2, image_start), STATUS_OK);
		chain = model_fetch(&model);
		CU_ASSERT(chain.wrong == NULL && chain.readable == 1 && chain.writable == 3);
		header = hal_direct_va(chain.pieces[0].address);
		CU_ASSERT(chain.pieces[0].bytes == 16 && header->type == 0 && header->sector == 7);
		CU_ASSERT(hal_direct_va(chain.pieces[2].address) == image_start + 4096 && chain.pieces[2].bytes == 1024);
		CU_ASSERT_EQUAL(chain.pieces[3].bytes, 1);
		CU_ASSERT_EQUAL(submit(HAL_BLOCK_WRITE, 8, 2, image_start), STATUS_OK);
		chain = model_fetch(&model);
		CU_ASSERT(chain.wrong == NULL && chain.readable == 3 && chain.writable == 1);
		header = hal_direct_va(chain.pieces[0].address);
		CU_ASSERT(header->type == 1 && header->sector == 8);
		end();
	}
}

static void block_passes_on_what_the_device_says(void)
{
	begin(UINT64_MAX & ~(1ull << 5));
	CU_ASSERT_EQUAL(submit(HAL_BLOCK_READ, 0, 2, image_start), STATUS_OK);
	CU_ASSERT_EQUAL(answer(0, 1537), STATUS_OK);
	CU_ASSERT_EQUAL(submit(HAL_BLOCK_READ, 0, 2, image_start), STATUS_OK);
	CU_ASSERT_EQUAL(answer(1, 1537), STATUS_EIO);
	CU_ASSERT_EQUAL(submit(HAL_BLOCK_FLUSH, 0, 0, image_start), STATUS_OK);
	CU_ASSERT_EQUAL(answer(2, 1), STATUS_ENOTSUP);
	CU_ASSERT_EQUAL(submit(HAL_BLOCK_WRITE, 0, 1, image_start), STATUS_OK);
	CU_ASSERT_EQUAL(answer(0, 1), STATUS_OK);
	CU_ASSERT_EQUAL(submit(HAL_BLOCK_WRITE, 0, 1, image_start), STATUS_OK);
	CU_ASSERT_EQUAL(answer(99, 1), STATUS_EIO);
	end();
}

/* "Done", but nothing or less than all was written: no stale bytes are taken for data. */
static void block_takes_no_short_read_for_success(void)
{
	begin(UINT64_MAX & ~(1ull << 5));
	CU_ASSERT_EQUAL(submit(HAL_BLOCK_READ, 0, 2, image_start), STATUS_OK);
	CU_ASSERT_EQUAL(answer(0, 1536), STATUS_EIO);
	CU_ASSERT_EQUAL(submit(HAL_BLOCK_READ, 0, 2, image_start), STATUS_OK);
	CU_ASSERT_EQUAL(answer(0, 0), STATUS_EIO);
	CU_ASSERT_EQUAL(submit(HAL_BLOCK_WRITE, 0, 1, image_start), STATUS_OK);
	CU_ASSERT_EQUAL(answer(0xff, 1), STATUS_EIO); /* the status was never written */
	end();
}

static void block_holds_as_many_requests_as_it_says(void)
{
	static char tokens[HAL_BLOCK_REQUESTS_MAX];
	unsigned seen = 0;
	status_t status;
	void *token;

	begin(UINT64_MAX & ~(1ull << 5));
	for (unsigned i = 0; i < HAL_BLOCK_REQUESTS_MAX; i++)
		CU_ASSERT_EQUAL(submit(HAL_BLOCK_READ, i, 1, &tokens[i]), STATUS_OK);
	CU_ASSERT_EQUAL(submit(HAL_BLOCK_READ, 0, 1, tokens), STATUS_EAGAIN);
	CU_ASSERT_EQUAL(answer(0, 513), STATUS_OK);
	CU_ASSERT_EQUAL(submit(HAL_BLOCK_READ, 0, 1, tokens), STATUS_OK);
	hal_block_stop(block);
	while (hal_block_done(block, &token, &status)) {
		seen++;
		CU_ASSERT(status == STATUS_ECANCELED && (char *)token >= tokens && (char *)token < tokens + sizeof(tokens));
	}
	CU_ASSERT_EQUAL(seen, HAL_BLOCK_REQUESTS_MAX);
	CU_ASSERT_EQUAL(hal_block_start(block, ready, NULL), STATUS_OK);
	end();
}

static void block_finds_out_devices_that_lie(void)
{
	status_t status;
	void *token;

	begin(UINT64_MAX & ~(1ull << 5));
	CU_ASSERT_EQUAL(submit(HAL_BLOCK_READ, 0, 1, image_start), STATUS_OK);
	model_put(&model, 300, 0, 1);
	CU_ASSERT(hal_block_done(block, &token, &status) && token == image_start && status == STATUS_ECANCELED);
	CU_ASSERT(hal_block_is_broken(block) && reports == 1);
	CU_ASSERT_EQUAL(submit(HAL_BLOCK_READ, 0, 1, image_start), STATUS_EIO);
	CU_ASSERT_EQUAL(hal_block_start(block, ready, NULL), STATUS_OK);
	atomic_store(&device.config_changed, true); /* it needs a reset */
	CU_ASSERT(!hal_block_done(block, &token, &status));
	CU_ASSERT(hal_block_is_broken(block) && reports == 2);
	end();
}

static void block_gives_nothing_back_while_the_device_may_write_there(void)
{
	status_t status;
	void *token;

	begin(UINT64_MAX & ~(1ull << 5));
	CU_ASSERT_EQUAL(submit(HAL_BLOCK_READ, 0, 1, image_start), STATUS_OK);
	ends_reset = false;
	hal_block_stop(block);
	CU_ASSERT(!hal_block_done(block, &token, &status));
	CU_ASSERT_EQUAL(hal_block_start(block, ready, NULL), STATUS_EBUSY);
	ends_reset = true;
	CU_ASSERT(hal_block_done(block, &token, &status) && status == STATUS_ECANCELED);
	end();
}

static void block_refuses_what_makes_no_sense(void)
{
	begin(VIRTIO_F_VERSION_1);
	CU_ASSERT_EQUAL(submit(HAL_BLOCK_READ, SECTORS - 1, 1, image_start), STATUS_OK);
	CU_ASSERT_EQUAL(submit(HAL_BLOCK_READ, SECTORS - 1, 2, image_start), STATUS_EINVAL);
	CU_ASSERT_EQUAL(submit(HAL_BLOCK_READ, UINT64_MAX / 512, 1, image_start), STATUS_EINVAL);
	CU_ASSERT_EQUAL(submit(HAL_BLOCK_READ, 0, 0, image_start), STATUS_EINVAL);
	CU_ASSERT_EQUAL(submit(HAL_BLOCK_FLUSH, 0, 0, image_start), STATUS_ENOTSUP);
	CU_ASSERT_EQUAL(submit(HAL_BLOCK_DISCARD, 0, 0, image_start), STATUS_ENOTSUP);
	end();
	begin(UINT64_MAX); /* read-only, too */
	CU_ASSERT_EQUAL(submit(HAL_BLOCK_WRITE, 0, 1, image_start), STATUS_EACCES);
	CU_ASSERT_EQUAL(submit(HAL_BLOCK_READ, 0, 1, image_start), STATUS_OK);
	end();
}

static const struct unit_case cases[] = {
	UNIT_CASE(block_requests_are_as_the_device_wants_them),
	UNIT_CASE(block_passes_on_what_the_device_says),
	UNIT_CASE(block_takes_no_short_read_for_success),
	UNIT_CASE(block_holds_as_many_requests_as_it_says),
	UNIT_CASE(block_finds_out_devices_that_lie),
	UNIT_CASE(block_gives_nothing_back_while_the_device_may_write_there),
	UNIT_CASE(block_refuses_what_makes_no_sense),
};
UNIT_MAIN("hal/virtio/block", cases)
