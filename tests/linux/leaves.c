// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Descriptors, paths and memory: calls that succeed and those that are refused leave nothing in the kernel when all is closed. */
#include "tests/linux/leaves.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>

enum { PAGE = 4096, MANY = 100 };

#define BAD ((void *)16)

static char buffer[16 * PAGE];

static void write_file(const char *path, size_t bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	CLAIM(fd >= 0 && write(fd, buffer, bytes) == (ssize_t)bytes && close(fd) == 0);
}

static void descriptors(void)
{
	struct rlimit limit;
	int pair[2];
	int fd;

	CLAIM(pipe(pair) == 0 && (fd = dup(pair[0])) >= 0 && dup2(pair[1], fd) == fd && close(fd) == 0);
	CLAIM(write(pair[1], buffer, sizeof(buffer)) == sizeof(buffer) && read(pair[0], buffer, 5000) == 5000);
	REFUSED(dup3(pair[0], pair[0], 0), EINVAL);
	REFUSED(dup3(pair[0], 50, 1), EINVAL);
	REFUSED(dup2(pair[0], 1 << 20), EBADF);
	REFUSED(fcntl(pair[0], F_DUPFD, 1 << 20), EINVAL);
	REFUSED(fcntl(pair[0], 99), EINVAL);
	REFUSED(ioctl(pair[0], FIONREAD, BAD), EFAULT);
	REFUSED(ioctl(pair[0], 0x5413, buffer), ENOTTY);
	REFUSED(read(pair[0], BAD, 5), EFAULT);
	REFUSED(write(pair[0], BAD, 5), EBADF);
	REFUSED(readv(pair[0], BAD, 2), EFAULT);
	REFUSED(readv(pair[0], (struct iovec[2]){ { buffer, -1 }, { buffer, 1 } }, 2), EINVAL);
	REFUSED(syscall(SYS_fstat, pair[0], BAD), EFAULT);
	REFUSED(syscall(SYS_pipe2, BAD, 0), EFAULT);
	REFUSED(pipe2(pair, 0x100), EINVAL);
	REFUSED(fchmod(99, 0), EBADF);
	CLAIM(close(pair[0]) == 0);
	CLAIM(syscall(SYS_close_range, pair[1], pair[1], 4) == 0 && close(pair[1]) == 0);
	/* With room for one of the two there is none. */
	CLAIM((fd = dup(0)) >= 0 && close(fd) == 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0);
	CLAIM(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ (rlim_t)fd + 1, limit.rlim_max }) == 0);
	REFUSED(pipe(pair), EMFILE);
	CLAIM(setrlimit(RLIMIT_NOFILE, &limit) == 0 && dup(0) == fd && close(fd) == 0);
	CLAIM((fd = open("/dev/console", O_RDWR)) < 0 || close(fd) == 0);
	for (int i = 0; i < MANY; i++)
		CLAIM(fcntl(1, F_DUPFD, 100 + i) == 100 + i);
	CLAIM(syscall(SYS_close_range, 100, 100 + MANY, 0) == 0);
}

