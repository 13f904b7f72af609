// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Pipes are made, with both their ends. Spec: pipe(2) */
#include "kernel/core/libc.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/pipe.h"
#include "kernel/sys/linux/subject.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/process.h"

enum { BYTES = sizeof(struct pipe) + LINUX_PIPE_PAGES * sizeof(uint64_t) };

struct pipe *linux_pipe_make(struct budget *budget)
{
	struct pipe *pipe;

	if (!linux_charge(budget, BYTES))
		return NULL;
	pipe = calloc(1, sizeof(*pipe));
	if (pipe != NULL)
		pipe->pages = calloc(LINUX_PIPE_PAGES, sizeof(*pipe->pages));
	if (pipe == NULL || pipe->pages == NULL) {
		free(pipe);
		budget_credit_bytes(budget, BYTES);
		return NULL;
	}
	pipe->page_count = LINUX_PIPE_PAGES;
	budget_hold(budget);
	pipe->budget = budget;
	list_init(&pipe->named);
	pipe->id = linux_anonymous_id();
	atomic_init(&pipe->holds, 1);
	linux_event_init(&pipe->event);
	return pipe;
}

/* Two open files for a new pipe. */
static status_t ends_make(struct thread *thread, uint32_t flags, struct linux_file *files[2])
{
	const struct linux_subject who = linux_subject_of(thread);
	struct pipe *pipe = linux_pipe_make(thread->process->budget);
	uint64_t others;

	if (pipe == NULL)
		return STATUS_ENOMEM;
	pipe->owner = (struct linux_owner){ who.user, who.group };
	files[0] = linux_pipe_end_make(pipe, flags, NULL, &others);
	files[1] = files[0] != NULL ? linux_pipe_end_make(pipe, flags | LINUX_O_WRONLY, NULL, &others) : NULL;
	if (files[0] != NULL && files[1] == NULL)
		linux_file_put(files[0]);
	linux_pipe_put(pipe);
	return files[1] != NULL ? STATUS_OK : STATUS_ENOMEM;
}

static int64_t call_pipe2(struct thread *thread, const uint64_t x[6])
{
	struct linux_file *files[2];
	bool close = (x[1] & LINUX_O_CLOEXEC) != 0;
	int32_t fds[2];
	int64_t fd;

	if ((x[1] & ~(uint64_t)(LINUX_O_CLOEXEC | LINUX_O_NONBLOCK)) != 0)
		return STATUS_EINVAL;
	if (ends_make(thread, (uint32_t)x[1] & LINUX_O_NONBLOCK, files) != STATUS_OK)
		return STATUS_ENOMEM;
	fd = linux_fd_add(thread->process, files[0], 0, close);
	if (fd < 0) {
		linux_file_put(files[1]);
		return fd;
	}
	fds[0] = (int32_t)fd;
	fd = linux_fd_add(thread->process, files[1], 0, close);
	fds[1] = (int32_t)fd;
	if (fd >= 0 && linux_copy_out(thread, x[0], fds, sizeof(fds)) != STATUS_OK) {
		(void)linux_fd_close(thread->process, fds[1]);
		fd = STATUS_EFAULT;
	}
	if (fd < 0)
		(void)linux_fd_close(thread->process, fds[0]);
	return fd < 0 ? fd : STATUS_OK;
}

const struct linux_call linux_calls_pipes[] = {
	{ 59, 2, "pipe2", call_pipe2 },
	{ 0 },
};
