// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Jobs and their workers, over fibers that are contexts of this thread; messages to other CPUs are kept until the test delivers them. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "tests/unit/unit.h"

/* hal/contract/cpu.h and smp.h of this machine. */
#define HAL_CONTRACT_CPU_H
#define HAL_CONTRACT_SMP_H
static unsigned this_cpu;
static uint64_t clock_ns;

static inline void hal_cpu_relax(void)
{
	clock_ns++;
}

static inline void *hal_cpu_local(void)
{
	return NULL;
}

static unsigned hal_cpu_index(void)
{
	return this_cpu;
}

#include "kernel/core/libc.h"

static bool memory_is_out;

static void *service_calloc(size_t count, size_t bytes)
{
	return memory_is_out ? NULL : calloc(count, bytes);
}

#define calloc service_calloc
#include "kernel/io/fs/service.c"
#undef calloc

enum { FIBERS = 4, STACK_BYTES = 65536 };

static struct one {
	struct fiber fiber;
	ucontext_t context;
	void (*entry)(void *arg);
	void *arg;
	char *stack;
	bool lives, awake;
} fibers[FIBERS]; /* the first one is the test's */

static unsigned current, fibers_max, gone_count, sent_to;
static struct fs file_system;
static struct {
	void (*run)(void *arg);
	void *arg;
} message;
static char ran[32];
static struct fs_job jobs[8];

/* On to the next one that is awake. */
static void turn(void)
{
	unsigned from = current, to = current;

	do
		to = (to + 1) % FIBERS;
	while (!(to == 0 ? fibers[0].awake : fibers[to].lives && fibers[to].awake) && to != from);
	current = to;
	if (to != from)
		(void)swapcontext(&fibers[from].context, &fibers[to].context);
}

static void begin_fiber(void)
{
	struct one *own = &fibers[current];

	own->entry(own->arg);
	own->lives = false;
	turn();
}

static struct one *slot_free(void)
{
	for (unsigned i = 1; i <= fibers_max; i++)
		if (!fibers[i].lives)
			return &fibers[i];
	return NULL;
}

struct fiber *fiber_create(const char *name, void (*entry)(void *arg), void *arg)
{
	struct one *made = slot_free();

	(void)name;
	if (made == NULL)
		return NULL;
	free(made->stack);
	*made = (struct one){ .entry = entry, .arg = arg, .stack = malloc(STACK_BYTES), .lives = true, .awake = true };
	(void)getcontext(&made->context);
	made->context.uc_stack.ss_sp = made->stack;
	made->context.uc_stack.ss_size = STACK_BYTES;
	makecontext(&made->context, begin_fiber, 0);
	return &made->fiber;
}

struct fiber *fiber_current(void)
{
	return &fibers[current].fiber;
}

void fiber_yield(void)
{
	turn();
}

void fiber_sleep(void)
{
	fibers[current].awake = false;
	turn();
}

void fiber_wake(struct fiber *fiber)
{
	LIST_OWNER(fiber, struct one, fiber)->awake = true;
}

void message_send(unsigned cpu, void (*run)(void *arg), void *arg)
{
	sent_to = cpu;
	message.run = run;
	message.arg = arg;
}

void message_call(unsigned cpu, void (*run)(void *arg), void *arg)
{
	sent_to = cpu;
	run(arg);
}

uint64_t hal_timer_now_ns(void)
{
	return clock_ns;
}

static void gone(struct fs *fs)
{
	CU_ASSERT_PTR_EQUAL(fs, &file_system);
	gone_count++;
}

static void job_note(struct fs_job *job)
{
	ran[strlen(ran)] = (char)('a' + (job - jobs));
}

static void job_long(struct fs_job *job)
{
	ran[strlen(ran)] = '(';
	fiber_yield();
	job_note(job);
}

static status_t start_status;

static struct fs_service *begin(unsigned workers, unsigned most)
{
	struct fs_service *service = NULL;

	memset(ran, 0, sizeof(ran));
	message.run = NULL;
	fibers[0].awake = true;
	fibers_max = most;
	gone_count = 0;
	this_cpu = 0;
	file_system = (struct fs){ .name = "test", .workers = workers };
	start_status = fs_service_start(&file_system, gone, &service);
	if (start_status != STATUS_OK)
		return NULL;
	for (unsigned i = 0; i < 8; i++)
		jobs[i] = (struct fs_job){ .service = service, .run = job_note };
	return service;
}

static void end(struct fs_service *service)
{
	fs_service_stop(service);
	CU_ASSERT(service->workers == 0 && !fibers[1].lives && !fibers[2].lives && !fibers[3].lives);
	fs_service_hold(service);
	fs_service_put(service);
	CU_ASSERT_EQUAL(gone_count, 0);
	fs_service_put(service);
	CU_ASSERT_EQUAL(gone_count, 1);
	CU_ASSERT(fs_settle_until(clock_ns));
}

static void jobs_are_done_in_turn_by_workers(void)
{
	struct fs_service *service = begin(1, 3);

	CU_ASSERT_FATAL(service != NULL && service->workers == 1);
	fiber_yield(); /* the worker has nothing, and sleeps */
	CU_ASSERT(!fibers[1].awake);
	fiber_wake(&fibers[1].fiber); /* by somebody who was late: it sleeps again */
	fiber_yield();
	CU_ASSERT(!fibers[1].awake);
	fs_submit(&jobs[0]);
	fs_submit(&jobs[1]);
	fs_submit(&jobs[2]);
	CU_ASSERT(fibers[1].awake && ran[0] == '\0');
	fiber_yield();
	CU_ASSERT_STRING_EQUAL(ran, "a"); /* whoever waited for it goes on */
	CU_ASSERT_FALSE(fs_settle_until(clock_ns));
	fs_settle();
	CU_ASSERT_STRING_EQUAL(ran, "abc");
	end(service);
}

