// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A process from its making to its end: what is left of one that cannot be made, the one end that counts, what is printed of it, and the machine's exit status. */
#define CALL_OWN_PROCESS
#include "tests/unit/kernel/cap/call.h"

#include "kernel/sys/process.c"

const struct cap_interface process_interface = { .id = 1 };
struct log_filter log_filter_now;
static char printed[256];
static unsigned lines, noticed, spaces, finishes, emptied;
static status_t space_status, starts;
static bool no_budget;

struct budget *budget_create(struct budget *parent, uint64_t pages)
{
	CU_ASSERT(parent == NULL || parent == &world.budget);
	world.budget.limit = pages;
	world.budget_holds += !no_budget;
	return no_budget ? NULL : &world.budget;
}

uint64_t budget_page_alloc(void *budget)
{
	(void)budget;
	return 0;
}

void budget_page_free(void *budget, uint64_t pa)
{
	(void)budget;
	(void)pa;
}

status_t hal_space_create(struct hal_space *space, struct hal_page_source pages)
{
	CU_ASSERT_PTR_EQUAL(pages.ctx, &world.budget);
	space->asid = 5;
	spaces += space_status == STATUS_OK;
	return space_status;
}

void hal_space_destroy(struct hal_space *space)
{
	CU_ASSERT_EQUAL(space->asid, 5);
	spaces--;
}

void grant_close(struct capset *set)
{
	(void)set;
	emptied++;
}

void process_unmap_objects(struct process *process)
{
	CU_ASSERT_EQUAL(process->budget, &world.budget);
}

size_t kheap_takes(size_t bytes)
{
	return bytes + 1;
}

void linux_process_detach(struct process *process)
{
	(void)process;
}

void linux_process_free(struct linux_process *personality)
{
	(void)personality;
}

void linux_family_end(struct process *process)
{
	(void)process;
}

uint64_t id_next(void)
{
	return 0xabc;
}

void process_waiters_finish(struct process *process)
{
	CU_ASSERT(process->finished && process->budget == NULL);
	finishes++;
}

void message_send(unsigned cpu, void (*run)(void *arg), void *arg)
{
	CU_ASSERT_EQUAL(cpu, 0);
	run(arg);
}

void wait_queue_wake(struct wait_queue *queue)
{
	CU_ASSERT_PTR_EQUAL(queue, &process_ends);
}

status_t wait_queue_sleep(struct wait_queue *queue, uint64_t deadline_ns)
{
	(void)queue;
	(void)deadline_ns;
	CU_FAIL("it has ended");
	abort();
}

void thread_notice(struct thread *thread)
{
	CU_ASSERT_TRUE(thread->ending);
	noticed++;
}

status_t thread_start(struct thread *thread)
{
	(void)thread;
	return starts;
}

void log_line(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(printed, sizeof(printed), fmt, args);
	va_end(args);
	lines++;
}

void log_print(enum log_component component, enum log_level level, const char *fmt, ...)
{
	va_list args;

	CU_ASSERT(component == LOG_PROC && level == LOG_DEBUG);
	va_start(args, fmt);
	vsnprintf(printed, sizeof(printed), fmt, args);
	va_end(args);
}

static struct process *process;
static struct thread threads[3];

static void begin(void)
{
	call_begin(NULL, 0, NULL, 0);
	log_filter_init(&log_filter_now, LOG_WARN);
	lines = noticed = finishes = emptied = 0;
	space_status = starts = STATUS_OK;
	no_budget = false;
	printed[0] = '\0';
	for (unsigned i = 0; i < 3; i++)
		threads[i] = (struct thread){ .object = { .holds = 1 } };
}

/* One with `count` threads, started. */
static void run(unsigned count)
{
	begin();
	CU_ASSERT_EQUAL_FATAL(process_create("some", NULL, 40 * HAL_PAGE_BYTES, &process), STATUS_OK);
	for (unsigned i = 0; i < count; i++)
		CU_ASSERT_EQUAL(process_join(process, &threads[i]), STATUS_OK);
	CU_ASSERT_EQUAL(process_start(process, &threads[0]), STATUS_OK);
	CU_ASSERT_EQUAL(process_count(), 1);
}

static void leave(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		process_leave(process, &threads[i]);
	CU_ASSERT(process->finished && process_count() == 0 && spaces == 0 && world.budget_holds == 0 && world.charged_bytes == 0 && emptied == 1);
	CU_ASSERT(finishes == 1 && threads[0].object.holds == 1);
}

