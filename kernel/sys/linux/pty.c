// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Pseudo-terminals. The slave is a terminal like any other; who has the master types there and sees what is written, which waits in a ring:
 *
 *	master writes -> line_type() -> the line's own ring -> slave reads
 *	                     | echo
 *	master reads <- `output` <- line_output() <- slave writes
 *
 * Neither ring grows: who writes waits until the other side reads. An echo for which there is no room is lost, as it must not wait: the master types, and
 * may read only when it has typed.
 *
 * Spec: Linux, drivers/tty/pty.c; include/uapi/asm-generic/ioctls.h
 */
#include "kernel/core/libc.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/signal.h"
#include "kernel/sys/linux/terminal.h"
#include "kernel/sys/linux/terminal_state.h"
#include "kernel/sys/linux/thread.h"
#include "lib/format.h"
#include "lib/string.h"

enum { OUTPUT_BYTES = 8192, PART_BYTES = 1024 };

#define TIOCGPTN 0x80045430u
#define TIOCSPTLCK 0x40045431u
#define TIOCGPTLCK 0x80045439u
#define TIOCSIG 0x40045436u
#define TIOCGPTPEER 0x5441u

struct pty {
	struct terminal terminal; /* the slave's */
	struct budget *budget;    /* held */
	struct linux_event master; /* something was written, there is room to type, or the slave was closed */
	/* W: under the terminal's lock. */
	uint64_t head, tail; /* of `output`, counted from the start */
	size_t typing;       /* bytes that are being typed */
	unsigned slaves;     /* open files */
	bool was_opened, is_locked;
	char output[OUTPUT_BYTES];
};

static struct pty *pty_of(const struct terminal *terminal)
{
	return LIST_OWNER((struct terminal *)terminal, struct pty, terminal);
}

/* How many characters there is room for beside those that were promised, each of which may become two. */
static size_t pty_room(const struct terminal *terminal)
{
	const struct pty *pty = pty_of(terminal);

	return (OUTPUT_BYTES - (size_t)(pty->head - pty->tail)) / LINE_OUTPUT_MAX - terminal->promised;
}

static void put(struct pty *pty, char c)
{
	char out[LINE_OUTPUT_MAX];
	size_t count = line_output(&pty->terminal.line, c, out);

	for (size_t i = 0; i < count; i++)
		pty->output[pty->head++ % OUTPUT_BYTES] = out[i];
}

static void pty_show(struct terminal *terminal, const char *bytes, size_t count, size_t promised)
{
	struct pty *pty = pty_of(terminal);

	spinlock_take(&terminal->lock);
	terminal->promised -= promised;
	for (size_t i = 0; i < count; i++)
		put(pty, bytes[i]);
	spinlock_give(&terminal->lock);
	linux_event_raise(&pty->master);
}

static void pty_was_read(struct terminal *terminal)
{
	linux_event_raise(&pty_of(terminal)->master);
}

static void pty_drop(struct terminal *terminal)
{
	pty_of(terminal)->tail = pty_of(terminal)->head;
}

static void pty_free(struct terminal *terminal)
{
	struct pty *pty = pty_of(terminal);
	struct budget *budget = pty->budget;

	free(pty);
	budget_credit_bytes(budget, sizeof(*pty));
	budget_put(budget);
}

static const struct terminal_ops pty_ops = { .room = pty_room, .show = pty_show, .drop = pty_drop, .was_read = pty_was_read, .free = pty_free };

/* Types some of the bytes, up to one that sends a signal, which is told; how many. */
static size_t type(struct pty *pty, const uint8_t *bytes, size_t count, int *signal)
{
	struct line *line = &pty->terminal.line;
	size_t done = 0;

	*signal = 0;
	spinlock_take(&pty->terminal.lock);
	while (done < count && *signal == 0) {
		*signal = line_type(line, bytes[done++]);
		for (size_t i = 0; i < line->echo_bytes && pty_room(&pty->terminal) > 0; i++)
			put(pty, line->echo[i]);
		line->echo_bytes = 0;
	}
	pty->typing -= done;
	spinlock_give(&pty->terminal.lock);
	linux_event_raise(&pty->terminal.event);
	linux_event_raise(&pty->master); /* what is echoed */
	return done;
}

