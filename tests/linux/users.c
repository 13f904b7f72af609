// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Who a process is: users and groups that root takes on and gives up for good, what a child and a new program have of them, and whose files are. */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { USER = 1000, GROUP = 2000, OTHER = 3000 };

/* Each in a process of its own: what is given up does not come back. */
static void apart(void (*claims)(void))
{
	int status = -1;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		claims_failed = 0;
		claims();
		fflush(stdout);
		_exit(claims_failed != 0);
	}
	CLAIM(waitpid(child, &status, 0) == child && status == 0);
}

/* By the calls themselves: the library's run in every thread. */
static int set_user(uid_t user)
{
	return (int)syscall(SYS_setuid, user);
}

static int set_users(uid_t real, uid_t effective, uid_t saved)
{
	return (int)syscall(SYS_setresuid, real, effective, saved);
}

static int users_are(uid_t real, uid_t effective, uid_t saved)
{
	uid_t a, b, c;

	return getresuid(&a, &b, &c) == 0 && a == real && b == effective && c == saved && getuid() == real && geteuid() == effective;
}

static int groups_are(gid_t real, gid_t effective, gid_t saved)
{
	gid_t a, b, c;

	return getresgid(&a, &b, &c) == 0 && a == real && b == effective && c == saved && getgid() == real && getegid() == effective;
}

static void for_good(void)
{
	CLAIM(setgroups(0, NULL) == 0 && syscall(SYS_setgid, GROUP) == 0 && set_user(USER) == 0);
	CLAIM(users_are(USER, USER, USER) && groups_are(GROUP, GROUP, GROUP));
	REFUSED(set_user(0), EPERM);
	REFUSED(set_user(OTHER), EPERM);
	REFUSED(set_users(-1, 0, -1), EPERM);
	REFUSED(syscall(SYS_setreuid, -1, 0), EPERM);
	REFUSED(syscall(SYS_setgid, 0), EPERM);
	REFUSED(syscall(SYS_setresgid, 0, 0, 0), EPERM);
	REFUSED(setgroups(0, NULL), EPERM);
	CLAIM(set_user(USER) == 0 && set_users(USER, -1, USER) == 0 && set_users(-1, -1, -1) == 0 && users_are(USER, USER, USER));
	REFUSED(set_user(-1), EINVAL);
}

static void for_a_while(void)
{
	CLAIM(set_users(-1, USER, -1) == 0 && users_are(0, USER, 0));
	REFUSED(setgroups(0, NULL), EPERM);
	REFUSED(set_user(OTHER), EPERM);
	CLAIM(set_user(0) == 0 && users_are(0, 0, 0));
	CLAIM(syscall(SYS_setreuid, USER, 0) == 0 && users_are(USER, 0, 0));
	CLAIM(syscall(SYS_setreuid, 0, USER) == 0 && users_are(0, USER, USER));
	CLAIM(syscall(SYS_setreuid, USER, 0) == 0 && users_are(USER, 0, 0));
	CLAIM(set_users(USER, OTHER, 0) == 0 && users_are(USER, OTHER, 0));
	CLAIM(set_user(0) == 0 && users_are(USER, 0, 0));
	CLAIM(syscall(SYS_setregid, GROUP, -1) == 0 && groups_are(GROUP, 0, 0) && syscall(SYS_setregid, -1, OTHER) == 0 && groups_are(GROUP, OTHER, OTHER));
	CLAIM(set_user(OTHER) == 0 && users_are(OTHER, OTHER, OTHER));
	CLAIM(syscall(SYS_setgid, GROUP) == 0 && groups_are(GROUP, GROUP, OTHER));
	REFUSED(syscall(SYS_setgid, USER), EPERM);
}

static void groups(void)
{
	gid_t some[3] = { 7, 5, 6 };
	gid_t got[8] = { 0 };

	CLAIM(setgroups(3, some) == 0 && getgroups(0, NULL) == 3 && getgroups(8, got) == 3);
	CLAIM(got[0] + got[1] + got[2] == 18);
	REFUSED(getgroups(2, got), EINVAL);
	REFUSED(getgroups(-1, got), EINVAL);
	REFUSED(syscall(SYS_setgroups, 65537, some), EINVAL);
	REFUSED(syscall(SYS_setgroups, 1, 16), EFAULT);
	CLAIM(set_user(USER) == 0 && getgroups(8, got) == 3);
}

static void of_files(void)
{
	CLAIM(syscall(SYS_setfsuid, USER) == 0 && syscall(SYS_setfsuid, -1) == USER && syscall(SYS_setfsgid, GROUP) == 0 && syscall(SYS_setfsgid, -1) == GROUP);
	CLAIM(users_are(0, 0, 0));
	CLAIM(set_users(-1, 0, -1) == 0 && syscall(SYS_setfsuid, -1) == 0);
	CLAIM(set_user(USER) == 0 && syscall(SYS_setfsuid, 0) == USER && syscall(SYS_setfsuid, -1) == USER);
}

static int status_has(const char *line)
{
	static char text[4096];
	int fd = open("/proc/self/status", O_RDONLY);
	ssize_t bytes = read(fd, text, sizeof(text) - 1);

	close(fd);
	text[bytes > 0 ? bytes : 0] = '\0';
	return strstr(text, line) != NULL;
}

static void told(void)
{
	CLAIM(setgroups(2, (gid_t[2]){ 5, 6 }) == 0 && syscall(SYS_setresgid, GROUP, GROUP, OTHER) == 0 && set_users(USER, USER, OTHER) == 0);
	CLAIM(status_has("\nUid:\t1000\t1000\t3000\t1000\nGid:\t2000\t2000\t3000\t2000\n"));
	CLAIM(status_has("\nGroups:\t5 6 \n"));
}

