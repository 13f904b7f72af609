// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Whom modes keep out: users who open, look up, make, remove, rename and change what is another's; and which capabilities do not mind. */
#include "tests/linux/claims.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <stdint.h>
#include <sys/fsuid.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { USER = 1000, GROUP = 2000, OTHER = 3000 };

/* Where all is: in /tmp, or where the only argument says, which /tmp/at leads to. */
#define P "/tmp/at/p/"

static int has_pipes = 1;

static int can_open(const char *path, int flags)
{
	int fd = open(path, flags, 0644);

	return fd >= 0 && close(fd) == 0;
}

static int file_make(const char *path, mode_t mode)
{
	int fd = open(path, O_CREAT | O_EXCL | O_RDWR, 0600);

	return fd >= 0 && write(fd, "text", 4) == 4 && fchmod(fd, mode) == 0 && close(fd) == 0;
}

static int folder_make(const char *path, mode_t mode)
{
	return mkdir(path, 0700) == 0 && chmod(path, mode) == 0;
}

static void become(uid_t user, gid_t group)
{
	CLAIM(setgroups(0, NULL) == 0 && setgid(group) == 0 && setuid(user) == 0);
}

static int socket_at(const char *path, int (*call)(int fd, const struct sockaddr *address, socklen_t bytes))
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int result;
	int why;

	strcpy(address.sun_path, path);
	result = call(fd, (const struct sockaddr *)&address, sizeof(address));
	why = errno;
	if (call != bind || result != 0)
		close(fd);
	else
		result = listen(fd, 4);
	errno = why;
	return result;
}

/* What root has. */
static void world_make(void)
{
	CLAIM(folder_make("/tmp/at/p", 0755));
	CLAIM(file_make(P "secret", 0600) && file_make(P "told", 0644) && file_make(P "open", 0666) && file_make(P "mute", 0222));
	CLAIM(folder_make(P "closed", 0700) && file_make(P "closed/file", 0666));
	CLAIM(folder_make(P "seen", 0744) && file_make(P "seen/file", 0666));
	CLAIM(folder_make(P "passage", 0711) && file_make(P "passage/file", 0666));
	CLAIM(folder_make(P "shared", 01777) && file_make(P "shared/root", 0666) && folder_make(P "shared/folder", 0777));
	CLAIM(folder_make(P "free", 0777) && file_make(P "free/root", 0600) && file_make(P "free/second", 0600));
	CLAIM(folder_make(P "ours", 0770) && chown(P "ours", 0, GROUP) == 0 && file_make(P "ours/file", 0640) && chown(P "ours/file", 0, GROUP) == 0);
	CLAIM(file_make(P "his", 0077) && chown(P "his", USER, GROUP) == 0);
	CLAIM(symlink("closed/file", P "link") == 0);
	if (has_pipes)
		CLAIM(mkfifo(P "pipe", 0600) == 0);
	CLAIM(file_make(P "setuid", 04777) && file_make(P "setgid", 02777) && file_make(P "locked", 02766) && symlink("open", P "roots") == 0);
	CLAIM(symlink("root", P "shared/roots") == 0 && symlink("root", P "shared/others") == 0 && lchown(P "shared/others", OTHER, OTHER) == 0);
	CLAIM(symlink("../told", P "free/others") == 0 && lchown(P "free/others", OTHER, OTHER) == 0);
	CLAIM(socket_at(P "socket", bind) == 0 && chmod(P "socket", 0755) == 0);
}

