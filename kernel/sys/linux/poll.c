// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * ppoll and pselect6: several files at once.
 *
 * Spec: POSIX.1-2017, poll(), pselect(); Linux, include/uapi/asm-generic/poll.h
 */
#include <assert.h>

#include "hal/contract/timer.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/clock.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/room.h"
#include "kernel/sys/linux/signal.h"
#include "kernel/sys/linux/thread.h"
#include "lib/string.h"

enum { SETS = 3, WORDS_SMALL = 16, ENTRIES_SMALL = 8, ENTRIES_COPIED = 32 };

struct user_pollfd {
	int32_t fd;
	int16_t events, revents;
};

static_assert(sizeof(struct user_pollfd) == 8, "asm-generic/poll.h: struct pollfd");

struct entry {
	struct user_pollfd user;
	uint32_t wanted;         /* what is told of it */
	struct linux_file *file; /* held; NULL: none is asked */
	struct linux_waiter waiter;
};

/* Asks every file; its waiter is added unless one before is ready. How many are. */
static unsigned entries_ask(struct entry *entries, unsigned count, bool add)
{
	unsigned ready = 0;

	for (unsigned i = 0; i < count; i++) {
		struct entry *entry = &entries[i];

		if (entry->file != NULL)
			entry->user.revents = (int16_t)(linux_file_poll(entry->file, add && ready == 0 ? &entry->waiter : NULL) & entry->wanted);
		ready += entry->user.revents != 0;
	}
	return ready;
}

static int64_t entries_wait(struct thread *thread, struct entry *entries, unsigned count, uint64_t deadline_ns)
{
	unsigned ready = entries_ask(entries, count, false);
	status_t status = STATUS_OK;

	if (ready > 0 || deadline_ns == 0)
		return ready;
	while ((ready = entries_ask(entries, count, true)) == 0 && status == STATUS_OK)
		status = linux_sleep(thread, deadline_ns);
	for (unsigned i = 0; i < count; i++)
		linux_waiter_remove(&entries[i].waiter);
	if (ready > 0 || status == STATUS_ETIMEDOUT)
		return ready;
	return status == STATUS_EINTR ? LINUX_RESTART_NO_HANDLER : status;
}

static void entries_open(struct thread *thread, struct entry *entries, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct entry *entry = &entries[i];

		entry->file = NULL;
		entry->waiter = (struct linux_waiter){ .thread = thread };
		entry->user.revents = 0;
		if (entry->user.fd >= 0 && linux_fd_get(thread->process, entry->user.fd, LINUX_FILE_USE, &entry->file) != STATUS_OK)
			entry->user.revents = LINUX_POLLNVAL;
	}
}

static void entries_close(struct entry *entries, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (entries[i].file != NULL)
			linux_file_put(entries[i].file);
}

static status_t poll_take(struct thread *thread, struct entry *entries, uint64_t va, unsigned count)
{
	struct user_pollfd some[ENTRIES_COPIED];

	for (unsigned at = 0, now; at < count; at += now) {
		now = count - at < ENTRIES_COPIED ? count - at : ENTRIES_COPIED;
		if (linux_copy_in(thread, some, va + at * sizeof(some[0]), now * sizeof(some[0])) != STATUS_OK)
			return STATUS_EFAULT;
		for (unsigned i = 0; i < now; i++) {
			entries[at + i].user = some[i];
			entries[at + i].wanted = (uint16_t)some[i].events | LINUX_POLLERR | LINUX_POLLHUP;
		}
	}
	return STATUS_OK;
}

static status_t poll_give(struct thread *thread, const struct entry *entries, uint64_t va, unsigned count)
{
	struct user_pollfd some[ENTRIES_COPIED];

	for (unsigned at = 0, now; at < count; at += now) {
		now = count - at < ENTRIES_COPIED ? count - at : ENTRIES_COPIED;
		for (unsigned i = 0; i < now; i++)
			some[i] = entries[at + i].user;
		if (linux_copy_out(thread, va + at * sizeof(some[0]), some, now * sizeof(some[0])) != STATUS_OK)
			return STATUS_EFAULT;
	}
	return STATUS_OK;
}

