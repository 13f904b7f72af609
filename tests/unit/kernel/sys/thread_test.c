// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Threads: their ring blocks, of their own or shared, and what is left of one that cannot be made at any point. */
#include "tests/unit/kernel/cap/call.h"

#include "kernel/sys/thread.c"

enum { CPUS = 3 };

const struct cap_interface thread_interface = { .id = 1 };
static struct sched scheds[CPUS];
static unsigned mapped, maps_left, joined, closed, inited, noticed, cpu_now, created_on;
static uint64_t unmapped[8];
static unsigned unmapped_count;
static status_t joins, creates;
static struct thread *thread, *first;

unsigned hal_cpu_index(void)
{
	return cpu_now;
}

unsigned hal_cpu_count(void)
{
	return CPUS;
}

struct sched *sched_of(unsigned cpu)
{
	return cpu == 1 ? NULL : &scheds[cpu]; /* one did not come */
}

status_t process_map(struct process *process, uint64_t va, unsigned rights, void **page)
{
	CU_ASSERT(process == &world.process && va >= PROCESS_RINGS_VA);
	CU_ASSERT_EQUAL(rights, (va - PROCESS_RINGS_VA) % PROCESS_RINGS_STRIDE == CAPOS_RINGS_COMPLETIONS ? 1 : 3);
	if (maps_left == 0)
		return STATUS_ENOMEM;
	maps_left--;
	mapped++;
	*page = (void *)va;
	return STATUS_OK;
}

void process_unmap(struct process *process, uint64_t va)
{
	CU_ASSERT_PTR_EQUAL(process, &world.process);
	unmapped[unmapped_count++ % 8] = va;
}

status_t process_join(struct process *process, struct thread *joining)
{
	CU_ASSERT_PTR_EQUAL(process, &world.process);
	if (joins == STATUS_OK) {
		joined++;
		(void)object_hold(&joining->object);
	}
	return joins;
}

void process_leave(struct process *process, struct thread *leaving)
{
	CU_ASSERT_PTR_EQUAL(process, &world.process);
	joined--;
	object_put(&leaving->object);
}

void process_print_start(const struct process *process)
{
	(void)process;
}

void ring_set_init(struct ring_set *set, struct process *process, struct thread *of, unsigned cpu)
{
	CU_ASSERT(process == &world.process && set == &of->own && cpu == of->cpu);
	set->users = 1;
	inited++;
}

void ring_set_close(struct ring_set *set)
{
	CU_ASSERT_EQUAL(set->users, 0);
	closed++;
}

void ring_war_end(struct ring_set *set)
{
	CU_ASSERT_TRUE(set->users > 0);
}

void hal_user_retire(struct hal_user *user)
{
	(void)user;
}

void hal_space_leave(struct hal_space *space)
{
	CU_ASSERT_PTR_EQUAL(space, &world.process.space);
}

void linux_run(struct thread *runs)
{
	(void)runs;
}

void linux_thread_free(struct linux_thread *personality)
{
	(void)personality;
}

void thread_run(struct thread *runs)
{
	CU_ASSERT_PTR_EQUAL(runs, thread);
}

struct fiber *fiber_current(void)
{
	return NULL;
}

struct fiber *fiber_create_with(const struct fiber_options *options, void (*entry)(void *arg), void *arg)
{
	CU_ASSERT(entry == thread_main && options->priority == FIBER_NORMAL && arg == thread);
	created_on = cpu_now;
	return creates == STATUS_OK ? (struct fiber *)&scheds[0] : NULL;
}

status_t fiber_create_on(unsigned cpu, const struct fiber_options *options, void (*entry)(void *arg), void *arg)
{
	CU_ASSERT(entry == thread_main && options->priority == FIBER_NORMAL && arg == thread);
	created_on = cpu;
	return creates;
}

void fiber_cancel(struct fiber *fiber)
{
	(void)fiber;
	noticed++;
}

void message_send(unsigned cpu, void (*run)(void *arg), void *arg)
{
	CU_ASSERT_EQUAL(cpu, thread->cpu);
	run(arg);
}

static void begin(void)
{
	call_begin(NULL, 0, NULL, 0);
	world.process.object.holds = 1;
	mapped = closed = inited = noticed = unmapped_count = cpu_now = 0;
	maps_left = 1000;
	joins = creates = STATUS_OK;
}

/* Nothing is left of any. */
static void end(void)
{
	CU_ASSERT(joined == 0 && world.process.object.holds == 1 && world.charged == 0 && world.process.ring_blocks == 0);
}

static struct thread *make(struct thread *share)
{
	const struct thread_options options = { .pc = 1, .sp = 2, .tls = 3, .x = { 4, 99, 6 }, .share = share, .cpu = THREAD_CPU_ANY };
	struct thread *made = NULL;

	CU_ASSERT_EQUAL_FATAL(thread_create(&world.process, &options, &made), STATUS_OK);
	return made;
}

static void each_thread_has_a_ring_block_of_its_own(void)
{
	begin();
	first = make(NULL);
	CU_ASSERT(first->rings_va == PROCESS_RINGS_VA && first->rings == &first->own && inited == 1 && mapped == 3 && world.charged == 5);
	CU_ASSERT(first->user.pc == 1 && first->user.sp == 2 && first->user.tls == 3 && first->user.x[0] == 4 && first->user.x[2] == 6);
	CU_ASSERT(first->user.x[1] == PROCESS_RINGS_VA && first->own.rings.completions == (void *)(PROCESS_RINGS_VA + CAPOS_RINGS_COMPLETIONS));
	thread = make(NULL);
	CU_ASSERT(thread->rings_va == PROCESS_RINGS_VA + PROCESS_RINGS_STRIDE && world.process.ring_blocks == 3);
	thread_abandon(first);
	CU_ASSERT(world.process.ring_blocks == 2 && closed == 1 && unmapped[0] == PROCESS_RINGS_VA);
	CU_ASSERT_EQUAL(unmapped_count, CAPOS_RINGS_BYTES / 4096);
	first = make(NULL);
	CU_ASSERT_EQUAL(first->rings_va, PROCESS_RINGS_VA);
	thread_abandon(first);
	thread_abandon(thread);
	end();
}

