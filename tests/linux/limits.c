// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What may be asked for whom and what not: limits, names, signals that say who they are from, ranges of locks and of memory, entries of directories. */
#include "tests/linux/claims.h"
#include "tests/linux/load.h"

#include <fcntl.h>
#include <mqueue.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, NOBODY = 99999 };

#define BAD ((void *)16)

/* Files that are open, and the most that may be. Linux counts roughly, and what was closed may count for a while. */
static void files(void)
{
	long open_now, most;
	int fds[400];

	CLAIM(load("/proc/sys/fs/file-max"));
	most = number_behind("");
	CLAIM(most > 0 && load("/proc/sys/fs/file-nr") && (strrchr(text, '\t') != NULL && strtol(strrchr(text, '\t'), NULL, 10) == most));
	open_now = number_behind("");
	for (int i = 0; i < 400; i++)
		fds[i] = open("/", O_RDONLY | O_DIRECTORY);
	CLAIM(open_now >= 0 && load("/proc/sys/fs/file-nr") && number_behind("") > open_now + 200 && number_behind("") < open_now + 600);
	for (int i = 0; i < 400; i++)
		close(fds[i]);
}

static void limits(void)
{
	struct rlimit limit = { 0 };
	struct rlimit again = { 0 };

	CLAIM(syscall(SYS_prlimit64, getpid(), RLIMIT_CORE, NULL, &limit) == 0 && syscall(SYS_prlimit64, 0, RLIMIT_CORE, NULL, &again) == 0);
	CLAIM(memcmp(&limit, &again, sizeof(limit)) == 0);
	REFUSED(syscall(SYS_prlimit64, NOBODY, RLIMIT_CORE, NULL, &limit), ESRCH);
	REFUSED(syscall(SYS_prlimit64, 0, 16, NULL, &limit), EINVAL);
	CLAIM(syscall(SYS_getrlimit, RLIMIT_STACK, &limit) == 0 && limit.rlim_cur > 0 && getrlimit(RLIMIT_STACK, &again) == 0);
	CLAIM(memcmp(&limit, &again, sizeof(limit)) == 0);
	limit.rlim_cur = 1 << 20;
	CLAIM(syscall(SYS_setrlimit, RLIMIT_STACK, &limit) == 0 && getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur == 1 << 20);
	CLAIM(syscall(SYS_prlimit64, 0, RLIMIT_STACK, &again, &limit) == 0 && limit.rlim_cur == 1 << 20); /* what was before */
	REFUSED(syscall(SYS_getrlimit, RLIMIT_STACK, BAD), EFAULT);
	REFUSED(syscall(SYS_setrlimit, RLIMIT_STACK, BAD), EFAULT);
	limit = (struct rlimit){ 100, 100 };
	CLAIM(setrlimit(RLIMIT_RTPRIO, &limit) == 0 || getpid() != 1);
	limit.rlim_cur = 101;
	REFUSED(setrlimit(RLIMIT_RTPRIO, &limit), EINVAL);
}

static void machine(void)
{
	struct utsname name;

	memset(&name, 9, sizeof(name));
	CLAIM(uname(&name) == 0 && strcmp(name.sysname, "Linux") == 0 && strlen(name.nodename) > 0 && strlen(name.release) > 0 && strlen(name.version) > 0);
	CLAIM(strlen(name.machine) > 0 && strlen(name.domainname) > 0 && name.release[strlen(name.release) + 1] == 0);
	for (size_t i = strlen(name.sysname); i < sizeof(name.sysname); i++)
		CLAIM(name.sysname[i] == 0); /* nothing of the kernel's behind it */
}

static volatile siginfo_t told;
static volatile sig_atomic_t count;

static void take(int signal_, siginfo_t *info, void *context)
{
	(void)signal_;
	(void)context;
	told = *info;
	count++;
}