/* What is left of a time to wait, for the program. */
static void time_give(struct thread *thread, uint64_t to_va, uint64_t deadline_ns)
{
	uint64_t now_ns = hal_timer_now_ns();
	struct linux_timespec left = linux_timespec_of(deadline_ns > now_ns ? deadline_ns - now_ns : 0);

	if (to_va != 0 && deadline_ns != WAIT_FOREVER)
		(void)(linux_copy_out(thread, to_va, &left, sizeof(left)) == STATUS_OK); /* memory that cannot be written is left as it is */
}

/* When the time at `va` is over; 0: at once. */
static status_t time_take(struct thread *thread, uint64_t va, uint64_t *deadline_ns)
{
	uint64_t ns;
	status_t status;

	*deadline_ns = WAIT_FOREVER;
	if (va == 0)
		return STATUS_OK;
	status = linux_timespec_in(thread, va, &ns);
	if (status == STATUS_OK && ns == 0)
		*deadline_ns = 0;
	else if (status == STATUS_OK)
		status = linux_timeout_in(thread, va, deadline_ns);
	return status;
}

static int64_t poll_run(struct thread *thread, struct entry *entries, unsigned count, const uint64_t x[6], uint64_t deadline_ns)
{
	int64_t result = poll_take(thread, entries, x[0], count);

	if (result != STATUS_OK)
		return result;
	entries_open(thread, entries, count);
	result = entries_wait(thread, entries, count, deadline_ns);
	entries_close(entries, count);
	return result >= 0 && poll_give(thread, entries, x[0], count) != STATUS_OK ? STATUS_EFAULT : result;
}

static int64_t call_ppoll(struct thread *thread, const uint64_t x[6])
{
	struct entry small[ENTRIES_SMALL];
	struct entry *entries = small;
	uint64_t deadline_ns;
	int64_t result;

	if (x[1] > linux_fds_limit(thread->process))
		return STATUS_EINVAL;
	result = time_take(thread, x[2], &deadline_ns);
	if (result != STATUS_OK)
		return result;
	if (x[1] > ENTRIES_SMALL)
		entries = linux_room_take(thread->process->budget, x[1] * sizeof(*entries));
	if (entries == NULL)
		return STATUS_ENOMEM;
	result = linux_signal_wait_begin(thread, x[3], x[4]);
	if (result == STATUS_OK) {
		result = poll_run(thread, entries, (unsigned)x[1], x, deadline_ns);
		linux_signal_wait_end(thread, result);
		time_give(thread, x[2], deadline_ns);
	}
	if (entries != small)
		linux_room_give(thread->process->budget, entries, x[1] * sizeof(*entries));
	return result;
}

/* The sets of select, of descriptors below `count`: what is asked for, and what is told. */
struct sets {
	uint64_t *bits[SETS];
	unsigned count;
};

static const uint16_t set_events[SETS] = {
	LINUX_POLLIN | LINUX_POLLRDNORM | LINUX_POLLHUP | LINUX_POLLERR, LINUX_POLLOUT | LINUX_POLLWRNORM | LINUX_POLLERR, LINUX_POLLPRI,
};

static uint32_t events_asked(const struct sets *sets, unsigned fd)
{
	uint32_t events = 0;

	for (unsigned i = 0; i < SETS; i++)
		if (sets->bits[i][fd / 64] >> fd % 64 & 1)
			events |= set_events[i];
	return events;
}

/* Of one set. */
static size_t sets_bytes(const struct sets *sets)
{
	return (sets->count + 63) / 64 * sizeof(uint64_t);
}

static status_t sets_take(struct thread *thread, const uint64_t va[SETS], const struct sets *sets)
{
	unsigned count = sets->count;

	for (unsigned i = 0; i < SETS; i++) {
		if (va[i] == 0)
			memset(sets->bits[i], 0, sets_bytes(sets));
		else if (linux_copy_in(thread, sets->bits[i], va[i], sets_bytes(sets)) != STATUS_OK)
			return STATUS_EFAULT;
		if (count % 64 != 0)
			sets->bits[i][count / 64] &= (1ull << count % 64) - 1;
	}
	return STATUS_OK;
}

static status_t sets_give(struct thread *thread, const uint64_t va[SETS], const struct sets *sets)
{
	for (unsigned i = 0; i < SETS; i++)
		if (va[i] != 0 && linux_copy_out(thread, va[i], sets->bits[i], sets_bytes(sets)) != STATUS_OK)
			return STATUS_EFAULT;
	return STATUS_OK;
}

