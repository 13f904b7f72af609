// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/cpu_time.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/clock.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/thread.h"

enum { TICK_NS = 10000000 /* of times(2): AT_CLKTCK is 100 */ };
enum { RUSAGE_CHILDREN = -1, RUSAGE_SELF = 0, RUSAGE_THREAD = 1 };

struct usage { /* struct rusage */
	struct linux_timeval user, system;
	uint64_t others[14];
};

static_assert(sizeof(struct usage) == 144, "linux/resource.h");

static uint64_t now(const struct linux_cpu_time *time)
{
	uint64_t since_ns = atomic_load_explicit(&time->since_ns, memory_order_relaxed);
	uint64_t used_ns = atomic_load_explicit(&time->used_ns, memory_order_relaxed);

	return since_ns != 0 ? used_ns + hal_timer_now_ns() - since_ns : used_ns;
}

uint64_t linux_cpu_time_thread(const struct thread *thread)
{
	return now(&thread->personality->cpu_time);
}

uint64_t linux_cpu_time_process(struct process *process)
{
	uint64_t sum_ns;

	spinlock_take(&process->lock);
	sum_ns = process->personality->cpu_ns;
	for (struct list_node *node = process->threads.next; node != &process->threads; node = node->next)
		sum_ns += linux_cpu_time_thread(LIST_OWNER(node, struct thread, of_process));
	spinlock_give(&process->lock);
	return sum_ns;
}

void linux_cpu_time_end(struct thread *thread)
{
	struct linux_cpu_time *time = &thread->personality->cpu_time;
	struct process *process = thread->process;

	linux_cpu_time_pause(time);
	spinlock_take(&process->lock);
	process->personality->cpu_ns += atomic_exchange_explicit(&time->used_ns, 0, memory_order_relaxed);
	spinlock_give(&process->lock);
}

status_t linux_usage_out(struct thread *thread, uint64_t va, uint64_t cpu_ns)
{
	const struct usage usage = { .user = linux_timeval_of(cpu_ns) };

	return linux_copy_out(thread, va, &usage, sizeof(usage));
}

static uint64_t children_ns(const struct thread *thread)
{
	uint64_t ns;

	spinlock_take(&linux_family_lock);
	ns = linux_process_of(thread)->family->children_cpu_ns;
	spinlock_give(&linux_family_lock);
	return ns;
}

static int64_t call_getrusage(struct thread *thread, const uint64_t x[6])
{
	switch ((int)x[0]) {
	case RUSAGE_SELF:
		return linux_usage_out(thread, x[1], linux_cpu_time_process(thread->process));
	case RUSAGE_THREAD:
		return linux_usage_out(thread, x[1], linux_cpu_time_thread(thread));
	case RUSAGE_CHILDREN:
		return linux_usage_out(thread, x[1], children_ns(thread));
	default:
		return STATUS_EINVAL;
	}
}

static int64_t call_times(struct thread *thread, const uint64_t x[6])
{
	const uint64_t times[4] = { linux_cpu_time_process(thread->process) / TICK_NS, 0, children_ns(thread) / TICK_NS, 0 };
	status_t status = x[0] != 0 ? linux_copy_out(thread, x[0], times, sizeof(times)) : STATUS_OK;

	return status == STATUS_OK ? (int64_t)(hal_timer_now_ns() / TICK_NS) : status;
}

const struct linux_call linux_calls_cpu_time[] = {
	{ 153, 1, "times", call_times },
	{ 165, 2, "getrusage", call_getrusage },
	{ 0 },
};
