// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Reading and writing any terminal.
 *
 * Spec: POSIX.1-2017, 11.1 "Interface Characteristics"; Linux, drivers/tty/n_tty.c
 */
#include "hal/contract/timer.h"
#include "kernel/core/libc.h"
#include "kernel/core/timer.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/identity.h"
#include "kernel/sys/linux/signal.h"
#include "kernel/sys/linux/subject.h"
#include "kernel/sys/linux/terminal_state.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"
#include "lib/string.h"

enum { WRITE_BYTES = 1024, READ_BYTES = 1024, DECISECOND_NS = 100000000, HUNG_UP = LINUX_POLLIN | LINUX_POLLOUT | LINUX_POLLERR | LINUX_POLLHUP |
	LINUX_POLLRDNORM | LINUX_POLLWRNORM };

struct terminal_file {
	struct linux_file file;
	struct terminal *terminal; /* held */
	bool may_read, may_write;
};

static const struct terminal_file *own_of(const struct linux_file *file)
{
	return LIST_OWNER((struct linux_file *)file, const struct terminal_file, file);
}

struct terminal *linux_terminal_of(const struct linux_file *file)
{
	return own_of(file)->terminal;
}

static bool is_hung_up(struct terminal *tty)
{
	return atomic_load_explicit(&tty->hung_up, memory_order_relaxed);
}

/* What is read, a part at a time. */
struct part {
	uint8_t bytes[READ_BYTES];
	size_t room;
	bool more;    /* there is more of the line */
	uint64_t end; /* where in what was typed it ends */
};

/* Under the lock. */
static int64_t part_read(struct line *line, struct part *to)
{
	size_t count = line_read(line, to->bytes, to->room, &to->more);

	to->end = line->tail;
	return (int64_t)count;
}

/* What can be read now, however little that is where `any`; STATUS_EAGAIN: nothing yet. */
static int64_t take(struct terminal *tty, struct part *to, bool any)
{
	const struct line_settings *settings = &tty->line.settings;
	int64_t result = STATUS_EAGAIN;

	spinlock_take(&tty->lock);
	if (is_hung_up(tty))
		result = 0;
	else if (line_is_ready(&tty->line) &&
		 (any || (settings->local & LINE_ICANON) != 0 || line_count(&tty->line) >= settings->chars[LINE_VMIN] || line_count(&tty->line) >= to->room))
		result = part_read(&tty->line, to);
	else if (!(settings->local & LINE_ICANON) && settings->chars[LINE_VMIN] == 0 && settings->chars[LINE_VTIME] == 0)
		result = 0;
	spinlock_give(&tty->lock);
	return result;
}

/* What follows the part before, if that is still what comes next: nobody else has read, and nothing was flushed. */
static int64_t take_on(struct terminal *tty, struct part *to)
{
	int64_t result = 0;

	spinlock_take(&tty->lock);
	if (!is_hung_up(tty) && tty->line.tail == to->end)
		result = part_read(&tty->line, to);
	spinlock_give(&tty->lock);
	return result;
}

/* How raw bytes are waited for: `least` of them, or one where that is 0; `time` ends it, from each byte on where there is a least. */
struct waiting {
	bool lines;
	uint8_t least, time;
	bool begun;     /* a byte is there */
	uint64_t typed; /* how many were, ever */
};

static struct waiting waiting_now(struct terminal *tty)
{
	struct waiting now;

	spinlock_take(&tty->lock);
	now = (struct waiting){ (tty->line.settings.local & LINE_ICANON) != 0, tty->line.settings.chars[LINE_VMIN], tty->line.settings.chars[LINE_VTIME],
				line_is_ready(&tty->line), tty->line.head };
	spinlock_give(&tty->lock);
	return now;
}