/* What was found, as sets: how many bits are in them. */
static int64_t sets_fill(const struct sets *sets, const struct entry *entries, unsigned count)
{
	int64_t bits = 0;

	for (unsigned i = 0; i < count; i++) {
		unsigned fd = (unsigned)entries[i].user.fd;

		for (unsigned k = 0; k < SETS; k++) {
			uint64_t bit = 1ull << fd % 64;

			if (!(sets->bits[k][fd / 64] & bit))
				continue;
			if (entries[i].user.revents & set_events[k])
				bits++;
			else
				sets->bits[k][fd / 64] &= ~bit;
		}
	}
	return bits;
}

static int64_t select_run(struct thread *thread, const struct sets *sets, uint64_t deadline_ns)
{
	struct entry small[ENTRIES_SMALL];
	struct entry *entries = small;
	int64_t result = STATUS_OK;
	unsigned used = 0;
	size_t bytes;

	for (unsigned fd = 0; fd < sets->count; fd++)
		used += events_asked(sets, fd) != 0;
	bytes = used * sizeof(*entries);
	if (used > ENTRIES_SMALL)
		entries = linux_room_take(thread->process->budget, bytes);
	if (entries == NULL)
		return STATUS_ENOMEM;
	used = 0;
	for (unsigned fd = 0; fd < sets->count; fd++)
		if (events_asked(sets, fd) != 0)
			entries[used++] = (struct entry){ .user.fd = (int32_t)fd, .wanted = events_asked(sets, fd) };
	entries_open(thread, entries, used);
	for (unsigned i = 0; i < used; i++)
		if (entries[i].user.revents == LINUX_POLLNVAL)
			result = STATUS_EBADF;
	if (result == STATUS_OK)
		result = entries_wait(thread, entries, used, deadline_ns);
	entries_close(entries, used);
	if (result >= 0)
		result = sets_fill(sets, entries, used);
	if (entries != small)
		linux_room_give(thread->process->budget, entries, bytes);
	return result;
}

static int64_t select_masked(struct thread *thread, const uint64_t x[6], const struct sets *sets, uint64_t deadline_ns)
{
	uint64_t mask[2] = { 0 };
	int64_t result = STATUS_OK;

	if (x[5] != 0 && linux_copy_in(thread, mask, x[5], sizeof(mask)) != STATUS_OK)
		return STATUS_EFAULT;
	result = linux_signal_wait_begin(thread, mask[0], mask[1]);
	if (result != STATUS_OK)
		return result;
	result = select_run(thread, sets, deadline_ns);
	linux_signal_wait_end(thread, result);
	return result;
}

static int64_t select_sets(struct thread *thread, const uint64_t x[6], const struct sets *sets, uint64_t deadline_ns)
{
	int64_t result = sets_take(thread, x + 1, sets);

	if (result != STATUS_OK)
		return result;
	result = select_masked(thread, x, sets, deadline_ns);
	if (result >= 0 && sets_give(thread, x + 1, sets) != STATUS_OK)
		result = STATUS_EFAULT;
	time_give(thread, x[4], deadline_ns);
	return result;
}

static int64_t call_pselect6(struct thread *thread, const uint64_t x[6])
{
	uint64_t small[SETS * WORDS_SMALL];
	uint64_t *bits = small;
	struct sets sets = { .count = x[0] < LINUX_FDS_MAX ? (unsigned)x[0] : LINUX_FDS_MAX };
	uint64_t deadline_ns;
	int64_t result;

	if ((int)x[0] < 0)
		return STATUS_EINVAL;
	result = time_take(thread, x[4], &deadline_ns);
	if (result != STATUS_OK)
		return result;
	if (sets_bytes(&sets) > WORDS_SMALL * sizeof(*bits))
		bits = linux_room_take(thread->process->budget, SETS * sets_bytes(&sets));
	if (bits == NULL)
		return STATUS_ENOMEM;
	for (unsigned i = 0; i < SETS; i++)
		sets.bits[i] = bits + i * sets_bytes(&sets) / sizeof(*bits);
	result = select_sets(thread, x, &sets, deadline_ns);
	if (bits != small)
		linux_room_give(thread->process->budget, bits, SETS * sets_bytes(&sets));
	return result;
}

const struct linux_call linux_calls_poll[] = {
	{ 72, 6, "pselect6", call_pselect6 },
	{ 73, 5, "ppoll", call_ppoll },
	{ 0 },
};
