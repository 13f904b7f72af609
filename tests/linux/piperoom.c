// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * How much a pipe holds: F_SETPIPE_SZ rounds up, moves what is in the pipe (round its end, too), refuses what would lose some of it, wakes who waits for room, and does all that while others
 * read and write. Spec: fcntl(2), pipe(7)
 */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { PAGE = 4096, NEW = 16 * PAGE, MOST = 1 << 20, STREAM = 4 << 20 };

static unsigned char sent[2 * MOST];
static unsigned char got[2 * MOST];

static int room(int fd)
{
	return fcntl(fd, F_GETPIPE_SZ);
}

static void put(int fd, size_t from, size_t bytes)
{
	CLAIM(write(fd, sent + from, bytes) == (ssize_t)bytes);
}

static void take(int fd, size_t from, size_t bytes)
{
	memset(got, 0, bytes);
	CLAIM(read(fd, got, bytes) == (ssize_t)bytes && memcmp(got, sent + from, bytes) == 0);
}

static void rounding(void)
{
	static const struct {
		unsigned long asked;
		int given;
	} cases[] = { { 0, PAGE }, { 1, PAGE }, { PAGE + 1, 2 * PAGE }, { 100000, 131072 }, { MOST, MOST }, { NEW, NEW } };
	int pair[2];
	int file = open("/dev/null", O_RDWR);

	CLAIM(pipe(pair) == 0 && room(pair[0]) == NEW);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CLAIM(fcntl(pair[i & 1], F_SETPIPE_SZ, cases[i].asked) == cases[i].given && room(pair[0]) == cases[i].given && room(pair[1]) == cases[i].given);
	REFUSED(fcntl(pair[0], F_SETPIPE_SZ, (1ul << 31) + 1), EINVAL);
	REFUSED(fcntl(pair[0], F_SETPIPE_SZ, -1l), EINVAL);
	REFUSED(fcntl(file, F_SETPIPE_SZ, NEW), EBADF);
	REFUSED(fcntl(file, F_GETPIPE_SZ), EBADF);
	CLAIM(room(pair[0]) == NEW && close(file) == 0 && close(pair[0]) == 0 && close(pair[1]) == 0);
}

/* More than 1 MiB is for who has CAP_SYS_RESOURCE. */
static void unprivileged(void)
{
	int pair[2];

	CLAIM(pipe(pair) == 0 && fcntl(pair[0], F_SETPIPE_SZ, 2 * MOST) == 2 * MOST);
	CLAIM(setuid(1000) == 0 && fcntl(pair[0], F_SETPIPE_SZ, MOST) == MOST);
	REFUSED(fcntl(pair[0], F_SETPIPE_SZ, MOST + 1), EPERM);
	CLAIM(room(pair[0]) == MOST && close(pair[0]) == 0 && close(pair[1]) == 0);
}

/* As much as there is room for. */
static size_t fill(int fd, size_t from)
{
	ssize_t part = write(fd, sent + from, NEW);

	CLAIM(part >= NEW - 2 * PAGE);
	REFUSED(write(fd, sent, PAGE), EAGAIN);
	return part > 0 ? (size_t)part : 0;
}

/* A ring that begins in the middle of a page, and is full, has its first and its last bytes in the same page. */
static void moved(size_t skipped)
{
	int pair[2];
	int there = 0;
	size_t filled;

	CLAIM(pipe2(pair, O_NONBLOCK) == 0);
	put(pair[1], 0, skipped + PAGE); /* it is not empty meanwhile */
	take(pair[0], 0, skipped);
	filled = PAGE + fill(pair[1], skipped + PAGE);
	CLAIM(ioctl(pair[0], FIONREAD, &there) == 0 && (size_t)there == filled);
	REFUSED(fcntl(pair[1], F_SETPIPE_SZ, NEW / 2), EBUSY);
	CLAIM(room(pair[0]) == NEW && fcntl(pair[1], F_SETPIPE_SZ, 4 * NEW) == 4 * NEW);
	put(pair[1], skipped + filled, 2 * NEW);
	take(pair[0], skipped, filled + NEW + 2 * PAGE);
	CLAIM(fcntl(pair[0], F_SETPIPE_SZ, NEW) == NEW); /* and round the end of the smaller ring */
	take(pair[0], skipped + filled + NEW + 2 * PAGE, NEW - 2 * PAGE);
	CLAIM(fcntl(pair[0], F_SETPIPE_SZ, PAGE) == PAGE);
	put(pair[1], 0, PAGE);
	take(pair[0], 0, PAGE);
	CLAIM(close(pair[0]) == 0 && close(pair[1]) == 0);
}

