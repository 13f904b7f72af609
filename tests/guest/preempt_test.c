// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A process that never calls: the kernel takes the CPU from it, for a timer's sake and for other fibers'. */
#include "hal/contract/timer.h"
#include "kernel/core/exit_status.h"
#include "kernel/core/fiber.h"
#include "kernel/core/page.h"
#include "kernel/core/kheap.h"
#include "kernel/sys/layout.h"
#include "kernel/sys/process.h"
#include "tests/guest/guest.h"

enum { MS = 1000000, YIELDS = 5, MEMORY_BYTES = 64 * 1024, SIGNAL_KILL = 9, CODE_VA = 0x400000 };

static struct process *spinner(void)
{
	struct process *process;
	void *page;

	if (process_create("spinner", MEMORY_BYTES, &process) != STATUS_OK)
		return NULL;
	if (process_map(process, CODE_VA, HAL_USER_READ | HAL_USER_EXEC, &page) != STATUS_OK) {
		process_destroy(process);
		return NULL;
	}
	*(uint32_t *)page = 0x14000000; /* b . */
	hal_page_publish_code(page);
	process->user.pc = CODE_VA;
	return process;
}

/* Takes effect at the process's next interrupt, which the end of its slice is. */
static const char *end_and_destroy(struct process *process)
{
	process_fault(process, "asked to end", SIGNAL_KILL, 0);
	GUEST_CHECK(process_wait(process) == EXIT_STATUS_FAULT + SIGNAL_KILL);
	process_destroy(process);
	return NULL;
}

static const char *a_spinning_process_keeps_no_timer_waiting(void)
{
	static struct wait_queue never = WAIT_QUEUE_INIT(never);
	struct process *process = spinner();
	uint64_t deadline;

	GUEST_CHECK(process != NULL && process_start(process) == STATUS_OK);
	deadline = hal_timer_now_ns() + 3 * MS;
	GUEST_CHECK(wait_queue_sleep(&never, deadline) == STATUS_ETIMEDOUT);
	GUEST_CHECK(hal_timer_now_ns() >= deadline);
	GUEST_CHECK(process->end == PROCESS_RUNS);
	return end_and_destroy(process);
}

static const char *spinning_processes_share_the_cpu(void)
{
	struct process *processes[2] = { spinner(), spinner() };

	for (unsigned i = 0; i < 2; i++)
		GUEST_CHECK(processes[i] != NULL && process_start(processes[i]) == STATUS_OK);
	/* Each yield comes back, after a slice of either. */
	for (unsigned i = 0; i < YIELDS; i++) {
		uint64_t begin = hal_timer_now_ns();

		fiber_yield();
		GUEST_CHECK(hal_timer_now_ns() - begin >= 4 * MS);
	}
	for (unsigned i = 0; i < 2; i++) {
		const char *why = end_and_destroy(processes[i]);

		if (why != NULL)
			return why;
	}
	return NULL;
}

static const struct guest_test tests[] = {
	{ "a_spinning_process_keeps_no_timer_waiting", a_spinning_process_keeps_no_timer_waiting },
	{ "spinning_processes_share_the_cpu", spinning_processes_share_the_cpu },
};

const struct guest_table preempt_tests = { tests, sizeof(tests) / sizeof(tests[0]) };
