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
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"
#include "kernel/sys/process.h"
#include "lib/string.h"

enum {
	TCGETS = 0x5401, TCSETS = 0x5402, TCSETSW = 0x5403, TCSETSF = 0x5404, TCSBRK = 0x5409, TCXONC = 0x540a, TCFLSH = 0x540b, TIOCSCTTY = 0x540e,
	TIOCGPGRP = 0x540f, TIOCSPGRP = 0x5410, TIOCOUTQ = 0x5411, TIOCGWINSZ = 0x5413, TIOCSWINSZ = 0x5414, FIONREAD = 0x541b, TIOCNOTTY = 0x5422,
	TIOCGSID = 0x5429,
};
enum { WRITE_BYTES = 1024, READ_BYTES = 1024, SIG_IGN = 1, DECISECOND_NS = 100000000 };

static struct spinlock lock;
/* W: under `lock`. */
static struct line line;
static unsigned session, foreground; /* 0: none */
static uint16_t window[4];           /* rows, columns, 0, 0; no rows: the console's */
static bool begun;

static struct linux_event event = { .waiters = LIST_INIT(event.waiters) };
static struct spinlock begin_lock;

struct terminal_file {
	struct linux_file file;
	bool may_read;
};

/* Takes what is to be shown. Context: under `lock`. */
static size_t echo_take(char to[LINE_ECHO_BYTES])
{
	size_t bytes = line.echo_bytes;

	memcpy(to, line.echo, bytes);
	line.echo_bytes = 0;
	return bytes;
}

static void typed(uint8_t byte)
{
	char echo[LINE_ECHO_BYTES];
	unsigned group;
	size_t bytes;
	int signal;

	spinlock_take(&lock);
	signal = line_type(&line, byte);
	bytes = echo_take(echo);
	group = foreground;
	spinlock_give(&lock);
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
	linux_event_raise(&event);
}

static struct console_input_listener listener = { .changed = input_changed };

/* Begins to listen, the first time somebody may read. */
static void begin(bool may_read)
{
	static bool listens;
	bool listen;

	spinlock_take(&begin_lock);
	if (!begun)
		line_init(&line);
	begun = true;
	listen = may_read && !listens;
	listens |= may_read;
	spinlock_give(&begin_lock);
	if (!listen || console_input_start() != STATUS_OK)
		return;
	console_input_listen(&listener);
}

/* Whether the program does not hear of a signal: then what would stop it for using the terminal fails, or is let pass. */
static bool is_deaf(struct thread *thread, int signal)
{
	return (thread->personality->signals.mask >> (signal - 1) & 1) != 0 ||
	       linux_process_of(thread)->handlers.actions[signal - 1].handler == SIG_IGN;
}

/* Whether the thread's process is in the background of its own terminal. */
static bool is_background(struct thread *thread)
{
	unsigned group = linux_family_group(thread->process);
	bool background;

	spinlock_take(&lock);
	background = session != 0 && foreground != 0 && session == linux_family_session(thread->process) && foreground != group;
	spinlock_give(&lock);
	return background;
}

/* What a process in the background is told that reads, or changes, the terminal. */
static int64_t background_check(struct thread *thread, int signal)
{
	unsigned group = linux_family_group(thread->process);

	if (!is_background(thread))
		return STATUS_OK;
	if (is_deaf(thread, signal))
		return signal == LINUX_SIGTTIN ? STATUS_EIO : STATUS_OK;
	if (linux_group_is_orphaned(group))
		return STATUS_EIO;
	(void)linux_signal_group(group, signal, NULL);
	return LINUX_RESTART;
}

/* What can be read now; STATUS_EAGAIN: nothing yet. */
static int64_t take(uint8_t *to, size_t room)
{
	int64_t result = STATUS_EAGAIN;

	spinlock_take(&lock);
	if (line_is_ready(&line) &&
	    ((line.settings.local & LINE_ICANON) != 0 || line_count(&line) >= line.settings.chars[LINE_VMIN] || line_count(&line) >= room))
		result = (int64_t)line_read(&line, to, room);
	else if (!(line.settings.local & LINE_ICANON) && line.settings.chars[LINE_VMIN] == 0 && line.settings.chars[LINE_VTIME] == 0)
		result = 0;
	spinlock_give(&lock);
	return result;
}

