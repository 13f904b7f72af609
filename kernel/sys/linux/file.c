// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/file.h"

#include "kernel/core/timer.h"
#include "kernel/io/fs/fs.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/epoll.h"
#include "kernel/sys/linux/inotify.h"
#include "kernel/sys/linux/pages.h"
#include "kernel/sys/linux/signal.h"
#include "kernel/sys/linux/socket.h"
#include "kernel/sys/linux/vfs.h"

const struct cap_interface linux_file_interface = { .id = 0, .name = "descriptor", .rights = LINUX_FILE_READ | LINUX_FILE_WRITE | LINUX_FILE_USE };

static void file_end(struct linux_file *file)
{
	if (file->ended)
		return;
	file->ended = true;
	linux_epoll_forget(file);
	if (file->ops->end != NULL)
		file->ops->end(file);
}

static _Atomic uint32_t open_count;

uint32_t linux_files_open(void)
{
	return atomic_load_explicit(&open_count, memory_order_relaxed);
}

static void file_destroy(struct object *object)
{
	struct linux_file *file = linux_file_of(object);
	struct budget *budget = file->budget;

	file_end(file); /* of one whose last hold was a capability's, that came to nothing */
	file->ops->release(file);
	atomic_fetch_sub_explicit(&open_count, 1, memory_order_relaxed);
	if (budget != NULL) {
		budget_credit_bytes(budget, LINUX_FILE_CHARGE);
		budget_put(budget);
	}
}

uint64_t linux_anonymous_id(void)
{
	static _Atomic uint64_t last;

	return atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
}

status_t linux_anonymous_stat(struct linux_file *file, struct fs_stat *out, uint32_t *mode_type)
{
	(void)file;
	*mode_type = 0;
	out->permissions = 0600;
	out->links = 1;
	return STATUS_OK;
}

void linux_files_settle(void)
{
	linux_unix_collect();
	object_settle_dead();
}

void linux_files_keep_up(const struct budget *budget)
{
	enum { ON_THEIR_WAY_MAX = 16 };

	if (budget_left(budget) < budget->limit / 4 && object_dead_count() > ON_THEIR_WAY_MAX)
		linux_files_settle();
}

bool linux_charge(struct budget *budget, uint64_t bytes)
{
	if (budget_charge_bytes(budget, bytes))
		return true;
	linux_files_settle();
	return budget_charge_bytes(budget, bytes);
}

bool linux_file_charge(struct linux_file *file, struct budget *budget)
{
	bool is_charged;

	if (file->budget != NULL)
		return true;
	if (!linux_charge(budget, LINUX_FILE_CHARGE))
		return false;
	spinlock_take(&file->lock);
	is_charged = file->budget != NULL; /* to another process that was sent it at the same time */
	if (!is_charged) {
		budget_hold(budget);
		file->budget = budget;
	}
	spinlock_give(&file->lock);
	if (is_charged)
		budget_credit_bytes(budget, LINUX_FILE_CHARGE);
	return true;
}

void linux_file_put(struct linux_file *file)
{
	if (!object_put_last(&file->object))
		return;
	file_end(file);
	object_retire(&file->object);
}

void linux_file_init(struct linux_file *file, const struct linux_file_ops *ops, uint32_t flags)
{
	object_init(&file->object, &linux_file_interface, file_destroy);
	atomic_fetch_add_explicit(&open_count, 1, memory_order_relaxed);
	file->ops = ops;
	file->lock = (struct spinlock){ 0 };
	file->offset = 0;
	file->ended = false;
	file->budget = NULL;
	atomic_init(&file->flags, flags);
	list_init(&file->epolls);
}

typedef int64_t transfer(struct linux_file *file, struct linux_data *data, uint64_t offset);

static bool may_wait(const struct linux_file *file)
{
	return file->ops->poll != NULL && !(linux_file_flags(file) & LINUX_O_NONBLOCK);
}

/* How long is waited, at most: SO_RCVTIMEO, SO_SNDTIMEO. 0: for ever. */
static uint64_t limit_ns(struct linux_file *file, transfer *run)
{
	const struct linux_socket *socket = linux_socket_find(file);

	if (socket == NULL)
		return 0;
	return run == file->ops->write ? socket->send_timeout_ns : socket->receive_timeout_ns;
}

/* Until something has been moved. */
static int64_t stream_once(struct thread *thread, struct linux_file *file, struct linux_data *data, transfer *run)
{
	struct linux_waiter waiter = { .thread = thread };
	int64_t result = run(file, data, 0);
	status_t status = STATUS_OK;
	uint64_t most_ns;
	uint64_t deadline_ns;

	if (result != STATUS_EAGAIN || !may_wait(file))
		return result;
	most_ns = limit_ns(file, run);
	deadline_ns = most_ns != 0 ? timer_deadline(most_ns) : WAIT_FOREVER;
	(void)file->ops->poll(file, &waiter);
	while ((result = run(file, data, 0)) == STATUS_EAGAIN && status == STATUS_OK)
		status = linux_sleep(thread, deadline_ns);
	linux_waiter_remove(&waiter);
	if (result != STATUS_EAGAIN || status == STATUS_ETIMEDOUT)
		return result;
	/* With a time limit it is not begun anew. Spec: signal(7). */
	return status != STATUS_EINTR ? status : most_ns != 0 ? LINUX_RESTART_NO_HANDLER : LINUX_RESTART;
}

