// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/process.h"

#include <stddef.h>

#include "kernel/core/libc.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/thread.h"

enum { RLIMIT_STACK = 3, STACK_BYTES = 0x800000 /* as Linux's default */ };

static int64_t call_exit_group(struct thread *thread, const uint64_t x[6])
{
	process_exit(thread->process, x[0] & 0xff);
	return LINUX_NO_RESULT;
}

const struct linux_call linux_calls_end[] = {
	{ 94, 1, "exit_group", call_exit_group },
	{ 0 },
};

status_t linux_process_attach(struct process *process)
{
	struct linux_process *personality = calloc(1, sizeof(*personality));

	if (personality == NULL)
		return STATUS_ENOMEM;
	for (unsigned i = 0; i < sizeof(personality->rlimits) / sizeof(personality->rlimits[0]); i++)
		personality->rlimits[i][0] = personality->rlimits[i][1] = UINT64_MAX;
	personality->rlimits[RLIMIT_STACK][0] = STACK_BYTES;
	linux_mm_init(&personality->mm);
	linux_calls_init();
	personality->process = process;
	process->personality = personality;
	return STATUS_OK;
}

void linux_process_detach(struct process *process)
{
	linux_mm_clear(process);
	free(process->personality);
	process->personality = NULL;
}
