// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Nice values, I/O priorities, policies and CPUs of threads: who has which, who inherits them, and who may change whose. */
#include "tests/linux/claims.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { USER = 1000, OTHER = 2000, NOBODY = 1 << 21 };
enum { IO_PROCESS = 1, IO_GROUP = 2, IO_USER = 3 };
#define IO(class, level) ((class) << 13 | (level))

static int nice_of(int which, int who)
{
	long told = syscall(SYS_getpriority, which, who);

	return told < 0 ? -100 : 20 - (int)told;
}

static long io_of(int which, int who)
{
	return syscall(SYS_ioprio_get, which, who);
}

static uint64_t cpus_of(int who)
{
	uint64_t mask = 0;

	return syscall(SYS_sched_getaffinity, who, sizeof(mask), &mask) == sizeof(mask) ? mask : 0;
}

static long cpus_set(int who, uint64_t mask)
{
	return syscall(SYS_sched_setaffinity, who, sizeof(mask), &mask);
}

/* Sleeps until it is killed. */
static pid_t child_make(uid_t user, int own_group)
{
	pid_t child = fork();

	if (child == 0) {
		if (own_group)
			setpgid(0, 0);
		if (user != 0 && setuid(user) != 0)
			_exit(1);
		raise(SIGSTOP);
		for (;;)
			pause();
	}
	CLAIM(waitpid(child, NULL, WUNTRACED) == child);
	return child;
}

