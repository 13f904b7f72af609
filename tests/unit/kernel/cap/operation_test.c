// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Operations that wait: one winner of time limit, cancellation and whoever makes it happen, what each charges, and the CPU that its time limit is on. */
#define CALL_OWN_OPERATIONS
#include "tests/unit/kernel/cap/call.h"

#include "kernel/cap/operation.c"

static struct object object;
static struct thread thread;
static unsigned cpu_now, kicks, timers, messages, withdrawn;
static struct list_node queue;
static uint64_t deadline;
static struct timer *timer_set_last;

unsigned hal_cpu_index(void)
{
	return cpu_now;
}

uint64_t hal_timer_now_ns(void)
{
	return 1000;
}

void timer_set(struct timer *timer, uint64_t deadline_ns, void (*fire)(void *arg), void *arg)
{
	timer->fire = fire;
	timer->arg = arg;
	deadline = deadline_ns;
	timer_set_last = timer;
	timers++;
}

void timer_cancel(struct timer *timer)
{
	CU_ASSERT_PTR_EQUAL(timer, timer_set_last);
	timers = 0;
}

void message_send(unsigned cpu, void (*run)(void *arg), void *arg)
{
	unsigned before = cpu_now;

	messages++;
	cpu_now = cpu;
	run(arg);
	cpu_now = before;
}

void ring_set_kick(struct ring_set *set)
{
	CU_ASSERT(set == &world.rings && thread.object.holds == 2);
	kicks++;
}

void panic(const char *fmt, ...)
{
	(void)fmt;
	abort();
}

static void withdraw(struct operation *operation)
{
	list_remove(&operation->node);
	withdrawn++;
}

static void begin(uint64_t timeout_ns)
{
	call_begin(&object, 0, (void *)8, 24);
	world.submission.user_data = 7;
	world.submission.timeout_ns = timeout_ns;
	object = (struct object){ .holds = 1 };
	thread = (struct thread){ .object = { .holds = 1 } };
	world.rings.thread = &thread;
	list_init(&world.rings.operations);
	list_init(&queue);
	cpu_now = kicks = timers = messages = withdrawn = 0;
	deadline = 0;
}

static struct operation *waits(void)
{
	struct operation *operation = operation_begin(&world.call, withdraw);

	CU_ASSERT_PTR_NOT_NULL_FATAL(operation);
	list_push_back(&queue, &operation->node);
	return operation;
}

/* Takes it as ring_set_drain() does. */
static int64_t take(struct operation *operation)
{
	int64_t result = operation->result;

	CU_ASSERT_PTR_EQUAL(world.rings.done, operation);
	atomic_store(&world.rings.done, operation->next_done);
	list_remove(&operation->of_set);
	operation_free(operation);
	return result;
}

static void end(void)
{
	CU_ASSERT(object.holds == 1 && thread.object.holds == 1 && world.charged_bytes == 0 && list_is_empty(&world.rings.operations));
}

static void an_operation_holds_its_object_and_is_charged(void)
{
	struct operation *operation;

	begin(0);
	operation = waits();
	CU_ASSERT(object.holds == 2 && world.charged_bytes == sizeof(*operation) && world.rings.inflight == 1 && world.call.operation == operation);
	CU_ASSERT(operation->user_data == 7 && operation->result_va == 8 && operation->result_len == 24 && !operation->timed && timers == 0);
	CU_ASSERT_TRUE(operation_claim(operation));
	CU_ASSERT_FALSE(operation_claim(operation));
	operation_set_data(operation, "abc", 3);
	CU_ASSERT(operation->data_len == 3 && memcmp(operation->data, "abc", 3) == 0);
	operation_finish(operation, 5);
	CU_ASSERT_EQUAL(kicks, 1);
	CU_ASSERT_EQUAL(take(operation), 5);
	end();
}

static void without_memory_or_object_there_is_none(void)
{
	begin(0);
	world.pages_left = 0;
	CU_ASSERT_PTR_NULL(operation_begin(&world.call, withdraw));
	world.pages_left = EVER;
	world.allocations_left = 0;
	CU_ASSERT_PTR_NULL(operation_begin(&world.call, withdraw));
	world.allocations_left = EVER;
	object.holds = 0;
	CU_ASSERT_PTR_NULL(operation_begin(&world.call, withdraw));
	object.holds = 1;
	CU_ASSERT(world.rings.inflight == 0 && world.call.operation == NULL);
	end();
}

