// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What is set of a terminal, and whose it is.
 *
 * Spec: Linux, include/uapi/asm-generic/{ioctls,termios}.h; POSIX.1-2017, 11.1.4 "Terminal Access Control"
 */
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/signal.h"
#include "kernel/sys/linux/terminal_state.h"
#include "kernel/sys/linux/thread.h"
#include "lib/string.h"

enum {
	TCGETS = 0x5401, TCSETS = 0x5402, TCSETSW = 0x5403, TCSETSF = 0x5404, TCSBRK = 0x5409, TCXONC = 0x540a, TCFLSH = 0x540b, TIOCEXCL = 0x540c,
	TIOCNXCL = 0x540d, TIOCSCTTY = 0x540e, TIOCSETD = 0x5423, TIOCGETD = 0x5424,
	TIOCGPGRP = 0x540f, TIOCSPGRP = 0x5410, TIOCOUTQ = 0x5411, TIOCGWINSZ = 0x5413, TIOCSWINSZ = 0x5414, TIOCNOTTY = 0x5422,
	TCSBRKP = 0x5425, TIOCGSID = 0x5429,
};
#define TIOCGEXCL 0x80045440u
enum { TCIFLUSH = 0, TCOFLUSH = 1, TCIOFLUSH = 2, TCOOFF = 0, TCOON = 1, TCIOFF = 2, TCION = 3 };
enum { MASTER_START = 021, MASTER_STOP = 023 }; /* a master has no settings of its own */

/* Who asks: for a pty's master the terminal is its slave, of which it is never in the background. */
struct asking {
	struct terminal *tty;
	struct thread *thread;
	bool is_master;
};

static int64_t may_change(const struct asking *asking)
{
	return asking->is_master ? STATUS_OK : linux_terminal_background(asking->tty, asking->thread, LINUX_SIGTTOU);
}

/* Who waits for the terminal looks again. */
static void tell_all(struct terminal *tty)
{
	linux_event_raise(&tty->event);
	if (tty->ops->was_read != NULL)
		tty->ops->was_read(tty);
}

/* Under the lock. */
static void happens(struct terminal *tty, unsigned what)
{
	if (tty->ops->happened != NULL)
		tty->ops->happened(tty, what);
}

/* Output stopped or goes on, if it is not as it was. Under the lock. */
static void flow_tell(struct terminal *tty, bool was_stopped)
{
	if (was_stopped != line_is_stopped(&tty->line))
		happens(tty, was_stopped ? TERMINAL_STARTED : TERMINAL_STOPPED);
}

/* Under the lock. */
static void flush(struct terminal *tty)
{
	line_flush(&tty->line);
	happens(tty, TERMINAL_INPUT_FLUSHED);
}

/* Whether ^S and ^Q are what stops output. */
static bool stops(const struct line *line)
{
	return (line->settings.input & LINE_IXON) != 0 && line->settings.chars[LINE_VSTOP] == 023 && line->settings.chars[LINE_VSTART] == 021;
}

static int64_t settings_change(const struct asking *asking, uint32_t request, uint64_t from_va)
{
	struct terminal *tty = asking->tty;
	struct line_settings settings;
	int64_t status = may_change(asking);
	bool stopped;
	bool could_stop;
	bool goes_on;

	if (status != STATUS_OK)
		return status;
	if (linux_copy_in(asking->thread, &settings, from_va, sizeof(settings)) != STATUS_OK)
		return STATUS_EFAULT;
	spinlock_take(&tty->lock);
	stopped = line_is_stopped(&tty->line);
	could_stop = stops(&tty->line);
	goes_on = (tty->line.settings.input & LINE_IXON) != 0 && !(settings.input & LINE_IXON);
	line_set(&tty->line, &settings);
	flow_tell(tty, stopped);
	if (could_stop != stops(&tty->line))
		happens(tty, could_stop ? TERMINAL_STOPS_NOT : TERMINAL_STOPS);
	if (request == TCSETSF)
		flush(tty);
	spinlock_give(&tty->lock);
	if (goes_on)
		tty->ops->echo(tty);
	tell_all(tty);
	return STATUS_OK;
}

static int64_t settings_tell(const struct asking *asking, uint64_t to_va)
{
	struct line_settings settings;

	spinlock_take(&asking->tty->lock);
	settings = asking->tty->line.settings;
	spinlock_give(&asking->tty->lock);
	return linux_copy_out(asking->thread, to_va, &settings, sizeof(settings));
}