static void opened(void)
{
	char path[64];
	int fd;

	become(USER, OTHER);
	REFUSED(open(P "secret", O_RDONLY), EACCES);
	REFUSED(open(P "told", O_WRONLY), EACCES);
	REFUSED(open(P "told", O_RDWR), EACCES);
	REFUSED(open(P "told", O_RDONLY | O_TRUNC), EACCES);
	REFUSED(open(P "told", O_WRONLY | O_CREAT, 0600), EACCES);
	REFUSED(open(P "told", O_RDONLY | O_NOATIME), EPERM);
	REFUSED(open(P "mute", O_RDONLY), EACCES);
	if (has_pipes)
		REFUSED(open(P "pipe", O_RDONLY | O_NONBLOCK), EACCES);
	REFUSED(open(P "his", O_RDONLY), EACCES); /* the owner, whatever others may */
	REFUSED(open(P "seen", O_WRONLY), EISDIR);
	CLAIM(can_open(P "told", O_RDONLY) && can_open(P "open", O_RDWR | O_TRUNC) && can_open(P "mute", O_WRONLY));
	fd = open(P "secret", O_PATH);
	CLAIM(fd >= 0 && snprintf(path, sizeof(path), "/proc/self/fd/%d", fd) > 0);
	REFUSED(open(path, O_RDONLY), EACCES);
	fd = open(P "free/made", O_CREAT | O_RDWR, 0);
	CLAIM(fd >= 0 && write(fd, "x", 1) == 1 && pread(fd, path, 1, 0) == 1); /* who makes it may, this once */
	REFUSED(open(P "free/made", O_RDONLY), EACCES);
	CLAIM(fchmod(fd, 0400) == 0 && can_open(P "free/made", O_RDONLY | O_NOATIME));
	REFUSED(open(P "free/made", O_WRONLY), EACCES);
	REFUSED(inotify_add_watch(inotify_init1(0), P "secret", IN_MODIFY), EACCES);
	REFUSED(socket_at(P "socket", connect), EACCES);
	REFUSED(socket_at(P "mine", bind), EACCES);
	CLAIM(socket_at(P "free/mine", bind) == 0 && socket_at(P "free/mine", connect) == 0);
}

static void walked(void)
{
	struct stat told;
	int fd;

	become(USER, OTHER);
	REFUSED(lstat(P "closed/file", &told), EACCES);
	REFUSED(lstat(P "closed/none", &told), EACCES);
	REFUSED(lstat(P "closed/../told", &told), EACCES);
	REFUSED(lstat(P "closed/.", &told), EACCES);
	REFUSED(lstat(P "secret/file", &told), ENOTDIR);
	REFUSED(stat(P "link", &told), EACCES);
	CLAIM(lstat(P "link", &told) == 0 && lstat(P "closed", &told) == 0);
	REFUSED(chdir(P "closed"), EACCES);
	REFUSED(chdir(P "seen"), EACCES);
	REFUSED(chroot(P "closed"), EACCES);
	REFUSED(chroot(P "passage"), EPERM);
	CLAIM(opendir(P "closed") == NULL && errno == EACCES && opendir(P "passage") == NULL && errno == EACCES && opendir(P "seen") != NULL);
	REFUSED(open(P "seen/file", O_RDONLY), EACCES);
	CLAIM(can_open(P "passage/file", O_RDWR) && chdir(P "passage") == 0 && can_open("file", O_RDWR));
	fd = open(P "closed", O_PATH);
	CLAIM(fd >= 0);
	REFUSED(fchdir(fd), EACCES);
	REFUSED(openat(fd, "file", O_RDONLY), EACCES);
	CLAIM(folder_make(P "free/mine.d", 0700) && chdir(P "free/mine.d") == 0 && chmod(P "free/mine.d", 0) == 0);
	REFUSED(open("none", O_RDONLY), EACCES); /* one is there, and cannot look around any more */
	CLAIM(lstat(".", &told) == -1 && errno == EACCES && fstatat(AT_FDCWD, "", &told, AT_EMPTY_PATH) == 0 && chmod(P "free/mine.d", 0700) == 0);
}

