// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * eventfd and timerfd. A timerfd's ticks are counted from the clock when somebody asks; its timer is there to wake, and is one CPU's. It fires once until the
 * ticks are read, as on Linux: one that repeats each nanosecond would keep its CPU otherwise.
 *
 * Spec: eventfd(2), timerfd_create(2)
 */
#include <assert.h>

#include "hal/contract/smp.h"
#include "hal/contract/timer.h"
#include "kernel/core/libc.h"
#include "kernel/core/message.h"
#include "kernel/core/timer.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/clock.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"

enum { EFD_SEMAPHORE = 1, TFD_ABSTIME = 1, TFD_CANCEL_ON_SET = 2 };

#define EVENTFD_MAX (UINT64_MAX - 1)
#define DESCRIPTOR_FLAGS ((uint64_t)(LINUX_O_CLOEXEC | LINUX_O_NONBLOCK))

struct eventfd {
	struct linux_file file;
	struct linux_event event;
	bool is_semaphore;
	uint64_t count; /* W: under the file's lock */
};

static struct eventfd *eventfd_of(struct linux_file *file)
{
	return LIST_OWNER(file, struct eventfd, file);
}

static int64_t eventfd_read(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	struct eventfd *own = eventfd_of(file);
	uint64_t taken;

	(void)offset;
	if (data->left < sizeof(taken))
		return STATUS_EINVAL;
	spinlock_take(&file->lock);
	taken = own->is_semaphore && own->count > 0 ? 1 : own->count;
	own->count -= taken;
	spinlock_give(&file->lock);
	if (taken == 0)
		return STATUS_EAGAIN;
	linux_event_raise(&own->event);
	return linux_data_give(data, &taken, sizeof(taken));
}

static int64_t eventfd_write(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	struct eventfd *own = eventfd_of(file);
	struct linux_data before = *data;
	uint64_t added;
	bool fits;

	(void)offset;
	if (data->left < sizeof(added))
		return STATUS_EINVAL;
	if (linux_data_take(data, &added, sizeof(added)) != sizeof(added))
		return STATUS_EFAULT;
	if (added > EVENTFD_MAX)
		return STATUS_EINVAL;
	spinlock_take(&file->lock);
	fits = added <= EVENTFD_MAX - own->count;
	if (fits)
		own->count += added;
	spinlock_give(&file->lock);
	if (!fits) {
		*data = before;
		return STATUS_EAGAIN;
	}
	linux_event_raise(&own->event);
	if (data->count == 1)
		data->left = 0; /* what stands behind it is not looked at; of several pieces each is a counter */
	return sizeof(added);
}

static uint32_t eventfd_poll(struct linux_file *file, struct linux_waiter *waiter)
{
	struct eventfd *own = eventfd_of(file);
	uint32_t now;

	linux_poll_wait(waiter, &own->event);
	spinlock_take(&file->lock);
	now = (own->count > 0 ? LINUX_POLLIN : 0) | (own->count < EVENTFD_MAX ? LINUX_POLLOUT : 0);
	spinlock_give(&file->lock);
	return now;
}

static void eventfd_release(struct linux_file *file)
{
	free(eventfd_of(file));
}

static const struct linux_file_ops eventfd_ops = {
	.name = "anon_inode:[eventfd]", .is_stream = true, .read = eventfd_read, .write = eventfd_write, .poll = eventfd_poll, .stat = linux_anonymous_stat,
	.release = eventfd_release,
};

static int64_t call_eventfd2(struct thread *thread, const uint64_t x[6])
{
	struct eventfd *made;

	if ((x[1] & ~(DESCRIPTOR_FLAGS | EFD_SEMAPHORE)) != 0)
		return STATUS_EINVAL;
	made = malloc(sizeof(*made));
	if (made == NULL)
		return STATUS_ENOMEM;
	made->is_semaphore = (x[1] & EFD_SEMAPHORE) != 0;
	made->count = (uint32_t)x[0];
	linux_event_init(&made->event);
	linux_file_init(&made->file, &eventfd_ops, LINUX_O_RDWR | (uint32_t)(x[1] & LINUX_O_NONBLOCK));
	return linux_fd_add(thread->process, &made->file, 0, (x[1] & LINUX_O_CLOEXEC) != 0);
}