static void shared_rings_are_closed_by_the_last_that_has_them(void)
{
	begin();
	first = make(NULL);
	thread = make(first);
	CU_ASSERT(thread->rings == &first->own && thread->rings_va == first->rings_va && first->own.users == 2 && inited == 1);
	CU_ASSERT(thread->cpu == first->cpu && thread->owner == first && first->object.holds == 3);
	thread_abandon(first); /* its rings are still in use */
	CU_ASSERT(closed == 0 && unmapped_count == 0 && world.process.ring_blocks == 1);
	thread_abandon(thread);
	CU_ASSERT_EQUAL(closed, 1);
	end();
}

static void a_thread_that_cannot_be_made_leaves_nothing(void)
{
	struct thread_options options = { .cpu = THREAD_CPU_ANY };
	struct thread *made = NULL;

	begin();
	for (maps_left = 0; maps_left < 3; maps_left++) {
		unsigned left = maps_left;

		CU_ASSERT_EQUAL(thread_create(&world.process, &options, &made), STATUS_ENOMEM);
		CU_ASSERT_EQUAL(world.process.ring_blocks, 0);
		maps_left = left;
	}
	world.pages_left = 4;
	CU_ASSERT_EQUAL(thread_create(&world.process, &options, &made), STATUS_ENOMEM);
	world.pages_left = EVER;
	world.allocations_left = 0;
	CU_ASSERT_EQUAL(thread_create(&world.process, &options, &made), STATUS_ENOMEM);
	world.allocations_left = EVER;
	joins = STATUS_EAGAIN;
	CU_ASSERT_EQUAL(thread_create(&world.process, &options, &made), STATUS_EAGAIN);
	joins = STATUS_OK;
	options.cpu = CPUS;
	CU_ASSERT_EQUAL(thread_create(&world.process, &options, &made), STATUS_EINVAL);
	options.cpu = 1;
	CU_ASSERT_EQUAL(thread_create(&world.process, &options, &made), STATUS_EINVAL);
	CU_ASSERT_PTR_NULL(made);
	end();
}

static void a_thread_of_a_linux_program_has_no_rings(void)
{
	const struct thread_options options = { .cpu = 2, .personality = (struct linux_thread *)&scheds[0] };

	begin();
	CU_ASSERT_EQUAL(thread_create(&world.process, &options, &thread), STATUS_OK);
	CU_ASSERT(thread->rings == NULL && mapped == 0 && inited == 0 && thread->run == linux_run && thread->cpu == 2);
	CU_ASSERT_EQUAL(world.process.ring_blocks, 0);
	thread_abandon(thread);
	CU_ASSERT(closed == 0 && unmapped_count == 0);
	end();
}

static void a_thread_runs_in_a_fiber_of_its_cpu(void)
{
	const struct thread_options options = { .cpu = 2 };

	begin();
	CU_ASSERT_EQUAL(thread_create(&world.process, &options, &thread), STATUS_OK);
	creates = STATUS_ENOMEM;
	for (cpu_now = 0; cpu_now < 3; cpu_now += 2)
		CU_ASSERT_EQUAL(thread_start(thread), STATUS_ENOMEM);
	CU_ASSERT_EQUAL(thread->object.holds, 2);
	creates = STATUS_OK;
	cpu_now = 0;
	CU_ASSERT_EQUAL(thread_start(thread), STATUS_OK);
	CU_ASSERT(created_on == 2 && thread->object.holds == 3);
	thread_notice(thread); /* it has not begun */
	CU_ASSERT_EQUAL(noticed, 0);
	CU_ASSERT_PTR_NULL(thread_current());
	list_push_back(&thread->waiters, &world.operation.node);
	(void)object_hold(&thread->object);
	thread_main(thread);
	CU_ASSERT(thread->ended && thread->gone && world.finished == 1 && world.finished_with == 0 && closed == 1);
	thread->fiber = (struct fiber *)&scheds[0];
	thread_notice(thread); /* it has ended */
	CU_ASSERT_EQUAL(noticed, 0);
	thread->ended = false;
	thread_notice(thread);
	CU_ASSERT_EQUAL(noticed, 1);
	object_put(&thread->object);
	object_put(&thread->object);
	end();
}

static void cpus_that_run_are_picked_in_turn(void)
{
	unsigned counts[CPUS] = { 0 };

	for (unsigned i = 0; i < 20; i++)
		counts[thread_pick_cpu()]++;
	CU_ASSERT(counts[0] == 10 && counts[1] == 0 && counts[2] == 10);
}

static const struct unit_case cases[] = {
	UNIT_CASE(each_thread_has_a_ring_block_of_its_own),
	UNIT_CASE(shared_rings_are_closed_by_the_last_that_has_them),
	UNIT_CASE(a_thread_that_cannot_be_made_leaves_nothing),
	UNIT_CASE(a_thread_of_a_linux_program_has_no_rings),
	UNIT_CASE(a_thread_runs_in_a_fiber_of_its_cpu),
	UNIT_CASE(cpus_that_run_are_picked_in_turn),
};

UNIT_MAIN("kernel/sys/thread", cases)
