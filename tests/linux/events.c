// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Pipes, and waiting for several things: poll, select, epoll, eventfd, timerfd. */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BULK = 1 << 20, TURNS = 2000 };

static int ready(int fd, short events)
{
	struct pollfd wanted = { .fd = fd, .events = events };

	return poll(&wanted, 1, 0) < 0 ? -1 : wanted.revents;
}

static void *bulk_write(void *arg)
{
	char *bulk = malloc(BULK);

	for (int i = 0; i < BULK; i++)
		bulk[i] = (char)(i * 31 >> 3);
	CLAIM(write(*(int *)arg, bulk, BULK) == BULK && close(*(int *)arg) == 0);
	free(bulk);
	return NULL;
}

static void pipes(void)
{
	char got[5000];
	pthread_t writer;
	int wrong = 0;
	int sum = 0;
	int fds[2];
	int count;

	CLAIM(pipe2(fds, O_NONBLOCK) == 0 && ready(fds[0], POLLIN) == 0 && ready(fds[1], POLLOUT) == POLLOUT);
	REFUSED(read(fds[0], got, 1), EAGAIN);
	CLAIM(write(fds[1], "abc", 3) == 3 && ioctl(fds[0], FIONREAD, &count) == 0 && count == 3);
	CLAIM(ready(fds[0], POLLIN) == POLLIN && read(fds[0], got, 2) == 2 && read(fds[0], got, 9) == 1 && got[0] == 'c');
	for (count = 0; write(fds[1], got, 4096) == 4096; count++)
		;
	CLAIM(errno == EAGAIN && count == 16 && ready(fds[1], POLLOUT) == 0);
	REFUSED(lseek(fds[0], 0, SEEK_SET), ESPIPE);
	CLAIM(close(fds[0]) == 0 && (ready(fds[1], POLLOUT) & POLLERR) != 0);
	signal(SIGPIPE, SIG_IGN);
	REFUSED(write(fds[1], "x", 1), EPIPE);
	CLAIM(close(fds[1]) == 0 && pipe(fds) == 0 && pthread_create(&writer, NULL, bulk_write, &fds[1]) == 0);
	while ((count = (int)read(fds[0], got, sizeof(got))) > 0)
		for (int i = 0; i < count; i++, sum++)
			wrong += got[i] != (char)(sum * 31 >> 3);
	CLAIM(count == 0 && sum == BULK && wrong == 0 && (ready(fds[0], POLLIN) & POLLHUP) != 0);
	CLAIM(pthread_join(writer, NULL) == 0 && close(fds[0]) == 0);
}

/* Two threads hand a byte to and fro. */
static void *echo(void *arg)
{
	int *fds = arg;
	char byte;

	while (read(fds[0], &byte, 1) == 1)
		CLAIM(write(fds[1], &byte, 1) == 1);
	return NULL;
}

static void to_and_fro(void)
{
	pthread_t other;
	int there[2];
	int back[2];
	char byte = 1;

	CLAIM(pipe(there) == 0 && pipe(back) == 0);
	CLAIM(pthread_create(&other, NULL, echo, (int[]){ there[0], back[1] }) == 0);
	for (int i = 0; i < TURNS; i++) {
		char got;

		byte = (char)i;
		CLAIM(write(there[1], &byte, 1) == 1 && read(back[0], &got, 1) == 1 && got == byte);
	}
	CLAIM(close(there[1]) == 0 && pthread_join(other, NULL) == 0);
	CLAIM(close(there[0]) == 0 && close(back[0]) == 0 && close(back[1]) == 0);
}

static int epoll_take(int epoll, int timeout, uint32_t *events, uint64_t *data)
{
	struct epoll_event got[4];
	int count = epoll_wait(epoll, got, 4, timeout);

	*events = count > 0 ? got[0].events : 0;
	*data = count > 0 ? got[0].data.u64 : 0;
	return count;
}

