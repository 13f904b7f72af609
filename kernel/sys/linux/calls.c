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
	linux_calls_attributes,
	linux_calls_capabilities,
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
	linux_calls_inotify,
	linux_calls_kill,
	linux_calls_list,
	linux_calls_locks,
	linux_calls_machine,
	linux_calls_memfd,
	linux_calls_membarrier,
	linux_calls_memory,
	linux_calls_mqueues,
	linux_calls_msg,
	linux_calls_names,
	linux_calls_owners,
	linux_calls_paths,
	linux_calls_pidfd,
	linux_calls_pipes,
	linux_calls_poll,
	linux_calls_prctl,
	linux_calls_program,
	linux_calls_rename,
	linux_calls_robust,
	linux_calls_scheduling,
	linux_calls_sem,
	linux_calls_shm,
	linux_calls_signalfd,
	linux_calls_signals,
	linux_calls_sockets,
	linux_calls_splice,
	linux_calls_stat,
	linux_calls_storage,
	linux_calls_threads,
	linux_calls_timers,
	linux_calls_transfer,
	linux_calls_unserved,
};

/* W: linux_calls_init(), both. What is carried out stands apart: one look, never NULL. */
static const struct linux_call *table[LINUX_CALLS] __attribute__((section(".unzeroed")));
static linux_call_run *runs[LINUX_CALLS] __attribute__((section(".unzeroed")));
static _Atomic uint32_t asked_in_vain[(LINUX_CALLS + 31) / 32];

/* Says so once a call, whoever asks. */
static int64_t answer_unserved(struct thread *thread, const uint64_t x[6])
{
	uint64_t number = thread->user.x[8];
	const char *name = number < LINUX_CALLS && table[number] != NULL ? table[number]->name : "a call without a name here";

	(void)x;
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

/* What runs in a call's stead under log=linux:trace. */
static int64_t call_traced(struct thread *thread, const uint64_t x[6])
{
	const struct linux_call *call = table[thread->user.x[8]];
	const uint64_t before[6] = { x[0], x[1], x[2], x[3], x[4], x[5] };
	int64_t result = (call->run != NULL ? call->run : answer_unserved)(thread, x);

	trace(thread, call, before, result);
	return result;
}

static void call_init(const struct linux_call *call, bool traced)
{
	table[call->number] = call;
	if (traced || call->run != NULL)
		runs[call->number] = traced ? call_traced : call->run;
}

void linux_calls_init(void)
{
	memset(table, 0, sizeof(table));
	for (unsigned i = 0; i < LINUX_CALLS; i++)
		runs[i] = answer_unserved;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		for (const struct linux_call *call = families[i]; call->name != NULL; call++)
			call_init(call, log_passes(LOG_LINUX, LOG_TRACE));
}

/* One that was interrupted by a signal without a handler goes on where it was. */
static __attribute__((noinline)) int64_t call_again(struct thread *thread)
{
	int64_t (*restart)(struct thread *thread) = thread->personality->restart;

	thread->personality->restart = NULL;
	return restart(thread);
}

int64_t linux_call(struct thread *thread)
{
	uint64_t number = thread->user.x[8];
	int64_t result;

	thread->calls++;
	if (__builtin_expect(thread->personality->restart != NULL, 0))
		result = call_again(thread);
	else if (__builtin_expect(number < LINUX_CALLS, 1))
		result = runs[number](thread, thread->user.x);
	else
		result = answer_unserved(thread, thread->user.x);
	if (__builtin_expect(result <= LINUX_RESTART, 0))
		return result; /* no errno is as low */
	thread->user.x[0] = (uint64_t)result;
	return 0;
}

void linux_calls_report(void)
{
	for (unsigned i = 0; i < LINUX_CALLS; i++)
		if (atomic_load_explicit(&asked_in_vain[i / 32], memory_order_relaxed) & 1u << i % 32)
			log_print(LOG_LINUX, LOG_INFO, "not there: %s (%u)", table[i] != NULL ? table[i]->name : "a call without a name here", i);
}
