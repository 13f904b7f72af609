// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* membarrier(2): one thread pays for the barriers of both. */
#include "tests/linux/claims.h"

#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	TURNS = 200,
	ALL = MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED | MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED | MEMBARRIER_CMD_PRIVATE_EXPEDITED |
	      MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED | MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE,
};

static long membarrier(int command, int flags)
{
	return syscall(SYS_membarrier, command, flags);
}

static void registered(void)
{
	CLAIM((membarrier(MEMBARRIER_CMD_QUERY, 0) & ALL) == ALL);
	CLAIM(membarrier(MEMBARRIER_CMD_GLOBAL, 0) == 0 && membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0) == 0);
	REFUSED(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0), EPERM);
	REFUSED(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0), EPERM);
	CLAIM(membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0) == 0 && membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0) == 0);
	CLAIM(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0) == 0);
	REFUSED(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0), EPERM);
	CLAIM(membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0) == 0 && membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0) == 0);
	REFUSED(membarrier(MEMBARRIER_CMD_QUERY, 1), EINVAL);
	REFUSED(membarrier(MEMBARRIER_CMD_GLOBAL, 1), EINVAL);
	REFUSED(membarrier(3, 0), EINVAL);
	REFUSED(membarrier(1 << 20, 0), EINVAL);
}

static void inherited(void)
{
	CLAIM(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0) == 0);
}

/* For others of this CPU, and for other CPUs where they take turns (QEMU's, that counts instructions). */
static void let_go(void)
{
	sched_yield();
	__asm__ volatile("yield");
}

static atomic_int turn, done, here, there, saw;

/* Says that it is there, and looks at the other, without a barrier between both but the compiler's. */
static void *often(void *arg)
{
	for (int i = 1; i <= TURNS; i++) {
		while (atomic_load(&turn) != i)
			let_go();
		atomic_store_explicit(&there, 1, memory_order_relaxed);
		atomic_signal_fence(memory_order_seq_cst);
		atomic_store_explicit(&saw, atomic_load_explicit(&here, memory_order_relaxed), memory_order_relaxed);
		atomic_store(&done, i);
	}
	return arg;
}

/* Both cannot have missed each other. */
static void ordered(void)
{
	int missed = 0;
	pthread_t thread;

	CLAIM(pthread_create(&thread, NULL, often, NULL) == 0);
	for (int i = 1; i <= TURNS; i++) {
		int seen;

		atomic_store(&here, 0);
		atomic_store(&there, 0);
		atomic_store(&turn, i);
		atomic_store_explicit(&here, 1, memory_order_relaxed);
		CLAIM(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0) == 0);
		seen = atomic_load_explicit(&there, memory_order_relaxed);
		while (atomic_load(&done) != i)
			let_go();
		missed += seen == 0 && atomic_load(&saw) == 0;
	}
	CLAIM(missed == 0 && pthread_join(thread, NULL) == 0);
}

static void *both(void *arg)
{
	for (int i = 0; i < TURNS; i++)
		CLAIM(membarrier(i % 2 == 0 ? MEMBARRIER_CMD_PRIVATE_EXPEDITED : MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0) == 0);
	return arg;
}

/* Nor do they wait for each other for ever. */
static void at_once(void)
{
	pthread_t threads[3];

	for (int i = 0; i < 3; i++)
		CLAIM(pthread_create(&threads[i], NULL, both, NULL) == 0);
	both(NULL);
	for (int i = 0; i < 3; i++)
		CLAIM(pthread_join(threads[i], NULL) == 0);
}

int main(int argc, char **argv)
{
	int status = -1;
	pid_t child;

	if (argc > 1)
		return membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0) != -1 || errno != EPERM;
	registered();
	claims_apart(inherited);
	child = fork();
	if (child == 0) {
		execl("/proc/self/exe", argv[0], "again", NULL);
		_exit(1);
	}
	CLAIM(waitpid(child, &status, 0) == child && status == 0);
	ordered();
	at_once();
	return claims_end("barriers");
}
