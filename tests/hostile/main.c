// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * SEED MILLISECONDS: hostile programs, one after the other and two at once, each killed after a while; then the memory of the family and its processes are
 * what they were. Without arguments it is the neighbour: a process of the same bundle, that does what programs do until nobody is hostile any more.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/hostile/hostile.h"

enum { AT_ONCE = 2, ROUND_MS = 250, BULK = 65536, TRIES = 1000 };

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void pause_ms(uint64_t ms)
{
	struct timespec time = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };

	while (nanosleep(&time, &time) != 0)
		;
}

static unsigned long memory_free(void)
{
	struct sysinfo info;

	return sysinfo(&info) == 0 ? info.freeram : 0;
}

/* When nothing is on its way any more: the stack of who was waited for last may be given back a moment later. */
static unsigned long memory_free_at_rest(void)
{
	unsigned long before = 0;
	unsigned long now = memory_free();

	for (unsigned i = 0; before != now && i < 100; i++) {
		before = now;
		pause_ms(10);
		now = memory_free();
	}
	return now;
}

/* Whoever the hostile ones have made is killed with them: what is left of the family is this process. */
static void round_end(void)
{
	for (unsigned i = 0; i < TRIES; i++) {
		(void)kill(-1, SIGCONT);
		(void)kill(-1, SIGKILL);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (kill(-1, 0) != 0 && errno == ESRCH)
			return;
		pause_ms(5);
	}
	printf("\nWRONG: %d tries have not killed somebody\n", TRIES);
}

static void folder_empty(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	char name[512];

	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 || entry->d_name[0] == 'n')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		chmod(name, 0700);
		if (unlink(name) != 0) {
			folder_empty(name);
			rmdir(name);
		}
	}
	if (folder != NULL)
		closedir(folder);
}

/* What is System V's stays until it is removed. */
static void objects_remove(void)
{
	struct shmid_ds memory;
	struct semid_ds set;
	struct msqid_ds queue;

	for (int index = shmctl(0, SHM_INFO, &memory); index >= 0; index--)
		shmctl(shmctl(index, SHM_STAT_ANY, &memory), IPC_RMID, NULL);
	for (int index = semctl(0, 0, SEM_INFO, &(struct seminfo){ 0 }); index >= 0; index--)
		semctl(semctl(index, 0, SEM_STAT_ANY, &set), 0, IPC_RMID);
	for (int index = msgctl(0, MSG_INFO, &queue); index >= 0; index--)
		msgctl(msgctl(index, MSG_STAT_ANY, &queue), IPC_RMID, NULL);
}

static void one_round(uint64_t *seed, uint64_t milliseconds)
{
	for (unsigned i = 0; i < AT_ONCE; i++) {
		uint64_t own = hostile_draw(seed);

		if (fork() == 0) {
			(void)setsid();
			hostile_garbage(own);
		}
	}
	pause_ms(milliseconds);
	round_end();
	if (fork() == 0) { /* in a process of its own: this one's heap and stack stay as large as they are */
		folder_empty("/tmp");
		objects_remove();
		_exit(0);
	}
	(void)waitpid(-1, NULL, 0);
}

/* What a file says behind a word, as a number; -1: it does not say it. */
static long says(const char *path, const char *what)
{
	static char text[BULK];
	const char *found;
	int fd = open(path, O_RDONLY);
	ssize_t bytes = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;

	if (fd >= 0)
		close(fd);
	text[bytes > 0 ? bytes : 0] = 0;
	found = strstr(text, what);
	return found != NULL ? strtol(found + strlen(what), NULL, 10) : -1;
}

static int hostile(uint64_t seed, uint64_t milliseconds)
{
	uint64_t end = now_ms() + milliseconds;
	unsigned rounds = 0;
	unsigned long before;
	unsigned long after;

	one_round(&seed, ROUND_MS / 5); /* what the kernel takes once for all is there after that */
	before = memory_free_at_rest();
	for (; now_ms() < end; rounds++)
		one_round(&seed, milliseconds < ROUND_MS ? milliseconds : ROUND_MS);

	for (unsigned i = 0; (after = memory_free()) != before && i < 100; i++)
		pause_ms(10);
	if (after != before)
		printf("\nWRONG: %lu bytes free before, %lu after\n", before, after);
	printf("\nhostile: %u rounds, %lu KiB free\n", rounds, after / 1024);
	return after == before ? 0 : 1;
}

/* A file, a pipe and memory hold what was put there. */
static int turn_is_good(unsigned turn)
{
	static char sent[BULK / 2];
	static char got[BULK / 2];
	char *memory = malloc(1 << 18);
	int fd = open("/tmp/neighbour", O_RDWR | O_CREAT | O_TRUNC, 0600);
	int pair[2];
	int good = memory != NULL && fd >= 0 && pipe(pair) == 0;

	if (!good)
		return 0;
	memset(memory, (int)turn, 1 << 18);
	memset(sent, (int)turn + 1, sizeof(sent));
	good = write(fd, sent, sizeof(sent)) == sizeof(sent) && pread(fd, got, sizeof(got), 0) == sizeof(got) && memcmp(sent, got, sizeof(got)) == 0;
	memset(got, 0, sizeof(got));
	good = good && write(pair[1], sent, sizeof(sent)) == sizeof(sent) && read(pair[0], got, sizeof(got)) == sizeof(got);
	good = good && memcmp(sent, got, sizeof(got)) == 0;
	for (unsigned i = 0; i < 1 << 18; i++)
		good = good && memory[i] == (char)turn;
	free(memory);
	close(fd);
	close(pair[0]);
	close(pair[1]);
	return good;
}

static int neighbour(void)
{
	unsigned turns = 0;
	unsigned wrong = 0;

	do {
		wrong += !turn_is_good(turns++);
		pause_ms(5);
	} while (says("/sys/rumpk/processes", "hostile") >= 0);
	if (wrong > 0)
		printf("\nWRONG: %u of %u turns of the neighbour\n", wrong, turns);
	printf("\nneighbour: %s\n", wrong == 0 ? "as it must be" : "was disturbed");
	return wrong != 0;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	return argc < 3 ? neighbour() : hostile(strtoull(argv[1], NULL, 10), strtoull(argv[2], NULL, 10));
}
