// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Waiting for what Linux programs wait for: an event that may be raised on any CPU, several events at once (poll), with signals ending the wait.
 *
 *	linux_waiter_add(&waiter, thread, &event);         before the look
 *	while ((result = look()) == STATUS_EAGAIN && (status = linux_sleep(thread, deadline)) == STATUS_OK)
 *		;
 *	linux_waiter_remove(&waiter);
 *
 * What was raised after linux_waiter_add() is never missed: linux_sleep() then returns at once.
 */
#ifndef KERNEL_SYS_LINUX_WAIT_H
#define KERNEL_SYS_LINUX_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/core/spinlock.h"
#include "kernel/core/wait.h"
#include "lib/list.h"
#include "lib/status.h"

struct thread;

enum { LINUX_WAKES_MAX = 16 };

/* Threads that are to be woken once no lock is held any more: sending to another CPU may have to wait for it. */
struct linux_wakes {
	struct thread *threads[LINUX_WAKES_MAX]; /* held */
	unsigned count;
	bool more; /* some did not fit: another pass is needed */
};

/* Something that happens, again and again. */
struct linux_event {
	struct spinlock lock;
	struct list_node waiters; /* W: under `lock` */
};

struct linux_waiter {
	struct list_node node;
	struct linux_event *event; /* NULL: it is in none */
	struct thread *thread;     /* whom to wake; NULL: */
	/* called instead, under the event's lock, on any CPU, perhaps more than once: it neither sleeps nor sends, and hands `wakes` on (linux_event_collect). */
	void (*notify)(struct linux_waiter *waiter, struct linux_wakes *wakes);
};

void linux_event_init(struct linux_event *event);

/* Wakes every waiter; each stays until it removes itself. Context: fiber or scheduler, any CPU. */
void linux_event_raise(struct linux_event *event);

/* The same for `notify`: who is to be woken is put into `wakes`. */
void linux_event_collect(struct linux_event *event, struct linux_wakes *wakes);

/* Context: fiber; `waiter` lives until it is removed. */
void linux_waiter_add(struct linux_waiter *waiter, struct thread *thread, struct linux_event *event);
void linux_waiter_add_notify(struct linux_waiter *waiter, void (*notify)(struct linux_waiter *waiter, struct linux_wakes *wakes),
			     struct linux_event *event);
void linux_waiter_remove(struct linux_waiter *waiter); /* nothing where it is in no event */

/*
 * Sleeps until woken since the last return from here, or until `deadline_ns` (WAIT_FOREVER): STATUS_OK, a hint to look again; STATUS_ETIMEDOUT;
 * STATUS_EINTR where a signal is to be delivered, before or meanwhile; STATUS_ECANCELED where the thread is to end. Context: its fiber.
 */
MUST_CHECK status_t linux_sleep(struct thread *thread, uint64_t deadline_ns);

/* The same, but that signals are left for later: for what must be brought to an end. */
MUST_CHECK status_t linux_sleep_uninterrupted(struct thread *thread, uint64_t deadline_ns);

/* Lets others run, where any wait to, in a call that takes long. It may be that the thread is to end meanwhile. Context: its fiber. */
void linux_give_way(struct thread *thread);

/* Wakes a thread, which the caller holds. Context: fiber or scheduler, any CPU. */
void linux_wake(struct thread *thread);

#endif
