// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * epoll. An item is a file that is watched: it waits in the file's event, and is put in its epoll's list of those that may be ready when that is raised.
 * Who waits takes them from there and asks each file, with no lock held; what is still ready and level-triggered goes to the list's end again.
 *
 * A file is watched without being held, so that closing it ends that. Locks, outer first: `links`, a file's event, an epoll's lock, an epoll's event.
 * An item goes under `links`, so that neither its file nor its epoll has gone by then; one whose waiter is just being added is left to who adds it.
 *
 * Spec: Linux, include/uapi/linux/eventpoll.h; epoll(7)
 */
#include "kernel/sys/linux/epoll.h"

#include <assert.h>

#include "kernel/core/libc.h"
#include "kernel/core/timer.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/clock.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/signal.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"
#include "kernel/sys/process.h"

enum { CTL_ADD = 1, CTL_DEL = 2, CTL_MOD = 3, BUCKETS = 64, BATCH_MAX = 128 };

#define EPOLL_ONESHOT (1u << 30)
#define EPOLL_EDGE (1u << 31)
#define EPOLL_EXCLUSIVE (1u << 28)
#define EPOLL_WAKEUP (1u << 29)
#define EPOLL_OPTIONS (EPOLL_ONESHOT | EPOLL_EDGE | EPOLL_EXCLUSIVE | EPOLL_WAKEUP)
#define EPOLL_ALWAYS ((uint32_t)(LINUX_POLLERR | LINUX_POLLHUP))

struct user_epoll_event {
	uint32_t events, pad;
	uint64_t data;
};

static_assert(sizeof(struct user_epoll_event) == 16, "linux/eventpoll.h: struct epoll_event");

struct epoll {
	struct linux_file file;
	struct budget *budget; /* held */
	struct linux_event event;
	struct spinlock lock;
	/* W: under `lock`. */
	struct list_node ready;
	struct epoll_item *items[BUCKETS]; /* by fd */
	unsigned nested;                   /* items that are epolls themselves */
};

struct epoll_item {
	struct linux_waiter waiter;
	struct list_node of_file; /* W: under `links` */
	struct epoll *epoll;
	struct linux_file *file;
	int fd;
	_Atomic uint32_t holds;
	/* W: under the epoll's lock. */
	struct epoll_item *next;
	struct list_node ready; /* linked to itself: not in the list */
	uint32_t events;
	uint64_t data;
	bool gone, adding;
};

static struct spinlock links;

static const struct linux_file_ops epoll_ops;

static struct epoll *epoll_of(struct linux_file *file)
{
	return LIST_OWNER(file, struct epoll, file);
}

static void item_put(struct epoll_item *item)
{
	struct budget *budget = item->epoll->budget;

	if (atomic_fetch_sub_explicit(&item->holds, 1, memory_order_acq_rel) != 1)
		return;
	free(item);
	budget_credit_bytes(budget, sizeof(*item));
}

/* Context: under the epoll's lock. */
static void item_make_ready(struct epoll_item *item)
{
	if (!item->gone && item->events != 0 && item->ready.next == &item->ready)
		list_push_back(&item->epoll->ready, &item->ready);
}

static void item_notified(struct linux_waiter *waiter, struct linux_wakes *wakes)
{
	struct epoll_item *item = LIST_OWNER(waiter, struct epoll_item, waiter);
	struct epoll *epoll = item->epoll;

	spinlock_take(&epoll->lock);
	item_make_ready(item);
	spinlock_give(&epoll->lock);
	linux_event_collect(&epoll->event, wakes);
}

static struct epoll_item **item_find(struct epoll *epoll, int fd, const struct linux_file *file)
{
	struct epoll_item **at = &epoll->items[(unsigned)fd % BUCKETS];

	while (*at != NULL && ((*at)->fd != fd || (*at)->file != file))
		at = &(*at)->next;
	return at;
}

/* Context: under `links`. */
static void item_remove(struct epoll_item *item)
{
	struct epoll *epoll = item->epoll;
	struct epoll_item **at;
	bool adding;

	spinlock_take(&epoll->lock);
	at = item_find(epoll, item->fd, item->file);
	*at = item->next;
	item->gone = true;
	list_remove(&item->ready);
	adding = item->adding;
	epoll->nested -= item->file->ops == &epoll_ops;
	spinlock_give(&epoll->lock);
	if (!adding)
		linux_waiter_remove(&item->waiter);
	list_remove(&item->of_file);
	item_put(item);
}