static void counters(void)
{
	struct itimerspec setting = { .it_value = { 100, 0 } };
	uint64_t value;
	sigset_t set;
	int event = eventfd(3, EFD_NONBLOCK | EFD_SEMAPHORE | EFD_CLOEXEC);
	int timer = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
	int other;

	REFUSED(read(event, &value, 7), EINVAL);
	REFUSED(read(event, BAD, 8), EFAULT);
	REFUSED(write(event, BAD, 8), EFAULT);
	CLAIM(read(event, &value, 8) == 8 && close(event) == 0);
	REFUSED(eventfd(0, 0x100), EINVAL);
	CLAIM(timerfd_settime(timer, 0, &setting, &setting) == 0 && timerfd_gettime(timer, &setting) == 0 && setting.it_value.tv_sec == 99);
	REFUSED(timerfd_settime(timer, 0, BAD, NULL), EFAULT);
	REFUSED(timerfd_settime(timer, 0, &setting, BAD), EFAULT);
	REFUSED(timerfd_settime(timer, 99, &setting, NULL), EINVAL);
	REFUSED(timerfd_gettime(timer, BAD), EFAULT);
	REFUSED(timerfd_gettime(1, &setting), EINVAL);
	REFUSED(timerfd_settime(1, 0, &setting, NULL), EINVAL);
	REFUSED(read(timer, &value, 4), EINVAL);
	REFUSED(read(timer, &value, 8), EAGAIN);
	CLAIM(close(timer) == 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CLAIM((other = signalfd(-1, &set, SFD_CLOEXEC)) >= 0 && signalfd(other, &set, 0) == other && close(other) == 0);
	REFUSED(signalfd(1, &set, 0), EINVAL);
	REFUSED(signalfd(-1, &set, 1), EINVAL);
	REFUSED(syscall(SYS_signalfd4, -1, &set, 4, 0), EINVAL);
	REFUSED(syscall(SYS_signalfd4, -1, BAD, 8, 0), EFAULT);
}

static void epolls(void)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT };
	int outer = epoll_create1(EPOLL_CLOEXEC);
	int inner = epoll_create1(0);
	int fds[20];

	for (int i = 0; i < 20; i++)
		CLAIM((fds[i] = eventfd(1, 0)) >= 0 && epoll_ctl(inner, EPOLL_CTL_ADD, fds[i], &event) == 0);
	REFUSED(epoll_ctl(inner, EPOLL_CTL_ADD, fds[3], &event), EEXIST);
	REFUSED(epoll_ctl(inner, EPOLL_CTL_ADD, inner, &event), EINVAL);
	REFUSED(epoll_ctl(inner, EPOLL_CTL_ADD, 99, &event), EBADF);
	REFUSED(epoll_ctl(99, EPOLL_CTL_ADD, 1, &event), EBADF);
	REFUSED(epoll_ctl(inner, EPOLL_CTL_ADD, fds[3], BAD), EFAULT);
	REFUSED(epoll_ctl(outer, EPOLL_CTL_MOD, fds[3], &event), ENOENT);
	REFUSED(epoll_ctl(outer, EPOLL_CTL_DEL, fds[3], &event), ENOENT);
	CLAIM(epoll_ctl(inner, EPOLL_CTL_MOD, fds[3], &event) == 0 && epoll_wait(inner, (struct epoll_event[4]){ 0 }, 4, 0) == 4);
	REFUSED(epoll_wait(inner, BAD, 4, 0), EFAULT);
	REFUSED(epoll_wait(fds[0], &event, 4, 0), EINVAL);
	REFUSED(syscall(SYS_epoll_pwait, inner, &event, 1, 0, BAD, 8), EFAULT);
	CLAIM(epoll_ctl(outer, EPOLL_CTL_ADD, inner, &event) == 0 && epoll_wait(outer, &event, 1, 0) == 1);
	REFUSED(epoll_ctl(inner, EPOLL_CTL_ADD, outer, &event), ELOOP);
	REFUSED(epoll_create1(3), EINVAL);
	for (int i = 0; i < 10; i++) /* some go before it, some after */
		CLAIM(close(fds[i]) == 0);
	CLAIM(epoll_ctl(inner, EPOLL_CTL_DEL, fds[10], NULL) == 0 && close(inner) == 0 && epoll_wait(outer, &event, 1, 0) == 0 && close(outer) == 0);
	for (int i = 0; i < 10; i++) /* those made anew hear nothing of what one that is gone watched */
		CLAIM((fds[i] = epoll_create1(0)) >= 0);
	for (int i = 10; i < 20; i++)
		CLAIM(write(fds[i], &(uint64_t){ 1 }, 8) == 8);
	for (int i = 0; i < 20; i++)
		CLAIM((i >= 10 || epoll_wait(fds[i], &event, 1, 0) == 0) && close(fds[i]) == 0);
}

