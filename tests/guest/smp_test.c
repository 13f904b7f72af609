// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Several CPUs: messages, wake-ups, allocation and sleep between them. On one CPU there is nothing to run. */
#include "hal/contract/cpu.h"
#include "hal/contract/memory.h"
#include "hal/contract/smp.h"
#include "hal/contract/timer.h"
#include "kernel/core/fiber.h"
#include "kernel/core/kheap.h"
#include "kernel/core/libc.h"
#include "kernel/core/log.h"
#include "kernel/core/message.h"
#include "kernel/core/page.h"
#include "kernel/core/sched.h"
#include "lib/string.h"
#include "tests/guest/guest.h"

enum { MESSAGES = 3000, ROUNDS = 500, ALLOCATIONS = 400, LINES = 50 };
#define LIMIT_NS 100000000000ul /* a shared host may be slow; what hangs is the harness's to end */
#define IDLE_NS 10000000000ul

/* Lets others run until `*value` is `target`; false where that takes too long. */
static bool reaches(_Atomic unsigned *value, unsigned target)
{
	uint64_t deadline = hal_timer_now_ns() + LIMIT_NS;

	while (atomic_load(value) != target) {
		if (hal_timer_now_ns() > deadline)
			return false;
		fiber_yield();
		hal_cpu_relax();
	}
	return true;
}

static _Atomic unsigned received[HAL_CPUS_MAX];
static _Atomic unsigned disordered;

static void count_message(void *arg)
{
	unsigned cpu = hal_cpu_index();

	if (atomic_load(&received[cpu]) != (uintptr_t)arg)
		atomic_fetch_add(&disordered, 1);
	atomic_fetch_add(&received[cpu], 1);
}

static const char *messages_arrive_in_order(void)
{
	for (unsigned i = 0; i < HAL_CPUS_MAX; i++)
		atomic_store(&received[i], 0);
	for (uintptr_t i = 0; i < MESSAGES; i++)
		for (unsigned cpu = 0; cpu < hal_cpu_count(); cpu++)
			message_send(cpu, count_message, (void *)i);
	for (unsigned cpu = 0; cpu < hal_cpu_count(); cpu++)
		GUEST_CHECK(reaches(&received[cpu], MESSAGES));
	GUEST_CHECK(atomic_load(&disordered) == 0);
	return NULL;
}

/* Two fibers on two CPUs hand a turn to each other, each asleep while the other has it. */
static struct player {
	struct wait_queue turn_came;
	unsigned cpu;
	bool has_turn;
	struct player *other;
} players[2];

static void turn_given(void *arg)
{
	struct player *player = arg;

	player->has_turn = true;
	wait_queue_wake(&player->turn_came);
}

static _Atomic unsigned players_done;

static void play(void *arg)
{
	struct player *player = arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		while (!player->has_turn)
			(void)wait_queue_sleep(&player->turn_came, WAIT_FOREVER);
		player->has_turn = false;
		message_send(player->other->cpu, turn_given, player->other);
	}
	atomic_fetch_add(&players_done, 1);
}

static const char *a_turn_passes_between_sleeping_cpus(void)
{
	static const struct fiber_options options = { .name = "player", .priority = FIBER_NORMAL };

	atomic_store(&players_done, 0);
	for (unsigned i = 0; i < 2; i++) {
		players[i] = (struct player){ .cpu = i, .other = &players[1 - i] };
		wait_queue_init(&players[i].turn_came);
		players[i].turn_came.cpu = i; /* where it is slept in and woken */
	}
	for (unsigned i = 0; i < 2; i++)
		GUEST_CHECK(fiber_create_on(i, &options, play, &players[i]) == STATUS_OK);
	message_send(0, turn_given, &players[0]);
	GUEST_CHECK(reaches(&players_done, 2));
	return NULL;
}

static _Atomic unsigned allocators_done;
static _Atomic unsigned allocators_wrong;

static void allocate(void *arg)
{
	uint64_t seed = 0x9e3779b97f4a7c15 * ((uintptr_t)arg + 1);

	for (unsigned i = 0; i < ALLOCATIONS; i++) {
		seed = seed * 6364136223846793005 + 1442695040888963407;

		size_t len = seed >> 40 & 0x7ff;
		unsigned char *memory = malloc(len + 1);
		uint64_t page = page_alloc(seed >> 60 & 1);

		if (memory == NULL || page == 0) {
			atomic_fetch_add(&allocators_wrong, 1);
			break;
		}
		memset(memory, (int)i, len + 1);
		memset(hal_direct_va(page), (int)i, HAL_PAGE_BYTES);
		fiber_yield();
		for (size_t j = 0; j <= len; j++)
			if (memory[j] != (unsigned char)i)
				atomic_fetch_add(&allocators_wrong, 1);
		free(memory);
		page_free(page, seed >> 60 & 1);
	}
	atomic_fetch_add(&allocators_done, 1);
}

static const char *every_cpu_can_allocate(void)
{
	static const struct fiber_options options = { .name = "allocator", .priority = FIBER_NORMAL };
	unsigned made = 0;

	kheap_trim();
	atomic_store(&allocators_done, 0);
	for (unsigned cpu = 0; cpu < hal_cpu_count(); cpu++)
		for (unsigned i = 0; i < 2; i++, made++)
			GUEST_CHECK(fiber_create_on(cpu, &options, allocate, (void *)(uintptr_t)made) == STATUS_OK);
	GUEST_CHECK(reaches(&allocators_done, made));
	GUEST_CHECK(atomic_load(&allocators_wrong) == 0);
	return NULL;
}

