// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The call futex, and the list of locks that survives its thread. */
#include <stddef.h>

#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/clock.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/futex.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/word.h"

enum { /* linux/futex.h */
	FUTEX_WAIT = 0, FUTEX_WAKE = 1, FUTEX_REQUEUE = 3, FUTEX_CMP_REQUEUE = 4, FUTEX_WAKE_OP = 5, FUTEX_LOCK_PI = 6, FUTEX_UNLOCK_PI = 7,
	FUTEX_TRYLOCK_PI = 8, FUTEX_WAIT_BITSET = 9, FUTEX_WAKE_BITSET = 10, FUTEX_LOCK_PI2 = 13, FUTEX_PRIVATE = 128, FUTEX_CLOCK_REALTIME = 256,
};
enum { WAKES_MAX = 16 };

static int64_t wait_to_its_end(struct thread *thread);

/* `deadline_ns` WAIT_FOREVER: no limit. */
static int64_t futex_wait(struct thread *thread, uint64_t va, bool is_private, uint32_t expected, uint32_t bitset, uint64_t deadline_ns)
{
	struct linux_futex_waiter waiter;
	struct linux_futex_key key;
	uint32_t value;
	status_t status = bitset != 0 ? linux_futex_key(thread->process, va, is_private, &key) : STATUS_EINVAL;

	if (status != STATUS_OK)
		return status;
	linux_futex_enter(&waiter, thread, &key, bitset);
	status = linux_word_load(thread->process, va, &value);
	if (status == STATUS_OK && value != expected)
		status = STATUS_EAGAIN;
	while (status == STATUS_OK && atomic_load_explicit(&waiter.bucket, memory_order_relaxed) != NULL)
		status = linux_sleep(thread, deadline_ns);
	if (!linux_futex_leave(&waiter))
		return 0;
	if (status != STATUS_EINTR)
		return status;
	if (deadline_ns == WAIT_FOREVER)
		return LINUX_RESTART;
	thread->personality->restart = wait_to_its_end;
	thread->personality->restart_deadline_ns = deadline_ns;
	return LINUX_RESTART_NO_HANDLER;
}

/* A wait with a limit that no handler has interrupted. */
static int64_t wait_to_its_end(struct thread *thread)
{
	const uint64_t *x = thread->user.x;
	bool has_bitset = (x[1] & 127) == FUTEX_WAIT_BITSET;

	return futex_wait(thread, x[0], (x[1] & FUTEX_PRIVATE) != 0, (uint32_t)x[2], has_bitset ? (uint32_t)x[5] : UINT32_MAX,
			  thread->personality->restart_deadline_ns);
}

static int64_t wait_call(struct thread *thread, const uint64_t x[6])
{
	bool has_bitset = (x[1] & 127) == FUTEX_WAIT_BITSET;
	uint64_t deadline_ns = WAIT_FOREVER;
	status_t status = STATUS_OK;

	if (x[3] != 0 && has_bitset) {
		status = linux_timespec_in(thread, x[3], &deadline_ns);
		if (status == STATUS_OK && (x[1] & FUTEX_CLOCK_REALTIME) != 0)
			deadline_ns = linux_deadline_of_realtime(deadline_ns);
	} else if (x[3] != 0) {
		status = linux_timeout_in(thread, x[3], &deadline_ns);
	}
	if (status != STATUS_OK)
		return status;
	return futex_wait(thread, x[0], (x[1] & FUTEX_PRIVATE) != 0, (uint32_t)x[2], has_bitset ? (uint32_t)x[5] : UINT32_MAX, deadline_ns);
}

static int64_t wake_call(struct thread *thread, const uint64_t x[6])
{
	uint32_t bitset = (x[1] & 127) == FUTEX_WAKE_BITSET ? (uint32_t)x[5] : UINT32_MAX;
	struct linux_futex_key key;
	status_t status = bitset != 0 ? linux_futex_key(thread->process, x[0], (x[1] & FUTEX_PRIVATE) != 0, &key) : STATUS_EINVAL;
	int count = (int)x[2] > 0 ? (int)x[2] : 1; /* Linux wakes one where none is asked for */

	return status == STATUS_OK ? (int64_t)linux_futex_wake(&key, (unsigned)count, bitset) : status;
}

