// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Devices behind virtio, over whatever the machine has them on: finding them, and the entropy device. */
#include <stdatomic.h>

#include "hal/contract/rng.h"
#include "hal/contract/timer.h"
#include "kernel/core/entropy.h"
#include "kernel/core/wait.h"
#include "kernel/io/devices.h"
#include "lib/string.h"
#include "tests/guest/guest.h"

#define PATIENCE_NS 5000000000ul

static struct wait_queue nobody = WAIT_QUEUE_INIT(nobody);
static _Atomic unsigned readies;

static void on_ready(void *ctx)
{
	(void)ctx;
	atomic_fetch_add(&readies, 1);
}

static const char *devices_are_found(void)
{
	GUEST_CHECK(devices_probe() == STATUS_OK);
	GUEST_CHECK(devices_probe() == STATUS_OK); /* the second time, nothing happens */
	GUEST_CHECK(hal_rng_present());
	return NULL;
}

/*
 * Many short sleeps: under icount time leaps to the end of each, and QEMU comes by its devices' files once a sleep, not once a millisecond.
 */
static void wait_for_the_seed(uint64_t patience_ns)
{
	for (uint64_t until_ns = hal_timer_now_ns() + patience_ns; hal_timer_now_ns() < until_ns && hal_rng_ask(0) == STATUS_EAGAIN;)
		(void)wait_queue_sleep(&nobody, hal_timer_now_ns() + 1000000);
}

/* That it did is a line on the console. */
static const char *the_entropy_device_feeds_the_generator_while_others_run(void)
{
	uint8_t bytes[2][32];

	entropy_draw(bytes[0], sizeof(bytes[0]));
	wait_for_the_seed(PATIENCE_NS);
	GUEST_CHECK(hal_rng_ask(0) == STATUS_EINVAL); /* it runs, and what it was asked for has been taken */
	entropy_draw(bytes[1], sizeof(bytes[1]));
	GUEST_CHECK(memcmp(bytes[0], bytes[1], sizeof(bytes[0])) != 0);
	return NULL;
}

/* Whatever the device does: it may be silent, or give zeros. */
static const char *the_generator_draws_with_any_entropy_device(void)
{
	static uint8_t bytes[2][2048];
	unsigned ones = 0;

	GUEST_CHECK(devices_probe() == STATUS_OK && hal_rng_present());
	entropy_draw(bytes[0], sizeof(bytes[0]));
	wait_for_the_seed(PATIENCE_NS / 10);
	entropy_draw(bytes[1], sizeof(bytes[1]));
	GUEST_CHECK(memcmp(bytes[0], bytes[1], sizeof(bytes[0])) != 0);
	for (unsigned i = 0; i < sizeof(bytes); i++)
		ones += (unsigned)__builtin_popcount(((uint8_t *)bytes)[i]);
	GUEST_CHECK(ones > 15400 && ones < 17400);
	return NULL;
}

static status_t rng_read(uint8_t *to, uint32_t bytes)
{
	uint64_t until_ns = hal_timer_now_ns() + PATIENCE_NS;
	status_t status = hal_rng_ask(bytes);
	uint32_t got = 0;

	for (; status == STATUS_OK && bytes > 0; bytes -= got, to += got) {
		while ((status = hal_rng_take(to, bytes, &got)) == STATUS_EAGAIN && hal_timer_now_ns() < until_ns)
			(void)wait_queue_sleep(&nobody, hal_timer_now_ns() + 10000);
		if (status == STATUS_OK && got < bytes)
			status = hal_rng_ask(bytes - got);
	}
	return status;
}

static const char *the_entropy_device_gives_bytes(void)
{
	static uint8_t bytes[2][4096];
	unsigned ones = 0;

	hal_rng_stop();
	GUEST_CHECK(hal_rng_ask(1) == STATUS_EIO);
	GUEST_CHECK(hal_rng_start(on_ready, NULL) == STATUS_OK && hal_rng_start(on_ready, NULL) == STATUS_EBUSY);
	for (unsigned i = 0; i < 2; i++)
		GUEST_CHECK(rng_read(bytes[i], sizeof(bytes[i])) == STATUS_OK);
	GUEST_CHECK(memcmp(bytes[0], bytes[1], sizeof(bytes[0])) != 0 && atomic_load(&readies) > 0);
	for (unsigned i = 0; i < sizeof(bytes[0]); i++)
		ones += (unsigned)__builtin_popcount(bytes[0][i]);
	GUEST_CHECK(ones > 15400 && ones < 17400); /* of 32,768, eleven standard deviations */
	return NULL;
}

/* Mostly nothing has come by then. */
static const char *the_entropy_device_starts_again_after_a_reset(void)
{
	uint8_t bytes[64];

	for (unsigned i = 0; i < 20; i++) {
		GUEST_CHECK(hal_rng_ask(sizeof(bytes)) == STATUS_OK);
		hal_rng_stop();
		GUEST_CHECK(hal_rng_start(on_ready, NULL) == STATUS_OK);
	}
	GUEST_CHECK(rng_read(bytes, sizeof(bytes)) == STATUS_OK);
	return NULL;
}

static const struct guest_test tests[] = {
	{ "devices_are_found", devices_are_found },
	{ "the_entropy_device_feeds_the_generator_while_others_run", the_entropy_device_feeds_the_generator_while_others_run },
	{ "the_entropy_device_gives_bytes", the_entropy_device_gives_bytes },
	{ "the_entropy_device_starts_again_after_a_reset", the_entropy_device_starts_again_after_a_reset },
};

static const struct guest_test entropy_cases[] = {
	{ "the_generator_draws_with_any_entropy_device", the_generator_draws_with_any_entropy_device },
};

const struct guest_table entropy_tests = { entropy_cases, sizeof(entropy_cases) / sizeof(entropy_cases[0]) };
const struct guest_table virtio_tests = { tests, sizeof(tests) / sizeof(tests[0]) };
