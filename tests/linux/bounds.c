// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Descriptors, pipes, counters, timers and epolls at their edges: what is refused and why, what is left as it was, and what goes with whom. */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, PIPE = 16 * PAGE, MANY = 40 };

#define BAD ((void *)16)

static char buffer[2 * PIPE];

static int is_open(int fd)
{
	return fcntl(fd, F_GETFD) != -1;
}

static void numbers(void)
{
	int on = 1;
	int pair[2] = { -1, -1 };

	REFUSED(dup(99), EBADF);
	REFUSED(fcntl(99, F_DUPFD, 3), EBADF);
	REFUSED(fcntl(0, F_DUPFD, -1), EINVAL);
	CLAIM(dup2(1, 60) == 60 && dup2(1, 61) == 61 && dup2(1, 70) == 70 && dup2(1, 59) == 59);
	CLAIM(fcntl(59, F_SETFD, FD_CLOEXEC) == 0 && fcntl(61, F_SETFD, FD_CLOEXEC) == 0 && fcntl(70, F_SETFD, FD_CLOEXEC) == 0);
	CLAIM(fcntl(59, F_GETFD) == FD_CLOEXEC && fcntl(60, F_GETFD) == 0 && fcntl(61, F_GETFD) == FD_CLOEXEC && fcntl(70, F_GETFD) == FD_CLOEXEC);
	CLAIM(fcntl(61, F_SETFD, 0) == 0 && fcntl(61, F_GETFD) == 0 && fcntl(59, F_GETFD) == FD_CLOEXEC);
	CLAIM(syscall(SYS_close_range, 60, 65, 0) == 0 && is_open(59) && !is_open(60) && !is_open(61) && is_open(70));
	CLAIM(syscall(SYS_close_range, 70, 70, 4 /* CLOEXEC */) == 0 && fcntl(70, F_GETFD) == FD_CLOEXEC);
	REFUSED(syscall(SYS_close_range, 9, 8, 0), EINVAL);
	REFUSED(syscall(SYS_close_range, 60, 65, 8), EINVAL);
	CLAIM(close(59) == 0 && close(70) == 0);
	REFUSED(pipe2(pair, O_APPEND), EINVAL);
	CLAIM(pipe2(pair, O_DIRECT) == -1 || (write(pair[1], "abc", 3) == 3 && write(pair[1], "d", 1) == 1 && read(pair[0], buffer, 4) == 3)); /* packets, or nothing */
	REFUSED(syscall(SYS_pipe2, BAD, 0), EFAULT);
	CLAIM(pipe2(pair, O_CLOEXEC) == 0 && fcntl(pair[0], F_GETFD) == FD_CLOEXEC && fcntl(pair[1], F_GETFD) == FD_CLOEXEC);
	CLAIM(ioctl(pair[0], FIONBIO, &on) == 0 && (fcntl(pair[0], F_GETFL) & O_NONBLOCK) != 0);
	REFUSED(read(pair[0], buffer, 1), EAGAIN);
	REFUSED(ioctl(pair[0], FIONBIO, BAD), EFAULT);
	REFUSED(ioctl(pair[0], FIONREAD, BAD), EFAULT);
	REFUSED(ioctl(pair[0], 0x5413 /* TIOCGWINSZ */, buffer), ENOTTY);
	CLAIM(close(pair[0]) == 0 && close(pair[1]) == 0);
	on = dup(0);
	CLAIM(close(0) == 0 && pipe(pair) == 0 && pair[0] == 0 && close(pair[0]) == 0 && close(pair[1]) == 0 && dup2(on, 0) == 0 && close(on) == 0);
	REFUSED(syscall(40 /* mount */), ENOSYS);
	REFUSED(syscall(40), ENOSYS);
	REFUSED(syscall(400), ENOSYS);
	REFUSED(syscall(100000), ENOSYS);
	REFUSED(syscall(-1), ENOSYS);
}

