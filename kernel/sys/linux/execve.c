// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * execve: all that can fail is done before anything of the old program goes. Then its other threads end, its memory goes, and there is no way back.
 *
 * Spec: execve(2), execveat(2)
 */
#include <assert.h>
#include <stddef.h>

#include "kernel/core/libc.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/exec.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/futex.h"
#include "kernel/sys/linux/load.h"
#include "kernel/sys/linux/path.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/proven.h"
#include "kernel/sys/linux/script.h"
#include "kernel/sys/linux/stack.h"
#include "kernel/sys/linux/threads.h"
#include "kernel/sys/thread.h"
#include "lib/string.h"

enum { SCRIPTS_MAX = 5, STRING_STEP = 256, STRING_GROWTH = 8, SIGNAL_KILL = 9 };

static_assert(LINUX_STRING_MAX == STRING_STEP * STRING_GROWTH * STRING_GROWTH * STRING_GROWTH, "the longest is looked for last");

/* From the heap: paths are long. */
struct exec {
	struct thread *thread;
	struct linux_strings strings;
	struct linux_program program;
	struct linux_script script;
	char path[LINUX_PATH_MAX];  /* as it was called */
	char own[LINUX_PATH_MAX];   /* the program's */
	uint8_t head[LINUX_SCRIPT_HEAD];
};

/* A string of the program's, behind the others. */
static status_t string_copy(struct exec *exec, uint64_t va)
{
	struct linux_strings *strings = &exec->strings;
	int64_t bytes = STATUS_ENAMETOOLONG;

	for (size_t step = STRING_STEP; bytes == STATUS_ENAMETOOLONG && step <= LINUX_STRING_MAX; step *= STRING_GROWTH) {
		status_t status = linux_strings_reserve(strings, step);

		if (status != STATUS_OK)
			return status;
		bytes = linux_copy_string(exec->thread, strings->memory + strings->bytes, va, step);
	}
	if (bytes < 0)
		return bytes == STATUS_ENAMETOOLONG ? STATUS_E2BIG : (status_t)bytes;
	strings->bytes += (size_t)bytes + 1;
	return STATUS_OK;
}

static status_t strings_copy(struct exec *exec, uint64_t va, uint32_t *count)
{
	status_t status = STATUS_OK;
	uint64_t string = 0;

	for (*count = 0; va != 0; va += sizeof(string), (*count)++) {
		if (*count == LINUX_STRINGS_MAX / sizeof(string))
			return STATUS_E2BIG; /* the pointers take room too */
		status = linux_copy_in(exec->thread, &string, va, sizeof(string));
		if (status != STATUS_OK || string == 0)
			return status;
		status = string_copy(exec, string);
		if (status != STATUS_OK)
			return status;
	}
	return status;
}

static int64_t head_read(struct exec *exec)
{
	struct linux_file *file = exec->program.main.file;
	struct linux_data data;

	memset(&data, 0, sizeof(data));
	linux_data_kernel(&data, exec->head, sizeof(exec->head));
	return file->ops->read != NULL ? file->ops->read(file, &data, 0) : STATUS_EACCES;
}

/* The interpreter is started with its argument, the script's path, and the script's arguments but the first. */
static status_t script_follow(struct exec *exec, struct span head)
{
	status_t status = linux_script_parse(head, &exec->script);

	if (status != STATUS_OK)
		return status;
	if (exec->strings.argc > 0)
		linux_strings_drop_first(&exec->strings);
	status = linux_strings_add_first(&exec->strings, exec->own);
	if (status == STATUS_OK && exec->script.argument[0] != '\0')
		status = linux_strings_add_first(&exec->strings, exec->script.argument);
	if (status == STATUS_OK)
		status = linux_strings_add_first(&exec->strings, exec->script.interpreter);
	linux_program_put(&exec->program);
	if (status != STATUS_OK)
		return status;
	strcpy(exec->own, exec->script.interpreter);
	return linux_open_program(exec->thread->process, LINUX_AT_FDCWD, exec->script.interpreter, 0, &exec->program.main.file);
}

