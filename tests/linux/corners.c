// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Whom a signal finds next, how a fault is told, what a short time and a call cost, what is far behind in a file: what only shows from a corner. */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, FAR = 600, MS = 1000000 };

#define BAD ((void *)16)

static volatile sig_atomic_t count;
static volatile pid_t receiver;
static volatile int *shared;

static void note(int signal_)
{
	(void)signal_;
	receiver = gettid();
	count++;
}

static void handle(int signal_, void (*handler)(int), int also)
{
	struct sigaction action = { .sa_handler = handler };

	if (also != 0)
		sigaddset(&action.sa_mask, also);
	CLAIM(sigaction(signal_, &action, NULL) == 0);
}

static int64_t now_ns(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1000000000ll + at.tv_nsec;
}

static int status_of(pid_t child)
{
	int status = -1;

	while (waitpid(child, &status, 0) == -1 && errno == EINTR)
		;
	return status;
}

/* All but itself, whatever group they are in. */
static void everybody(void)
{
	sigset_t set;
	int signal_;
	pid_t child;

	if (getpid() != 1)
		return; /* where there are others of another family too */
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	*shared = 0;
	child = fork();
	if (child == 0) {
		setpgid(0, 0);
		*shared = 1;
		_exit(sigwait(&set, &signal_) == 0 ? signal_ : 99);
	}
	while (*shared == 0)
		usleep(500);
	CLAIM(kill(-1, SIGUSR2) == 0 && WEXITSTATUS(status_of(child)) == SIGUSR2);
	CLAIM(sigpending(&set) == 0 && !sigismember(&set, SIGUSR2));
	REFUSED(kill(-1, SIGUSR2), ESRCH);
	sigemptyset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
}

static volatile sig_atomic_t other_took, in_time;

/* It was to take both: what it blocks while it takes the first goes to who sleeps. */
static void takes_first(int signal_)
{
	int64_t end = now_ns() + 300 * MS;

	(void)signal_;
	while (other_took == 0 && now_ns() < end)
		;
	in_time = other_took;
	count++;
}

static void takes_other(int signal_)
{
	(void)signal_;
	receiver = gettid();
	other_took = 1;
}

static void *sleeps(void *arg)
{
	*(pid_t *)arg = gettid();
	nanosleep(&(struct timespec){ .tv_nsec = 400 * MS }, NULL);
	return arg;
}

static void handed_on(void)
{
	pid_t self = getpid();
	pthread_t thread;
	pid_t other = 0;
	pid_t child;

	count = 0;
	handle(SIGHUP, takes_first, SIGUSR1);
	handle(SIGUSR1, takes_other, 0);
	CLAIM(pthread_create(&thread, NULL, sleeps, &other) == 0);
	while (*(volatile pid_t *)&other == 0)
		usleep(500);
	usleep(1000);
	child = fork();
	if (child == 0) {
		usleep(2000);
		_exit(kill(self, SIGHUP) != 0 || kill(self, SIGUSR1) != 0);
	}
	nanosleep(&(struct timespec){ .tv_nsec = 400 * MS }, NULL);
	CLAIM(status_of(child) == 0);
	while (count == 0)
		usleep(500);
	CLAIM(in_time == 1 && pthread_join(thread, NULL) == 0);
}

static volatile siginfo_t told;

static void on_fault(int signal_, siginfo_t *info, void *context)
{
	(void)signal_;
	(void)context;
	told = *info;
	*shared = 7;
	syscall(SYS_exit_group, info->si_code << 4 | (info->si_addr == (void *)(uintptr_t)*(volatile uint64_t *)(shared + 2)));
}

/* What a child that touches `at` is told: the code, and whether the address is that one; 0: it was not told of SIGSEGV or SIGBUS. */
static int told_of(char *at, int how, int signal_)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	pid_t child = fork();

	if (child == 0) {
		*(volatile uint64_t *)(shared + 2) = (uintptr_t)at;
		sigaction(signal_, &action, NULL);
		if (how == 0)
			(void)*(volatile char *)at;
		else if (how == 1)
			*(volatile char *)at = 1;
		else if (how == 2)
			((void (*)(void))(uintptr_t)at)();
		_exit(0);
	}
	return WEXITSTATUS(status_of(child));
}

