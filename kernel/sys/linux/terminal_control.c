// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What is set of the terminal, and whose it is.
 *
 * Spec: Linux, include/uapi/asm-generic/{ioctls,termios}.h; POSIX.1-2017, 11.1.4 "Terminal Access Control"
 */
#include "kernel/io/console.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/signal.h"
#include "kernel/sys/linux/terminal_state.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/process.h"
#include "lib/string.h"

enum { SIG_IGN = 1 };
enum {
	TCGETS = 0x5401, TCSETS = 0x5402, TCSETSW = 0x5403, TCSETSF = 0x5404, TCSBRK = 0x5409, TCXONC = 0x540a, TCFLSH = 0x540b, TIOCSCTTY = 0x540e,
	TIOCGPGRP = 0x540f, TIOCSPGRP = 0x5410, TIOCOUTQ = 0x5411, TIOCGWINSZ = 0x5413, TIOCSWINSZ = 0x5414, TIOCNOTTY = 0x5422,
	TIOCGSID = 0x5429,
};

static struct terminal *const tty = &linux_terminal;

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

	spinlock_take(&tty->lock);
	background = tty->session != 0 && tty->foreground != 0 && tty->session == linux_family_session(thread->process) && tty->foreground != group;
	spinlock_give(&tty->lock);
	return background;
}

int64_t linux_terminal_background(struct thread *thread, int signal)
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

static int64_t settings_change(struct thread *thread, uint32_t request, uint64_t from_va)
{
	struct line_settings settings;
	int64_t status = linux_terminal_background(thread, LINUX_SIGTTOU);

	if (status != STATUS_OK)
		return status;
	if (linux_copy_in(thread, &settings, from_va, sizeof(settings)) != STATUS_OK)
		return STATUS_EFAULT;
	spinlock_take(&tty->lock);
	line_set(&tty->line, &settings);
	if (request == TCSETSF)
		line_flush(&tty->line);
	spinlock_give(&tty->lock);
	linux_event_raise(&tty->event);
	return STATUS_OK;
}

static int64_t window_tell(struct thread *thread, uint64_t to_va)
{
	uint32_t size = console_window_size();
	uint16_t told[4];

	spinlock_take(&tty->lock);
	memcpy(told, tty->window, sizeof(told));
	spinlock_give(&tty->lock);
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
	spinlock_take(&tty->lock);
	differs = memcmp(tty->window, set, sizeof(set)) != 0;
	memcpy(tty->window, set, sizeof(set));
	group = tty->foreground;
	spinlock_give(&tty->lock);
	if (differs && group != 0)
		(void)linux_signal_group(group, LINUX_SIGWINCH, NULL);
	return STATUS_OK;
}

/* Makes it the terminal of the thread's session, whose leader it is to be; unless it is another's. */
static int64_t session_take(struct thread *thread)
{
	unsigned own = linux_family_session(thread->process);
	int64_t result = STATUS_EPERM;

	spinlock_take(&tty->lock);
	if (own == thread->process->number && (tty->session == 0 || tty->session == own || linux_group_session(tty->session) == 0)) {
		if (tty->session != own)
			tty->foreground = linux_family_group(thread->process);
		tty->session = own;
		result = STATUS_OK;
	}
	spinlock_give(&tty->lock);
	return result;
}

static int64_t number_tell(struct thread *thread, const unsigned *number, uint64_t to_va)
{
	unsigned own = linux_family_session(thread->process);
	int32_t told;

	spinlock_take(&tty->lock);
	told = tty->session == own ? (int32_t)*number : -1;
	spinlock_give(&tty->lock);
	return told < 0 ? STATUS_ENOTTY : linux_copy_out(thread, to_va, &told, sizeof(told));
}

static int64_t foreground_set(struct thread *thread, uint64_t from_va)
{
	unsigned own = linux_family_session(thread->process);
	int64_t status = linux_terminal_background(thread, LINUX_SIGTTOU);
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
	spinlock_take(&tty->lock);
	if (tty->session == own)
		tty->foreground = (unsigned)group;
	else
		status = STATUS_ENOTTY;
	spinlock_give(&tty->lock);
	return status;
}

static int64_t count_tell(struct thread *thread, uint64_t to_va)
{
	int32_t count;

	spinlock_take(&tty->lock);
	count = (int32_t)line_count(&tty->line);
	spinlock_give(&tty->lock);
	return linux_copy_out(thread, to_va, &count, sizeof(count));
}

static int64_t typed_flush(void)
{
	spinlock_take(&tty->lock);
	line_flush(&tty->line);
	spinlock_give(&tty->lock);
	return STATUS_OK;
}

static int64_t session_leave(struct thread *thread)
{
	unsigned own = linux_family_session(thread->process);

	spinlock_take(&tty->lock);
	if (tty->session == own && own == thread->process->number)
		tty->session = tty->foreground = 0;
	spinlock_give(&tty->lock);
	return STATUS_OK;
}

static int64_t settings_tell(struct thread *thread, uint64_t to_va)
{
	struct line_settings settings;

	spinlock_take(&tty->lock);
	settings = tty->line.settings;
	spinlock_give(&tty->lock);
	return linux_copy_out(thread, to_va, &settings, sizeof(settings));
}

int64_t linux_terminal_ioctl(struct linux_file *file, struct thread *thread, uint32_t request, uint64_t argument)
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
		return number_tell(thread, &tty->foreground, argument);
	case TIOCGSID:
		return number_tell(thread, &tty->session, argument);
	case TIOCSPGRP:
		return foreground_set(thread, argument);
	case TIOCOUTQ:
		return linux_copy_out(thread, argument, &nothing, sizeof(nothing));
	case TIOCGWINSZ:
		return window_tell(thread, argument);
	case TIOCSWINSZ:
		return window_set(thread, argument);
	case LINUX_FIONREAD:
		return count_tell(thread, argument);
	default:
		return STATUS_ENOTTY;
	}
}
