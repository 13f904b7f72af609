// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Programs that are root's, whoever starts them (S_ISUID): those of the bundle, and no others. */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { USER = 1000, GROUP = 2000 };

/* Whether it may do everything, or nothing. */
static int may(unsigned all)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct got[2];

	return syscall(SYS_capget, &header, got) == 0 && got[0].effective == all && got[0].permitted == all;
}

static int is(uid_t real, uid_t effective)
{
	uid_t r, e, s;

	return getresuid(&r, &e, &s) == 0 && r == real && e == effective && s == effective && getegid() == getgid();
}

/* What is executed; the word says as whom. */
static int executed(const char *as)
{
	if (strcmp(as, "root") == 0) {
		CLAIM(is(USER, 0) && may(~0u) && getauxval(AT_SECURE) == 1 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
		CLAIM(setuid(0) == 0 && is(0, 0));
	} else {
		CLAIM(is(USER, USER) && may(0) && getauxval(AT_SECURE) == 0);
		CLAIM(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == (strcmp(as, "nobody new") == 0));
		REFUSED(setuid(0), EPERM);
	}
	return claims_failed != 0;
}

/* Runs a program of the bundle as the user. */
static int runs(const char *program, const char *as)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (setgid(GROUP) != 0 || setuid(USER) != 0 || (strcmp(as, "nobody new") == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0))
			_exit(76);
		execl(program, program, as, NULL);
		_exit(77);
	}
	return waitpid(child, &status, 0) == child && status == 0;
}

static int copied(const char *name, const char *to_name, mode_t mode)
{
	int from = open(name, O_RDONLY);
	int to = open(to_name, O_CREAT | O_EXCL | O_WRONLY, 0600);
	struct stat stat;

	return fstat(from, &stat) == 0 && sendfile(to, from, NULL, (size_t)stat.st_size) == stat.st_size && fchmod(to, mode) == 0 && close(to) == 0 && close(from) == 0;
}

/* Where anybody could have set its mode, that says nothing: the same program, which is proven there, too. */
static void where_nosuid(const char *program)
{
	char signature[300];
	struct statfs system;
	struct stat stat;

	snprintf(signature, sizeof(signature), "%s.minisig", program);
	CLAIM(copied(program, "/tmp/set-user", 04755) && copied(signature, "/tmp/set-user.minisig", 0644));
	CLAIM(lstat("/tmp/set-user", &stat) == 0 && stat.st_mode == (S_IFREG | 04755) && stat.st_uid == 0);
	CLAIM(runs("/tmp/set-user", "user"));
	CLAIM(statfs("/tmp", &system) == 0 && (system.f_flags & ST_NOSUID) != 0 && statfs(program, &system) == 0 && (system.f_flags & ST_NOSUID) == 0);
}

int main(int argc, char **argv)
{
	char own[256] = "", other[256];
	struct stat stat;

	if (argc > 1)
		return executed(argv[1]);
	CLAIM(readlink("/proc/self/exe", own, sizeof(own) - 1) > 0);
	snprintf(other, sizeof(other), "%.*s/set-user", (int)(strrchr(own, '/') - own), own);
	CLAIM(lstat(other, &stat) == 0 && stat.st_mode == (S_IFREG | 04755) && stat.st_uid == 0);
	CLAIM(lstat(own, &stat) == 0 && stat.st_mode == (S_IFREG | 0755));
	CLAIM(runs(other, "root") && runs(own, "user") && runs(other, "nobody new"));
	where_nosuid(other);
	REFUSED(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
	REFUSED(prctl(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0), EINVAL);
	REFUSED(prctl(PR_GET_NO_NEW_PRIVS, 1, 0, 0, 0), EINVAL);
	CLAIM(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 && is(0, 0));
	return claims_end("raised");
}