static void named(void)
{
	become(USER, OTHER);
	REFUSED(mkdir(P "new", 0755), EACCES);
	REFUSED(mkdir(P "told", 0755), EEXIST);
	REFUSED(open(P "new", O_CREAT | O_RDWR, 0644), EACCES);
	REFUSED(symlink("told", P "new"), EACCES);
	REFUSED(link(P "open", P "new"), EACCES);
	REFUSED(link(P "told", P "free/new"), EPERM); /* what one could not write to */
	REFUSED(mkfifo(P "new", 0644), EACCES);
	REFUSED(unlink(P "told"), EACCES);
	REFUSED(unlink(P "seen"), EACCES);
	REFUSED(unlink(P "none"), ENOENT);
	REFUSED(rmdir(P "seen"), EACCES);
	REFUSED(rmdir(P "told"), EACCES);
	REFUSED(rename(P "told", P "new"), EACCES);
	REFUSED(rename(P "told", P "free/new"), EACCES);
	REFUSED(rename(P "free/root", P "new"), EACCES);
	REFUSED(link(P "setuid", P "free/new"), EPERM);
	REFUSED(link(P "setgid", P "free/new"), EPERM);
	REFUSED(link(P "roots", P "free/new"), EPERM);
	CLAIM(link(P "locked", P "free/link") == 0 && unlink(P "free/link") == 0); /* S_ISGID without who runs it: no program */
	CLAIM(link(P "open", P "free/link") == 0 && unlink(P "free/link") == 0);
	CLAIM(file_make(P "free/own", 04700) && link(P "free/own", P "free/link") == 0 && unlink(P "free/link") == 0 && unlink(P "free/own") == 0);
	CLAIM(rename(P "free/root", P "free/moved") == 0 && unlink(P "free/moved") == 0); /* not his, in a directory that he may change */
	/* Sticky. */
	REFUSED(unlink(P "shared/root"), EPERM);
	REFUSED(rmdir(P "shared/folder"), EPERM);
	REFUSED(unlink(P "shared/folder"), EPERM);
	REFUSED(rename(P "shared/root", P "shared/new"), EPERM);
	CLAIM(file_make(P "shared/own", 0600) && file_make(P "shared/own2", 0600));
	REFUSED(rename(P "shared/own", P "shared/root"), EPERM);
	REFUSED((int)syscall(SYS_renameat2, AT_FDCWD, P "shared/own", AT_FDCWD, P "shared/root", 2), EPERM);
	REFUSED((int)syscall(SYS_renameat2, AT_FDCWD, P "shared/root", AT_FDCWD, P "shared/own", 2), EPERM);
	CLAIM(rename(P "shared/own", P "shared/own2") == 0 && unlink(P "shared/own2") == 0);
	/* A directory that moves is written to. */
	CLAIM(folder_make(P "shared/d", 0555) && rename(P "shared/d", P "shared/e") == 0);
	REFUSED(rename(P "shared/e", P "free/e"), EACCES);
	CLAIM(chmod(P "shared/e", 0755) == 0 && rename(P "shared/e", P "free/e") == 0 && rmdir(P "free/e") == 0);
}

/* Others' links are followed where not everybody can make some. */
static void followed(void)
{
	become(USER, OTHER);
	CLAIM(can_open(P "shared/roots", O_RDONLY) && can_open(P "free/others", O_RDONLY) && symlink("root", P "shared/mine") == 0 && can_open(P "shared/mine", O_RDWR));
	REFUSED(open(P "shared/others", O_RDONLY), EACCES);
	REFUSED(open(P "shared/others/", O_RDONLY), EACCES);
	CLAIM(readlink(P "shared/others", (char[8]){ 0 }, 8) == 4);
}

