// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What can be seen of descriptors by whom: through /proc, by select and poll, by what is sent along, and what a moved or a mounted thing leaves to be seen. */
#include "tests/linux/claims.h"
#include "tests/linux/load.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, PORT = 8381, HIGH = 70, MANY = 1024, RESIDENT_SLACK = 200 };

#define BAD ((void *)16)

static int ready(int fd, short events)
{
	struct pollfd wanted = { .fd = fd, .events = events };

	return poll(&wanted, 1, 0) < 0 ? -1 : wanted.revents;
}

/* A descriptor that may only be told of is one all the same; and one through /proc is the same thing. */
static void by_descriptor(void)
{
	char *words[] = { "views", "leave", NULL };
	char path[64];
	struct stat is, other;
	int status = 0;
	int pair[2];
	int fd;
	pid_t child;

	CLAIM((fd = open("/tmp/view", O_WRONLY | O_CREAT, 0640)) >= 0 && fstat(fd, &is) == 0 && S_ISREG(is.st_mode) && close(fd) == 0);
	CLAIM((fd = open("/tmp/view", O_PATH)) >= 0 && fstat(fd, &other) == 0 && other.st_ino == is.st_ino && (other.st_mode & 0777) == 0640);
	REFUSED(read(fd, text, 1), EBADF);
	REFUSED(write(fd, text, 1), EBADF);
	CLAIM(close(fd) == 0 && unlink("/tmp/view") == 0);
	child = fork();
	if (child == 0) {
		fd = open("/proc/self/exe", O_PATH);
		syscall(SYS_execveat, fd, "", words, environ, AT_EMPTY_PATH);
		_exit(99);
	}
	CLAIM(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 7);
	CLAIM(pipe(pair) == 0 && snprintf(path, sizeof(path), "/proc/self/fd/%d", pair[0]) > 0 && (fd = open(path, O_RDONLY)) >= 0);
	CLAIM(write(pair[1], "ab", 2) == 2 && read(fd, text, 1) == 1 && text[0] == 'a' && read(pair[0], text, 9) == 1 && text[0] == 'b');
	CLAIM(close(fd) == 0 && close(pair[0]) == 0 && close(pair[1]) == 0);
	/* Who opened a named pipe for both is its reader and its writer. */
	CLAIM(mkfifo("/tmp/both", 0600) == 0 && (fd = open("/tmp/both", O_RDWR)) >= 0 && ready(fd, POLLIN | POLLOUT) == POLLOUT);
	CLAIM(write(fd, "x", 1) == 1 && ready(fd, POLLIN | POLLOUT) == (POLLIN | POLLOUT) && (pair[0] = open("/tmp/both", O_RDONLY | O_NONBLOCK)) >= 0);
	CLAIM(close(pair[0]) == 0 && ready(fd, POLLIN | POLLOUT) == (POLLIN | POLLOUT) && close(fd) == 0 && unlink("/tmp/both") == 0);
}

