// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What is made of futexes: mutexes of each kind, conditions, barriers, semaphores, read-write locks; between processes, too; and owners that end. */
#include "tests/linux/claims.h"

#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 4, ROUNDS = 500 };

static pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_rwlock_t readers = PTHREAD_RWLOCK_INITIALIZER;
static sem_t semaphore;
static int counter, turns;

static void *worker(void *arg)
{
	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&plain);
		counter++;
		pthread_mutex_unlock(&plain);
	}
	pthread_barrier_wait(&barrier);
	pthread_rwlock_rdlock(&readers);
	pthread_rwlock_unlock(&readers);
	sem_wait(&semaphore);
	sem_post(&semaphore);
	pthread_mutex_lock(&plain);
	turns++;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&plain);
	return NULL;
}

static void threads(void)
{
	struct timespec past = { 1, 0 };
	pthread_t all[THREADS];

	pthread_barrier_init(&barrier, NULL, THREADS);
	sem_init(&semaphore, 0, 1);
	for (int i = 0; i < THREADS; i++)
		CLAIM(pthread_create(&all[i], NULL, worker, NULL) == 0);
	pthread_mutex_lock(&plain);
	while (turns < THREADS)
		pthread_cond_wait(&changed, &plain);
	CLAIM(counter == THREADS * ROUNDS);
	CLAIM(pthread_cond_timedwait(&changed, &plain, &past) == ETIMEDOUT);
	pthread_mutex_unlock(&plain);
	for (int i = 0; i < THREADS; i++)
		pthread_join(all[i], NULL);
}

static void *dies(void *arg)
{
	pthread_mutex_lock(arg);
	return NULL;
}

static void robust(void)
{
	pthread_mutexattr_t kind;
	pthread_mutex_t mutex;
	pthread_t thread;

	pthread_mutexattr_init(&kind);
	CLAIM(pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST) == 0);
	pthread_mutex_init(&mutex, &kind);
	pthread_create(&thread, NULL, dies, &mutex);
	pthread_join(thread, NULL);
	CLAIM(pthread_mutex_lock(&mutex) == EOWNERDEAD);
	CLAIM(pthread_mutex_consistent(&mutex) == 0 && pthread_mutex_unlock(&mutex) == 0);
}

static void *waits(void *arg)
{
	pthread_mutex_lock(arg);
	pthread_mutex_unlock(arg);
	return NULL;
}

static void inheriting(void)
{
	pthread_mutexattr_t kind;
	pthread_mutex_t mutex;
	pthread_t thread;

	pthread_mutexattr_init(&kind);
	CLAIM(pthread_mutexattr_setprotocol(&kind, PTHREAD_PRIO_INHERIT) == 0);
	pthread_mutex_init(&mutex, &kind);
	CLAIM(pthread_mutex_lock(&mutex) == 0 && pthread_mutex_trylock(&mutex) == EBUSY);
	pthread_create(&thread, NULL, waits, &mutex);
	nanosleep(&(struct timespec){ .tv_nsec = 3000000 }, NULL);
	CLAIM(pthread_mutex_unlock(&mutex) == 0);
	pthread_join(thread, NULL);
}

static unsigned owned;

/* Of a lock that the other thread has: when it is given up, by which clock. */
static void *gives_up(void *arg)
{
	static const struct { int how; clockid_t clock; } ways[] = {
		{ FUTEX_LOCK_PI, CLOCK_REALTIME }, { FUTEX_LOCK_PI2, CLOCK_MONOTONIC }, { FUTEX_LOCK_PI2 | FUTEX_CLOCK_REALTIME, CLOCK_REALTIME },
	};
	struct timespec limit, now;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		CLAIM(clock_gettime(ways[i].clock, &limit) == 0);
		limit.tv_nsec += 2000000;
		limit.tv_sec += limit.tv_nsec / 1000000000;
		limit.tv_nsec %= 1000000000;
		REFUSED(syscall(SYS_futex, &owned, ways[i].how, 0, &limit), ETIMEDOUT);
		CLAIM(clock_gettime(ways[i].clock, &now) == 0 && (now.tv_sec > limit.tv_sec || (now.tv_sec == limit.tv_sec && now.tv_nsec >= limit.tv_nsec)));
	}
	REFUSED(syscall(SYS_futex, &owned, FUTEX_LOCK_PI | FUTEX_CLOCK_REALTIME, 0, NULL), ENOSYS);
	REFUSED(syscall(SYS_futex, &owned, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, owned, &(struct timespec){ 0, 1 }), ENOSYS);
	return arg;
}

static void limits(void)
{
	pthread_t thread;

	CLAIM(syscall(SYS_futex, &owned, FUTEX_LOCK_PI2, 0, NULL) == 0 && owned == (unsigned)gettid());
	pthread_create(&thread, NULL, gives_up, NULL);
	pthread_join(thread, NULL);
	CLAIM(syscall(SYS_futex, &owned, FUTEX_UNLOCK_PI) == 0 && owned == 0);
}

struct shared {
	pthread_mutex_t mutex;
	sem_t there, back;
	int value;
};

