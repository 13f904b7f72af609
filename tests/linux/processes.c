// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Processes and threads: fork, wait, groups, stop and continue; mutexes, condition variables, locks of those that have died. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/linux/claims.h"

enum { THREADS = 4, ROUNDS = 2000, TURNS = 200, MAKINGS = 12, MEMORY = 8 << 20 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static long sum;
static int turn;

static void *count(void *argument)
{
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&mutex);
		sum++;
		pthread_mutex_unlock(&mutex);
	}
	return argument;
}

static void take_turns(int mine)
{
	for (int i = 0; i < TURNS; i++) {
		pthread_mutex_lock(&mutex);
		while (turn != mine)
			pthread_cond_wait(&turned, &mutex);
		turn = !mine;
		pthread_cond_broadcast(&turned);
		pthread_mutex_unlock(&mutex);
	}
}

static void *other_turns(void *argument)
{
	take_turns(1);
	return argument;
}

static void threads_share_and_take_turns(void)
{
	pthread_t threads[THREADS];
	void *result;

	for (long i = 0; i < THREADS; i++)
		CLAIM(pthread_create(&threads[i], NULL, count, (void *)i) == 0);
	for (long i = 0; i < THREADS; i++)
		CLAIM(pthread_join(threads[i], &result) == 0 && result == (void *)i);
	CLAIM(sum == THREADS * ROUNDS);
	CLAIM(pthread_create(&threads[0], NULL, other_turns, NULL) == 0);
	take_turns(0);
	CLAIM(pthread_join(threads[0], NULL) == 0);
}

static _Noreturn void wait_for_ever(void)
{
	for (;;)
		pause();
}

static void a_child_is_a_copy_and_tells_how_it_ended(void)
{
	static int value = 1;
	int status = 0;
	pid_t parent = getpid();
	pid_t child = fork();

	if (child == 0) {
		value = 2;
		_exit(getppid() == parent && getpid() != parent ? 42 : 1);
	}
	CLAIM(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 42);
	CLAIM(value == 1);
	REFUSED(wait(&status), ECHILD);
	child = vfork();
	if (child == 0)
		_exit(9);
	CLAIM(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 9);
}

static void a_child_stops_goes_on_and_is_killed(void)
{
	siginfo_t info = { 0 };
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		wait_for_ever();
	CLAIM(waitpid(child, &status, WNOHANG) == 0);
	CLAIM(kill(child, SIGSTOP) == 0);
	CLAIM(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	CLAIM(kill(child, SIGCONT) == 0);
	CLAIM(waitpid(child, &status, WCONTINUED) == child && WIFCONTINUED(status));
	CLAIM(kill(child, SIGKILL) == 0);
	CLAIM(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) == 0);
	CLAIM(info.si_pid == child && info.si_code == CLD_KILLED && info.si_status == SIGKILL);
	CLAIM(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	REFUSED(kill(child, 0), ESRCH);
}

static void groups_and_sessions_are_kept(void)
{
	int status = 0;
	pid_t first = fork();
	pid_t second;

	if (first == 0)
		wait_for_ever();
	second = fork();
	if (second == 0)
		wait_for_ever();
	CLAIM(setpgid(first, first) == 0 && setpgid(second, first) == 0);
	CLAIM(getpgid(second) == first && getsid(second) == getsid(0));
	CLAIM(kill(-first, SIGKILL) == 0);
	CLAIM(waitpid(-first, &status, 0) > 0 && waitpid(-first, &status, 0) > 0);
	REFUSED(kill(-first, 0), ESRCH);
	first = fork();
	if (first == 0)
		_exit(setsid() == getpid() && getpgrp() == getpid() ? 0 : 1);
	CLAIM(waitpid(first, &status, 0) == first && status == 0);
}

static void children_that_nobody_asks_for_go_by_themselves(void)
{
	int status;

	signal(SIGCHLD, SIG_IGN);
	for (int i = 0; i < 3; i++)
		if (fork() == 0)
			_exit(0);
	REFUSED(wait(&status), ECHILD);
	signal(SIGCHLD, SIG_DFL);
}

static void processes_share_a_lock_that_outlives_its_owner(void)
{
	int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutex_t *lock = (pthread_mutex_t *)(void *)(shared + 16);
	pthread_mutexattr_t attributes;
	pid_t child;

	pthread_mutexattr_init(&attributes);
	CLAIM(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0);
	CLAIM(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0);
	CLAIM(pthread_mutex_init(lock, &attributes) == 0);
	child = fork();
	for (int i = 0; i < ROUNDS; i++) {
		int taken = pthread_mutex_lock(lock);

		if (taken == EOWNERDEAD) /* the child's last act, below */
			pthread_mutex_consistent(lock);
		shared[0]++;
		pthread_mutex_unlock(lock);
	}
	if (child == 0) {
		shared[1] = pthread_mutex_lock(lock);
		_exit(0);
	}
	CLAIM(waitpid(child, NULL, 0) == child);
	CLAIM(shared[0] == 2 * ROUNDS && shared[1] == 0);
	(void)pthread_mutex_lock(lock);
	pthread_mutex_consistent(lock);
	CLAIM(pthread_mutex_unlock(lock) == 0);
}

/* Makes a child in its own group, by the call itself: the C library blocks signals meanwhile. It has much memory, so that this takes time. */
static void make_child(int told)
{
	char *memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(memory, 1, MEMORY);
	setpgid(0, 0);
	CLAIM(write(told, "", 1) == 1);
	syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	for (;;)
		pause();
}

static bool group_goes(pid_t group)
{
	for (int i = 0; i < 50; i++) {
		if (kill(-group, 0) != 0)
			return true;
		usleep(2000);
	}
	kill(-group, SIGKILL);
	return false;
}

static void a_signal_to_a_group_reaches_who_is_just_being_made(void)
{
	char byte;
	int ends[2];

	CLAIM(pipe(ends) == 0);
	for (int i = 0; i < MAKINGS; i++) {
		pid_t child = fork();

		if (child == 0)
			make_child(ends[1]);
		CLAIM(read(ends[0], &byte, 1) == 1);
		for (int j = 0; j < i * 20; j++)
			sched_yield();
		CLAIM(kill(-child, SIGTERM) == 0 && waitpid(child, NULL, 0) == child);
		CLAIM(group_goes(child));
	}
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	threads_share_and_take_turns();
	a_child_is_a_copy_and_tells_how_it_ended();
	a_child_stops_goes_on_and_is_killed();
	groups_and_sessions_are_kept();
	children_that_nobody_asks_for_go_by_themselves();
	processes_share_a_lock_that_outlives_its_owner();
	a_signal_to_a_group_reaches_who_is_just_being_made();
	return claims_end("processes");
}