static void waits(void)
{
	struct pollfd all[40];
	struct timespec at = { 0, 1000 };
	fd_set set;
	int fd = eventfd(0, 0);

	for (int i = 0; i < 40; i++)
		all[i] = (struct pollfd){ .fd = fd, .events = POLLIN };
	CLAIM(ppoll(all, 40, &at, NULL) == 0 && ppoll(all, 3, &at, NULL) == 0);
	REFUSED(syscall(SYS_ppoll, BAD, 40, &at, NULL, 8), EFAULT);
	REFUSED(syscall(SYS_ppoll, all, 40, BAD, NULL, 8), EFAULT);
	REFUSED(syscall(SYS_ppoll, all, 40, &at, BAD, 8), EFAULT);
	FD_ZERO(&set);
	FD_SET(fd, &set);
	CLAIM(pselect(fd + 1, &set, NULL, NULL, &at, NULL) == 0 && !FD_ISSET(fd, &set));
	REFUSED(pselect(-1, &set, NULL, NULL, &at, NULL), EINVAL);
	REFUSED(syscall(SYS_pselect6, 10, BAD, NULL, NULL, &at, NULL), EFAULT);
	FD_SET(80, &set);
	REFUSED(pselect(81, &set, NULL, NULL, &at, NULL), EBADF);
	CLAIM(close(fd) == 0);
}

static void paths(void)
{
	struct timespec times[2] = { { 5, 5 }, { 5, 1000000000 } };
	uint64_t how[3] = { O_RDONLY };
	static char path[2 * PAGE];
	struct stat is;
	DIR *list;
	int fd;

	write_file("/tmp/f", 10);
	CLAIM(mkdir("/tmp/d", 0700) == 0 && symlink("d", "/tmp/l") == 0 && symlink("loop", "/tmp/loop") == 0 && link("/tmp/f", "/tmp/d/g") == 0);
	memset(path, 'x', sizeof(path) - 1);
	memcpy(path, "/tmp/", 5);
	REFUSED(open("/tmp/loop", O_RDONLY), ELOOP);
	REFUSED(open("/tmp/l", O_RDONLY | O_NOFOLLOW), ELOOP);
	REFUSED(open("/tmp/f/x", O_RDONLY), ENOTDIR);
	REFUSED(open("/tmp/f", O_RDONLY | O_DIRECTORY), ENOTDIR);
	REFUSED(open("/tmp/d", O_WRONLY), EISDIR);
	REFUSED(open("/tmp/f", O_CREAT | O_EXCL | O_RDWR, 0600), EEXIST);
	REFUSED(open(path, O_RDONLY), ENAMETOOLONG);
	REFUSED(open("/tmp/none", O_RDONLY), ENOENT);
	REFUSED(open("", O_RDONLY), ENOENT);
	REFUSED(openat(99, "x", O_RDONLY), EBADF);
	REFUSED(openat(0, "x", O_RDONLY), ENOTDIR);
	REFUSED(open("/program", O_WRONLY), EROFS);
	REFUSED(syscall(SYS_openat2, AT_FDCWD, "/tmp/f", (uint64_t[3]){ 1ull << 40 }, 24), EINVAL);
	CLAIM((fd = (int)syscall(SYS_openat2, AT_FDCWD, "/tmp/l/g", how, 24)) >= 0 && close(fd) == 0);
	CLAIM((fd = open("/tmp/d", O_RDONLY | O_DIRECTORY)) >= 0 && fstatat(fd, "g", &is, 0) == 0 && is.st_nlink == 2);
	REFUSED(unlinkat(fd, "g", AT_REMOVEDIR), ENOTDIR);
	REFUSED(unlinkat(fd, "none", 0), ENOENT);
	REFUSED(unlinkat(fd, "g", 1), EINVAL);
	REFUSED(rmdir("/tmp/d"), ENOTEMPTY);
	REFUSED(rmdir("/tmp/d/."), EINVAL);
	REFUSED(mkdir("/tmp/d", 0700), EEXIST);
	REFUSED(mkdir("/tmp/none/d", 0700), ENOENT);
	REFUSED(symlink("x", "/tmp/d"), EEXIST);
	REFUSED(symlink("", "/tmp/new"), ENOENT);
	REFUSED(symlink(path, "/tmp/new"), ENAMETOOLONG);
	REFUSED(symlink((char *)BAD, "/tmp/new"), EFAULT);
	REFUSED(link("/tmp/d", "/tmp/new"), EPERM);
	REFUSED(link("/tmp/none", "/tmp/new"), ENOENT);
	REFUSED(link("/tmp/f", "/tmp/d"), EEXIST);
	REFUSED(link("/tmp/f", BAD), EFAULT);
	REFUSED(link("/program", "/tmp/new"), EXDEV);
	REFUSED(rename("/tmp/none", "/tmp/new"), ENOENT);
	REFUSED(rename("/tmp/d", "/tmp/d/x"), EINVAL);
	REFUSED(rename("/program", "/tmp/new"), EXDEV);
	REFUSED(rename("/tmp/f", BAD), EFAULT);
	REFUSED(rename("/tmp/f", "/tmp/none/x"), ENOENT);
	REFUSED(syscall(SYS_renameat2, AT_FDCWD, "/tmp/f", AT_FDCWD, "/tmp/d/g", 1), EEXIST);
	CLAIM(rename("/tmp/f", "/tmp/d/g") == 0 && unlink("/tmp/f") == 0); /* two names of one file: nothing is done */
	REFUSED(readlink("/tmp/d", path, 10), EINVAL);
	REFUSED(readlink("/tmp/l", BAD, 10), EFAULT);
	REFUSED(syscall(SYS_readlinkat, AT_FDCWD, "/tmp/l", path, 0), EINVAL);
	REFUSED(stat("/tmp/d/none", &is), ENOENT);
	REFUSED(syscall(SYS_newfstatat, fd, "g", BAD, 0), EFAULT);
	REFUSED(syscall(SYS_statx, fd, "g", 0, 0x7ff, BAD), EFAULT);
	REFUSED(syscall(SYS_statx, fd, "g", 0x6000, 0x7ff, buffer), EINVAL);
	REFUSED(syscall(SYS_statx, fd, "g", 0, 1u << 31, buffer), EINVAL);
	REFUSED(syscall(SYS_newfstatat, fd, "g", &is, 1), EINVAL);
	REFUSED(statfs("/tmp/none", (struct statfs *)(void *)buffer), ENOENT);
	REFUSED(syscall(SYS_statfs, "/tmp", BAD), EFAULT);
	REFUSED(truncate("/tmp/d", 0), EISDIR);
	REFUSED(truncate("/tmp/d/g", -1), EINVAL);
	REFUSED(truncate("/tmp/d/none", 0), ENOENT);
	REFUSED(chmod("/tmp/d/none", 0), ENOENT);
	REFUSED(chown("/tmp/d/none", 0, 0), ENOENT);
	REFUSED(utimensat(fd, "none", NULL, 0), ENOENT);
	REFUSED(utimensat(fd, "g", times, 0), EINVAL);
	REFUSED(chdir("/tmp/d/g"), ENOTDIR);
	REFUSED(chdir("/tmp/none"), ENOENT);
	REFUSED(access("/tmp/none", F_OK), ENOENT);
	REFUSED(access("/program", W_OK), EROFS);
	CLAIM(chdir("/tmp/d") == 0 && access("g", R_OK) == 0 && chdir("/") == 0 && fchdir(fd) == 0 && chdir("/") == 0);
	CLAIM((list = fdopendir(fd)) != NULL && readdir(list) != NULL && closedir(list) == 0);
	CLAIM(unlink("/tmp/d/g") == 0 && rmdir("/tmp/d") == 0 && unlink("/tmp/l") == 0 && unlink("/tmp/loop") == 0);
}

