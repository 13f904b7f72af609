// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * signalfd: signals that are read. What is pending is the reader's, whoever made the descriptor: so all of them share one event, which a signal raises wherever
 * there is such a descriptor at all, and a process that it does not concern looks in vain.
 *
 * Spec: signalfd(2), Linux, include/uapi/linux/signalfd.h
 */
#include <assert.h>
#include <stdatomic.h>

#include "kernel/core/libc.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/signalfd.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"

static struct linux_event sent = { .waiters = LIST_INIT(sent.waiters) };
static _Atomic uint32_t count; /* W: any CPU. Descriptors there are */

struct signalfd {
	struct linux_file file;
	_Atomic uint64_t set;
};

struct signalfd_siginfo {
	uint32_t signo;
	int32_t error, code;
	uint32_t pid, uid;
	int32_t fd;
	uint32_t tid, band, overrun, trapno;
	int32_t status, value;
	uint64_t pointer, utime, stime, address;
	uint8_t pad[48];
};

static_assert(sizeof(struct signalfd_siginfo) == 128, "include/uapi/linux/signalfd.h");

void linux_signalfd_tell(void)
{
	if (atomic_load_explicit(&count, memory_order_relaxed) > 0)
		linux_event_raise(&sent);
}

static struct signalfd *signalfd_of(struct linux_file *file)
{
	return LIST_OWNER(file, struct signalfd, file);
}

static uint64_t set_of(struct linux_file *file)
{
	return atomic_load_explicit(&signalfd_of(file)->set, memory_order_relaxed);
}

/* What of a signal's information lies where depends on who sent it: what is there is told in each way that it may be meant. */
static void info_fill(const struct linux_siginfo *info, struct signalfd_siginfo *out)
{
	*out = (struct signalfd_siginfo){
		.signo = (uint32_t)info->signo,
		.error = info->error,
		.code = info->code,
		.pid = (uint32_t)info->fields[0],
		.uid = (uint32_t)(info->fields[0] >> 32),
	};
	if (info->signo == LINUX_SIGCHLD) {
		out->status = (int32_t)info->fields[1];
		out->utime = info->fields[2];
		out->stime = info->fields[3];
	} else if (info->code == LINUX_SI_TIMER) {
		out->tid = out->pid;
		out->overrun = out->uid;
		out->pid = out->uid = 0;
	}
	if (info->code < 0) {
		out->value = (int32_t)info->fields[1];
		out->pointer = info->fields[1];
	}
}

static int64_t signalfd_read(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	struct signalfd_siginfo told;
	struct linux_siginfo info;
	int64_t done = 0;
	int64_t given;

	(void)offset;
	if (data->left < sizeof(told))
		return STATUS_EINVAL;
	while (data->thread != NULL && data->left >= sizeof(told) && linux_signal_take(data->thread, set_of(file), &info) != 0) {
		info_fill(&info, &told);
		given = linux_data_give(data, &told, sizeof(told));
		if (given != sizeof(told))
			return done > 0 ? done : STATUS_EFAULT;
		done += given;
	}
	return done > 0 ? done : STATUS_EAGAIN;
}

static uint32_t signalfd_poll(struct linux_file *file, struct linux_waiter *waiter)
{
	struct thread *thread = thread_current();

	linux_poll_wait(waiter, &sent);
	return thread != NULL && (linux_signal_pending(thread) & set_of(file)) != 0 ? LINUX_POLLIN | LINUX_POLLRDNORM : 0;
}

static void signalfd_release(struct linux_file *file)
{
	free(signalfd_of(file));
	atomic_fetch_sub_explicit(&count, 1, memory_order_relaxed);
}

static const struct linux_file_ops signalfd_ops = {
	.name = "anon_inode:[signalfd]", .is_stream = true, .read = signalfd_read, .poll = signalfd_poll, .stat = linux_anonymous_stat, .release = signalfd_release,
};

/* Another set for one that is there. */
static int64_t set_change(struct thread *thread, int fd, uint64_t set)
{
	struct linux_file *file;
	status_t status = linux_fd_get(thread->process, fd, LINUX_FILE_USE, &file);

	if (status != STATUS_OK)
		return status;
	if (file->ops == &signalfd_ops)
		atomic_store_explicit(&signalfd_of(file)->set, set, memory_order_relaxed);
	else
		status = STATUS_EINVAL;
	linux_file_put(file);
	linux_signalfd_tell();
	return status == STATUS_OK ? fd : status;
}

static int64_t call_signalfd4(struct thread *thread, const uint64_t x[6])
{
	struct signalfd *made;
	uint64_t set;

	if ((x[3] & ~(uint64_t)(LINUX_O_CLOEXEC | LINUX_O_NONBLOCK)) != 0 || x[2] != sizeof(set))
		return STATUS_EINVAL;
	if (linux_copy_in(thread, &set, x[1], sizeof(set)) != STATUS_OK)
		return STATUS_EFAULT;
	set &= ~LINUX_SIGNALS_NEVER_BLOCKED;
	if ((int)x[0] != -1)
		return set_change(thread, (int)x[0], set);
	made = malloc(sizeof(*made));
	if (made == NULL)
		return STATUS_ENOMEM;
	atomic_init(&made->set, set);
	atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
	linux_file_init(&made->file, &signalfd_ops, LINUX_O_RDWR | (uint32_t)(x[3] & LINUX_O_NONBLOCK));
	return linux_fd_add(thread->process, &made->file, 0, (x[3] & LINUX_O_CLOEXEC) != 0);
}

const struct linux_call linux_calls_signalfd[] = {
	{ 74, 4, "signalfd4", call_signalfd4 },
	{ 0 },
};
