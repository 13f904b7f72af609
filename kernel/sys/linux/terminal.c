// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * There is one terminal, the machine's console. What is typed goes through the line discipline when it comes, on CPU 0, so that ^C works while nobody
 * reads; what programs write goes to the log's ring as it is. Its window's size is the console's, or what a program has set.
 *
 * Spec: Linux, include/uapi/asm-generic/{ioctls,termios}.h; POSIX.1-2017, 11.1.4 "Terminal Access Control"
 */
#include "kernel/sys/linux/terminal.h"

#include "hal/contract/timer.h"
#include "kernel/cap/grant.h"
#include "kernel/console_methods.h"
#include "kernel/core/libc.h"
#include "kernel/core/log.h"
#include "kernel/core/timer.h"
#include "kernel/io/console.h"
#include "kernel/io/console_input.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/line.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/signal.h"
#include "kernel/sys/linux/terminal_state.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"
#include "kernel/sys/process.h"
#include "lib/string.h"

enum { WRITE_BYTES = 1024, READ_BYTES = 1024, DECISECOND_NS = 100000000 };

struct terminal linux_terminal __attribute__((section(".unzeroed"))); /* W: terminal_begin(); boot need not clear it */

static struct terminal *const tty = &linux_terminal;
static bool begun; /* W: under: */
static struct spinlock begin_lock;

struct terminal_file {
	struct linux_file file;
	bool may_read;
};

/* Takes what is to be shown. Context: under `lock`. */
static size_t echo_take(char to[LINE_ECHO_BYTES])
{
	size_t bytes = tty->line.echo_bytes;

	memcpy(to, tty->line.echo, bytes);
	tty->line.echo_bytes = 0;
	return bytes;
}

static void typed(uint8_t byte)
{
	char echo[LINE_ECHO_BYTES];
	unsigned group;
	size_t bytes;
	int signal;

	spinlock_take(&tty->lock);
	signal = line_type(&tty->line, byte);
	bytes = echo_take(echo);
	group = tty->foreground;
	spinlock_give(&tty->lock);
	if (bytes > 0)
		log_bytes(echo, bytes);
	if (signal != 0 && group != 0)
		(void)linux_signal_group(group, signal, NULL);
}

/* Context: the console's fiber. */
static void input_changed(struct console_input_listener *listener)
{
	uint8_t bytes[64];
	size_t count;

	(void)listener;
	while ((count = console_input_read(bytes, sizeof(bytes))) > 0)
		for (size_t i = 0; i < count; i++)
			typed(bytes[i]);
	linux_event_raise(&tty->event);
}

static struct console_input_listener listener = { .changed = input_changed };

/* Begins to listen, the first time somebody may read. */
static void begin(bool may_read)
{
	static bool listens;
	bool listen;

	spinlock_take(&begin_lock);
	if (!begun) {
		memset(tty, 0, sizeof(*tty));
		linux_event_init(&tty->event);
		line_init(&tty->line);
	}
	begun = true;
	listen = may_read && !listens;
	listens |= may_read;
	spinlock_give(&begin_lock);
	if (!listen || console_input_start() != STATUS_OK)
		return;
	console_input_listen(&listener);
}

/* What can be read now, however little that is where `any`; STATUS_EAGAIN: nothing yet. */
static int64_t take(uint8_t *to, size_t room, bool any)
{
	const struct line_settings *settings = &tty->line.settings;
	int64_t result = STATUS_EAGAIN;

	spinlock_take(&tty->lock);
	if (line_is_ready(&tty->line) &&
	    (any || (settings->local & LINE_ICANON) != 0 || line_count(&tty->line) >= settings->chars[LINE_VMIN] || line_count(&tty->line) >= room))
		result = (int64_t)line_read(&tty->line, to, room);
	else if (!(settings->local & LINE_ICANON) && settings->chars[LINE_VMIN] == 0 && settings->chars[LINE_VTIME] == 0)
		result = 0;
	spinlock_give(&tty->lock);
	return result;
}

/* How raw bytes are waited for: `least` of them, or one where that is 0; `time` ends it, from the first byte on where there is a least. */
struct waiting {
	bool lines;
	uint8_t least, time;
	bool begun; /* a byte is there */
};

static struct waiting waiting_now(void)
{
	struct waiting now;

	spinlock_take(&tty->lock);
	now = (struct waiting){ (tty->line.settings.local & LINE_ICANON) != 0, tty->line.settings.chars[LINE_VMIN], tty->line.settings.chars[LINE_VTIME],
				line_is_ready(&tty->line) };
	spinlock_give(&tty->lock);
	return now;
}