/* A call that is refused holds nothing: with the last descriptor of a pipe's end its other end hears of it. */
static void nothing_is_held(void)
{
	struct itimerspec setting;
	char byte;
	int pair[2] = { -1, -1 };

	CLAIM(pipe2(pair, O_NONBLOCK) == 0);
	REFUSED(timerfd_gettime(pair[1], &setting), EINVAL);
	REFUSED(ftruncate(pair[1], 0), EINVAL);
	REFUSED(ftruncate(pair[1], -1), EINVAL);
	REFUSED(fsync(pair[1]), EINVAL);
	REFUSED(lseek(pair[1], 0, SEEK_CUR), ESPIPE);
	REFUSED(pwrite(pair[1], "x", 1, 0), ESPIPE);
	REFUSED(listen(pair[1], 1), ENOTSOCK);
	REFUSED(epoll_ctl(pair[1], EPOLL_CTL_DEL, pair[0], NULL), EINVAL);
	REFUSED(read(pair[1], &byte, 1), EBADF);
	REFUSED(write(pair[0], &byte, 1), EBADF);
	REFUSED(fchdir(pair[1]), ENOTDIR);
	REFUSED(openat(pair[1], "x", O_RDONLY), ENOTDIR);
	REFUSED(sendfile(1, pair[0], BAD, 1), EFAULT);
	CLAIM(close(pair[1]) == 0 && read(pair[0], &byte, 1) == 0 && close(pair[0]) == 0);
}

