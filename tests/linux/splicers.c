// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* splice and tee while others are at the same pipes: what goes in comes out once, whoever waits, takes it, stops or is stopped. */
#include "tests/linux/claims.h"
#include "tests/linux/pattern.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RING_BYTES = 10000, ROUNDS = 200 };

/* A thread that writes to a pipe, or reads from a descriptor, in time. */
struct late {
	int fd;
	size_t bytes;
	unsigned delay_us;
};

static void *late_write(void *arg)
{
	const struct late *late = arg;
	size_t done = 0;

	usleep(late->delay_us);
	while (done < late->bytes) {
		ssize_t some = write(late->fd, text + done, late->bytes - done);

		if (some <= 0)
			break;
		done += (size_t)some;
	}
	return NULL;
}

static void *late_read(void *arg)
{
	const struct late *late = arg;
	size_t done = 0;

	usleep(late->delay_us);
	while (done < late->bytes) {
		ssize_t some = read(late->fd, back + done, late->bytes - done);

		if (some <= 0)
			break;
		done += (size_t)some;
	}
	return NULL;
}

static void nothing(int signal)
{
	(void)signal;
}

static void waits(void)
{
	struct sigaction on_alarm = { .sa_handler = nothing };
	struct late late = { .bytes = 3000, .delay_us = 20000 };
	pthread_t other;
	int ends[2], to = file_of("/tmp/to", 0);

	CLAIM(pipe(ends) == 0);
	late.fd = ends[1];
	pthread_create(&other, NULL, late_write, &late);
	CLAIM(splice(ends[0], NULL, to, NULL, 10000, 0) == 3000);
	pthread_join(other, NULL);
	CLAIM(pread(to, back, 10000, 0) == 3000 && memcmp(back, text, 3000) == 0);
	sigaction(SIGALRM, &on_alarm, NULL);
	ualarm(20000, 0);
	REFUSED(splice(ends[0], NULL, to, NULL, 1, 0), EINTR);
	ualarm(20000, 0);
	REFUSED(vmsplice(ends[0], &(struct iovec){ back, 10 }, 1, 0), EINTR);
	/* Room is waited for as well. */
	CLAIM(write(ends[1], text, 65536) == 65536);
	late = (struct late){ .fd = ends[0], .bytes = 65536 + 100, .delay_us = 20000 };
	pthread_create(&other, NULL, late_read, &late);
	CLAIM(splice(to, &(loff_t){ 0 }, ends[1], NULL, 100, 0) == 100);
	pthread_join(other, NULL);
	CLAIM(memcmp(back, text, 65536) == 0 && memcmp(back + 65536, text, 100) == 0);
	close(ends[0]);
	close(ends[1]);
	close(to);
}

/* A socket that is full leaves the bytes where they are; one that is emptied takes all of them, in their order. */
static void sockets(void)
{
	struct late late = { .bytes = BYTES, .delay_us = 10000 };
	int pair[2], ends[2];
	size_t sent = 0, done = 0;
	pthread_t reader, writer;
	ssize_t some;

	CLAIM(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0 && pipe(ends) == 0);
	while (sent < BYTES) {
		size_t part = BYTES - sent < 5000 ? BYTES - sent : 5000;

		CLAIM(write(ends[1], text + sent, part) == (ssize_t)part);
		sent += part;
		some = splice(ends[0], NULL, pair[0], NULL, part, 0);
		if (some < (ssize_t)part) { /* full: what it did not take can be read */
			part -= some > 0 ? (size_t)some : 0;
			CLAIM(read(ends[0], back, BYTES) == (ssize_t)part && memcmp(back, text + sent - part, part) == 0);
			sent -= part;
			break;
		}
	}
	REFUSED(splice(ends[0], NULL, pair[0], NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
	while (done < sent) {
		some = splice(pair[1], NULL, ends[1], NULL, BYTES, 0);
		if (some <= 0)
			break;
		CLAIM(read(ends[0], back, BYTES) == some && memcmp(back, text + done, (size_t)some) == 0);
		done += (size_t)some;
	}
	CLAIM(done == sent);
	REFUSED(splice(pair[1], NULL, ends[1], NULL, 1, 0), EAGAIN);
	REFUSED(splice(pair[1], &(loff_t){ 0 }, ends[1], NULL, 1, 0), EINVAL);
	fcntl(pair[0], F_SETFL, 0);
	fcntl(pair[1], F_SETFL, 0);
	late.fd = ends[1];
	pthread_create(&writer, NULL, late_write, &late);
	pthread_create(&reader, NULL, late_read, &(struct late){ .fd = pair[1], .bytes = BYTES });
	memset(back, 0, BYTES);
	for (done = 0; done < BYTES; done += (size_t)some)
		if ((some = splice(ends[0], NULL, pair[0], NULL, BYTES, SPLICE_F_MORE)) <= 0)
			break;
	pthread_join(writer, NULL);
	pthread_join(reader, NULL);
	CLAIM(done == BYTES && memcmp(back, text, BYTES) == 0);
	close(pair[1]);
	signal(SIGPIPE, SIG_IGN);
	CLAIM(write(ends[1], "abc", 3) == 3);
	REFUSED(splice(ends[0], NULL, pair[0], NULL, 3, 0), EPIPE);
	signal(SIGPIPE, SIG_DFL);
	CLAIM(read(ends[0], back, 10) == 3 && memcmp(back, "abc", 3) == 0);
	close(pair[0]);
	close(ends[0]);
	close(ends[1]);
}

/* Several take from one pipe, each in its way: every byte comes to exactly one of them. */
struct taker {
	int from, kind;
	uint64_t bytes, sum;
};

static uint64_t sum_of(const char *data, size_t bytes)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < bytes; i++)
		sum += (uint8_t)data[i];
	return sum;
}

