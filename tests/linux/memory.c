// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Memory: mapped, protected, moved, forgotten, shared and copied, of files and of nothing; and what happens where there is none. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/linux/claims.h"

enum { PAGE = 4096 };

static sigjmp_buf back;
static volatile int fault_signal, fault_code;
static void *volatile fault_address;

static void on_fault(int number, siginfo_t *info, void *context)
{
	(void)context;
	fault_signal = number;
	fault_code = info->si_code;
	fault_address = info->si_addr;
	siglongjmp(back, 1);
}

/* The signal that a read (write) of a byte comes to; 0: none. */
static int touch(volatile char *at, int writes)
{
	fault_signal = 0;
	if (sigsetjmp(back, 1) == 0) {
		if (writes)
			*at = 1;
		else
			(void)*at;
	}
	return fault_signal;
}

static char *map(size_t pages, int protection, int flags)
{
	char *at = mmap(NULL, pages * PAGE, protection, flags | MAP_ANONYMOUS, -1, 0);

	CLAIM(at != MAP_FAILED);
	return at;
}

static void rights(void)
{
	char *at = map(4, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	at[PAGE] = 7;
	CLAIM(mprotect(at + PAGE, PAGE, PROT_READ) == 0);
	CLAIM(touch(at + PAGE, 0) == 0 && touch(at + PAGE, 1) == SIGSEGV && fault_code == SEGV_ACCERR && fault_address == at + PAGE);
	CLAIM(mprotect(at + PAGE, PAGE, PROT_NONE) == 0);
	CLAIM(touch(at + PAGE, 0) == SIGSEGV && fault_code == SEGV_ACCERR);
	CLAIM(mprotect(at, 4 * PAGE, PROT_READ | PROT_WRITE) == 0 && at[PAGE] == 7);
	CLAIM(munmap(at + 2 * PAGE, PAGE) == 0);
	CLAIM(touch(at + 2 * PAGE, 0) == SIGSEGV && fault_code == SEGV_MAPERR && fault_address == at + 2 * PAGE);
	REFUSED(mprotect(at, 4 * PAGE, PROT_READ), ENOMEM);
	REFUSED(syscall(SYS_mprotect, at + 1, PAGE, PROT_READ), EINVAL); /* musl's own rounds */
	REFUSED(munmap(at + 1, PAGE), EINVAL);
	REFUSED(munmap(at, 0), EINVAL);
	CLAIM(munmap(at, 4 * PAGE) == 0);
}

static void places(void)
{
	char *at = map(8, PROT_READ, MAP_PRIVATE);

	CLAIM(mmap(at + PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at + PAGE);
	CLAIM(touch(at + PAGE, 1) == 0);
	CLAIM(mmap(at + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED && errno == EEXIST);
	CLAIM(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL);
	CLAIM(mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL);
	CLAIM(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0) == MAP_FAILED && errno == EBADF);
	CLAIM(mmap(NULL, SIZE_MAX / 2, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == ENOMEM);
	CLAIM(munmap(at, 8 * PAGE) == 0);
}

static void moves(void)
{
	char *at = map(4, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	char *moved;

	at[0] = 1;
	at[3 * PAGE] = 4;
	moved = mremap(at, 4 * PAGE, 400 * PAGE, MREMAP_MAYMOVE);
	CLAIM(moved != MAP_FAILED && moved[0] == 1 && moved[3 * PAGE] == 4 && moved[399 * PAGE] == 0);
	CLAIM(mremap(moved, 400 * PAGE, PAGE, 0) == moved && moved[0] == 1);
	CLAIM(touch(moved + PAGE, 0) == SIGSEGV);
	CLAIM(mremap(moved, PAGE, 8 * PAGE, 0) == moved && touch(moved + 7 * PAGE, 1) == 0 && moved[PAGE] == 0 && touch(moved + 8 * PAGE, 0) == SIGSEGV);
	CLAIM(mremap(moved, 8 * PAGE, PAGE, 0) == moved && moved[0] == 1);
	CLAIM(mremap(moved + 8 * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED && errno == EFAULT);
	CLAIM(munmap(moved, PAGE) == 0);
}

static void many(void)
{
	enum { AREAS = 30000, GAPS = 8 /* that may be higher */, BYTES = 4096 };
	static char *made[AREAS];
	struct timespec before, after;
	bool lie_together = true;
	int file = open("/proc/self/exe", O_RDONLY);
	char *above;

	CLAIM(file >= 0 && clock_gettime(CLOCK_MONOTONIC, &before) == 0);
	for (int i = 0; i < AREAS; i++) { /* alike, but never one area: each shows the same page */
		made[i] = mmap(NULL, BYTES, PROT_READ, MAP_PRIVATE, file, 0);
		lie_together = lie_together && made[i] != MAP_FAILED && (i < GAPS || made[i] == made[i - 1] - BYTES);
	}
	CLAIM(clock_gettime(CLOCK_MONOTONIC, &after) == 0 && lie_together);
	CLAIM(after.tv_sec - before.tv_sec < 1 || (after.tv_sec - before.tv_sec == 1 && after.tv_nsec < before.tv_nsec)); /* each costs the same, however many there are */
	CLAIM(munmap(made[GAPS], BYTES) == 0);
	above = mmap(NULL, BYTES, PROT_READ, MAP_PRIVATE, file, 0);
	CLAIM(above == made[GAPS]); /* the highest that is free */
	CLAIM(munmap(made[AREAS - 1], (size_t)(AREAS - GAPS) * BYTES) == 0);
	for (int i = 0; i < GAPS; i++)
		CLAIM(munmap(made[i], BYTES) == 0);
	close(file);
}

/* Where there can be no more areas, what cannot be moved is where it was. */
static void full(void)
{
	enum { PAIRS = 33000 };
	char *part = map(3, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	char *made = mmap(NULL, 2ul * PAIRS * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int pairs = 0;

	part[PAGE] = 7;
	while (pairs < PAIRS && mprotect(made + 2l * pairs * PAGE, PAGE, PROT_NONE) == 0)
		pairs++;
	CLAIM(pairs < PAIRS && errno == ENOMEM);
	REFUSED(mremap(part + PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED ? -1 : 0, ENOMEM);
	CLAIM(part[PAGE] == 7);
	CLAIM(munmap(made, 2ul * PAIRS * PAGE) == 0);
	made = mremap(part, 3 * PAGE, 4 * PAGE, MREMAP_MAYMOVE); /* it is one area still */
	CLAIM(made != MAP_FAILED && made[PAGE] == 7 && munmap(made, 4 * PAGE) == 0);
}

static void limit(void)
{
	enum { MEGABYTES = 64 << 20 };
	struct rlimit before;
	struct rlimit lower;
	char *part;

	CLAIM(getrlimit(RLIMIT_AS, &before) == 0);
	lower = (struct rlimit){ MEGABYTES, before.rlim_max };
	CLAIM(setrlimit(RLIMIT_AS, &lower) == 0);
	REFUSED(mmap(NULL, MEGABYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0, ENOMEM);
	part = mmap(NULL, MEGABYTES / 2, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CLAIM(part != MAP_FAILED);
	REFUSED(mremap(part, MEGABYTES / 2, MEGABYTES, MREMAP_MAYMOVE) == MAP_FAILED ? -1 : 0, ENOMEM);
	CLAIM(mmap(part, MEGABYTES / 2, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == part); /* that goes first */
	lower.rlim_cur = MEGABYTES / 4; /* what does not grow may still be moved */
	CLAIM(setrlimit(RLIMIT_AS, &lower) == 0 && mremap(part, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, part + PAGE) == part + PAGE);
	CLAIM(munmap(part, MEGABYTES / 2) == 0 && setrlimit(RLIMIT_AS, &before) == 0);
}

static void advice(void)
{
	char *at = map(4, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	unsigned char present[4] = { 9, 9, 9, 9 };

	at[0] = at[PAGE] = 5;
	CLAIM(mincore(at, 4 * PAGE, present) == 0 && (present[0] & 1) && (present[1] & 1) && !(present[2] & 1));
	CLAIM(madvise(at, PAGE, MADV_DONTNEED) == 0 && at[0] == 0 && at[PAGE] == 5);
	CLAIM(madvise(at, 4 * PAGE, MADV_WILLNEED) == 0);
	REFUSED(madvise(at, PAGE, 9999), EINVAL);
	CLAIM(mlock(at, 4 * PAGE) == 0 && munlock(at, 4 * PAGE) == 0);
	CLAIM(munmap(at + PAGE, PAGE) == 0);
	REFUSED(madvise(at, 4 * PAGE, MADV_DONTNEED), ENOMEM);
	REFUSED(mlock(at, 4 * PAGE), ENOMEM);
	REFUSED(mincore(at, 4 * PAGE, present), ENOMEM);
	CLAIM(munmap(at, 4 * PAGE) == 0);
}

static void heap(void)
{
	long before = syscall(SYS_brk, 0); /* musl has no sbrk() that does anything */

	CLAIM(syscall(SYS_brk, before + 10 * PAGE) == before + 10 * PAGE && touch((char *)before + 10 * PAGE - 1, 1) == 0);
	CLAIM(syscall(SYS_brk, before) == before && syscall(SYS_brk, 0) == before);
	CLAIM(syscall(SYS_brk, 1) == before && syscall(SYS_brk, -1ul) == before);
}

static void ended_with(pid_t child, int code)
{
	int status = 0;

	CLAIM(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == code);
}

static void forked(void)
{
	char *private = map(20, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	char *shared = map(2, PROT_READ | PROT_WRITE, MAP_SHARED);
	pid_t child;

	for (int i = 0; i < 20; i++)
		private[i * PAGE] = (char)i;
	child = fork();
	if (child == 0) {
		int right = 1;

		for (int i = 0; i < 20; i++)
			right = right && private[i * PAGE] == i;
		private[5 * PAGE] = 99;
		shared[PAGE] = 77;
		_exit(right && private[5 * PAGE] == 99 ? 3 : 4);
	}
	private[6 * PAGE] = 88;
	ended_with(child, 3);
	CLAIM(private[5 * PAGE] == 5 && private[6 * PAGE] == 88 && shared[PAGE] == 77);
	CLAIM(madvise(private, PAGE, MADV_DONTFORK) == 0);
	CLAIM(madvise(private + PAGE, PAGE, MADV_WIPEONFORK) == 0);
	child = fork();
	if (child == 0)
		_exit(touch(private, 0) == SIGSEGV && private[PAGE] == 0 && private[2 * PAGE] == 2 ? 5 : 6);
	ended_with(child, 5);
	CLAIM(private[0] == 0 && private[PAGE] == 1);
	munmap(private, 20 * PAGE);
	munmap(shared, 2 * PAGE);
}

static void files(void)
{
	int fd = open("/tmp/mapped", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char data[8];
	char *shared;
	char *private;
	pid_t child;

	CLAIM(fd >= 0 && ftruncate(fd, 2 * PAGE + 100) == 0 && pwrite(fd, "content", 7, PAGE) == 7);
	shared = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	private = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, PAGE);
	CLAIM(shared != MAP_FAILED && private != MAP_FAILED);
	CLAIM(memcmp(shared + PAGE, "content", 8) == 0 && memcmp(private, "content", 8) == 0);
	private[0] = 'C';
	shared[PAGE + 1] = 'O';
	CLAIM(pread(fd, data, 7, PAGE) == 7 && memcmp(data, "cOntent", 7) == 0);
	CLAIM(pwrite(fd, "ENT", 3, PAGE + 4) == 3 && memcmp(shared + PAGE, "cOntENT", 7) == 0);
	child = fork();
	if (child == 0) {
		shared[2 * PAGE] = 'x';
		_exit(private[0] == 'C' ? 1 : 2);
	}
	ended_with(child, 1);
	CLAIM(shared[2 * PAGE] == 'x' && shared[2 * PAGE + 100] == 0);
	CLAIM(touch(shared + 3 * PAGE, 0) == SIGBUS && fault_code == BUS_ADRERR);
	CLAIM(msync(shared, 3 * PAGE, MS_SYNC) == 0);
	close(fd);
	CLAIM(shared[PAGE] == 'c' && munmap(shared, 4 * PAGE) == 0);
	fd = open("/tmp/mapped", O_RDONLY);
	CLAIM(pread(fd, data, 1, 2 * PAGE) == 1 && data[0] == 'x' && lseek(fd, 0, SEEK_END) == 2 * PAGE + 100);
	CLAIM(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EACCES);
	CLAIM(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 1) == MAP_FAILED && errno == EINVAL);
	close(fd);
	unlink("/tmp/mapped");
}

/* The kernel's own accesses bring pages in, and stop where there is no right. */
static void calls(void)
{
	char *at = map(3, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	int ends[2];

	CLAIM(pipe(ends) == 0 && write(ends[1], at + PAGE - 2, 4) == 4);
	CLAIM(read(ends[0], at + 2 * PAGE - 1, 2) == 2 && at[2 * PAGE] == 0);
	CLAIM(mprotect(at + PAGE, PAGE, PROT_NONE) == 0);
	CLAIM(write(ends[1], "abcd", 4) == 4);
	REFUSED(read(ends[0], at + PAGE, 4), EFAULT);
	REFUSED(write(ends[1], at + PAGE, 4), EFAULT);
	REFUSED(write(ends[1], (char *)-8, 4), EFAULT);
	close(ends[0]);
	close(ends[1]);
	munmap(at, 3 * PAGE);
}

/* The top byte of an address is the program's own, where it reads and writes; calls take none, and a fault is told without. */
static void tags(void)
{
	char *at = map(2, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	char *named = (char *)((uintptr_t)at | 0x5aul << 56);
	int ends[2];

	CLAIM(touch(named, 1) == 0 && at[0] == 1 && touch(named + PAGE, 0) == 0);
	CLAIM(pipe(ends) == 0);
	REFUSED(write(ends[1], named, 1), EFAULT);
	CLAIM(mprotect(at, PAGE, PROT_NONE) == 0);
	CLAIM(touch(named + 8, 1) == SIGSEGV && fault_code == SEGV_ACCERR && fault_address == at + 8);
	munmap(at, 2 * PAGE);
	CLAIM(touch(named, 0) == SIGSEGV && fault_code == SEGV_MAPERR && fault_address == at);
	CLAIM(touch((char *)0x5a80000000001234, 0) == SIGSEGV && fault_address == (void *)0x5a80000000001234); /* of the other half */
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	rights();
	places();
	moves();
	many();
	full();
	limit();
	advice();
	heap();
	forked();
	files();
	calls();
	tags();
	return claims_end("memory");
}
