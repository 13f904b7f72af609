// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Record locks that come too late, when their descriptor is closed already, and more of them than there is room for. Spec: fcntl(2) */
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "tests/linux/claims.h"

enum { LONG_MS = 100, MANY = 6000 };

static int file;
static int here[2], goes_on[2]; /* the holder has the lock; it may end */

static int locks(short type, off_t start, off_t bytes, int command)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = bytes };

	return fcntl(file, command, &lock);
}

/* A process that has the lock until it is told to end. */
static void holds(void)
{
	char byte;

	CLAIM(locks(F_WRLCK, 0, 0, F_SETLK) == 0 && write(here[1], "x", 1) == 1 && read(goes_on[0], &byte, 1) == 1);
}

static void *waits(void *unused)
{
	REFUSED(locks(F_WRLCK, 0, 0, F_SETLKW), EBADF);
	return unused;
}

/* One that waits for the lock, and closes the file meanwhile: it does not get what it could not give back. */
static void closes(void)
{
	pthread_t waiter;

	CLAIM(pthread_create(&waiter, NULL, waits, NULL) == 0 && usleep(LONG_MS * 1000) == 0 && close(file) == 0);
	CLAIM(usleep(LONG_MS * 1000) == 0 && write(goes_on[1], "x", 1) == 1 && pthread_join(waiter, NULL) == 0);
}

static void late(void)
{
	char byte;
	pid_t holder;

	file = open("/tmp/locked", O_RDWR | O_CREAT, 0600);
	CLAIM(file >= 0 && pipe(here) == 0 && pipe(goes_on) == 0);
	fflush(stdout);
	holder = fork();
	if (holder == 0) {
		claims_failed = 0;
		holds();
		fflush(stdout);
		_exit(claims_failed != 0);
	}
	CLAIM(read(here[0], &byte, 1) == 1);
	claims_apart(closes);
	CLAIM(waitpid(holder, NULL, 0) == holder && locks(F_WRLCK, 0, 0, F_SETLK) == 0 && close(file) == 0);
}

/* Unlocking in the middle makes two of one, as far as there is room: then it is refused, and nothing is changed. */
static void split(void)
{
	int done = 0;

	file = open("/tmp/locked", O_RDWR);
	CLAIM(file >= 0 && locks(F_WRLCK, 0, 0, F_SETLK) == 0);
	while (done < MANY && locks(F_UNLCK, 2 * done + 1, 1, F_SETLK) == 0)
		done++;
	CLAIM(done == MANY || (errno == ENOLCK && done > MANY / 2));
	if (access("/sys/rumpk/build", F_OK) == 0) /* Linux has no limit */
		CLAIM(done < MANY);
	CLAIM(locks(F_UNLCK, 0, 1, F_SETLK) == 0 && locks(F_UNLCK, 0, 0, F_SETLK) == 0 && locks(F_WRLCK, 0, 0, F_SETLK) == 0 && close(file) == 0);
}

/* Whether another process finds the file locked. */
static int is_locked(void)
{
	struct flock lock = { .l_type = F_WRLCK };
	pid_t child;
	int status;

	fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(fcntl(file, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK);
	CLAIM(waitpid(child, &status, 0) == child);
	return status != 0;
}

/* Closing any descriptor of the file gives the locks back, but one that only names it. */
static void named(void)
{
	file = open("/tmp/locked", O_RDWR);
	CLAIM(locks(F_WRLCK, 0, 0, F_SETLK) == 0 && close(open("/tmp/locked", O_PATH)) == 0 && is_locked());
	CLAIM(close(open("/tmp/locked", O_RDONLY)) == 0 && !is_locked() && close(file) == 0);
}

int main(void)
{
	late();
	split();
	named();
	return claims_end("locking");
}