static int64_t window_tell(const struct asking *asking, uint64_t to_va)
{
	struct terminal *tty = asking->tty;
	uint16_t told[4];

	spinlock_take(&tty->lock);
	memcpy(told, tty->window, sizeof(told));
	spinlock_give(&tty->lock);
	if (told[0] == 0 && tty->ops->window != NULL)
		tty->ops->window(told);
	return linux_copy_out(asking->thread, to_va, told, sizeof(told));
}

static int64_t window_set(const struct asking *asking, uint64_t from_va)
{
	struct terminal *tty = asking->tty;
	uint16_t set[4];
	bool differs;

	if (linux_copy_in(asking->thread, set, from_va, sizeof(set)) != STATUS_OK)
		return STATUS_EFAULT;
	spinlock_take(&tty->lock);
	differs = memcmp(tty->window, set, sizeof(set)) != 0;
	memcpy(tty->window, set, sizeof(set));
	spinlock_give(&tty->lock);
	if (differs)
		linux_terminal_signal(tty, LINUX_SIGWINCH);
	return STATUS_OK;
}

/* The group in front, or the session. A master may ask without it being its own: a session that is not there cannot be told, a group can. */
static int64_t number_tell(const struct asking *asking, bool of_session, uint64_t to_va)
{
	unsigned session;
	unsigned foreground;
	status_t status = linux_terminal_numbers(asking->tty, asking->is_master ? NULL : asking->thread->process, &session, &foreground);
	int32_t told;

	if (status != STATUS_OK || (of_session && session == 0))
		return STATUS_ENOTTY;
	told = (int32_t)(of_session ? session : foreground);
	return linux_copy_out(asking->thread, to_va, &told, sizeof(told));
}

/* Who may not, as nobody would let it go on if it stopped, is told what it would be of another's terminal. Spec: Linux, drivers/tty/tty_jobctrl.c: tiocspgrp() */
static int64_t foreground_set(const struct asking *asking, uint64_t from_va)
{
	const struct process *process = asking->thread->process;
	int64_t status = may_change(asking);
	unsigned session;
	unsigned foreground;
	int32_t group;

	if (status != STATUS_OK)
		return status == STATUS_EIO ? STATUS_ENOTTY : status;
	if (linux_copy_in(asking->thread, &group, from_va, sizeof(group)) != STATUS_OK)
		return STATUS_EFAULT;
	if (group < 0)
		return STATUS_EINVAL;
	status = linux_terminal_numbers(asking->tty, process, &session, &foreground);
	if (status != STATUS_OK)
		return status;
	session = linux_group_session((unsigned)group);
	if (session == 0)
		return STATUS_ESRCH;
	return session != linux_family_session(process) ? STATUS_EPERM : linux_terminal_set_foreground(asking->tty, process, (unsigned)group);
}

static int64_t count_tell(const struct asking *asking, uint64_t to_va)
{
	int32_t count;

	spinlock_take(&asking->tty->lock);
	count = (int32_t)line_count(&asking->tty->line);
	spinlock_give(&asking->tty->lock);
	return linux_copy_out(asking->thread, to_va, &count, sizeof(count));
}

/* What was typed and nobody has read, what was written and nobody has seen. For a master that is what it could read; what it typed has been typed. */
static int64_t forget(const struct asking *asking, uint64_t which)
{
	struct terminal *tty = asking->tty;
	int64_t status = which > TCIOFLUSH ? STATUS_EINVAL : may_change(asking);

	if (status != STATUS_OK)
		return status;
	spinlock_take(&tty->lock);
	if (which != TCOFLUSH && !asking->is_master)
		flush(tty);
	if (which != (asking->is_master ? TCOFLUSH : TCIFLUSH) && tty->ops->drop != NULL)
		tty->ops->drop(tty, asking->is_master);
	if (which != TCIFLUSH && !asking->is_master)
		happens(tty, TERMINAL_OUTPUT_FLUSHED);
	spinlock_give(&tty->lock);
	tell_all(tty);
	return STATUS_OK;
}

/* The character that has the other side hold up its output, or go on. Spec: Linux, drivers/tty/tty_io.c: tty_send_xchar() */
static void flow_ask(const struct asking *asking, bool goes_on)
{
	struct terminal *tty = asking->tty;
	char c = goes_on ? MASTER_START : MASTER_STOP;
	bool held;

	spinlock_take(&tty->lock);
	if (!asking->is_master)
		c = (char)tty->line.settings.chars[goes_on ? LINE_VSTART : LINE_VSTOP];
	held = asking->is_master ? tty->master_held : tty->line.held;
	if (!held && !asking->is_master && tty->line.stopped && c != 0) { /* for that one it goes on, which is told */
		happens(tty, TERMINAL_STARTED);
		happens(tty, TERMINAL_STOPPED);
	}
	spinlock_give(&tty->lock);
	if (!held && c != 0)
		tty->ops->send(tty, c, asking->is_master);
}