/* Waits for what has no lines: those are waited for as with any stream. Spec: termios(3), "Canonical and noncanonical mode" */
static int64_t take_in_time(struct thread *thread, uint8_t *to, size_t room, bool may_wait)
{
	struct waiting now = waiting_now();
	uint64_t deadline = now.least == 0 ? timer_deadline((uint64_t)now.time * DECISECOND_NS) : WAIT_FOREVER;
	struct linux_waiter waiter = { 0 };
	int64_t result = take(to, room, !may_wait);
	status_t status = STATUS_OK;

	if (result != STATUS_EAGAIN || now.lines || !may_wait)
		return result;
	linux_waiter_add(&waiter, thread, &tty->event);
	while ((result = take(to, room, false)) == STATUS_EAGAIN && status == STATUS_OK) {
		now = waiting_now();
		if (now.least != 0)
			deadline = now.time != 0 && now.begun ? timer_deadline((uint64_t)now.time * DECISECOND_NS) : WAIT_FOREVER;
		status = linux_sleep(thread, deadline);
	}
	linux_waiter_remove(&waiter);
	if (result == STATUS_EAGAIN && status == STATUS_ETIMEDOUT)
		result = take(to, room, true);
	return result != STATUS_EAGAIN ? result : status == STATUS_EINTR ? LINUX_RESTART : status == STATUS_ETIMEDOUT ? 0 : status;
}

static int64_t terminal_read(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	struct thread *thread = thread_current();
	uint8_t bytes[READ_BYTES];
	int64_t result;

	(void)offset;
	if (data->left == 0 || thread == NULL || !LIST_OWNER(file, struct terminal_file, file)->may_read)
		return 0;
	result = linux_terminal_background(thread, LINUX_SIGTTIN);
	if (result == STATUS_OK)
		result = take_in_time(thread, bytes, data->left < READ_BYTES ? (size_t)data->left : READ_BYTES, !(linux_file_flags(file) & LINUX_O_NONBLOCK));
	return result > 0 ? linux_data_give(data, bytes, (size_t)result) : result;
}

static int64_t terminal_write(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	char bytes[WRITE_BYTES];
	int64_t done = 0;
	int64_t taken = 0;

	(void)file;
	(void)offset;
	if ((tty->line.settings.local & LINE_TOSTOP) != 0 && data->thread != NULL) {
		taken = linux_terminal_background(data->thread, LINUX_SIGTTOU);
		if (taken != STATUS_OK)
			return taken;
	}
	while (data->left > 0 && (taken = linux_data_take(data, bytes, sizeof(bytes))) > 0) {
		log_bytes(bytes, (size_t)taken);
		done += taken;
	}
	return done > 0 ? done : taken;
}

static uint32_t terminal_poll(struct linux_file *file, struct linux_waiter *waiter)
{
	const struct line_settings *settings = &tty->line.settings;
	uint32_t now = LINUX_POLLOUT | LINUX_POLLWRNORM;

	if (!LIST_OWNER(file, struct terminal_file, file)->may_read)
		return now | LINUX_POLLIN | LINUX_POLLRDNORM;
	linux_poll_wait(waiter, &tty->event);
	spinlock_take(&tty->lock);
	if (line_is_ready(&tty->line) && ((settings->local & LINE_ICANON) != 0 || settings->chars[LINE_VTIME] != 0 ||
					  line_count(&tty->line) >= settings->chars[LINE_VMIN]))
		now |= LINUX_POLLIN | LINUX_POLLRDNORM;
	spinlock_give(&tty->lock);
	return now;
}

static status_t terminal_stat(struct linux_file *file, struct fs_stat *out, uint32_t *mode_type)
{
	(void)file;
	*mode_type = LINUX_S_IFCHR;
	out->permissions = 0620;
	out->links = 1;
	return STATUS_OK;
}

static void terminal_release(struct linux_file *file)
{
	free(LIST_OWNER(file, struct terminal_file, file));
}

static const struct linux_file_ops terminal_ops = {
	.name = "/dev/console",
	.is_stream = true,
	.read = terminal_read,
	.write = terminal_write,
	.poll = terminal_poll,
	.stat = terminal_stat,
	.ioctl = linux_terminal_ioctl,
	.release = terminal_release,
};

/* The rights to the console that the process has. */
static uint32_t console_rights(struct process *process)
{
	struct capos_capset_entry entry;
	uint32_t rights = 0;

	for (unsigned at = 0; grant_next(&process->capset, &at, &entry) == STATUS_OK;)
		if (entry.interface == console_interface.id)
			rights |= entry.rights;
	return rights;
}

status_t linux_terminal_open(struct process *process, uint32_t flags, struct linux_file **out)
{
	uint32_t rights = console_rights(process);
	struct terminal_file *made;

	if (rights == 0)
		return STATUS_EACCES;
	made = malloc(sizeof(*made));
	if (made == NULL)
		return STATUS_ENOMEM;
	made->may_read = (rights & CAPOS_CONSOLE_RIGHT_READ) != 0;
	begin(made->may_read);
	linux_file_init(&made->file, &terminal_ops, flags & (LINUX_O_ACCMODE | LINUX_O_NONBLOCK | LINUX_O_APPEND | LINUX_O_LARGEFILE));
	*out = &made->file;
	spinlock_take(&tty->lock);
	if ((tty->session == 0 || linux_group_session(tty->session) == 0) && !(flags & LINUX_O_NOCTTY) && linux_family_session(process) == process->number) {
		tty->session = process->number;
		tty->foreground = linux_family_group(process);
	}
	spinlock_give(&tty->lock);
	return STATUS_OK;
}
