// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/process.h"

#include <stddef.h>

#include "hal/contract/timer.h"
#include "kernel/core/libc.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/clock.h"
#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/futex.h"
#include "kernel/sys/linux/sem.h"
#include "kernel/sys/linux/socket.h"
#include "kernel/sys/linux/vfork.h"
#include "kernel/sys/linux/words.h"
#include "kernel/sys/thread.h"

enum { STACK_BYTES = 0x800000 /* as Linux's default */ };

/* It and its place in the family. */
#define KEPT_BYTES (sizeof(struct linux_process) + sizeof(struct linux_family))

static int64_t call_exit_group(struct thread *thread, const uint64_t x[6])
{
	linux_vfork_tell(thread);
	process_exit(thread->process, x[0] & 0xff);
	return LINUX_NO_RESULT;
}

const struct linux_call linux_calls_end[] = {
	{ 94, 1, "exit_group", call_exit_group },
	{ 0 },
};

/* What need not be there before a Linux program is. Context: whoever makes the first one, of the boot CPU: no other can be under way. */
static void begin_once(void)
{
	static bool begun;

	if (begun)
		return;
	begun = true;
	linux_calls_init();
	linux_futex_init();
	linux_clock_init();
}

status_t linux_process_attach(struct process *process, struct process *parent, int exit_signal)
{
	struct linux_process *personality;

	if (!process_pay(process, KEPT_BYTES))
		return STATUS_ENOMEM;
	personality = calloc(1, sizeof(*personality));
	if (personality == NULL) {
		process_pay_back(process, KEPT_BYTES);
		return STATUS_ENOMEM;
	}
	for (unsigned i = 0; i < sizeof(personality->rlimits) / sizeof(personality->rlimits[0]); i++)
		personality->rlimits[i][0] = personality->rlimits[i][1] = UINT64_MAX;
	personality->rlimits[LINUX_RLIMIT_STACK][0] = STACK_BYTES;
	personality->rlimits[LINUX_RLIMIT_NOFILE][0] = LINUX_FDS_SOFT;
	personality->rlimits[LINUX_RLIMIT_NOFILE][1] = LINUX_FDS_MAX;
	personality->rlimits[LINUX_RLIMIT_SIGPENDING][0] = personality->rlimits[LINUX_RLIMIT_SIGPENDING][1] = LINUX_SIGNALS_QUEUED_MAX;
	linux_mm_init(&personality->mm);
	begin_once();
	linux_handlers_init(&personality->handlers);
	linux_timers_init(&personality->timers);
	personality->process = process;
	personality->began_ns = hal_timer_now_ns();
	process->personality = personality;
	capset_hide_numbers(&process->capset); /* it knows the descriptors alone */
	return linux_family_enter(process, parent, exit_signal);
}

void linux_process_detach(struct process *process)
{
	struct linux_process *personality = process->personality;

	linux_sem_exited(process);
	linux_fds_close_all(process);
	linux_unix_collect();
	linux_words_forget(process);
	linux_timers_end(process);
	linux_mm_clear(process);
	linux_handlers_free(&personality->handlers);
	if (!process->started && personality->family != NULL)
		linux_family_abandon(process);
}

void linux_process_free(struct linux_process *personality)
{
	linux_vfork_free(personality->process);
	process_pay_back(personality->process, KEPT_BYTES);
	free(personality->family);
	free(personality);
}
