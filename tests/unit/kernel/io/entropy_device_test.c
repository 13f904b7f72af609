// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What feeds the generator, with device and generator played by the test. In order: it starts once. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "tests/unit/unit.h"

/* hal/contract/smp.h of this machine. */
#define HAL_CONTRACT_SMP_H
static unsigned hal_cpu_index(void)
{
	return 0;
}

#include "kernel/io/entropy_device.c"

static struct {
	bool present, starts, running, asked, answered;
	unsigned resets, mixed, warned;
	void (*ready)(void *ctx);
	void (*want)(void);
} world;

bool hal_rng_present(void)
{
	return world.present;
}

status_t hal_rng_start(void (*ready)(void *ctx), void *ctx)
{
	(void)ctx;
	world.ready = ready;
	world.running = world.starts;
	world.asked = false;
	return world.starts ? STATUS_OK : STATUS_EIO;
}

void hal_rng_stop(void)
{
	world.resets++;
	world.running = false;
}

status_t hal_rng_ask(uint32_t bytes)
{
	CU_ASSERT(bytes <= SEED_BYTES);
	if (!world.running)
		return STATUS_EIO;
	if (world.asked)
		return STATUS_EAGAIN;
	world.asked = true;
	return STATUS_OK;
}

status_t hal_rng_take(void *to, uint32_t room, uint32_t *got)
{
	if (!world.running)
		return STATUS_EIO;
	if (!world.answered)
		return STATUS_EAGAIN;
	memset(to, 0x5a, room);
	*got = room / 2;
	world.asked = false;
	world.answered = false;
	return STATUS_OK;
}

void entropy_mix(const void *from, size_t bytes)
{
	CU_ASSERT(bytes == SEED_BYTES / 2 && *(const uint8_t *)from == 0x5a);
	world.mixed++;
}

void entropy_feed(void (*want)(void))
{
	world.want = want;
}

void entropy_wipe(void *at, size_t bytes)
{
	memset(at, 0, bytes);
}

void log_print(enum log_component component, enum log_level level, const char *fmt, ...)
{
	(void)component;
	(void)fmt;
	world.warned += level == LOG_WARN;
}

void deferred_post(struct deferred *deferred)
{
	deferred->run(deferred->arg);
}

void message_send(unsigned cpu, void (*run)(void *arg), void *arg)
{
	(void)cpu;
	run(arg);
}

static void nothing_is_fed_without_a_device(void)
{
	entropy_device_start();
	CU_ASSERT(world.want == NULL && world.ready == NULL);
}

static void what_the_device_gives_is_mixed_in(void)
{
	world.present = true;
	world.starts = true;
	entropy_device_start();
	CU_ASSERT(world.asked && world.mixed == 0);
	world.ready(NULL); /* for nothing */
	CU_ASSERT_EQUAL(world.mixed, 0);
	world.answered = true;
	world.ready(NULL);
	CU_ASSERT(world.mixed == 1 && !world.asked);
	world.want();
	CU_ASSERT(world.asked && world.resets == 0);
}

static void a_device_that_does_not_answer_is_started_again(void)
{
	world.want();
	CU_ASSERT(world.resets == 1 && world.running && world.asked);
	world.answered = true;
	world.ready(NULL);
	CU_ASSERT_EQUAL(world.mixed, 2);
}

static void a_device_that_broke_is_started_again(void)
{
	world.running = false;
	world.ready(NULL);
	world.want();
	CU_ASSERT(world.resets == 1 && world.running && world.asked && world.warned == 0);
}

static void a_device_that_does_not_start_is_left_alone(void)
{
	world.running = false;
	world.starts = false;
	world.want();
	CU_ASSERT(world.want == NULL && world.warned == 1);
}

static const struct unit_case cases[] = {
	UNIT_CASE(nothing_is_fed_without_a_device),
	UNIT_CASE(what_the_device_gives_is_mixed_in),
	UNIT_CASE(a_device_that_does_not_answer_is_started_again),
	UNIT_CASE(a_device_that_broke_is_started_again),
	UNIT_CASE(a_device_that_does_not_start_is_left_alone),
};
UNIT_MAIN("kernel/io/entropy_device", cases)
