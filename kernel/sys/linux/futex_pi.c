// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Futexes that have an owner: its number is in the word, and the kernel hands the lock on. Nobody's priority is raised: all threads of programs have the
 * same. And the list by which a thread's locks are found when it has gone (Linux: Documentation/locking/robust-futex-ABI.rst).
 */
#include <stddef.h>

#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/futex.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/word.h"

enum { ROBUST_ENTRIES_MAX = 2048, ROBUST_HEAD_BYTES = 24 };

/* Takes the lock where nobody has it. STATUS_EAGAIN: somebody has, as `*value` says. */
static status_t pi_try(struct thread *thread, uint64_t va, uint32_t *value)
{
	uint32_t tid = thread->personality->tid;
	status_t status = linux_word_load(thread->process, va, value);

	while (status == STATUS_OK && (*value & LINUX_FUTEX_TID_MASK) == 0) {
		status = linux_word_exchange(thread->process, va, value, (*value & ~LINUX_FUTEX_TID_MASK) | tid);
		if (status != STATUS_EAGAIN)
			return status;
		status = STATUS_OK;
	}
	if (status == STATUS_OK && (*value & LINUX_FUTEX_TID_MASK) == tid)
		return STATUS_EDEADLK;
	return status == STATUS_OK ? STATUS_EAGAIN : status;
}

int64_t linux_futex_trylock_pi(struct thread *thread, uint64_t va)
{
	uint32_t value;

	return pi_try(thread, va, &value);
}

static bool owner_lives(const struct thread *thread, uint32_t value)
{
	struct thread *owner = linux_family_thread(thread->process, 0, value & LINUX_FUTEX_TID_MASK);

	if (owner == NULL)
		return false;
	object_put(&owner->object);
	return true;
}

/* Sleeps once for a lock that somebody has. STATUS_EAGAIN: it is to be tried again. */
static status_t pi_wait(struct thread *thread, uint64_t va, const struct linux_futex_key *key, uint32_t value, uint64_t deadline_ns)
{
	struct linux_futex_waiter waiter;
	status_t status = STATUS_OK;

	if (!owner_lives(thread, value))
		return STATUS_ESRCH;
	linux_futex_enter(&waiter, thread, key, UINT32_MAX);
	/* With this bit its owner does not give it back without asking the kernel: and then finds this waiter. */
	if ((value & LINUX_FUTEX_WAITERS) == 0)
		status = linux_word_exchange(thread->process, va, &value, value | LINUX_FUTEX_WAITERS);
	else if (linux_word_load(thread->process, va, &value) == STATUS_OK && (value & LINUX_FUTEX_WAITERS) == 0)
		status = STATUS_EAGAIN;
	while (status == STATUS_OK && atomic_load_explicit(&waiter.bucket, memory_order_relaxed) != NULL)
		status = linux_sleep(thread, deadline_ns);
	if (!linux_futex_leave(&waiter))
		return waiter.is_owner ? STATUS_OK : STATUS_EAGAIN;
	return status;
}

int64_t linux_futex_lock_pi(struct thread *thread, uint64_t va, const struct linux_futex_key *key, uint64_t deadline_ns)
{
	uint32_t value;
	status_t status;

	do {
		status = pi_try(thread, va, &value);
		if (status == STATUS_EAGAIN)
			status = pi_wait(thread, va, key, value, deadline_ns);
	} while (status == STATUS_EAGAIN);
	return status == STATUS_EINTR ? LINUX_RESTART : status;
}

/* Who has waited longest has it now: its number must be in the word before it runs. Under the bucket's lock, with the page there. */
static status_t hand_on(struct process *process, uint64_t va, uint32_t value, const struct linux_futex_key *key, struct thread **next)
{
	struct linux_futex_bucket *bucket = linux_futex_lock(key);
	struct linux_futex_waiter *waiter = linux_futex_first(bucket, key, UINT32_MAX);
	uint32_t tid = waiter != NULL ? waiter->thread->personality->tid | LINUX_FUTEX_WAITERS : 0;
	status_t status = linux_word_try_exchange(process, va, &value, tid);

	*next = NULL;
	if (status == STATUS_OK && waiter != NULL) {
		waiter->is_owner = true;
		*next = linux_futex_take(waiter);
	}
	spinlock_give(&bucket->lock);
	return status;
}