static void special(void)
{
	static const char *const texts[] = { "/proc/self/maps", "/proc/self/smaps", "/proc/self/stat", "/proc/self/status", "/proc/self/limits", "/proc/stat",
					     "/proc/mounts", "/proc/self/cmdline", "/proc/uptime", "/proc/meminfo" };
	struct stat is;
	char path[64];
	int fd;
	int other;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		CLAIM(stat(texts[i], &is) == 0 && (fd = open(texts[i], O_RDONLY)) >= 0 && read(fd, buffer, PAGE) > 0 && close(fd) == 0);
		CLAIM(open(texts[i], O_WRONLY) == -1);
	}
	CLAIM(readlink("/proc/self/exe", path, 60) > 0 && readlink("/proc/self/cwd", path, 60) == 1 && readlink("/proc/self", path, 60) > 0);
	CLAIM((fd = open("/tmp/gone", O_RDWR | O_CREAT, 0600)) >= 0 && unlink("/tmp/gone") == 0 && snprintf(path, sizeof(path), "/proc/self/fd/%d", fd) > 0);
	CLAIM((other = open(path, O_RDONLY)) >= 0 && close(other) == 0 && stat(path, &is) == 0 && readlink(path, buffer, 60) > 0 && close(fd) == 0);
	REFUSED(open(path, O_RDONLY), ENOENT);
	REFUSED(open("/proc/self/fd/x", O_RDONLY), ENOENT);
	REFUSED(open("/proc/99999/stat", O_RDONLY), ENOENT);
	CLAIM(mkfifo("/tmp/fifo", 0600) == 0 && (fd = open("/tmp/fifo", O_RDONLY | O_NONBLOCK)) >= 0 && (other = open("/tmp/fifo", O_WRONLY)) >= 0);
	CLAIM(write(other, "x", 1) == 1 && close(fd) == 0 && close(other) == 0);
	REFUSED(open("/tmp/fifo", O_WRONLY | O_NONBLOCK), ENXIO);
	CLAIM(unlink("/tmp/fifo") == 0);
	for (int i = 0; i < 3; i++) {
		static const char *const names[] = { "/dev/null", "/dev/zero", "/dev/urandom" };

		CLAIM((fd = open(names[i], O_RDONLY)) >= 0 && read(fd, buffer, 3) == (i > 0 ? 3 : 0) && close(fd) == 0 && stat(names[i], &is) == 0);
	}
	CLAIM((fd = open("/dev", O_RDONLY)) >= 0 && syscall(SYS_getdents64, fd, buffer, 4096) > 0 && close(fd) == 0);
	CLAIM((fd = open("/proc", O_RDONLY)) >= 0 && syscall(SYS_getdents64, fd, buffer, 4096) > 0);
	CLAIM(lseek(fd, 0, SEEK_SET) == 0);
	REFUSED(syscall(SYS_getdents64, fd, BAD, 4096), EFAULT);
	REFUSED(syscall(SYS_getdents64, fd, buffer, 4), EINVAL);
	CLAIM(close(fd) == 0);
}