void linux_epoll_forget(struct linux_file *file)
{
	if (list_is_empty(&file->epolls))
		return;
	spinlock_take(&links);
	while (!list_is_empty(&file->epolls))
		item_remove(LIST_OWNER(file->epolls.next, struct epoll_item, of_file));
	spinlock_give(&links);
}

static void epoll_release(struct linux_file *file)
{
	struct epoll *epoll = epoll_of(file);
	struct budget *budget = epoll->budget;

	spinlock_take(&links);
	for (unsigned i = 0; i < BUCKETS; i++)
		while (epoll->items[i] != NULL)
			item_remove(epoll->items[i]);
	spinlock_give(&links);
	free(epoll);
	budget_credit_bytes(budget, sizeof(*epoll));
	budget_put(budget);
}

/* What holds of a file that an item is for. It is added to the file's event first where `waiter` is not NULL. Context: no lock held. */
static uint32_t item_ask(struct linux_file *file, struct linux_waiter *waiter, uint32_t events)
{
	return linux_file_poll(file, waiter) & ((events & ~EPOLL_OPTIONS) | EPOLL_ALWAYS);
}

/* An item has come, or asks for other events: perhaps it is ready already. Gives back a hold of it. */
static void item_settle(struct epoll_item *item, struct linux_waiter *waiter, uint32_t events)
{
	struct epoll *epoll = item->epoll;
	bool ready = item_ask(item->file, waiter, events) != 0;
	bool gone;

	spinlock_take(&epoll->lock);
	if (ready)
		item_make_ready(item);
	if (waiter != NULL)
		item->adding = false;
	gone = item->gone;
	spinlock_give(&epoll->lock);
	if (gone && waiter != NULL)
		linux_waiter_remove(waiter);
	if (ready)
		linux_event_raise(&epoll->event);
	item_put(item);
}

/* An epoll in an epoll: at most two deep, so that there are no circles. */
static status_t nesting_check(struct epoll *epoll, struct linux_file *file)
{
	if (file->ops != &epoll_ops)
		return STATUS_OK;
	return file == &epoll->file ? STATUS_EINVAL : epoll_of(file)->nested > 0 || !list_is_empty(&epoll->file.epolls) ? STATUS_ELOOP : STATUS_OK;
}

static status_t item_link(struct epoll *epoll, struct epoll_item *item)
{
	struct epoll_item **at;
	status_t status;

	spinlock_take(&links);
	status = nesting_check(epoll, item->file);
	spinlock_take(&epoll->lock);
	at = item_find(epoll, item->fd, item->file);
	if (status == STATUS_OK && *at != NULL)
		status = STATUS_EEXIST;
	if (status == STATUS_OK) {
		*at = item;
		list_push_back(&item->file->epolls, &item->of_file);
		epoll->nested += item->file->ops == &epoll_ops;
	}
	spinlock_give(&epoll->lock);
	spinlock_give(&links);
	return status;
}

static status_t ctl_add(struct epoll *epoll, int fd, struct linux_file *file, const struct user_epoll_event *event)
{
	struct epoll_item *item;
	status_t status;

	if (file->ops->poll == NULL)
		return STATUS_EPERM;
	if (!budget_charge_bytes(epoll->budget, sizeof(*item)))
		return STATUS_ENOMEM;
	item = malloc(sizeof(*item));
	if (item == NULL) {
		budget_credit_bytes(epoll->budget, sizeof(*item));
		return STATUS_ENOMEM;
	}
	*item = (struct epoll_item){ .waiter = { .notify = item_notified }, .epoll = epoll, .file = file, .fd = fd, .events = event->events | EPOLL_ALWAYS,
				     .data = event->data, .adding = true };
	list_init(&item->ready);
	list_init(&item->of_file);
	atomic_init(&item->holds, 2);
	status = item_link(epoll, item);
	if (status == STATUS_OK)
		item_settle(item, &item->waiter, item->events);
	else
		item_put(item);
	if (status != STATUS_OK)
		item_put(item);
	return status;
}

static status_t ctl_mod(struct epoll *epoll, int fd, struct linux_file *file, const struct user_epoll_event *event)
{
	struct epoll_item *item;

	spinlock_take(&epoll->lock);
	item = *item_find(epoll, fd, file);
	if (item != NULL) {
		item->events = event->events | EPOLL_ALWAYS;
		item->data = event->data;
		atomic_fetch_add_explicit(&item->holds, 1, memory_order_relaxed);
	}
	spinlock_give(&epoll->lock);
	if (item == NULL)
		return STATUS_ENOENT;
	item_settle(item, NULL, event->events | EPOLL_ALWAYS);
	return STATUS_OK;
}