static void a_time_limit_ends_it_once(void)
{
	struct operation *operation;

	begin(500);
	operation = waits();
	CU_ASSERT(operation->timed && deadline == 1500 && timers == 1);
	operation->timer.fire(operation->timer.arg);
	CU_ASSERT(withdrawn == 1 && kicks == 1 && list_is_empty(&queue));
	operation->timer.fire(operation->timer.arg); /* it is over */
	CU_ASSERT(withdrawn == 1 && kicks == 1);
	CU_ASSERT_EQUAL(take(operation), STATUS_ETIMEDOUT);
	operation = waits();
	CU_ASSERT_PTR_EQUAL(operation_claim_first(&queue), operation); /* just before its time */
	operation->timer.fire(operation->timer.arg);
	CU_ASSERT(withdrawn == 1 && kicks == 1);
	operation_finish(operation, 3);
	CU_ASSERT_EQUAL(timers, 0);
	CU_ASSERT_EQUAL(take(operation), 3);
	end();
}

static void a_time_limit_is_taken_back_on_its_own_cpu(void)
{
	struct operation *operation;

	begin(500);
	operation = waits();
	CU_ASSERT_TRUE(operation_claim(operation));
	cpu_now = 2;
	operation_finish(operation, 0);
	CU_ASSERT(messages == 1 && timers == 0 && kicks == 1);
	CU_ASSERT_EQUAL(take(operation), 0);
	list_init(&queue);
	operation = waits(); /* on CPU 2 */
	CU_ASSERT_TRUE(operation_claim(operation));
	operation_finish(operation, 0);
	CU_ASSERT_EQUAL(messages, 1);
	timers = 1;
	operation_untime(operation);
	CU_ASSERT_EQUAL(timers, 0);
	cpu_now = 1;
	operation_retime(operation);
	CU_ASSERT(timers == 1 && operation->timer_cpu == 1);
	operation_again(operation);
	CU_ASSERT_TRUE(operation_claim(operation));
	CU_ASSERT_EQUAL(take(operation), 0);
	end();
}

static void the_first_that_nobody_else_has_is_taken_out(void)
{
	struct operation *all[3];

	begin(0);
	for (unsigned i = 0; i < 3; i++)
		all[i] = waits();
	CU_ASSERT_TRUE(operation_claim(all[0])); /* it is about to withdraw */
	CU_ASSERT_PTR_EQUAL(operation_claim_first(&queue), all[1]);
	CU_ASSERT_PTR_EQUAL(operation_claim_first(&queue), all[2]);
	CU_ASSERT_PTR_NULL(operation_claim_first(&queue));
	CU_ASSERT_PTR_EQUAL(queue.next, &all[0]->node);
	for (unsigned i = 0; i < 3; i++) {
		operation_finish(all[i], 0);
		(void)take(all[i]);
	}
	end();
}

static void cancelling_ends_those_of_that_number(void)
{
	struct operation *all[4];

	begin(0);
	for (unsigned i = 0; i < 4; i++) {
		world.submission.user_data = i % 2;
		all[i] = waits();
	}
	CU_ASSERT_TRUE(operation_claim(all[1]));
	CU_ASSERT_EQUAL(operation_cancel(&world.rings, 1), 1);
	CU_ASSERT_EQUAL(withdrawn, 1);
	CU_ASSERT_EQUAL(take(all[3]), STATUS_ECANCELED);
	CU_ASSERT_EQUAL(operation_cancel(&world.rings, 5), 0);
	operation_cancel_all(&world.rings);
	CU_ASSERT_EQUAL(withdrawn, 3);
	CU_ASSERT_EQUAL(take(all[2]), STATUS_ECANCELED);
	CU_ASSERT_EQUAL(take(all[0]), STATUS_ECANCELED);
	operation_finish(all[1], 9);
	CU_ASSERT_EQUAL(take(all[1]), 9);
	end();
}

static const struct unit_case cases[] = {
	UNIT_CASE(an_operation_holds_its_object_and_is_charged),
	UNIT_CASE(without_memory_or_object_there_is_none),
	UNIT_CASE(a_time_limit_ends_it_once),
	UNIT_CASE(a_time_limit_is_taken_back_on_its_own_cpu),
	UNIT_CASE(the_first_that_nobody_else_has_is_taken_out),
	UNIT_CASE(cancelling_ends_those_of_that_number),
};

UNIT_MAIN("kernel/cap/operation", cases)