static void senders(void)
{
	struct sigaction action = { .sa_sigaction = take, .sa_flags = SA_SIGINFO };
	siginfo_t info = { .si_signo = 3, .si_code = SI_QUEUE };
	pid_t child;

	CLAIM(sigaction(SIGUSR1, &action, NULL) == 0);
	info.si_pid = 77;
	info.si_value.sival_int = 5;
	CLAIM(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &info) == 0 && count == 1 && told.si_signo == SIGUSR1 && told.si_code == SI_QUEUE);
	CLAIM(told.si_pid == 77 && told.si_value.sival_int == 5);
	CLAIM(syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), SIGUSR1, &info) == 0 && count == 2);
	CLAIM(syscall(SYS_rt_sigqueueinfo, getpid(), 0, &info) == 0 && syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), 0, &info) == 0 && count == 2);
	info.si_code = SI_USER; /* of itself one may say anything */
	CLAIM(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &info) == 0 && told.si_code == SI_USER && count == 3);
	info.si_code = SI_TKILL;
	CLAIM(syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), SIGUSR1, &info) == 0 && told.si_code == SI_TKILL && count == 4);
	child = fork();
	if (child == 0) {
		pause();
		_exit(1);
	}
	for (int code = -8; code < 3; code++) { /* of others not what the kernel says */
		info.si_code = code;
		if (code >= 0 || code == SI_TKILL) {
			REFUSED(syscall(SYS_rt_sigqueueinfo, child, 0, &info), EPERM);
			REFUSED(syscall(SYS_rt_tgsigqueueinfo, child, child, 0, &info), EPERM);
		} else {
			CLAIM(syscall(SYS_rt_sigqueueinfo, child, 0, &info) == 0 && syscall(SYS_rt_tgsigqueueinfo, child, child, 0, &info) == 0);
		}
	}
	info.si_code = SI_QUEUE;
	REFUSED(syscall(SYS_rt_sigqueueinfo, NOBODY, SIGUSR1, &info), ESRCH);
	REFUSED(syscall(SYS_rt_sigqueueinfo, child, 65, &info), EINVAL);
	REFUSED(syscall(SYS_rt_sigqueueinfo, child, SIGUSR1, BAD), EFAULT);
	REFUSED(syscall(SYS_rt_tgsigqueueinfo, NOBODY, NOBODY, SIGUSR1, &info), ESRCH);
	REFUSED(syscall(SYS_rt_tgsigqueueinfo, child, getpid(), SIGUSR1, &info), ESRCH);
	REFUSED(syscall(SYS_rt_tgsigqueueinfo, 0, child, SIGUSR1, &info), EINVAL);
	REFUSED(syscall(SYS_rt_tgsigqueueinfo, child, 0, SIGUSR1, &info), EINVAL);
	REFUSED(syscall(SYS_rt_tgsigqueueinfo, child, child, SIGUSR1, BAD), EFAULT);
	CLAIM(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
}

/* Whether another process could lock these bytes. */
static int is_free(int fd, off_t first, off_t bytes)
{
	struct flock range = { .l_type = F_WRLCK, .l_start = first, .l_len = bytes };
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(fcntl(fd, F_GETLK, &range) == 0 && range.l_type == F_UNLCK ? 1 : 0);
	CLAIM(waitpid(child, &status, 0) == child);
	return WEXITSTATUS(status);
}

static int lock(int fd, int type, off_t first, off_t bytes)
{
	struct flock range = { .l_type = (short)type, .l_start = first, .l_len = bytes };

	return fcntl(fd, F_SETLK, &range);
}

