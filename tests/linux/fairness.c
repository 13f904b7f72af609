// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A call that takes long leaves its CPU to others meanwhile: to a thread that looks at the clock in turns with it, where there is one CPU for both.
 * With more of them the same calls are made, and nobody is to be waited for. One that does not take long keeps its CPU.
 */
#include <fcntl.h>
#include <pty.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/linux/claims.h"

enum { GAP_MS_MAX = 20, MANY = 4 << 20, TYPED = 1 << 18, BLOCKS = 1 << 28, FEW = 1000, CALLS = 200, KEEPERS = 4, WATCHERS = 1000 };

#define WIDE (256ul << 30)

static volatile long longest_ns;
static volatile long turns;
static volatile int over;

static long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Looks at the clock whenever it may, and notices how long it might not. */
static void *watch(void *unused)
{
	long before = now_ns();

	while (!over) {
		long now = now_ns();

		if (now - before > longest_ns)
			longest_ns = now - before;
		before = now;
		turns++;
		sched_yield();
	}
	return unused;
}

static void judge(const char *what)
{
	for (int i = 0; i < 3; i++) /* it looks at the clock before it is judged by it */
		sched_yield();
	if (longest_ns > GAP_MS_MAX * 1000000l) {
		printf("WRONG: %s: nobody else ran for %ld ms\n", what, longest_ns / 1000000);
		claims_failed++;
	}
	longest_ns = 0;
}

static void devices(char *buffer)
{
	int zero = open("/dev/zero", O_RDONLY);
	int null = open("/dev/null", O_WRONLY);
	int noise = open("/dev/urandom", O_RDONLY);

	CLAIM(sendfile(null, zero, NULL, BLOCKS) > 0);
	judge("sendfile from /dev/zero to /dev/null");
	CLAIM(read(zero, buffer, MANY) == MANY);
	judge("read of /dev/zero");
	CLAIM(read(noise, buffer, MANY) > 0);
	judge("read of /dev/urandom");
	CLAIM(getrandom(buffer, MANY, 0) > 0);
	judge("getrandom");
	close(zero);
	close(null);
	close(noise);
}

