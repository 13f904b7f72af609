// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Descriptors themselves: copied, closed, and their flags. */
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/locks.h"
#include "kernel/sys/linux/memfd.h"
#include "kernel/sys/linux/pipe.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"

/* asm-generic/fcntl.h, linux/fcntl.h */
enum {
	F_DUPFD = 0, F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4, F_GETLK = 5, F_SETLK = 6, F_SETLKW = 7, F_SETOWN = 8, F_GETOWN = 9, F_OFD_GETLK = 36,
	F_OFD_SETLKW = 38, F_DUPFD_CLOEXEC = 1030, F_SETPIPE_SZ = 1031, F_GETPIPE_SZ = 1032, F_ADD_SEALS = 1033, F_GET_SEALS = 1034, FD_CLOEXEC = 1,
};
enum { CLOSE_RANGE_UNSHARE = 2, CLOSE_RANGE_CLOEXEC = 4 };
/* asm-generic/ioctls.h */
enum { FIONBIO = 0x5421, FIONCLEX = 0x5450, FIOCLEX = 0x5451, FIOASYNC = 0x5452 };

#define SETTABLE_FLAGS ((uint32_t)(LINUX_O_APPEND | LINUX_O_NONBLOCK | LINUX_O_ASYNC | LINUX_O_DIRECT | LINUX_O_NOATIME))

static int64_t call_dup(struct thread *thread, const uint64_t x[6])
{
	return linux_fd_dup(thread->process, (int)x[0], 0, false);
}

static int64_t call_dup3(struct thread *thread, const uint64_t x[6])
{
	if (x[2] & ~(uint64_t)LINUX_O_CLOEXEC || (int)x[0] == (int)x[1])
		return STATUS_EINVAL;
	return linux_fd_dup_to(thread->process, (int)x[0], (int)x[1], x[2] != 0);
}

static int64_t call_close(struct thread *thread, const uint64_t x[6])
{
	status_t status = linux_fd_close(thread->process, (int)x[0]);

	linux_files_keep_up(thread->process->budget);
	return status;
}