static void type_all(struct pty *pty, const uint8_t *bytes, size_t count)
{
	int signal;

	for (size_t done = 0; done < count;) {
		done += type(pty, bytes + done, count - done, &signal);
		if (signal != 0)
			linux_terminal_signal(&pty->terminal, signal);
	}
}

/* How many may be typed now, beside those that are being typed. Under the lock. */
static size_t typing_room(const struct pty *pty)
{
	size_t room = line_room(&pty->terminal.line);

	return room > pty->typing ? room - pty->typing : 0;
}

static int64_t master_write(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	struct pty *pty = pty_of(linux_terminal_of(file));
	uint8_t bytes[PART_BYTES];
	int64_t done = 0;
	int64_t taken = 0;

	(void)offset;
	for (bool more = data->left > 0; more; more = taken > 0 && data->left > 0) {
		size_t part = data->left < PART_BYTES ? (size_t)data->left : PART_BYTES;

		spinlock_take(&pty->terminal.lock);
		part = part < typing_room(pty) ? part : typing_room(pty);
		pty->typing += part;
		spinlock_give(&pty->terminal.lock);
		taken = part > 0 ? linux_data_take(data, bytes, part) : STATUS_EAGAIN;
		type_all(pty, bytes, taken > 0 ? (size_t)taken : 0);
		spinlock_take(&pty->terminal.lock);
		pty->typing -= part - (taken > 0 ? (size_t)taken : 0);
		spinlock_give(&pty->terminal.lock);
		done += taken > 0 ? taken : 0;
	}
	return done > 0 ? done : taken;
}

/* Takes what was written, at most `room` bytes of it. STATUS_EAGAIN; STATUS_EIO: nobody has the slave open any more. */
static int64_t output_take(struct pty *pty, char *to, size_t room)
{
	size_t count;
	bool closed;

	spinlock_take(&pty->terminal.lock);
	count = (size_t)(pty->head - pty->tail);
	count = count < room ? count : room;
	for (size_t i = 0; i < count; i++)
		to[i] = pty->output[pty->tail++ % OUTPUT_BYTES];
	closed = pty->was_opened && pty->slaves == 0;
	spinlock_give(&pty->terminal.lock);
	return count > 0 ? (int64_t)count : closed ? STATUS_EIO : STATUS_EAGAIN;
}

static int64_t master_read(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	struct pty *pty = pty_of(linux_terminal_of(file));
	char bytes[PART_BYTES];
	int64_t done = 0;
	int64_t got = 0;

	(void)offset;
	for (bool more = data->left > 0; more; more = got > 0 && data->left > 0) {
		got = output_take(pty, bytes, data->left < PART_BYTES ? (size_t)data->left : PART_BYTES);
		if (got > 0)
			got = linux_data_give(data, bytes, (size_t)got);
		done += got > 0 ? got : 0;
	}
	if (done > 0)
		linux_event_raise(&pty->terminal.event);
	return done > 0 ? done : got;
}

static uint32_t master_poll(struct linux_file *file, struct linux_waiter *waiter)
{
	struct pty *pty = pty_of(linux_terminal_of(file));
	uint32_t now = 0;

	linux_poll_wait(waiter, &pty->master);
	spinlock_take(&pty->terminal.lock);
	if (pty->head != pty->tail)
		now |= LINUX_POLLIN | LINUX_POLLRDNORM;
	if (typing_room(pty) > 0)
		now |= LINUX_POLLOUT | LINUX_POLLWRNORM;
	if (pty->was_opened && pty->slaves == 0)
		now |= LINUX_POLLHUP;
	spinlock_give(&pty->terminal.lock);
	return now;
}

static void master_end(struct linux_file *file)
{
	linux_terminal_hang_up(linux_terminal_of(file));
}

static size_t slave_path(const struct linux_file *file, char *to, size_t bytes)
{
	int len = format_print(to, bytes, "/dev/pts/%u", linux_terminal_of(file)->number);

	return (size_t)len < bytes ? (size_t)len : bytes - 1;
}

static void slave_gone(struct pty *pty)
{
	spinlock_take(&pty->terminal.lock);
	pty->slaves--;
	spinlock_give(&pty->terminal.lock);
	linux_event_raise(&pty->master);
}