static void one_that_cannot_be_made_leaves_nothing(void)
{
	begin();
	world.allocations_left = 0;
	CU_ASSERT_EQUAL(process_create("some", NULL, 4096, &process), STATUS_ENOMEM);
	CU_ASSERT_EQUAL(world.budget_holds, 0);
	world.allocations_left = EVER;
	no_budget = true;
	CU_ASSERT_EQUAL(process_create("some", NULL, 4096, &process), STATUS_ENOMEM);
	no_budget = false;
	world.pages_left = 0;
	CU_ASSERT_EQUAL(process_create("some", &world.budget, 4096, &process), STATUS_ENOMEM);
	CU_ASSERT_EQUAL(world.budget_holds, 0);
	world.pages_left = EVER;
	space_status = STATUS_EAGAIN;
	CU_ASSERT_EQUAL(process_create("some", &world.budget, 4096, &process), STATUS_EAGAIN);
	CU_ASSERT(world.budget_holds == 0 && world.charged_bytes == 0 && spaces == 0);
	space_status = STATUS_OK;
	CU_ASSERT_EQUAL(process_create("a-name-of-thirty-three-characters", NULL, 4096, &process), STATUS_OK);
	CU_ASSERT_STRING_EQUAL(process->name, "?");
	CU_ASSERT(process->id == 0xabc && process->threads_max == PROCESS_THREADS_MAX);
	starts = STATUS_ENOMEM;
	CU_ASSERT_EQUAL(process_start(process, &threads[0]), STATUS_ENOMEM);
	CU_ASSERT(process_count() == 0 && !process->started);
	process_abandon(process);
	CU_ASSERT(world.budget_holds == 0 && world.charged_bytes == 0 && spaces == 0);
	CU_ASSERT_PTR_NULL(process_next(NULL));
}

static void the_first_end_counts(void)
{
	static const struct hal_user_fault fault = { .what = "a fault", .signal = 11, .pc = 0x10, .address = 0x20 };

	run(2);
	process_exit(process, 3);
	CU_ASSERT(noticed == 2 && threads[1].ending && process_is_ending(process));
	process_end(process, PROCESS_KILLED, 9, &fault);
	CU_ASSERT(noticed == 2 && process->code == 3 && process->end == PROCESS_EXITED);
	CU_ASSERT_EQUAL(process_join(process, &threads[2]), STATUS_EAGAIN);
	process_leave(process, &threads[1]);
	CU_ASSERT_FALSE(process->finished);
	leave(1);
	CU_ASSERT(lines == 1 && strstr(printed, "exited with code 3") != NULL);
	CU_ASSERT_EQUAL(process_wait(process), 3);
	object_put(&process->object);
}

static void a_process_whose_threads_ended_by_themselves_has_exited(void)
{
	run(1);
	leave(1);
	CU_ASSERT(process->end == PROCESS_EXITED && process->code == 0 && lines == 1);
	CU_ASSERT_EQUAL(process_wait(process), 0);
	object_put(&process->object);
}

static void breaking_the_rules_ends_it_where_its_oldest_thread_stopped(void)
{
	run(2);
	threads[0].user.pc = 0x1234;
	threads[1].user.pc = 0x5678;
	CU_ASSERT_EQUAL(process_fault_params(process, 0x99), STATUS_EFAULT);
	CU_ASSERT(process->end == PROCESS_KILLED && process->code == 0 && process->fault.signal == 11);
	CU_ASSERT(process->fault.pc == 0x1234 && process->fault.address == 0x99);
	leave(2);
	CU_ASSERT_PTR_NOT_NULL(strstr(printed, "killed: bad memory access (parameters of a submission) at pc 0x1234 addr 0x99"));
	CU_ASSERT_EQUAL(process_wait(process), 128 + 11);
	object_put(&process->object);
	run(1);
	CU_ASSERT_EQUAL(process_fault_result(process, 0x98), STATUS_EFAULT);
	leave(1);
	CU_ASSERT_PTR_NOT_NULL(strstr(printed, "(results of a submission)"));
	object_put(&process->object);
}

