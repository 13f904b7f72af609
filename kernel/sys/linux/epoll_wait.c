// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* epolls themselves, and waiting in them. */
#include "kernel/core/libc.h"
#include "kernel/core/timer.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/clock.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/epoll_items.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/room.h"
#include "kernel/sys/linux/signal.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"
#include "kernel/sys/process.h"
#include "lib/string.h"

enum { BATCH_MAX = 128 };

status_t epoll_get(struct thread *thread, int fd, struct linux_file **file)
{
	status_t status = linux_fd_get(thread->process, fd, LINUX_FILE_USE, file);

	if (status == STATUS_OK && (*file)->ops != &linux_epoll_ops) {
		linux_file_put(*file);
		return STATUS_EINVAL;
	}
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
	epoll->missed |= node == NULL && epoll->asked > 0;
	if (node != NULL) {
		epoll->asked++;
		item = LIST_OWNER(node, struct epoll_item, ready);
		*out = (struct candidate){ .file = object_hold(&item->file->object) ? item->file : NULL, .fd = item->fd, .events = item->events, .data = item->data };
	}
	spinlock_give(&epoll->lock);
	return node != NULL;
}

/*
 * What becomes of its item, and whether it is `ready`: it was; it has not gone, nor waits for other events now. `looked`: nobody was told. Who looked while it
 * was out of the list is told where it is in there again.
 */
static bool candidate_settle(struct epoll *epoll, const struct candidate *candidate, bool ready, bool looked)
{
	struct epoll_item *item;
	bool stays = false;
	bool tell;

	spinlock_take(&epoll->lock);
	item = ready ? *epoll_item_find(epoll, candidate->fd, candidate->file) : NULL;
	ready = item != NULL && item->events == candidate->events;
	if (ready && !looked && (item->events & EPOLL_ONESHOT))
		item->events = 0;
	else
		stays = ready && (looked || !(item->events & EPOLL_EDGE));
	if (stays)
		epoll_item_make_ready(item);
	tell = stays && epoll->missed;
	epoll->missed &= --epoll->asked > 0 && !tell;
	spinlock_give(&epoll->lock);
	if (tell)
		linux_event_raise(&epoll->event);
	return ready;
}

static unsigned ready_count(struct epoll *epoll)
{
	unsigned count = 0;

	spinlock_take(&epoll->lock);
	epoll->missed |= epoll->asked > 0;
	for (struct list_node *node = epoll->ready.next; node != &epoll->ready; node = node->next)
		count++;
	spinlock_give(&epoll->lock);
	return count;
}

/* Asks the first `*left` of those that may be ready, each once: how many are still to be asked. `out` NULL: only whether any is. */
static unsigned collect(struct epoll *epoll, struct user_epoll_event *out, unsigned max, unsigned *left)
{
	struct candidate candidate;
	unsigned count = 0;

	for (; *left > 0 && count < max && candidate_take(epoll, &candidate); --*left) {
		bool is_there = candidate.file != NULL;
		uint32_t now = is_there && candidate.events != 0 ? epoll_item_ask(candidate.file, NULL, candidate.events) : 0;

		if (candidate_settle(epoll, &candidate, now != 0, out == NULL)) {
			if (out != NULL)
				out[count] = (struct user_epoll_event){ .events = now, .data = candidate.data };
			count++;
		}
		if (is_there)
			linux_file_put(candidate.file);
	}
	return count;
}

static unsigned first_collect(struct epoll *epoll, struct user_epoll_event *out, unsigned max, unsigned *left)
{
	*left = ready_count(epoll);
	return collect(epoll, out, max, left);
}