/* Output is held up, and goes on; but not that of others, who share the terminal. That of a master is what it types. */
static int64_t flow(const struct asking *asking, uint64_t how)
{
	struct terminal *tty = asking->tty;
	int64_t status = how > TCION ? STATUS_EINVAL : may_change(asking);
	bool stopped;

	if (status == STATUS_OK && how >= TCIOFF)
		flow_ask(asking, how == TCION);
	if (status != STATUS_OK || how > TCOON || tty->ops->is_shared)
		return status;
	spinlock_take(&tty->lock);
	stopped = line_is_stopped(&tty->line);
	if (asking->is_master)
		tty->master_held = how == TCOOFF;
	else
		line_hold(&tty->line, how == TCOOFF);
	flow_tell(tty, stopped);
	spinlock_give(&tty->lock);
	tell_all(tty);
	return STATUS_OK;
}

/* The line discipline: there is none but N_TTY, 0. */
static int64_t discipline_set(const struct asking *asking, uint64_t from_va)
{
	int64_t status = may_change(asking);
	int32_t wanted;

	if (status != STATUS_OK)
		return status;
	if (linux_copy_in(asking->thread, &wanted, from_va, sizeof(wanted)) != STATUS_OK)
		return STATUS_EFAULT;
	return wanted == 0 ? STATUS_OK : STATUS_EINVAL;
}

static int64_t exclusive_set(const struct asking *asking, bool on)
{
	spinlock_take(&asking->tty->lock);
	asking->tty->exclusive[asking->is_master] = on;
	spinlock_give(&asking->tty->lock);
	return STATUS_OK;
}

static int64_t exclusive_tell(const struct asking *asking, uint64_t to_va)
{
	int32_t told;

	spinlock_take(&asking->tty->lock);
	told = asking->tty->exclusive[asking->is_master];
	spinlock_give(&asking->tty->lock);
	return linux_copy_out(asking->thread, to_va, &told, sizeof(told));
}

static int64_t of_session(const struct asking *asking, uint32_t request, uint64_t argument)
{
	struct process *process = asking->thread->process;

	switch (request) {
	case TIOCSCTTY:
		return linux_terminal_take(asking->tty, process, argument == 1);
	case TIOCNOTTY:
		return asking->is_master ? STATUS_ENOTTY : linux_terminal_leave(asking->tty, process);
	case TIOCGPGRP:
		return number_tell(asking, false, argument);
	case TIOCGSID:
		return number_tell(asking, true, argument);
	case TIOCSPGRP:
		return foreground_set(asking, argument);
	default:
		return STATUS_ENOTTY;
	}
}

int64_t linux_terminal_control(struct terminal *terminal, struct thread *thread, uint32_t request, uint64_t argument, bool is_master)
{
	static const int32_t nothing;
	const struct asking asking = { terminal, thread, is_master };

	if (atomic_load_explicit(&terminal->hung_up, memory_order_relaxed))
		return request == TIOCSPGRP ? STATUS_ENOTTY : STATUS_EIO;
	switch (request) {
	case TCGETS:
		return settings_tell(&asking, argument);
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		return settings_change(&asking, request, argument);
	case TCSBRK:
	case TCSBRKP:
		return may_change(&asking);
	case TCXONC:
		return flow(&asking, argument);
	case TCFLSH:
		return forget(&asking, argument);
	case TIOCEXCL:
	case TIOCNXCL:
		return exclusive_set(&asking, request == TIOCEXCL);
	case TIOCGEXCL:
		return exclusive_tell(&asking, argument);
	case TIOCSETD:
		return discipline_set(&asking, argument);
	case TIOCGETD: /* N_TTY */
	case TIOCOUTQ:
		return linux_copy_out(thread, argument, &nothing, sizeof(nothing));
	case TIOCGWINSZ:
		return window_tell(&asking, argument);
	case TIOCSWINSZ:
		return window_set(&asking, argument);
	case LINUX_FIONREAD:
		return count_tell(&asking, argument);
	default:
		return of_session(&asking, request, argument);
	}
}