/* Objects of several sizes, made here, freed here, a few alive at a time. */
static void allocate_small(void *arg)
{
	static const size_t sizes[] = { 16, 40, 100, 250, 600, 2000 };
	enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };
	void *alive[SIZES] = { 0 };

	(void)arg;
	for (unsigned i = 0; i < ALLOCATIONS * SIZES; i++) {
		free(alive[i % SIZES]);
		alive[i % SIZES] = malloc(sizes[(i / 7 + i) % SIZES]);
		if (alive[i % SIZES] == NULL)
			atomic_fetch_add(&allocators_wrong, 1);
		if (i % 5 == 0)
			hal_cpu_relax();
	}
	for (unsigned i = 0; i < SIZES; i++)
		free(alive[i]);
	atomic_fetch_add(&allocators_done, 1);
}

/* Each CPU of its own cache: the heap's lock is for filling it. And all that the caches held comes back. */
static const char *allocating_takes_the_lock_seldom(void)
{
	static const struct fiber_options options = { .name = "allocator", .priority = FIBER_NORMAL };
	enum { LOCKS_MAX = 12 }; /* a CPU: to fill each of 6 classes once, and what others do meanwhile */

	kheap_trim();

	uint64_t live = kheap()->stats.live_bytes;
	uint64_t locks = kheap_lock_count();

	atomic_store(&allocators_wrong, 0);
	atomic_store(&allocators_done, 0);
	for (unsigned cpu = 0; cpu < hal_cpu_count(); cpu++)
		GUEST_CHECK(fiber_create_on(cpu, &options, allocate_small, NULL) == STATUS_OK);
	GUEST_CHECK(reaches(&allocators_done, hal_cpu_count()));
	GUEST_CHECK(atomic_load(&allocators_wrong) == 0);
	GUEST_CHECK(kheap_lock_count() - locks <= LOCKS_MAX * hal_cpu_count());
	fiber_yield(); /* the last of them is freed */
	kheap_trim();
	GUEST_CHECK(kheap()->stats.live_bytes == live);
	return NULL;
}

static _Atomic unsigned passed_on;

static void free_here(void *arg)
{
	free(arg);
	atomic_fetch_add(&passed_on, 1);
}

/* What one CPU allocates and another frees comes back too, through two caches. */
static const char *memory_freed_elsewhere_comes_back(void)
{
	uint64_t before;
	size_t live;

	kheap_trim();
	before = page_free_count();
	live = kheap()->stats.live_bytes;
	atomic_store(&passed_on, 0);
	for (unsigned i = 0; i < ALLOCATIONS; i++) {
		void *memory = malloc(i % 700);

		GUEST_CHECK(memory != NULL);
		message_send(1 + i % (hal_cpu_count() - 1), free_here, memory);
	}
	GUEST_CHECK(reaches(&passed_on, ALLOCATIONS));
	GUEST_CHECK(kheap()->stats.live_bytes > live);
	kheap_trim();
	GUEST_CHECK(kheap()->stats.live_bytes == live);
	GUEST_CHECK(page_free_count() == before);
	return NULL;
}

static _Atomic unsigned talkers_done;

static void talk(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < LINES; i++) {
		log_line("smp: cpu %u says line %u of %u, which is long enough for several slots of the ring", hal_cpu_index(),
			 i + 1, LINES);
		if (i % 7 == 0)
			fiber_yield();
	}
	atomic_fetch_add(&talkers_done, 1);
}

/* The harness counts the lines and checks that each came out whole, those of one CPU in order. */
static const char *every_cpu_writes_whole_lines(void)
{
	static const struct fiber_options options = { .name = "talker", .priority = FIBER_NORMAL };

	atomic_store(&talkers_done, 0);
	for (unsigned cpu = 0; cpu < hal_cpu_count(); cpu++)
		GUEST_CHECK(fiber_create_on(cpu, &options, talk, NULL) == STATUS_OK);
	GUEST_CHECK(reaches(&talkers_done, hal_cpu_count()));
	log_line("smp: all has been said");
	return NULL;
}

static const char *idle_cpus_sleep_through(void)
{
	static struct wait_queue never = WAIT_QUEUE_INIT(never);
	uint64_t before[HAL_CPUS_MAX];

	/* What came before may still be on its way. */
	(void)wait_queue_sleep(&never, hal_timer_now_ns() + 100000000);
	for (unsigned cpu = 0; cpu < hal_cpu_count(); cpu++)
		before[cpu] = sched_of(cpu)->wakeups;
	(void)wait_queue_sleep(&never, hal_timer_now_ns() + IDLE_NS);
	GUEST_CHECK(sched_of(0)->wakeups - before[0] == 1); /* by the one timer that was asked for */
	for (unsigned cpu = 1; cpu < hal_cpu_count(); cpu++)
		GUEST_CHECK(sched_of(cpu)->wakeups == before[cpu]);
	return NULL;
}

static const struct guest_test tests[] = {
	{ "messages_arrive_in_order", messages_arrive_in_order },
	{ "a_turn_passes_between_sleeping_cpus", a_turn_passes_between_sleeping_cpus },
	{ "every_cpu_can_allocate", every_cpu_can_allocate },
	{ "allocating_takes_the_lock_seldom", allocating_takes_the_lock_seldom },
	{ "memory_freed_elsewhere_comes_back", memory_freed_elsewhere_comes_back },
	{ "every_cpu_writes_whole_lines", every_cpu_writes_whole_lines },
	{ "idle_cpus_sleep_through", idle_cpus_sleep_through },
};

const struct guest_table smp_tests = { tests, sizeof(tests) / sizeof(tests[0]) };