static void workers_share_the_work(void)
{
	struct fs_service *service = begin(3, 3);

	fiber_yield();
	CU_ASSERT(service->workers == 3 && !fibers[1].awake && !fibers[2].awake && !fibers[3].awake);
	jobs[0].run = jobs[1].run = job_long;
	fs_submit(&jobs[0]);
	fs_submit(&jobs[1]);
	CU_ASSERT(!fibers[1].awake && fibers[2].awake && fibers[3].awake); /* as many as there are jobs, who slept last first */
	fs_settle();
	CU_ASSERT_STRING_EQUAL(ran, "((ab");
	end(service);
}

/* A stop does not lose what was submitted. */
static void workers_end_when_all_is_done(void)
{
	struct fs_service *service = begin(2, 3);

	fiber_yield();
	for (unsigned i = 0; i < 5; i++)
		fs_submit(&jobs[i]);
	fs_service_stop(service);
	CU_ASSERT(strlen(ran) == 5 && service->workers == 0);
	end(service);
	fs_service_stop(service = begin(2, 3)); /* before they have begun */
	CU_ASSERT_EQUAL(service->workers, 0);
	end(service);
}

static void fewer_workers_do_as_long_as_there_is_one(void)
{
	struct fs_service *service = begin(3, 1);

	CU_ASSERT_FATAL(service != NULL && service->workers == 1);
	fs_submit(&jobs[0]);
	fs_settle();
	CU_ASSERT_STRING_EQUAL(ran, "a");
	end(service);
	CU_ASSERT(begin(3, 0) == NULL && start_status == STATUS_ENOMEM);
	memory_is_out = true;
	CU_ASSERT(begin(0, 3) == NULL && start_status == STATUS_ENOMEM);
	memory_is_out = false;
}

static void without_workers_a_job_runs_at_once_on_its_cpu(void)
{
	struct fs_service *service = begin(0, 3);

	CU_ASSERT_FATAL(service != NULL);
	fs_submit(&jobs[0]);
	CU_ASSERT_STRING_EQUAL(ran, "a");
	file_system.cpu = FS_CPU_ANY;
	this_cpu = 7;
	fs_submit(&jobs[1]);
	CU_ASSERT(strcmp(ran, "ab") == 0 && message.run == NULL);
	file_system.cpu = 2;
	fs_submit(&jobs[2]);
	CU_ASSERT(strcmp(ran, "ab") == 0 && message.run != NULL && sent_to == 2);
	clock_ns = 100;
	CU_ASSERT_FALSE(fs_settle_until(110)); /* it is under way until its CPU has run it */
	CU_ASSERT_EQUAL(clock_ns, 111);
	message.run(message.arg);
	CU_ASSERT(strcmp(ran, "abc") == 0 && fs_settle_until(0));
	end(service);
}

static void a_job_that_yields_has_a_fiber_of_its_own(void)
{
	struct fs_service *service = begin(0, 1);

	CU_ASSERT_FATAL(service != NULL);
	jobs[0].run = job_long;
	CU_ASSERT_TRUE(fs_submit_alone(&jobs[0]));
	CU_ASSERT(ran[0] == '\0' && !fs_submit_alone(&jobs[1])); /* memory is out */
	fs_settle();
	CU_ASSERT_STRING_EQUAL(ran, "(a");
	end(service);
}

static void run_note(void *arg)
{
	*(unsigned *)arg = sent_to;
}

static void what_is_asked_is_done_where_the_file_system_is(void)
{
	struct fs_service *service = begin(0, 3);
	unsigned where = 99;

	this_cpu = 5;
	file_system.cpu = 3;
	fs_do(service, run_note, &where);
	CU_ASSERT_EQUAL(where, 3);
	file_system.cpu = FS_CPU_ANY;
	fs_do(service, run_note, &where);
	CU_ASSERT_EQUAL(where, 5);
	end(service);
}

static unsigned at_once_begun, at_once_ended;
static bool at_once_may;

static bool at_once(struct fs *fs, bool begins)
{
	CU_ASSERT_PTR_EQUAL(fs, &file_system);
	*(begins ? &at_once_begun : &at_once_ended) += 1;
	return at_once_may;
}

static void at_once_is_asked_on_its_cpu_alone(void)
{
	static const struct fs_ops cannot = { 0 }, can = { .at_once = at_once };
	struct fs_service *service = begin(0, 3);

	file_system.ops = &cannot;
	CU_ASSERT_FALSE(fs_at_once_begin(service));
	file_system.ops = &can;
	CU_ASSERT_FALSE(fs_at_once_begin(service));
	at_once_may = true;
	CU_ASSERT(fs_at_once_begin(service));
	this_cpu = 1;
	CU_ASSERT(!fs_at_once_begin(service) && at_once_begun == 2 && at_once_ended == 0);
	fs_at_once_end(service);
	CU_ASSERT(at_once_begun == 2 && at_once_ended == 1);
	end(service);
}

static const struct unit_case cases[] = {
	UNIT_CASE(jobs_are_done_in_turn_by_workers),
	UNIT_CASE(workers_share_the_work),
	UNIT_CASE(workers_end_when_all_is_done),
	UNIT_CASE(fewer_workers_do_as_long_as_there_is_one),
	UNIT_CASE(without_workers_a_job_runs_at_once_on_its_cpu),
	UNIT_CASE(a_job_that_yields_has_a_fiber_of_its_own),
	UNIT_CASE(what_is_asked_is_done_where_the_file_system_is),
	UNIT_CASE(at_once_is_asked_on_its_cpu_alone),
};
UNIT_MAIN("kernel/io/fs/service", cases)
