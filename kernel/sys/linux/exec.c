// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/exec.h"

#include "kernel/core/libc.h"
#include "kernel/core/log.h"
#include "kernel/sys/linux/dentry.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/load.h"
#include "kernel/sys/linux/path.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/stack.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vdso.h"
#include "kernel/sys/linux/vfs.h"
#include "kernel/sys/linux/words.h"
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

/* As far as they fit. A script's threads are called as it is. */
static void names_set(struct thread *thread, const char *path, const char *name)
{
	struct linux_process *personality = linux_process_of(thread);
	const char *base = strrchr(name, '/');

	spinlock_take(&thread->process->lock);
	memset(personality->exe, 0, sizeof(personality->exe));
	memcpy(personality->exe, path, strnlen(path, sizeof(personality->exe) - 1));
	spinlock_give(&thread->process->lock);
	linux_comm_set(thread, base != NULL ? base + 1 : name);
}

/* Whether it is run as its owner, who is root. Spec: execve(2), as of a file system that is mounted nosuid where it does not say who runs its programs. */
static bool is_set_user(const struct linux_file *file)
{
	const struct linux_dentry *dentry = file != NULL ? linux_vfs_dentry(file) : NULL;
	struct fs_stat stat;

	return dentry != NULL && dentry->node->fs->ops->sets_user && dentry->node->fs->ops->stat(dentry->node, &stat) == STATUS_OK &&
	       (stat.permissions & FS_MODE_SETUID) != 0;
}

status_t linux_exec_enter(struct thread *thread, struct linux_program *program, const struct linux_strings *strings, const char *path,
			  const char *name)
{
	const struct linux_image *first = program->interpreter.content.len != 0 ? &program->interpreter : &program->main;
	status_t status = linux_program_map(thread->process, program);
	int64_t vdso_va;

	if (status != STATUS_OK)
		return status;
	vdso_va = linux_vdso_map(thread->process);
	if (vdso_va < 0)
		return (status_t)vdso_va;
	linux_identity_executed(thread, is_set_user(program->main.file));
	hal_user_retire(&thread->user);
	memset(&thread->user, 0, sizeof(thread->user));
	names_set(thread, path, name);
	linux_words_set(thread->process, strings);
	status = linux_stack_fill(thread, strings, name, program, (uint64_t)vdso_va);
	thread->user.pc = first->plan.entry_va;
	return status;
}

/* The file that the first program is in the bundle, where the process can see that: for its name in /proc/self/maps. */
static void file_find(struct process *process, const struct linux_start *start, struct linux_image *image)
{
	struct span content = span_of(NULL, 0);

	if (linux_open_program(process, LINUX_AT_FDCWD, start->path, 0, &image->file) != STATUS_OK) {
		image->file = NULL;
		return;
	}
	if (image->file->ops->map != NULL && image->file->ops->map(image->file, &content) == STATUS_OK && content.data == image->content.data)
		return;
	linux_file_put(image->file);
	image->file = NULL;
}

status_t linux_exec_first(struct thread *thread)
{
	const struct linux_start *start = thread->personality->start;
	struct linux_program program = { .main = { .content = start->file } };
	struct linux_strings strings = { .argc = start->argc, .envc = start->envc };
	status_t status = linux_strings_add(&strings, start->strings, start->strings_bytes);

	if (status == STATUS_OK) { /* a Linux program is called by its path */
		linux_strings_drop_first(&strings);
		status = linux_strings_add_first(&strings, start->path);
	}
	file_find(thread->process, start, &program.main);
	if (status == STATUS_OK)
		status = linux_program_plan(thread->process, &program);
	if (status == STATUS_OK)
		status = linux_exec_enter(thread, &program, &strings, start->path, start->path);
	if (status != STATUS_OK)
		log_line("proc: %s cannot be loaded: %s (error %d)", thread->process->name, program.why != NULL ? program.why : "it does not fit its memory",
			 status);
	linux_program_put(&program);
	linux_strings_free(&strings);
	linux_start_free(thread->personality->start);
	thread->personality->start = NULL;
	return status;
}
