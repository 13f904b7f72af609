// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Whose the nodes of /dev and /proc are, and whom their modes keep out. */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { USER = 1000, GROUP = 2000, OTHER = 3000 };

static int owned_by(const char *path, uid_t user, gid_t group)
{
	struct stat told;

	return lstat(path, &told) == 0 && told.st_uid == user && told.st_gid == group;
}

static int can_open(const char *path, int flags)
{
	int fd = open(path, flags | O_NOCTTY);

	return fd >= 0 && close(fd) == 0;
}

static void become(uid_t user, gid_t group)
{
	CLAIM(setgroups(0, NULL) == 0 && setgid(group) == 0 && setuid(user) == 0);
}

/* A process of another user, which is there until it is told to end. */
static pid_t other_start(int *end)
{
	char byte = 0;
	int told[2], ready[2];
	pid_t child;

	CLAIM(pipe(told) == 0 && pipe(ready) == 0);
	child = fork();
	if (child == 0) {
		close(told[1]);
		become(OTHER, OTHER + 1);
		CLAIM(write(ready[1], "", 1) == 1 && read(told[0], &byte, 1) == 0);
		_exit(claims_failed != 0);
	}
	CLAIM(close(told[0]) == 0 && read(ready[0], &byte, 1) == 1 && close(ready[0]) == 0 && close(ready[1]) == 0);
	*end = told[1];
	return child;
}

static void processes(void)
{
	char folder[32], path[48];
	int status = -1;
	int end;
	pid_t other = other_start(&end);

	snprintf(folder, sizeof(folder), "/proc/%d", (int)other);
	CLAIM(owned_by(folder, OTHER, OTHER + 1) && owned_by("/proc", 0, 0) && owned_by("/proc/uptime", 0, 0) && owned_by("/proc/1/status", 0, 0));
	snprintf(path, sizeof(path), "%s/environ", folder);
	CLAIM(can_open(path, O_RDONLY));
	become(USER, GROUP);
	snprintf(folder, sizeof(folder), "/proc/%d", (int)getpid());
	CLAIM(owned_by(folder, USER, GROUP));
	REFUSED(open(path, O_RDONLY), EACCES);
	REFUSED(open("/proc/1/environ", O_RDONLY), EACCES);
	REFUSED(open("/proc/self/oom_score_adj", O_WRONLY | O_CREAT | O_EXCL, 0600), EEXIST);
	REFUSED(chmod("/proc/uptime", 0600), EPERM);
	REFUSED(chown("/dev/null", USER, GROUP), EPERM);
	snprintf(path, sizeof(path), "/proc/%d/status", (int)other);
	CLAIM(can_open(path, O_RDONLY) && can_open("/proc/self/status", O_RDONLY) && can_open("/proc/uptime", O_RDONLY));
	CLAIM(can_open("/dev/null", O_RDWR) && can_open("/dev/zero", O_RDWR) && can_open("/dev/urandom", O_RDWR) && close(end) == 0);
	CLAIM(waitpid(other, &status, 0) == other && status == 0);
}

static int master, slave;
static char name[32];

static void terminals_of_another(void)
{
	become(USER, GROUP);
	REFUSED(open(name, O_RDWR | O_NOCTTY), EACCES);
	REFUSED(chmod(name, 0666), EPERM);
	REFUSED(chown(name, USER, GROUP), EPERM);
	CLAIM(!can_open(name, O_RDONLY) && errno == EACCES);
}

static void terminals_own(void)
{
	struct stat told;
	int number;
	int mine;

	become(USER, GROUP);
	CLAIM(can_open(name, O_RDWR) && chmod(name, 0600) == 0); /* it was given to him */
	mine = posix_openpt(O_RDWR | O_NOCTTY);
	CLAIM(mine >= 0 && unlockpt(mine) == 0 && ioctl(mine, TIOCGPTN, &number) == 0);
	snprintf(name, sizeof(name), "/dev/pts/%d", number);
	CLAIM(owned_by(name, USER, GROUP) && can_open(name, O_RDWR) && fstat(mine, &told) == 0 && told.st_uid == 0);
	slave = open(name, O_RDWR | O_NOCTTY);
	CLAIM(slave >= 0 && fstat(slave, &told) == 0 && told.st_uid == USER && told.st_gid == GROUP);
	CLAIM(chmod(name, 0400) == 0 && can_open(name, O_RDONLY));
	REFUSED(open(name, O_RDWR | O_NOCTTY), EACCES);
	CLAIM(chmod(name, 0600) == 0 && ioctl(slave, TIOCEXCL) == 0);
	REFUSED(open(name, O_RDWR | O_NOCTTY), EBUSY);
	CLAIM(ioctl(slave, TIOCNXCL) == 0 && can_open(name, O_RDWR));
}

int main(void)
{
	int number;

	claims_apart(processes);
	master = posix_openpt(O_RDWR | O_NOCTTY);
	CLAIM(master >= 0 && unlockpt(master) == 0 && ioctl(master, TIOCGPTN, &number) == 0);
	snprintf(name, sizeof(name), "/dev/pts/%d", number);
	CLAIM(chmod(name, 0620) == 0 && owned_by(name, 0, 0));
	slave = open(name, O_RDWR | O_NOCTTY);
	CLAIM(slave >= 0 && ioctl(slave, TIOCEXCL) == 0 && can_open(name, O_RDWR) && ioctl(slave, TIOCNXCL) == 0);
	claims_apart(terminals_of_another);
	CLAIM(chown(name, USER, GROUP) == 0 && owned_by(name, USER, GROUP));
	claims_apart(terminals_own);
	return claims_end("nodes");
}