static void changed(void)
{
	const struct timespec times[2] = { { 1, 0 }, { 2, 0 } };
	const struct timespec now[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };
	const struct timespec half[2] = { { 0, UTIME_NOW }, { 0, UTIME_OMIT } };
	const struct timespec none[2] = { { 0, UTIME_OMIT }, { 0, UTIME_OMIT } };
	const struct timespec bad[2] = { { 0, -1 }, { 0, 0 } };
	int secret = open(P "secret", O_RDWR);
	struct stat told;
	int memory;
	int fd;

	become(USER, OTHER);
	REFUSED(chmod(P "told", 0666), EPERM);
	REFUSED(chmod(P "open", 0666), EPERM);
	REFUSED(fchmod(secret, 0666), EPERM);
	REFUSED(truncate(P "told", 0), EACCES);
	REFUSED(truncate(P "closed", 0), EISDIR);
	REFUSED(truncate(P "secret", 0), EACCES);
	CLAIM(ftruncate(secret, 2) == 0 && truncate(P "open", 2) == 0);
	REFUSED(utimensat(AT_FDCWD, P "told", NULL, 0), EACCES);
	REFUSED(utimensat(AT_FDCWD, P "told", now, 0), EACCES);
	REFUSED(utimensat(AT_FDCWD, P "open", times, 0), EPERM);
	REFUSED(utimensat(AT_FDCWD, P "open", half, 0), EPERM);
	REFUSED(utimensat(AT_FDCWD, P "told", bad, 0), EINVAL);
	CLAIM(utimensat(AT_FDCWD, P "open", NULL, 0) == 0 && utimensat(AT_FDCWD, P "open", now, 0) == 0);
	CLAIM(utimensat(AT_FDCWD, P "told", none, 0) == 0 && utimensat(AT_FDCWD, P "none", none, 0) == 0);
	CLAIM(utimensat(AT_FDCWD, P "his", times, 0) == 0);
	fd = open(P "free/ids", O_CREAT | O_RDWR, 0600);
	CLAIM(fchmod(fd, 02755) == 0 && fstat(fd, &told) == 0 && (told.st_mode & 07777) == 02755);
	CLAIM(chmod(P "his", 02755) == 0 && lstat(P "his", &told) == 0 && (told.st_mode & 07777) == 0755); /* its group is not his */
	memory = memfd_create("memory", 0);
	CLAIM(fstat(memory, &told) == 0 && told.st_uid == USER && told.st_gid == OTHER);
}

static void in_groups(void)
{
	const gid_t groups[2] = { 7, GROUP };

	CLAIM(setgroups(2, groups) == 0 && setgid(OTHER) == 0 && setuid(USER) == 0);
	CLAIM(can_open(P "ours/file", O_RDONLY) && file_make(P "ours/new", 0600) && unlink(P "ours/new") == 0);
	REFUSED(open(P "ours/file", O_WRONLY), EACCES);
}

static void in_group(void)
{
	become(USER, GROUP);
	CLAIM(can_open(P "ours/file", O_RDONLY) && chdir(P "ours") == 0);
}

static void in_no_group(void)
{
	become(USER, OTHER);
	REFUSED(open(P "ours/file", O_RDONLY), EACCES);
	REFUSED(chdir(P "ours"), EACCES);
}

/* Of the real user, unless asked otherwise. */
static void asked(void)
{
	CLAIM(access(P "secret", R_OK | W_OK) == 0 && access(P "none", F_OK) == -1 && errno == ENOENT);
	REFUSED(access(P "secret", X_OK), EACCES);
	CLAIM(access(P "closed", R_OK | W_OK | X_OK) == 0);
	CLAIM(setgroups(0, NULL) == 0 && setresgid(OTHER, 0, 0) == 0 && setresuid(USER, 0, 0) == 0);
	REFUSED(access(P "secret", R_OK), EACCES);
	REFUSED(access(P "told", W_OK), EACCES);
	REFUSED(access(P "closed/file", F_OK), EACCES);
	REFUSED(access(P "closed", X_OK), EACCES);
	CLAIM(access(P "secret", F_OK) == 0 && access(P "open", R_OK | W_OK) == 0 && access(P "mute", W_OK) == 0);
	CLAIM(can_open(P "secret", O_RDWR) && syscall(439 /* faccessat2 */, AT_FDCWD, P "secret", R_OK | W_OK, AT_EACCESS) == 0);
	CLAIM(syscall(439, AT_FDCWD, P "closed/file", R_OK, AT_EACCESS) == 0);
}

