// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Pseudo-terminals as files: a master is made by /dev/ptmx, its slave is a name in /dev/pts of its family, as long as the master is open.
 *
 * Spec: pts(4); Linux, drivers/tty/pty.c; include/uapi/asm-generic/ioctls.h
 */
#include "kernel/core/libc.h"
#include "kernel/io/fs/fs.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/pty.h"
#include "kernel/sys/linux/signal.h"
#include "kernel/sys/linux/subject.h"
#include "kernel/sys/linux/terminal.h"
#include "kernel/sys/linux/thread.h"
#include "lib/format.h"

enum { MASTER_PERMISSIONS = 0666 };

#define TIOCGPTN 0x80045430u
#define TIOCSPTLCK 0x40045431u
#define TIOCGPTLCK 0x80045439u
#define TIOCSIG 0x40045436u
#define TIOCGPTPEER 0x5441u
#define TIOCPKT 0x5420u
#define TIOCGPKT 0x80045438u

static void master_end(struct linux_file *file)
{
	linux_terminal_hang_up(linux_terminal_of(file));
}

static size_t slave_path(const struct linux_file *file, char *to, size_t bytes)
{
	int len = format_print(to, bytes, "/dev/pts/%u", linux_terminal_of(file)->number);

	return (size_t)len < bytes ? (size_t)len : bytes - 1;
}

static void slave_gone(struct linux_pty *pty)
{
	spinlock_take(&pty->terminal.lock);
	pty->slaves--;
	spinlock_give(&pty->terminal.lock);
	linux_event_raise(&pty->master);
}

static void slave_end(struct linux_file *file)
{
	slave_gone(linux_pty_of(linux_terminal_of(file)));
}

static const struct linux_file_ops slave_ops = {
	.name = "/dev/pts",
	.path = slave_path,
	.is_stream = true,
	.read = linux_terminal_read,
	.write = linux_terminal_write,
	.poll = linux_terminal_poll,
	.stat = linux_terminal_stat,
	.ioctl = linux_terminal_ioctl,
	.end = slave_end,
	.release = linux_terminal_release,
};

static status_t slave_open(struct linux_pty *pty, struct process *process, uint32_t flags, struct linux_file **out)
{
	bool opens;

	if (linux_terminal_is_taken(&pty->terminal))
		return STATUS_EBUSY;
	spinlock_take(&pty->terminal.lock);
	opens = !pty->is_locked && !atomic_load_explicit(&pty->terminal.hung_up, memory_order_relaxed);
	pty->slaves += opens;
	pty->was_opened |= opens;
	spinlock_give(&pty->terminal.lock);
	if (!opens)
		return STATUS_EIO;
	*out = linux_terminal_file_make(&pty->terminal, &slave_ops, flags, true, true);
	if (*out == NULL) {
		slave_gone(pty);
		return STATUS_ENOMEM;
	}
	if (!(flags & LINUX_O_NOCTTY) && (flags & LINUX_O_ACCMODE) != LINUX_O_WRONLY)
		linux_terminal_claim(&pty->terminal, process);
	return STATUS_OK;
}

static int64_t peer_open(struct linux_pty *pty, struct thread *thread, uint32_t flags)
{
	struct linux_file *file;
	status_t status = slave_open(pty, thread->process, flags, &file);

	return status == STATUS_OK ? linux_fd_add(thread->process, file, 0, (flags & LINUX_O_CLOEXEC) != 0) : status;
}

static int64_t lock_set(struct linux_pty *pty, struct thread *thread, uint64_t from_va)
{
	int32_t locked;

	if (linux_copy_in(thread, &locked, from_va, sizeof(locked)) != STATUS_OK)
		return STATUS_EFAULT;
	spinlock_take(&pty->terminal.lock);
	pty->is_locked = locked != 0;
	spinlock_give(&pty->terminal.lock);
	return STATUS_OK;
}

static int64_t packet_set(struct linux_pty *pty, struct thread *thread, uint64_t from_va)
{
	int32_t on;

	if (linux_copy_in(thread, &on, from_va, sizeof(on)) != STATUS_OK)
		return STATUS_EFAULT;
	spinlock_take(&pty->terminal.lock);
	if ((on != 0) != pty->is_packet)
		pty->happened = 0;
	pty->is_packet = on != 0;
	spinlock_give(&pty->terminal.lock);
	return STATUS_OK;
}