static void selected(void)
{
	struct timespec none = { 0, 0 };
	fd_set in, out;
	int pair[2];

	CLAIM(pipe(pair) == 0 && dup2(pair[0], HIGH) == HIGH && dup2(pair[1], HIGH + 1) == HIGH + 1 && write(pair[1], "x", 1) == 1);
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(HIGH, &in);
	FD_SET(pair[0], &in);
	FD_SET(HIGH + 1, &out);
	FD_SET(1, &out);
	CLAIM(pselect(HIGH + 2, &in, &out, NULL, &none, NULL) == 4 && FD_ISSET(HIGH, &in) && FD_ISSET(pair[0], &in) && FD_ISSET(HIGH + 1, &out) && FD_ISSET(1, &out));
	CLAIM(pselect(HIGH + 1, &in, &out, NULL, &none, NULL) == 3 && FD_ISSET(HIGH, &in) && FD_ISSET(1, &out));
	CLAIM(read(HIGH, text, 9) == 1 && pselect(HIGH + 1, &in, NULL, NULL, &none, NULL) == 0 && !FD_ISSET(HIGH, &in) && !FD_ISSET(pair[0], &in));
	CLAIM(pselect(0, NULL, NULL, NULL, &none, NULL) == 0 && syscall(SYS_pselect6, 5000, NULL, NULL, NULL, &none, NULL) == 0);
	REFUSED(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &none, BAD), EFAULT);
	REFUSED(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &none, ((uintptr_t[2]){ 16, 8 })), EFAULT);
	REFUSED(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &none, ((uintptr_t[2]){ (uintptr_t)text, 4 })), EINVAL);
	CLAIM(close(HIGH) == 0 && close(HIGH + 1) == 0 && close(pair[0]) == 0);
	FD_ZERO(&out);
	FD_SET(pair[1], &out);
	CLAIM(pselect(pair[1] + 1, NULL, &out, NULL, &none, NULL) == 1 && FD_ISSET(pair[1], &out) && close(pair[1]) == 0); /* to be told of its end */
}