/* What is open becomes what is run: `own` is its path then. */
static status_t program_find(struct exec *exec)
{
	for (unsigned i = 0; i <= SCRIPTS_MAX; i++) {
		struct linux_image *image = &exec->program.main;
		int64_t bytes = head_read(exec);
		status_t status;

		if (bytes < 0)
			return (status_t)bytes;
		if (!linux_script_is(span_of(exec->head, (size_t)bytes))) {
			/* Of text, which a shell runs by itself then, nothing is proven. */
			status = bytes < 4 || memcmp(exec->head, "\177ELF", 4) != 0 ? STATUS_ENOEXEC : linux_file_prove(image->file, &image->content);
			if (status == STATUS_OK)
				(void)linux_file_path(image->file, exec->own, sizeof(exec->own));
			return status == STATUS_OK ? linux_program_plan(exec->thread->process, &exec->program) : status;
		}
		status = script_follow(exec, span_of(exec->head, (size_t)bytes));
		if (status != STATUS_OK)
			return status;
	}
	return STATUS_ELOOP;
}

static status_t exec_prepare(struct exec *exec, int dirfd, const uint64_t va[3], unsigned at_flags)
{
	struct process *process = exec->thread->process;
	int64_t bytes = linux_copy_string(exec->thread, exec->path, va[0], sizeof(exec->path));
	status_t status;

	if (bytes < 0)
		return (status_t)bytes;
	status = linux_open_program(process, dirfd, exec->path, at_flags, &exec->program.main.file);
	if (status != STATUS_OK)
		return status;
	/* What an interpreter can open again: as it was called, if that says it. */
	if (dirfd == LINUX_AT_FDCWD || exec->path[0] == '/')
		strcpy(exec->own, exec->path);
	else
		(void)linux_file_path(exec->program.main.file, exec->own, sizeof(exec->own));
	status = strings_copy(exec, va[1], &exec->strings.argc);
	if (status == STATUS_OK)
		status = strings_copy(exec, va[2], &exec->strings.envc);
	if (status == STATUS_OK && exec->strings.argc == 0) /* programs rely on their name being there */
		status = linux_strings_add_first(&exec->strings, "");
	return status == STATUS_OK ? program_find(exec) : status;
}

/* There is nothing to go back to any more. */
static void exec_replace(struct exec *exec)
{
	static const struct hal_user_fault no_room = { .what = "its new program does not fit its memory", .signal = SIGNAL_KILL };
	struct thread *thread = exec->thread;

	linux_futex_robust_end(thread);
	linux_mm_clear(thread->process);
	linux_fds_close_on_exec(thread->process);
	if (linux_exec_enter(thread, &exec->program, &exec->strings, exec->own, exec->path) != STATUS_OK)
		process_end(thread->process, PROCESS_KILLED, 0, &no_room);
	linux_exec_settle(thread);
}

static int64_t exec_run(struct thread *thread, int dirfd, const uint64_t va[3], unsigned at_flags)
{
	struct exec *exec = calloc(1, sizeof(*exec));
	status_t status;

	if (exec == NULL)
		return STATUS_ENOMEM;
	exec->thread = thread;
	status = exec_prepare(exec, dirfd, va, at_flags);
	if (status == STATUS_OK)
		status = linux_threads_end_others(thread);
	if (status == STATUS_OK)
		exec_replace(exec);
	linux_program_put(&exec->program);
	linux_strings_free(&exec->strings);
	free(exec);
	return status == STATUS_OK || status == STATUS_ECANCELED ? LINUX_NO_RESULT : status;
}

static int64_t call_execve(struct thread *thread, const uint64_t x[6])
{
	return exec_run(thread, LINUX_AT_FDCWD, x, 0);
}

static int64_t call_execveat(struct thread *thread, const uint64_t x[6])
{
	if (x[4] & ~(uint64_t)(LINUX_AT_EMPTY_PATH | LINUX_AT_SYMLINK_NOFOLLOW))
		return STATUS_EINVAL;
	return exec_run(thread, (int)x[0], x + 1, (unsigned)x[4]);
}

const struct linux_call linux_calls_program[] = {
	{ 221, 3, "execve", call_execve },
	{ 281, 5, "execveat", call_execveat },
	{ 0 },
};