/* Those that are typed too: no other, lest who has a master kills by it whom it may not. Spec: Linux, drivers/tty/pty.c: pty_signal() */
static int64_t signal_send(struct linux_pty *pty, int signal)
{
	if (signal != LINUX_SIGINT && signal != LINUX_SIGQUIT && signal != LINUX_SIGTSTP)
		return STATUS_EINVAL;
	linux_terminal_signal(&pty->terminal, signal);
	return STATUS_OK;
}

static int64_t master_ioctl(struct linux_file *file, struct thread *thread, uint32_t request, uint64_t argument)
{
	struct linux_pty *pty = linux_pty_of(linux_terminal_of(file));
	int32_t told;

	switch (request) {
	case TIOCGPTN:
		told = (int32_t)pty->terminal.number;
		break;
	case TIOCGPTLCK:
		told = pty->is_locked;
		break;
	case LINUX_FIONREAD:
		spinlock_take(&pty->terminal.lock);
		told = (int32_t)(pty->head - pty->tail);
		spinlock_give(&pty->terminal.lock);
		break;
	case TIOCGPKT:
		told = pty->is_packet;
		break;
	case TIOCPKT:
		return packet_set(pty, thread, argument);
	case TIOCSPTLCK:
		return lock_set(pty, thread, argument);
	case TIOCGPTPEER:
		return peer_open(pty, thread, (uint32_t)argument);
	case TIOCSIG:
		return signal_send(pty, (int)argument);
	default:
		return linux_terminal_control(&pty->terminal, thread, request, argument, true);
	}
	return linux_copy_out(thread, argument, &told, sizeof(told));
}

/* It is /dev/ptmx, whatever its slave is. */
static status_t master_stat(struct linux_file *file, struct fs_stat *out, uint32_t *mode_type)
{
	status_t status = linux_terminal_stat(file, out, mode_type);

	out->permissions = MASTER_PERMISSIONS;
	out->user = out->group = 0;
	return status;
}

static const struct linux_file_ops master_ops = {
	.name = "/dev/ptmx",
	.is_stream = true,
	.read = linux_pty_read,
	.write = linux_pty_write,
	.poll = linux_pty_poll,
	.stat = master_stat,
	.ioctl = master_ioctl,
	.end = master_end,
	.release = linux_terminal_release,
};

/* With one hold; without a name. NULL: memory is out. */
static struct linux_pty *pty_make(struct budget *budget)
{
	const struct linux_subject who = linux_subject_of(thread_current());
	struct linux_pty *pty;

	if (!linux_charge(budget, sizeof(*pty)))
		return NULL;
	pty = malloc(sizeof(*pty));
	if (pty == NULL) {
		budget_credit_bytes(budget, sizeof(*pty));
		return NULL;
	}
	budget_hold(budget);
	pty->budget = budget;
	linux_event_init(&pty->master);
	pty->head = pty->tail = pty->typing = pty->slaves = 0;
	pty->was_opened = pty->is_packet = false;
	pty->happened = 0;
	pty->is_locked = true;
	linux_terminal_init(&pty->terminal, &linux_pty_ops, LINUX_PTY_DEVICE);
	pty->terminal.owner = (struct linux_owner){ who.user, who.group };
	return pty;
}

status_t linux_ptmx_open(struct process *process, uint32_t flags, struct linux_file **out)
{
	struct linux_pty *pty = pty_make(process->budget);
	status_t status;

	if (pty == NULL)
		return STATUS_ENOMEM;
	status = linux_terminal_name(&pty->terminal, process->personality->root, LINUX_PTYS_MAX);
	if (status == STATUS_OK) {
		*out = linux_terminal_file_make(&pty->terminal, &master_ops, flags, true, true);
		if (*out == NULL)
			status = STATUS_ENOMEM;
	}
	linux_terminal_put(&pty->terminal);
	return status;
}

struct terminal *linux_pty_find(const struct process *process, unsigned number)
{
	return linux_terminal_named(process->personality->root, number);
}

status_t linux_pty_open(struct terminal *terminal, struct process *process, uint32_t flags, struct linux_file **out)
{
	return slave_open(linux_pty_of(terminal), process, flags, out);
}

int linux_pty_next(const struct process *process, unsigned least)
{
	return linux_terminal_next(process->personality->root, least);
}

status_t linux_tty_open(struct process *process, uint32_t flags, struct linux_file **out)
{
	struct terminal *terminal = linux_terminal_own(process);
	status_t status;

	if (terminal == NULL)
		return STATUS_ENXIO;
	status = terminal->ops == &linux_pty_ops ? slave_open(linux_pty_of(terminal), process, flags, out) : linux_terminal_open(process, flags, out);
	linux_terminal_put(terminal);
	return status;
}