/* When the wait for the next byte ends, which `so_far` was waited for; what wakes the reader is not always a byte. */
static uint64_t deadline_between(const struct waiting *before, const struct waiting *now, uint64_t so_far)
{
	if (now->time == 0 || !now->begun)
		return WAIT_FOREVER;
	return so_far == WAIT_FOREVER || now->typed != before->typed ? timer_deadline((uint64_t)now->time * DECISECOND_NS) : so_far;
}

/* Waits for what has no lines: those are waited for as with any stream. Spec: termios(3), "Canonical and noncanonical mode" */
static int64_t take_in_time(struct terminal *tty, struct thread *thread, struct part *to, bool may_wait)
{
	struct waiting now = waiting_now(tty);
	uint64_t deadline = now.least == 0 ? timer_deadline((uint64_t)now.time * DECISECOND_NS) : WAIT_FOREVER;
	struct linux_waiter waiter = { 0 };
	int64_t result = take(tty, to, !may_wait);
	status_t status = STATUS_OK;

	if (result != STATUS_EAGAIN || now.lines || !may_wait)
		return result;
	linux_waiter_add(&waiter, thread, &tty->event);
	while ((result = take(tty, to, false)) == STATUS_EAGAIN && status == STATUS_OK) {
		struct waiting before = now;

		now = waiting_now(tty);
		if (now.least != 0)
			deadline = deadline_between(&before, &now, deadline);
		status = linux_sleep(thread, deadline);
	}
	linux_waiter_remove(&waiter);
	if (result == STATUS_EAGAIN && (status == STATUS_ETIMEDOUT || status == STATUS_EINTR))
		result = take(tty, to, true);
	return result != STATUS_EAGAIN ? result : status == STATUS_EINTR ? LINUX_RESTART : status == STATUS_ETIMEDOUT ? 0 : status;
}

/* Gives what was read, and the rest of its line as far as there is room: how many bytes. */
static int64_t give(struct terminal *tty, struct linux_data *data, struct part *part, int64_t count)
{
	int64_t done = 0;
	int64_t given = 0;

	for (; count > 0; count = given > 0 && part->more && data->left > 0 ? take_on(tty, part) : 0) {
		given = linux_data_give(data, part->bytes, (size_t)count);
		done += given > 0 ? given : 0;
		part->room = data->left < READ_BYTES ? (size_t)data->left : READ_BYTES;
	}
	return done > 0 ? done : given;
}

int64_t linux_terminal_read(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	struct terminal *tty = linux_terminal_of(file);
	struct thread *thread = thread_current();
	struct part part;
	int64_t result;

	(void)offset;
	if (data->left == 0 || thread == NULL || !own_of(file)->may_read || is_hung_up(tty))
		return 0;
	part.room = data->left < READ_BYTES ? (size_t)data->left : READ_BYTES;
	result = linux_terminal_background(tty, thread, LINUX_SIGTTIN);
	if (result == STATUS_OK)
		result = take_in_time(tty, thread, &part, !(linux_file_flags(file) & LINUX_O_NONBLOCK));
	if (result <= 0)
		return result;
	result = give(tty, data, &part, result);
	if (tty->ops->was_read != NULL)
		tty->ops->was_read(tty);
	return result;
}

/* How many bytes may be written; `any` where it is for the line alone to say. Under the lock. */
static size_t room_now(const struct terminal *tty, size_t any)
{
	if (line_is_stopped(&tty->line))
		return 0;
	return tty->ops->room != NULL ? tty->ops->room(tty) : any;
}

/* How many of `wanted` bytes may be written: so many are promised. STATUS_EIO; STATUS_EAGAIN: there is no room. */
static int64_t promise(struct terminal *tty, size_t wanted)
{
	int64_t result = STATUS_EIO;
	size_t room;

	spinlock_take(&tty->lock);
	if (!is_hung_up(tty)) {
		room = room_now(tty, wanted);
		room = room < wanted ? room : wanted;
		tty->promised += tty->ops->room != NULL ? room : 0;
		result = room > 0 ? (int64_t)room : STATUS_EAGAIN;
	}
	spinlock_give(&tty->lock);
	return result;
}