static status_t ctl_del(struct epoll *epoll, int fd, struct linux_file *file)
{
	struct epoll_item *item;

	spinlock_take(&links);
	spinlock_take(&epoll->lock);
	item = *item_find(epoll, fd, file);
	spinlock_give(&epoll->lock);
	if (item != NULL)
		item_remove(item);
	spinlock_give(&links);
	return item != NULL ? STATUS_OK : STATUS_ENOENT;
}

static status_t epoll_get(struct thread *thread, int fd, struct linux_file **file)
{
	status_t status = linux_fd_get(thread->process, fd, 0, file);

	if (status == STATUS_OK && (*file)->ops != &epoll_ops) {
		linux_file_put(*file);
		return STATUS_EINVAL;
	}
	return status;
}

static status_t ctl_run(struct epoll *epoll, int command, int fd, struct linux_file *file, const struct user_epoll_event *event)
{
	switch (command) {
	case CTL_ADD:
		return ctl_add(epoll, fd, file, event);
	case CTL_MOD:
		return ctl_mod(epoll, fd, file, event);
	case CTL_DEL:
		return ctl_del(epoll, fd, file);
	default:
		return STATUS_EINVAL;
	}
}

static int64_t call_epoll_ctl(struct thread *thread, const uint64_t x[6])
{
	struct user_epoll_event event = { 0 };
	struct linux_file *epoll;
	struct linux_file *file;
	status_t status;

	if ((int)x[1] != CTL_DEL && linux_copy_in(thread, &event, x[3], sizeof(event)) != STATUS_OK)
		return STATUS_EFAULT;
	status = epoll_get(thread, (int)x[0], &epoll);
	if (status != STATUS_OK)
		return status;
	status = linux_fd_get(thread->process, (int)x[2], 0, &file);
	if (status == STATUS_OK) {
		status = ctl_run(epoll_of(epoll), (int)x[1], (int)x[2], file, &event);
		linux_file_put(file);
	}
	linux_file_put(epoll);
	return status;
}

/* One that may be ready, out of the list: its file, held. NULL: its file is just going. */
struct candidate {
	struct linux_file *file;
	int fd;
	uint32_t events;
	uint64_t data;
};

/* False: the list is empty. */
static bool candidate_take(struct epoll *epoll, struct candidate *out)
{
	struct epoll_item *item;
	struct list_node *node;

	spinlock_take(&epoll->lock);
	node = list_pop_front(&epoll->ready);
	if (node != NULL) {
		item = LIST_OWNER(node, struct epoll_item, ready);
		*out = (struct candidate){ .file = object_hold(&item->file->object) ? item->file : NULL, .fd = item->fd, .events = item->events, .data = item->data };
	}
	spinlock_give(&epoll->lock);
	return node != NULL;
}

/* It was ready: what becomes of its item. `looked`: nobody was told. False: it has gone, or waits for other events now. */
static bool candidate_settle(struct epoll *epoll, const struct candidate *candidate, bool looked)
{
	struct epoll_item *item;
	bool stands;

	spinlock_take(&epoll->lock);
	item = *item_find(epoll, candidate->fd, candidate->file);
	stands = item != NULL && item->events == candidate->events;
	if (stands && !looked && (item->events & EPOLL_ONESHOT))
		item->events = 0;
	else if (stands && (looked || !(item->events & EPOLL_EDGE)))
		item_make_ready(item);
	spinlock_give(&epoll->lock);
	return stands;
}

static unsigned ready_count(struct epoll *epoll)
{
	unsigned count = 0;

	spinlock_take(&epoll->lock);
	for (struct list_node *node = epoll->ready.next; node != &epoll->ready; node = node->next)
		count++;
	spinlock_give(&epoll->lock);
	return count;
}

/* Asks those that may be ready, each once. `out` NULL: only whether any is. */
static unsigned collect(struct epoll *epoll, struct user_epoll_event *out, unsigned max)
{
	struct candidate candidate;
	unsigned count = 0;

	for (unsigned left = ready_count(epoll); left > 0 && count < max && candidate_take(epoll, &candidate); left--) {
		uint32_t now;

		if (candidate.file == NULL)
			continue;
		now = candidate.events != 0 ? item_ask(candidate.file, NULL, candidate.events) : 0;
		if (now != 0 && candidate_settle(epoll, &candidate, out == NULL)) {
			if (out != NULL)
				out[count] = (struct user_epoll_event){ .events = now, .data = candidate.data };
			count++;
		}
		linux_file_put(candidate.file);
	}
	return count;
}

