// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Files in memory without a name: what they hold, who has them, and what seals forbid for good. */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096 };

static int memfd(const char *name, unsigned flags)
{
	return (int)syscall(SYS_memfd_create, name, flags);
}

static void names(void)
{
	char longest[251], link[32], text[512];
	struct stat is;
	ssize_t length;
	int fd = memfd("a name", MFD_CLOEXEC);

	CLAIM(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, text, sizeof(text));
	CLAIM(length == 23 && memcmp(text, "/memfd:a name (deleted)", 23) == 0);
	CLAIM(fstat(fd, &is) == 0 && is.st_mode == (S_IFREG | 0777) && is.st_nlink == 0 && is.st_size == 0);
	close(fd);
	fd = memfd("", 0);
	CLAIM(fd >= 0 && fcntl(fd, F_GETFD) == 0);
	close(fd);
	memset(longest, 'n', 250);
	longest[250] = '\0';
	REFUSED(memfd(longest, 0), EINVAL);
	CLAIM((fd = memfd(longest + 1, 0)) >= 0);
	close(fd);
	REFUSED(memfd("x", 0x80), EINVAL);
	REFUSED(memfd((void *)16, 0), EFAULT);
	REFUSED(memfd(NULL, 0), EFAULT);
}

static void content(void)
{
	char link[32], back[16] = "";
	struct stat is, other;
	char *shared, *own;
	int fd = memfd("content", 0), again, second = memfd("content", 0);

	CLAIM(write(fd, "hello", 5) == 5 && pread(fd, back, 16, 0) == 5 && memcmp(back, "hello", 5) == 0);
	CLAIM(ftruncate(fd, 3 * PAGE) == 0 && fstat(fd, &is) == 0 && is.st_size == 3 * PAGE);
	CLAIM(fstat(second, &other) == 0 && (other.st_ino != is.st_ino || other.st_dev != is.st_dev) && other.st_size == 0);
	shared = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	own = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CLAIM(shared != MAP_FAILED && own != MAP_FAILED && memcmp(shared, "hello", 6) == 0);
	strcpy(shared + PAGE, "shown");
	strcpy(own + 2 * PAGE, "kept");
	CLAIM(pread(fd, back, 6, PAGE) == 6 && strcmp(back, "shown") == 0 && strcmp(own + PAGE, "shown") == 0);
	CLAIM(pread(fd, back, 6, 2 * PAGE) == 6 && back[0] == 0);
	CLAIM(pwrite(fd, "later", 6, 2 * PAGE) == 6 && strcmp(shared + 2 * PAGE, "later") == 0 && strcmp(own + 2 * PAGE, "kept") == 0);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	again = open(link, O_RDONLY);
	CLAIM(again >= 0 && read(again, back, 5) == 5 && memcmp(back, "hello", 5) == 0);
	REFUSED(write(again, "x", 1), EBADF);
	close(again);
	munmap(shared, 3 * PAGE);
	munmap(own, 3 * PAGE);
	CLAIM(pread(fd, back, 6, PAGE) == 6 && strcmp(back, "shown") == 0);
	REFUSED(ftruncate(fd, -1), EINVAL);
	CLAIM(lseek(fd, 0, SEEK_END) == 3 * PAGE && ftruncate(fd, 2) == 0 && ftruncate(fd, 10) == 0);
	CLAIM(pread(fd, back, 16, 0) == 10 && memcmp(back, "he\0\0\0\0\0\0\0\0", 10) == 0);
	close(fd);
	close(second);
}

/* Whoever is given it, by fork or by a message, has the same. */
static void handed_on(void)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 0;
	struct iovec piece = { &byte, 1 };
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	int pair[2], fd = memfd("handed on", 0), got = -1, status = 0;
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	char back[16] = "", *shared;
	pid_t child;

	CLAIM(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && ftruncate(fd, PAGE) == 0);
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	child = fork();
	if (child == 0) {
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		got = memfd("a child's", 0);
		(void)!write(got, "sent", 4);
		memcpy(CMSG_DATA(header), &got, sizeof(got));
		strcpy(shared, "from below");
		_exit(sendmsg(pair[1], &message, 0) != 1);
	}
	CLAIM(waitpid(child, &status, 0) == child && status == 0);
	CLAIM(strcmp(shared, "from below") == 0 && pread(fd, back, 16, 0) == 16 && strcmp(back, "from below") == 0);
	CLAIM(recvmsg(pair[0], &message, 0) == 1 && (header = CMSG_FIRSTHDR(&message)) != NULL);
	if (header != NULL)
		memcpy(&got, CMSG_DATA(header), sizeof(got));
	CLAIM(pread(got, back, 16, 0) == 4 && memcmp(back, "sent", 4) == 0);
	munmap(shared, PAGE);
	close(got);
	close(fd);
	close(pair[0]);
	close(pair[1]);
}

