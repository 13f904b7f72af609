// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What a system call costs: from EL0 to the kernel and back, empty, and with one submission and its completion. */
#include "hal/contract/timer.h"
#include "kernel/core/fiber.h"
#include "kernel/core/smp.h"
#include "kernel/payload/manifest.h"
#include "kernel/payload/start.h"
#include "kernel/sys/layout.h"
#include "kernel/sys/process.h"
#include "lib/string.h"
#include "tests/guest/guest.h"

enum { CALLS = 10000 /* as in bench_user.S */, MEMORY_BYTES = 256 * 1024, CODE_VA = 0x400000 };

extern const char bench_user_null[], bench_user_submit[], bench_user_war[], bench_user_end[];

/* A process that runs one of the programs of bench_user.S. */
static struct process *process_of(const char *entry)
{
	static struct manifest_process manifest = { .name = "bench" };
	struct process *process;
	void *page;

	if (process_create("bench", MEMORY_BYTES, &process) != STATUS_OK ||
	    process_map(process, CODE_VA, HAL_USER_READ | HAL_USER_EXEC, &page) != STATUS_OK)
		return NULL;
	memcpy(page, bench_user_null, (size_t)(bench_user_end - bench_user_null));
	hal_page_publish_code(page);
	if (process_map(process, PROCESS_STACK_TOP - HAL_PAGE_BYTES, HAL_USER_READ | HAL_USER_WRITE, &page) != STATUS_OK ||
	    start_fill(process, &manifest) != STATUS_OK)
		return NULL;
	process->user.pc = CODE_VA + (uint64_t)(entry - bench_user_null);
	process->user.sp = PROCESS_STACK_TOP;
	process->user.x[0] = PROCESS_START_VA;
	return process;
}

static void bench_program(const char *metric, const char *entry, enum governor_rule rule)
{
	struct process *process = process_of(entry);
	uint64_t begin;

	if (process == NULL)
		return;
	governor_init(&process->war.governor, rule, GOVERNOR_WAKE_NS, hal_timer_now_ns());
	if (process_start(process) != STATUS_OK)
		return;
	fiber_yield(); /* the console has written that it started, before the process runs */
	begin = hal_timer_now_ns();
	if (process_wait(process) == 0)
		bench_measured(metric, hal_timer_now_ns() - begin, CALLS);
	if (rule == GOVERNOR_ALWAYS_WAR) /* the first, which begins War, and exit: in War there is none */
		guest_perf("submission_war_exceptions", (process->calls - 2) * 10, "exceptions");
	process_destroy(process);
}

void bench_calls_run(void)
{
	bench_program("null_cap_enter", bench_user_null, GOVERNOR_ALWAYS_PEACE);
	bench_program("submission_peace", bench_user_submit, GOVERNOR_ALWAYS_PEACE);
	if (smp_online() > 1)
		bench_program("submission_war", bench_user_war, GOVERNOR_ALWAYS_WAR);
}