/* What goes from one word to another. */
struct requeue {
	struct linux_futex_key from, to;
	unsigned wakes, moves;
	bool compares;
	uint32_t expected;
};

static void two_lock(const struct requeue *requeue, struct linux_futex_bucket **from, struct linux_futex_bucket **to)
{
	*from = linux_futex_bucket(&requeue->from);
	*to = linux_futex_bucket(&requeue->to);
	linux_futex_bucket_lock(*from < *to ? *from : *to);
	if (*from != *to)
		linux_futex_bucket_lock(*from < *to ? *to : *from);
}

static void two_unlock(struct linux_futex_bucket *from, struct linux_futex_bucket *to)
{
	spinlock_give(&from->lock);
	if (from != to)
		spinlock_give(&to->lock);
}

/* Under both locks. Who is to be woken goes to `threads`, of WAKES_MAX. */
static unsigned requeue_locked(const struct requeue *requeue, struct linux_futex_bucket *from, struct linux_futex_bucket *to,
			       struct thread **threads, unsigned *taken)
{
	struct linux_futex_waiter *waiter;
	struct linux_futex_waiter *first = NULL;
	unsigned count = 0;

	for (; count < requeue->wakes && *taken < WAKES_MAX && (waiter = linux_futex_first(from, &requeue->from, UINT32_MAX)) != NULL; count++) {
		threads[*taken] = linux_futex_take(waiter);
		*taken += threads[*taken] != NULL;
	}
	/* Each once: where both words are one, those that were moved are found again behind the others. */
	for (unsigned moved = 0; moved < requeue->moves; moved++) {
		waiter = linux_futex_first(from, &requeue->from, UINT32_MAX);
		if (waiter == NULL || waiter == first)
			break;
		first = first != NULL ? first : waiter;
		list_remove(&waiter->node);
		waiter->key = requeue->to;
		atomic_store_explicit(&waiter->bucket, to, memory_order_relaxed);
		list_push_back(&to->waiters, &waiter->node);
		count++;
	}
	return count;
}

static int64_t requeue_do(struct thread *thread, uint64_t va, const struct requeue *requeue)
{
	struct linux_futex_bucket *from;
	struct linux_futex_bucket *to;
	struct thread *threads[WAKES_MAX];
	unsigned taken = 0;
	int64_t result = STATUS_EFAULT;
	uint32_t value;

	while (result == STATUS_EFAULT) {
		if (requeue->compares && linux_word_load(thread->process, va, &value) != STATUS_OK)
			return STATUS_EFAULT;
		two_lock(requeue, &from, &to);
		if (!requeue->compares || linux_word_try(thread->process, va, &value))
			result = !requeue->compares || value == requeue->expected ? (int64_t)requeue_locked(requeue, from, to, threads, &taken) :
										    STATUS_EAGAIN;
		two_unlock(from, to);
	}
	for (unsigned i = 0; i < taken; i++) {
		linux_wake(threads[i]);
		object_put(&threads[i]->object);
	}
	return result;
}

static int64_t requeue_call(struct thread *thread, const uint64_t x[6])
{
	bool is_private = (x[1] & FUTEX_PRIVATE) != 0;
	struct requeue requeue = { .compares = (x[1] & 127) == FUTEX_CMP_REQUEUE, .expected = (uint32_t)x[5] };
	status_t status = linux_futex_key(thread->process, x[0], is_private, &requeue.from);
	unsigned woken = 0;
	int64_t result;

	if (status == STATUS_OK)
		status = linux_futex_key(thread->process, x[4], is_private, &requeue.to);
	if (status == STATUS_OK && ((int)x[2] < 0 || (int)x[3] < 0))
		status = STATUS_EINVAL;
	if (status != STATUS_OK)
		return status;
	requeue.wakes = (unsigned)x[2];
	requeue.moves = (unsigned)x[3];
	if (requeue.wakes > WAKES_MAX) { /* all of them, then: what is moved comes after */
		woken = linux_futex_wake(&requeue.from, requeue.wakes, UINT32_MAX);
		requeue.wakes = 0;
	}
	result = requeue_do(thread, x[0], &requeue);
	return result >= 0 ? result + woken : result;
}

