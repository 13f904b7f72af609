// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Barriers that one thread has all others pass, who then need none on their own way. Every CPU is asked, whatever runs there: to know where a process's threads
 * are would cost each switch more. What is at EL0 is interrupted, and goes on by ERET, which synchronizes the context, too.
 *
 * Spec: membarrier(2); Linux include/uapi/linux/membarrier.h
 */
#include <stdatomic.h>
#include <stddef.h>

#include "hal/contract/smp.h"
#include "kernel/core/message.h"
#include "kernel/core/sched.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/thread.h"

enum {
	QUERY = 0, GLOBAL = 1, GLOBAL_EXPEDITED = 2, REGISTER_GLOBAL_EXPEDITED = 4, PRIVATE_EXPEDITED = 8, REGISTER_PRIVATE_EXPEDITED = 16,
	PRIVATE_SYNC_CORE = 32, REGISTER_PRIVATE_SYNC_CORE = 64, OFFERED = 127,
};

static void pass(void *arg)
{
	(void)arg;
	atomic_thread_fence(memory_order_seq_cst); /* pairs with the one of each other CPU */
}

static int64_t all_pass(void)
{
	pass(NULL);
	for (unsigned cpu = 0; cpu < hal_cpu_count(); cpu++)
		if (sched_of(cpu) != NULL)
			message_call(cpu, pass, NULL);
	pass(NULL);
	return 0;
}

static int64_t call_membarrier(struct thread *thread, const uint64_t x[6])
{
	struct linux_mm *mm = &linux_process_of(thread)->mm;
	uint32_t command = (uint32_t)x[0];

	if ((uint32_t)x[1] != 0)
		return STATUS_EINVAL;
	switch (command) {
	case QUERY:
		return OFFERED;
	case REGISTER_GLOBAL_EXPEDITED:
		return 0;
	case REGISTER_PRIVATE_EXPEDITED:
	case REGISTER_PRIVATE_SYNC_CORE:
		spinlock_take(&mm->lock);
		mm->barriers |= command;
		spinlock_give(&mm->lock);
		return 0;
	case PRIVATE_EXPEDITED:
	case PRIVATE_SYNC_CORE:
		return mm->barriers & command << 1 ? all_pass() : STATUS_EPERM;
	case GLOBAL:
	case GLOBAL_EXPEDITED:
		return all_pass();
	default:
		return STATUS_EINVAL;
	}
}

const struct linux_call linux_calls_membarrier[] = {
	{ 283, 2, "membarrier", call_membarrier },
	{ 0 },
};