int64_t linux_terminal_write(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	struct terminal *tty = linux_terminal_of(file);
	char bytes[WRITE_BYTES];
	int64_t done = 0;
	int64_t taken = 0;
	int64_t room;

	(void)offset;
	if ((tty->line.settings.local & LINE_TOSTOP) != 0 && data->thread != NULL) {
		taken = linux_terminal_background(tty, data->thread, LINUX_SIGTTOU);
		if (taken != STATUS_OK)
			return taken;
	}
	if (!own_of(file)->may_write) {
		done = (int64_t)data->left;
		data->left = 0;
		return done;
	}
	tty->ops->echo(tty);
	for (bool more = data->left > 0; more; more = taken > 0 && data->left > 0) {
		room = promise(tty, data->left < WRITE_BYTES ? (size_t)data->left : WRITE_BYTES);
		taken = room > 0 ? linux_data_take(data, bytes, (size_t)room) : room;
		if (room > 0)
			tty->ops->show(tty, bytes, taken > 0 ? (size_t)taken : 0, (size_t)room);
		done += taken > 0 ? taken : 0;
	}
	return done > 0 ? done : taken;
}

uint32_t linux_terminal_poll(struct linux_file *file, struct linux_waiter *waiter)
{
	struct terminal *tty = linux_terminal_of(file);
	const struct line_settings *settings = &tty->line.settings;
	uint32_t now = own_of(file)->may_read ? 0 : LINUX_POLLIN | LINUX_POLLRDNORM;

	linux_poll_wait(waiter, &tty->event);
	spinlock_take(&tty->lock);
	if (room_now(tty, 1) > 0)
		now |= LINUX_POLLOUT | LINUX_POLLWRNORM;
	if (line_is_ready(&tty->line) && ((settings->local & LINE_ICANON) != 0 || settings->chars[LINE_VTIME] != 0 ||
					  line_count(&tty->line) >= settings->chars[LINE_VMIN]))
		now |= LINUX_POLLIN | LINUX_POLLRDNORM;
	if (is_hung_up(tty))
		now = HUNG_UP;
	spinlock_give(&tty->lock);
	return now;
}

status_t linux_terminal_stat(struct linux_file *file, struct fs_stat *out, uint32_t *mode_type)
{
	const struct terminal *terminal = linux_terminal_of(file);

	*mode_type = LINUX_S_IFCHR;
	out->permissions = terminal->permissions;
	out->user = terminal->owner.user;
	out->group = terminal->owner.group;
	out->links = 1;
	return STATUS_OK;
}

int64_t linux_terminal_ioctl(struct linux_file *file, struct thread *thread, uint32_t request, uint64_t argument)
{
	return linux_terminal_control(linux_terminal_of(file), thread, request, argument, false);
}

void linux_terminal_release(struct linux_file *file)
{
	struct terminal *tty = linux_terminal_of(file);

	free(LIST_OWNER(file, struct terminal_file, file));
	linux_terminal_put(tty);
}

bool linux_terminal_is_taken(struct terminal *terminal)
{
	const struct linux_subject who = linux_subject_of(thread_current());
	bool taken;

	spinlock_take(&terminal->lock);
	taken = terminal->exclusive[false];
	spinlock_give(&terminal->lock);
	return taken && !linux_subject_can(&who, LINUX_CAP_SYS_ADMIN);
}

struct linux_file *linux_terminal_file_make(struct terminal *terminal, const struct linux_file_ops *ops, uint32_t flags, bool may_read, bool may_write)
{
	struct terminal_file *made = malloc(sizeof(*made));

	if (made == NULL)
		return NULL;
	linux_terminal_hold(terminal);
	made->terminal = terminal;
	made->may_read = may_read;
	made->may_write = may_write;
	linux_file_init(&made->file, ops, flags & (LINUX_O_ACCMODE | LINUX_O_NONBLOCK | LINUX_O_APPEND | LINUX_O_LARGEFILE));
	return &made->file;
}