/* Of a quiet one only what it did itself, by the signals of faults. */
static void a_quiet_process_is_heard_of_where_it_did_wrong(void)
{
	for (int signal = 1; signal < 66; signal++) {
		const struct hal_user_fault fault = { .what = "a signal", .signal = signal };
		bool wrong = signal == 4 || signal == 5 || signal == 7 || signal == 8 || signal == 11 || signal == 31;

		run(1);
		process->quiet = true;
		process_end(process, PROCESS_KILLED, 0, &fault);
		leave(1);
		CU_ASSERT_EQUAL(lines, wrong);
		object_put(&process->object);
	}
	for (unsigned debug = 0; debug < 2; debug++) {
		run(1);
		process->quiet = true;
		log_filter_init(&log_filter_now, debug ? LOG_DEBUG : LOG_INFO);
		process_print_start(process);
		CU_ASSERT_EQUAL(lines, debug);
		process_exit(process, 4);
		leave(1);
		CU_ASSERT_EQUAL(lines, 2 * debug);
		object_put(&process->object);
	}
}

static void what_it_uses_is_said_at_its_start(void)
{
	char expected[128];

	run(1);
	world.budget.used = 7;
	process_print_start(process);
	snprintf(expected, sizeof(expected), "process %u: id 0000000000000abc, 7 of 40 pages used", process->number);
	CU_ASSERT_STRING_EQUAL(printed, expected);
	CU_ASSERT_EQUAL(lines, 1);
	leave(1);
	object_put(&process->object);
}

static void exit_statuses_are_the_process_own_up_to_125(void)
{
	static const int64_t codes[][2] = { { 0, 0 }, { 1, 1 }, { 125, 125 }, { 126, 125 }, { -1, 125 }, { INT64_MAX, 125 } };
	struct process ended = { .end = PROCESS_EXITED };

	for (unsigned i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		ended.code = codes[i][0];
		CU_ASSERT_EQUAL(process_exit_status(&ended), codes[i][1]);
	}
}

static void threads_join_up_to_the_most_and_processes_are_found_in_turn(void)
{
	struct process *other;

	run(2);
	process->threads_max = 2;
	CU_ASSERT_EQUAL(process_join(process, &threads[2]), STATUS_EAGAIN);
	CU_ASSERT_EQUAL(threads[2].object.holds, 1);
	CU_ASSERT_EQUAL(process_create_beside(process, &other), STATUS_OK);
	CU_ASSERT(other->budget == process->budget && world.budget_holds == 3 && strcmp(other->name, "some") == 0);
	CU_ASSERT_EQUAL(other->number, process->number + 1);
	CU_ASSERT_PTR_EQUAL(process_next(NULL), process);
	CU_ASSERT_PTR_EQUAL(process_next(process), other);
	CU_ASSERT_PTR_NULL(process_next(other));
	CU_ASSERT(process->object.holds == 1 && other->object.holds == 1);
	process_abandon(other);
	emptied = 0;
	leave(2);
	object_put(&process->object);
}

static void what_is_kept_of_one_that_has_ended_is_its_makers(void)
{
	struct process *child;

	run(1);
	CU_ASSERT_TRUE(process_pay(process, 1000)); /* nobody pays */
	CU_ASSERT_EQUAL(world.charged_bytes, 0);
	CU_ASSERT_EQUAL(process_create_beside(process, &child), STATUS_OK);
	CU_ASSERT_EQUAL(world.charged_bytes, sizeof(struct process) + 1);
	CU_ASSERT_TRUE(process_pay(child, 1000));
	world.pages_left = 0;
	CU_ASSERT_FALSE(process_pay(child, 1000));
	world.pages_left = EVER;
	(void)object_hold(&child->object); /* who may still ask how it ended */
	process_abandon(child);
	CU_ASSERT(child->budget == NULL && world.charged_bytes == sizeof(struct process) + 1 + 1001 && world.budget_holds == 2);
	process_pay_back(child, 1000);
	object_put(&child->object);
	CU_ASSERT(world.charged_bytes == 0 && world.budget_holds == 1);
	emptied = 0;
	leave(1);
	object_put(&process->object);
}

static const struct unit_case cases[] = {
	UNIT_CASE(one_that_cannot_be_made_leaves_nothing),
	UNIT_CASE(the_first_end_counts),
	UNIT_CASE(a_process_whose_threads_ended_by_themselves_has_exited),
	UNIT_CASE(breaking_the_rules_ends_it_where_its_oldest_thread_stopped),
	UNIT_CASE(a_quiet_process_is_heard_of_where_it_did_wrong),
	UNIT_CASE(what_it_uses_is_said_at_its_start),
	UNIT_CASE(exit_statuses_are_the_process_own_up_to_125),
	UNIT_CASE(threads_join_up_to_the_most_and_processes_are_found_in_turn),
	UNIT_CASE(what_is_kept_of_one_that_has_ended_is_its_makers),
};

UNIT_MAIN("kernel/sys/process", cases)