static void part_of_a_write(void)
{
	int file = open("/tmp/file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct iovec pieces[2] = { { buffer, 3 }, { buffer + 3, 2 } };
	off_t offset = 5;
	ssize_t sent = 0;
	int pair[2] = { -1, -1 };

	for (size_t i = 0; i < sizeof(buffer); i++)
		buffer[i] = (char)(i * 13 >> 4);
	CLAIM(pipe2(pair, O_NONBLOCK) == 0 && write(pair[1], buffer, PIPE - 1) == PIPE - 1);
	REFUSED(write(pair[1], "ab", 2), EAGAIN); /* whole or not at all */
	CLAIM(write(pair[1], buffer, PAGE + 1) == 1 && read(pair[0], buffer, PIPE) == PIPE);
	CLAIM(write(file, buffer, sizeof(buffer)) == sizeof(buffer) && lseek(file, 7, SEEK_SET) == 7);
	/* What did not fit was not taken. */
	CLAIM((sent = sendfile(pair[1], file, NULL, sizeof(buffer))) > PIPE - PAGE && sent <= PIPE && lseek(file, 0, SEEK_CUR) == 7 + sent);
	REFUSED(sendfile(pair[1], file, NULL, 1), EAGAIN);
	CLAIM(lseek(file, 0, SEEK_CUR) == 7 + sent && read(pair[0], buffer, PIPE) == sent);
	CLAIM(sendfile(pair[1], file, &offset, 9) == 9 && offset == 14 && lseek(file, 0, SEEK_CUR) == 7 + sent);
	REFUSED(sendfile(pair[1], file, BAD, 9), EFAULT);
	REFUSED(sendfile(-1, pair[0], &(off_t){ 0 }, 9), ESPIPE);
	CLAIM(fcntl(file, F_SETFL, O_APPEND) == 0);
	REFUSED(sendfile(file, file, NULL, 9), EINVAL);
	CLAIM(fcntl(file, F_SETFL, 0) == 0);
	CLAIM(close(pair[0]) == 0 && close(pair[1]) == 0 && ftruncate(file, 10) == 0);
	CLAIM(pwritev(file, pieces, 2, 8) == 5 && lseek(file, 0, SEEK_END) == 13 && pread(file, buffer + 100, 5, 8) == 5);
	CLAIM(memcmp(buffer + 100, buffer, 5) == 0);
	CLAIM(lseek(file, 4, SEEK_DATA) == 4 && lseek(file, 4, SEEK_HOLE) == 13 && lseek(file, 0, SEEK_DATA) == 0);
	REFUSED(lseek(file, 13, SEEK_DATA), ENXIO);
	REFUSED(lseek(file, 99, SEEK_HOLE), ENXIO);
	REFUSED(lseek(file, 0, 9), EINVAL);
	REFUSED(lseek(file, -14, SEEK_END), EINVAL);
	CLAIM(close(file) == 0 && unlink("/tmp/file") == 0);
}

static void bytes_of_devices(void)
{
	int zero = open("/dev/zero", O_RDONLY);
	int random = open("/dev/urandom", O_RDONLY);
	int program = open("/proc/self/exe", O_RDONLY);
	struct stat is;

	buffer[0] = buffer[1] = 7;
	CLAIM(read(zero, buffer, 1) == 1 && buffer[0] == 0 && buffer[1] == 7 && read(random, buffer, 1) == 1 && read(zero, buffer, 0) == 0);
	CLAIM(read(zero, buffer, 1025) == 1025 && read(random, buffer, 1025) == 1025);
	REFUSED(read(zero, BAD, 8), EFAULT);
	REFUSED(read(random, BAD, 8), EFAULT);
	CLAIM(fstat(program, &is) == 0 && pread(program, buffer, 8, is.st_size) == 0 && pread(program, buffer, 8, is.st_size + 100) == 0);
	CLAIM(pread(program, buffer, 8, is.st_size - 3) == 3);
	CLAIM(close(zero) == 0 && close(random) == 0 && close(program) == 0);
}

static int readable(int fd, int timeout)
{
	struct pollfd wanted = { .fd = fd, .events = POLLIN };

	return poll(&wanted, 1, timeout) == 1 && wanted.revents == POLLIN;
}

static void counters_and_timers(void)
{
	struct itimerspec setting = { .it_value = { 0, 5000000 } };
	struct itimerspec now;
	struct timespec at;
	uint64_t value = UINT64_MAX - 1;
	int fd = eventfd(0, EFD_NONBLOCK);

	CLAIM(write(fd, &value, 8) == 8 && (value = 1) == 1);
	REFUSED(write(fd, &value, 8), EAGAIN);
	REFUSED(write(fd, &(uint64_t){ UINT64_MAX }, 8), EINVAL);
	REFUSED(write(fd, &value, 4), EINVAL);
	CLAIM(read(fd, &value, 8) == 8 && value == UINT64_MAX - 1 && close(fd) == 0);
	REFUSED(eventfd(0, 0x100), EINVAL);
	REFUSED(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0), EINVAL);
	REFUSED(timerfd_create(CLOCK_MONOTONIC, 0x100), EINVAL);
	/* One that waits, and one by the date. */
	fd = timerfd_create(CLOCK_MONOTONIC, 0);
	CLAIM(timerfd_settime(fd, 0, &setting, NULL) == 0 && read(fd, &value, 8) == 8 && value == 1);
	CLAIM(timerfd_gettime(fd, &now) == 0 && now.it_value.tv_sec == 0 && now.it_value.tv_nsec == 0);
	setting.it_value.tv_nsec = 1000000000;
	REFUSED(timerfd_settime(fd, 0, &setting, NULL), EINVAL);
	CLAIM(close(fd) == 0 && clock_gettime(CLOCK_REALTIME, &at) == 0);
	setting.it_value = (struct timespec){ at.tv_sec + 1, at.tv_nsec };
	fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
	CLAIM(timerfd_settime(fd, TFD_TIMER_ABSTIME, &setting, NULL) == 0 && timerfd_gettime(fd, &now) == 0);
	CLAIM(now.it_value.tv_sec == 0 && now.it_value.tv_nsec > 500000000 && !readable(fd, 1));
	REFUSED(read(fd, &value, 8), EAGAIN);
	setting.it_value = (struct timespec){ at.tv_sec, at.tv_nsec };
	CLAIM(timerfd_settime(fd, TFD_TIMER_ABSTIME, &setting, &now) == 0 && now.it_value.tv_nsec > 500000000 && readable(fd, 1000) && close(fd) == 0);
}

