// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Pipes and sockets that have names in a directory, signals that are read, and what a program was called with. */
#include "tests/linux/claims.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int ready(int fd, short events)
{
	struct pollfd wanted = { .fd = fd, .events = events };

	return poll(&wanted, 1, 0) < 0 ? -1 : wanted.revents;
}

static void *writes(void *arg)
{
	int fd = open(arg, O_WRONLY); /* until somebody reads */

	CLAIM(fd >= 0 && write(fd, "hello", 5) == 5 && close(fd) == 0);
	return NULL;
}

static volatile sig_atomic_t alarms;

static void alarmed(int signal_)
{
	(void)signal_;
	alarms++;
}

static void named_pipes(void)
{
	struct sigaction action = { .sa_handler = alarmed };
	char path[] = "/tmp/fifo";
	pthread_t writer;
	struct stat stat_;
	char got[8];
	int fd;
	int other;

	CLAIM(mkfifo(path, 0640) == 0 && stat(path, &stat_) == 0 && S_ISFIFO(stat_.st_mode) && (stat_.st_mode & 0777) == 0640);
	REFUSED(mkfifo(path, 0600), EEXIST);
	REFUSED(open(path, O_WRONLY | O_NONBLOCK), ENXIO);
	CLAIM((fd = open(path, O_RDONLY | O_NONBLOCK)) >= 0 && read(fd, got, 1) == 0 && ready(fd, POLLIN) == 0);
	CLAIM((other = open(path, O_WRONLY | O_NONBLOCK)) >= 0 && write(other, "ab", 2) == 2 && read(fd, got, 8) == 2 && got[1] == 'b');
	REFUSED(read(fd, got, 1), EAGAIN);
	CLAIM(close(other) == 0 && read(fd, got, 1) == 0 && (ready(fd, POLLIN) & POLLHUP) != 0 && close(fd) == 0);
	CLAIM(pthread_create(&writer, NULL, writes, path) == 0 && (fd = open(path, O_RDONLY)) >= 0);
	CLAIM(read(fd, got, 8) == 5 && memcmp(got, "hello", 5) == 0 && read(fd, got, 8) == 0 && pthread_join(writer, NULL) == 0 && close(fd) == 0);
	CLAIM((fd = open(path, O_RDWR)) >= 0 && write(fd, "x", 1) == 1 && read(fd, got, 8) == 1 && close(fd) == 0);
	CLAIM(sigaction(SIGALRM, &action, NULL) == 0);
	alarm(1);
	REFUSED(open(path, O_RDONLY), EINTR);
	CLAIM(alarms == 1 && rename(path, "/tmp/fifo2") == 0 && unlink("/tmp/fifo2") == 0);
	REFUSED(open(path, O_RDONLY), ENOENT);
}

/* Whether what is open and what its name leads to are one file: programs that copy look whether it was replaced meanwhile. */
static int is_that(int fd, const char *path)
{
	char link[32], got[64] = "";
	struct stat open_, named;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return fstat(fd, &open_) == 0 && stat(path, &named) == 0 && open_.st_dev == named.st_dev && open_.st_ino == named.st_ino &&
	       open_.st_mode == named.st_mode && readlink(link, got, sizeof(got) - 1) == (ssize_t)strlen(path) && strcmp(got, path) == 0;
}

static void opened_by_names(void)
{
	static const char *const texts[] = { "/proc/version", "/proc/sys/kernel/ostype" };
	char path[32];
	struct stat stat_;
	int fd = -1;

	CLAIM(mkfifo("/tmp/told", 0640) == 0 && (fd = open("/tmp/told", O_RDWR)) >= 0 && is_that(fd, "/tmp/told"));
	CLAIM(fchmod(fd, 0604) == 0 && fchown(fd, 5, 6) == 0 && is_that(fd, "/tmp/told"));
	CLAIM(fstat(fd, &stat_) == 0 && (stat_.st_mode & 0777) == 0604 && stat_.st_uid == 5 && stat_.st_gid == 6);
	CLAIM(unlink("/tmp/told") == 0 && fstat(fd, &stat_) == 0 && S_ISFIFO(stat_.st_mode) && stat_.st_nlink == 0 && close(fd) == 0);
	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		CLAIM((fd = open(texts[i], O_RDONLY)) >= 0 && is_that(fd, texts[i]) && close(fd) == 0);
	snprintf(path, sizeof(path), "/proc/%d/status", getpid());
	CLAIM((fd = open(path, O_RDONLY)) >= 0 && is_that(fd, path) && close(fd) == 0);
}

enum { MEETINGS = 200 };

static pthread_barrier_t both;

/* Opens its end and closes it at once, now before the other, now after it. */
static void meet(const char *path, int flags, int late)
{
	for (int round = 0; round < MEETINGS; round++) {
		int fd;

		pthread_barrier_wait(&both);
		if (round % 2 == late)
			usleep(200); /* the other one sleeps by then */
		fd = open(path, flags);
		CLAIM(fd >= 0 && close(fd) == 0);
	}
}

static void *meets(void *arg)
{
	meet(arg, O_WRONLY, 0);
	return NULL;
}

/* Who has opened the other end before, and is gone by now, was there. */
static void meetings(void)
{
	char path[] = "/tmp/meeting";
	pthread_t writer;

	CLAIM(mkfifo(path, 0600) == 0 && pthread_barrier_init(&both, NULL, 2) == 0 && pthread_create(&writer, NULL, meets, path) == 0);
	meet(path, O_RDONLY, 1);
	CLAIM(pthread_join(writer, NULL) == 0 && unlink(path) == 0);
}