/* Waits for at least one; how many there are. */
static int64_t wait_for(struct thread *thread, struct epoll *epoll, struct user_epoll_event *out, unsigned max, uint64_t deadline_ns)
{
	struct linux_waiter waiter = { 0 };
	status_t status = STATUS_OK;
	unsigned count = collect(epoll, out, max);

	if (count > 0 || deadline_ns == 0)
		return count;
	linux_waiter_add(&waiter, thread, &epoll->event);
	while ((count = collect(epoll, out, max)) == 0 && status == STATUS_OK)
		status = linux_sleep(thread, deadline_ns);
	linux_waiter_remove(&waiter);
	return count > 0 || status == STATUS_ETIMEDOUT ? (int64_t)count : status == STATUS_EINTR ? LINUX_RESTART_NO_HANDLER : status;
}

static int64_t epoll_wait(struct thread *thread, const uint64_t x[6], uint64_t deadline_ns)
{
	unsigned max = (int)x[2] < BATCH_MAX ? (unsigned)x[2] : BATCH_MAX;
	struct user_epoll_event *out;
	struct linux_file *file;
	int64_t result;

	if ((int)x[2] <= 0)
		return STATUS_EINVAL;
	result = epoll_get(thread, (int)x[0], &file);
	if (result != STATUS_OK)
		return result;
	out = malloc(max * sizeof(*out));
	result = out != NULL ? linux_signal_wait_begin(thread, x[4], x[5]) : STATUS_ENOMEM;
	if (result == STATUS_OK) {
		result = wait_for(thread, epoll_of(file), out, max, deadline_ns);
		if (result > 0 && linux_copy_out(thread, x[1], out, (size_t)result * sizeof(*out)) != STATUS_OK)
			result = STATUS_EFAULT;
		linux_signal_wait_end(thread, result);
	}
	free(out);
	linux_file_put(file);
	return result;
}

static int64_t call_epoll_pwait(struct thread *thread, const uint64_t x[6])
{
	int32_t timeout = (int32_t)x[3];

	return epoll_wait(thread, x, timeout < 0 ? WAIT_FOREVER : timeout == 0 ? 0 : timer_deadline((uint64_t)timeout * 1000000));
}

static int64_t call_epoll_pwait2(struct thread *thread, const uint64_t x[6])
{
	uint64_t deadline_ns = WAIT_FOREVER;
	status_t status = x[3] != 0 ? linux_timeout_in(thread, x[3], &deadline_ns) : STATUS_OK;

	return status == STATUS_OK ? epoll_wait(thread, x, deadline_ns) : status;
}

static uint32_t epoll_poll(struct linux_file *file, struct linux_waiter *waiter)
{
	linux_poll_wait(waiter, &epoll_of(file)->event);
	return collect(epoll_of(file), NULL, 1) > 0 ? LINUX_POLLIN | LINUX_POLLRDNORM : 0;
}

static status_t epoll_stat(struct linux_file *file, struct fs_stat *out, uint32_t *mode_type)
{
	(void)file;
	*mode_type = 0;
	out->permissions = 0600;
	out->links = 1;
	return STATUS_OK;
}

static const struct linux_file_ops epoll_ops = {
	.name = "anon_inode:[eventpoll]", .is_stream = true, .poll = epoll_poll, .stat = epoll_stat, .release = epoll_release,
};

static int64_t call_epoll_create1(struct thread *thread, const uint64_t x[6])
{
	struct budget *budget = thread->process->budget;
	struct epoll *epoll;

	if ((x[0] & ~(uint64_t)LINUX_O_CLOEXEC) != 0)
		return STATUS_EINVAL;
	if (!budget_charge_bytes(budget, sizeof(*epoll)))
		return STATUS_ENOMEM;
	epoll = calloc(1, sizeof(*epoll));
	if (epoll == NULL) {
		budget_credit_bytes(budget, sizeof(*epoll));
		return STATUS_ENOMEM;
	}
	budget_hold(budget);
	epoll->budget = budget;
	list_init(&epoll->ready);
	linux_event_init(&epoll->event);
	linux_file_init(&epoll->file, &epoll_ops, LINUX_O_RDWR);
	return linux_fd_add(thread->process, &epoll->file, 0, x[0] != 0);
}

const struct linux_call linux_calls_epoll[] = {
	{ 20, 1, "epoll_create1", call_epoll_create1 },
	{ 21, 4, "epoll_ctl", call_epoll_ctl },
	{ 22, 6, "epoll_pwait", call_epoll_pwait },
	{ 441, 6, "epoll_pwait2", call_epoll_pwait2 },
	{ 0 },
};
