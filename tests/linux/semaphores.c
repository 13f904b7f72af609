// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Semaphores of System V: sets and their keys, operations all at once or not at all, who waits, and what is undone when a process ends. */
#include "tests/linux/claims.h"
#include "tests/linux/load.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { KEY = 0x52756d71, MOST = 32767, OPS_MOST = 500, OTHER = 77 };

#define BAD ((void *)16)

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
};

static int set_of(int count)
{
	int id = semget(IPC_PRIVATE, count, 0600);

	CLAIM(id >= 0);
	return id;
}

static int value(int id, int number)
{
	return semctl(id, number, GETVAL);
}

static int assign(int id, int number, int to)
{
	return semctl(id, number, SETVAL, (union semun){ .val = to });
}

static int operate(int id, int number, int change, int flags)
{
	struct sembuf op = { (unsigned short)number, (short)change, (short)flags };

	return semop(id, &op, 1);
}

static struct semid_ds stat_of(int id)
{
	struct semid_ds is = { 0 };

	CLAIM(semctl(id, 0, IPC_STAT, (union semun){ .buf = &is }) == 0);
	return is;
}

static int removed(int id)
{
	return semctl(id, 0, IPC_RMID);
}

/* Until so many wait for a semaphore to be more, or to be 0. */
static int wait_until(int id, int number, int command, int count)
{
	for (unsigned i = 0; i < 5000; i++) {
		if (semctl(id, number, command) == count)
			return 1;
		usleep(1000);
	}
	return 0;
}