static void as_file_user(void)
{
	struct stat told;

	CLAIM(setfsuid(USER) == 0 && setfsuid(-1) == USER);
	REFUSED(open(P "secret", O_RDONLY), EACCES);
	REFUSED(unlink(P "told"), EACCES);
	CLAIM(file_make(P "free/his", 0600) && lstat(P "free/his", &told) == 0 && told.st_uid == USER);
	CLAIM(setfsuid(0) == USER && can_open(P "secret", O_RDWR) && unlink(P "free/his") == 0);
}

static mode_t mode_of(int fd)
{
	struct stat told;

	return fstat(fd, &told) == 0 ? told.st_mode & 07777 : 0;
}

/* Made anew with the mode, and opened. */
static int ids_set(mode_t mode)
{
	int fd = open(P "free/ids", O_CREAT | O_RDWR, 0600);

	CLAIM(fd >= 0 && fchmod(fd, mode) == 0 && mode_of(fd) == mode);
	return fd;
}

/* Who changes a file ends that it runs as its owner, and as its group, where that runs it. */
static void rewritten(void)
{
	int from = open(P "told", O_RDONLY);
	char *shown;
	int fd;

	become(USER, OTHER);
	fd = ids_set(06755);
	CLAIM(write(fd, "", 0) == 0 && mode_of(fd) == 06755 && write(fd, "x", 1) == 1 && mode_of(fd) == 0755);
	fd = ids_set(06745);
	CLAIM(pwrite(fd, "x", 1, 9) == 1 && mode_of(fd) == 02745);
	fd = ids_set(06755);
	CLAIM(ftruncate(fd, 3) == 0 && mode_of(fd) == 0755);
	fd = ids_set(04700);
	CLAIM(truncate(P "free/ids", 3) == 0 && mode_of(fd) == 0700);
	fd = ids_set(04700);
	CLAIM(can_open(P "free/ids", O_WRONLY | O_TRUNC) && mode_of(fd) == 0700);
	fd = ids_set(04700);
	CLAIM(fallocate(fd, 0, 0, 1) == 0 && mode_of(fd) == 0700);
	fd = ids_set(04700);
	CLAIM(sendfile(fd, from, &(off_t){ 0 }, 4) == 4 && mode_of(fd) == 0700);
	fd = ids_set(04700);
	CLAIM(copy_file_range(from, &(off_t){ 0 }, fd, NULL, 2, 0) == 2 && mode_of(fd) == 0700);
	fd = ids_set(06755);
	shown = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CLAIM(shown != MAP_FAILED && (shown[0] = 'y') == 'y' && msync(shown, 4096, MS_SYNC) == 0 && mode_of(fd) == 06755);
	fd = open(P "locked", O_RDWR);
	CLAIM(mode_of(fd) == 02766 && write(fd, "x", 1) == 1 && mode_of(fd) == 0766); /* not a group of his */
	fd = open(P "setuid", O_WRONLY);
	CLAIM(mode_of(fd) == 04777 && ftruncate(fd, 1) == 0 && mode_of(fd) == 0777);
}

/* Root, with these capabilities alone in effect. */
static void capabilities_keep(uint64_t keep)
{
	uint32_t header[2] = { 0x20080522, 0 };
	uint32_t data[6];

	CLAIM(syscall(SYS_capget, header, data) == 0);
	data[0] &= (uint32_t)keep;
	data[3] &= (uint32_t)(keep >> 32);
	CLAIM(syscall(SYS_capset, header, data) == 0);
}

enum { DAC_OVERRIDE = 1, DAC_READ_SEARCH = 2, FOWNER = 3, FSETID = 4 };

