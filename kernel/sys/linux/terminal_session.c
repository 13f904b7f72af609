// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * All terminals, and which is whose: at most one a session. A terminal knows its session by number, and nothing of a process points to a terminal but
 * what it has open.
 *
 * Spec: POSIX.1-2017, 11.1.3 "The Controlling Terminal", 11.1.4 "Terminal Access Control", 11.1.10 "Modem Disconnect"; Linux, drivers/tty/tty_jobctrl.c
 */
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/signal.h"
#include "kernel/sys/linux/terminal.h"
#include "kernel/sys/linux/terminal_state.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/process.h"
#include "lib/string.h"

enum { PERMISSIONS = 0620 };

static struct spinlock all_lock;
static struct list_node all = LIST_INIT(all); /* W: under the lock */

void linux_terminal_init(struct terminal *terminal, const struct terminal_ops *ops, uint32_t device)
{
	memset(terminal, 0, sizeof(*terminal));
	terminal->ops = ops;
	terminal->device = device;
	terminal->permissions = PERMISSIONS;
	terminal->holds = 1;
	line_init(&terminal->line);
	linux_event_init(&terminal->event);
	spinlock_take(&all_lock);
	list_push_back(&all, &terminal->of_all);
	spinlock_give(&all_lock);
}

void linux_terminal_hold(struct terminal *terminal)
{
	spinlock_take(&all_lock);
	terminal->holds++;
	spinlock_give(&all_lock);
}

void linux_terminal_put(struct terminal *terminal)
{
	bool last;

	spinlock_take(&all_lock); /* who looks for it holds it under the same */
	last = --terminal->holds == 0;
	if (last)
		list_remove(&terminal->of_all);
	spinlock_give(&all_lock);
	if (last)
		terminal->ops->free(terminal);
}

/* The session by whose terminal a process goes; 0: it has said that it has none. */
static unsigned session_of(const struct process *process)
{
	return process->personality->family->left_terminal ? 0 : linux_family_session(process);
}

/* Under the lock. NULL: there is none. */
static struct terminal *terminal_of(unsigned session)
{
	for (struct list_node *node = all.next; node != &all; node = node->next) {
		struct terminal *terminal = LIST_OWNER(node, struct terminal, of_all);

		if (session != 0 && terminal->session == session)
			return terminal;
	}
	return NULL;
}

struct terminal *linux_terminal_own(const struct process *process)
{
	struct terminal *terminal;

	spinlock_take(&all_lock);
	terminal = terminal_of(session_of(process));
	if (terminal != NULL)
		terminal->holds++;
	spinlock_give(&all_lock);
	return terminal;
}

void linux_terminal_told(const struct process *process, uint32_t *device, int *foreground)
{
	const struct terminal *terminal;

	spinlock_take(&all_lock);
	terminal = process->personality->family != NULL ? terminal_of(session_of(process)) : NULL;
	*device = terminal != NULL ? terminal->device : 0;
	*foreground = terminal != NULL ? (int)terminal->foreground : -1;
	spinlock_give(&all_lock);
}

status_t linux_terminal_take(struct terminal *terminal, struct process *process, bool steal)
{
	unsigned own = session_of(process);
	status_t status = STATUS_EPERM;

	spinlock_take(&all_lock);
	if (atomic_load_explicit(&terminal->hung_up, memory_order_relaxed)) { /* set before the lock is taken to take it from its session */
		status = STATUS_EIO;
	} else if (own == process->number && terminal->session == own) {
		status = STATUS_OK;
	} else if (own == process->number && terminal_of(own) == NULL && (terminal->session == 0 || (steal && !terminal->ops->is_shared))) {
		terminal->session = own;
		terminal->foreground = linux_family_group(process);
		process->personality->family->hung_up_group = 0; /* of the one that it had before: the groups of this one hear from now on */
		status = STATUS_OK;
	}
	spinlock_give(&all_lock);
	return status;
}

void linux_terminal_claim(struct terminal *terminal, struct process *process)
{
	(void)!linux_terminal_take(terminal, process, false); /* mostly it is not to be */
}

status_t linux_terminal_numbers(struct terminal *terminal, const struct process *process, unsigned *session, unsigned *foreground)
{
	unsigned own = process != NULL ? session_of(process) : 0;
	status_t status = STATUS_ENOTTY;

	spinlock_take(&all_lock);
	if (process == NULL || (own != 0 && terminal->session == own))
		status = STATUS_OK;
	*session = terminal->session;
	*foreground = terminal->foreground;
	spinlock_give(&all_lock);
	return status;
}

status_t linux_terminal_set_foreground(struct terminal *terminal, const struct process *process, unsigned group)
{
	unsigned own = session_of(process);
	status_t status = STATUS_ENOTTY;

	spinlock_take(&all_lock);
	if (own != 0 && terminal->session == own) {
		terminal->foreground = group;
		status = STATUS_OK;
	}
	spinlock_give(&all_lock);
	return status;
}

/* Takes a session's terminal away; the group that was in front there, or 0. */
static unsigned session_release(unsigned session)
{
	struct terminal *terminal;
	unsigned group = 0;

	spinlock_take(&all_lock);
	terminal = terminal_of(session);
	if (terminal != NULL) {
		group = terminal->foreground;
		terminal->session = terminal->foreground = 0;
	}
	spinlock_give(&all_lock);
	return group;
}

/* Where nobody's terminal has gone, that is group 0: nobody hears. */
static void group_signal(unsigned group, int signal)
{
	if (group != 0)
		linux_signal_group(group, signal, NULL);
}