int64_t linux_futex_unlock_pi(struct thread *thread, uint64_t va, const struct linux_futex_key *key)
{
	struct thread *next;
	uint32_t value;
	status_t status;

	do {
		status = linux_word_load(thread->process, va, &value);
		if (status == STATUS_OK && (value & LINUX_FUTEX_TID_MASK) != thread->personality->tid)
			status = STATUS_EPERM;
		if (status == STATUS_OK) /* as it stands: the page is there, and may be written */
			status = linux_word_exchange(thread->process, va, &value, value);
		if (status != STATUS_OK && status != STATUS_EAGAIN)
			return status;
		status = hand_on(thread->process, va, value, key, &next);
	} while (status != STATUS_OK);
	if (next != NULL) {
		linux_wake(next);
		object_put(&next->object);
	}
	return 0;
}

/* A lock that its owner can give back no more; `is_given`: it may have been about to, and to wake who waits. */
static void lock_abandon(struct thread *thread, uint64_t va, bool is_given)
{
	uint32_t value;
	status_t status = va % sizeof(value) == 0 ? linux_word_load(thread->process, va, &value) : STATUS_EINVAL;

	if (status == STATUS_OK && is_given && value == 0)
		linux_futex_wake_at(thread->process, va);
	while (status == STATUS_OK && (value & LINUX_FUTEX_TID_MASK) == thread->personality->tid) {
		bool waited_for = (value & LINUX_FUTEX_WAITERS) != 0;

		status = linux_word_exchange(thread->process, va, &value, (value & LINUX_FUTEX_WAITERS) | LINUX_FUTEX_OWNER_DIED);
		if (status == STATUS_OK) {
			if (waited_for)
				linux_futex_wake_at(thread->process, va);
			return;
		}
		status = status == STATUS_EAGAIN ? STATUS_OK : status;
	}
}

void linux_futex_robust_end(struct thread *thread)
{
	uint64_t head_va = thread->personality->robust_list_va;
	uint64_t head[3]; /* the first entry, where its word is from there, one that is just being taken or given back */
	uint64_t at;

	if (head_va == 0 || linux_copy_in(thread, head, head_va, sizeof(head)) != STATUS_OK)
		return;
	at = head[0];
	for (unsigned i = 0; i < ROBUST_ENTRIES_MAX && (at & ~1ul) != head_va; i++) {
		uint64_t next;

		/* First: who takes the lock over may change it. */
		status_t status = linux_copy_in(thread, &next, at & ~1ul, sizeof(next));

		if ((at & ~1ul) != (head[2] & ~1ul))
			lock_abandon(thread, (at & ~1ul) + head[1], false);
		if (status != STATUS_OK)
			break;
		at = next;
	}
	if (head[2] != 0)
		lock_abandon(thread, (head[2] & ~1ul) + head[1], (head[2] & 1) == 0);
}

static int64_t call_set_robust_list(struct thread *thread, const uint64_t x[6])
{
	if (x[1] != ROBUST_HEAD_BYTES)
		return STATUS_EINVAL;
	thread->personality->robust_list_va = x[0];
	return 0;
}

static int64_t call_get_robust_list(struct thread *thread, const uint64_t x[6])
{
	struct thread *of = linux_family_thread(thread->process, 0, (int)x[0] != 0 ? (unsigned)x[0] : thread->personality->tid);
	const uint64_t bytes = ROBUST_HEAD_BYTES;
	uint64_t va;
	status_t status;

	if (of == NULL)
		return STATUS_ESRCH;
	va = of->personality->robust_list_va;
	object_put(&of->object);
	status = linux_copy_out(thread, x[1], &va, sizeof(va));
	return status == STATUS_OK ? linux_copy_out(thread, x[2], &bytes, sizeof(bytes)) : status;
}

const struct linux_call linux_calls_robust[] = {
	{ 99, 2, "set_robust_list", call_set_robust_list },
	{ 100, 3, "get_robust_list", call_get_robust_list },
	{ 0 },
};