static void epolls(void)
{
	struct epoll_event level = { .events = EPOLLIN, .data.u64 = 7 };
	struct epoll_event edge = { .events = EPOLLIN | EPOLLET, .data.u64 = 8 };
	struct epoll_event once = { .events = EPOLLIN | EPOLLONESHOT, .data.u64 = 9 };
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	uint32_t events;
	uint64_t data;
	char byte = 0;
	int fds[2];
	int copy;

	CLAIM(epoll >= 0 && pipe(fds) == 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fds[0], &level) == 0);
	REFUSED(epoll_ctl(epoll, EPOLL_CTL_ADD, fds[0], &level), EEXIST);
	REFUSED(epoll_ctl(epoll, EPOLL_CTL_ADD, epoll, &level), EINVAL);
	REFUSED(epoll_ctl(epoll, EPOLL_CTL_DEL, fds[1], &level), ENOENT);
	CLAIM(epoll_take(epoll, 0, &events, &data) == 0 && write(fds[1], "ab", 2) == 2);
	CLAIM(epoll_take(epoll, -1, &events, &data) == 1 && events == EPOLLIN && data == 7 && epoll_take(epoll, 0, &events, &data) == 1);
	CLAIM(epoll_ctl(epoll, EPOLL_CTL_MOD, fds[0], &edge) == 0 && epoll_take(epoll, 0, &events, &data) == 1 && data == 8);
	CLAIM(epoll_take(epoll, 0, &events, &data) == 0 && write(fds[1], "c", 1) == 1 && epoll_take(epoll, 0, &events, &data) == 1);
	CLAIM(epoll_ctl(epoll, EPOLL_CTL_MOD, fds[0], &once) == 0 && epoll_take(epoll, 0, &events, &data) == 1 && data == 9);
	CLAIM(write(fds[1], "d", 1) == 1 && epoll_take(epoll, 0, &events, &data) == 0);
	CLAIM(epoll_ctl(epoll, EPOLL_CTL_MOD, fds[0], &level) == 0 && epoll_take(epoll, 0, &events, &data) == 1);
	/* A file is watched as long as any descriptor of it is open. */
	copy = dup(fds[0]);
	CLAIM(close(fds[0]) == 0 && epoll_take(epoll, 0, &events, &data) == 1 && data == 7);
	while (data == 7 && read(copy, &byte, 1) == 1 && byte != 'd')
		;
	CLAIM(epoll_take(epoll, 0, &events, &data) == 0 && close(fds[1]) == 0 && epoll_take(epoll, 0, &events, &data) == 1 && (events & EPOLLHUP) != 0);
	CLAIM(close(copy) == 0 && epoll_take(epoll, 0, &events, &data) == 0 && close(epoll) == 0);
}

/* However many are ready, as many are told as there is room for, each once a call. */
static void crowd(void)
{
	enum { ALL = 300, ROOM = 400 };
	static struct epoll_event events[ROOM];
	static unsigned char seen[ALL];
	int fds[ALL];
	int epoll = epoll_create1(0);

	for (int i = 0; i < ALL; i++) {
		fds[i] = eventfd(1, 0);
		CLAIM(epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &(struct epoll_event){ .events = EPOLLIN | (i % 2 ? EPOLLET : 0), .data.u32 = (unsigned)i }) == 0);
	}
	CLAIM(epoll_wait(epoll, events, ROOM, 0) == ALL);
	for (int i = 0; i < ALL; i++)
		seen[events[i].data.u32]++;
	for (int i = 0; i < ALL; i++)
		CLAIM(seen[i] == 1);
	CLAIM(epoll_wait(epoll, events, ROOM, 0) == ALL / 2 && epoll_wait(epoll, events, 130, 0) == 130 && epoll_wait(epoll, events, 1, 0) == 1);
	for (int i = 0; i < ALL; i++)
		CLAIM(close(fds[i]) == 0);
	CLAIM(close(epoll) == 0);
}

static void *later(void *arg)
{
	uint64_t one = 1;

	usleep(10000);
	CLAIM(write(*(int *)arg, &one, sizeof(one)) == sizeof(one));
	return NULL;
}

static void counters(void)
{
	struct timeval nothing = { 0 };
	uint64_t value = 5;
	pthread_t writer;
	fd_set set;
	int fd = eventfd(3, EFD_NONBLOCK);

	CLAIM(write(fd, &value, 8) == 8 && read(fd, &value, 8) == 8 && value == 8);
	REFUSED(read(fd, &value, 8), EAGAIN);
	REFUSED(read(fd, &value, 7), EINVAL);
	FD_ZERO(&set);
	FD_SET(fd, &set);
	CLAIM(select(fd + 1, &set, NULL, NULL, &nothing) == 0 && !FD_ISSET(fd, &set));
	FD_SET(fd, &set);
	CLAIM(pthread_create(&writer, NULL, later, &fd) == 0 && select(fd + 1, &set, NULL, NULL, NULL) == 1 && FD_ISSET(fd, &set));
	CLAIM(pthread_join(writer, NULL) == 0 && close(fd) == 0);
	REFUSED(select(fd + 1, &set, NULL, NULL, &nothing), EBADF);
	fd = eventfd(0, 0);
	CLAIM(write(fd, (uint64_t[3]){ 3, 4, 5 }, 24) == 8 && read(fd, &value, 8) == 8 && value == 3); /* it takes one, however much there is */
	CLAIM(writev(fd, (struct iovec[2]){ { &value, 8 }, { &value, 8 } }, 2) == 16 && read(fd, &value, 8) == 8 && value == 6 && close(fd) == 0);
	fd = eventfd(2, EFD_SEMAPHORE);
	CLAIM(read(fd, &value, 8) == 8 && value == 1 && read(fd, &value, 8) == 8 && value == 1 && ready(fd, POLLIN) == 0 && close(fd) == 0);
}

