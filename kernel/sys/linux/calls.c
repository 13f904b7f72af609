// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/calls.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "kernel/core/log.h"
#include "kernel/sys/linux/thread.h"
#include "lib/status.h"
#include "lib/string.h"

static const struct linux_call *const families[] = {
	linux_calls_clock,
	linux_calls_cpu_time,
	linux_calls_cwd,
	linux_calls_descriptors,
	linux_calls_end,
	linux_calls_epoll,
	linux_calls_epoll_wait,
	linux_calls_events,
	linux_calls_family,
	linux_calls_files,
	linux_calls_futex,
	linux_calls_identity,
	linux_calls_kill,
	linux_calls_list,
	linux_calls_locks,
	linux_calls_memory,
	linux_calls_mqueues,
	linux_calls_names,
	linux_calls_paths,
	linux_calls_pipes,
	linux_calls_poll,
	linux_calls_prctl,
	linux_calls_program,
	linux_calls_robust,
	linux_calls_signals,
	linux_calls_sockets,
	linux_calls_stat,
	linux_calls_threads,
	linux_calls_timers,
	linux_calls_transfer,
	linux_calls_unserved,
};

static const struct linux_call *table[LINUX_CALLS] __attribute__((section(".unzeroed"))); /* W: linux_calls_init() */
static _Atomic uint32_t asked_in_vain[(LINUX_CALLS + 31) / 32];

void linux_calls_init(void)
{
	memset(table, 0, sizeof(table));
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		for (const struct linux_call *call = families[i]; call->name != NULL; call++)
			if (table[call->number] == NULL) /* who serves it comes before who only knows it */
				table[call->number] = call;
}

/* Says so once a call, whoever asks. */
static __attribute__((noinline)) int64_t answer_unserved(const struct thread *thread, uint64_t number)
{
	const char *name = number < LINUX_CALLS && table[number] != NULL ? table[number]->name : "a call without a name here";

	if (number >= LINUX_CALLS ||
	    !(atomic_fetch_or_explicit(&asked_in_vain[number / 32], 1u << number % 32, memory_order_relaxed) & 1u << number % 32))
		log_print(LOG_LINUX, LOG_INFO, "process %u (%s): %s (%llu) is not there: ENOSYS", thread->process->number,
			  thread->process->name, name, (unsigned long long)number);
	return STATUS_ENOSYS;
}

static void trace(const struct thread *thread, const struct linux_call *call, const uint64_t x[6], int64_t result)
{
	if (call->arguments <= 3)
		log_print(LOG_LINUX, LOG_TRACE, "%u %s(0x%llx, 0x%llx, 0x%llx) = %lld", thread->process->number, call->name,
			  (unsigned long long)x[0], (unsigned long long)x[1], (unsigned long long)x[2], (long long)result);
	else
		log_print(LOG_LINUX, LOG_TRACE, "%u %s(0x%llx, 0x%llx, 0x%llx, 0x%llx, 0x%llx, 0x%llx) = %lld", thread->process->number,
			  call->name, (unsigned long long)x[0], (unsigned long long)x[1], (unsigned long long)x[2],
			  (unsigned long long)x[3], (unsigned long long)x[4], (unsigned long long)x[5], (long long)result);
}

/* A call that a signal without a handler has interrupted goes on where it was. */
static int64_t call_run(struct thread *thread, const struct linux_call *call)
{
	int64_t (*restart)(struct thread *thread) = thread->personality->restart;

	if (__builtin_expect(restart == NULL, 1))
		return call->run(thread, thread->user.x);
	thread->personality->restart = NULL;
	return restart(thread);
}

int64_t linux_call(struct thread *thread)
{
	struct hal_user *user = &thread->user;
	uint64_t number = user->x[8];
	const struct linux_call *call = number < LINUX_CALLS ? table[number] : NULL;
	bool traced = log_passes(LOG_LINUX, LOG_TRACE);
	uint64_t first = user->x[0];
	int64_t result;

	thread->calls++;
	if (call == NULL || call->run == NULL)
		result = answer_unserved(thread, number);
	else
		result = call_run(thread, call);
	if (traced && call != NULL) {
		const uint64_t x[6] = { first, user->x[1], user->x[2], user->x[3], user->x[4], user->x[5] };

		trace(thread, call, x, result);
	}
	if (result == LINUX_NO_RESULT || result == LINUX_RESTART || result == LINUX_RESTART_NO_HANDLER)
		return result;
	user->x[0] = (uint64_t)result;
	return 0;
}

void linux_calls_report(void)
{
	for (unsigned i = 0; i < LINUX_CALLS; i++)
		if (atomic_load_explicit(&asked_in_vain[i / 32], memory_order_relaxed) & 1u << i % 32)
			log_print(LOG_LINUX, LOG_INFO, "not there: %s (%u)", table[i] != NULL ? table[i]->name : "a call without a name here", i);
}