struct timerfd {
	struct linux_file file;
	struct linux_event event;
	bool is_realtime;
	unsigned cpu;
	struct timer timer; /* W: its CPU */
	bool is_set;        /* W: its CPU */
	/* W: under the file's lock. */
	uint64_t next_ns; /* when it ticks, and nobody has read that; 0: it stands still */
	uint64_t interval_ns;
};

struct user_itimerspec {
	struct linux_timespec interval, value;
};

static_assert(sizeof(struct user_itimerspec) == 32, "linux/time.h: struct itimerspec");

static struct timerfd *timerfd_of(struct linux_file *file)
{
	return LIST_OWNER(file, struct timerfd, file);
}

/* The first tick behind `now_ns`; 0: there is none. Context: under the file's lock. */
static uint64_t tick_after(const struct timerfd *own, uint64_t now_ns)
{
	if (own->next_ns == 0 || own->next_ns > now_ns)
		return own->next_ns;
	return own->interval_ns == 0 ? 0 : own->next_ns + ((now_ns - own->next_ns) / own->interval_ns + 1) * own->interval_ns;
}

static void timerfd_fire(void *arg)
{
	struct timerfd *own = arg;

	own->is_set = false;
	linux_event_raise(&own->event);
}

/* Context: its CPU. */
static void timerfd_arm(struct timerfd *own)
{
	uint64_t next_ns;

	if (own->is_set)
		timer_cancel(&own->timer);
	spinlock_take(&own->file.lock);
	next_ns = tick_after(own, hal_timer_now_ns());
	spinlock_give(&own->file.lock);
	own->is_set = next_ns != 0;
	if (own->is_set)
		timer_set(&own->timer, next_ns, timerfd_fire, own);
}

static void arm_here(void *arg)
{
	timerfd_arm(arg);
}

static int64_t timerfd_read(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	struct timerfd *own = timerfd_of(file);
	uint64_t now_ns = hal_timer_now_ns();
	uint64_t ticks = 0;
	bool rearm;

	(void)offset;
	if (data->left < sizeof(ticks))
		return STATUS_EINVAL;
	spinlock_take(&file->lock);
	if (own->next_ns != 0 && own->next_ns <= now_ns) {
		ticks = own->interval_ns == 0 ? 1 : (now_ns - own->next_ns) / own->interval_ns + 1;
		own->next_ns = tick_after(own, now_ns);
	}
	rearm = ticks > 0 && own->next_ns != 0;
	spinlock_give(&file->lock);
	if (rearm)
		message_call(own->cpu, arm_here, own);
	return ticks > 0 ? linux_data_give(data, &ticks, sizeof(ticks)) : STATUS_EAGAIN;
}

static uint32_t timerfd_poll(struct linux_file *file, struct linux_waiter *waiter)
{
	struct timerfd *own = timerfd_of(file);
	uint32_t now;

	linux_poll_wait(waiter, &own->event);
	spinlock_take(&file->lock);
	now = own->next_ns != 0 && own->next_ns <= hal_timer_now_ns() ? LINUX_POLLIN : 0;
	spinlock_give(&file->lock);
	return now;
}

static void timerfd_free(void *arg)
{
	struct timerfd *own = arg;

	if (own->is_set)
		timer_cancel(&own->timer);
	free(own);
}

static void timerfd_release(struct linux_file *file)
{
	message_send(timerfd_of(file)->cpu, timerfd_free, timerfd_of(file));
}

static const struct linux_file_ops timerfd_ops = {
	.name = "anon_inode:[timerfd]", .is_stream = true, .read = timerfd_read, .poll = timerfd_poll, .stat = linux_anonymous_stat, .release = timerfd_release,
};

static int64_t call_timerfd_create(struct thread *thread, const uint64_t x[6])
{
	struct timerfd *made;

	if ((x[1] & ~DESCRIPTOR_FLAGS) != 0 ||
	    (x[0] != LINUX_CLOCK_REALTIME && x[0] != LINUX_CLOCK_MONOTONIC && (x[0] < LINUX_CLOCK_BOOTTIME || x[0] > LINUX_CLOCK_BOOTTIME_ALARM)))
		return STATUS_EINVAL;
	made = calloc(1, sizeof(*made));
	if (made == NULL)
		return STATUS_ENOMEM;
	made->is_realtime = x[0] == LINUX_CLOCK_REALTIME || x[0] == LINUX_CLOCK_REALTIME_ALARM;
	made->cpu = hal_cpu_index();
	linux_event_init(&made->event);
	linux_file_init(&made->file, &timerfd_ops, LINUX_O_RDWR | (uint32_t)(x[1] & LINUX_O_NONBLOCK));
	return linux_fd_add(thread->process, &made->file, 0, (x[1] & LINUX_O_CLOEXEC) != 0);
}