/* Without lines, and with a time but no number to wait for: until that is over. */
static int64_t take_in_time(struct thread *thread, uint8_t *to, size_t room, bool may_wait)
{
	struct linux_waiter waiter = { 0 };
	int64_t result = take(to, room);
	status_t status = STATUS_OK;
	uint64_t deadline;
	uint8_t time;

	spinlock_take(&lock);
	time = (line.settings.local & LINE_ICANON) != 0 || line.settings.chars[LINE_VMIN] != 0 ? 0 : line.settings.chars[LINE_VTIME];
	spinlock_give(&lock);
	if (result != STATUS_EAGAIN || time == 0 || !may_wait)
		return result;
	deadline = timer_deadline((uint64_t)time * DECISECOND_NS);
	linux_waiter_add(&waiter, thread, &event);
	while ((result = take(to, room)) == STATUS_EAGAIN && status == STATUS_OK)
		status = linux_sleep(thread, deadline);
	linux_waiter_remove(&waiter);
	return result != STATUS_EAGAIN ? result : status == STATUS_EINTR ? LINUX_RESTART : status == STATUS_ETIMEDOUT ? 0 : status;
}

static int64_t terminal_read(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	struct thread *thread = data->thread;
	uint8_t bytes[READ_BYTES];
	int64_t result;

	(void)offset;
	if (data->left == 0 || thread == NULL || !LIST_OWNER(file, struct terminal_file, file)->may_read)
		return 0;
	result = background_check(thread, LINUX_SIGTTIN);
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
	if ((line.settings.local & LINE_TOSTOP) != 0 && data->thread != NULL) {
		taken = background_check(data->thread, LINUX_SIGTTOU);
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
	uint32_t now = LINUX_POLLOUT | LINUX_POLLWRNORM;

	if (!LIST_OWNER(file, struct terminal_file, file)->may_read)
		return now | LINUX_POLLIN | LINUX_POLLRDNORM;
	linux_poll_wait(waiter, &event);
	spinlock_take(&lock);
	if (line_is_ready(&line))
		now |= LINUX_POLLIN | LINUX_POLLRDNORM;
	spinlock_give(&lock);
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

static int64_t settings_change(struct thread *thread, uint32_t request, uint64_t from_va)
{
	struct line_settings settings;
	int64_t status = background_check(thread, LINUX_SIGTTOU);

	if (status != STATUS_OK)
		return status;
	if (linux_copy_in(thread, &settings, from_va, sizeof(settings)) != STATUS_OK)
		return STATUS_EFAULT;
	spinlock_take(&lock);
	line_set(&line, &settings);
	if (request == TCSETSF)
		line_flush(&line);
	spinlock_give(&lock);
	linux_event_raise(&event);
	return STATUS_OK;
}

static int64_t window_tell(struct thread *thread, uint64_t to_va)
{
	uint32_t size = console_window_size();
	uint16_t told[4];

	spinlock_take(&lock);
	memcpy(told, window, sizeof(told));
	spinlock_give(&lock);
	if (told[0] == 0) {
		told[0] = (uint16_t)size;
		told[1] = (uint16_t)(size >> 16);
	}
	return linux_copy_out(thread, to_va, told, sizeof(told));
}

static int64_t window_set(struct thread *thread, uint64_t from_va)
{
	uint16_t set[4];
	unsigned group;
	bool differs;

	if (linux_copy_in(thread, set, from_va, sizeof(set)) != STATUS_OK)
		return STATUS_EFAULT;
	spinlock_take(&lock);
	differs = memcmp(window, set, sizeof(set)) != 0;
	memcpy(window, set, sizeof(set));
	group = foreground;
	spinlock_give(&lock);
	if (differs && group != 0)
		(void)linux_signal_group(group, LINUX_SIGWINCH, NULL);
	return STATUS_OK;
}

/* Makes it the terminal of the thread's session, whose leader it is to be; unless it is another's. */
static int64_t session_take(struct thread *thread)
{
	unsigned own = linux_family_session(thread->process);
	int64_t result = STATUS_EPERM;

	spinlock_take(&lock);
	if (own == thread->process->number && (session == 0 || session == own || linux_group_session(session) == 0)) {
		if (session != own)
			foreground = linux_family_group(thread->process);
		session = own;
		result = STATUS_OK;
	}
	spinlock_give(&lock);
	return result;
}

static int64_t number_tell(struct thread *thread, const unsigned *number, uint64_t to_va)
{
	unsigned own = linux_family_session(thread->process);
	int32_t told;

	spinlock_take(&lock);
	told = session == own ? (int32_t)*number : -1;
	spinlock_give(&lock);
	return told < 0 ? STATUS_ENOTTY : linux_copy_out(thread, to_va, &told, sizeof(told));
}

static int64_t foreground_set(struct thread *thread, uint64_t from_va)
{
	unsigned own = linux_family_session(thread->process);
	int64_t status = background_check(thread, LINUX_SIGTTOU);
	int32_t group;

	if (status != STATUS_OK)
		return status;
	if (linux_copy_in(thread, &group, from_va, sizeof(group)) != STATUS_OK)
		return STATUS_EFAULT;
	if (group <= 0)
		return STATUS_EINVAL;
	if (linux_group_session((unsigned)group) == 0)
		return STATUS_ESRCH;
	if (linux_group_session((unsigned)group) != own)
		return STATUS_EPERM;
	spinlock_take(&lock);
	if (session == own)
		foreground = (unsigned)group;
	else
		status = STATUS_ENOTTY;
	spinlock_give(&lock);
	return status;
}

static int64_t count_tell(struct thread *thread, uint64_t to_va)
{
	int32_t count;

	spinlock_take(&lock);
	count = (int32_t)line_count(&line);
	spinlock_give(&lock);
	return linux_copy_out(thread, to_va, &count, sizeof(count));
}

static int64_t typed_flush(void)
{
	spinlock_take(&lock);
	line_flush(&line);
	spinlock_give(&lock);
	return STATUS_OK;
}

static int64_t session_leave(struct thread *thread)
{
	unsigned own = linux_family_session(thread->process);

	spinlock_take(&lock);
	if (session == own && own == thread->process->number)
		session = foreground = 0;
	spinlock_give(&lock);
	return STATUS_OK;
}

static int64_t settings_tell(struct thread *thread, uint64_t to_va)
{
	struct line_settings settings;

	spinlock_take(&lock);
	settings = line.settings;
	spinlock_give(&lock);
	return linux_copy_out(thread, to_va, &settings, sizeof(settings));
}

static int64_t terminal_ioctl(struct linux_file *file, struct thread *thread, uint32_t request, uint64_t argument)
{
	static const int32_t nothing;

	(void)file;
	switch (request) {
	case TCGETS:
		return settings_tell(thread, argument);
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		return settings_change(thread, request, argument);
	case TCSBRK:
	case TCXONC:
		return STATUS_OK;
	case TCFLSH:
		return argument == 1 ? STATUS_OK : typed_flush();
	case TIOCSCTTY:
		return session_take(thread);
	case TIOCNOTTY:
		return session_leave(thread);
	case TIOCGPGRP:
		return number_tell(thread, &foreground, argument);
	case TIOCGSID:
		return number_tell(thread, &session, argument);
	case TIOCSPGRP:
		return foreground_set(thread, argument);
	case TIOCOUTQ:
		return linux_copy_out(thread, argument, &nothing, sizeof(nothing));
	case TIOCGWINSZ:
		return window_tell(thread, argument);
	case TIOCSWINSZ:
		return window_set(thread, argument);
	case FIONREAD:
		return count_tell(thread, argument);
	default:
		return STATUS_ENOTTY;
	}
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
	.ioctl = terminal_ioctl,
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
	linux_file_init(&made->file, &terminal_ops, flags & (LINUX_O_ACCMODE | LINUX_O_NONBLOCK | LINUX_O_APPEND));
	*out = &made->file;
	spinlock_take(&lock);
	if (session == 0 && !(flags & LINUX_O_NOCTTY) && linux_family_session(process) == process->number) {
		session = process->number;
		foreground = linux_family_group(process);
	}
	spinlock_give(&lock);
	return STATUS_OK;
}
