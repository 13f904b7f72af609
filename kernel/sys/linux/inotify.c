// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Instances of inotify: what is queued in them, and their calls. Spec: inotify(7), inotify_init(2), inotify_add_watch(2), inotify_rm_watch(2) */
#include "kernel/sys/linux/inotify.h"

#include "capos/abi/dir.h"
#include "kernel/core/libc.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/path.h"
#include "kernel/sys/linux/permissions.h"
#include "kernel/sys/linux/room.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"
#include "lib/string.h"

enum { QUEUED_MAX = 4096, EVENT_BYTES = sizeof(struct linux_inotify_event) };

#define MASK_KNOWN                                                                                                                          \
	(LINUX_IN_ALL_EVENTS | LINUX_IN_Q_OVERFLOW | LINUX_IN_IGNORED | 0x2000u /* IN_UNMOUNT */ | LINUX_IN_ONLYDIR | LINUX_IN_DONT_FOLLOW |      \
	 LINUX_IN_EXCL_UNLINK | LINUX_IN_MASK_CREATE | LINUX_IN_MASK_ADD | LINUX_IN_ISDIR | LINUX_IN_ONESHOT)

static struct linux_inotify *own_of(struct linux_file *file)
{
	return LIST_OWNER(file, struct linux_inotify, file);
}

static struct linux_inotify_queued *queued_of(struct list_node *node)
{
	return LIST_OWNER(node, struct linux_inotify_queued, node);
}

static size_t bytes_of(const struct linux_inotify_queued *queued)
{
	return EVENT_BYTES + queued->told.name_bytes;
}

/* One that is in no queue any more; the one that tells of an overflow stays. */
static void queued_free(struct linux_inotify *own, struct linux_inotify_queued *queued)
{
	if (queued == &own->overflow)
		return;
	linux_room_give(own->budget, queued, sizeof(*queued) + queued->told.name_bytes);
}

/* NULL: memory is out. */
static struct linux_inotify_queued *queued_make(struct linux_inotify *own, const struct linux_inotify_event *told, struct span name)
{
	struct linux_inotify_queued *made = linux_room_take(own->budget, sizeof(*made) + told->name_bytes);

	if (made == NULL)
		return NULL;
	made->told = *told;
	memset(made->name, 0, told->name_bytes);
	if (name.len > 0)
		memcpy(made->name, name.data, name.len);
	return made;
}

/* Whether it says what the last one says, that nobody has read: then that counts for both. */
static bool is_last(struct linux_inotify *own, const struct linux_inotify_queued *queued)
{
	const struct linux_inotify_queued *last = own->count > 0 ? queued_of(own->queue.prev) : NULL;

	return last != NULL && last->told.watch == queued->told.watch && last->told.mask == queued->told.mask && last->told.mask != LINUX_IN_IGNORED &&
	       last->told.name_bytes == queued->told.name_bytes && memcmp(last->name, queued->name, queued->told.name_bytes) == 0;
}

/* Context: the file's lock is held. */
static void push(struct linux_inotify *own, struct linux_inotify_queued *queued)
{
	list_push_back(&own->queue, &queued->node);
	own->count++;
	own->bytes += bytes_of(queued);
}

void linux_inotify_queue(struct linux_inotify *own, int32_t watch, uint32_t mask, uint32_t cookie, struct span name)
{
	uint32_t name_bytes = name.len > 0 ? (uint32_t)(name.len / EVENT_BYTES + 1) * EVENT_BYTES : 0;
	struct linux_inotify_event told = { .watch = watch, .mask = mask, .cookie = cookie, .name_bytes = name_bytes };
	struct linux_inotify_queued *made = queued_make(own, &told, name);

	spinlock_take(&own->file.lock);
	if (made != NULL && !is_last(own, made) && own->count < QUEUED_MAX) {
		push(own, made);
		made = NULL;
	} else if (!own->overflowed && (made == NULL || !is_last(own, made))) {
		own->overflowed = true;
		push(own, &own->overflow);
	}
	spinlock_give(&own->file.lock);
	if (made != NULL)
		queued_free(own, made);
	linux_event_raise(&own->event);
}

/* The next one, where it fits; it is the caller's. STATUS_EINVAL: it does not; STATUS_EAGAIN: there is none. */
static status_t take(struct linux_inotify *own, uint64_t room, struct linux_inotify_queued **out)
{
	status_t status = STATUS_EAGAIN;

	spinlock_take(&own->file.lock);
	if (own->count > 0) {
		*out = queued_of(own->queue.next);
		status = bytes_of(*out) <= room ? STATUS_OK : STATUS_EINVAL;
	}
	if (status == STATUS_OK) {
		list_remove(&(*out)->node);
		own->count--;
		own->bytes -= bytes_of(*out);
		if (*out == &own->overflow)
			own->overflowed = false;
	}
	spinlock_give(&own->file.lock);
	return status;
}

static int64_t inotify_read(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	struct linux_inotify *own = own_of(file);
	struct linux_inotify_queued *queued;
	int64_t done = 0;
	int64_t given = 0;
	status_t status;

	(void)offset;
	while ((status = take(own, data->left, &queued)) == STATUS_OK) {
		size_t bytes = bytes_of(queued);

		given = linux_data_give(data, &queued->told, EVENT_BYTES);
		if (given == EVENT_BYTES && queued->told.name_bytes > 0)
			given += linux_data_give(data, queued->name, queued->told.name_bytes);
		queued_free(own, queued);
		if (given != (int64_t)bytes)
			return done > 0 ? done : STATUS_EFAULT;
		done += given;
	}
	return done > 0 ? done : status;
}