static void not_sealed(void)
{
	int fd = memfd("not sealed", 0), file = open("/tmp/file", O_CREAT | O_RDWR, 0600), ends[2], again;
	char link[32];

	CLAIM(fcntl(fd, F_GET_SEALS) == F_SEAL_SEAL);
	REFUSED(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EPERM);
	close(fd);
	CLAIM(pipe(ends) == 0);
	REFUSED(fcntl(ends[1], F_GET_SEALS), EINVAL);
	REFUSED(fcntl(ends[1], F_ADD_SEALS, F_SEAL_WRITE), EINVAL);
	fd = memfd("read only", MFD_ALLOW_SEALING);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	again = open(link, O_RDONLY);
	CLAIM(fcntl(fd, F_GET_SEALS) == 0);
	REFUSED(fcntl(again, F_ADD_SEALS, F_SEAL_WRITE), EPERM);
	REFUSED(fallocate(again, 0, 0, 1), EBADF);
	REFUSED(fcntl(fd, F_ADD_SEALS, 1 << 7), EINVAL);
	REFUSED(fcntl(fd, F_ADD_SEALS, 1ul << 40), EINVAL);
	REFUSED(fcntl(1000, F_GET_SEALS), EBADF);
	CLAIM(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL) == 0 && fcntl(again, F_GET_SEALS) == F_SEAL_SEAL);
	REFUSED(fcntl(fd, F_ADD_SEALS, 0), EPERM);
	close(again);
	close(fd);
	close(file);
	close(ends[0]);
	close(ends[1]);
}

static void sizes(void)
{
	static const char zeroes[2 * PAGE];
	char link[32];
	int fd = memfd("sizes", MFD_ALLOW_SEALING), again;

	CLAIM(ftruncate(fd, PAGE + 10) == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) == 0);
	REFUSED(ftruncate(fd, 10), EPERM);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	REFUSED(open(link, O_RDWR | O_TRUNC), EPERM);
	CLAIM(ftruncate(fd, PAGE + 10) == 0 && ftruncate(fd, PAGE + 20) == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_GROW) == 0);
	REFUSED(ftruncate(fd, PAGE + 21), EPERM);
	REFUSED(fallocate(fd, 0, 0, 3 * PAGE), EPERM);
	REFUSED(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 3 * PAGE), EPERM);
	CLAIM(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, PAGE) == 0 && fallocate(fd, 0, 10, PAGE + 10) == 0);
	CLAIM(write(fd, zeroes, PAGE + 20) == PAGE + 20);
	REFUSED(write(fd, "x", 1), EPERM);
	REFUSED(pwrite(fd, "x", 1, 5 * PAGE), EPERM);
	CLAIM(pwrite(fd, "", 0, PAGE + 20) == 0 && pwrite(fd, "", 0, 5 * PAGE) == 0); /* nothing may be written anywhere */
	REFUSED(pwrite(fd, zeroes, 11, PAGE + 10), EPERM);
	CLAIM(pwrite(fd, zeroes, 2 * PAGE, 0) == PAGE); /* the page that would go over the end is refused */
	again = open(link, O_WRONLY | O_APPEND);
	REFUSED(write(again, "x", 1), EPERM);
	close(again);
	CLAIM(fcntl(fd, F_GET_SEALS) == (F_SEAL_SHRINK | F_SEAL_GROW) && lseek(fd, 0, SEEK_END) == PAGE + 20);
	close(fd);
}

