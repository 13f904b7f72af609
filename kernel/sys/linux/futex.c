// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/futex.h"

#include <stddef.h>

#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/word.h"

enum { BUCKETS = 64, WAKES_MAX = 16 };

static struct linux_futex_bucket buckets[BUCKETS] __attribute__((section(".unzeroed"))); /* boot need not clear them */

void linux_futex_init(void)
{
	for (unsigned i = 0; i < BUCKETS; i++) {
		buckets[i].lock = (struct spinlock){ 0 };
		list_init(&buckets[i].waiters);
	}
}

status_t linux_futex_key(struct process *process, uint64_t va, bool is_private, struct linux_futex_key *key)
{
	if (va % sizeof(uint32_t) != 0)
		return STATUS_EINVAL;
	if (va >= LINUX_VA_END)
		return STATUS_EFAULT;
	*key = (struct linux_futex_key){ process, va };
	if (is_private || !linux_mm_is_shared(process, va))
		return STATUS_OK;
	key->process = NULL;
	return linux_word_pa(process, va, &key->word);
}

struct linux_futex_bucket *linux_futex_bucket(const struct linux_futex_key *key)
{
	return &buckets[(key->word >> 2 ^ key->word >> 12 ^ (uint64_t)key->process >> 8) % BUCKETS];
}

void linux_futex_bucket_lock(struct linux_futex_bucket *bucket)
{
	spinlock_take(&bucket->lock);
}

struct linux_futex_bucket *linux_futex_lock(const struct linux_futex_key *key)
{
	struct linux_futex_bucket *bucket = linux_futex_bucket(key);

	linux_futex_bucket_lock(bucket);
	return bucket;
}

void linux_futex_enter(struct linux_futex_waiter *waiter, struct thread *thread, const struct linux_futex_key *key, uint32_t bitset)
{
	struct linux_futex_bucket *bucket = linux_futex_lock(key);

	waiter->thread = thread;
	waiter->key = *key;
	waiter->bitset = bitset;
	waiter->is_owner = false;
	atomic_store_explicit(&waiter->bucket, bucket, memory_order_relaxed);
	list_push_back(&bucket->waiters, &waiter->node);
	spinlock_give(&bucket->lock);
	/* Pairs with the fence in linux_futex_wake(): it sees this waiter, or this thread what the word was changed to. */
	atomic_thread_fence(memory_order_seq_cst);
}

bool linux_futex_leave(struct linux_futex_waiter *waiter)
{
	for (;;) {
		/* Pairs with the release in linux_futex_take(): what was done for it is seen. */
		struct linux_futex_bucket *bucket = atomic_load_explicit(&waiter->bucket, memory_order_acquire);
		bool here;

		if (bucket == NULL)
			return false;
		spinlock_take(&bucket->lock);
		here = atomic_load_explicit(&waiter->bucket, memory_order_relaxed) == bucket; /* else it was moved meanwhile */
		if (here)
			list_remove(&waiter->node);
		spinlock_give(&bucket->lock);
		if (here)
			return true;
	}
}

struct linux_futex_waiter *linux_futex_first(const struct linux_futex_bucket *bucket, const struct linux_futex_key *key, uint32_t bitset)
{
	for (struct list_node *node = bucket->waiters.next; node != &bucket->waiters; node = node->next) {
		struct linux_futex_waiter *waiter = LIST_OWNER(node, struct linux_futex_waiter, node);

		if (waiter->key.process == key->process && waiter->key.word == key->word && (waiter->bitset & bitset) != 0)
			return waiter;
	}
	return NULL;
}

struct thread *linux_futex_take(struct linux_futex_waiter *waiter)
{
	struct thread *thread = object_hold(&waiter->thread->object) ? waiter->thread : NULL;

	list_remove(&waiter->node);
	atomic_store_explicit(&waiter->bucket, NULL, memory_order_release); /* from here on it may be gone */
	return thread;
}

static void threads_wake(struct thread *const *threads, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		linux_wake(threads[i]);
		object_put(&threads[i]->object);
	}
}

unsigned linux_futex_wake(const struct linux_futex_key *key, unsigned count, uint32_t bitset)
{
	struct linux_futex_waiter *waiter;
	struct thread *threads[WAKES_MAX];
	unsigned woken = 0;
	unsigned taken;

	atomic_thread_fence(memory_order_seq_cst);
	do {
		struct linux_futex_bucket *bucket = linux_futex_lock(key);

		for (taken = 0; taken < WAKES_MAX && woken < count && (waiter = linux_futex_first(bucket, key, bitset)) != NULL; woken++) {
			threads[taken] = linux_futex_take(waiter);
			taken += threads[taken] != NULL;
		}
		spinlock_give(&bucket->lock);
		threads_wake(threads, taken);
	} while (taken == WAKES_MAX);
	return woken;
}

void linux_futex_wake_at(struct process *process, uint64_t va)
{
	struct linux_futex_key key;

	if (linux_futex_key(process, va, false, &key) == STATUS_OK)
		(void)linux_futex_wake(&key, 1, UINT32_MAX);
}