static status_t timerfd_get(struct thread *thread, int fd, struct linux_file **file)
{
	status_t status = linux_fd_get(thread->process, fd, LINUX_FILE_USE, file);

	if (status == STATUS_OK && (*file)->ops != &timerfd_ops) {
		linux_file_put(*file);
		return STATUS_EINVAL;
	}
	return status;
}

/* Context: under the file's lock. */
static struct user_itimerspec setting_of(const struct timerfd *own)
{
	uint64_t now_ns = hal_timer_now_ns();
	uint64_t next_ns = tick_after(own, now_ns);

	return (struct user_itimerspec){ .interval = linux_timespec_of(own->interval_ns),
					 .value = linux_timespec_of(next_ns > now_ns ? next_ns - now_ns : 0) };
}

/* When a setting ticks first; 0: never. */
static uint64_t first_tick(const struct timerfd *own, uint64_t value_ns, bool absolute)
{
	uint64_t at_ns = !absolute ? timer_deadline(value_ns) : own->is_realtime ? linux_deadline_of_realtime(value_ns) : value_ns;

	return value_ns == 0 ? 0 : at_ns == 0 ? 1 : at_ns; /* what is long past is not "never" */
}

static void timerfd_set(struct linux_file *file, uint64_t value_ns, uint64_t interval_ns, bool absolute, struct user_itimerspec *old)
{
	struct timerfd *own = timerfd_of(file);

	spinlock_take(&file->lock);
	*old = setting_of(own);
	own->next_ns = first_tick(own, value_ns, absolute);
	own->interval_ns = interval_ns;
	spinlock_give(&file->lock);
	message_call(own->cpu, arm_here, own);
	linux_event_raise(&own->event);
}

static int64_t call_timerfd_settime(struct thread *thread, const uint64_t x[6])
{
	struct user_itimerspec setting;
	struct user_itimerspec old;
	struct linux_file *file;
	uint64_t interval_ns;
	uint64_t value_ns;
	status_t status;

	if ((x[1] & ~(uint64_t)(TFD_ABSTIME | TFD_CANCEL_ON_SET)) != 0)
		return STATUS_EINVAL;
	if (linux_copy_in(thread, &setting, x[2], sizeof(setting)) != STATUS_OK)
		return STATUS_EFAULT;
	if (linux_timespec_ns(&setting.value, &value_ns) != STATUS_OK || linux_timespec_ns(&setting.interval, &interval_ns) != STATUS_OK)
		return STATUS_EINVAL;
	status = timerfd_get(thread, (int)x[0], &file);
	if (status != STATUS_OK)
		return status;
	timerfd_set(file, value_ns, interval_ns, (x[1] & TFD_ABSTIME) != 0, &old);
	linux_file_put(file);
	return x[3] != 0 ? linux_copy_out(thread, x[3], &old, sizeof(old)) : STATUS_OK;
}

static int64_t call_timerfd_gettime(struct thread *thread, const uint64_t x[6])
{
	struct user_itimerspec setting;
	struct linux_file *file;
	status_t status = timerfd_get(thread, (int)x[0], &file);

	if (status != STATUS_OK)
		return status;
	spinlock_take(&file->lock);
	setting = setting_of(timerfd_of(file));
	spinlock_give(&file->lock);
	linux_file_put(file);
	return linux_copy_out(thread, x[1], &setting, sizeof(setting));
}

const struct linux_call linux_calls_events[] = {
	{ 19, 2, "eventfd2", call_eventfd2 },
	{ 85, 2, "timerfd_create", call_timerfd_create },
	{ 86, 4, "timerfd_settime", call_timerfd_settime },
	{ 87, 2, "timerfd_gettime", call_timerfd_gettime },
	{ 0 },
};