/* A range that is divided, shortened at either end, joined, and given back whole. */
static void ranges(void)
{
	struct flock range = { .l_type = F_WRLCK, .l_start = 0, .l_len = 0 };
	int status = 1;
	int fd = open("/tmp/ranges", O_RDWR | O_CREAT | O_TRUNC, 0600);
	pid_t child;

	CLAIM(lock(fd, F_WRLCK, 10, 20) == 0 && lock(fd, F_UNLCK, 15, 5) == 0);
	CLAIM(is_free(fd, 0, 10) && !is_free(fd, 10, 1) && !is_free(fd, 14, 1) && is_free(fd, 15, 5) && !is_free(fd, 20, 1) && !is_free(fd, 29, 1) && is_free(fd, 30, 0));
	CLAIM(lock(fd, F_UNLCK, 8, 4) == 0 && is_free(fd, 11, 1) && !is_free(fd, 12, 1) && lock(fd, F_UNLCK, 28, 5) == 0 && is_free(fd, 28, 1) && !is_free(fd, 27, 1));
	CLAIM(lock(fd, F_RDLCK, 13, 9) == 0 && lock(fd, F_UNLCK, 12, 1) == 0);
	child = fork();
	if (child == 0)
		_exit(lock(fd, F_RDLCK, 13, 9) != 0 || lock(fd, F_RDLCK, 22, 1) != -1 || lock(fd, F_WRLCK, 21, 1) != -1 || lock(fd, F_WRLCK, 28, 1) != 0);
	CLAIM(waitpid(child, &status, 0) == child && status == 0);
	CLAIM(lock(fd, F_WRLCK, 100, 0) == 0 && !is_free(fd, (off_t)1 << 40, 1) && is_free(fd, 99, 1) && lock(fd, F_UNLCK, 200, 0) == 0 && is_free(fd, 200, 0));
	range.l_start = 5;
	range.l_len = -2; /* backwards */
	CLAIM(fcntl(fd, F_SETLK, &range) == 0 && !is_free(fd, 3, 1) && !is_free(fd, 4, 1) && is_free(fd, 5, 1) && is_free(fd, 2, 1));
	child = fork(); /* who is told of, and what */
	if (child == 0) {
		range = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 4 };
		_exit(fcntl(fd, F_GETLK, &range) != 0 || range.l_type != F_WRLCK || range.l_start != 3 || range.l_len != 2 || range.l_pid != getppid() || range.l_whence != SEEK_SET);
	}
	CLAIM(waitpid(child, &status, 0) == child && status == 0);
	CLAIM(lock(fd, F_UNLCK, 0, 0) == 0 && is_free(fd, 0, 0) && lseek(fd, 50, SEEK_SET) == 50);
	range = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_start = 1, .l_len = 1 };
	CLAIM(fcntl(fd, F_SETLK, &range) == 0 && !is_free(fd, 51, 1) && is_free(fd, 50, 1) && is_free(fd, 52, 1) && ftruncate(fd, 70) == 0);
	range = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_END, .l_start = -1, .l_len = 1 };
	CLAIM(fcntl(fd, F_SETLK, &range) == 0 && !is_free(fd, 69, 1) && is_free(fd, 70, 1) && close(fd) == 0 && unlink("/tmp/ranges") == 0);
}

static int is_there(void *at)
{
	unsigned char there = 0;

	CLAIM(mincore(at, PAGE, &there) == 0);
	return there & 1;
}

static void memory(void)
{
	char *at = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CLAIM(madvise(at, PAGE, 22 /* POPULATE_READ */) == 0 && is_there(at) && !is_there(at + PAGE) && madvise(at + PAGE, PAGE, 23 /* POPULATE_WRITE */) == 0);
	CLAIM(is_there(at + PAGE) && !is_there(at + 2 * PAGE));
	REFUSED(madvise(at, PAGE, 99), EINVAL);
	CLAIM(mlock(at + 3 * PAGE + 100, PAGE - 100) == 0 && is_there(at + 3 * PAGE) && !is_there(at + 4 * PAGE));
	CLAIM(mlock(at + 4 * PAGE + 100, PAGE) == 0 && is_there(at + 4 * PAGE) && is_there(at + 5 * PAGE) && !is_there(at + 6 * PAGE));
	CLAIM(munlock(at + 4 * PAGE + 100, PAGE) == 0 && munmap(at + 7 * PAGE, PAGE) == 0);
	REFUSED(madvise(at + 6 * PAGE, 2 * PAGE, 22), ENOMEM);
	CLAIM(mprotect(at + 5 * PAGE, PAGE, PROT_READ) == 0);
	REFUSED(madvise(at + 5 * PAGE, PAGE, 23), EINVAL);
	CLAIM(mprotect(at + 5 * PAGE, PAGE, PROT_READ | PROT_WRITE) == 0 && is_there(at + 6 * PAGE) && madvise(at + 6 * PAGE, PAGE, MADV_DONTNEED) == 0 && !is_there(at + 6 * PAGE));
	REFUSED(mlock(at + 6 * PAGE + 1, PAGE), ENOMEM);
	REFUSED(munlock(at + 6 * PAGE + 1, PAGE), ENOMEM);
	CLAIM(mlock(at + 6 * PAGE, PAGE) == 0 && syscall(SYS_mlock2, at, PAGE, 1) == 0);
	REFUSED(syscall(SYS_mlock2, at, PAGE, 2), EINVAL);
	CLAIM(syscall(SYS_mlockall, 1, 8) == 0 && munlockall() == 0);
	REFUSED(mlockall(0), EINVAL);
	REFUSED(mlockall(8), EINVAL);
	REFUSED(mlockall(4), EINVAL);
	/* Who has not what, or has it empty, after a fork. */
	CLAIM(madvise(at, PAGE, MADV_DONTFORK) == 0 && madvise(at + PAGE, PAGE, MADV_WIPEONFORK) == 0 && madvise(at + 3 * PAGE, PAGE, MADV_DONTFORK) == 0);
	at[PAGE] = at[2 * PAGE] = at[3 * PAGE] = 6;
	CLAIM(madvise(at + 3 * PAGE, PAGE, MADV_DOFORK) == 0);
	if (fork() == 0)
		_exit(mincore(at, PAGE, &(unsigned char){ 0 }) == 0 || at[PAGE] != 0 || at[2 * PAGE] != 6 || at[3 * PAGE] != 6);
	int status = 1;
	CLAIM(wait(&status) > 0 && status == 0 && at[PAGE] == 6 && munmap(at, 7 * PAGE) == 0);
}