static void polls(void)
{
	struct pollfd all[MANY];
	int pair[2] = { -1, -1 };

	CLAIM(pipe(pair) == 0);
	for (int i = 0; i < MANY; i++)
		all[i] = (struct pollfd){ .fd = i % 2 ? pair[1] : -1, .events = POLLOUT, .revents = 99 };
	CLAIM(poll(all, MANY, 0) == MANY / 2 && all[0].revents == 0 && all[1].revents == POLLOUT && all[MANY - 1].revents == POLLOUT);
	all[MANY - 2] = (struct pollfd){ .fd = 99, .events = POLLIN };
	CLAIM(poll(all, MANY, 0) == MANY / 2 + 1 && all[MANY - 2].revents == POLLNVAL && poll(all, 2, -1) == 1 && poll(all, 1, 1) == 0);
	REFUSED(poll(BAD, 1, 0), EFAULT);
	REFUSED(poll(all, 1u << 20, 0), EINVAL);
	REFUSED(ppoll(all, 1, &(struct timespec){ 0, 1000000000 }, NULL), EINVAL);
	CLAIM(close(pair[0]) == 0 && close(pair[1]) == 0);
}

/* An epoll may watch another; none, by any way, itself. */
static void nested(void)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = 5 };
	int outer = epoll_create1(0);
	int inner = epoll_create1(0);
	int pair[2] = { -1, -1 };
	int other;

	CLAIM(pipe(pair) == 0 && epoll_ctl(outer, EPOLL_CTL_ADD, inner, &event) == 0);
	CLAIM(epoll_ctl(inner, EPOLL_CTL_ADD, pair[0], &event) == 0 && epoll_wait(outer, &event, 1, 0) == 0);
	REFUSED(epoll_ctl(inner, EPOLL_CTL_ADD, outer, &event), ELOOP);
	CLAIM(write(pair[1], "x", 1) == 1 && epoll_wait(outer, &event, 1, 1000) == 1 && event.events == EPOLLIN && event.data.u64 == 5);
	CLAIM(epoll_ctl(outer, EPOLL_CTL_DEL, inner, NULL) == 0 && epoll_wait(outer, &event, 1, 0) == 0);
	/* Nothing of it is left: it may be watched by another. */
	CLAIM((other = epoll_create1(0)) >= 0 && epoll_ctl(other, EPOLL_CTL_ADD, outer, &event) == 0 && epoll_wait(other, &event, 1, 0) == 0);
	REFUSED(epoll_ctl(other, EPOLL_CTL_ADD, outer, BAD), EFAULT);
	REFUSED(epoll_ctl(other, 9, inner, &event), EINVAL);
	REFUSED(epoll_ctl(other, EPOLL_CTL_MOD, inner, &event), ENOENT);
	REFUSED(epoll_wait(other, &event, 0, 0), EINVAL);
	REFUSED(epoll_create1(1), EINVAL);
	/* One that has told once is silent, whatever happens. */
	event.events = EPOLLIN | EPOLLONESHOT;
	CLAIM(epoll_ctl(other, EPOLL_CTL_ADD, pair[0], &event) == 0 && epoll_wait(other, &event, 1, 0) == 1 && read(pair[0], buffer, 1) == 1);
	CLAIM(close(pair[1]) == 0 && epoll_wait(other, &event, 1, 0) == 0 && (event.events = 0) == 0);
	CLAIM(epoll_ctl(other, EPOLL_CTL_MOD, pair[0], &event) == 0 && epoll_wait(other, &event, 1, 0) == 1 && event.events == EPOLLHUP);
	CLAIM(close(other) == 0 && close(outer) == 0 && close(inner) == 0 && close(pair[0]) == 0);
}

/* Epolls that are closed with all that they watch leave nothing to what goes on. */
static void closed(void)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT };
	int fds[MANY];

	for (int i = 0; i < MANY; i++)
		CLAIM((fds[i] = eventfd(0, EFD_NONBLOCK)) >= 0);
	for (int round = 0; round < 500 && claims_failed == 0; round++) {
		int epoll = epoll_create1(0);

		for (int i = 0; i < MANY; i++)
			CLAIM(epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &event) == 0);
		CLAIM(close(epoll) == 0);
	}
	for (int i = 0; i < MANY; i++)
		CLAIM(write(fds[i], &(uint64_t){ 1 }, 8) == 8 && close(fds[i]) == 0);
}

int main(void)
{
	numbers();
	nothing_is_held();
	part_of_a_write();
	bytes_of_devices();
	counters_and_timers();
	polls();
	nested();
	closed();
	return claims_end("bounds");
}