void linux_file_broken(struct thread *thread, struct linux_file *file)
{
	const struct linux_socket *socket = linux_socket_find(file);

	if (socket == NULL || socket->type == LINUX_SOCK_STREAM)
		linux_signal_thread(thread, LINUX_SIGPIPE, NULL);
}

/* Until all of it has been written, as far as that may wait. */
static int64_t stream_write(struct thread *thread, struct linux_file *file, struct linux_data *data)
{
	int64_t done = 0;
	int64_t result;

	do {
		result = stream_once(thread, file, data, file->ops->write);
		if (result > 0)
			done += result;
	} while (result > 0 && data->left > 0 && may_wait(file));
	if (result == STATUS_EPIPE && done == 0)
		linux_file_broken(thread, file);
	return done > 0 ? done : result;
}

/* Mapped memory shows what is read, and what was written. */
static int64_t settled_read(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	int64_t done;

	if (file->ops->map != NULL)
		linux_pages_settle(linux_vfs_dentry(file), offset, offset + data->left);
	done = file->ops->read(file, data, offset);
	if (done > 0 && linux_is_watched())
		linux_notify(linux_vfs_dentry(file), LINUX_IN_ACCESS);
	return done;
}

static int64_t settled_write(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	bool appends = (linux_file_flags(file) & LINUX_O_APPEND) != 0;
	struct fs_stat stat = { 0 };
	uint32_t mode;
	int64_t done;

	if (file->ops->map == NULL)
		return file->ops->write(file, data, offset);
	if (appends && linux_pages_are_mapped() && file->ops->stat(file, &stat, &mode) == STATUS_OK)
		offset = stat.size; /* or behind that */
	done = file->ops->write(file, data, offset);
	if (done > 0 && linux_is_watched())
		linux_notify(linux_vfs_dentry(file), LINUX_IN_MODIFY);
	if (done > 0)
		linux_pages_changed(linux_vfs_dentry(file), offset, appends ? UINT64_MAX : offset + (uint64_t)done);
	return done;
}

/*
 * At the file's own place. It is moved past what was asked for at once, so that who shares the file goes on behind that; and back by what then
 * was not moved, unless somebody has moved it further.
 */
static int64_t at_place(struct linux_file *file, struct linux_data *data, transfer *run)
{
	uint64_t bytes = data->left;
	uint64_t offset;
	int64_t result;

	spinlock_take(&file->lock);
	offset = file->offset;
	file->offset += bytes;
	spinlock_give(&file->lock);
	result = run(file, data, offset);
	spinlock_take(&file->lock);
	if (file->offset == offset + bytes)
		file->offset = offset + (result > 0 ? (uint64_t)result : 0);
	spinlock_give(&file->lock);
	return result;
}

static int64_t placed(struct linux_file *file, struct linux_data *data, const uint64_t *offset, transfer *run)
{
	data->named_place = offset != NULL;
	return offset != NULL ? run(file, data, *offset) : at_place(file, data, run);
}

/* Once, and nothing is waited for. */
static int64_t at_once(struct linux_file *file, struct linux_data *data, const uint64_t *offset, transfer *stream, transfer *other)
{
	if (!file->ops->is_stream)
		return placed(file, data, offset, other);
	return offset != NULL ? STATUS_ESPIPE : stream(file, data, 0);
}

int64_t linux_file_read_now(struct linux_file *file, struct linux_data *data, const uint64_t *offset)
{
	return file->ops->read != NULL ? at_once(file, data, offset, file->ops->read, settled_read) : STATUS_EINVAL;
}

int64_t linux_file_write_now(struct linux_file *file, struct linux_data *data, const uint64_t *offset)
{
	return file->ops->write != NULL ? at_once(file, data, offset, file->ops->write, settled_write) : STATUS_EINVAL;
}

int64_t linux_file_read(struct thread *thread, struct linux_file *file, struct linux_data *data, const uint64_t *offset)
{
	if (file->ops->read == NULL)
		return STATUS_EINVAL;
	if (!file->ops->is_stream)
		return placed(file, data, offset, settled_read);
	return offset != NULL ? STATUS_ESPIPE : stream_once(thread, file, data, file->ops->read);
}

int64_t linux_file_write(struct thread *thread, struct linux_file *file, struct linux_data *data, const uint64_t *offset)
{
	if (file->ops->write == NULL)
		return STATUS_EINVAL;
	if (!file->ops->is_stream)
		return placed(file, data, offset, settled_write);
	return offset != NULL ? STATUS_ESPIPE : stream_write(thread, file, data);
}
