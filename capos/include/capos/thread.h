// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Threads, and what they wait for each other with: mutex, condition, once. A lock that nobody else wants costs no system call, and
 * neither does waking where nobody waits.
 *
 * Errors: 0, or a negative errno. Timeouts are in ns from now; CAPOS_WAIT_FOREVER waits as long as it takes, 0 does not wait.
 * A process can have as many threads at once as its manifest says (`threads`). The C heap and everything in the library may be
 * used from any thread. Thread-local variables (_Thread_local) are each thread's own.
 */
#ifndef CAPOS_THREAD_H
#define CAPOS_THREAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <capos/abi.h>

#define CAPOS_CPU_ANY UINT32_MAX /* CAPOS_THREADS_CPU_ANY */

/* One thread, for whoever made it. It must stay where it is until the thread was joined. */
struct capos_thread {
	capos_cap_t cap;      /* of interface thread */
	int value;            /* once it has ended */
	int (*run)(void *);   /* the rest is the library's */
	void *arg;
	uint8_t *memory;
	size_t memory_bytes;
};

struct capos_thread_options {
	size_t stack_bytes; /* 0: 64 KiB. The page below it cannot be written: a stack that is too small is a fault */
	/* Uses its creator's rings and CPU: less memory, and operations that either may wait for. Else it has rings of its own. */
	bool share_rings;
	uint32_t cpu; /* where it runs, with rings of its own; CAPOS_CPU_ANY: where the kernel chooses */
};

/*
 * Starts a thread that runs `run(arg)`. `options` NULL: 64 KiB of stack, rings of its own, any CPU. -ENOMEM memory; -EAGAIN the
 * manifest's number of threads is reached; -EINVAL no such CPU.
 */
int64_t capos_thread_create(struct capos_thread *thread, const struct capos_thread_options *options, int (*run)(void *), void *arg);

/* Waits until the thread has ended, and takes back what it was made of; `value`, where it is not NULL, gets what run() returned. Once. */
int64_t capos_thread_join(struct capos_thread *thread, int *value);

/* Ends the calling thread. The first thread ends so, too, and the process lives on until another calls capos_exit(). */
_Noreturn void capos_thread_exit(int value);

/* The calling thread. Of the first thread a structure that is the library's. */
struct capos_thread *capos_thread_self(void);

/* Lets others run that wait for this CPU. */
void capos_thread_yield(void);

/* A lock. {0} is unlocked. Not recursive: who locks it twice waits for itself. Of no use in memory that processes share. */
struct capos_mutex {
	_Atomic uint32_t state; /* 0 free, 1 locked, 2 locked, and somebody may wait */
};

#define CAPOS_MUTEX_INIT { 0 }

/* The slow halves of the functions below. */
int64_t capos_mutex_wait(struct capos_mutex *mutex, uint64_t timeout_ns);
void capos_mutex_wake(struct capos_mutex *mutex);

/* Locks it if that needs no waiting. */
static inline bool capos_mutex_try_lock(struct capos_mutex *mutex)
{
	uint32_t unlocked = 0;

	/* Pairs with the release in capos_mutex_unlock(). */
	return atomic_compare_exchange_strong_explicit(&mutex->state, &unlocked, 1, memory_order_acquire, memory_order_relaxed);
}

/* 0: locked; -ETIMEDOUT. */
static inline int64_t capos_mutex_lock_timeout(struct capos_mutex *mutex, uint64_t timeout_ns)
{
	return capos_mutex_try_lock(mutex) ? 0 : capos_mutex_wait(mutex, timeout_ns);
}

static inline void capos_mutex_lock(struct capos_mutex *mutex)
{
	(void)capos_mutex_lock_timeout(mutex, CAPOS_WAIT_FOREVER);
}

/* By whoever locked it. */
static inline void capos_mutex_unlock(struct capos_mutex *mutex)
{
	/* Pairs with the acquires of the functions that lock. */
	if (atomic_exchange_explicit(&mutex->state, 0, memory_order_release) == 2)
		capos_mutex_wake(mutex);
}

/* Something that becomes true under a mutex, the same for all who wait. {0} is one. */
struct capos_condition {
	_Atomic uint32_t sequence; /* counts signals */
	_Atomic uint32_t waiters;
};

#define CAPOS_CONDITION_INIT { 0 }

/*
 * Unlocks the mutex, waits for a signal, and locks it again, whatever it returns: 0, perhaps without a signal, so that one looks
 * again in a loop; -ETIMEDOUT.
 */
int64_t capos_condition_wait(struct capos_condition *condition, struct capos_mutex *mutex, uint64_t timeout_ns);

/* Wakes one who waits, or all. With the mutex locked or not. */
void capos_condition_signal(struct capos_condition *condition);
void capos_condition_broadcast(struct capos_condition *condition);

/* {0} has not run. */
struct capos_once {
	_Atomic uint32_t state; /* 0 not yet, 1 runs, 2 runs and somebody waits, 3 has run */
};

#define CAPOS_ONCE_INIT { 0 }

/* Runs `run` if no thread has yet, and returns once it has run. */
void capos_once(struct capos_once *once, void (*run)(void));

#endif