static int64_t call_close_range(struct thread *thread, const uint64_t x[6])
{
	uint32_t first = (uint32_t)x[0];
	uint32_t last = (uint32_t)x[1];

	if (first > last || (x[2] & ~(uint64_t)(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) != 0)
		return STATUS_EINVAL;
	if (first >= LINUX_FDS_MAX)
		return STATUS_OK;
	for (int fd = linux_fd_next(thread->process, (int)first); fd >= 0 && (uint32_t)fd <= last; fd = linux_fd_next(thread->process, fd + 1)) {
		if (x[2] & CLOSE_RANGE_CLOEXEC)
			(void)linux_fd_set_close_on_exec(thread->process, fd, true);
		else
			(void)linux_fd_close(thread->process, fd);
		linux_give_way(thread);
	}
	return STATUS_OK;
}

static void flags_change(struct linux_file *file, uint32_t mask, uint32_t set)
{
	uint32_t old = linux_file_flags(file);

	while (!atomic_compare_exchange_weak_explicit(&file->flags, &old, (old & ~mask) | (set & mask), memory_order_relaxed, memory_order_relaxed))
		;
}

static int64_t dup_least(struct thread *thread, int fd, uint64_t least, bool close_on_exec)
{
	int64_t found = linux_fd_close_on_exec(thread->process, fd);

	return found < 0 ? found : least >= LINUX_FDS_MAX ? STATUS_EINVAL : linux_fd_dup(thread->process, fd, (int)least, close_on_exec);
}

/* What concerns the open file. */
static int64_t file_control(struct thread *thread, struct linux_file *file, unsigned command, uint64_t argument)
{
	switch (command) {
	case F_GETFL:
		return linux_file_flags(file);
	case F_SETFL:
		flags_change(file, SETTABLE_FLAGS, (uint32_t)argument);
		return STATUS_OK;
	case F_SETOWN:
	case F_GETOWN:
		return 0;
	case F_SETPIPE_SZ:
		return linux_pipe_resize(file, thread, argument);
	case F_GETPIPE_SZ:
		return linux_pipe_size(file);
	case F_ADD_SEALS:
		return linux_memfd_seal(file, argument);
	case F_GET_SEALS:
		return linux_memfd_seals(file);
	default:
		if ((command >= F_GETLK && command <= F_SETLKW) || (command >= F_OFD_GETLK && command <= F_OFD_SETLKW))
			return linux_locks_fcntl(thread, file, command, argument);
		return STATUS_EINVAL;
	}
}

/* A record lock that came when the descriptor was closed, or another file's, already. Spec: Linux, fs/locks.c: fcntl_setlk() */
static int64_t lock_judge(struct process *process, int fd, struct linux_file *file)
{
	struct linux_file *now = NULL;
	status_t status = linux_fd_get(process, fd, 0, &now);

	if (now != file) {
		linux_locks_close(process, file);
		status = STATUS_EBADF;
	}
	if (now != NULL)
		linux_file_put(now);
	return status;
}

static int64_t call_fcntl(struct thread *thread, const uint64_t x[6])
{
	struct process *process = thread->process;
	int fd = (int)x[0];
	struct linux_file *file;
	int64_t result;

	switch (x[1]) {
	case F_DUPFD:
		return dup_least(thread, fd, x[2], false);
	case F_DUPFD_CLOEXEC:
		return dup_least(thread, fd, x[2], true);
	case F_GETFD:
		return linux_fd_close_on_exec(process, fd);
	case F_SETFD:
		return linux_fd_set_close_on_exec(process, fd, (x[2] & FD_CLOEXEC) != 0);
	}
	result = linux_fd_get(process, fd, x[1] == F_GETFL ? 0 : LINUX_FILE_USE, &file);
	if (result != STATUS_OK)
		return result;
	result = file_control(thread, file, (unsigned)x[1], x[2]);
	if (result == STATUS_OK && (x[1] == F_SETLK || x[1] == F_SETLKW))
		result = lock_judge(process, fd, file);
	linux_file_put(file);
	return result;
}

static int64_t flag_ioctl(struct thread *thread, struct linux_file *file, uint32_t flag, uint64_t argument_va)
{
	int32_t on;

	if (linux_copy_in(thread, &on, argument_va, sizeof(on)) != STATUS_OK)
		return STATUS_EFAULT;
	flags_change(file, flag, on != 0 ? flag : 0);
	return STATUS_OK;
}

static int64_t file_ioctl(struct thread *thread, struct linux_file *file, uint32_t request, uint64_t argument)
{
	if (request == FIONBIO)
		return flag_ioctl(thread, file, LINUX_O_NONBLOCK, argument);
	if (request == FIOASYNC)
		return flag_ioctl(thread, file, LINUX_O_ASYNC, argument);
	return file->ops->ioctl != NULL ? file->ops->ioctl(file, thread, request, argument) : STATUS_ENOTTY;
}

static int64_t call_ioctl(struct thread *thread, const uint64_t x[6])
{
	uint32_t request = (uint32_t)x[1];
	struct linux_file *file;
	int64_t result;

	result = linux_fd_get(thread->process, (int)x[0], LINUX_FILE_USE, &file);
	if (result != STATUS_OK)
		return result;
	if (request == FIOCLEX || request == FIONCLEX)
		result = linux_fd_set_close_on_exec(thread->process, (int)x[0], request == FIOCLEX);
	else
		result = file_ioctl(thread, file, request, x[2]);
	linux_file_put(file);
	return result;
}

const struct linux_call linux_calls_descriptors[] = {
	{ 23, 1, "dup", call_dup },
	{ 24, 3, "dup3", call_dup3 },
	{ 25, 3, "fcntl", call_fcntl },
	{ 29, 3, "ioctl", call_ioctl },
	{ 57, 1, "close", call_close },
	{ 436, 3, "close_range", call_close_range },
	{ 0 },
};
