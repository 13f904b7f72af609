// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/cap/object.h"

#include <stddef.h>

#include "hal/contract/cpu.h"
#include "hal/contract/smp.h"
#include "kernel/core/fiber.h"
#include "kernel/core/message.h"
#include "kernel/core/panic.h"
#include "kernel/core/sched.h"

static _Atomic uint32_t retiring; /* W: any CPU. Objects that have lost their last hold and are not destroyed yet */

/* Objects go in rounds, one at a time, so that however many go at once there is one message for them on its way. */
static struct object *_Atomic dead; /* W: any CPU. Those for the next round, by next_dead */
static _Atomic bool round_is_on;    /* W: any CPU (set), the last CPU of the round (clear) */
static _Atomic uint32_t rounds_over; /* W: the CPU where the round is */
/* W: the CPU where the round is. */
static struct object *round;
static unsigned round_cpu;

static void round_begin(void);

void object_init(struct object *object, const struct cap_interface *interface, void (*destroy)(struct object *object))
{
	object->interface = interface;
	object->destroy = destroy;
	atomic_store_explicit(&object->holds, 1, memory_order_relaxed);
}

bool object_hold(struct object *object)
{
	uint32_t holds = atomic_load_explicit(&object->holds, memory_order_relaxed);

	do {
		if (holds == OBJECT_STATIC)
			return true;
		if (holds == 0)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&object->holds, &holds, holds + 1, memory_order_relaxed,
							memory_order_relaxed));
	return true;
}

bool object_put_last(struct object *object)
{
	uint32_t was;

	if (atomic_load_explicit(&object->holds, memory_order_relaxed) == OBJECT_STATIC)
		return false;
	/* Release and acquire, each with the other puts: what was done to it before is done before it is destroyed. */
	was = atomic_fetch_sub_explicit(&object->holds, 1, memory_order_acq_rel);
	ASSERT_OWNED(was != 0); /* or it was put more often than it was held */
	return was == 1;
}

void object_put(struct object *object)
{
	if (object_put_last(object))
		object_retire(object);
}

/* On each CPU in turn, from its scheduler; past the last one nobody can have any of the round's in hand any more. */
static void round_pass(void *arg)
{
	(void)arg;
	while (++round_cpu < hal_cpu_count()) {
		unsigned cpu = round_cpu;

		if (sched_of(cpu) != NULL) {
			message_send(cpu, round_pass, NULL);
			return;
		}
	}
	while (round != NULL) {
		struct object *object = round;

		round = object->next_dead;
		object->destroy(object);
		atomic_fetch_sub_explicit(&retiring, 1, memory_order_release);
	}
	atomic_fetch_add_explicit(&rounds_over, 1, memory_order_release);
	/* Sequentially consistent, here and in object_retire(): one of both sees that another round is needed. */
	atomic_store(&round_is_on, false);
	if (atomic_load(&dead) != NULL)
		round_begin();
}

/* On CPU 0. */
static void round_start(void *arg)
{
	round = atomic_exchange(&dead, NULL);
	round_cpu = 0;
	round_pass(arg);
}

static void round_begin(void)
{
	if (!atomic_exchange(&round_is_on, true))
		message_send(0, round_start, NULL);
}

void object_retire(struct object *object)
{
	atomic_fetch_add_explicit(&retiring, 1, memory_order_relaxed);
	object->next_dead = atomic_load_explicit(&dead, memory_order_relaxed);
	while (!atomic_compare_exchange_weak(&dead, &object->next_dead, object))
		;
	round_begin();
}

uint32_t object_dead_count(void)
{
	return atomic_load_explicit(&retiring, memory_order_relaxed);
}

void object_settle_dead(void)
{
	uint32_t before = atomic_load_explicit(&rounds_over, memory_order_relaxed);

	/* The second round is one that began afterwards. */
	while (atomic_load_explicit(&retiring, memory_order_acquire) != 0 && atomic_load_explicit(&rounds_over, memory_order_acquire) - before < 2) {
		fiber_yield();
		hal_cpu_relax();
	}
}

void object_settle(void)
{
	/* Pairs with the release above: what they had is given back. */
	while (atomic_load_explicit(&retiring, memory_order_acquire) != 0) {
		fiber_yield();
		hal_cpu_relax();
	}
}
