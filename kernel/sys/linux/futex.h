// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Waiting for a word of memory (futex.2). A waiter is in its bucket before it looks at the word, and who changes the word looks into the bucket
 * afterwards: so none is missed. A word is known by where it lies in its process, and one that several processes share by where it lies in the machine.
 */
#ifndef KERNEL_SYS_LINUX_FUTEX_H
#define KERNEL_SYS_LINUX_FUTEX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/core/spinlock.h"
#include "lib/list.h"
#include "lib/status.h"

struct process;
struct thread;

#define LINUX_FUTEX_WAITERS 0x80000000u
#define LINUX_FUTEX_OWNER_DIED 0x40000000u
#define LINUX_FUTEX_TID_MASK 0x3fffffffu

struct linux_futex_key {
	const struct process *process; /* NULL: `word` is physical */
	uint64_t word;
};

struct linux_futex_bucket {
	_Alignas(64) struct spinlock lock;
	struct list_node waiters; /* W: under the lock. Oldest first; made at its first use */
};

/* On its thread's stack. */
struct linux_futex_waiter {
	struct list_node node;      /* W: under the bucket's lock, this and the next two */
	struct linux_futex_key key;
	_Atomic(struct linux_futex_bucket *) bucket; /* NULL: somebody has taken it out, to wake it */
	uint32_t bitset;
	bool is_owner;              /* W: who takes it out. It has been given the lock (FUTEX_LOCK_PI) */
	struct thread *thread;
};

/* `is_private`: the program says that nobody else means the same. STATUS_EFAULT; STATUS_EINVAL: not aligned. */
MUST_CHECK status_t linux_futex_key(struct process *process, uint64_t va, bool is_private, struct linux_futex_key *key);

/* Before the first program runs. */
void linux_futex_init(void);

/* The bucket of a key; two are locked by rising address. Locked. */
struct linux_futex_bucket *linux_futex_bucket(const struct linux_futex_key *key);
void linux_futex_bucket_lock(struct linux_futex_bucket *bucket);
struct linux_futex_bucket *linux_futex_lock(const struct linux_futex_key *key);

/* Puts the thread's waiter in, and takes it out: true where it was still there. */
void linux_futex_enter(struct linux_futex_waiter *waiter, struct thread *thread, const struct linux_futex_key *key, uint32_t bitset);
bool linux_futex_leave(struct linux_futex_waiter *waiter);

/* The oldest that waits for a key, for any of `bitset`; NULL: nobody does. Under the lock of its bucket. */
struct linux_futex_waiter *linux_futex_first(const struct linux_futex_bucket *bucket, const struct linux_futex_key *key, uint32_t bitset);

/* Takes it out; its thread is to be woken and put when the lock is given back, NULL where it has gone. Under the same lock. */
struct thread *linux_futex_take(struct linux_futex_waiter *waiter);

/* Wakes at most `count` of those that wait for any of `bitset`; tells how many. */
unsigned linux_futex_wake(const struct linux_futex_key *key, unsigned count, uint32_t bitset);

/* The same by address; nothing where there is no such memory. */
void linux_futex_wake_at(struct process *process, uint64_t va);

/* The calls with an owner that the kernel knows (futex_pi.c). */
int64_t linux_futex_lock_pi(struct thread *thread, uint64_t va, const struct linux_futex_key *key, uint64_t deadline_ns);
int64_t linux_futex_trylock_pi(struct thread *thread, uint64_t va);
int64_t linux_futex_unlock_pi(struct thread *thread, uint64_t va, const struct linux_futex_key *key);

/* The thread ends: locks that it still holds, by the list that it keeps itself. Context: its fiber. */
void linux_futex_robust_end(struct thread *thread);

#endif
