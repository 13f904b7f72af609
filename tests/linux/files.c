// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Files, names, directories, descriptors and locks, in /tmp and in the program's own bundle; /proc and /dev as far as programs look there. */
#include "tests/linux/claims.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MANY = 300 };

static void content(void)
{
	struct iovec pieces[2] = { { (char[]){ "one" }, 3 }, { (char[]){ "two" }, 3 } };
	char got[16] = "";
	int fd = open("/tmp/content", O_RDWR | O_CREAT | O_EXCL, 0640);
	int other;

	CLAIM(fd >= 0);
	REFUSED(open("/tmp/content", O_RDWR | O_CREAT | O_EXCL, 0640), EEXIST);
	CLAIM(writev(fd, pieces, 2) == 6 && lseek(fd, 0, SEEK_CUR) == 6);
	CLAIM(pwrite(fd, "X", 1, 9) == 1 && pread(fd, got, 16, 0) == 10);
	CLAIM(memcmp(got, "onetwo\0\0\0X", 10) == 0 && lseek(fd, 0, SEEK_CUR) == 6);
	CLAIM(ftruncate(fd, 3) == 0 && lseek(fd, 0, SEEK_END) == 3);
	REFUSED(lseek(fd, -1, SEEK_SET), EINVAL);
	other = open("/tmp/content", O_WRONLY | O_APPEND);
	CLAIM(write(other, "end", 3) == 3 && lseek(other, 0, SEEK_CUR) == 6);
	REFUSED(read(other, got, 1), EBADF);
	CLAIM(lseek(fd, 0, SEEK_SET) == 0 && read(fd, got, 16) == 6 && memcmp(got, "oneend", 6) == 0 && read(fd, got, 16) == 0);
	CLAIM(dup2(fd, 50) == 50 && lseek(50, 2, SEEK_SET) == 2 && lseek(fd, 0, SEEK_CUR) == 2);
	REFUSED(write(fd, (void *)16, 4), EFAULT);
	CLAIM(unlink("/tmp/content") == 0 && pread(fd, got, 16, 0) == 6);
	CLAIM(close(fd) == 0 && close(50) == 0 && close(other) == 0);
	REFUSED(close(fd), EBADF);
}

static void names(void)
{
	char path[PATH_MAX];
	struct stat one, two;
	int fd;

	CLAIM(mkdir("/tmp/d", 0755) == 0 && mkdir("/tmp/d/e", 0755) == 0);
	REFUSED(mkdir("/tmp/d", 0755), EEXIST);
	REFUSED(rmdir("/tmp/d"), ENOTEMPTY);
	CLAIM(symlink("e/../e", "/tmp/d/link") == 0 && readlink("/tmp/d/link", path, sizeof(path)) == 6);
	CLAIM(close(open("/tmp/d/link/f", O_CREAT | O_WRONLY, 0600)) == 0);
	CLAIM(stat("/tmp/d/e/f", &one) == 0 && link("/tmp/d/e/f", "/tmp/d/g") == 0 && stat("/tmp/d/g", &two) == 0);
	CLAIM(one.st_ino == two.st_ino && one.st_dev == two.st_dev && two.st_nlink == 2 && S_ISREG(two.st_mode));
	CLAIM(lstat("/tmp/d/link", &one) == 0 && S_ISLNK(one.st_mode));
	REFUSED(open("/tmp/d/link", O_RDONLY | O_NOFOLLOW), ELOOP);
	REFUSED(open("/tmp/d/g/x", O_RDONLY), ENOTDIR);
	CLAIM(symlink("loop", "/tmp/d/loop") == 0);
	REFUSED(open("/tmp/d/loop", O_RDONLY), ELOOP);
	CLAIM(rename("/tmp/d/g", "/tmp/d/e/h") == 0);
	REFUSED(rename("/tmp/d", "/tmp/d/e/in"), EINVAL);
	CLAIM(chdir("/tmp/d/link") == 0 && getcwd(path, sizeof(path)) != NULL && strcmp(path, "/tmp/d/e") == 0);
	CLAIM(access("../g", F_OK) == -1 && access("h", R_OK | W_OK) == 0 && access("../../../proc", F_OK) == 0);
	fd = open("..", O_RDONLY | O_DIRECTORY);
	CLAIM(fd >= 0 && unlinkat(fd, "link", 0) == 0 && unlinkat(fd, "loop", 0) == 0 && fchdir(fd) == 0);
	CLAIM(unlink("e/f") == 0 && unlink("e/h") == 0 && unlinkat(fd, "e", AT_REMOVEDIR) == 0 && close(fd) == 0);
	CLAIM(chdir("/") == 0 && rmdir("/tmp/d") == 0);
	REFUSED(unlink("/program"), EROFS);
	REFUSED(rename("/program", "/tmp/program"), EXDEV);
}

/* Everything that is there once, and nothing else. */
static void listing(void)
{
	unsigned char seen[MANY] = { 0 };
	unsigned found = 0;
	char name[300];
	DIR *directory;

	CLAIM(mkdir("/tmp/many", 0700) == 0);
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "/tmp/many/%d", i);
		CLAIM(close(creat(name, 0600)) == 0);
	}
	directory = opendir("/tmp/many");
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		if (entry->d_name[0] == '.')
			continue;
		CLAIM(entry->d_type == DT_REG && seen[atoi(entry->d_name)]++ == 0);
		snprintf(name, sizeof(name), "/tmp/many/%s", entry->d_name);
		CLAIM(unlink(name) == 0);
		found++;
	}
	CLAIM(found == MANY && closedir(directory) == 0 && rmdir("/tmp/many") == 0);
	directory = opendir("/");
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
		found += strcmp(entry->d_name, "program") == 0 || strcmp(entry->d_name, "tmp") == 0 || strcmp(entry->d_name, "proc") == 0;
	CLAIM(found == MANY + 3 && closedir(directory) == 0);
}