static void processes(void)
{
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t kind;
	int status;
	pid_t child;

	pthread_mutexattr_init(&kind);
	pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&shared->mutex, &kind);
	sem_init(&shared->there, 1, 0);
	sem_init(&shared->back, 1, 0);
	child = fork();
	if (child == 0) {
		sem_wait(&shared->there);
		pthread_mutex_lock(&shared->mutex);
		shared->value++;
		pthread_mutex_unlock(&shared->mutex);
		sem_post(&shared->back);
		_exit(0);
	}
	shared->value = 41;
	sem_post(&shared->there);
	sem_wait(&shared->back);
	CLAIM(shared->value == 42);
	CLAIM(waitpid(child, &status, 0) == child && status == 0);
}

/* The kernel's own list of a thread's locks, and one that is just being given back. */
struct listed {
	struct robust_list_head head;
	struct robust_list of_list;
	volatile unsigned word;
};

static void listed_begin(struct listed *listed)
{
	listed->head.list.next = &listed->head.list;
	listed->head.futex_offset = offsetof(struct listed, word) - offsetof(struct listed, of_list);
	listed->head.list_op_pending = NULL;
	CLAIM(syscall(SYS_set_robust_list, &listed->head, sizeof(listed->head)) == 0);
	listed->word = (unsigned)gettid() | FUTEX_WAITERS;
	usleep(20000);
}

static void gives_back_and_ends(struct listed *listed)
{
	listed->head.list_op_pending = &listed->of_list;
	listed->word = 0; /* and it ends before it can wake who waits */
}

static void runs_another(struct listed *listed)
{
	listed->head.list.next = &listed->of_list;
	listed->of_list.next = &listed->head.list;
	execl("/proc/self/exe", "sleeper", NULL);
}

/* Who waits for a lock of a process, which then does what it does, is woken, and finds in it what it may keep. */
static void waits_for(void (*does)(struct listed *listed), unsigned keeps)
{
	struct listed *listed = mmap(NULL, sizeof(*listed), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct timespec limit = { .tv_sec = 2 };
	int status;
	pid_t child = fork();

	if (child == 0) {
		listed_begin(listed);
		does(listed);
		_exit(0);
	}
	while (listed->word == 0)
		usleep(1000);
	CLAIM(syscall(SYS_futex, &listed->word, FUTEX_WAIT, child | FUTEX_WAITERS, &limit) == 0);
	CLAIM((listed->word & (FUTEX_OWNER_DIED | FUTEX_TID_MASK)) == keeps);
	CLAIM(waitpid(child, &status, 0) == child && status == 0);
}

static unsigned waited_for;

static void *waits_for_word(void *arg)
{
	CLAIM(syscall(SYS_futex, &waited_for, FUTEX_WAIT, 0, NULL) == 0);
	return arg;
}

/* What is moved to where it is is moved once. */
static void moved_to_itself(void)
{
	pthread_t thread;

	CLAIM(pthread_create(&thread, NULL, waits_for_word, NULL) == 0);
	usleep(20000);
	CLAIM(syscall(SYS_futex, &waited_for, FUTEX_REQUEUE, 0, 100000, &waited_for) == 1);
	CLAIM(syscall(SYS_futex, &waited_for, FUTEX_WAKE, 1) == 1);
	CLAIM(pthread_join(thread, NULL) == 0);
}

static void calls(void)
{
	static unsigned word = 5, other;
	struct timespec brief = { .tv_nsec = 1000000 };

	REFUSED(syscall(SYS_futex, &word, FUTEX_WAIT, 6, NULL), EAGAIN);
	REFUSED(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 5, &brief), ETIMEDOUT);
	REFUSED(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, 5, &brief, NULL, 0), EINVAL);
	REFUSED(syscall(SYS_futex, (char *)&word + 1, FUTEX_WAIT, 5, &brief), EINVAL);
	REFUSED(syscall(SYS_futex, 16, FUTEX_WAIT, 5, &brief), EFAULT);
	CLAIM(syscall(SYS_futex, &word, FUTEX_WAKE, 1) == 0);
	CLAIM(syscall(SYS_futex, &word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 1) == 0);
	CLAIM(syscall(SYS_futex, &word, FUTEX_CMP_REQUEUE, 1, 1, &other, 5) == 0);
	REFUSED(syscall(SYS_futex, &word, FUTEX_CMP_REQUEUE, 1, 1, &other, 6), EAGAIN);
	CLAIM(syscall(SYS_futex, &word, FUTEX_WAKE_OP, 1, 1, &other, FUTEX_OP(FUTEX_OP_SET, 7, FUTEX_OP_CMP_EQ, 0)) == 0 && other == 7);
	CLAIM(syscall(SYS_futex, &word, FUTEX_WAKE_OP, 1, 1, &other, FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_GT, 0)) == 0 && other == 8);
	CLAIM(syscall(SYS_futex, &word, FUTEX_WAKE_OP, 1, 1, &other, FUTEX_OP(FUTEX_OP_ANDN, 8, FUTEX_OP_CMP_LE, 0)) == 0 && other == 0);
	REFUSED(syscall(SYS_futex, &word, 99, 0), ENOSYS);
}

int main(int argc, char **argv)
{
	if (argc > 0 && strcmp(argv[0], "sleeper") == 0) {
		usleep(3000000); /* longer than anybody waits */
		return 0;
	}
	threads();
	robust();
	inheriting();
	limits();
	processes();
	waits_for(gives_back_and_ends, 0);
	waits_for(runs_another, FUTEX_OWNER_DIED);
	moved_to_itself();
	calls();
	return claims_end("mutexes");
}