status_t linux_terminal_leave(struct terminal *terminal, struct process *process)
{
	unsigned session;
	unsigned group;

	if (linux_terminal_numbers(terminal, process, &session, &group) != STATUS_OK)
		return STATUS_ENOTTY;
	if (session != process->number) {
		process->personality->family->left_terminal = true;
		return STATUS_OK;
	}
	group = session_release(session);
	group_signal(group, LINUX_SIGHUP);
	group_signal(group, LINUX_SIGCONT);
	return STATUS_OK;
}

void linux_terminal_leader_ended(struct process *process)
{
	unsigned left_behind;

	if (linux_family_session(process) != process->number)
		return;
	group_signal(session_release(process->number), LINUX_SIGHUP);
	spinlock_take(&all_lock); /* who hung up its terminal before has left word under the same */
	left_behind = process->personality->family->hung_up_group;
	spinlock_give(&all_lock);
	group_signal(left_behind, LINUX_SIGHUP);
	group_signal(left_behind, LINUX_SIGCONT);
}

/* Who leads the session whose terminal it is, held; NULL: nobody. */
static struct process *leader_of(struct terminal *terminal)
{
	unsigned session;

	spinlock_take(&all_lock);
	session = terminal->session;
	spinlock_give(&all_lock);
	return session != 0 ? linux_family_find(NULL, session) : NULL;
}

void linux_terminal_hang_up(struct terminal *terminal)
{
	struct process *leader;

	spinlock_take(&terminal->lock);
	atomic_store_explicit(&terminal->hung_up, true, memory_order_relaxed);
	spinlock_give(&terminal->lock);
	leader = leader_of(terminal); /* it is taken by nobody any more */
	spinlock_take(&all_lock);
	if (leader != NULL && terminal->session == leader->number)
		leader->personality->family->hung_up_group = terminal->foreground;
	terminal->session = terminal->foreground = 0;
	terminal->root = NULL;
	spinlock_give(&all_lock);
	linux_event_raise(&terminal->event);
	if (leader == NULL)
		return;
	linux_signal_process(leader, LINUX_SIGHUP, NULL);
	linux_signal_process(leader, LINUX_SIGCONT, NULL);
	object_put(&leader->object);
}

void linux_terminal_signal(struct terminal *terminal, int signal)
{
	unsigned session;
	unsigned group;

	(void)!linux_terminal_numbers(terminal, NULL, &session, &group);
	group_signal(group, signal);
}

/* Whether the program does not hear of a signal: then what would stop it for using the terminal fails, or is let pass. */
static bool is_deaf(struct thread *thread, int signal)
{
	return (thread->personality->signals.mask & LINUX_SIGNAL_BIT(signal)) != 0 ||
	       linux_process_of(thread)->handlers.actions[signal - 1].handler == LINUX_SIG_IGN;
}

int64_t linux_terminal_background(struct terminal *terminal, struct thread *thread, int signal)
{
	unsigned group = linux_family_group(thread->process);
	unsigned session;
	unsigned foreground;

	if (linux_terminal_numbers(terminal, thread->process, &session, &foreground) != STATUS_OK || foreground == 0 || foreground == group)
		return STATUS_OK;
	if (is_deaf(thread, signal))
		return signal == LINUX_SIGTTIN ? STATUS_EIO : STATUS_OK;
	if (linux_group_is_orphaned(group))
		return STATUS_EIO;
	linux_signal_group(group, signal, NULL);
	return LINUX_RESTART;
}

/* Under the lock. */
static struct terminal *find(const struct linux_root *root, unsigned number)
{
	for (struct list_node *node = all.next; node != &all; node = node->next) {
		struct terminal *terminal = LIST_OWNER(node, struct terminal, of_all);

		if (terminal->root == root && terminal->number == number)
			return terminal;
	}
	return NULL;
}

status_t linux_terminal_name(struct terminal *terminal, const struct linux_root *root, unsigned most)
{
	status_t status = STATUS_ENOSPC;

	spinlock_take(&all_lock);
	for (unsigned number = 0; status != STATUS_OK && number < most; number++) {
		if (find(root, number) != NULL)
			continue;
		terminal->root = root;
		terminal->number = number;
		terminal->device += number;
		status = STATUS_OK;
	}
	spinlock_give(&all_lock);
	return status;
}

struct terminal *linux_terminal_named(const struct linux_root *root, unsigned number)
{
	struct terminal *terminal;

	spinlock_take(&all_lock);
	terminal = find(root, number);
	if (terminal != NULL)
		terminal->holds++;
	spinlock_give(&all_lock);
	return terminal;
}

int linux_terminal_next(const struct linux_root *root, unsigned least)
{
	int next = -1;

	spinlock_take(&all_lock);
	for (struct list_node *node = all.next; node != &all; node = node->next) {
		const struct terminal *terminal = LIST_OWNER(node, struct terminal, of_all);

		if (terminal->root == root && terminal->number >= least && (next < 0 || terminal->number < (unsigned)next))
			next = (int)terminal->number;
	}
	spinlock_give(&all_lock);
	return next;
}

void linux_terminals_forget(const struct linux_root *root)
{
	spinlock_take(&all_lock);
	for (struct list_node *node = all.next; node != &all; node = node->next) {
		struct terminal *terminal = LIST_OWNER(node, struct terminal, of_all);

		if (terminal->root == root)
			terminal->root = NULL;
	}
	spinlock_give(&all_lock);
}