static void faults(void)
{
	char *at = mmap(NULL, 3 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open("/tmp/short", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *file = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	CLAIM(ftruncate(fd, 10) == 0 && munmap(at + PAGE, PAGE) == 0 && mprotect(at + 2 * PAGE, PAGE, PROT_NONE) == 0);
	CLAIM(told_of(at + 5, 1, SIGSEGV) == (SEGV_ACCERR << 4 | 1) && told_of(at, 2, SIGSEGV) == (SEGV_ACCERR << 4 | 1));
	CLAIM(told_of(at + PAGE + 8, 0, SIGSEGV) == (SEGV_MAPERR << 4 | 1) && told_of(at + PAGE, 2, SIGSEGV) == (SEGV_MAPERR << 4 | 1));
	CLAIM(told_of(at + 2 * PAGE, 0, SIGSEGV) == (SEGV_ACCERR << 4 | 1) && told_of(NULL, 1, SIGSEGV) == (SEGV_MAPERR << 4 | 1));
	CLAIM(told_of(file + PAGE + 3, 0, SIGBUS) == (BUS_ADRERR << 4 | 1) && told_of(file + PAGE, 1, SIGBUS) == (BUS_ADRERR << 4 | 1));
	CLAIM(told_of((char *)-PAGE, 0, SIGSEGV) >> 4 == SEGV_MAPERR); /* nobody learns what is there of the kernel's */
	CLAIM(munmap(file, 2 * PAGE) == 0 && close(fd) == 0 && unlink("/tmp/short") == 0);
	REFUSED(mprotect(at, 3 * PAGE, PROT_READ | PROT_WRITE), ENOMEM); /* done as far as the hole */
	*(volatile char *)at = 1;
	CLAIM(told_of(at + 2 * PAGE, 0, SIGSEGV) == (SEGV_ACCERR << 4 | 1));
	REFUSED(mprotect(at + PAGE, 2 * PAGE, PROT_READ), ENOMEM);
	CLAIM(told_of(at + 2 * PAGE, 0, SIGSEGV) == (SEGV_ACCERR << 4 | 1));
	CLAIM(munmap(at, PAGE) == 0 && munmap(at + 2 * PAGE, PAGE) == 0);
}

/* Only part of it was written when a signal came: so many were. */
static void interrupted(void)
{
	static char data[17 * PAGE];
	const struct itimerspec soon = { .it_value = { 0, 2 * MS } };
	int pair[2] = { -1, -1 };
	timer_t timer;

	handle(SIGALRM, note, 0);
	CLAIM(pipe(pair) == 0 && write(pair[1], data, 16 * PAGE - 1) == 16 * PAGE - 1);
	CLAIM(timer_create(CLOCK_MONOTONIC, NULL, &timer) == 0 && timer_settime(timer, 0, &soon, NULL) == 0);
	CLAIM(write(pair[1], data, PAGE + 1) == 1);
	CLAIM(timer_settime(timer, 0, &soon, NULL) == 0);
	REFUSED(write(pair[1], data, 1), EINTR);
	CLAIM(close(pair[0]) == 0 && close(pair[1]) == 0 && timer_delete(timer) == 0);
}

/* A time that is given once and is short is kept: it does not wait as one that repeats. */
static void short_timer(void)
{
	int64_t best = INT64_MAX;
	siginfo_t info;
	sigset_t set;
	timer_t timer;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	CLAIM(sigprocmask(SIG_BLOCK, &set, NULL) == 0 && timer_create(CLOCK_MONOTONIC, NULL, &timer) == 0);
	for (int i = 0; i < 20; i++) {
		struct itimerspec soon = { .it_value = { 0, 100 } };
		int64_t begin = now_ns();

		CLAIM(timer_settime(timer, 0, &soon, NULL) == 0 && sigwaitinfo(&set, &info) == SIGALRM);
		if (now_ns() - begin < best)
			best = now_ns() - begin;
	}
	CLAIM(best < 20000 || getpid() != 1);
	CLAIM(timer_delete(timer) == 0 && sigprocmask(SIG_UNBLOCK, &set, NULL) == 0);
}

static int64_t cost_of_call(void)
{
	int64_t best = INT64_MAX;

	for (int turn = 0; turn < 9; turn++) {
		int64_t begin = now_ns();

		for (int i = 0; i < 200; i++)
			syscall(SYS_getppid);
		if (now_ns() - begin < best)
			best = now_ns() - begin;
	}
	return best;
}

/* Calls cost no more once a signal came, was blocked, or was forgotten. */
static void cost_stays(void)
{
	int64_t before = cost_of_call();
	sigset_t set;

	handle(SIGUSR1, note, 0);
	CLAIM(raise(SIGUSR1) == 0 && cost_of_call() * 4 < before * 5);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CLAIM(sigprocmask(SIG_BLOCK, &set, NULL) == 0 && raise(SIGUSR1) == 0 && cost_of_call() * 4 < before * 5);
	CLAIM(signal(SIGUSR1, SIG_IGN) == note && sigprocmask(SIG_UNBLOCK, &set, NULL) == 0 && cost_of_call() * 4 < before * 5);
}

/* Queues: a notice goes with any descriptor of the process that asked. Sockets: what musl would hide. */
static void descriptors(void)
{
	struct mq_attr attr = { .mq_maxmsg = 2, .mq_msgsize = 8 };
	struct sigevent event = { .sigev_notify = SIGEV_NONE };
	mqd_t queue = mq_open("/corner", O_CREAT | O_RDWR, 0600, &attr);
	char *far;
	static char data[(FAR + 1) * PAGE];
	struct stat is;
	off_t offset = 3;
	int pair[2];
	int fd;

	CLAIM(mq_notify(queue, &event) == 0 && (fd = dup(queue)) >= 0 && close(fd) == 0 && mq_notify(queue, &event) == 0);
	CLAIM(mq_unlink("/corner") == 0 && mq_close(queue) == 0);
	CLAIM((fd = (int)syscall(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	CLAIM((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0 && fstat(fd, &is) == 0 && S_ISSOCK(is.st_mode) && is.st_nlink == 1 && close(fd) == 0);
	REFUSED(syscall(SYS_socket, AF_UNIX, SOCK_STREAM | 0x100, 0), EINVAL);
	REFUSED(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM | 0x100, 0, pair), EINVAL);
	CLAIM(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0 && fcntl(pair[1], F_GETFD) == FD_CLOEXEC);
	REFUSED(syscall(SYS_accept4, pair[0], NULL, NULL, 0x100), EINVAL);
	REFUSED(poll(BAD, 1, -1), EFAULT);
	/* Where the place cannot be told nothing is moved. */
	fd = open("/tmp/far", O_RDWR | O_CREAT | O_TRUNC, 0600);
	CLAIM(write(fd, "0123456789", 10) == 10);
	REFUSED(sendfile(pair[0], fd, BAD, 5), EFAULT);
	REFUSED(recv(pair[1], data, 5, MSG_DONTWAIT), EAGAIN);
	REFUSED(syscall(SYS_copy_file_range, fd, BAD, fd, &(off_t){ 20 }, 5L, 0), EFAULT);
	REFUSED(syscall(SYS_copy_file_range, fd, &offset, fd, BAD, 5L, 0), EFAULT);
	CLAIM(fstat(fd, &is) == 0 && is.st_size == 10 && offset == 3 && close(pair[0]) == 0 && close(pair[1]) == 0);
	/* What is seen of a file far behind its beginning is read and written there, too. */
	CLAIM(ftruncate(fd, (FAR + 1) * PAGE) == 0);
	far = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, FAR * PAGE);
	far[9] = 'x';
	CLAIM(pread(fd, data, sizeof(data), 0) == (ssize_t)sizeof(data) && data[FAR * PAGE + 9] == 'x' && data[0] == '0');
	memset(data, 'y', sizeof(data));
	CLAIM(pwrite(fd, data, sizeof(data), 0) == (ssize_t)sizeof(data) && far[9] == 'y' && far[PAGE - 1] == 'y');
	CLAIM(munmap(far, PAGE) == 0 && close(fd) == 0 && unlink("/tmp/far") == 0);
}

static void advice(void)
{
	char *at = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *seen = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	memset(at, 1, 4 * PAGE);
	CLAIM(madvise(at, 2 * PAGE, MADV_FREE) == 0 && at[2 * PAGE] == 1 && madvise(at, PAGE, MADV_WILLNEED) == 0);
	REFUSED(madvise(seen, PAGE, MADV_FREE), EINVAL);
	REFUSED(madvise(at + 1, PAGE, MADV_FREE), EINVAL);
	REFUSED(madvise(at, PAGE, 99), EINVAL);
	CLAIM(madvise(at, 0, MADV_FREE) == 0 && munmap(at + PAGE, PAGE) == 0);
	REFUSED(madvise(at, 3 * PAGE, MADV_DONTNEED), ENOMEM);
	CLAIM(at[0] == 0 && at[2 * PAGE] == 0 && at[3 * PAGE] == 1); /* as far as there was something */
	CLAIM(munmap(at, 4 * PAGE) == 0 && munmap(seen, PAGE) == 0);
}

int main(void)
{
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cost_stays();
	everybody();
	handed_on();
	faults();
	interrupted();
	short_timer();
	descriptors();
	advice();
	return claims_end("corners");
}