static volatile uid_t signal_user;

static void signal_take(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	signal_user = info->si_uid;
}

static void signals(void)
{
	struct sigaction action = { .sa_sigaction = signal_take, .sa_flags = SA_SIGINFO };

	CLAIM(sigaction(SIGUSR1, &action, NULL) == 0 && set_user(USER) == 0);
	CLAIM(kill(getpid(), SIGUSR1) == 0 && signal_user == USER);
}

static void *user_of(void *arg)
{
	*(uid_t *)arg = geteuid();
	return NULL;
}

static void threads(void)
{
	pthread_t thread;
	uid_t user = 0;

	CLAIM(setuid(USER) == 0 && pthread_create(&thread, NULL, user_of, &user) == 0 && pthread_join(thread, NULL) == 0 && user == USER);
}

/* What runs again as a new program. */
static int again(void)
{
	CLAIM(users_are(USER, OTHER, OTHER) && groups_are(0, 0, 0));
	CLAIM(getauxval(AT_UID) == USER && getauxval(AT_EUID) == OTHER && getauxval(AT_GID) == 0 && getauxval(AT_EGID) == 0 && getauxval(AT_SECURE) == 1);
	return claims_failed;
}

static void programs(void)
{
	CLAIM(set_users(USER, OTHER, 0) == 0);
	execl("/app/program", "program", "again", (char *)NULL);
	execl("/proc/self/exe", "program", "again", (char *)NULL);
	CLAIM(0);
}

static int owned_by(const char *path, uid_t user, gid_t group)
{
	struct stat stat;

	return lstat(path, &stat) == 0 && stat.st_uid == user && stat.st_gid == group;
}

static void files_made(void)
{
	struct stat stat;
	int fd;

	CLAIM(lstat("/tmp", &stat) == 0 && (stat.st_mode & 07777) == 01777 && owned_by("/tmp", 0, 0));
	CLAIM(mkdir("/tmp/u", 0777) == 0 && chmod("/tmp/u", 0777) == 0 && owned_by("/tmp/u", 0, 0));
	CLAIM(syscall(SYS_setgid, GROUP) == 0 && set_user(USER) == 0);
	fd = open("/tmp/u/file", O_CREAT | O_RDWR, 0640);
	CLAIM(fd >= 0 && close(fd) == 0 && mkdir("/tmp/u/folder", 0700) == 0 && symlink("file", "/tmp/u/link") == 0 && mknod("/tmp/u/pipe", S_IFIFO | 0600, 0) == 0);
	CLAIM(owned_by("/tmp/u/file", USER, GROUP) && owned_by("/tmp/u/folder", USER, GROUP) && owned_by("/tmp/u/link", USER, GROUP) && owned_by("/tmp/u/pipe", USER, GROUP));
	CLAIM(chown("/tmp/u/file", -1, -1) == 0 && chown("/tmp/u/file", USER, GROUP) == 0);
	REFUSED(chown("/tmp/u/file", OTHER, -1), EPERM);
	REFUSED(chown("/tmp/u/file", -1, OTHER), EPERM);
	REFUSED(chown("/tmp/u", USER, -1), EPERM);
}

static void files_given(void)
{
	struct stat stat;
	int fd = open("/tmp/given", O_CREAT | O_RDWR, 0644);

	CLAIM(owned_by("/tmp/given", 0, 0) && fchown(fd, USER, -1) == 0 && owned_by("/tmp/given", USER, 0));
	CLAIM(chown("/tmp/given", -1, GROUP) == 0 && fstat(fd, &stat) == 0 && stat.st_uid == USER && stat.st_gid == GROUP);
	CLAIM(fchmod(fd, 06755) == 0 && fchown(fd, OTHER, OTHER) == 0 && fstat(fd, &stat) == 0 && (stat.st_mode & 07777) == 0755 && stat.st_gid == OTHER);
	CLAIM(symlink("given", "/tmp/gone") == 0 && lchown("/tmp/gone", 4, 5) == 0 && owned_by("/tmp/gone", 4, 5) && owned_by("/tmp/given", OTHER, OTHER));
	CLAIM(chown("/tmp/gone", USER, USER) == 0 && owned_by("/tmp/given", USER, USER) && owned_by("/tmp/gone", 4, 5));
	CLAIM(syscall(SYS_fchownat, fd, "", 8, 9, AT_EMPTY_PATH) == 0 && owned_by("/tmp/given", 8, 9));
	CLAIM(mkdir("/tmp/shared", 0777) == 0 && chown("/tmp/shared", -1, GROUP) == 0 && chmod("/tmp/shared", 02777) == 0);
	close(fd);
	fd = open("/tmp/shared/file", O_CREAT | O_RDWR, 0644);
	CLAIM(fd >= 0 && mkdir("/tmp/shared/in", 0755) == 0 && owned_by("/tmp/shared/file", 0, GROUP) && owned_by("/tmp/shared/in", 0, GROUP));
	CLAIM(lstat("/tmp/shared/in", &stat) == 0 && (stat.st_mode & 07777) == 02755);
	REFUSED(fchownat(AT_FDCWD, "/tmp/given", 0, 0, 0x4000), EINVAL);
	REFUSED(chown("/tmp/none", 0, 0), ENOENT);
	close(fd);
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return again();
	apart(for_good);
	apart(for_a_while);
	apart(groups);
	apart(of_files);
	apart(told);
	apart(signals);
	apart(threads);
	apart(programs);
	apart(files_made);
	apart(files_given);
	CLAIM(users_are(0, 0, 0) && groups_are(0, 0, 0));
	return claims_end("users");
}
