// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Ranges of memory at their edges, files seen through memory, and what waits at a word of it. */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, FAR = 700 * PAGE, ROUNDS = 40, BULK = 300001 };

#define BAD ((void *)16)

static char *map(size_t pages, int protection)
{
	return mmap(NULL, pages * PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int is_refused(void *at, int why)
{
	return at == MAP_FAILED && errno == why;
}

static void ranges(void)
{
	char *at = map(8, PROT_READ | PROT_WRITE);
	char *to = map(8, PROT_READ | PROT_WRITE);

	CLAIM(munmap(at + 4 * PAGE, 4 * PAGE) == 0);
	CLAIM(mmap(at + 5 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == at + 5 * PAGE);
	CLAIM(mmap(at, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != at);
	CLAIM(munlock(at, 4 * PAGE) == 0 && munlock(at, 0) == 0 && mlock(at, 0) == 0 && mlock((void *)(1ul << 60), 0) == 0 && munlock((void *)(1ul << 60), 0) == 0);
	REFUSED(munlock(at, 6 * PAGE), ENOMEM);
	REFUSED(munlock(at + 4 * PAGE, PAGE), ENOMEM);
	REFUSED(mlock(at + 4 * PAGE, PAGE), ENOMEM);
	REFUSED(mlock((void *)(1ul << 60), PAGE), ENOMEM);
	REFUSED(mlock(at, -2ul * PAGE), EINVAL);
	REFUSED(munlock((void *)-4096ul, PAGE), EINVAL);
	REFUSED(msync(at, PAGE, MS_ASYNC | MS_SYNC), EINVAL);
	REFUSED(msync(at, PAGE, 64), EINVAL);
	REFUSED(msync(at + 1, PAGE, MS_SYNC), EINVAL);
	REFUSED(msync(at, 6 * PAGE, MS_SYNC), ENOMEM);
	CLAIM(msync(at, 4 * PAGE, MS_ASYNC) == 0 && msync(at, 0, MS_SYNC) == 0);
	CLAIM(is_refused(mmap(NULL, 2 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | 0x40000 /* HUGETLB */, -1, 0), ENOMEM));
	at[0] = to[0] = 3;
	at[PAGE] = 4;
	CLAIM(mremap(at, 4 * PAGE, 4 * PAGE, 0) == at && mremap(at, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE) == at && at[PAGE] == 4);
	CLAIM(mremap(at, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to && to[0] == 3 && to[PAGE] == 4);
	CLAIM(is_refused(mremap(to, PAGE, 0, 0), EINVAL) && is_refused(mremap(to, PAGE, PAGE, 64), EINVAL) && is_refused(mremap(to, PAGE, PAGE, MREMAP_FIXED, at), EINVAL));
	/* To where some of it is, or to where none can be. */
	CLAIM(is_refused(mremap(to, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to + PAGE), EINVAL));
	CLAIM(is_refused(mremap(to + PAGE, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to), EINVAL));
	CLAIM(is_refused(mremap(to, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to), EINVAL) && to[0] == 3 && to[PAGE] == 4);
	CLAIM(is_refused(mremap(to, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at + 1), EINVAL));
	CLAIM(is_refused(mremap(to, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)-4096ul), EINVAL));
	CLAIM(is_refused(mremap(to, PAGE, 2 * PAGE, 0), ENOMEM) && is_refused(mremap(to + 1, PAGE, PAGE, 0), EINVAL));
	/* What is not kept may be a hole; and has gone, as has what was in the way, where what is kept is not of one piece. */
	CLAIM(munmap(to + PAGE, PAGE) == 0 && mremap(to, 2 * PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at) == at && at[0] == 3);
	CLAIM(mmap(to, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == to && mprotect(to, PAGE, PROT_NONE) == 0);
	CLAIM(is_refused(mremap(to, 4 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at), EFAULT));
	REFUSED(msync(at, PAGE, MS_ASYNC), ENOMEM);
	REFUSED(msync(to, 4 * PAGE, MS_ASYNC), ENOMEM);
	CLAIM(msync(to, 3 * PAGE, MS_ASYNC) == 0);
	CLAIM(munmap(to, 8 * PAGE) == 0 && munmap(at + 5 * PAGE, PAGE) == 0);
}

/* As many areas as there are places for, and not one more: what is there stays as it is. */
static void areas(void)
{
	char *at = mmap(NULL, 200000ul * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	long count = 0;

	CLAIM(at != MAP_FAILED);
	while (count < 100000 && mprotect(at + 2 * count * PAGE, PAGE, PROT_READ) == 0)
		count++;
	CLAIM(count > 1000 && count < 40000 && errno == ENOMEM);
	REFUSED(munmap(at + 150001ul * PAGE, PAGE), ENOMEM); /* two of one */
	CLAIM(mprotect(at + 2 * PAGE, PAGE, PROT_NONE) == 0 && mprotect(at + 4 * PAGE, PAGE, PROT_NONE) == 0);
	CLAIM(munmap(at + 150001ul * PAGE, PAGE) == 0 && munmap(at, 200000ul * PAGE) == 0);
}

static void files(void)
{
	int fd = open("/tmp/mapped", O_RDWR | O_CREAT | O_TRUNC, 0600);
	int write_only = open("/tmp/mapped", O_WRONLY);
	int path_only = open("/tmp/mapped", O_PATH);
	struct stat is;
	char byte = 0;
	char *at;

	CLAIM(is_refused(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, write_only, 0), EACCES) && close(write_only) == 0);
	CLAIM(is_refused(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, path_only, 0), EBADF) && close(path_only) == 0);
	CLAIM(is_refused(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, -PAGE), EOVERFLOW) && ftruncate(fd, FAR + PAGE) == 0);
	/* What is far from all else is written too, and what was only read before. */
	at = mmap(NULL, FAR + PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	at[FAR] = 'f';
	CLAIM(msync(at, FAR + PAGE, MS_SYNC) == 0 && at[PAGE] == 0 && mprotect(at, FAR, PROT_READ) == 0 && mprotect(at, FAR, PROT_READ | PROT_WRITE) == 0);
	at[PAGE] = 'n';
	CLAIM(munmap(at, FAR + PAGE) == 0 && pread(fd, &byte, 1, FAR) == 1 && byte == 'f' && pread(fd, &byte, 1, PAGE) == 1 && byte == 'n');
	CLAIM(fstat(fd, &is) == 0 && is.st_size == FAR + PAGE && close(fd) == 0 && unlink("/tmp/mapped") == 0);
	/* A file that has gone with its last mapping has left its room. */
	for (int i = 0; i < ROUNDS && claims_failed == 0; i++) {
		fd = open("/tmp/mapped", O_RDWR | O_CREAT | O_TRUNC, 0600);
		CLAIM(ftruncate(fd, 64 * PAGE) == 0 && (at = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)) != MAP_FAILED);
		CLAIM(close(fd) == 0 && unlink("/tmp/mapped") == 0);
		memset(at, 1, 64 * PAGE);
		CLAIM(munmap(at, 64 * PAGE) == 0);
	}
}

/* More than goes in one step, at once and in pieces. */
static void bulk(void)
{
	int fd = open("/tmp/bulk", O_RDWR | O_CREAT | O_TRUNC, 0600);
	unsigned char *from = malloc(BULK);
	unsigned char *to = malloc(BULK);

	for (int i = 0; i < BULK; i++)
		from[i] = (unsigned char)(i * 7 + i / 251);
	CLAIM(write(fd, from, BULK) == BULK && pread(fd, to, BULK, 0) == BULK && memcmp(from, to, BULK) == 0);
	CLAIM(pwrite(fd, from, BULK, 70000) == BULK && pread(fd, to, BULK, 70000) == BULK && memcmp(from, to, BULK) == 0);
	CLAIM(pread(fd, to, BULK, 0) == BULK && memcmp(from, to, 70000) == 0 && memcmp(to + 70000, from, BULK - 70000) == 0);
	CLAIM(lseek(fd, 0, SEEK_END) == 70000 + BULK && pread(fd, to, BULK, 70000 + BULK) == 0);
	free(from);
	free(to);
	CLAIM(close(fd) == 0 && unlink("/tmp/bulk") == 0);
}

static void record_locks(void)
{
	struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 4, .l_len = 3 };
	int fd = open("/tmp/locked", O_RDWR | O_CREAT | O_TRUNC, 0600);
	int other = open("/tmp/locked", O_RDONLY);
	int status = 1;
	int pair[2] = { -1, -1 };
	char byte;
	pid_t child;

	REFUSED(fcntl(other, F_SETLK, &range), EBADF);
	CLAIM(write(fd, "0123456789", 10) == 10 && fcntl(fd, F_SETLK, &range) == 0 && flock(fd, LOCK_EX) == 0 && pipe(pair) == 0);
	child = fork();
	if (child == 0) {
		close(fd); /* with this one the parent's lock stays */
		fd = open("/tmp/locked", O_RDWR);
		range = (struct flock){ .l_type = F_RDLCK, .l_whence = SEEK_END, .l_start = -10 };
		CLAIM(fcntl(fd, F_GETLK, &range) == 0 && range.l_type == F_WRLCK && range.l_whence == SEEK_SET && range.l_start == 4 && range.l_len == 3);
		CLAIM(range.l_pid == getppid() && write(pair[1], "x", 1) == 1);
		CLAIM(flock(fd, LOCK_SH) == 0); /* until it is given back */
		fflush(stdout);
		_exit(claims_failed != 0);
	}
	CLAIM(read(pair[0], &byte, 1) == 1 && usleep(3000) == 0 && waitpid(child, &status, WNOHANG) == 0 && flock(fd, LOCK_UN) == 0);
	CLAIM(waitpid(child, &status, 0) == child && status == 0);
	range.l_type = 7;
	REFUSED(fcntl(fd, F_SETLK, &range), EINVAL);
	range = (struct flock){ .l_type = F_WRLCK, .l_whence = 9 };
	REFUSED(fcntl(fd, F_SETLK, &range), EINVAL);
	range = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = -1 };
	REFUSED(fcntl(fd, F_SETLK, &range), EINVAL);
	REFUSED(fcntl(fd, F_SETLK, BAD), EFAULT);
	REFUSED(flock(fd, 0), EINVAL);
	CLAIM(close(fd) == 0 && close(other) == 0 && close(pair[0]) == 0 && close(pair[1]) == 0 && unlink("/tmp/locked") == 0);
}

/* Sets a lock of the process from `start` for `bytes`. */
static int range_set(int fd, short type, off_t start, off_t bytes)
{
	struct flock range = { .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = bytes };

	return fcntl(fd, F_SETLK, &range);
}

/* What is in the way of a lock of all of the file, that another open file would have: this, from there. */
static int in_way_is(int other, short wanted, short type, off_t start, off_t bytes)
{
	struct flock range = { .l_type = wanted, .l_whence = SEEK_SET };

	return fcntl(other, F_OFD_GETLK, &range) == 0 && range.l_type == type && (type == F_UNLCK || (range.l_start == start && range.l_len == bytes));
}

/* Locks of one kind that touch are one; who is in the way is told by the first that is. */
static void record_locks_join(void)
{
	struct flock far = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = INT64_MAX, .l_len = 2 };
	int fd = open("/tmp/joined", O_RDWR | O_CREAT | O_TRUNC, 0600);
	int other = open("/tmp/joined", O_RDWR);

	CLAIM(range_set(fd, F_WRLCK, 5, 5) == 0 && range_set(fd, F_WRLCK, 0, 5) == 0 && in_way_is(other, F_RDLCK, F_WRLCK, 0, 10));
	CLAIM(range_set(fd, F_RDLCK, 3, 1) == 0 && in_way_is(other, F_RDLCK, F_WRLCK, 0, 3) && range_set(fd, F_UNLCK, 0, 3) == 0);
	CLAIM(in_way_is(other, F_RDLCK, F_WRLCK, 4, 6) && in_way_is(other, F_WRLCK, F_RDLCK, 3, 1));
	CLAIM(range_set(fd, F_RDLCK, 12, 0) == 0 && range_set(fd, F_RDLCK, 4, 8) == 0 && in_way_is(other, F_WRLCK, F_RDLCK, 3, 0));
	CLAIM(in_way_is(other, F_RDLCK, F_UNLCK, 0, 0) && range_set(fd, F_WRLCK, 20, 1) == 0 && range_set(fd, F_WRLCK, 22, 1) == 0);
	CLAIM(in_way_is(other, F_RDLCK, F_WRLCK, 20, 1) && range_set(fd, F_UNLCK, 20, 1) == 0 && in_way_is(other, F_RDLCK, F_WRLCK, 22, 1));
	CLAIM(range_set(fd, F_UNLCK, 0, 0) == 0 && in_way_is(other, F_WRLCK, F_UNLCK, 0, 0));
	CLAIM(range_set(fd, F_WRLCK, 0, 9) == 0 && range_set(fd, F_RDLCK, 0, 3) == 0 && in_way_is(other, F_WRLCK, F_RDLCK, 0, 3) && range_set(fd, F_UNLCK, 0, 0) == 0);
	REFUSED(fcntl(fd, F_SETLK, &far), EOVERFLOW);
	far.l_len = 1;
	CLAIM(fcntl(fd, F_SETLK, &far) == 0 && in_way_is(other, F_RDLCK, F_WRLCK, INT64_MAX, 0));
	far.l_whence = SEEK_END;
	CLAIM(write(fd, "0123456789", 10) == 10);
	REFUSED(fcntl(fd, F_SETLK, &far), EOVERFLOW);
	far = (struct flock){ .l_type = F_UNLCK, .l_whence = SEEK_SET };
	REFUSED(fcntl(fd, F_GETLK, &far), EINVAL);
	CLAIM(close(fd) == 0 && close(other) == 0 && unlink("/tmp/joined") == 0);
}