/* Several descriptors at once, in their order; those that there is no room for are lost, and that is told. */
static void sent_along(void)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(3 * sizeof(int))];
	} control = { .header = { .cmsg_len = CMSG_LEN(3 * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
	struct sockaddr_un from;
	struct iovec byte = { text, 1 };
	struct msghdr message = { .msg_iov = &byte, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	int three[3], ends[3][2], pair[2];

	CLAIM(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	for (int i = 0; i < 3; i++) {
		CLAIM(pipe2(ends[i], O_NONBLOCK) == 0);
		three[i] = ends[i][1];
	}
	for (int turn = 0; turn < 2; turn++) {
		int room = turn == 0 ? 3 : 1;

		control.header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(3 * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(&control.header), three, sizeof(three));
		message.msg_controllen = sizeof(control);
		message.msg_name = NULL;
		message.msg_namelen = 0;
		CLAIM(sendmsg(pair[0], &message, 0) == 1);
		memset(&control, 0, sizeof(control));
		message.msg_name = &from;
		message.msg_namelen = sizeof(from);
		message.msg_controllen = CMSG_LEN((size_t)room * sizeof(int));
		CLAIM(recvmsg(pair[1], &message, 0) == 1 && message.msg_namelen == 0 && message.msg_flags == (turn == 0 ? 0 : MSG_CTRUNC));
		CLAIM(control.header.cmsg_len == CMSG_LEN((size_t)room * sizeof(int)) && control.header.cmsg_level == SOL_SOCKET && control.header.cmsg_type == SCM_RIGHTS);
		memcpy(three, CMSG_DATA(&control.header), (size_t)room * sizeof(int));
		for (int i = 0; i < room; i++) {
			CLAIM(write(three[i], &"abc"[i], 1) == 1 && read(ends[i][0], text, 9) == 1 && text[0] == "abc"[i] && close(three[i]) == 0);
			three[i] = ends[i][1];
		}
	}
	for (int i = 0; i < 3; i++)
		CLAIM(close(ends[i][1]) == 0 && read(ends[i][0], text, 1) == 0 && close(ends[i][0]) == 0);
	CLAIM(close(pair[0]) == 0 && close(pair[1]) == 0);
}

static void connected(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int client = socket(AF_INET, SOCK_STREAM, 0);
	int one = 1;
	int fd = -1;

	CLAIM(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, 4) == 0 && bind(listener, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(listener, 1) == 0);
	CLAIM(ready(listener, POLLIN | POLLOUT) == 0 && connect(client, (struct sockaddr *)&at, sizeof(at)) == 0 && (fd = accept(listener, NULL, NULL)) >= 0);
	CLAIM(ready(client, POLLIN | POLLOUT) == POLLOUT && ready(fd, POLLOUT | POLLWRNORM) == (POLLOUT | POLLWRNORM) && ready(listener, POLLIN) == 0);
	CLAIM(write(client, "x", 1) == 1 && poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 1000) == 1 && ready(fd, POLLIN | POLLOUT) == (POLLIN | POLLOUT));
	CLAIM(close(fd) == 0 && close(client) == 0 && close(listener) == 0);
}

static void moved(void)
{
	char *at = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *to;

	at[PAGE] = 5;
	CLAIM(mremap(at + PAGE, PAGE, PAGE, MREMAP_DONTUNMAP) == MAP_FAILED && errno == EINVAL);
	CLAIM(mremap(at + PAGE, PAGE, 2 * PAGE, MREMAP_DONTUNMAP | MREMAP_MAYMOVE, NULL) == MAP_FAILED && errno == EINVAL);
	CLAIM((to = mremap(at + PAGE, PAGE, PAGE, MREMAP_DONTUNMAP | MREMAP_MAYMOVE, NULL)) != MAP_FAILED && to != at + PAGE && to[0] == 5 && at[PAGE] == 0);
	CLAIM(mremap(at, (size_t)-PAGE, PAGE, MREMAP_MAYMOVE) == MAP_FAILED && mremap(at, PAGE, (size_t)1 << 62, MREMAP_MAYMOVE) == MAP_FAILED);
	CLAIM(munmap(to, PAGE) == 0 && munmap(at, 3 * PAGE) == 0);
}

static void told(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct rlimit limit;
	long size = 0, resident = 0;
	char name[16];
	char wanted[16];

	CLAIM(prctl(PR_GET_NAME, name) == 0 && prctl(PR_SET_NAME, "") == 0 && prctl(PR_GET_NAME, text) == 0 && text[0] == 0 && prctl(PR_SET_NAME, name) == 0);
	REFUSED(prctl(PR_SET_NAME, BAD), EFAULT);
	CLAIM(load("/proc/self/statm") && sscanf(text, "%ld %ld", &size, &resident) == 2 && resident > 0 && resident <= size);
	CLAIM(load("/proc/meminfo") && number_behind("MemFree:") <= number_behind("MemTotal:") && number_behind("MemFree:") > 0);
	if (getpid() != 1)
		return; /* what follows is of this kernel */
	CLAIM(number_behind("Committed_AS:") == number_behind("MemTotal:") - number_behind("MemFree:") && number_behind("CommitLimit:") == number_behind("MemTotal:"));
	CLAIM(snprintf(wanted, sizeof(wanted), cpus > 1 ? "0-%ld\n" : "0\n", cpus - 1) > 0 && load("/sys/devices/system/cpu/online") && strcmp(text, wanted) == 0);
	CLAIM(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == 1024 && limit.rlim_max == 16000);
	CLAIM(load("/proc/mounts") && strncmp(text, "app / ramfs ro,nodev,noatime 0 0\n", 33) == 0 && strstr(text, "\ntmp /tmp tmpfs rw,nosuid,nodev,noatime 0 0\n") != NULL);
	CLAIM(strstr(text, "\nsys /sys/rumpk ramfs ro,nosuid,nodev,noexec,noatime 0 0\n") != NULL && strstr(text, "\nlinux /proc proc ") != NULL);
}

/* Pages that the process has, as it says itself. */
static long resident(void)
{
	long pages = 0;

	return load("/proc/self/statm") && sscanf(text, "%*d %ld", &pages) == 1 ? pages : -1;
}

/* `pages` more than before, give or take what Linux counts later. */
static int is_more(long before, long pages)
{
	long more = resident() - before;

	return more > pages - RESIDENT_SLACK && more < pages + RESIDENT_SLACK;
}

/* What a process touches, gives back, moves and inherits is told of it. */
static void counted(void)
{
	long before = resident();
	volatile char *area = mmap(NULL, 2 * MANY * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int status = 0;
	pid_t child;

	CLAIM(area != MAP_FAILED && is_more(before, 0));
	for (int i = 0; i < MANY; i++)
		area[i * PAGE] = 1;
	CLAIM(is_more(before, MANY));
	child = fork();
	if (child == 0) {
		for (int i = 0; i < MANY; i++)
			area[i * PAGE] = 2; /* copied, none more */
		_exit(!is_more(before, MANY));
	}
	CLAIM(child > 0 && waitpid(child, &status, 0) == child && status == 0);
	CLAIM(mremap((void *)area, MANY * PAGE, MANY * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)(area + MANY * PAGE)) == area + MANY * PAGE);
	CLAIM(is_more(before, MANY));
	CLAIM(madvise((void *)(area + MANY * PAGE), MANY / 2 * PAGE, MADV_DONTNEED) == 0 && is_more(before, MANY / 2));
	CLAIM(munmap((void *)area, 2 * MANY * PAGE) == 0 && is_more(before, 0));
}

/* The terminal's group is one of its session. */
static void foreground(void)
{
	volatile int *step = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int group = 0;
	pid_t child;

	if (ioctl(1, TIOCGPGRP, &group) != 0 || group != getpgrp())
		return;
	child = fork();
	if (child == 0) {
		setsid();
		*step = 1;
		while (*step == 1)
			usleep(500);
		_exit(0);
	}
	while (*step == 0)
		usleep(500);
	REFUSED(ioctl(1, TIOCSPGRP, &child), EPERM);
	REFUSED(ioctl(1, TIOCSPGRP, BAD), EFAULT);
	REFUSED(ioctl(1, TIOCSPGRP, &(int){ -5 }), EINVAL);
	*step = 2;
	CLAIM(waitpid(child, NULL, 0) == child && ioctl(1, TIOCGPGRP, &group) == 0 && group == getpgrp() && ioctl(1, TIOCSPGRP, &group) == 0);
	CLAIM(munmap((void *)step, PAGE) == 0);
}

/* A set of signals as /proc/<pid>/status has it by `name`, below the real-time ones: libraries catch some of these. */
static uint64_t set_of(pid_t pid, const char *name)
{
	char path[64];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	at = load(path) ? strstr(text, name) : NULL;
	CLAIM(at != NULL && at[strlen(name)] == ':');
	return at != NULL ? strtoull(at + strlen(name) + 1, NULL, 16) & INT32_MAX : 0;
}

static void nothing(int signal)
{
	(void)signal;
}

/* What a process does about signals, and which of them wait, others may see. */
static void signals_told(void)
{
	struct rlimit limit = { 0, 0 };
	pid_t self = getpid();
	unsigned long told = 0;
	unsigned queued = 0;
	sigset_t set;
	pid_t child;

	CLAIM(sigemptyset(&set) == 0 && sigaddset(&set, SIGUSR1) == 0 && sigaddset(&set, SIGUSR2) == 0 && sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	CLAIM(signal(SIGHUP, SIG_IGN) == SIG_DFL && signal(SIGTERM, nothing) == SIG_DFL && signal(SIGURG, nothing) == SIG_DFL);
	CLAIM(set_of(self, "SigPnd") == 0 && set_of(self, "ShdPnd") == 0);
	CLAIM(kill(self, SIGUSR2) == 0 && syscall(SYS_tgkill, self, self, SIGUSR1) == 0);
	CLAIM(set_of(self, "SigPnd") == 1 << (SIGUSR1 - 1) && set_of(self, "ShdPnd") == 1 << (SIGUSR2 - 1));
	CLAIM(set_of(self, "SigBlk") == (1 << (SIGUSR1 - 1) | 1 << (SIGUSR2 - 1)));
	CLAIM(set_of(self, "SigIgn") == 1 << (SIGHUP - 1) && set_of(self, "SigCgt") == (1 << (SIGTERM - 1) | 1 << (SIGURG - 1)));
	CLAIM(getrlimit(RLIMIT_SIGPENDING, &limit) == 0 && load("/proc/self/status") && strstr(text, "SigQ:") != NULL);
	CLAIM(sscanf(strstr(text, "\nSigQ:"), "\nSigQ:\t%u/%lu\n", &queued, &told) == 2 && queued > 0 && told == limit.rlim_cur);
	CLAIM(sigwaitinfo(&set, NULL) > 0 && sigwaitinfo(&set, NULL) > 0 && set_of(self, "SigPnd") == 0 && set_of(self, "ShdPnd") == 0);
	child = fork();
	if (child == 0)
		_exit(signal(SIGTERM, SIG_IGN) == SIG_ERR || kill(getpid(), SIGSTOP) != 0);
	CLAIM(waitpid(child, NULL, WUNTRACED) == child && set_of(child, "SigCgt") == 1 << (SIGURG - 1));
	CLAIM(set_of(child, "SigIgn") == (1 << (SIGHUP - 1) | 1 << (SIGTERM - 1)) && kill(child, SIGTERM) == 0 && set_of(child, "ShdPnd") == 0);
	CLAIM(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
}

/* What /proc/<pid>/fdinfo tells of a descriptor, by the word that begins its line; -1: nothing. */
static long info_of(pid_t pid, int fd, const char *word)
{
	char path[64];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, fd);
	at = load(path) ? strstr(text, word) : NULL;
	return at != NULL ? strtol(at + strlen(word), NULL, 0) : -1;
}

static void positions(void)
{
	struct stat is;
	long mount = 0;
	int fd = open("/tmp/view", O_RDWR | O_CREAT | O_CLOEXEC | O_APPEND, 0600);
	int other, status = 0;
	int pair[2];
	char *line = NULL;
	pid_t child;

	CLAIM(fd >= 0 && write(fd, "four", 4) == 4 && info_of(getpid(), fd, "pos:") == 4 && fstat(fd, &is) == 0 && info_of(getpid(), fd, "ino:") == (long)is.st_ino);
	CLAIM(info_of(getpid(), fd, "flags:") == (fcntl(fd, F_GETFL) | O_CLOEXEC));
	CLAIM((other = dup(fd)) >= 0 && lseek(fd, 1, SEEK_SET) == 1 && info_of(getpid(), other, "pos:") == 1);
	CLAIM(info_of(getpid(), other, "flags:") == fcntl(fd, F_GETFL) && close(other) == 0);
	CLAIM((mount = info_of(getpid(), fd, "mnt_id:")) > 0);
	CLAIM(close(fd) == 0 && unlink("/tmp/view") == 0 && info_of(getpid(), fd, "pos:") == -1);
	CLAIM(load("/proc/self/mountinfo") && (line = strstr(text, " / /tmp ")) != NULL);
	while (line != NULL && line > text && line[-1] != '\n')
		line--;
	CLAIM(line != NULL && strtol(line, NULL, 10) == mount);
	CLAIM(pipe(pair) == 0 && info_of(getpid(), pair[0], "pos:") == 0 && info_of(getpid(), pair[1], "flags:") == O_WRONLY);
	child = fork();
	if (child == 0)
		_exit(close(pair[1]) != 0 || read(pair[0], text, 1) != 1 || info_of(getppid(), pair[1], "flags:") != O_WRONLY ||
		      info_of(getpid(), pair[1], "pos:") != -1 || setuid(1000) != 0 || info_of(getppid(), pair[1], "pos:") != -1);
	CLAIM(info_of(child, pair[0], "pos:") == 0 && write(pair[1], "x", 1) == 1 && waitpid(child, &status, 0) == child && status == 0);
	CLAIM(info_of(child, pair[0], "pos:") == -1 && close(pair[0]) == 0 && close(pair[1]) == 0);
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc == 2)
		return 7;
	by_descriptor();
	selected();
	sent_along();
	connected();
	moved();
	told();
	counted();
	foreground();
	claims_apart(signals_told);
	positions();
	return claims_end("views");
}
