// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Sleeping and sending, a store and a load each way: the sender publishes and then looks whether the receiver sleeps; the receiver
 * says that it sleeps and then looks into its inbox. A full barrier between the two on both sides makes it impossible
 * that both miss (message_send here, sleep_until_interrupt in sched.c).
 */
#include "kernel/core/message.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "hal/contract/cpu.h"
#include "hal/contract/smp.h"
#include "kernel/core/panic.h"
#include "kernel/core/sched.h"

static_assert((MESSAGE_CAPACITY & (MESSAGE_CAPACITY - 1)) == 0, "slots of a ring");

void message_inbox_init(struct message_inbox *inbox)
{
	inbox->ring = (struct disruptor)DISRUPTOR_MANY_INIT(inbox->slots, sizeof(inbox->slots[0]), MESSAGE_CAPACITY, inbox->batch_ends, inbox->reader);
	inbox->reader = (struct disruptor_consumer)DISRUPTOR_READER_INIT(inbox->ring);
}

struct errand {
	void (*run)(void *arg);
	void *arg;
	atomic_bool done;
};

static void errand_run(void *arg)
{
	struct errand *errand = arg;

	errand->run(errand->arg);
	/* Pairs with the acquire of who waits: what was done is seen. It is gone then. */
	atomic_store_explicit(&errand->done, true, memory_order_release);
}

void message_call(unsigned cpu, void (*run)(void *arg), void *arg)
{
	struct errand errand = { .run = run, .arg = arg };

	if (cpu == hal_cpu_index()) {
		run(arg);
		return;
	}
	message_send(cpu, errand_run, &errand);
	while (!atomic_load_explicit(&errand.done, memory_order_acquire)) {
		message_serve(&sched_this()->inbox);
		hal_cpu_relax();
	}
}

void message_serve(struct message_inbox *inbox)
{
	ASSERT_OWNED(inbox == &sched_this()->inbox && !hal_cpu_in_exception());

	uint64_t first;
	uint64_t count = disruptor_poll(&inbox->reader, &first);

	/* Polled for each: one that sends may wait for room, and serve those behind it meanwhile. */
	for (; count > 0 && disruptor_poll(&inbox->reader, &first) > 0; count--) {
		struct message message = *DISRUPTOR_SLOT(&inbox->ring, struct message, first);

		/* Before it runs: it may send, and so wait for room in an inbox whose owner waits for room in this one. */
		disruptor_release(&inbox->reader, first + 1);
		message.run(message.arg);
	}
}

void message_send(unsigned cpu, void (*run)(void *arg), void *arg)
{
	struct sched *to = sched_of(cpu);
	uint64_t sequence;

	ASSERT_OWNED(to != NULL && to->cpu == cpu && !hal_cpu_in_exception());
	while (disruptor_many_try_claim(&to->inbox.ring, 1, &sequence) != STATUS_OK) {
		message_serve(&sched_this()->inbox);
		hal_cpu_relax();
	}
	*DISRUPTOR_SLOT(&to->inbox.ring, struct message, sequence) = (struct message){ run, arg };
	disruptor_many_publish(&to->inbox.ring, sequence, 1);
	atomic_store_explicit(&to->attention, 1, memory_order_release);
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&to->sleeping, memory_order_relaxed))
		hal_cpu_notify(cpu);
}
