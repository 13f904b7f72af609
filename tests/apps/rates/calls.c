// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "tests/apps/rates/rates.h"

#include <capos/capos.h>
#include <capos/process.h>
#include <capos/thread.h>

enum { CALLS = 1000, SPAWNS = 20, WARM_UP = 3 };

int rate_calls(void)
{
	capos_cap_t ring = capos_capset_get("ring");
	struct capos_mutex mutex = CAPOS_MUTEX_INIT;
	uint64_t begin;

	for (unsigned i = 0; i < WARM_UP; i++)
		if (capos_ring_nop(ring) != 0)
			return 1;
	begin = now_ns();
	for (unsigned i = 0; i < CALLS; i++)
		(void)capos_ring_nop(ring);
	(void)capos_print("call %llu", (unsigned long long)((now_ns() - begin) / CALLS));
	begin = now_ns();
	for (unsigned i = 0; i < CALLS; i++) {
		capos_mutex_lock(&mutex);
		capos_mutex_unlock(&mutex);
	}
	(void)capos_print("mutex %llu", (unsigned long long)((now_ns() - begin) / CALLS));
	return 0;
}

/* Of a small program: it does nothing, and is waited for. */
int rate_spawn(void)
{
	static const char *const args[] = { "end", NULL };
	const struct capos_program program = { .exec = "rates", .name = "child", .args = args, .memory_bytes = 256 << 10,
					       .stack_bytes = 16384 };
	uint64_t spent = 0;
	uint64_t lived = 0;

	for (unsigned i = 0; i < SPAWNS + WARM_UP; i++) {
		struct capos_process_wait_result end;
		uint64_t begin = now_ns();
		capos_cap_t process;

		if (capos_process_start(capos_capset_get("processes"), &program, NULL, 0, &process) < 0)
			return 1;
		spent += i < WARM_UP ? 0 : now_ns() - begin;
		if (capos_process_wait(process, &end, 0) != 0 || end.code != 0)
			return 2;
		lived += i < WARM_UP ? 0 : now_ns() - begin;
		(void)capos_capset_drop(capos_capset_get("capset"), process);
	}
	(void)capos_print("spawn %llu", (unsigned long long)(spent / SPAWNS));
	(void)capos_print("spawn-and-end %llu", (unsigned long long)(lived / SPAWNS));
	return 0;
}
