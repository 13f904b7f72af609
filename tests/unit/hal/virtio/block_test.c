// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The block driver against a device that keeps the rules, and such that do not. */
#include "hal/contract/block.h"

#include "hal/virtio/block.h"
#include "tests/unit/hal/virtio/device_model.h"
#include "tests/unit/unit.h"

enum { SECTORS = 1000 };

/* Where memory of the image is: pieces lie there. */
__asm__(".data\n.globl image_start\nimage_start: .space 65536\n.globl image_end\nimage_end:\n.text\n");
extern char image_start[];

static struct hal_block *block;

static void ready(void *ctx)
{
	(void)ctx;
}

static void begin(uint64_t features)
{
	const uint64_t capacity = SECTORS;
	uint8_t config[60];

	memset(config, 0xff, sizeof(config));
	memcpy(config, &capacity, sizeof(capacity));
	fake_device(VIRTIO_TYPE_BLOCK, config, sizeof(config));
	fake.needs_reset = true;
	fake.offers = features;
	block = hal_block_at(0);
	CU_ASSERT_FATAL(block != NULL && hal_block_start(block, ready, NULL) == STATUS_OK);
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
	struct model_chain chain = model_fetch(&fake.queues[0]);
	status_t status = STATUS_EAGAIN;
	void *token;

	CU_ASSERT_PTR_NULL_FATAL(chain.wrong);
	*(uint8_t *)hal_direct_va(chain.pieces[chain.readable + chain.writable - 1].address) = result;
	model_finish(&fake.queues[0], &chain, bytes);
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
		chain = model_fetch(&fake.queues[0]);
		CU_ASSERT(chain.wrong == NULL && chain.readable == 1 && chain.writable == 3);
		CU_ASSERT_EQUAL(fake.queues[0].descriptors[chain.head].flags & VIRTQ_DESC_INDIRECT, indirect ? VIRTQ_DESC_INDIRECT : 0);
		header = hal_direct_va(chain.pieces[0].address);
		CU_ASSERT(chain.pieces[0].bytes == 16 && header->type == 0 && header->sector == 7);
		CU_ASSERT(hal_direct_va(chain.pieces[2].address) == image_start + 4096 && chain.pieces[2].bytes == 1024);
		CU_ASSERT_EQUAL(chain.pieces[3].bytes, 1);
		CU_ASSERT_EQUAL(submit(HAL_BLOCK_WRITE, 8, 2, image_start), STATUS_OK);
		chain = model_fetch(&fake.queues[0]);
		CU_ASSERT(chain.wrong == NULL && chain.readable == 3 && chain.writable == 1);
		header = hal_direct_va(chain.pieces[0].address);
		CU_ASSERT(header->type == 1 && header->sector == 8);
		fake_end();
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
	fake_end();
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
	fake_end();
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
	fake_end();
}

static void block_finds_out_devices_that_lie(void)
{
	status_t status;
	void *token;

	begin(UINT64_MAX & ~(1ull << 5));
	CU_ASSERT_EQUAL(submit(HAL_BLOCK_READ, 0, 1, image_start), STATUS_OK);
	model_put(&fake.queues[0], 300, 0, 1);
	CU_ASSERT(hal_block_done(block, &token, &status) && token == image_start && status == STATUS_ECANCELED);
	CU_ASSERT(hal_block_is_broken(block) && fake.reports == 1);
	CU_ASSERT_EQUAL(submit(HAL_BLOCK_READ, 0, 1, image_start), STATUS_EIO);
	CU_ASSERT_EQUAL(hal_block_start(block, ready, NULL), STATUS_OK);
	atomic_store(&fake.device.config_changed, true); /* it needs a reset */
	CU_ASSERT(!hal_block_done(block, &token, &status));
	CU_ASSERT(hal_block_is_broken(block) && fake.reports == 2);
	fake_end();
}

static void block_gives_nothing_back_while_the_device_may_write_there(void)
{
	status_t status;
	void *token;

	begin(UINT64_MAX & ~(1ull << 5));
	CU_ASSERT_EQUAL(submit(HAL_BLOCK_READ, 0, 1, image_start), STATUS_OK);
	fake.ends_reset = false;
	hal_block_stop(block);
	CU_ASSERT(!hal_block_done(block, &token, &status));
	CU_ASSERT_EQUAL(hal_block_start(block, ready, NULL), STATUS_EBUSY);
	fake.ends_reset = true;
	CU_ASSERT(hal_block_done(block, &token, &status) && status == STATUS_ECANCELED);
	fake_end();
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
	fake_end();
	begin(UINT64_MAX); /* read-only, too */
	CU_ASSERT_EQUAL(submit(HAL_BLOCK_WRITE, 0, 1, image_start), STATUS_EACCES);
	CU_ASSERT_EQUAL(submit(HAL_BLOCK_READ, 0, 1, image_start), STATUS_OK);
	fake_end();
}

