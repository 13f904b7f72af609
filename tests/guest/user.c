// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "tests/guest/user.h"

#include "hal/contract/smp.h"
#include "kernel/payload/start.h"
#include "kernel/sys/layout.h"
#include "kernel/sys/memory.h"
#include "lib/string.h"

static status_t memory_fill(struct process *process, const void *code, size_t bytes)
{
	static const char name[] = "user";
	struct start start;
	void *page;
	status_t status = process_map(process, USER_CODE_VA, HAL_USER_READ | HAL_USER_EXEC, &page);

	if (status != STATUS_OK)
		return status;
	memcpy(page, code, bytes);
	hal_page_publish_code(page);
	status = process_map(process, PROCESS_STACK_TOP - HAL_PAGE_BYTES, HAL_USER_READ | HAL_USER_WRITE, &page);
	return status == STATUS_OK ? start_begin(process, 1, 0, span_of(name, sizeof(name)), &start) : status;
}

status_t user_make(const void *code, size_t bytes, const void *entry, struct user *out)
{
	const struct thread_options options = {
		.pc = USER_CODE_VA + (uint64_t)((const char *)entry - (const char *)code),
		.sp = PROCESS_STACK_TOP,
		.x = { PROCESS_START_VA },
		.cpu = hal_cpu_index(),
		.is_main = true,
	};
	status_t status = process_create("user", NULL, USER_MEMORY_BYTES, &out->process);

	if (status != STATUS_OK)
		return status;
	status = memory_fill(out->process, code, bytes);
	if (status == STATUS_OK)
		status = thread_create(out->process, &options, &out->thread);
	if (status != STATUS_OK)
		process_abandon(out->process);
	return status;
}

int user_finish(struct user *user)
{
	int status = process_wait(user->process);

	object_put(&user->thread->object);
	object_put(&user->process->object);
	object_settle();
	return status;
}