static void child_end(pid_t child)
{
	CLAIM(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
}

static void *of_thread(void *arg)
{
	uint64_t all = *(uint64_t *)arg;

	CLAIM(nice_of(PRIO_PROCESS, 0) == 5 && setpriority(PRIO_PROCESS, 0, 7) == 0 && nice_of(PRIO_PROCESS, gettid()) == 7);
	CLAIM(nice_of(PRIO_PROCESS, getpid()) == 5 && cpus_of(0) == 1 && cpus_set(0, all) == 0 && cpus_of(0) == all && cpus_of(getpid()) == 1);
	return NULL;
}

static void own(void)
{
	uint64_t all = cpus_of(0);
	pthread_t thread;
	pid_t child;

	CLAIM(nice_of(PRIO_PROCESS, 0) == 0 && setpriority(PRIO_PROCESS, 0, 100) == 0 && nice_of(PRIO_PROCESS, 0) == 19);
	CLAIM(setpriority(PRIO_PROCESS, getpid(), -100) == 0 && nice_of(PRIO_PROCESS, 0) == -20 && setpriority(PRIO_PROCESS, 0, 5) == 0);
	CLAIM((all & 1) != 0 && cpus_set(0, 1) == 0 && cpus_of(0) == 1);
	CLAIM(pthread_create(&thread, NULL, of_thread, &all) == 0 && pthread_join(thread, NULL) == 0 && nice_of(PRIO_PROCESS, 0) == 5);
	child = child_make(0, 0);
	CLAIM(nice_of(PRIO_PROCESS, child) == 5 && cpus_of(child) == 1);
	CLAIM(cpus_set(child, all) == 0 && cpus_of(child) == all && cpus_of(0) == 1);
	child_end(child);
	CLAIM(cpus_set(0, ~0ul) == 0 && cpus_of(0) == all && setpriority(PRIO_PROCESS, 0, 0) == 0);
	REFUSED(cpus_set(0, 1ul << 63), EINVAL);
	REFUSED(cpus_set(0, 0), EINVAL);
	REFUSED(cpus_set(NOBODY, 1), ESRCH);
	REFUSED(cpus_set(-1, 1), ESRCH);
	REFUSED(syscall(SYS_sched_getaffinity, NOBODY, 8, &all), ESRCH);
	REFUSED(syscall(SYS_sched_getaffinity, -1, 8, &all), ESRCH);
	REFUSED(syscall(SYS_sched_getaffinity, 0, 0, &all), EINVAL);
	REFUSED(syscall(SYS_sched_getaffinity, 0, 12, &all), EINVAL);
	REFUSED(syscall(SYS_sched_getaffinity, 0, 8, 16), EFAULT);
	REFUSED(syscall(SYS_sched_setaffinity, 0, 8, 16), EFAULT);
	CLAIM(syscall(SYS_sched_setaffinity, 0, 1, "\1\377") == 0 && cpus_of(0) == 1 && cpus_set(0, all) == 0); /* of a mask of one byte the others are not looked at */
	REFUSED(syscall(SYS_sched_getscheduler, -1), EINVAL);
	REFUSED(syscall(SYS_sched_getscheduler, NOBODY), ESRCH);
	REFUSED(syscall(SYS_sched_getparam, -1, &all), EINVAL);
	REFUSED(syscall(SYS_sched_getparam, 0, NULL), EINVAL);
	REFUSED(syscall(SYS_sched_getparam, 0, 16), EFAULT);
	REFUSED(getpriority(PRIO_PROCESS, NOBODY), ESRCH);
	REFUSED(setpriority(PRIO_PGRP, NOBODY, 0), ESRCH);
	REFUSED(setpriority(PRIO_USER, NOBODY, 0), ESRCH);
	REFUSED(getpriority(3, 0), EINVAL);
	REFUSED(setpriority(-1, 0, 0), EINVAL);
}

/* Of many at once: the best is told. */
static void of_many(void)
{
	pid_t first = child_make(USER, 1), second = child_make(USER, 0);

	CLAIM(setpriority(PRIO_PGRP, first, 3) == 0 && nice_of(PRIO_PROCESS, first) == 3 && nice_of(PRIO_PROCESS, second) == 0);
	CLAIM(nice_of(PRIO_USER, USER) == 0 && setpriority(PRIO_USER, USER, 4) == 0 && nice_of(PRIO_PROCESS, first) == 4 && nice_of(PRIO_PROCESS, second) == 4);
	CLAIM(nice_of(PRIO_PROCESS, 0) == 0 && nice_of(PRIO_PGRP, 0) == 0 && nice_of(PRIO_PGRP, first) == 4);
	CLAIM(syscall(SYS_ioprio_set, IO_GROUP, first, IO(2, 7)) == 0 && io_of(IO_PROCESS, first) == IO(2, 7) && io_of(IO_USER, USER) == IO(2, 4));
	CLAIM(syscall(SYS_ioprio_set, IO_USER, USER, IO(3, 0)) == 0 && io_of(IO_USER, USER) == IO(3, 0) && io_of(IO_PROCESS, second) == IO(3, 0));
	child_end(first);
	child_end(second);
}

static void of_io(void)
{
	pid_t child;

	CLAIM(io_of(IO_PROCESS, 0) == 0 && io_of(IO_GROUP, 0) == IO(2, 4) && setpriority(PRIO_PROCESS, 0, 10) == 0 && io_of(IO_GROUP, getpgrp()) == IO(2, 6));
	CLAIM(syscall(SYS_ioprio_set, IO_PROCESS, 0, IO(1, 3)) == 0 && io_of(IO_PROCESS, 0) == IO(1, 3));
	CLAIM(syscall(SYS_ioprio_set, IO_PROCESS, 0, IO(3, 0)) == 0 && io_of(IO_PROCESS, 0) == IO(3, 0));
	child = child_make(0, 0);
	CLAIM(io_of(IO_PROCESS, child) == IO(3, 0));
	child_end(child);
	CLAIM(syscall(SYS_ioprio_set, IO_PROCESS, 0, 0) == 0 && io_of(IO_PROCESS, 0) == 0 && setpriority(PRIO_PROCESS, 0, 0) == 0);
	REFUSED(syscall(SYS_ioprio_set, IO_PROCESS, 0, IO(2, 8)), EINVAL);
	REFUSED(syscall(SYS_ioprio_set, IO_PROCESS, 0, IO(0, 1)), EINVAL);
	REFUSED(syscall(SYS_ioprio_set, IO_PROCESS, 0, IO(4, 0)), EINVAL);
	REFUSED(syscall(SYS_ioprio_set, 0, 0, IO(2, 0)), EINVAL);
	REFUSED(syscall(SYS_ioprio_set, 4, 0, IO(2, 0)), EINVAL);
	REFUSED(syscall(SYS_ioprio_get, IO_PROCESS, NOBODY), ESRCH);
	REFUSED(syscall(SYS_ioprio_get, 4, 0), EINVAL);
}

/* What a user may not: more than there was, and anything of another's. */
static void of_a_user(void)
{
	struct sched_param first = { .sched_priority = 1 }, none = { 0 };
	pid_t its = getppid(), mine;

	CLAIM(setuid(USER) == 0 && setpriority(PRIO_PROCESS, 0, 2) == 0 && setpriority(PRIO_PROCESS, 0, 2) == 0);
	REFUSED(setpriority(PRIO_PROCESS, 0, 1), EACCES);
	REFUSED(setpriority(PRIO_PROCESS, its, 10), EPERM);
	REFUSED(cpus_set(its, 1), EPERM);
	REFUSED(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &first), EPERM);
	REFUSED(syscall(SYS_sched_setscheduler, its, SCHED_BATCH, &none), EPERM);
	REFUSED(syscall(SYS_ioprio_set, IO_PROCESS, 0, IO(1, 0)), EPERM);
	REFUSED(syscall(SYS_ioprio_set, IO_PROCESS, its, IO(2, 0)), EPERM);
	CLAIM(nice_of(PRIO_PROCESS, its) == 0 && cpus_of(its) != 0 && io_of(IO_PROCESS, its) == 0);
	CLAIM(syscall(SYS_sched_setscheduler, 0, SCHED_BATCH, &none) == 0 && syscall(SYS_ioprio_set, IO_PROCESS, 0, IO(2, 0)) == 0);
	mine = child_make(0, 0);
	CLAIM(setpriority(PRIO_PROCESS, mine, 9) == 0 && cpus_set(mine, 1) == 0 && syscall(SYS_sched_getscheduler, mine) == SCHED_BATCH);
	child_end(mine);
}

/* A policy that was had may be kept and given up, and not raised. */
static void given_up(void)
{
	struct sched_param ten = { .sched_priority = 10 }, nine = { .sched_priority = 9 }, none = { 0 };

	CLAIM(syscall(SYS_sched_setscheduler, 0, SCHED_RR, &nine) == 0 && io_of(IO_PROCESS, 0) == 0 && io_of(IO_GROUP, 0) == IO(1, 4) && setuid(OTHER) == 0);
	CLAIM(syscall(SYS_sched_setparam, 0, &nine) == 0);
	REFUSED(syscall(SYS_sched_setparam, 0, &ten), EPERM);
	REFUSED(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &nine), EPERM);
	CLAIM(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &none) == 0);
	REFUSED(syscall(SYS_sched_setscheduler, 0, SCHED_RR, &nine), EPERM);
}

int main(void)
{
	own();
	of_many();
	of_io();
	claims_apart(of_a_user);
	claims_apart(given_up);
	return claims_end("scheduled");
}