/* Without memory, or with a device that cannot be begun with: it says so. */
static void block_that_cannot_be_started_says_why(void)
{
	const uint64_t capacity = SECTORS, too_large = INT64_MAX / 512 + 1ull;

	fake_device(VIRTIO_TYPE_BLOCK, &capacity, sizeof(capacity));
	fake.page_limit = 0;
	CU_ASSERT_PTR_NULL(hal_block_at(0));
	fake.page_limit = 1;
	block = hal_block_at(0);
	CU_ASSERT_FATAL(block != NULL && hal_block_at(0) == block && hal_block_at(1) == NULL && hal_block_count() == 1);
	CU_ASSERT_EQUAL(hal_block_start(block, ready, NULL), STATUS_ENOMEM);
	fake.page_limit = PAGES_MAX;
	fake.begins = STATUS_ENOTSUP;
	CU_ASSERT_EQUAL(hal_block_start(block, ready, NULL), STATUS_ENOTSUP);
	fake.begins = STATUS_OK;
	fake.queue_begins[0] = STATUS_EINVAL;
	CU_ASSERT_EQUAL(hal_block_start(block, ready, NULL), STATUS_EINVAL);
	fake.queue_begins[0] = STATUS_OK;
	memcpy(fake.config, &too_large, sizeof(too_large));
	CU_ASSERT_EQUAL(hal_block_start(block, ready, NULL), STATUS_EIO);
	fake.config_bytes = 4;
	CU_ASSERT_EQUAL(hal_block_start(block, ready, NULL), STATUS_EIO);
	CU_ASSERT(!fake.runs && submit(HAL_BLOCK_READ, 0, 1, image_start) == STATUS_EIO);
	fake_end();
}

/* Starts with a device whose configuration has these values, of which `features` says which are there; what is believed of them. */
static struct hal_block_info info_of(uint64_t features, uint64_t sectors, uint32_t pieces, uint32_t block_bytes, uint32_t discard)
{
	struct hal_block_info info;

	fake_device(VIRTIO_TYPE_BLOCK, "", 0);
	fake.config_bytes = 60;
	memcpy(fake.config, &sectors, 8);
	memcpy(fake.config + 12, &pieces, 4);
	memcpy(fake.config + 20, &block_bytes, 4);
	memcpy(fake.config + 36, &discard, 4);
	fake.offers = features;
	block = hal_block_at(0);
	CU_ASSERT_EQUAL_FATAL(hal_block_start(block, ready, NULL), STATUS_OK);
	hal_block_info(block, &info);
	return info;
}

static void block_believes_of_its_configuration_what_is_offered_and_makes_sense(void)
{
	const uint64_t seg_max = 1ull << 2, blk_size = 1ull << 6, discard = 1ull << 13;
	struct hal_block_info info = info_of(0, INT64_MAX / 512, 3, 4096, 8);

	CU_ASSERT(info.bytes == INT64_MAX / 512 * 512 && info.block_bytes == 512 && !info.read_only && !info.flush && !info.discard);
	CU_ASSERT_EQUAL(info.pieces_max, HAL_BLOCK_PIECES_MAX);
	CU_ASSERT_EQUAL(block->discard_sectors_max, 0);
	fake_end();
	info = info_of(seg_max | blk_size | discard | 1ull << 5 | 1ull << 9, 9, 3, 4096, 8);
	CU_ASSERT(info.bytes == 9 * 512 && info.block_bytes == 4096 && info.read_only && info.flush && info.discard);
	CU_ASSERT_EQUAL(info.pieces_max, 3);
	CU_ASSERT_EQUAL(block->discard_sectors_max, 8);
	fake_end();
	info = info_of(seg_max | blk_size | discard, 9, 0, 256, 0);
	CU_ASSERT(info.block_bytes == 512 && !info.discard && info.pieces_max == HAL_BLOCK_PIECES_MAX);
	fake_end();
	info = info_of(seg_max | blk_size, 9, HAL_BLOCK_PIECES_MAX + 1, 513, 0);
	CU_ASSERT(info.block_bytes == 512 && info.pieces_max == HAL_BLOCK_PIECES_MAX);
	fake_end();
	info = info_of(seg_max | blk_size, 9, 1, 512, 0);
	CU_ASSERT(info.block_bytes == 512 && info.pieces_max == 1);
	fake_end();
}

static void block_asks_for_no_more_pieces_than_a_short_queue_has_room_for(void)
{
	static const struct {
		uint16_t size;
		uint64_t features;
		status_t status;
		uint32_t pieces;
	} rows[] = {
		{ 16, 0, STATUS_OK, 14 }, { 16, VIRTIO_F_INDIRECT_DESC, STATUS_OK, HAL_BLOCK_PIECES_MAX }, { 64, 0, STATUS_OK, HAL_BLOCK_PIECES_MAX },
		{ 4, 0, STATUS_OK, 2 }, { 2, 0, STATUS_EIO, 0 },
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct hal_block_info info;

		fake_device(VIRTIO_TYPE_BLOCK, "", 0);
		fake.config_bytes = 60;
		memcpy(fake.config, &(uint64_t){ 9 }, 8);
		fake.offers = rows[i].features;
		fake.queue_size = rows[i].size;
		block = hal_block_at(0);
		CU_ASSERT_EQUAL(hal_block_start(block, ready, NULL), rows[i].status);
		hal_block_info(block, &info);
		if (rows[i].status == STATUS_OK)
			CU_ASSERT_EQUAL(info.pieces_max, rows[i].pieces);
		fake_end();
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(block_requests_are_as_the_device_wants_them),
	UNIT_CASE(block_passes_on_what_the_device_says),
	UNIT_CASE(block_takes_no_short_read_for_success),
	UNIT_CASE(block_holds_as_many_requests_as_it_says),
	UNIT_CASE(block_finds_out_devices_that_lie),
	UNIT_CASE(block_gives_nothing_back_while_the_device_may_write_there),
	UNIT_CASE(block_that_cannot_be_started_says_why),
	UNIT_CASE(block_believes_of_its_configuration_what_is_offered_and_makes_sense),
	UNIT_CASE(block_refuses_what_makes_no_sense),
	UNIT_CASE(block_asks_for_no_more_pieces_than_a_short_queue_has_room_for),
};
UNIT_MAIN("hal/virtio/block", cases)
