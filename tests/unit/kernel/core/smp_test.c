// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Starting the other CPUs, each of which may not come, and stopping those that have. */
#include "tests/unit/machine.h"

#include "kernel/core/smp.c"

enum { CPUS = 5, PAGES = 64 };

static _Alignas(16384) uint8_t blocks[CPUS][16384];
static struct sched *scheds[CPUS];
static unsigned blocks_taken, stacks_taken, blocks_limit, stacks_limit, cpu_now, warned;
static bool comes[CPUS], refused[CPUS];
static unsigned notified[CPUS];
static uint64_t now_ns;
static char warning[128];
struct log_filter log_filter_now;

unsigned hal_cpu_index(void)
{
	return cpu_now;
}

unsigned hal_cpu_count(void)
{
	return CPUS;
}

uint64_t hal_timer_now_ns(void)
{
	return now_ns += START_LIMIT_NS / 10;
}

void hal_cpu_notify(unsigned cpu)
{
	notified[cpu]++;
}

uint64_t page_alloc(unsigned order)
{
	CU_ASSERT_EQUAL(order, 2);
	return blocks_taken < blocks_limit ? hal_direct_pa(blocks[blocks_taken++]) : 0;
}

uint64_t stack_alloc(void)
{
	return stacks_taken < stacks_limit ? 0x1000 * ++stacks_taken : 0;
}

uint64_t id_next(void)
{
	return 1;
}

void sched_make(struct sched *sched, unsigned cpu, struct list_node *lists)
{
	CU_ASSERT_EQUAL(sched->online, 0);
	CU_ASSERT_PTR_EQUAL(lists, ((struct secondary *)sched)->lists);
	scheds[cpu] = sched;
}

struct sched *sched_of(unsigned cpu)
{
	return scheds[cpu] != NULL && scheds[cpu]->online ? scheds[cpu] : NULL;
}

static struct secondary *starting;
static unsigned relaxed;

/* It comes when it has been waited for three times. */
static void comes_late(void)
{
	if (starting != NULL && ++relaxed == 3)
		atomic_store(&starting->sched.online, 1);
}

status_t hal_cpu_start(unsigned cpu, uint64_t stack_top, uint64_t exception_stack_top, void (*entry)(void *arg), void *arg)
{
	CU_ASSERT(entry == secondary_main && stack_top + 0x1000 == exception_stack_top);
	starting = comes[cpu] ? arg : NULL;
	relaxed = 0;
	return refused[cpu] ? STATUS_EIO : STATUS_OK;
}

void log_print(enum log_component component, enum log_level level, const char *fmt, ...)
{
	va_list args;

	(void)component;
	if (level != LOG_WARN)
		return;
	va_start(args, fmt);
	vsnprintf(warning, sizeof(warning), fmt, args);
	va_end(args);
	warned++;
}

static jmp_buf runs;
static struct sched *adopted;
static status_t own_part;

status_t hal_cpu_init(void)
{
	machine.irq_masked = true;
	return own_part;
}

static void keeps_still(void)
{
	longjmp(runs, 2);
}

void sched_adopt(struct sched *sched)
{
	adopted = sched;
}

_Noreturn void sched_run(void)
{
	CU_ASSERT_FALSE(machine.irq_masked);
	longjmp(runs, 1);
}

static void begin(void)
{
	static struct sched boot = { .online = 1 };

	memset(blocks, 0xee, sizeof(blocks));
	memset(scheds, 0, sizeof(scheds));
	memset(notified, 0, sizeof(notified));
	scheds[0] = &boot;
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		comes[cpu] = true;
		refused[cpu] = false;
	}
	blocks_taken = stacks_taken = warned = cpu_now = 0;
	blocks_limit = CPUS;
	stacks_limit = 2 * CPUS;
	online = 1;
	atomic_store(&stopped, 0);
	adopted = NULL;
	machine.irq_masked = false;
	own_part = STATUS_OK;
	machine.relax = comes_late;
	machine.wait = keeps_still;
}

static void every_cpu_that_comes_is_counted(void)
{
	begin();
	smp_start();
	CU_ASSERT_EQUAL(smp_online(), CPUS);
	CU_ASSERT_EQUAL(warned, 0);
	CU_ASSERT_EQUAL(blocks_taken, CPUS - 1);
	CU_ASSERT_EQUAL(stacks_taken, 2 * (CPUS - 1));
}

/* What becomes of CPU 1 when it comes: 1 that it runs fibers, 2 that it sleeps. */
static int comes_now(void)
{
	int found = setjmp(runs);

	if (found == 0)
		secondary_main(blocks[0]);
	return found;
}

static void a_cpu_that_comes_runs_its_own_fibers(void)
{
	begin();
	smp_start();
	CU_ASSERT_EQUAL(comes_now(), 1);
	CU_ASSERT_PTR_EQUAL(adopted, &((struct secondary *)(void *)blocks[0])->sched);
}

static void a_cpu_that_nobody_waits_for_keeps_still(void)
{
	begin();
	comes[1] = false;
	smp_start();
	CU_ASSERT_EQUAL(smp_online(), CPUS - 1);
	CU_ASSERT_EQUAL(comes_now(), 2);
	CU_ASSERT_PTR_NULL(adopted);
}

static void a_cpu_whose_own_part_is_missing_is_waited_for_no_longer(void)
{
	begin();
	own_part = STATUS_ENODEV;
	smp_start();
	CU_ASSERT_EQUAL(comes_now(), 2);
	CU_ASSERT_PTR_NULL(adopted);
	CU_ASSERT_EQUAL(((struct secondary *)(void *)blocks[0])->begun, 0);
}

static void those_that_do_not_come_are_told_and_the_others_started(void)
{
	begin();
	refused[1] = true;
	comes[4] = false;
	smp_start();
	CU_ASSERT_EQUAL(smp_online(), 3);
	CU_ASSERT_EQUAL(warned, 2);
	CU_ASSERT_STRING_EQUAL(warning, "cpu 4 does not run: it did not come in time");
	begin();
	refused[4] = true;
	smp_start();
	CU_ASSERT_STRING_EQUAL(warning, "cpu 4 does not run: the firmware refused");
	for (unsigned stacks = 0; stacks < 3; stacks++) {
		begin();
		blocks_limit = stacks < 2;
		stacks_limit = stacks;
		smp_start();
		CU_ASSERT_EQUAL(smp_online(), 1);
		CU_ASSERT_EQUAL(warned, 4);
		CU_ASSERT_STRING_EQUAL(warning, "cpu 4 does not run: no memory");
	}
}

static void stopping_notifies_every_other_cpu_that_runs(void)
{
	begin();
	comes[2] = false;
	smp_start();
	cpu_now = 3;
	smp_notified(); /* nothing is stopped yet */
	CU_ASSERT_FALSE(machine.irq_masked);
	smp_stop_others();
	CU_ASSERT_EQUAL(stopped, 1);
	CU_ASSERT(notified[0] == 1 && notified[1] == 1 && notified[2] == 0 && notified[3] == 0 && notified[4] == 1);
}

static const struct unit_case cases[] = {
	UNIT_CASE(every_cpu_that_comes_is_counted),
	UNIT_CASE(a_cpu_that_comes_runs_its_own_fibers),
	UNIT_CASE(a_cpu_that_nobody_waits_for_keeps_still),
	UNIT_CASE(a_cpu_whose_own_part_is_missing_is_waited_for_no_longer),
	UNIT_CASE(those_that_do_not_come_are_told_and_the_others_started),
	UNIT_CASE(stopping_notifies_every_other_cpu_that_runs),
};

UNIT_MAIN("kernel/core/smp", cases)