/* linux/futex.h, FUTEX_OP: what becomes of the second word, and whether its waiters are woken. */
static uint32_t op_apply(uint32_t op, uint32_t old)
{
	uint32_t argument = (uint32_t)((int32_t)(op << 8) >> 20);

	if ((op >> 31) != 0)
		argument = 1u << (argument & 31);
	switch (op >> 28 & 7) {
	case 0:
		return argument;
	case 1:
		return old + argument;
	case 2:
		return old | argument;
	case 3:
		return old & ~argument;
	default:
		return old ^ argument;
	}
}

static bool op_compare(uint32_t op, uint32_t old)
{
	int32_t argument = (int32_t)(op << 20) >> 20;
	int32_t value = (int32_t)old;

	switch (op >> 24 & 15) {
	case 0:
		return value == argument;
	case 1:
		return value != argument;
	case 2:
		return value < argument;
	case 3:
		return value <= argument;
	case 4:
		return value > argument;
	default:
		return value >= argument;
	}
}

static int64_t wake_op_call(struct thread *thread, const uint64_t x[6])
{
	bool is_private = (x[1] & FUTEX_PRIVATE) != 0;
	uint32_t op = (uint32_t)x[5];
	struct linux_futex_key first;
	struct linux_futex_key second;
	uint32_t old;
	status_t status = linux_futex_key(thread->process, x[0], is_private, &first);
	int64_t woken;

	if (status == STATUS_OK)
		status = linux_futex_key(thread->process, x[4], is_private, &second);
	if (status == STATUS_OK && ((op >> 28 & 7) > 4 || (op >> 24 & 15) > 5))
		status = STATUS_ENOSYS;
	if (status == STATUS_OK)
		status = linux_word_load(thread->process, x[4], &old);
	if (status == STATUS_OK)
		do
			status = linux_word_exchange(thread->process, x[4], &old, op_apply(op, old));
		while (status == STATUS_EAGAIN);
	if (status != STATUS_OK)
		return status;
	woken = linux_futex_wake(&first, (unsigned)x[2], UINT32_MAX);
	return op_compare(op, old) ? woken + linux_futex_wake(&second, (unsigned)x[3], UINT32_MAX) : woken;
}

static int64_t pi_call(struct thread *thread, const uint64_t x[6])
{
	unsigned what = x[1] & 127;
	struct linux_futex_key key;
	uint64_t deadline_ns = WAIT_FOREVER;
	bool locks = what == FUTEX_LOCK_PI || what == FUTEX_LOCK_PI2;
	status_t status = linux_futex_key(thread->process, x[0], (x[1] & FUTEX_PRIVATE) != 0, &key);

	if (status == STATUS_OK && locks && x[3] != 0) {
		status = linux_timespec_in(thread, x[3], &deadline_ns);
		if (status == STATUS_OK && (what == FUTEX_LOCK_PI || (x[1] & FUTEX_CLOCK_REALTIME) != 0))
			deadline_ns = linux_deadline_of_realtime(deadline_ns);
	}
	if (status != STATUS_OK)
		return status;
	if (locks)
		return linux_futex_lock_pi(thread, x[0], &key, deadline_ns);
	return what == FUTEX_UNLOCK_PI ? linux_futex_unlock_pi(thread, x[0], &key) : linux_futex_trylock_pi(thread, x[0]);
}

static int64_t call_futex(struct thread *thread, const uint64_t x[6])
{
	unsigned what = x[1] & 127;

	/* The others have one clock, FUTEX_LOCK_PI that of the date. */
	if ((x[1] & FUTEX_CLOCK_REALTIME) != 0 && what != FUTEX_WAIT_BITSET && what != FUTEX_LOCK_PI2)
		return STATUS_ENOSYS;
	switch (what) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
		return wait_call(thread, x);
	case FUTEX_WAKE:
	case FUTEX_WAKE_BITSET:
		return wake_call(thread, x);
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
		return requeue_call(thread, x);
	case FUTEX_WAKE_OP:
		return wake_op_call(thread, x);
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
	case FUTEX_TRYLOCK_PI:
	case FUTEX_UNLOCK_PI:
		return pi_call(thread, x);
	default:
		return STATUS_ENOSYS;
	}
}

const struct linux_call linux_calls_futex[] = {
	{ 98, 6, "futex", call_futex },
	{ 0 },
};
