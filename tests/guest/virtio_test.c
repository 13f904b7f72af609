// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Devices behind virtio, over whatever the machine has them on: finding them, and the entropy device. */
#include "hal/contract/rng.h"
#include "hal/contract/timer.h"
#include "kernel/io/devices.h"
#include "lib/string.h"
#include "tests/guest/guest.h"

#define PATIENCE_NS 5000000000ul

static const char *devices_are_found(void)
{
	GUEST_CHECK(devices_probe() == STATUS_OK);
	GUEST_CHECK(devices_probe() == STATUS_OK); /* the second time, nothing happens */
	GUEST_CHECK(hal_rng_present());
	return NULL;
}

static const char *the_entropy_device_gives_bytes(void)
{
	static uint8_t bytes[2][5000];
	unsigned ones = 0;

	for (unsigned i = 0; i < 2; i++)
		GUEST_CHECK(hal_rng_read(bytes[i], sizeof(bytes[i]), hal_timer_now_ns() + PATIENCE_NS) == STATUS_OK);
	GUEST_CHECK(memcmp(bytes[0], bytes[1], sizeof(bytes[0])) != 0);
	for (unsigned i = 0; i < sizeof(bytes[0]); i++)
		ones += (unsigned)__builtin_popcount(bytes[0][i]);
	GUEST_CHECK(ones > 19000 && ones < 21000); /* of 40,000, ten standard deviations */
	GUEST_CHECK(hal_rng_read(bytes[0], 1, hal_timer_now_ns() + PATIENCE_NS) == STATUS_OK);
	return NULL;
}

/* A deadline that is past, and mostly nothing has come by then: the device is reset, and works again. */
static const char *the_entropy_device_starts_again_after_a_reset(void)
{
	uint8_t bytes[64];

	for (unsigned i = 0; i < 20; i++) {
		status_t status = hal_rng_read(bytes, sizeof(bytes), 0);

		GUEST_CHECK(status == STATUS_OK || status == STATUS_ETIMEDOUT);
	}
	GUEST_CHECK(hal_rng_read(bytes, sizeof(bytes), hal_timer_now_ns() + PATIENCE_NS) == STATUS_OK);
	return NULL;
}

static const struct guest_test tests[] = {
	{ "devices_are_found", devices_are_found },
	{ "the_entropy_device_gives_bytes", the_entropy_device_gives_bytes },
	{ "the_entropy_device_starts_again_after_a_reset", the_entropy_device_starts_again_after_a_reset },
};

const struct guest_table virtio_tests = { tests, sizeof(tests) / sizeof(tests[0]) };