static int ended(pid_t child)
{
	int status = -1;

	CLAIM(waitpid(child, &status, 0) == child);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void keys(void)
{
	int id = semget(KEY, 3, IPC_CREAT | IPC_EXCL | 0640);

	CLAIM(id >= 0 && semget(KEY, 3, IPC_CREAT | 0600) == id && semget(KEY, 0, 0) == id && semget(KEY, 2, 0) == id);
	REFUSED(semget(KEY, 3, IPC_CREAT | IPC_EXCL), EEXIST);
	REFUSED(semget(KEY, 4, 0), EINVAL);
	REFUSED(semget(KEY + 1, 1, 0), ENOENT);
	REFUSED(semget(KEY + 1, 0, IPC_CREAT | 0600), EINVAL);
	REFUSED(semget(KEY + 1, -1, IPC_CREAT | 0600), EINVAL);
	REFUSED(semget(KEY + 1, MOST, IPC_CREAT | 0600), EINVAL);
	REFUSED(semget(IPC_PRIVATE, 0, 0600), EINVAL);
	CLAIM(removed(id) == 0);
	REFUSED(semget(KEY, 0, 0), ENOENT);
	REFUSED(removed(id), EINVAL);
	REFUSED(removed(-1), EINVAL);
	int other = semget(KEY, 1, IPC_CREAT | 0600);

	CLAIM(other >= 0 && other != id && removed(other) == 0);
}

static void values(void)
{
	unsigned short many[4] = { 1, 2, MOST, 0 }, got[4] = { 9, 9, 9, 9 };
	int id = set_of(4);

	CLAIM(value(id, 0) == 0 && value(id, 3) == 0 && semctl(id, 0, GETPID) == 0);
	CLAIM(semctl(id, 0, SETALL, (union semun){ .array = many }) == 0 && semctl(id, 0, GETALL, (union semun){ .array = got }) == 0 && memcmp(many, got, sizeof(got)) == 0);
	CLAIM(value(id, 2) == MOST && assign(id, 1, 7) == 0 && value(id, 1) == 7 && semctl(id, 1, GETPID) == getpid());
	many[3] = MOST + 1;
	REFUSED(semctl(id, 0, SETALL, (union semun){ .array = many }), ERANGE);
	REFUSED(semctl(id, 0, SETALL, (union semun){ .array = BAD }), EFAULT);
	REFUSED(semctl(id, 0, GETALL, (union semun){ .array = BAD }), EFAULT);
	REFUSED(assign(id, 0, MOST + 1), ERANGE);
	REFUSED(assign(id, 0, -1), ERANGE);
	REFUSED(assign(id, 4, 1), EINVAL);
	REFUSED(assign(id, -1, 1), EINVAL);
	REFUSED(value(id, 4), EINVAL);
	REFUSED(semctl(id, 0, 99), EINVAL);
	CLAIM(value(id, 0) == 1 && value(id, 3) == 0 && removed(id) == 0);
	REFUSED(value(id, 0), EINVAL);
	REFUSED(assign(id, 0, MOST + 1), ERANGE); /* before it is looked for */
}

/* All operations of a call, or none. */
static void at_once(void)
{
	int id = set_of(3);
	struct sembuf some[] = { { 0, 2, 0 }, { 1, -1, IPC_NOWAIT }, { 2, 1, 0 } };
	struct sembuf twice[] = { { 0, 3, 0 }, { 0, -1, 0 }, { 0, -2, 0 }, { 0, 0, 0 } };
	struct sembuf many[OPS_MOST + 1] = { { 0, 0, 0 } };

	REFUSED(semop(id, some, 3), EAGAIN);
	CLAIM(value(id, 0) == 0 && value(id, 2) == 0 && semctl(id, 0, GETPID) == 0);
	CLAIM(operate(id, 1, 1, 0) == 0 && semop(id, some, 3) == 0 && value(id, 0) == 2 && value(id, 1) == 0 && value(id, 2) == 1);
	REFUSED(operate(id, 0, 0, IPC_NOWAIT), EAGAIN);
	CLAIM(operate(id, 0, -2, IPC_NOWAIT) == 0 && semop(id, twice, 4) == 0 && value(id, 0) == 0);
	CLAIM(operate(id, 0, 0, 0) == 0 && semctl(id, 0, GETPID) == getpid());
	CLAIM(assign(id, 0, MOST) == 0);
	some[1] = (struct sembuf){ 1, 1, 0 };
	some[0] = (struct sembuf){ 2, 5, 0 };
	some[2] = (struct sembuf){ 0, 1, 0 };
	REFUSED(semop(id, some, 3), ERANGE);
	CLAIM(value(id, 1) == 0 && value(id, 2) == 1);
	REFUSED(operate(id, 3, 1, 0), EFBIG);
	REFUSED(semop(id, some, 0), EINVAL);
	REFUSED(semop(id, many, OPS_MOST + 1), E2BIG);
	REFUSED(semop(id, BAD, 1), EFAULT);
	REFUSED(semop(-1, some, 1), EINVAL);
	CLAIM(assign(id, 0, 0) == 0 && semop(id, many, OPS_MOST) == 0 && removed(id) == 0);
	REFUSED(operate(id, 0, 1, 0), EINVAL);
}

static pid_t waits(int id, int number, int change, int then)
{
	pid_t child = fork();

	if (child == 0) {
		int failed = operate(id, number, change, 0) == 0 ? 0 : errno;

		if (failed == 0 && then >= 0) /* what it is now: the order of who waited */
			failed = operate(id, then, 1, 0) == 0 ? value(id, then) + 100 : 99;
		_exit(failed);
	}
	return child;
}

/* Whoever came first goes on first, and what he waited for is his before anybody sees it. */
static void in_turn(void)
{
	int id = set_of(2);
	pid_t children[3];

	for (int i = 0; i < 3; i++) {
		children[i] = waits(id, 0, -1, 1);
		CLAIM(wait_until(id, 0, GETNCNT, i + 1));
	}
	CLAIM(semctl(id, 0, GETZCNT) == 0 && semctl(id, 1, GETNCNT) == 0);
	for (int i = 0; i < 3; i++)
		CLAIM(operate(id, 0, 1, 0) == 0 && value(id, 0) == 0 && ended(children[i]) == 101 + i && semctl(id, 0, GETPID) == children[i]);
	CLAIM(assign(id, 0, 2) == 0 && assign(id, 1, 0) == 0);
	children[0] = waits(id, 0, 0, -1);
	children[1] = waits(id, 0, 0, -1);
	CLAIM(wait_until(id, 0, GETZCNT, 2) && semctl(id, 0, GETNCNT) == 0 && operate(id, 0, -1, 0) == 0 && semctl(id, 0, GETZCNT) == 2);
	CLAIM(operate(id, 0, -1, 0) == 0 && ended(children[0]) == 0 && ended(children[1]) == 0);
	/* One that waits for more than there is lets others by. */
	children[0] = waits(id, 0, -3, -1);
	CLAIM(wait_until(id, 0, GETNCNT, 1) && operate(id, 0, 2, 0) == 0 && value(id, 0) == 2 && operate(id, 0, -1, 0) == 0);
	CLAIM(assign(id, 0, 3) == 0 && ended(children[0]) == 0 && value(id, 0) == 0);
	/* And one whose operations make others possible. */
	children[0] = waits(id, 1, -4, -1);
	CLAIM(assign(id, 1, 0) == 0 && wait_until(id, 1, GETNCNT, 1));
	children[1] = fork();
	if (children[1] == 0) {
		struct sembuf both[] = { { 0, -1, 0 }, { 1, 4, 0 } };

		_exit(semop(id, both, 2) == 0 ? 0 : errno);
	}
	CLAIM(wait_until(id, 0, GETNCNT, 1) && operate(id, 0, 1, 0) == 0 && value(id, 0) == 0 && value(id, 1) == 0);
	CLAIM(ended(children[0]) == 0 && ended(children[1]) == 0);
	/* Who waits for nothing to be left goes first, whoever came before. */
	struct sembuf turn[] = { { 0, 1, 0 }, { 1, -1, 0 } };

	CLAIM(assign(id, 1, 1) == 0);
	if ((children[0] = fork()) == 0) {
		struct sembuf both[] = { { 0, -1, 0 }, { 1, 1, 0 } };

		_exit(semop(id, both, 2) == 0 ? 0 : errno);
	}
	CLAIM(wait_until(id, 0, GETNCNT, 1));
	children[1] = waits(id, 1, 0, -1);
	CLAIM(wait_until(id, 1, GETZCNT, 1) && semop(id, turn, 2) == 0 && semctl(id, 1, GETZCNT) == 0 && value(id, 1) == 1);
	CLAIM(ended(children[0]) == 0 && ended(children[1]) == 0 && assign(id, 1, 0) == 0);
	children[0] = waits(id, 0, -1, -1);
	children[1] = waits(id, 1, -1, -1);
	CLAIM(wait_until(id, 0, GETNCNT, 1) && wait_until(id, 1, GETNCNT, 1) && removed(id) == 0);
	CLAIM(ended(children[0]) == EIDRM && ended(children[1]) == EIDRM);
}

static void noted(int number)
{
	(void)number;
}

static void limited(void)
{
	const struct sigaction action = { .sa_handler = noted, .sa_flags = SA_RESTART };
	struct sembuf less = { 0, -1, 0 };
	struct timespec soon = { 0, 20000000 }, never = { 0, 1000000000 }, before = { -1, 0 };
	struct timespec began, now;
	int id = set_of(1);
	pid_t child;

	CLAIM(clock_gettime(CLOCK_MONOTONIC, &began) == 0);
	REFUSED(semtimedop(id, &less, 1, &soon), EAGAIN);
	CLAIM(clock_gettime(CLOCK_MONOTONIC, &now) == 0 && (now.tv_sec - began.tv_sec) * 1000000000 + now.tv_nsec - began.tv_nsec >= 20000000);
	REFUSED(semtimedop(id, &less, 1, &never), EINVAL);
	REFUSED(semtimedop(id, &less, 1, &before), EINVAL);
	REFUSED(semtimedop(id, &less, 1, BAD), EFAULT);
	CLAIM(semctl(id, 0, GETNCNT) == 0 && assign(id, 0, 1) == 0 && semtimedop(id, &less, 1, &soon) == 0 && value(id, 0) == 0);
	CLAIM(sigaction(SIGUSR1, &action, NULL) == 0);
	child = waits(id, 0, -1, -1);
	CLAIM(wait_until(id, 0, GETNCNT, 1) && kill(child, SIGUSR1) == 0 && ended(child) == EINTR && semctl(id, 0, GETNCNT) == 0);
	child = waits(id, 0, -1, -1);
	CLAIM(wait_until(id, 0, GETNCNT, 1) && kill(child, SIGKILL) == 0 && ended(child) == -SIGKILL && wait_until(id, 0, GETNCNT, 0));
	CLAIM(operate(id, 0, 1, 0) == 0 && value(id, 0) == 1 && removed(id) == 0);
}

static void *operate_undone(void *id)
{
	return (void *)(intptr_t)operate(*(int *)id, 0, -1, SEM_UNDO);
}

static void undone(void)
{
	int id = set_of(2);
	pthread_t thread;
	void *result;
	pid_t child;

	CLAIM(assign(id, 0, 5) == 0 && assign(id, 1, 1) == 0);
	if ((child = fork()) == 0) {
		CLAIM(operate(id, 0, -2, SEM_UNDO) == 0 && operate(id, 1, 3, SEM_UNDO) == 0 && operate(id, 0, -1, 0) == 0);
		CLAIM(pthread_create(&thread, NULL, operate_undone, &id) == 0 && pthread_join(thread, &result) == 0 && result == NULL);
		CLAIM(value(id, 0) == 1 && value(id, 1) == 4); /* what a thread has done is the process's */
		if (fork() == 0)
			_exit(0); /* who was forked has nothing to be undone */
		CLAIM(wait(NULL) > 0 && value(id, 0) == 1 && value(id, 1) == 4);
		fflush(stdout);
		raise(claims_failed != 0 ? SIGTERM : SIGKILL);
	}
	CLAIM(ended(child) == -SIGKILL && value(id, 0) == 4 && value(id, 1) == 1 && semctl(id, 0, GETPID) == child);
	/* It cannot become less than nothing, nor what was assigned meanwhile another. */
	if ((child = fork()) == 0)
		_exit(!(operate(id, 1, 5, SEM_UNDO) == 0 && operate(id, 1, -4, 0) == 0 && operate(id, 0, -1, SEM_UNDO) == 0 && assign(id, 0, 9) == 0));
	CLAIM(ended(child) == 0 && value(id, 1) == 0 && value(id, 0) == 9);
	/* Who waits for it goes on. */
	CLAIM(assign(id, 0, 1) == 0);
	if ((child = fork()) == 0) {
		operate(id, 0, -1, SEM_UNDO);
		_exit(wait_until(id, 0, GETNCNT, 1) ? 0 : 1);
	}
	CLAIM(wait_until(id, 0, GETVAL, 0) && operate(id, 0, -1, 0) == 0 && ended(child) == 0 && value(id, 0) == 0);
	if ((child = fork()) == 0) {
		CLAIM(assign(id, 0, MOST) == 0 && operate(id, 0, -MOST, SEM_UNDO) == 0 && operate(id, 0, MOST, 0) == 0 && operate(id, 0, -1, IPC_NOWAIT) == 0);
		REFUSED(operate(id, 0, -1, SEM_UNDO), ERANGE);
		CLAIM(value(id, 0) == MOST - 1 && removed(id) == 0);
		fflush(stdout);
		_exit(claims_failed);
	}
	CLAIM(ended(child) == 0);
}

static int may(int id, int change)
{
	struct sembuf op = { 0, (short)change, IPC_NOWAIT };

	errno = 0;
	return semop(id, &op, 1) == 0 || errno == EAGAIN;
}

static void as_another(void)
{
	int own = semget(KEY, 1, IPC_CREAT | 0600), read = semget(KEY + 1, 1, IPC_CREAT | 0644), all = semget(KEY + 2, 1, IPC_CREAT | 0666);
	struct semid_ds is = stat_of(all);

	CLAIM(setgid(OTHER) == 0 && setuid(OTHER) == 0);
	CLAIM(!may(own, 1) && errno == EACCES && !may(own, 0) && errno == EACCES && may(read, 0) && !may(read, 1) && errno == EACCES && may(all, 1));
	REFUSED(operate(own, 1, 1, 0), EFBIG); /* before who may */
	REFUSED(value(own, 0), EACCES);
	REFUSED(assign(read, 0, 1), EACCES);
	REFUSED(assign(own, 1, 1), EINVAL);
	REFUSED(value(own, 1), EACCES);
	REFUSED(semget(KEY, 0, 0600), EACCES);
	CLAIM(semget(KEY, 0, 0) == own && semget(KEY + 1, 0, 0444) == read && value(read, 0) == 0 && assign(all, 0, 1) == 0);
	REFUSED(semctl(own, 0, IPC_STAT, (union semun){ .buf = &is }), EACCES);
	REFUSED(semctl(all, 0, IPC_SET, (union semun){ .buf = &is }), EPERM);
	REFUSED(removed(all), EPERM);
}

static void as_who_made_it(void)
{
	for (int i = 0; i < 3; i++)
		CLAIM(removed(semget(KEY + i, 0, 0)) == 0);
}

static void told(void)
{
	int id = set_of(5), after = set_of(2);
	struct semid_ds is = stat_of(id);
	struct seminfo info = { 0 };
	char line[128];

	CLAIM(is.sem_nsems == 5 && is.sem_otime == 0 && is.sem_perm.mode == 0600 && is.sem_ctime <= time(NULL) && is.sem_ctime >= time(NULL) - 10);
	CLAIM(operate(id, 0, 1, 0) == 0 && stat_of(id).sem_otime >= is.sem_ctime);
	is.sem_perm.mode = 0666;
	is.sem_perm.uid = OTHER;
	CLAIM(semctl(id, 0, IPC_SET, (union semun){ .buf = &is }) == 0);
	is = stat_of(id);
	CLAIM(is.sem_perm.mode == 0666 && is.sem_perm.uid == OTHER && is.sem_perm.cuid == 0);
	is.sem_perm.gid = (gid_t)-1;
	REFUSED(semctl(id, 0, IPC_SET, (union semun){ .buf = &is }), EINVAL);
	REFUSED(semctl(id, 0, IPC_SET, (union semun){ .buf = BAD }), EFAULT);
	REFUSED(semctl(id, 0, IPC_STAT, (union semun){ .buf = BAD }), EFAULT);
	int last = semctl(0, 0, SEM_INFO, &info), index = -1;

	CLAIM(last >= 1 && info.semusz >= 2 && info.semaem >= 7 && info.semvmx == MOST && info.semopm == OPS_MOST);
	CLAIM(semctl(0, 0, IPC_INFO, &info) == last && info.semaem == MOST && info.semusz == 20 && info.semmsl == 32000);
	for (int i = 0; i <= last; i++)
		if (semctl(i, 0, SEM_STAT, (union semun){ .buf = &is }) == id)
			index = i;
	CLAIM(index >= 0 && semctl(index, 0, SEM_STAT, (union semun){ .buf = &is }) == id && is.sem_nsems == 5);
	snprintf(line, sizeof(line), "%10d %10d  %4o %10d %5d %5d %5d %5d ", 0, id, 0666, 5, OTHER, 0, 0, 0);
	CLAIM(load("/proc/sysvipc/sem") && strncmp(text, "       key      semid perms      nsems", 37) == 0 && strstr(text, line) != NULL);
	CLAIM(removed(id) == 0 && load("/proc/sysvipc/sem") && strstr(text, line) == NULL);
	REFUSED(semctl(index, 0, SEM_STAT, (union semun){ .buf = &is }), EINVAL);
	CLAIM(removed(after) == 0);
}

/* Processes that keep each other out, one of which is killed while it keeps all others out: nothing is lost. */
static void crowded(void)
{
	enum { PROCESSES = 8, TIMES = 400, KILLED_AT = 50 };
	volatile int *count = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int id = set_of(2);
	pid_t children[PROCESSES];

	CLAIM(assign(id, 0, 1) == 0);
	for (int i = 0; i < PROCESSES; i++) {
		if ((children[i] = fork()) != 0)
			continue;
		for (int k = 0; k < TIMES; k++) {
			struct sembuf in[] = { { 0, -1, SEM_UNDO }, { 1, 0, 0 }, { 1, 1, SEM_UNDO } }, out[] = { { 1, -1, SEM_UNDO }, { 0, 1, SEM_UNDO } };
			int was;

			if (semop(id, in, 3) != 0)
				_exit(errno);
			was = count[0];
			if (k % 16 == 0)
				sched_yield();
			count[0] = was + 1;
			count[1] = i == 0 && k == KILLED_AT;
			while (count[1] != 0)
				pause();
			if (semop(id, out, 2) != 0)
				_exit(errno);
		}
		_exit(0);
	}
	while (count[1] == 0)
		usleep(1000);
	CLAIM(value(id, 0) == 0 && value(id, 1) == 1 && kill(children[0], SIGKILL) == 0 && ended(children[0]) == -SIGKILL);
	for (int i = 1; i < PROCESSES; i++)
		CLAIM(ended(children[i]) == 0);
	CLAIM(count[0] == (PROCESSES - 1) * TIMES + KILLED_AT + 1 && value(id, 0) == 1 && value(id, 1) == 0 && removed(id) == 0);
}

static void again_and_again(void)
{
	long before = 0;

	for (unsigned i = 0; i < 100; i++) {
		int ids[20];
		pid_t child;

		if (i == 3)
			before = free_kib();
		for (unsigned k = 0; k < 20; k++) {
			ids[k] = set_of(200);
			CLAIM(operate(ids[k], 150, 1, SEM_UNDO) == 0);
		}
		if (i % 10 == 0) {
			if ((child = fork()) == 0)
				_exit(operate(ids[0], 150, 1, SEM_UNDO) != 0 || operate(ids[7], 1, 1, SEM_UNDO) != 0);
			CLAIM(ended(child) == 0 && value(ids[0], 150) == 1 && value(ids[7], 1) == 0);
		}
		for (unsigned k = 0; k < 20; k++)
			CLAIM(removed(ids[k]) == 0);
	}
	if (getpid() == 1)
		CLAIM(is_given_back(before - 12));
}

int main(void)
{
	keys();
	values();
	at_once();
	in_turn();
	limited();
	undone();
	claims_apart(as_another);
	as_who_made_it();
	told();
	crowded();
	again_and_again();
	return claims_end("semaphores");
}