/* Entries are as long as their names need, to eight bytes, and fit exactly. */
static void entries(void)
{
	struct entry {
		uint64_t id;
		int64_t next;
		unsigned short bytes;
		unsigned char type;
		char name[];
	};
	char all[512] __attribute__((aligned(8)));
	int found = 0;
	long bytes;
	int fd = -1;
	int file;

	CLAIM(mkdir("/tmp/entries", 0700) == 0 && close(open("/tmp/entries/four", O_CREAT | O_RDWR, 0600)) == 0);
	CLAIM(close(open("/tmp/entries/fivee", O_CREAT | O_RDWR, 0600)) == 0 && (fd = open("/tmp/entries", O_RDONLY)) >= 0);
	bytes = syscall(SYS_getdents64, fd, all, sizeof(all));
	CLAIM(bytes == 24 + 24 + 24 + 32);
	for (long at = 0; at < bytes; at += ((struct entry *)(void *)(all + at))->bytes) {
		struct entry *entry = (struct entry *)(void *)(all + at);

		found |= strcmp(entry->name, "four") == 0 && entry->bytes == 24 && entry->type == 8 ? 1 : 0;
		found |= strcmp(entry->name, "fivee") == 0 && entry->bytes == 32 && entry->type == 8 ? 2 : 0;
		found |= strcmp(entry->name, ".") == 0 && entry->bytes == 24 && entry->type == 4 ? 4 : 0;
	}
	CLAIM(found == 7 && syscall(SYS_getdents64, fd, all, sizeof(all)) == 0 && lseek(fd, 0, SEEK_SET) == 0 && syscall(SYS_getdents64, fd, all, 24) == 24);
	REFUSED(syscall(SYS_getdents64, fd, all, 23), EINVAL);
	REFUSED(syscall(SYS_getdents64, 1000, all, sizeof(all)), EBADF);
	CLAIM((file = open("/tmp/no directory", O_CREAT | O_WRONLY, 0600)) >= 0 && unlink("/tmp/no directory") == 0);
	REFUSED(syscall(SYS_getdents64, file, all, sizeof(all)), ENOTDIR); /* which comes before that it cannot be read */
	CLAIM(close(file) == 0);
	CLAIM(close(fd) == 0 && unlink("/tmp/entries/four") == 0 && unlink("/tmp/entries/fivee") == 0 && rmdir("/tmp/entries") == 0);
}

static void queues(void)
{
	struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = 1 };
	mqd_t queue = mq_open("/one", O_CREAT | O_RDWR | O_NONBLOCK, 0600, &attr);

	CLAIM(queue >= 0 && mq_send(queue, "x", 1, 0) == 0);
	REFUSED(mq_send(queue, "x", 1, 0), EAGAIN);
	CLAIM(mq_close(queue) == 0 && mq_unlink("/one") == 0);
	for (int i = 0; i < 4; i++) {
		attr.mq_maxmsg = i == 0 ? 0 : i == 1 ? 1 << 30 : 1;
		attr.mq_msgsize = i == 2 ? 0 : i == 3 ? 1 << 30 : 1;
		REFUSED(mq_open("/one", O_CREAT | O_RDWR, 0600, &attr), EINVAL);
	}
}

int main(void)
{
	files();
	limits();
	machine();
	senders();
	ranges();
	memory();
	entries();
	queues();
	return claims_end("limits");
}