static void descriptors(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	int high = fcntl(fd, F_DUPFD, 100), made = open("/tmp/kept", O_WRONLY | O_CREAT, 0600);
	struct stat kept;

	CLAIM(made >= 0 && write(made, "kept", 4) == 4 && close(made) == 0);
	CLAIM(high == 100 && fcntl(fd, F_GETFD) == FD_CLOEXEC && fcntl(high, F_GETFD) == 0);
	CLAIM((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR && fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && (fcntl(high, F_GETFL) & O_NONBLOCK) != 0);
	REFUSED(fcntl(99, F_GETFD), EBADF);
	REFUSED(dup2(99, 98), EBADF);
	CLAIM(close(fd) == 0 && write(high, "x", 1) == 1 && read(high, &fd, 1) == 0 && close(high) == 0);
	for (high = 0; (fd = open("/dev/zero", O_RDONLY)) >= 0 && high < 2000; high++)
		;
	CLAIM(fd == -1 && errno == EMFILE && high > 100 && high <= 1024);
	REFUSED(open("/tmp/kept", O_WRONLY | O_TRUNC), EMFILE); /* and nothing was done */
	CLAIM(stat("/tmp/kept", &kept) == 0 && kept.st_size == 4 && unlink("/tmp/kept") == 0);
	for (fd = 3; high > 0; fd++)
		high -= close(fd) == 0;
}

/* Another process sees a lock of ours; it goes with the first descriptor that is closed, as POSIX has it. */
static int lock_seen(short type)
{
	struct flock wanted = { .l_type = type, .l_whence = SEEK_SET, .l_start = 5, .l_len = 1 };
	int status;
	pid_t child = fork();

	if (child == 0) {
		int fd = open("/tmp/locked", O_RDWR);

		_exit(fcntl(fd, F_GETLK, &wanted) != 0 ? 9 : wanted.l_type == F_UNLCK ? 0 : wanted.l_pid == getppid() ? 1 : 8);
	}
	CLAIM(waitpid(child, &status, 0) == child && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void locks(void)
{
	struct flock range = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 10 };
	int fd = open("/tmp/locked", O_RDWR | O_CREAT, 0600);
	int other = open("/tmp/locked", O_RDWR);

	CLAIM(fcntl(fd, F_SETLK, &range) == 0 && lock_seen(F_WRLCK) == 1 && lock_seen(F_RDLCK) == 0);
	range.l_type = F_WRLCK;
	CLAIM(fcntl(fd, F_SETLK, &range) == 0 && lock_seen(F_RDLCK) == 1);
	range = (struct flock){ .l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = 4, .l_len = 3 };
	CLAIM(fcntl(fd, F_SETLK, &range) == 0 && lock_seen(F_WRLCK) == 0);
	range = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
	CLAIM(fcntl(other, F_SETLK, &range) == 0 && lock_seen(F_RDLCK) == 1 && close(other) == 0 && lock_seen(F_RDLCK) == 0);
	other = open("/tmp/locked", O_RDWR);
	CLAIM(flock(fd, LOCK_EX) == 0);
	REFUSED(flock(other, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	CLAIM(close(fd) == 0 && flock(other, LOCK_SH | LOCK_NB) == 0 && close(other) == 0 && unlink("/tmp/locked") == 0);
}

static void what_is_told(void)
{
	char path[PATH_MAX] = "";
	char text[256] = "";
	struct statfs space;
	struct stat stat_;
	int fd = open("/proc/self/status", O_RDONLY);
	int to = open("/tmp/copy", O_RDWR | O_CREAT | O_TRUNC, 0600);
	off_t offset = 1;

	CLAIM(read(fd, text, sizeof(text) - 1) > 10 && strncmp(text, "Name:\t", 6) == 0 && close(fd) == 0);
	CLAIM(readlink("/proc/self/exe", path, sizeof(path)) == 8 && strcmp(path, "/program") == 0);
	fd = open(path, O_RDONLY);
	CLAIM(fd >= 0 && fstat(fd, &stat_) == 0 && stat_.st_size > 1000 && sendfile(to, fd, &offset, 3) == 3 && offset == 4);
	CLAIM(pread(to, text, 8, 0) == 3 && memcmp(text, "ELF", 3) == 0 && close(to) == 0 && unlink("/tmp/copy") == 0);
	snprintf(text, sizeof(text), "/proc/self/fd/%d", fd);
	CLAIM(readlink(text, path, sizeof(path)) == 8 && close(fd) == 0);
	CLAIM(stat("/dev/null", &stat_) == 0 && S_ISCHR(stat_.st_mode) && stat_.st_rdev == 0x103);
	CLAIM(statfs("/tmp", &space) == 0 && space.f_type == 0x01021994 && space.f_bfree <= space.f_blocks);
	CLAIM(statfs("/", &space) == 0 && space.f_blocks > 0 && space.f_bfree <= space.f_blocks);
	CLAIM(isatty(1) && ttyname(1) != NULL);
	fd = open("/dev/full", O_WRONLY);
	REFUSED(write(fd, "x", 1), ENOSPC);
	CLAIM(close(fd) == 0);
	REFUSED(open("", O_RDONLY), ENOENT);
	REFUSED(open((char *)16, O_RDONLY), EFAULT);
}

int main(void)
{
	content();
	names();
	listing();
	descriptors();
	locks();
	what_is_told();
	return claims_end("files");
}