static void writes(void)
{
	int fd = memfd("writes", MFD_ALLOW_SEALING), ends[2];
	char back[8] = "";
	char *shared, *own;

	CLAIM(pipe(ends) == 0 && ftruncate(fd, PAGE) == 0 && write(ends[1], "abc", 3) == 3);
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	own = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	strcpy(shared, "before");
	REFUSED(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
	CLAIM(fcntl(fd, F_GET_SEALS) == 0);
	CLAIM(mprotect(shared, PAGE, PROT_READ) == 0);
	REFUSED(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW), EBUSY); /* it could be made writable again */
	munmap(shared, PAGE);
	CLAIM(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == 0);
	REFUSED(write(fd, "x", 1), EPERM);
	REFUSED(pwrite(fd, "x", 1, 0), EPERM);
	REFUSED(splice(ends[0], NULL, fd, NULL, 3, 0), EPERM);
	CLAIM(read(ends[0], back, 8) == 3);
	CLAIM(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EPERM);
	shared = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CLAIM(shared != MAP_FAILED && strcmp(shared, "before") == 0);
	REFUSED(mprotect(shared, PAGE, PROT_READ | PROT_WRITE), EACCES);
	munmap(shared, PAGE);
	strcpy(own, "mine");
	CLAIM(pread(fd, back, 7, 0) == 7 && strcmp(back, "before") == 0);
	CLAIM(ftruncate(fd, 2 * PAGE) == 0); /* its size is another matter */
	munmap(own, PAGE);
	close(fd);
	close(ends[0]);
	close(ends[1]);
}

/* What is mapped already goes on, nothing new begins. */
static void future_writes(void)
{
	int fd = memfd("future", MFD_ALLOW_SEALING);
	char back[8] = "";
	char *shared, *seen;

	CLAIM(ftruncate(fd, PAGE) == 0);
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CLAIM(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE) == 0 && fcntl(fd, F_GET_SEALS) == F_SEAL_FUTURE_WRITE);
	strcpy(shared, "still");
	CLAIM(pread(fd, back, 6, 0) == 6 && strcmp(back, "still") == 0);
	REFUSED(pwrite(fd, "x", 1, 0), EPERM);
	CLAIM(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EPERM);
	seen = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CLAIM(seen != MAP_FAILED && strcmp(seen, "still") == 0);
	REFUSED(mprotect(seen, PAGE, PROT_READ | PROT_WRITE), EACCES);
	strcpy(shared, "shown");
	CLAIM(strcmp(seen, "shown") == 0);
	munmap(seen, PAGE);
	munmap(shared, PAGE);
	CLAIM(pread(fd, back, 6, 0) == 6 && strcmp(back, "shown") == 0);
	close(fd);
}

/* One who maps and writes while another seals: what was sealed does not change. */
static int raced;

static void *race_run(void *arg)
{
	(void)arg;
	for (int i = 0; i < 20; i++) {
		char *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, raced, 0);

		if (shared == MAP_FAILED)
			break;
		shared[i] = 1;
		(void)!pwrite(raced, "x", 1, i + 1);
		munmap(shared, PAGE);
	}
	while (pwrite(raced, "y", 1, 0) == 1)
		;
	CLAIM(errno == EPERM);
	return NULL;
}

static void race(void)
{
	pthread_t others[2];
	char now[PAGE], then[PAGE];

	raced = memfd("raced", MFD_ALLOW_SEALING);
	CLAIM(ftruncate(raced, PAGE) == 0);
	for (int i = 0; i < 2; i++)
		pthread_create(&others[i], NULL, race_run, NULL);
	usleep(1000);
	while (fcntl(raced, F_ADD_SEALS, F_SEAL_WRITE) != 0) {
		CLAIM(errno == EBUSY);
		usleep(100);
	}
	CLAIM(pread(raced, now, PAGE, 0) == PAGE);
	for (int i = 0; i < 2; i++)
		pthread_join(others[i], NULL);
	CLAIM(pread(raced, then, PAGE, 0) == PAGE && memcmp(now, then, PAGE) == 0);
	close(raced);
}

/* All of a process's memory comes back when they are closed; none is had for nothing. */
static void many(void)
{
	static char block[65536];

	for (int round = 0; round < 100; round++) {
		int fd = memfd("many", 0);

		for (int i = 0; i < 16; i++)
			CLAIM(fd >= 0 && write(fd, block, sizeof(block)) == sizeof(block));
		close(fd);
	}
}

int main(void)
{
	names();
	content();
	handed_on();
	not_sealed();
	sizes();
	writes();
	future_writes();
	race();
	many();
	return claims_end("memfd");
}
