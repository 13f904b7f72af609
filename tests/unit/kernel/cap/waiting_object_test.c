// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Waiting for a process or a thread to end: at once, later, withdrawn, without memory; and what is told of the end. */
#include "tests/unit/kernel/cap/call.h"

#define withdraw process_withdraw /* both have one */
#include "kernel/cap/process_object.c"
#undef withdraw
#include "kernel/cap/thread_object.c"

static struct process child;
static struct thread thread;
static unsigned noticed;

void process_end(struct process *process, enum process_end end, int64_t code, const struct hal_user_fault *fault)
{
	CU_ASSERT(process == &child && end == PROCESS_KILLED && code == 0 && fault->signal == PROCESS_SIGNAL_KILL);
	world.ended++;
}

void thread_notice(struct thread *of)
{
	CU_ASSERT(of == &thread && of->ending);
	noticed++;
}

static void begin(struct object *object)
{
	call_begin(object, 3, NULL, 0);
	memset(&child, 0, sizeof(child));
	memset(&thread, 0, sizeof(thread));
	list_init(&child.waiters);
	list_init(&thread.waiters);
}

static struct capos_process_wait_result told(void)
{
	struct capos_process_wait_result result;

	CU_ASSERT_EQUAL(world.operation.data_len, sizeof(result));
	memcpy(&result, world.operation.data, sizeof(result));
	return result;
}

static void an_end_is_told_at_once_or_when_it_comes(void)
{
	begin(&child.object);
	CU_ASSERT_EQUAL(process_object_wait(&world.call), CAP_PENDING);
	CU_ASSERT(world.finished == 0 && !list_is_empty(&child.waiters));
	child.end = PROCESS_EXITED;
	child.code = 42;
	child.finished = true;
	process_waiters_finish(&child);
	CU_ASSERT(world.finished == 1 && world.finished_with == 0 && told().end == CAPOS_PROCESS_EXITED && told().code == 42);
	child.end = PROCESS_KILLED;
	child.fault = (struct hal_user_fault){ .signal = 11, .pc = 5, .address = 6 };
	CU_ASSERT_EQUAL(process_object_wait(&world.call), CAP_PENDING);
	CU_ASSERT(world.finished == 2 && world.finished_with == 0 && list_is_empty(&child.waiters));
	CU_ASSERT(told().end == CAPOS_PROCESS_KILLED && told().code == 11 && told().pc == 5 && told().address == 6);
}

static void who_withdraws_waits_no_more(void)
{
	begin(&child.object);
	CU_ASSERT_EQUAL(process_object_wait(&world.call), CAP_PENDING);
	CU_ASSERT_TRUE(operation_claim(&world.operation));
	world.operation.withdraw(&world.operation);
	CU_ASSERT(list_is_empty(&child.waiters) && child.lock.taken == 0);
	world.no_operation = true;
	CU_ASSERT_EQUAL(process_object_wait(&world.call), STATUS_ENOMEM);
	child.finished = true;
	CU_ASSERT_EQUAL(process_object_wait(&world.call), STATUS_ENOMEM);
	CU_ASSERT_EQUAL(process_object_kill(&world.call), 0);
	CU_ASSERT_EQUAL(world.ended, 1);
}

static void a_threads_end_is_waited_for(void)
{
	begin(&thread.object);
	CU_ASSERT_EQUAL(thread_object_wait(&world.call), CAP_PENDING);
	CU_ASSERT_PTR_EQUAL(thread.waiters.next, &world.operation.node);
	CU_ASSERT_TRUE(operation_claim(&world.operation));
	world.operation.withdraw(&world.operation);
	CU_ASSERT(list_is_empty(&thread.waiters) && thread.lock.taken == 0);
	world.no_operation = true;
	CU_ASSERT_EQUAL(thread_object_wait(&world.call), STATUS_ENOMEM);
	thread.gone = true;
	CU_ASSERT_EQUAL(thread_object_wait(&world.call), 0);
	CU_ASSERT_EQUAL(thread_object_end(&world.call), 0);
	CU_ASSERT_EQUAL(noticed, 1);
}

static const struct unit_case cases[] = {
	UNIT_CASE(an_end_is_told_at_once_or_when_it_comes),
	UNIT_CASE(who_withdraws_waits_no_more),
	UNIT_CASE(a_threads_end_is_waited_for),
};

UNIT_MAIN("kernel/cap/waiting_object", cases)