/* Address space costs nothing, so there can be much of it. */
static void wide(void)
{
	unsigned char *vector = malloc(MANY);
	char *area = mmap(NULL, WIDE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	CLAIM(area != MAP_FAILED && vector != NULL);
	judge("mmap");
	area[0] = area[WIDE - 1] = area[WIDE / 2] = 1;
	CLAIM(mprotect(area, WIDE, PROT_READ) == 0);
	judge("mprotect");
	CLAIM(madvise(area, WIDE, MADV_DONTNEED) == 0);
	judge("madvise");
	CLAIM(msync(area, WIDE, MS_SYNC) == 0);
	judge("msync");
	CLAIM(mincore(area, (size_t)MANY / 4 * 4096, vector) == 0);
	judge("mincore");
	(void)!mlock(area, WIDE);
	judge("mlock");
	CLAIM(munmap(area, WIDE) == 0);
	judge("munmap");
	free(vector);
}

static void files(char *buffer)
{
	int file = open("/tmp/large", O_RDWR | O_CREAT | O_TRUNC, 0600);
	int other = open("/tmp/other", O_RDWR | O_CREAT | O_TRUNC, 0600);

	CLAIM(write(file, buffer, MANY) == MANY);
	judge("write");
	CLAIM(pread(file, buffer, MANY, 0) == MANY);
	judge("read");
	lseek(file, 0, SEEK_SET);
	CLAIM(copy_file_range(file, NULL, other, NULL, MANY, 0) > 0);
	judge("copy_file_range");
	CLAIM(ftruncate(file, 1l << 40) == 0 || errno == EFBIG || errno == ENOSPC || errno == ENOMEM);
	judge("ftruncate");
	CLAIM(ftruncate(file, 0) == 0 && ftruncate(other, 0) == 0 && close(file) == 0 && close(other) == 0);
	judge("ftruncate to nothing");
}

/* What only the line takes finds room for ever. */
static void typed(char *buffer)
{
	int master, slave;

	CLAIM(openpty(&master, &slave, NULL, NULL, NULL) == 0);
	memset(buffer, 021, TYPED); /* ^Q */
	CLAIM(write(master, buffer, TYPED) == TYPED && close(master) == 0 && close(slave) == 0);
	judge("write to a pseudo-terminal");
}

/* Makes instances that watch the file, each process as many as it may, and keeps them: how many. */
static int watchers(const char *path, int wanted, pid_t *keeper)
{
	int ends[2] = { -1, -1 };
	int made = 0;

	CLAIM(pipe(ends) == 0);
	*keeper = fork();
	if (*keeper == 0) {
		for (int fd; made < wanted && (fd = inotify_init1(0)) >= 0 && inotify_add_watch(fd, path, IN_MODIFY) >= 0; made++)
			;
		(void)!write(ends[1], &made, sizeof(made));
		pause();
		_exit(0);
	}
	CLAIM(close(ends[1]) == 0 && read(ends[0], &made, sizeof(made)) == sizeof(made) && close(ends[0]) == 0);
	return made;
}

/* Who writes tells all of them. */
static void watched(void)
{
	int file = open("/tmp/watched", O_RDWR | O_CREAT | O_TRUNC, 0600);
	pid_t keepers[KEEPERS];

	for (int i = 0; i < KEEPERS; i++)
		(void)watchers("/tmp/watched", WATCHERS, &keepers[i]);
	longest_ns = 0; /* of what they were made in */
	for (int i = 0; i < 3; i++) {
		CLAIM(write(file, "x", 1) == 1);
		judge("write of what is watched");
	}
	for (int i = 0; i < KEEPERS; i++)
		CLAIM(kill(keepers[i], SIGKILL) == 0 && waitpid(keepers[i], NULL, 0) == keepers[i]);
	CLAIM(close(file) == 0);
	longest_ns = 0;
}

/* What is soon over is not cut short, though somebody waits for the CPU all the time: how often that one has it is up to its time slice. */
static void quick(char *buffer)
{
	int file = open("/tmp/few", O_RDWR | O_CREAT | O_TRUNC, 0600);
	int null = open("/dev/null", O_WRONLY);
	long before;

	CLAIM(write(file, buffer, FEW) == FEW);
	before = turns;
	for (int i = 0; i < CALLS; i++) {
		off_t offset = 0;

		CLAIM(sendfile(null, file, &offset, FEW) == FEW && pread(file, buffer, FEW, 0) == FEW && pwrite(file, buffer, FEW, 0) == FEW);
	}
	CLAIM(turns - before < CALLS / 2);
	CLAIM(close(file) == 0 && close(null) == 0);
}

/* A timer of CPU time that was nearly up when everybody began to sleep: it waits, and nothing waits for it. */
static void asleep(void)
{
	struct sigevent nothing = { .sigev_notify = SIGEV_NONE };
	timer_t timer;

	CLAIM(timer_create(CLOCK_PROCESS_CPUTIME_ID, &nothing, &timer) == 0);
	for (long left_ns = 500; left_ns < 30000; left_ns += 100) {
		struct itimerspec soon = { .it_value = { 0, left_ns } };

		CLAIM(timer_settime(timer, 0, &soon, NULL) == 0);
		usleep(50);
	}
	CLAIM(timer_delete(timer) == 0);
}

int main(void)
{
	char *buffer = malloc(MANY);
	pthread_t watcher;

	bool alone = sysconf(_SC_NPROCESSORS_ONLN) > 1;

	CLAIM(buffer != NULL && (alone || pthread_create(&watcher, NULL, watch, NULL) == 0));
	memset(buffer, 1, MANY);
	usleep(1000);
	longest_ns = 0;
	devices(buffer);
	wide();
	files(buffer);
	typed(buffer);
	watched();
	if (!alone)
		quick(buffer);
	over = 1;
	CLAIM(alone || pthread_join(watcher, NULL) == 0);
	asleep();
	return claims_end("fairness");
}
