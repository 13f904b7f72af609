// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The entropy driver against a device that keeps the rules, and such that do not. The driver keeps its device: so there is one of it. */
#include "hal/contract/rng.h"

#include "tests/unit/hal/virtio/device_model.h"
#include "tests/unit/unit.h"

/* The device fills what it was given with `byte`, and says that it wrote `says`. */
static uint32_t answer(uint8_t byte, uint32_t says)
{
	struct model_chain chain = model_fetch(&fake.queues[0]);

	CU_ASSERT_PTR_NULL_FATAL(chain.wrong);
	CU_ASSERT_FATAL(chain.readable == 0 && chain.writable == 1);
	memset(hal_direct_va(chain.pieces[0].address), byte, chain.pieces[0].bytes);
	model_finish(&fake.queues[0], &chain, says);
	return chain.pieces[0].bytes;
}

static void rng_is_nothing_without_a_device(void)
{
	uint8_t bytes[8];
	uint32_t got;

	fake_device(VIRTIO_TYPE_NET, "", 0);
	CU_ASSERT(!hal_rng_present());
	CU_ASSERT_EQUAL(hal_rng_start(fake_ready, &fake.readies), STATUS_ENODEV);
	CU_ASSERT(hal_rng_ask(1) == STATUS_EIO && hal_rng_take(bytes, sizeof(bytes), &got) == STATUS_EIO);
	hal_rng_stop();
}

/* Without memory, or with a device that cannot be begun with: it says so, and can be started later. */
static void rng_that_cannot_be_started_says_why(void)
{
	uint8_t bytes[8];
	uint32_t got;

	fake_device(VIRTIO_TYPE_ENTROPY, "", 0);
	for (fake.page_limit = 0; fake.page_limit < 2; fake.page_limit++)
		CU_ASSERT_EQUAL(hal_rng_start(fake_ready, &fake.readies), STATUS_ENOMEM);
	fake.begins = STATUS_ENOTSUP;
	CU_ASSERT_EQUAL(hal_rng_start(fake_ready, &fake.readies), STATUS_ENOTSUP);
	fake.begins = STATUS_OK;
	fake.queue_begins[0] = STATUS_ENOMEM;
	CU_ASSERT_EQUAL(hal_rng_start(fake_ready, &fake.readies), STATUS_ENOMEM);
	CU_ASSERT_EQUAL(fake.page_count, 2);
	CU_ASSERT(!fake.runs && hal_rng_ask(1) == STATUS_EIO && hal_rng_take(bytes, sizeof(bytes), &got) == STATUS_EIO);
	fake.queue_begins[0] = STATUS_OK;
	CU_ASSERT_EQUAL(hal_rng_start(fake_ready, &fake.readies), STATUS_OK);
	CU_ASSERT_TRUE(fake.runs);
	hal_rng_stop();
	CU_ASSERT_FALSE(fake.runs);
}

static void rng_gives_what_the_device_wrote_and_no_more(void)
{
	uint8_t bytes[64];
	uint32_t got;

	CU_ASSERT_FATAL(hal_rng_present() && hal_rng_start(fake_ready, &fake.readies) == STATUS_OK);
	CU_ASSERT_EQUAL(hal_rng_start(fake_ready, &fake.readies), STATUS_EBUSY);
	CU_ASSERT(hal_rng_ask(0) == STATUS_EINVAL && hal_rng_ask(HAL_PAGE_BYTES + 1) == STATUS_EINVAL);
	CU_ASSERT_EQUAL(hal_rng_take(bytes, sizeof(bytes), &got), STATUS_EAGAIN);
	CU_ASSERT(hal_rng_ask(48) == STATUS_OK && hal_rng_ask(48) == STATUS_EAGAIN);
	CU_ASSERT_EQUAL(answer(7, 16), 48);
	CU_ASSERT(model_interrupts(&fake.queues[0]));
	CU_ASSERT(hal_rng_take(bytes, 8, &got) == STATUS_OK && got == 8 && bytes[7] == 7);
	CU_ASSERT_EQUAL(hal_rng_ask(64), STATUS_OK);
	CU_ASSERT_EQUAL(answer(9, 64), 64);
	CU_ASSERT(hal_rng_take(bytes, 64, &got) == STATUS_OK && got == 64 && bytes[63] == 9);
}

static void rng_finds_out_devices_that_lie(void)
{
	static const struct {
		uint32_t id, bytes;
		uint16_t advance;
	} lies[] = { { 0, 0, 1 }, { 0, 65, 1 }, { 1, 64, 1 }, { 300, 64, 1 }, { 0, 64, 2 }, { 0, 64, 0x8000 } };
	uint8_t bytes[64];
	uint32_t got;

	for (unsigned i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		unsigned readies = fake.readies;

		CU_ASSERT_EQUAL_FATAL(hal_rng_ask(64), STATUS_OK);
		model_put(&fake.queues[0], lies[i].id, lies[i].bytes, lies[i].advance);
		CU_ASSERT_EQUAL(hal_rng_take(bytes, sizeof(bytes), &got), STATUS_EIO);
		CU_ASSERT(fake.reports == i + 1 && fake.readies == readies + 1 && !fake.runs);
		CU_ASSERT_EQUAL(hal_rng_ask(64), STATUS_EIO);
		CU_ASSERT_EQUAL_FATAL(hal_rng_start(fake_ready, &fake.readies), STATUS_OK);
	}
	fake.needs_reset = true;
	atomic_store(&fake.device.config_changed, true);
	CU_ASSERT(hal_rng_ask(64) == STATUS_EIO && !fake.runs);
	CU_ASSERT_EQUAL(hal_rng_start(fake_ready, &fake.readies), STATUS_OK);
}

static void rng_does_not_give_the_device_a_buffer_twice(void)
{
	CU_ASSERT_EQUAL(hal_rng_ask(64), STATUS_OK);
	fake.ends_reset = false; /* it may still write */
	hal_rng_stop();
	CU_ASSERT_EQUAL(hal_rng_start(fake_ready, &fake.readies), STATUS_EBUSY);
	fake_end();
}

static const struct unit_case cases[] = {
	UNIT_CASE(rng_is_nothing_without_a_device),
	UNIT_CASE(rng_that_cannot_be_started_says_why),
	UNIT_CASE(rng_gives_what_the_device_wrote_and_no_more),
	UNIT_CASE(rng_finds_out_devices_that_lie),
	UNIT_CASE(rng_does_not_give_the_device_a_buffer_twice),
};
UNIT_MAIN("hal/virtio/rng", cases)