static unsigned one, two;

static void *waits(void *arg)
{
	syscall(SYS_futex, &one, FUTEX_WAIT, 0, NULL);
	return arg;
}

static long wake(unsigned *word, int most)
{
	return syscall(SYS_futex, word, FUTEX_WAKE, most);
}

struct robust {
	struct robust *next;
	unsigned word;
};

static struct robust entries[3];
static struct {
	struct robust *list;
	long offset;
	struct robust *pending;
} head;

/* Ends with two locks in its list, one of which passes on its priority, and one that it was about to take. */
static void *ends_with_locks(void *arg)
{
	for (int i = 0; i < 3; i++)
		entries[i].word = (unsigned)gettid();
	entries[0].next = &entries[1];
	entries[1].next = (struct robust *)(void *)&head;
	head.list = (struct robust *)((char *)&entries[0] + 1);
	head.offset = offsetof(struct robust, word);
	head.pending = &entries[2];
	CLAIM(syscall(SYS_set_robust_list, &head, sizeof(head)) == 0);
	return arg;
}

static void *holds(void *arg)
{
	two = (unsigned)gettid();
	while (__atomic_load_n(&one, __ATOMIC_ACQUIRE) == 0)
		usleep(500);
	return arg;
}

static void words(void)
{
	struct timespec at;
	pthread_t threads[3];
	long waiting = 0;

	for (int i = 0; i < 3; i++)
		CLAIM(pthread_create(&threads[i], NULL, waits, NULL) == 0);
	/* Who waits is counted by being moved to the other word, and all are moved back. */
	while (waiting < 3) {
		usleep(500);
		waiting += syscall(SYS_futex, &one, FUTEX_CMP_REQUEUE, 0, 9L, &two, 0);
	}
	CLAIM(syscall(SYS_futex, &two, FUTEX_CMP_REQUEUE, 1, 1L, &one, 0) == 2);
	CLAIM(wake(&one, 9) == 1 && wake(&two, 9) == 1 && wake(&one, 9) == 0 && wake(&two, 9) == 0);
	for (int i = 0; i < 3; i++)
		CLAIM(pthread_join(threads[i], NULL) == 0);
	REFUSED(syscall(SYS_futex, &one, FUTEX_WAKE_OP, 1, 1L, &two, FUTEX_OP(5, 1, FUTEX_OP_CMP_EQ, 0)), ENOSYS);
	REFUSED(syscall(SYS_futex, &one, FUTEX_WAKE_OP, 1, 1L, &two, FUTEX_OP(FUTEX_OP_SET, 1, 6, 0)), ENOSYS);
	REFUSED(syscall(SYS_futex, 1ul << 48, FUTEX_WAKE, 1), EFAULT);
	REFUSED(syscall(SYS_futex, 1ul << 48, FUTEX_WAIT, 0, NULL), EFAULT);
	CLAIM(pthread_create(&threads[0], NULL, ends_with_locks, NULL) == 0 && pthread_join(threads[0], NULL) == 0);
	for (int i = 0; i < 3; i++)
		for (int k = 0; k < 1000 && (*(volatile unsigned *)&entries[i].word & FUTEX_OWNER_DIED) == 0; k++)
			usleep(500);
	CLAIM(entries[0].word == FUTEX_OWNER_DIED && entries[1].word == FUTEX_OWNER_DIED && entries[2].word == FUTEX_OWNER_DIED);
	/* A lock that is held is waited for until a date. */
	two = 0;
	CLAIM(pthread_create(&threads[0], NULL, holds, NULL) == 0);
	while (__atomic_load_n(&two, __ATOMIC_ACQUIRE) == 0)
		usleep(500);
	CLAIM(clock_gettime(CLOCK_REALTIME, &at) == 0 && (at.tv_nsec = at.tv_nsec / 2) >= 0);
	REFUSED(syscall(SYS_futex, &two, FUTEX_LOCK_PI, 0, &at), ETIMEDOUT);
	__atomic_store_n(&one, 1, __ATOMIC_RELEASE);
	CLAIM(pthread_join(threads[0], NULL) == 0);
}

int main(void)
{
	ranges();
	areas();
	files();
	bulk();
	record_locks();
	record_locks_join();
	words();
	return claims_end("ranges");
}
