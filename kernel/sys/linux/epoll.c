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

#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/epoll_items.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/room.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/process.h"

enum { CTL_ADD = 1, CTL_DEL = 2, CTL_MOD = 3 };

static struct spinlock links;

static void item_put(struct epoll_item *item)
{
	struct budget *budget = item->epoll->budget;

	if (atomic_fetch_sub_explicit(&item->holds, 1, memory_order_acq_rel) != 1)
		return;
	linux_room_give(budget, item, sizeof(*item));
}

void epoll_item_make_ready(struct epoll_item *item)
{
	if (!item->gone && item->events != 0 && item->ready.next == &item->ready)
		list_push_back(&item->epoll->ready, &item->ready);
}

static void item_notified(struct linux_waiter *waiter, struct linux_wakes *wakes)
{
	struct epoll_item *item = LIST_OWNER(waiter, struct epoll_item, waiter);
	struct epoll *epoll = item->epoll;

	spinlock_take(&epoll->lock);
	epoll_item_make_ready(item);
	spinlock_give(&epoll->lock);
	linux_event_collect(&epoll->event, wakes);
}

struct epoll_item **epoll_item_find(struct epoll *epoll, int fd, const struct linux_file *file)
{
	struct epoll_item **at = &epoll->items[(unsigned)fd % EPOLL_BUCKETS];

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
	at = epoll_item_find(epoll, item->fd, item->file);
	*at = item->next;
	item->gone = true;
	list_remove(&item->ready);
	adding = item->adding;
	epoll->nested -= item->file->ops == &linux_epoll_ops;
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

void epoll_items_drop(struct epoll *epoll)
{
	spinlock_take(&links);
	for (unsigned i = 0; i < EPOLL_BUCKETS; i++)
		while (epoll->items[i] != NULL)
			item_remove(epoll->items[i]);
	spinlock_give(&links);
}

uint32_t epoll_item_ask(struct linux_file *file, struct linux_waiter *waiter, uint32_t events)
{
	return linux_file_poll(file, waiter) & ((events & ~EPOLL_OPTIONS) | EPOLL_ALWAYS);
}

/* An item has come, or asks for other events: perhaps it is ready already. Gives back a hold of it. */
static void item_settle(struct epoll_item *item, struct linux_waiter *waiter, uint32_t events)
{
	struct epoll *epoll = item->epoll;
	bool ready = epoll_item_ask(item->file, waiter, events) != 0;
	bool gone;

	spinlock_take(&epoll->lock);
	if (ready)
		epoll_item_make_ready(item);
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
	if (file->ops != &linux_epoll_ops)
		return STATUS_OK;
	return epoll_of(file)->nested > 0 || !list_is_empty(&epoll->file.epolls) ? STATUS_ELOOP : STATUS_OK;
}

static status_t item_link(struct epoll *epoll, struct epoll_item *item)
{
	struct epoll_item **at;
	status_t status;

	spinlock_take(&links);
	status = nesting_check(epoll, item->file);
	spinlock_take(&epoll->lock);
	at = epoll_item_find(epoll, item->fd, item->file);
	if (status == STATUS_OK && *at != NULL)
		status = STATUS_EEXIST;
	if (status == STATUS_OK) {
		*at = item;
		list_push_back(&item->file->epolls, &item->of_file);
		epoll->nested += item->file->ops == &linux_epoll_ops;
	}
	spinlock_give(&epoll->lock);
	spinlock_give(&links);
	return status;
}

static status_t ctl_add(struct epoll *epoll, int fd, struct linux_file *file, const struct user_epoll_event *event)
{
	struct epoll_item *item = linux_room_take(epoll->budget, sizeof(*item));
	status_t status;

	if (item == NULL)
		return STATUS_ENOMEM;
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
	item = *epoll_item_find(epoll, fd, file);
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
	item = *epoll_item_find(epoll, fd, file);
	spinlock_give(&epoll->lock);
	if (item != NULL)
		item_remove(item);
	spinlock_give(&links);
	return item != NULL ? STATUS_OK : STATUS_ENOENT;
}

/* What is refused first. Spec: Linux, fs/eventpoll.c: do_epoll_ctl() */
static status_t ctl_run(struct linux_file *to, int command, int fd, struct linux_file *file, const struct user_epoll_event *event)
{
	struct epoll *epoll;

	if (file->ops->poll == NULL)
		return STATUS_EPERM;
	if (to->ops != &linux_epoll_ops || file == to)
		return STATUS_EINVAL;
	epoll = epoll_of(to);
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
	status = linux_fd_get(thread->process, (int)x[0], LINUX_FILE_USE, &epoll);
	if (status != STATUS_OK)
		return status;
	status = linux_fd_get(thread->process, (int)x[2], LINUX_FILE_USE, &file);
	if (status == STATUS_OK) {
		status = ctl_run(epoll, (int)x[1], (int)x[2], file, &event);
		linux_file_put(file);
	}
	linux_file_put(epoll);
	return status;
}

const struct linux_call linux_calls_epoll[] = {
	{ 21, 4, "epoll_ctl", call_epoll_ctl },
	{ 0 },
};
