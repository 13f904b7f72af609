// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Paths at their edges, what is told of files, times, names and /proc: and that what was looked at is let go. */
#include "tests/linux/claims.h"
#include "tests/linux/load.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096 };

#define BAD ((void *)16)

static void write_file(const char *path)
{
	CLAIM(close(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644)) == 0);
}

static void long_paths(void)
{
	static char path[PAGE + 16];

	write_file("/tmp/f");
	memset(path, '/', sizeof(path));
	memcpy(path + PAGE - 1 - 5, "tmp/f", 6);
	CLAIM(strlen(path) == PAGE - 1 && access(path, F_OK) == 0);
	REFUSED(symlink(path, "/tmp/f"), EEXIST);
	memset(path, '/', sizeof(path));
	memcpy(path + PAGE - 5, "tmp/f", 6);
	REFUSED(access(path, F_OK), ENAMETOOLONG);
	REFUSED(symlink(path, "/tmp/link"), ENAMETOOLONG);
	memset(path, 'x', 300);
	memcpy(path, "/tmp/", 6);
	path[5] = 'x';
	path[300] = 0;
	REFUSED(access(path, F_OK), ENAMETOOLONG);
	path[5 + 255] = 0;
	REFUSED(access(path, F_OK), ENOENT);
	REFUSED(access("/tmp/none/x", F_OK), ENOENT);
	REFUSED(access("/tmp/f/x", F_OK), ENOTDIR);
	REFUSED(access("/tmp/f/", F_OK), ENOTDIR);
	REFUSED(access(BAD, F_OK), EFAULT);
	REFUSED(access("/tmp", 8), EINVAL);
	REFUSED(syscall(SYS_faccessat2, AT_FDCWD, "/tmp", 0, 0x10000), EINVAL);
}

static void names(void)
{
	struct stat is;
	uint64_t how[4] = { O_RDONLY };
	int fd;

	write_file("/tmp/g");
	CLAIM(syscall(SYS_openat2, AT_FDCWD, "/tmp/f", how, 24) > 2);
	how[0] = 1ull << 40;
	REFUSED(syscall(SYS_openat2, AT_FDCWD, "/tmp/f", how, 24), EINVAL);
	how[0] = 0;
	how[1] = 0600;
	REFUSED(syscall(SYS_openat2, AT_FDCWD, "/tmp/f", how, 24), EINVAL);
	REFUSED(syscall(SYS_openat2, AT_FDCWD, "/tmp/f", how, 23), EINVAL);
	REFUSED(syscall(SYS_openat2, AT_FDCWD, "/tmp/f", 16, 24), EFAULT);
	how[1] = 0;
	CLAIM((fd = (int)syscall(SYS_openat2, AT_FDCWD, "/tmp/f", how, 32)) > 2 && close(fd) == 0);
	how[3] = 1;
	REFUSED(syscall(SYS_openat2, AT_FDCWD, "/tmp/f", how, 32), E2BIG);
	REFUSED(mknod("/tmp/node", S_IFDIR | 0700, 0), EPERM);
	REFUSED(mknod("/tmp/node", S_IFLNK | 0700, 0), EINVAL);
	CLAIM(mknod("/tmp/node", S_IFREG | 0600, 0) == 0 && stat("/tmp/node", &is) == 0 && S_ISREG(is.st_mode) && unlink("/tmp/node") == 0);
	REFUSED(syscall(SYS_renameat2, AT_FDCWD, "/tmp/f", AT_FDCWD, "/tmp/g", 1 /* NOREPLACE */), EEXIST);
	REFUSED(syscall(SYS_renameat2, AT_FDCWD, "/tmp/f", AT_FDCWD, "/tmp/g", 3), EINVAL);
	REFUSED(syscall(SYS_renameat2, AT_FDCWD, "/tmp/f", AT_FDCWD, "/tmp/none", 2 /* EXCHANGE */), ENOENT);
	CLAIM(mkdir("/tmp/d", 0755) == 0);
	/* Both have changed, or it is refused. */
	if (syscall(SYS_renameat2, AT_FDCWD, "/tmp/f", AT_FDCWD, "/tmp/d", 2) == 0)
		CLAIM(stat("/tmp/f", &is) == 0 && S_ISDIR(is.st_mode) && syscall(SYS_renameat2, AT_FDCWD, "/tmp/f", AT_FDCWD, "/tmp/d", 2) == 0);
	else
		CLAIM(errno == EINVAL);
	REFUSED(rename("/tmp/f", "/tmp/d"), EISDIR);
	REFUSED(mkdir("/tmp/f/", 0755), EEXIST);
	CLAIM(rename("/tmp/g", "/tmp/d/g") == 0);
	REFUSED(rename("/tmp/d", "/tmp/d/g"), EINVAL); /* before what is there is looked at */
	REFUSED(rename("/tmp/d/g", "/tmp/d"), ENOTEMPTY);
	CLAIM(rename("/tmp/d/g", "/tmp/g") == 0);
	REFUSED(rename("/tmp/d", "/tmp/f"), ENOTDIR);
	REFUSED(unlink("/tmp/d"), EISDIR);
	REFUSED(unlink("/tmp"), EISDIR);
	REFUSED(link("/tmp/none", BAD), ENOENT);
	REFUSED(rename("/tmp/none", BAD), EFAULT);
	REFUSED(linkat(AT_FDCWD, "/tmp/f", AT_FDCWD, "/tmp/second", AT_SYMLINK_NOFOLLOW), EINVAL);
	REFUSED(rmdir("/tmp/f"), ENOTDIR);
	CLAIM(chmod("/tmp/d", 0711) == 0 && stat("/tmp/d", &is) == 0 && is.st_mode == (S_IFDIR | 0711) && rmdir("/tmp/d") == 0);
}