/* Names of sockets that are found from where the program is, and that are not. */
static void socket_names(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "s" };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0), other = socket(AF_UNIX, SOCK_DGRAM, 0);

	CLAIM(mkdir("/tmp/d", 0700) == 0 && chdir("/tmp/d") == 0);
	REFUSED(connect(other, (struct sockaddr *)&name, sizeof(name)), ENOENT);
	CLAIM(bind(fd, (struct sockaddr *)&name, sizeof(name)) == 0 && connect(other, (struct sockaddr *)&name, sizeof(name)) == 0);
	REFUSED(bind(other, (struct sockaddr *)&name, sizeof(name)), EADDRINUSE);
	CLAIM(sendto(other, "x", 1, 0, (struct sockaddr *)&name, sizeof(name)) == 1 && close(fd) == 0 && close(other) == 0);
	CLAIM(unlink("s") == 0 && chdir("/") == 0 && rmdir("/tmp/d") == 0);
}

/* What is no file has no blocks. */
static void nothing_set_aside(void)
{
	int counter = eventfd(0, 0);
	int socket_fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int fds[2];

	CLAIM(pipe(fds) == 0);
	REFUSED(fallocate(fds[1], 0, 0, 1), ESPIPE);
	REFUSED(fallocate(counter, 0, 0, 1), ENODEV);
	REFUSED(fallocate(socket_fd, 0, 0, 1), ENODEV);
	CLAIM(close(fds[0]) == 0 && close(fds[1]) == 0 && close(counter) == 0 && close(socket_fd) == 0);
}

