// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* sendfile and copy_file_range: what they refuse, how much they move, and whose place moves with it. */
#include "tests/linux/claims.h"
#include "tests/linux/pattern.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* Counts and places that no file has. */
static void refusals(void)
{
	int file = file_of("/tmp/from", 200), directory = open("/tmp", O_RDONLY | O_DIRECTORY), ends[2];
	off_t at = -1;

	CLAIM(pipe(ends) == 0);
	REFUSED(sendfile(ends[1], file, NULL, SIZE_MAX), EINVAL);
	REFUSED(sendfile(ends[1], file, NULL, (size_t)1 << 63), EINVAL);
	REFUSED(sendfile(ends[1], file, &at, 1), EINVAL);
	CLAIM((at = 300) > 0 && sendfile(ends[1], file, &at, 10) == 0 && at == 300 && lseek(file, 0, SEEK_CUR) == 0);
	REFUSED(sendfile(ends[1], directory, NULL, 1), EINVAL);
	REFUSED(sendfile(file, directory, NULL, 1), EINVAL);
	close(directory);
	close(ends[0]);
	close(ends[1]);
	close(file);
}

/* A pipe is filled as far as there is room; who wants it to take all calls again. */
static void into_pipe(void)
{
	int file = file_of("/tmp/from", BYTES), ends[2];
	off_t at = 7;

	CLAIM(pipe(ends) == 0 && sendfile(ends[1], file, NULL, BYTES) == 65536 && lseek(file, 0, SEEK_CUR) == 65536);
	CLAIM(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
	REFUSED(sendfile(ends[1], file, NULL, 1), EAGAIN);
	CLAIM(read(ends[0], back, BYTES) == 65536 && memcmp(back, text, 65536) == 0);
	CLAIM(sendfile(ends[1], file, &at, 10) == 10 && at == 17 && read(ends[0], back, BYTES) == 10 && memcmp(back, text + 7, 10) == 0);
	CLAIM(close(ends[0]) == 0 && signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	REFUSED(sendfile(ends[1], file, NULL, 1), EPIPE);
	CLAIM(lseek(file, 0, SEEK_CUR) == 65536);
	close(ends[1]);
	close(file);
}

static void nothing(int signal)
{
	(void)signal;
}

struct sender {
	int to, from;
	ssize_t sent;
};

static void *sender_run(void *arg)
{
	struct sender *own = arg;

	own->sent = sendfile(own->to, own->from, NULL, BYTES);
	return NULL;
}

/* Who moves the file's place while another sends from there changes nothing for that. */
static void place_moved(void)
{
	struct sigaction on_signal = { .sa_handler = nothing };
	struct sender sender = { .from = file_of("/tmp/from", BYTES) };
	pthread_t other;
	int pair[2];

	CLAIM(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && sigaction(SIGUSR1, &on_signal, NULL) == 0);
	sender.to = pair[0];
	CLAIM(pthread_create(&other, NULL, sender_run, &sender) == 0 && usleep(50000) == 0); /* the socket is full */
	CLAIM(lseek(sender.from, 1, SEEK_SET) == 1 && pthread_kill(other, SIGUSR1) == 0 && pthread_join(other, NULL) == 0);
	CLAIM(sender.sent > 0 && sender.sent < BYTES && lseek(sender.from, 0, SEEK_CUR) == sender.sent);
	close(pair[0]);
	close(pair[1]);
	close(sender.from);
}

static long copy(int from, loff_t at, int to, loff_t put, size_t bytes)
{
	return syscall(SYS_copy_file_range, from, &at, to, &put, bytes, 0);
}

/* Within one file what is copied and where it is copied to lie apart. */
static void within_one(void)
{
	int file = file_of("/tmp/from", 1000), again = open("/tmp/from", O_RDWR);

	REFUSED(copy(file, 0, file, 5, 10), EINVAL);
	REFUSED(copy(file, 5, again, 0, 10), EINVAL);
	REFUSED(copy(file, 0, file, 0, 1), EINVAL);
	REFUSED(copy(file, 0, file, 0, SIZE_MAX), EINVAL);
	REFUSED(copy(file, 0, file, 100, SIZE_MAX), EOVERFLOW);
	CLAIM(copy(file, 0, again, 10, 10) == 10 && pread(file, back, 1000, 0) == 1000);
	CLAIM(memcmp(back, text, 10) == 0 && memcmp(back + 10, text, 10) == 0 && memcmp(back + 20, text + 20, 980) == 0);
	CLAIM(copy(file, 990, file, 1000, 100) == 10 && lseek(file, 0, SEEK_END) == 1010);
	close(again);
	close(file);
}

/* What is no file is no file, however it is open. */
static void no_files(void)
{
	int from = file_of("/tmp/from", 100), ends[2], folder = open("/tmp", O_RDONLY | O_DIRECTORY), reads = open("/tmp/from", O_RDONLY);

	CLAIM(pipe(ends) == 0 && folder >= 0 && reads >= 0);
	REFUSED(copy_file_range(ends[1], NULL, from, NULL, 10, 0), EINVAL);
	REFUSED(copy_file_range(from, NULL, ends[0], NULL, 10, 0), EINVAL);
	REFUSED(copy_file_range(ends[1], NULL, folder, NULL, 10, 0), EISDIR);
	REFUSED(copy_file_range(folder, NULL, reads, NULL, 10, 0), EISDIR);
	REFUSED(copy_file_range(from, NULL, reads, NULL, 10, 0), EBADF);
	CLAIM(close(ends[0]) == 0 && close(ends[1]) == 0 && close(folder) == 0 && close(reads) == 0 && close(from) == 0);
}

/* Who cannot be told where it went on is told that, though it is done. */
static void told_nowhere(void)
{
	loff_t *nowhere = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int from = file_of("/tmp/from", 100), to = file_of("/tmp/to", 0), ends[2];
	loff_t at = 0;

	CLAIM(nowhere != MAP_FAILED && pipe(ends) == 0);
	REFUSED(sendfile(to, from, nowhere, 10), EFAULT);
	REFUSED(syscall(SYS_copy_file_range, from, nowhere, to, NULL, 10L, 0), EFAULT);
	REFUSED(syscall(SYS_copy_file_range, from, &at, to, nowhere, 10L, 0), EFAULT);
	REFUSED(splice(from, nowhere, ends[1], NULL, 10, 0), EFAULT);
	CLAIM(read(ends[0], back, 100) == 10 && write(ends[1], text, 10) == 10);
	REFUSED(splice(ends[0], NULL, to, nowhere, 10, 0), EFAULT);
	CLAIM(lseek(to, 0, SEEK_END) == 20 && lseek(from, 0, SEEK_CUR) == 0 && munmap(nowhere, 4096) == 0);
	close(ends[0]);
	close(ends[1]);
	close(from);
	close(to);
}

/* However little is moved, both places move with it. */
static void one_by_one(void)
{
	int from = file_of("/tmp/from", 100), to = file_of("/tmp/to", 0);
	loff_t at = 50, put = 0;

	for (int i = 0; i < 5; i++) {
		CLAIM(sendfile(to, from, NULL, 1) == 1 && lseek(from, 0, SEEK_CUR) == i + 1);
		CLAIM(sendfile(to, from, &at, 1) == 1 && at == 51 + i * 2 && lseek(from, 0, SEEK_CUR) == i + 1);
		put = 10 + i;
		CLAIM(syscall(SYS_copy_file_range, from, &at, to, &put, 1L, 0) == 1 && at == 52 + i * 2 && put == 11 + i);
	}
	CLAIM(pread(to, back, 100, 0) == 15);
	for (int i = 0; i < 5; i++)
		CLAIM(back[2 * i] == text[i] && back[2 * i + 1] == text[50 + 2 * i] && back[10 + i] == text[51 + 2 * i]);
	close(from);
	close(to);
}

int main(void)
{
	pattern();
	refusals();
	alarm(20); /* for who waits for ever */
	into_pipe();
	place_moved();
	within_one();
	told_nowhere();
	no_files();
	one_by_one();
	return claims_end("sendfile");
}