static void slave_end(struct linux_file *file)
{
	slave_gone(pty_of(linux_terminal_of(file)));
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

static status_t slave_open(struct pty *pty, struct process *process, uint32_t flags, struct linux_file **out)
{
	bool opens;

	spinlock_take(&pty->terminal.lock);
	opens = !pty->is_locked && !atomic_load_explicit(&pty->terminal.hung_up, memory_order_relaxed);
	pty->slaves += opens;
	pty->was_opened |= opens;
	spinlock_give(&pty->terminal.lock);
	if (!opens)
		return STATUS_EIO;
	*out = linux_terminal_file_make(&pty->terminal, &slave_ops, flags, true);
	if (*out == NULL) {
		slave_gone(pty);
		return STATUS_ENOMEM;
	}
	if (!(flags & LINUX_O_NOCTTY) && (flags & LINUX_O_ACCMODE) != LINUX_O_WRONLY)
		linux_terminal_claim(&pty->terminal, process);
	return STATUS_OK;
}

static int64_t peer_open(struct pty *pty, struct thread *thread, uint32_t flags)
{
	struct linux_file *file;
	status_t status = slave_open(pty, thread->process, flags, &file);

	return status == STATUS_OK ? linux_fd_add(thread->process, file, 0, (flags & LINUX_O_CLOEXEC) != 0) : status;
}

static int64_t lock_set(struct pty *pty, struct thread *thread, uint64_t from_va)
{
	int32_t locked;

	if (linux_copy_in(thread, &locked, from_va, sizeof(locked)) != STATUS_OK)
		return STATUS_EFAULT;
	spinlock_take(&pty->terminal.lock);
	pty->is_locked = locked != 0;
	spinlock_give(&pty->terminal.lock);
	return STATUS_OK;
}

static int64_t signal_send(struct pty *pty, uint64_t signal)
{
	if (signal == 0 || signal > LINUX_SIGNALS)
		return STATUS_EINVAL;
	linux_terminal_signal(&pty->terminal, (int)signal);
	return STATUS_OK;
}

static int64_t master_ioctl(struct linux_file *file, struct thread *thread, uint32_t request, uint64_t argument)
{
	struct pty *pty = pty_of(linux_terminal_of(file));
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
	case TIOCSPTLCK:
		return lock_set(pty, thread, argument);
	case TIOCGPTPEER:
		return peer_open(pty, thread, (uint32_t)argument);
	case TIOCSIG:
		return signal_send(pty, argument);
	default:
		return linux_terminal_control(&pty->terminal, thread, request, argument, true);
	}
	return linux_copy_out(thread, argument, &told, sizeof(told));
}

static const struct linux_file_ops master_ops = {
	.name = "/dev/ptmx",
	.is_stream = true,
	.read = master_read,
	.write = master_write,
	.poll = master_poll,
	.stat = linux_terminal_stat,
	.ioctl = master_ioctl,
	.end = master_end,
	.release = linux_terminal_release,
};

/* With one hold; without a name. NULL: memory is out. */
static struct pty *pty_make(struct budget *budget)
{
	struct pty *pty;

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
	pty->was_opened = false;
	pty->is_locked = true;
	linux_terminal_init(&pty->terminal, &pty_ops, LINUX_PTY_DEVICE);
	return pty;
}

status_t linux_ptmx_open(struct process *process, uint32_t flags, struct linux_file **out)
{
	struct pty *pty = pty_make(process->budget);
	status_t status;

	if (pty == NULL)
		return STATUS_ENOMEM;
	status = linux_terminal_name(&pty->terminal, process->personality->root, LINUX_PTYS_MAX);
	if (status == STATUS_OK) {
		*out = linux_terminal_file_make(&pty->terminal, &master_ops, flags, true);
		if (*out == NULL)
			status = STATUS_ENOMEM;
	}
	linux_terminal_put(&pty->terminal);
	return status;
}

status_t linux_pty_open(struct process *process, unsigned number, uint32_t flags, struct linux_file **out)
{
	struct terminal *terminal = linux_terminal_named(process->personality->root, number);
	status_t status;

	if (terminal == NULL)
		return STATUS_ENOENT;
	status = slave_open(pty_of(terminal), process, flags, out);
	linux_terminal_put(terminal);
	return status;
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
	status = terminal->ops == &pty_ops ? slave_open(pty_of(terminal), process, flags, out) : linux_terminal_open(process, flags, out);
	linux_terminal_put(terminal);
	return status;
}
