// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * No fiber and no timer: a draw that finds the generator's last seed old asks for the next one, the device's interrupt has it mixed
 * in. A device that has not answered by the time when the next seed is due, or that broke the rules, is started again then, until
 * that fails. What it gives is hashed together with the key there is, so that it cannot do harm.
 */
#include "kernel/io/entropy_device.h"

#include <stddef.h>
#include <stdint.h>

#include "hal/contract/rng.h"
#include "hal/contract/smp.h"
#include "kernel/core/deferred.h"
#include "kernel/core/entropy.h"
#include "kernel/core/log.h"
#include "kernel/core/message.h"

enum { SEED_BYTES = 64 };

static void seed_take(void *arg)
{
	uint8_t seed[SEED_BYTES];
	uint32_t got;

	(void)arg;
	if (hal_rng_take(seed, sizeof(seed), &got) != STATUS_OK)
		return;
	entropy_mix(seed, got);
	entropy_wipe(seed, sizeof(seed));
	log_print(LOG_BOOT, LOG_DEBUG, "entropy: %u bytes of the device's are mixed in", got);
}

static struct deferred interrupt = { .run = seed_take };

/* Context: interrupt. */
static void on_ready(void *ctx)
{
	(void)ctx;
	deferred_post(&interrupt);
}

/* Context: boot CPU. */
static void seed_ask(void *arg)
{
	status_t status = hal_rng_ask(SEED_BYTES);

	(void)arg;
	if (status == STATUS_EAGAIN) {
		hal_rng_stop();
		status = STATUS_EIO;
	}
	if (status == STATUS_EIO && hal_rng_start(on_ready, NULL) == STATUS_OK)
		status = hal_rng_ask(SEED_BYTES);
	if (status == STATUS_EIO) {
		log_print(LOG_BOOT, LOG_WARN, "entropy: the device does not work, and is left alone");
		entropy_feed(NULL);
	}
}

/* From a draw on any CPU. */
static void seed_want(void)
{
	if (hal_cpu_index() == 0)
		seed_ask(NULL);
	else
		message_send(0, seed_ask, NULL);
}

void entropy_device_start(void)
{
	static bool started;

	if (started || !hal_rng_present())
		return;
	started = true;
	entropy_feed(seed_want);
	seed_ask(NULL);
}
