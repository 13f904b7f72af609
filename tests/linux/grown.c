// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Memory that shows a file which is made longer, cut and written meanwhile: what was changed in memory stays, what is cut off is gone for good, and what is
 * written is seen. In /tmp, or in the folder that is named.
 */
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/linux/claims.h"

enum { PAGE = 4096, BYTES = 4 * PAGE, FEW = 300, PAGES = 256, SPIN = 1500 };

static char path[64];
static char *shown;

static int made(int bytes, int flags)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | flags, 0600);

	CLAIM(fd >= 0 && ftruncate(fd, bytes) == 0);
	shown = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CLAIM(shown != MAP_FAILED);
	return fd;
}

static void unmade(int fd)
{
	CLAIM(munmap(shown, BYTES) == 0 && close(fd) == 0 && unlink(path) == 0);
}

/* The byte there is that one, in memory and in the file. */
static bool is(int fd, int place, char byte)
{
	char there = (char)(byte + 1);

	return ((volatile char *)shown)[place] == byte && pread(fd, &there, 1, place) == 1 && there == byte;
}

static void grows(void)
{
	int fd = made(2 * PAGE, 0);

	memset(shown, 'a', 2 * PAGE);
	CLAIM(ftruncate(fd, 3 * PAGE) == 0 && is(fd, 5, 'a') && is(fd, 2 * PAGE - 1, 'a') && is(fd, 2 * PAGE, 0));
	shown[PAGE] = 'b';
	CLAIM(truncate(path, BYTES) == 0 && is(fd, PAGE, 'b'));
	unmade(fd);
}

static void cut(void)
{
	int fd = made(BYTES, 0), other;

	memset(shown, 'a', BYTES);
	CLAIM(ftruncate(fd, PAGE + 100) == 0 && is(fd, 5, 'a') && is(fd, PAGE + 99, 'a'));
	CLAIM(ftruncate(fd, BYTES) == 0 && is(fd, PAGE + 99, 'a') && is(fd, PAGE + 100, 0) && is(fd, 2 * PAGE, 0));
	memset(shown, 'a', BYTES);
	CLAIM(truncate(path, 0) == 0 && truncate(path, BYTES) == 0 && is(fd, 0, 0) && is(fd, BYTES - 1, 0));
	memset(shown, 'a', BYTES);
	other = open(path, O_RDWR | O_TRUNC);
	CLAIM(other >= 0 && pwrite(other, "b", 1, 2 * PAGE) == 1 && is(fd, PAGE, 0) && is(fd, 2 * PAGE, 'b') && close(other) == 0);
	unmade(fd);
}

/* What is added at the end is seen, and so is what memory has elsewhere. */
static void appended(void)
{
	int fd = made(PAGE + 10, O_APPEND);

	shown[PAGE] = 'a';
	shown[5] = 'b';
	CLAIM(write(fd, "cd", 2) == 2 && is(fd, PAGE, 'a') && is(fd, 5, 'b') && is(fd, PAGE + 10, 'c') && is(fd, PAGE + 11, 'd'));
	unmade(fd);
}

/* So is what is cut out of it, and what was changed beside that stays; only /tmp can do that. */
static void punched(void)
{
	int fd = made(BYTES, 0);

	memset(shown, 'a', BYTES);
	CLAIM(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE + 1, PAGE) == 0 || strncmp(path, "/tmp/", 5) != 0);
	CLAIM(strncmp(path, "/tmp/", 5) != 0 || (is(fd, PAGE, 'a') && is(fd, PAGE + 1, 0) && is(fd, 2 * PAGE, 0) && is(fd, 2 * PAGE + 1, 'a')));
	unmade(fd);
}

static volatile bool over;

static void *counts(void *unused)
{
	while (!over) {
		++*(volatile uint64_t *)(void *)shown;
		usleep(1);
	}
	return unused;
}

/* Beside what is written in the same page, memory is changed. */
static void beside(void)
{
	int fd = made(BYTES, 0);
	uint64_t before = 0;
	pthread_t counter;

	over = false;
	CLAIM(pthread_create(&counter, NULL, counts, NULL) == 0);
	for (int i = 0; i < FEW; i++) {
		uint64_t now;

		CLAIM(pwrite(fd, "x", 1, PAGE / 2) == 1);
		now = *(volatile uint64_t *)(void *)shown;
		CLAIM(now >= before);
		before = now;
	}
	over = true;
	CLAIM(pthread_join(counter, NULL) == 0);
	unmade(fd);
}

static int written;
static sem_t begins, done; /* a page is to be written; it has been */

static void *writes(void *unused)
{
	for (int page = 1; page < PAGES; page++) {
		sem_wait(&begins);
		for (volatile int i = 0; i < page * 31 % (SPIN / 4); i++)
			;
		CLAIM(pwrite(written, "x", 1, (off_t)page * PAGE) == 1);
		sem_post(&done);
	}
	return unused;
}

/* A page that is read in while it is written is not kept as it was before. */
static void meanwhile(void)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600), stale = 0;
	pthread_t writer;
	volatile char *all;

	written = fd;
	CLAIM(sem_init(&begins, 0, 0) == 0 && sem_init(&done, 0, 0) == 0);
	CLAIM(ftruncate(fd, PAGES * PAGE) == 0 && pthread_create(&writer, NULL, writes, NULL) == 0);
	all = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CLAIM(all != MAP_FAILED && all[0] == 0);
	for (int page = 1; page < PAGES; page++) {
		sem_post(&begins);
		for (volatile int i = 0; i < page * 17 % SPIN; i++)
			;
		(void)all[page * PAGE];
		sem_wait(&done);
		stale += all[page * PAGE] != 'x';
	}
	CLAIM(pthread_join(writer, NULL) == 0 && stale == 0);
	CLAIM(munmap((void *)(uintptr_t)all, PAGES * PAGE) == 0 && close(fd) == 0 && unlink(path) == 0);
}

int main(int count, char **words)
{
	snprintf(path, sizeof(path), "%s/grown", count > 1 ? words[1] : "/tmp");
	grows();
	cut();
	appended();
	punched();
	beside();
	for (int i = 0; i < 2; i++)
		meanwhile();
	return claims_end("grown");
}