static uint32_t inotify_poll(struct linux_file *file, struct linux_waiter *waiter)
{
	struct linux_inotify *own = own_of(file);
	uint32_t now;

	linux_poll_wait(waiter, &own->event);
	spinlock_take(&file->lock);
	now = own->count > 0 ? LINUX_POLLIN | LINUX_POLLRDNORM : 0;
	spinlock_give(&file->lock);
	return now;
}

static int64_t inotify_ioctl(struct linux_file *file, struct thread *thread, uint32_t request, uint64_t argument)
{
	int32_t bytes;

	if (request != LINUX_FIONREAD)
		return STATUS_ENOTTY;
	spinlock_take(&file->lock);
	bytes = (int32_t)own_of(file)->bytes;
	spinlock_give(&file->lock);
	return linux_copy_out(thread, argument, &bytes, sizeof(bytes));
}

static void inotify_end(struct linux_file *file)
{
	linux_watches_forget(own_of(file));
}

static void inotify_release(struct linux_file *file)
{
	struct linux_inotify *own = own_of(file);
	struct budget *budget = own->budget;
	struct list_node *node;

	while ((node = list_pop_front(&own->queue)) != NULL)
		queued_free(own, queued_of(node));
	free(own);
	budget_put(budget);
}

static const struct linux_file_ops inotify_ops = {
	.name = "anon_inode:inotify", .is_stream = true, .read = inotify_read, .poll = inotify_poll, .stat = linux_anonymous_stat, .ioctl = inotify_ioctl,
	.end = inotify_end, .release = inotify_release,
};

static int64_t call_inotify_init1(struct thread *thread, const uint64_t x[6])
{
	struct linux_inotify *made;

	if ((x[0] & ~(uint64_t)(LINUX_O_CLOEXEC | LINUX_O_NONBLOCK)) != 0)
		return STATUS_EINVAL;
	made = calloc(1, sizeof(*made));
	if (made == NULL)
		return STATUS_ENOMEM;
	budget_hold(thread->process->budget);
	made->budget = thread->process->budget;
	made->overflow.told = (struct linux_inotify_event){ .watch = -1, .mask = LINUX_IN_Q_OVERFLOW };
	list_init(&made->watches);
	list_init(&made->queue);
	linux_event_init(&made->event);
	linux_file_init(&made->file, &inotify_ops, (uint32_t)(x[0] & LINUX_O_NONBLOCK));
	return linux_fd_add(thread->process, &made->file, 0, (x[0] & LINUX_O_CLOEXEC) != 0);
}

static status_t inotify_get(struct thread *thread, int fd, struct linux_file **file)
{
	status_t status = linux_fd_get(thread->process, fd, LINUX_FILE_USE, file);

	if (status == STATUS_OK && (*file)->ops != &inotify_ops) {
		linux_file_put(*file);
		return STATUS_EINVAL;
	}
	return status;
}

/* Who may not read something, or list it, is not told of it either. */
static int64_t add_at(struct thread *thread, struct linux_inotify *own, uint64_t path_va, uint32_t mask)
{
	struct linux_walk *walk;
	bool is_directory;
	status_t status;
	int64_t result;

	walk = linux_walk_user(thread, LINUX_AT_FDCWD, path_va, !(mask & LINUX_IN_DONT_FOLLOW), &status);
	if (walk == NULL)
		return status;
	is_directory = walk->found != NULL && walk->found->node->type == FS_DIRECTORY;
	if (walk->found == NULL)
		result = STATUS_ENOENT;
	else if ((mask & LINUX_IN_ONLYDIR) && !is_directory)
		result = STATUS_ENOTDIR;
	else
		result = linux_dentry_may(walk->found, is_directory ? CAPOS_DIR_RIGHT_LIST : CAPOS_DIR_RIGHT_READ);
	if (result == STATUS_OK)
		result = linux_may(&walk->who, walk->found, LINUX_MAY_READ);
	if (result == STATUS_OK)
		result = linux_watch_add(own, walk->found, mask);
	linux_walk_free(walk);
	return result;
}

static int64_t call_inotify_add_watch(struct thread *thread, const uint64_t x[6])
{
	uint32_t mask = (uint32_t)x[2];
	struct linux_file *file;
	int64_t result;

	if ((mask & ~MASK_KNOWN) != 0 || mask == 0)
		return STATUS_EINVAL;
	result = inotify_get(thread, (int)x[0], &file);
	if (result != STATUS_OK)
		return result;
	if ((mask & LINUX_IN_MASK_ADD) && (mask & LINUX_IN_MASK_CREATE))
		result = STATUS_EINVAL;
	else
		result = add_at(thread, own_of(file), x[1], mask);
	linux_file_put(file);
	return result;
}

static int64_t call_inotify_rm_watch(struct thread *thread, const uint64_t x[6])
{
	struct linux_file *file;
	int64_t result = inotify_get(thread, (int)x[0], &file);

	if (result != STATUS_OK)
		return result;
	result = linux_watch_remove(own_of(file), (int32_t)x[1]);
	linux_file_put(file);
	return result;
}

const struct linux_call linux_calls_inotify[] = {
	{ 26, 1, "inotify_init1", call_inotify_init1 },
	{ 27, 3, "inotify_add_watch", call_inotify_add_watch },
	{ 28, 2, "inotify_rm_watch", call_inotify_rm_watch },
	{ 0 },
};
