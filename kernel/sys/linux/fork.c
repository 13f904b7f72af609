// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * fork(2), and vfork(2) as a fork whose caller waits: the child has a copy of the memory, page by page when either writes. What a program may count on in
 * vfork is little more than that (vfork.h).
 */
#include "kernel/sys/linux/fork.h"

#include <stddef.h>

#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/pidfd.h"
#include "kernel/sys/linux/run.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfork.h"
#include "kernel/sys/linux/words.h"
#include "lib/string.h"

/* What a child has of its parent beside memory and descriptors. */
static void process_inherit(const struct thread *thread, const struct linux_clone *clone, struct process *child)
{
	struct process *parent = thread->process;
	const struct linux_process *from = parent->personality;
	struct linux_process *to = child->personality;

	child->threads_max = parent->threads_max;
	child->quiet = true;
	spinlock_take(&parent->personality->handlers.lock);
	linux_handlers_copy(&from->handlers, &to->handlers);
	spinlock_give(&parent->personality->handlers.lock);
	if (clone->clears_handlers)
		linux_handlers_exec(&to->handlers);
	memcpy(to->rlimits, from->rlimits, sizeof(to->rlimits));
	memcpy(to->exe, from->exe, sizeof(to->exe));
	linux_comm_get(parent, thread, to->comm);
	to->used_to = from->used_to;
	atomic_store_explicit(&to->hides, atomic_load_explicit(&from->hides, memory_order_relaxed), memory_order_relaxed);
	to->no_huge_pages = from->no_huge_pages;
	to->sigreturn_va = from->sigreturn_va;
	linux_words_share(parent, child);
}

static status_t process_copy(const struct thread *thread, const struct linux_clone *clone, struct process **out)
{
	struct process *parent = thread->process;
	struct process *child;
	status_t status = process_create_beside(parent, &child);

	if (status != STATUS_OK)
		return status;
	status = linux_process_attach(child, parent, clone->exit_signal);
	if (status == STATUS_OK) {
		process_inherit(thread, clone, child);
		status = linux_mm_copy(parent, child);
	}
	if (status == STATUS_OK)
		status = linux_fds_copy(parent, child);
	if (status != STATUS_OK)
		process_abandon(child);
	*out = child;
	return status;
}

static status_t thread_copy(struct thread *thread, const struct linux_clone *clone, struct process *child, struct thread **out)
{
	struct linux_thread *personality = linux_thread_alloc();
	struct thread_options options = {
		.cpu = THREAD_CPU_ANY, .is_main = true, .personality = personality, .tls = clone->set_tls ? clone->tls : thread->user.tls,
	};
	const struct linux_signals *signals = &thread->personality->signals;
	status_t status;

	if (personality == NULL)
		return STATUS_ENOMEM;
	personality->tid = child->number;
	personality->identity = thread->personality->identity;
	personality->scheduling = thread->personality->scheduling;
	personality->scheduling.slack_first_ns = personality->scheduling.slack_ns;
	personality->signals.mask = signals->mask;
	personality->signals.stack_va = signals->stack_va;
	personality->signals.stack_bytes = signals->stack_bytes;
	personality->signals.stack_flags = signals->stack_flags;
	personality->set_tid_va = clone->child_set_tid ? clone->child_tid_va : 0;
	personality->clear_tid_va = clone->child_clear_tid ? clone->child_tid_va : 0;
	status = thread_create(child, &options, out);
	if (status != STATUS_OK)
		linux_thread_free(personality);
	else
		linux_thread_copy_registers(thread, *out, clone->stack_va);
	return status;
}

/* Until the child needs the parent's memory no more: vfork's promise. False: a parent that is to end leaves it alone. */
static bool child_wait(struct thread *thread, struct process *child)
{
	struct linux_family *family = child->personality->family;
	struct linux_waiter waiter;
	bool free_to_go;

	linux_waiter_add(&waiter, thread, &family->changed);
	do {
		spinlock_take(&linux_family_lock);
		free_to_go = family->executed || family->ended;
		spinlock_give(&linux_family_lock);
	} while (!free_to_go && linux_sleep_uninterrupted(thread, WAIT_FOREVER) == STATUS_OK);
	linux_waiter_remove(&waiter);
	return free_to_go;
}

/* The descriptor for the child is its maker's alone, and there before the child runs. */
static status_t pidfd_make(struct thread *thread, const struct linux_clone *clone, struct process *child, int32_t *fd)
{
	int64_t made = linux_pidfd_add(thread, child, 0);

	*fd = (int32_t)made;
	if (made < 0)
		return (status_t)made;
	return linux_copy_out(thread, clone->pidfd_va, fd, sizeof(*fd));
}

int64_t linux_fork(struct thread *thread, const struct linux_clone *clone, bool waits, bool lends)
{
	struct process *child;
	struct thread *main;
	status_t status = process_copy(thread, clone, &child);
	int32_t pidfd = -1;
	unsigned pid;

	if (status != STATUS_OK)
		return status;
	pid = child->number;
	status = lends ? linux_vfork_lend(thread, child) : STATUS_OK;
	if (status == STATUS_OK)
		status = thread_copy(thread, clone, child, &main);
	if (status == STATUS_OK) {
		if (clone->parent_set_tid)
			(void)!linux_copy_out(thread, clone->parent_tid_va, &pid, sizeof(pid));
		if (clone->makes_pidfd)
			status = pidfd_make(thread, clone, child, &pidfd);
		if (status == STATUS_OK)
			status = process_start(child, main);
		if (status != STATUS_OK)
			thread_abandon(main);
	}
	if (status != STATUS_OK) {
		if (pidfd >= 0)
			(void)linux_fd_close(thread->process, pidfd);
		process_abandon(child);
		return status;
	}
	object_put(&main->object);
	if (waits && child_wait(thread, child) && lends)
		linux_vfork_hear(thread, child);
	object_put(&child->object);
	return pid;
}