/* A pipe of one page takes what fits it whole, and is polled as it is. */
static void single(void)
{
	struct pollfd polled = { .events = POLLOUT };
	int pair[2];

	CLAIM(pipe2(pair, O_NONBLOCK) == 0 && fcntl(pair[1], F_SETPIPE_SZ, PAGE) == PAGE);
	polled.fd = pair[1];
	CLAIM(poll(&polled, 1, 0) == 1);
	CLAIM(write(pair[1], sent, 2 * PAGE) == PAGE && poll(&polled, 1, 0) == 0);
	REFUSED(write(pair[1], sent, 1), EAGAIN);
	CLAIM(fcntl(pair[1], F_SETPIPE_SZ, 2 * PAGE) == 2 * PAGE && poll(&polled, 1, 0) == 1);
	put(pair[1], PAGE, PAGE);
	take(pair[0], 0, 2 * PAGE);
	CLAIM(close(pair[0]) == 0 && close(pair[1]) == 0);
}

/* What is moved between pipes at once has its limits: all arrives. */
static void spliced(void)
{
	int from[2];
	int to[2];
	size_t all = 0;

	CLAIM(pipe(from) == 0 && pipe(to) == 0 && fcntl(from[0], F_SETPIPE_SZ, MOST) == MOST && fcntl(to[0], F_SETPIPE_SZ, MOST) == MOST);
	put(from[1], 0, MOST);
	put(to[1], 0, 100);
	take(to[0], 0, 100);
	CLAIM(tee(from[0], to[1], 1 << 16, 0) == 1 << 16);
	take(to[0], 0, 1 << 16);
	while (all < MOST) {
		ssize_t part = splice(from[0], NULL, to[1], NULL, MOST - all, 0);

		CLAIM(part > 0);
		all += (size_t)part;
	}
	CLAIM(all == MOST);
	take(to[0], 0, MOST);
	CLAIM(close(from[0]) == 0 && close(from[1]) == 0 && close(to[0]) == 0 && close(to[1]) == 0);
}

static int ends[2];

static void *writes(void *arg)
{
	for (size_t done = 0; done < STREAM;) {
		size_t from = done % MOST;
		ssize_t part = write(ends[1], sent + from, 1 + done * 7 % 30000);

		CLAIM(part > 0);
		done += (size_t)part;
	}
	CLAIM(close(ends[1]) == 0);
	return arg;
}

static void *reads(void *arg)
{
	size_t done = 0;
	ssize_t part;

	while ((part = read(ends[0], got, 1 + done * 11 % 40000)) > 0) {
		CLAIM(memcmp(got, sent + done % MOST, (size_t)part) == 0);
		done += (size_t)part;
	}
	CLAIM(part == 0 && done >= STREAM);
	*(atomic_bool *)arg = true;
	return NULL;
}

/* While one writes and another reads, and nothing is lost. */
static void meanwhile(void)
{
	atomic_bool over = false;
	pthread_t threads[2];
	unsigned changed = 0;
	int other;

	CLAIM(pipe(ends) == 0);
	other = dup(ends[0]);
	CLAIM(pthread_create(&threads[0], NULL, writes, NULL) == 0 && pthread_create(&threads[1], NULL, reads, &over) == 0);
	for (unsigned i = 0; !over; i++) {
		int asked = PAGE << i % 9;
		int given = fcntl(other, F_SETPIPE_SZ, asked);

		CLAIM(given == asked || (given < 0 && errno == EBUSY));
		changed += given == asked;
		usleep(200);
	}
	CLAIM(pthread_join(threads[0], NULL) == 0 && pthread_join(threads[1], NULL) == 0 && changed > 0);
	CLAIM(close(ends[0]) == 0 && close(other) == 0);
}

static void *fills(void *arg)
{
	put(*(int *)arg, 0, 2 * NEW);
	return arg;
}

/* Who waits for room gets it. */
static void awaited(void)
{
	int there = 0;
	pthread_t thread;

	CLAIM(pipe(ends) == 0 && pthread_create(&thread, NULL, fills, &ends[1]) == 0);
	while (there < NEW)
		CLAIM(ioctl(ends[0], FIONREAD, &there) == 0 && usleep(1000) == 0);
	CLAIM(fcntl(ends[0], F_SETPIPE_SZ, 2 * NEW) == 2 * NEW && pthread_join(thread, NULL) == 0);
	take(ends[0], 0, 2 * NEW);
	CLAIM(close(ends[0]) == 0 && close(ends[1]) == 0);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (unsigned char)(i % MOST * 2654435761u >> 13);
	rounding();
	claims_apart(unprivileged);
	moved(0);
	moved(1);
	moved(PAGE - 1);
	moved(5 * PAGE + 77);
	single();
	spliced();
	meanwhile();
	awaited();
	return claims_end("piperoom");
}