static void with_none(void)
{
	CLAIM(chown(P "secret", OTHER, OTHER) == 0);
	capabilities_keep(0);
	REFUSED(open(P "secret", O_RDONLY), EACCES); /* being root is not what counts */
	REFUSED(chmod(P "secret", 0666), EPERM);
	CLAIM(can_open(P "told", O_RDWR) && can_open(P "closed/file", O_RDWR)); /* his own */
}

static void with_search(void)
{
	CLAIM(chown(P "closed", OTHER, OTHER) == 0);
	capabilities_keep(1u << DAC_READ_SEARCH);
	CLAIM(can_open(P "secret", O_RDONLY) && can_open(P "closed/file", O_RDONLY) && can_open(P "closed", O_RDONLY));
	REFUSED(open(P "secret", O_WRONLY), EACCES);
	REFUSED(mkdir(P "closed/new", 0755), EACCES);
}

static void with_override(void)
{
	capabilities_keep(1u << DAC_OVERRIDE);
	CLAIM(can_open(P "secret", O_RDWR) && can_open(P "closed/file", O_RDWR) && folder_make(P "closed/new", 0755) && rmdir(P "closed/new") == 0);
	REFUSED(chmod(P "secret", 0666), EPERM);
	CLAIM(access(P "secret", R_OK | W_OK) == 0);
	REFUSED(access(P "secret", X_OK), EACCES);
}

static void with_owner(void)
{
	capabilities_keep(1u << FOWNER);
	CLAIM(chmod(P "secret", 0606) == 0 && chmod(P "secret", 0600) == 0);
	REFUSED(open(P "secret", O_RDONLY), EACCES);
}

static void with_ids(void)
{
	int fd = ids_set(06755);

	CLAIM(write(fd, "x", 1) == 1 && ftruncate(fd, 9) == 0 && mode_of(fd) == 06755);
	capabilities_keep(1u << FSETID);
	CLAIM(write(fd, "x", 1) == 1 && ftruncate(fd, 8) == 0 && mode_of(fd) == 06755);
	capabilities_keep(0);
	CLAIM(write(fd, "x", 1) == 1 && mode_of(fd) == 0755);
}

/* What root may: all but run what nobody runs. */
static void as_root(void)
{
	CLAIM(folder_make(P "bare", 0) && file_make(P "bare/file", 0) && can_open(P "bare/file", O_RDWR) && can_open(P "bare", O_RDONLY) && chdir(P "bare") == 0);
	CLAIM(file_make(P "runs", 0700) && chown(P "runs", OTHER, OTHER) == 0 && access(P "runs", X_OK) == 0 && access(P "bare", X_OK) == 0);
	CLAIM(chmod(P "runs", 0677) == 0 && access(P "runs", X_OK) == 0 && chmod(P "runs", 0666) == 0);
	REFUSED(access(P "runs", X_OK), EACCES);
}

static void run(void)
{
	char *const words[] = { (char *)"x", NULL };

	REFUSED(execve(P "told", words, words), EACCES);
	if (has_pipes)
		REFUSED(execve(P "pipe", words, words), EACCES); /* and does not wait for somebody to write to it */
	REFUSED(execve(P "seen", words, words), EACCES);
	become(USER, OTHER);
	REFUSED(execve(P "closed/file", words, words), EACCES);
	REFUSED(execve(P "secret", words, words), EACCES);
}

int main(int argc, char **argv)
{
	static void (*const all[])(void) = { opened, walked, followed, named, changed, in_groups, in_group, in_no_group, asked, as_file_user,
					     as_root, run, rewritten, with_ids, with_none, with_search, with_override, with_owner };

	umask(022);
	CLAIM(symlink(argc > 1 ? argv[1] : ".", "/tmp/at") == 0);
	has_pipes = argc == 1; /* a volume has no names for them */
	world_make();
	REFUSED(open(P "shared/others", O_RDONLY), EACCES); /* nor by root */
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		claims_apart(all[i]);
	return claims_end("permissions");
}