static void contents(void)
{
	struct flock range = { .l_type = F_WRLCK, .l_start = 3, .l_len = 4 };
	struct iovec pieces[2] = { { buffer, 100 }, { BAD, 5 } };
	off_t offset = 0;
	int fd = open("/tmp/f", O_RDWR | O_CREAT | O_TRUNC, 0600);
	int other = open("/tmp/f", O_RDWR);

	CLAIM(write(fd, buffer, sizeof(buffer)) == sizeof(buffer) && ftruncate(fd, 5000) == 0 && posix_fallocate(fd, 0, 9000) == 0);
	REFUSED(syscall(SYS_fstatfs, fd, BAD), EFAULT);
	REFUSED(fallocate(fd, 99, 0, 10), EINVAL);
	REFUSED(fallocate(fd, 0, -1, 10), EINVAL);
	REFUSED(fallocate(fd, 0, 0, 0), EINVAL);
	nothing_set_aside();
	REFUSED(pwrite(fd, BAD, 10, 0), EFAULT);
	REFUSED(pread(fd, BAD, 10, 0), EFAULT);
	REFUSED(pread(fd, buffer, 10, -1), EINVAL);
	CLAIM(preadv(fd, pieces, 1, 0) == 100);
	REFUSED(sendfile(other, 99, &offset, 10), EBADF);
	REFUSED(sendfile(99, fd, &offset, 10), EBADF);
	CLAIM(sendfile(other, fd, &offset, 3000) == 3000 && syscall(SYS_copy_file_range, fd, &(off_t){ 0 }, other, &(off_t){ 5000 }, 100L, 0) == 100);
	REFUSED(syscall(SYS_copy_file_range, fd, NULL, 99, NULL, 100L, 0), EBADF);
	REFUSED(syscall(SYS_copy_file_range, fd, NULL, other, NULL, 100L, 9), EINVAL);
	CLAIM(fcntl(fd, F_SETLK, &range) == 0);
	range = (struct flock){ .l_type = F_RDLCK, .l_start = 4, .l_len = 1 };
	CLAIM(fcntl(fd, F_SETLK, &range) == 0 && fcntl(fd, F_GETLK, &range) == 0);
	CLAIM(flock(fd, LOCK_EX) == 0 && flock(fd, LOCK_SH) == 0);
	REFUSED(flock(other, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	CLAIM(flock(fd, LOCK_UN) == 0 && flock(other, LOCK_EX) == 0 && fsync(fd) == 0);
	CLAIM(close(fd) == 0 && close(other) == 0 && unlink("/tmp/f") == 0);
}

static void areas(void)
{
	char *at = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open("/tmp/f", O_RDWR | O_CREAT, 0600);
	char *file;

	for (int i = 0; i < 16; i += 2)
		CLAIM(mprotect(at + i * PAGE, PAGE, PROT_READ) == 0);
	CLAIM(ftruncate(fd, 8 * PAGE) == 0 && (file = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)) != MAP_FAILED);
	file[0] = file[3 * PAGE] = 1;
	CLAIM(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 99, 0) == MAP_FAILED && mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 5) == MAP_FAILED);
	CLAIM(mmap(NULL, 0, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED && mmap(NULL, PAGE, PROT_READ, 0, fd, 0) == MAP_FAILED);
	CLAIM(mmap((void *)1, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED);
	CLAIM(mmap(file, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd, 0) == MAP_FAILED && errno == EEXIST);
	CLAIM(mmap(file + PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0) == file + PAGE);
	file[PAGE] = 2;
	CLAIM(file[0] == 1 && mremap(file + 3 * PAGE, PAGE, 2 * PAGE, 0) == MAP_FAILED && msync(file, PAGE, MS_SYNC) == 0);
	CLAIM(mremap(at, 16 * PAGE, 32 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED); /* it is many areas */
	CLAIM(munmap(at, 16 * PAGE) == 0 && munmap(file, 8 * PAGE) == 0 && close(fd) == 0 && unlink("/tmp/f") == 0);
}

static void areas_again(void)
{
	char *at = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(at, 1, 16 * PAGE);
	CLAIM((at = mremap(at, 16 * PAGE, 40 * PAGE, MREMAP_MAYMOVE)) != MAP_FAILED && madvise(at, 4 * PAGE, MADV_DONTNEED) == 0 && at[0] == 0 && at[5 * PAGE] == 1);
	CLAIM(munmap(at + 4 * PAGE, PAGE) == 0 && munmap(at, 40 * PAGE) == 0);
}

int main(void)
{
	LEAVES_NOTHING(descriptors);
	LEAVES_NOTHING(counters);
	LEAVES_NOTHING(epolls);
	LEAVES_NOTHING(waits);
	LEAVES_NOTHING(paths);
	LEAVES_NOTHING(special);
	LEAVES_NOTHING(contents);
	LEAVES_NOTHING(socket_names);
	LEAVES_NOTHING(special);
	LEAVES_NOTHING(areas);
	LEAVES_NOTHING(areas_again);
	return claims_end("leaves");
}