/* What was opened for its name alone is told of, passed on and begun from; all else takes it for no descriptor. */
static void only_named(void)
{
	int fd = open("/tmp/made", O_PATH | O_CREAT | O_RDWR, 0600);
	uint64_t how[3] = { O_PATH | O_CREAT };
	struct pollfd asked = { .events = POLLIN };
	struct statfs system;
	struct stat is;
	int flag = 1;

	CLAIM(fd == -1 && errno == ENOENT);
	REFUSED(syscall(SYS_openat2, AT_FDCWD, "/tmp/f", how, 24), EINVAL);
	CLAIM((fd = open("/tmp/f", O_PATH | O_WRONLY | O_TRUNC)) > 2 && fcntl(fd, F_GETFL) == O_PATH);
	CLAIM(fstat(fd, &is) == 0 && fstatfs(fd, &system) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	REFUSED(flock(fd, LOCK_UN), EBADF);
	REFUSED(fcntl(fd, F_SETFL, 0), EBADF);
	REFUSED(fcntl(fd, F_GETOWN), EBADF);
	REFUSED(fcntl(fd, 99), EBADF);
	REFUSED(ioctl(fd, FIONBIO, &flag), EBADF);
	REFUSED(ioctl(fd, FIOCLEX), EBADF);
	REFUSED(lseek(fd, 0, SEEK_SET), EBADF);
	REFUSED(pread(fd, &flag, 1, 0), EBADF);
	REFUSED(syscall(SYS_fchmod, fd, 0600), EBADF);
	REFUSED(syscall(SYS_fchown, fd, 0, 0), EBADF);
	REFUSED(futimens(fd, NULL), EBADF);
	REFUSED(ftruncate(fd, 0), EBADF);
	REFUSED(fallocate(fd, 0, 0, 1), EBADF);
	REFUSED(fsync(fd), EBADF);
	CLAIM(posix_fadvise(fd, 0, 0, POSIX_FADV_NORMAL) == EBADF);
	REFUSED(readahead(fd, 0, 1), EBADF);
	REFUSED(getsockname(fd, (struct sockaddr *)&system, (socklen_t *)&flag), EBADF);
	asked.fd = fd;
	CLAIM(poll(&asked, 1, 0) == 1 && asked.revents == POLLNVAL && close(fd) == 0);
}

static void linked_by_nobody(void)
{
	int fd = open("/tmp/f", O_RDONLY);

	CLAIM(fd > 2 && syscall(SYS_setresuid, 7, 7, 7) == 0);
	REFUSED(linkat(fd, "", AT_FDCWD, "/tmp/second", AT_EMPTY_PATH), ENOENT); /* who hands it on did not mean that */
}

/* Where a call says so, an empty path means what is open. */
static void empty_paths(void)
{
	struct timespec set[2] = { { 77, 0 }, { 77, 0 } };
	int fd = open("/tmp/f", O_RDONLY), link = -1;
	struct stat is;
	char to[8];

	CLAIM(symlink("where", "/tmp/to") == 0 && (link = open("/tmp/to", O_PATH | O_NOFOLLOW)) > 2);
	CLAIM(readlinkat(link, "", to, sizeof(to)) == 5 && memcmp(to, "where", 5) == 0);
	REFUSED(readlinkat(fd, "", to, sizeof(to)), ENOENT);
	REFUSED(readlink("", to, sizeof(to)), ENOENT);
	REFUSED(readlinkat(AT_FDCWD, ".", to, sizeof(to)), EINVAL);
	REFUSED(linkat(fd, "", AT_FDCWD, "/tmp/second", 0), ENOENT);
	CLAIM(linkat(fd, "", AT_FDCWD, "/tmp/second", AT_EMPTY_PATH) == 0 && fstat(fd, &is) == 0 && is.st_nlink == 2);
	CLAIM(unlink("/tmp/second") == 0 && chdir("/tmp") == 0);
	REFUSED(linkat(AT_FDCWD, "", AT_FDCWD, "/tmp/third", AT_EMPTY_PATH), EPERM);
	CLAIM(chdir("/") == 0);
	claims_apart(linked_by_nobody);
	REFUSED(utimensat(fd, "", set, 0), ENOENT);
	REFUSED(utimensat(AT_FDCWD, "/tmp/f", set, AT_SYMLINK_FOLLOW), EINVAL);
	REFUSED(syscall(SYS_utimensat, fd, NULL, set, AT_SYMLINK_NOFOLLOW), EINVAL);
	CLAIM(utimensat(fd, "", set, AT_EMPTY_PATH) == 0 && stat("/tmp/f", &is) == 0 && is.st_mtime == 77);
	CLAIM(close(fd) == 0 && close(link) == 0 && unlink("/tmp/to") == 0);
}

/* A directory that was moved while it was open is where it is now: what it was in before can be moved into it. */
static void moved(void)
{
	int fd = -1;

	CLAIM(mkdir("/tmp/old", 0755) == 0 && mkdir("/tmp/old/in", 0755) == 0 && mkdir("/tmp/new", 0755) == 0);
	CLAIM((fd = open("/tmp/old/in", O_RDONLY | O_DIRECTORY)) >= 0 && rename("/tmp/old/in", "/tmp/new/in") == 0);
	CLAIM(renameat(AT_FDCWD, "/tmp/old", fd, "moved") == 0 && close(fd) == 0);
	CLAIM(rmdir("/tmp/new/in/moved") == 0 && rmdir("/tmp/new/in") == 0 && rmdir("/tmp/new") == 0);
}

/* A directory that was removed is empty, and has no dots either. */
static void removed(void)
{
	char entries[256];
	int fresh = -1, read_before = -1;

	CLAIM(mkdir("/tmp/gone", 0755) == 0 && (fresh = open("/tmp/gone", O_RDONLY)) >= 0 && (read_before = open("/tmp/gone", O_RDONLY)) >= 0);
	CLAIM(syscall(SYS_getdents64, read_before, entries, sizeof(entries)) > 0 && syscall(SYS_getdents64, read_before, entries, sizeof(entries)) == 0);
	CLAIM(rmdir("/tmp/gone") == 0);
	REFUSED(syscall(SYS_getdents64, fresh, entries, sizeof(entries)), ENOENT);
	REFUSED(syscall(SYS_getdents64, read_before, entries, sizeof(entries)), ENOENT);
	CLAIM(close(fresh) == 0 && close(read_before) == 0);
}

static void times(void)
{
	struct timespec set[2] = { { 5, 1000000000 }, { 5, 0 } };
	time_t now = time(NULL);
	struct stat is;

	REFUSED(utimensat(AT_FDCWD, "/tmp/f", set, 0), EINVAL);
	set[0] = (struct timespec){ 5, -1 };
	REFUSED(utimensat(AT_FDCWD, "/tmp/f", set, 0), EINVAL);
	set[0] = (struct timespec){ 5, 7 };
	CLAIM(utimensat(AT_FDCWD, "/tmp/f", set, 0) == 0 && stat("/tmp/f", &is) == 0 && is.st_atime == 5 && is.st_atim.tv_nsec == 7 && is.st_mtime == 5);
	CLAIM(is.st_ctime >= now - 1 && is.st_ctime <= now + 5);
	set[0].tv_nsec = UTIME_OMIT;
	set[1].tv_nsec = UTIME_NOW;
	CLAIM(utimensat(AT_FDCWD, "/tmp/f", set, 0) == 0 && stat("/tmp/f", &is) == 0 && is.st_atime == 5);
	CLAIM(is.st_mtime >= now - 1 && is.st_mtime <= now + 5);
	CLAIM(utimensat(AT_FDCWD, "/tmp/f", NULL, 0) == 0 && stat("/tmp/f", &is) == 0 && is.st_atime >= now - 1 && is.st_atime <= now + 5);
}

static void what_is_told(void)
{
	uint32_t more[64] = { 0 }; /* struct statx: a device's numbers are words 32 and 33 */
	struct statfs space;
	struct stat is, other;
	char path[64];
	int pair[2] = { -1, -1 };
	int fd;

	CLAIM(syscall(SYS_statx, AT_FDCWD, "/dev/null", 0, 0x7ff, more) == 0 && more[32] == 1 && more[33] == 3);
	CLAIM(chdir("/tmp") == 0 && fstatat(AT_FDCWD, "", &is, AT_EMPTY_PATH) == 0 && stat("/tmp", &other) == 0 && is.st_ino == other.st_ino);
	CLAIM(S_ISDIR(is.st_mode) && stat(".", &is) == 0 && is.st_ino == other.st_ino && chdir("/") == 0);
	CLAIM(pipe(pair) == 0 && snprintf(path, sizeof(path), "/proc/self/fd/%d", pair[0]) > 0);
	CLAIM(stat(path, &is) == 0 && S_ISFIFO(is.st_mode) && lstat(path, &is) == 0 && S_ISLNK(is.st_mode) && close(pair[0]) == 0 && close(pair[1]) == 0);
	REFUSED(stat(path, &is), ENOENT);
	/* A file without a name has one there. */
	CLAIM((fd = open("/tmp/gone", O_RDWR | O_CREAT, 0600)) >= 0 && unlink("/tmp/gone") == 0 && write(fd, "still", 5) == 5);
	CLAIM(snprintf(path, sizeof(path), "/proc/self/fd/%d", fd) > 0 && stat(path, &is) == 0 && is.st_size == 5 && is.st_nlink == 0);
	REFUSED(linkat(AT_FDCWD, path, AT_FDCWD, "/tmp/back", AT_SYMLINK_FOLLOW), ENOENT); /* none is given back */
	CLAIM((pair[0] = open(path, O_RDONLY)) >= 0 && read(pair[0], text, 9) == 5 && memcmp(text, "still", 5) == 0 && close(pair[0]) == 0 && close(fd) == 0);
	CLAIM(stat("/proc/self/status", &is) == 0 && is.st_nlink == 1 && (fd = open("/proc/self/status", O_RDONLY)) >= 0);
	CLAIM(fstat(fd, &is) == 0 && is.st_nlink == 1 && S_ISREG(is.st_mode) && close(fd) == 0 && stat("/proc/self/fd", &is) == 0 && is.st_nlink == 2);
	CLAIM(statfs("/tmp", &space) == 0 && space.f_blocks > 0 && space.f_bsize > 0 && space.f_bavail <= space.f_bfree);
	snprintf(path, sizeof(path), "/proc/%llu", (1ull << 32) + (unsigned)getpid());
	REFUSED(stat(path, &is), ENOENT);
	snprintf(path, sizeof(path), "/proc/0%d", getpid());
	REFUSED(stat(path, &is), ENOENT);
	snprintf(path, sizeof(path), "/proc/%d", getpid());
	CLAIM(stat(path, &is) == 0 && S_ISDIR(is.st_mode));
	REFUSED(stat("/proc/nothing", &is), ENOENT);
}

/* How often `name` is in a directory that is read with room for a name or two; all that is there is counted in `all`. */
static int listed(const char *directory, const char *name, int *all)
{
	struct dirent64 {
		uint64_t id;
		int64_t next;
		unsigned short bytes;
		unsigned char type;
		char name[];
	} __attribute__((aligned(8)));
	char entries[128] __attribute__((aligned(8)));
	int fd = open(directory, O_RDONLY | O_DIRECTORY);
	long bytes;
	int found = 0;

	*all = 0;
	while ((bytes = syscall(SYS_getdents64, fd, entries, sizeof(entries))) > 0 && *all < 1000)
		for (long at = 0; at < bytes; at += ((struct dirent64 *)(void *)(entries + at))->bytes, ++*all)
			found += strcmp(((struct dirent64 *)(void *)(entries + at))->name, name) == 0;
	CLAIM(bytes == 0 && close(fd) == 0);
	return found;
}

static void lists(void)
{
	char name[16];
	int all;
	int fds[20];

	snprintf(name, sizeof(name), "%d", getpid());
	CLAIM(listed("/proc", "self", &all) == 1 && listed("/proc", "meminfo", &all) == 1 && listed("/proc", name, &all) == 1 && all < 1000);
	for (int i = 0; i < 20; i++)
		fds[i] = dup(1);
	snprintf(name, sizeof(name), "%d", fds[10]);
	CLAIM(listed("/proc/self/fd", name, &all) == 1 && listed("/proc/self/fd", "0", &all) == 1 && all >= 2 + 3 + 20 && all < 40);
	for (int i = 0; i < 20; i++)
		close(fds[i]);
	CLAIM(listed("/dev", "null", &all) == 1 && listed("/dev", ".", &all) == 1 && listed("/tmp", "f", &all) == 1 && listed("/tmp", "g", &all) == 1);
}

/* The line of /proc/self/maps for what lies at `at`. */
static const char *line_of(const char *maps, const void *at)
{
	char start[32];

	snprintf(start, sizeof(start), "%08lx-", (unsigned long)at);
	maps = strstr(maps, start);
	return maps != NULL ? strchr(maps, ' ') : "";
}

static long number_in(const char *from, const char *key)
{
	const char *at = strstr(from, key);

	return at != NULL ? strtol(at + strlen(key), NULL, 10) : -1;
}

static void maps(void)
{
	char *one = mmap(NULL, 7 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *shared = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = 1;
	pid_t child;

	CLAIM(mprotect(one + 2 * PAGE, PAGE, PROT_READ) == 0 && mprotect(one + 4 * PAGE, PAGE, PROT_NONE) == 0 && load("/proc/self/maps"));
	CLAIM(strncmp(line_of(text, one + 2 * PAGE), " r--p 00000000 00:00 0", 22) == 0 && strncmp(line_of(text, one + 4 * PAGE), " ---p ", 6) == 0);
	CLAIM(strncmp(line_of(text, one + 3 * PAGE), " rw-p ", 6) == 0 && strncmp(line_of(text, shared), " rw-s ", 6) == 0);
	one[0] = shared[0] = shared[PAGE] = 1;
	child = fork();
	if (child == 0) { /* what two have counts as shared */
		shared[0] = 2;
		CLAIM(load("/proc/self/smaps"));
		for (const char *area = text; (area = strstr(area, "\nSize:")) != NULL; area++) {
			long size = number_in(area, "Size:");
			long parts[] = { number_in(area, "Shared_Clean:"), number_in(area, "Shared_Dirty:"), number_in(area, "Private_Clean:"),
					 number_in(area, "Private_Dirty:") };

			for (int i = 0; i < 4; i++)
				CLAIM(parts[i] >= 0 && parts[i] <= size);
			CLAIM(parts[0] + parts[1] + parts[2] + parts[3] == number_in(area, "Rss:"));
		}
		fflush(stdout);
		_exit(claims_failed != 0);
	}
	CLAIM(waitpid(child, &status, 0) == child && status == 0);
	CLAIM(munmap(one, 7 * PAGE) == 0 && munmap(shared, 3 * PAGE) == 0);
}

static void texts(void)
{
	const char *line = NULL;
	char soft[32], hard[32], unit[32];
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	char key[16];

	CLAIM(load("/proc/stat") && strncmp(text, "cpu  ", 5) == 0 && snprintf(key, sizeof(key), "\ncpu%ld ", cpus - 1) > 0);
	CLAIM(strstr(text, "\ncpu0 ") != NULL && strstr(text, key) != NULL && snprintf(key, sizeof(key), "\ncpu%ld ", cpus) > 0 && strstr(text, key) == NULL);
	CLAIM(load("/proc/self/limits") && (line = strstr(text, "\nMax processes")) != NULL && sscanf(line + 27, "%31s %31s %31s", soft, hard, unit) == 3);
	CLAIM(line != NULL && !isdigit((unsigned char)unit[0]) && strcmp(unit, "unlimited") != 0);
	CLAIM(load("/proc/mounts") && strstr(text, " /proc proc ") != NULL && strstr(text, " / ") != NULL && strstr(text, " / proc ") == NULL);
}

/* Looking at processes that end keeps none of them. */
static void let_go(void)
{
	char path[32];
	int status = 1;
	int i;

	for (i = 0; i < 400 && status >= 0; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		snprintf(path, sizeof(path), "/proc/%d/stat", child);
		if (child < 0 || !load(path) || waitpid(child, &status, 0) != child)
			status = -1;
	}
	CLAIM(i == 400 && status == 0);
}

/* Advice, but of a file that may be read. */
static void read_ahead(void)
{
	int fd = open("/tmp/f", O_RDWR | O_CREAT, 0600);
	int other = open("/tmp/f", O_WRONLY);
	int pair[2] = { -1, -1 };

	CLAIM(fd >= 0 && readahead(fd, 0, 4096) == 0 && readahead(fd, 1 << 20, 1) == 0);
	REFUSED(readahead(fd, 0, (size_t)-1), EINVAL);
	REFUSED(readahead(other, 0, 1), EBADF);
	REFUSED(readahead(-1, 0, 1), EBADF);
	CLAIM(pipe(pair) == 0 && close(fd) == 0 && close(other) == 0 && unlink("/tmp/f") == 0 && (fd = open("/tmp", O_RDONLY)) >= 0);
	REFUSED(readahead(fd, 0, 1), EINVAL);
	REFUSED(readahead(pair[0], 0, 1), EINVAL);
	CLAIM(close(fd) == 0 && close(pair[0]) == 0 && close(pair[1]) == 0);
}

int main(void)
{
	long_paths();
	names();
	only_named();
	empty_paths();
	removed();
	moved();
	times();
	what_is_told();
	lists();
	maps();
	texts();
	let_go();
	CLAIM(unlink("/tmp/f") == 0 && unlink("/tmp/g") == 0);
	read_ahead();
	return claims_end("lookups");
}