/* Waits for at least one; how many there are, and `*left` to be asked. */
static int64_t wait_for(struct thread *thread, struct epoll *epoll, struct user_epoll_event *out, unsigned max, unsigned *left, uint64_t deadline_ns)
{
	struct linux_waiter waiter = { 0 };
	status_t status = STATUS_OK;
	unsigned count = first_collect(epoll, out, max, left);

	if (count > 0 || deadline_ns == 0)
		return count;
	linux_waiter_add(&waiter, thread, &epoll->event);
	while ((count = first_collect(epoll, out, max, left)) == 0 && status == STATUS_OK)
		status = linux_sleep(thread, deadline_ns);
	linux_waiter_remove(&waiter);
	return count > 0 || status == STATUS_ETIMEDOUT ? (int64_t)count : status == STATUS_EINTR ? LINUX_RESTART_NO_HANDLER : status;
}

static unsigned batch_of(unsigned max)
{
	return max < BATCH_MAX ? max : BATCH_MAX;
}

/* Waits, and tells of all that are ready by then, batch by batch through `out`: how many. */
static int64_t batches(struct thread *thread, struct epoll *epoll, const uint64_t x[6], struct user_epoll_event *out, uint64_t deadline_ns)
{
	unsigned max = (unsigned)x[2];
	unsigned left;
	int64_t some = wait_for(thread, epoll, out, batch_of(max), &left, deadline_ns);
	unsigned told = 0;

	while (some > 0) {
		if (linux_copy_out(thread, x[1] + told * sizeof(*out), out, (size_t)some * sizeof(*out)) != STATUS_OK)
			return told > 0 ? (int64_t)told : STATUS_EFAULT;
		told += (unsigned)some;
		if (told < max && left > 0)
			linux_give_way(thread);
		some = collect(epoll, out, batch_of(max - told), &left);
	}
	return some < 0 ? some : (int64_t)told;
}

static int64_t epoll_wait(struct thread *thread, const uint64_t x[6], uint64_t deadline_ns)
{
	struct user_epoll_event *out;
	struct linux_file *file;
	int64_t result;

	if ((int)x[2] <= 0)
		return STATUS_EINVAL;
	result = epoll_get(thread, (int)x[0], &file);
	if (result != STATUS_OK)
		return result;
	out = malloc(batch_of((unsigned)x[2]) * sizeof(*out));
	result = out != NULL ? linux_signal_wait_begin(thread, x[4], x[5]) : STATUS_ENOMEM;
	if (result == STATUS_OK) {
		result = batches(thread, epoll_of(file), x, out, deadline_ns);
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
	unsigned left;

	linux_poll_wait(waiter, &epoll_of(file)->event);
	return first_collect(epoll_of(file), NULL, 1, &left) > 0 ? LINUX_POLLIN | LINUX_POLLRDNORM : 0;
}

static void epoll_release(struct linux_file *file)
{
	struct epoll *epoll = epoll_of(file);
	struct budget *budget = epoll->budget;

	epoll_items_drop(epoll);
	linux_room_give(budget, epoll, sizeof(*epoll));
	budget_put(budget);
}

const struct linux_file_ops linux_epoll_ops = {
	.name = "anon_inode:[eventpoll]", .is_stream = true, .poll = epoll_poll, .stat = linux_anonymous_stat, .release = epoll_release,
};

static int64_t call_epoll_create1(struct thread *thread, const uint64_t x[6])
{
	struct budget *budget = thread->process->budget;
	struct epoll *epoll;

	if ((x[0] & ~(uint64_t)LINUX_O_CLOEXEC) != 0)
		return STATUS_EINVAL;
	epoll = linux_room_take(budget, sizeof(*epoll));
	if (epoll == NULL)
		return STATUS_ENOMEM;
	memset(epoll, 0, sizeof(*epoll));
	budget_hold(budget);
	epoll->budget = budget;
	list_init(&epoll->ready);
	linux_event_init(&epoll->event);
	linux_file_init(&epoll->file, &linux_epoll_ops, LINUX_O_RDWR);
	return linux_fd_add(thread->process, &epoll->file, 0, x[0] != 0);
}

const struct linux_call linux_calls_epoll_wait[] = {
	{ 20, 1, "epoll_create1", call_epoll_create1 },
	{ 22, 6, "epoll_pwait", call_epoll_pwait },
	{ 441, 6, "epoll_pwait2", call_epoll_pwait2 },
	{ 0 },
};