static void named_sockets(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "/tmp/socket" };
	struct sockaddr_un told;
	socklen_t bytes = sizeof(told);
	struct dirent *entry;
	struct stat stat_;
	DIR *folder;
	int found = 0;
	int count = 9;
	int pair[2] = { -1, -1 };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	CLAIM(bind(fd, (struct sockaddr *)&name, sizeof(name)) == 0 && stat(name.sun_path, &stat_) == 0 && S_ISSOCK(stat_.st_mode));
	CLAIM(getsockname(fd, (struct sockaddr *)&told, &bytes) == 0 && bytes == 2 + sizeof("/tmp/socket") && strcmp(told.sun_path, name.sun_path) == 0);
	REFUSED(open(name.sun_path, O_RDWR), ENXIO);
	folder = opendir("/tmp");
	while (folder != NULL && (entry = readdir(folder)) != NULL)
		found |= strcmp(entry->d_name, "socket") == 0 && entry->d_type == DT_SOCK;
	CLAIM(found && closedir(folder) == 0);
	CLAIM(listen(fd, 1) == 0 && (pair[0] = socket(AF_UNIX, SOCK_STREAM, 0)) >= 0 && connect(pair[0], (struct sockaddr *)&name, sizeof(name)) == 0);
	CLAIM((pair[1] = accept(fd, NULL, NULL)) >= 0 && write(pair[0], "abc", 3) == 3 && ioctl(pair[1], FIONREAD, &count) == 0 && count == 3);
	CLAIM(close(pair[1]) == 0 && unlink(name.sun_path) == 0 && close(fd) == 0);
	REFUSED(read(pair[0], &told, 1), ECONNRESET); /* it went with something unread */
	CLAIM(read(pair[0], &told, 1) == 0 && close(pair[0]) == 0);
}

static void *sends(void *arg)
{
	(void)arg;
	usleep(10000);
	CLAIM(kill(getpid(), SIGUSR1) == 0);
	return NULL;
}

static void signals_read(void)
{
	struct signalfd_siginfo told[2];
	struct epoll_event event = { .events = EPOLLIN };
	int status = 0;
	pthread_t sender;
	sigset_t set;
	pid_t child;
	int epoll = -1;
	int fd = -1;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGCHLD);
	CLAIM(sigprocmask(SIG_BLOCK, &set, NULL) == 0 && (fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC)) >= 0 && ready(fd, POLLIN) == 0);
	REFUSED(read(fd, told, sizeof(told)), EAGAIN);
	REFUSED(read(fd, told, sizeof(told[0]) - 1), EINVAL);
	REFUSED(signalfd(0, &set, 0), EINVAL);
	CLAIM(raise(SIGUSR1) == 0 && ready(fd, POLLIN) == POLLIN && read(fd, told, sizeof(told)) == sizeof(told[0]));
	CLAIM(told[0].ssi_signo == SIGUSR1 && told[0].ssi_pid == (uint32_t)getpid() && ready(fd, POLLIN) == 0);
	CLAIM((epoll = epoll_create1(0)) >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0 && epoll_wait(epoll, &event, 1, 0) == 0);
	CLAIM(pthread_create(&sender, NULL, sends, NULL) == 0 && epoll_wait(epoll, &event, 1, 5000) == 1 && pthread_join(sender, NULL) == 0);
	CLAIM(read(fd, told, sizeof(told)) == sizeof(told[0]) && epoll_wait(epoll, &event, 1, 0) == 0 && close(epoll) == 0);
	child = fork();
	if (child == 0)
		_exit(7);
	CLAIM(fcntl(fd, F_SETFL, 0) == 0 && read(fd, told, sizeof(told)) == sizeof(told[0]) && told[0].ssi_signo == SIGCHLD);
	CLAIM(told[0].ssi_pid == (uint32_t)child && told[0].ssi_status == 7 && waitpid(child, &status, 0) == child);
	sigdelset(&set, SIGUSR1);
	CLAIM(signalfd(fd, &set, 0) == fd && raise(SIGUSR1) == 0 && ready(fd, POLLIN) == 0 && close(fd) == 0);
}

static int says(const char *path, const char *what, size_t bytes)
{
	char text[256];
	int fd = open(path, O_RDONLY);
	ssize_t got = read(fd, text, sizeof(text));

	return close(fd) == 0 && got == (ssize_t)bytes && memcmp(text, what, bytes) == 0;
}

/* A program that was called so finds it in /proc, its child too, and so does who looks at it from outside. */
static void called(void)
{
	static const char words[] = "one\0two words\0";
	char *arguments[] = { "one", "two words", NULL };
	char *environment[] = { "A=b", NULL };
	char path[64];
	int status = 0;
	int pair[2] = { -1, -1 };
	pid_t child;

	CLAIM(pipe(pair) == 0);
	child = fork();
	if (child == 0) {
		dup2(pair[0], 0);
		close(pair[0]);
		close(pair[1]);
		execve("/proc/self/exe", arguments, environment);
		_exit(1);
	}
	close(pair[0]);
	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)child);
	for (int i = 0; i < 2000 && !says(path, words, sizeof(words) - 1); i++)
		usleep(1000);
	CLAIM(says(path, words, sizeof(words) - 1) && close(pair[1]) == 0 && waitpid(child, &status, 0) == child && status == 0);
}

static int was_called(void)
{
	char byte;
	int status = 1;
	pid_t child = fork();

	if (child == 0)
		_exit(!says("/proc/self/cmdline", "one\0two words\0", 14) || !says("/proc/self/environ", "A=b\0", 4));
	return waitpid(child, &status, 0) != child || status != 0 || read(0, &byte, 1) != 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[0], "one") == 0)
		return was_called();
	named_pipes();
	opened_by_names();
	meetings();
	called();
	named_sockets();
	signals_read();
	return claims_end("named");
}