static void timers(void)
{
	struct itimerspec setting = { .it_value = { 0, 2000000 }, .it_interval = { 0, 1000000 } };
	struct itimerspec now;
	uint64_t ticks = 0;
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	struct pollfd wanted = { .fd = fd, .events = POLLIN };

	REFUSED(read(fd, &ticks, 8), EAGAIN);
	CLAIM(timerfd_settime(fd, 0, &setting, NULL) == 0 && timerfd_gettime(fd, &now) == 0 && now.it_interval.tv_nsec == 1000000);
	CLAIM(poll(&wanted, 1, 1000) == 1 && read(fd, &ticks, 8) == 8 && ticks >= 1);
	usleep(5000);
	CLAIM(read(fd, &ticks, 8) == 8 && ticks >= 4);
	memset(&setting, 0, sizeof(setting));
	CLAIM(timerfd_settime(fd, 0, &setting, NULL) == 0 && poll(&wanted, 1, 5) == 0 && close(fd) == 0);
	setting.it_value.tv_nsec = 1;
	fd = timerfd_create(CLOCK_REALTIME, 0);
	CLAIM(timerfd_settime(fd, TFD_TIMER_ABSTIME, &setting, NULL) == 0 && read(fd, &ticks, 8) == 8 && ticks == 1 && close(fd) == 0);
	/* One that nobody reads leaves its CPU to others. */
	setting.it_interval.tv_nsec = 1;
	fd = timerfd_create(CLOCK_MONOTONIC, 0);
	CLAIM(timerfd_settime(fd, 0, &setting, NULL) == 0 && usleep(1000) == 0 && read(fd, &ticks, 8) == 8 && ticks >= 1000000);
	CLAIM(read(fd, &ticks, 8) == 8 && ticks >= 1 && close(fd) == 0);
}

static volatile sig_atomic_t alarms;

static void alarmed(int signal_)
{
	(void)signal_;
	alarms++;
}

/* A signal ends a wait, and one that is let through only while waiting does too. */
static void interrupted(void)
{
	struct sigaction action = { .sa_handler = alarmed, .sa_flags = SA_RESTART };
	struct timespec long_time = { 10, 0 };
	sigset_t block;
	sigset_t none;
	int fds[2];
	char byte;

	CLAIM(pipe(fds) == 0 && sigaction(SIGALRM, &action, NULL) == 0);
	alarm(1);
	REFUSED(poll(NULL, 0, 10000), EINTR);
	CLAIM(alarms == 1);
	sigemptyset(&none);
	sigemptyset(&block);
	sigaddset(&block, SIGALRM);
	CLAIM(sigprocmask(SIG_BLOCK, &block, NULL) == 0 && raise(SIGALRM) == 0 && alarms == 1);
	REFUSED(ppoll(NULL, 0, &long_time, &none), EINTR);
	CLAIM(alarms == 2 && sigprocmask(SIG_UNBLOCK, &block, NULL) == 0);
	action.sa_flags = 0;
	CLAIM(sigaction(SIGALRM, &action, NULL) == 0);
	alarm(1);
	REFUSED(read(fds[0], &byte, 1), EINTR);
	CLAIM(alarms == 3 && close(fds[0]) == 0 && close(fds[1]) == 0);
}

/* What of a call is looked at first; and a counter has no place, which seeking does not change. */
static void refused(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int path = open("/tmp", O_PATH);
	int file = open("/tmp", O_RDONLY);
	int counter = eventfd(0, 0);
	int epoll = epoll_create1(0);

	REFUSED(epoll_ctl(epoll, EPOLL_CTL_ADD, path, &event), EBADF);
	REFUSED(epoll_ctl(path, EPOLL_CTL_ADD, counter, &event), EBADF);
	REFUSED(epoll_ctl(counter, EPOLL_CTL_ADD, 99, &event), EBADF);
	REFUSED(epoll_ctl(counter, EPOLL_CTL_ADD, file, &event), EPERM);
	REFUSED(epoll_ctl(counter, EPOLL_CTL_ADD, epoll, &event), EINVAL);
	REFUSED(epoll_ctl(epoll, EPOLL_CTL_ADD, epoll, &event), EINVAL);
	CLAIM(lseek(counter, 5, SEEK_SET) == 0 && lseek(epoll, -5, SEEK_CUR) == 0);
	REFUSED(lseek(counter, 0, 9), EINVAL);
	CLAIM(close(path) == 0 && close(file) == 0 && close(counter) == 0 && close(epoll) == 0);
}

/* What was not asked for does not end the wait. Spec: select(2) */
static void selected(void)
{
	struct timeval some = { .tv_usec = 50000 };
	struct timespec before, after;
	fd_set set;
	int ends[2];

	CLAIM(pipe(ends) == 0 && close(ends[1]) == 0);
	for (int i = 0; i < 2; i++) {
		FD_ZERO(&set);
		FD_SET(ends[0], &set);
		clock_gettime(CLOCK_MONOTONIC, &before);
		CLAIM(select(ends[0] + 1, NULL, i == 0 ? &set : NULL, i == 1 ? &set : NULL, &some) == 0);
		clock_gettime(CLOCK_MONOTONIC, &after);
		CLAIM((after.tv_sec - before.tv_sec) * 1000000000l + after.tv_nsec - before.tv_nsec >= 49000000 && !FD_ISSET(ends[0], &set));
		some = (struct timeval){ .tv_usec = 50000 };
	}
	CLAIM(close(ends[0]) == 0);
}

int main(void)
{
	pipes();
	to_and_fro();
	epolls();
	crowd();
	counters();
	timers();
	interrupted();
	refused();
	selected();
	return claims_end("events");
}