static void *taker_run(void *arg)
{
	struct taker *own = arg;
	char data[4096];
	int ends[2], null = open("/tmp/taken", O_CREAT | O_RDWR | O_TRUNC, 0600);
	ssize_t some;

	CLAIM(pipe(ends) == 0);
	for (;;) {
		if (own->kind == 0)
			some = read(own->from, data, 1000);
		else if (own->kind == 1)
			some = splice(own->from, NULL, ends[1], NULL, 1500, 0);
		else
			some = splice(own->from, NULL, null, &(loff_t){ 0 }, 3000, 0);
		if (some <= 0)
			break;
		if (own->kind == 1)
			CLAIM(read(ends[0], data, sizeof(data)) == some);
		if (own->kind == 2)
			CLAIM(pread(null, data, sizeof(data), 0) >= some);
		own->bytes += (uint64_t)some;
		own->sum += sum_of(data, (size_t)some);
	}
	CLAIM(some == 0);
	close(ends[0]);
	close(ends[1]);
	close(null);
	return NULL;
}

static void takers(void)
{
	struct taker all[3] = { { .kind = 0 }, { .kind = 1 }, { .kind = 2 } };
	struct late late = { .bytes = BYTES };
	uint64_t bytes = 0, sum = 0;
	pthread_t threads[4];
	int ends[2];

	CLAIM(pipe(ends) == 0);
	late.fd = ends[1];
	for (int i = 0; i < 3; i++) {
		all[i].from = ends[0];
		pthread_create(&threads[i], NULL, taker_run, &all[i]);
	}
	pthread_create(&threads[3], NULL, late_write, &late);
	pthread_join(threads[3], NULL);
	close(ends[1]);
	for (int i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		bytes += all[i].bytes;
		sum += all[i].sum;
	}
	CLAIM(bytes == BYTES && sum == sum_of(text, BYTES));
	close(ends[0]);
}

/* Two pipes, each emptied into the other at once, and looked at by tee: nothing is lost, and nobody waits for the other. */
static int ring[2][2];

static void *ring_run(void *arg)
{
	int way = (int)(intptr_t)arg;

	for (int i = 0; i < ROUNDS; i++)
		CLAIM(splice(ring[way][0], NULL, ring[!way][1], NULL, 1 + (size_t)i * 37 % 5000, SPLICE_F_NONBLOCK) >= 0 || errno == EAGAIN);
	return NULL;
}

static void *tee_run(void *arg)
{
	int out[2];

	(void)arg;
	CLAIM(pipe(out) == 0);
	for (int i = 0; i < ROUNDS; i++) {
		ssize_t some = tee(ring[i % 2][0], out[1], 4000, SPLICE_F_NONBLOCK);

		CLAIM(some >= 0 ? some == 0 || read(out[0], (char[4000]){ 0 }, 4000) == some : errno == EAGAIN);
	}
	close(out[0]);
	close(out[1]);
	return NULL;
}

static void rings(void)
{
	pthread_t threads[3];
	size_t left = 0;
	ssize_t some;

	CLAIM(pipe2(ring[0], O_NONBLOCK) == 0 && pipe2(ring[1], O_NONBLOCK) == 0);
	CLAIM(write(ring[0][1], text, RING_BYTES) == RING_BYTES && write(ring[1][1], text + RING_BYTES, RING_BYTES) == RING_BYTES);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, ring_run, (void *)(intptr_t)i);
	pthread_create(&threads[2], NULL, tee_run, NULL);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 2; i++)
		while ((some = read(ring[i][0], back + left, BYTES - left)) > 0)
			left += (size_t)some;
	CLAIM(left == 2 * RING_BYTES && sum_of(back, left) == sum_of(text, 2 * RING_BYTES));
	for (int i = 0; i < 4; i++)
		close(ring[i / 2][i % 2]);
}

/* A descriptor that is closed while somebody waits in it: that goes on with what it has. */
static void closed(void)
{
	struct late late = { .bytes = 10, .delay_us = 20000 };
	int ends[2], to = file_of("/tmp/to", 0);
	pthread_t other;
	pid_t child;
	int status = 0;

	CLAIM(pipe(ends) == 0);
	late.fd = ends[1];
	child = fork();
	if (child == 0) {
		pthread_create(&other, NULL, late_write, &late);
		CLAIM(splice(ends[0], NULL, to, NULL, 100, 0) == 10);
		fflush(stdout);
		_exit(claims_failed);
	}
	close(ends[0]);
	CLAIM(waitpid(child, &status, 0) == child && status == 0);
	/* And who is killed while it waits leaves nothing behind. */
	child = fork();
	if (child == 0) {
		CLAIM(pipe(ends) == 0 && splice(ends[0], NULL, to, NULL, 100, 0) == 0);
		_exit(1);
	}
	usleep(20000);
	kill(child, SIGKILL);
	CLAIM(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
	close(ends[1]);
	close(to);
}

int main(void)
{
	pattern();
	waits();
	sockets();
	takers();
	rings();
	closed();
	return claims_end("splicers");
}
