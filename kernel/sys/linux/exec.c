// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/exec.h"

#include "kernel/core/entropy.h"
#include "kernel/core/libc.h"
#include "kernel/core/log.h"
#include "kernel/sys/layout.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/thread.h"
#include "lib/string.h"

struct linux_start *linux_start_make(struct span name, struct span file, uint32_t argc, uint32_t envc, struct span strings)
{
	struct linux_start *start;
	size_t ends = 0;

	for (size_t i = 0; i < strings.len; i++)
		ends += strings.data[i] == 0;
	if (ends != (size_t)argc + envc || name.len + 2 > sizeof(start->path))
		return NULL;
	start = calloc(1, sizeof(*start) + strings.len);
	if (start == NULL)
		return NULL;
	start->file = file;
	start->path[0] = '/';
	memcpy(start->path + 1, name.data, name.len);
	start->argc = argc;
	start->envc = envc;
	start->strings_bytes = strings.len;
	memcpy(start->strings, strings.data, strings.len);
	return start;
}

void linux_start_free(struct linux_start *start)
{
	free(start);
}

/* Words from the stack pointer upwards: argc, argv, 0, environment, 0, auxiliary vector. */
static status_t stack_fill(struct thread *thread, const struct linux_start *start)
{
	struct hal_space *space = &thread->process->space;
	uint64_t strings_va = (PROCESS_STACK_TOP - start->strings_bytes) & ~15ul;
	uint64_t words = 1 + start->argc + 1 + start->envc + 1 + 4;
	uint64_t at = (strings_va - words * 8) & ~15ul;
	uint64_t string = strings_va;
	uint64_t word = start->argc;
	uint64_t to = at;
	status_t status = hal_user_copy_out(space, strings_va, start->strings, start->strings_bytes);

	for (uint32_t i = 0; status == STATUS_OK && i <= start->argc + start->envc + 1; i++) {
		status = hal_user_copy_out(space, to, &word, 8);
		to += 8;
		word = string;
		if (i == start->argc)
			word = 0;
		else
			string += strlen(start->strings + (string - strings_va)) + 1;
	}
	thread->user.sp = at;
	return status;
}

status_t linux_exec_first(struct thread *thread)
{
	status_t status = stack_fill(thread, thread->personality->start);

	if (status != STATUS_OK)
		log_line("proc: %s cannot be loaded: its arguments do not fit its stack", thread->process->name);
	return status;
}
