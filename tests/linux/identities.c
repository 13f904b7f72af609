// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Users, groups and capabilities: who may become whom, and who is told who one is. */
#include "tests/linux/claims.h"
#include "tests/linux/load.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { A = 1000, B = 2000, C = 3000 };
/* Capabilities of the first word that are lost by who opens files as another user than root. */
#define ABOUT_FILES (1u << CAP_CHOWN | 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH | 1u << CAP_FOWNER | 1u << CAP_FSETID | 1u << CAP_LINUX_IMMUTABLE | 1u << CAP_MKNOD)

static int users_are(uid_t real, uid_t effective, uid_t saved)
{
	uid_t r, e, s;

	return getresuid(&r, &e, &s) == 0 && r == real && e == effective && s == saved && getuid() == real && geteuid() == effective;
}

static int groups_are(gid_t real, gid_t effective, gid_t saved)
{
	gid_t r, e, s;

	return getresgid(&r, &e, &s) == 0 && r == real && e == effective && s == saved && getgid() == real && getegid() == effective;
}

struct capabilities {
	struct __user_cap_data_struct words[2];
};

static struct capabilities held(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct capabilities got;

	CLAIM(syscall(SYS_capget, &header, &got) == 0);
	return got;
}

static long hold(struct capabilities wanted)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };

	return syscall(SYS_capset, &header, &wanted);
}

/* Just these of the first word. */
static int holds(unsigned effective, unsigned permitted)
{
	struct capabilities now = held();

	return now.words[0].effective == effective && now.words[0].permitted == permitted;
}

/* In a child, for there is no way back. */
static void in_child(int (*run)(void))
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		status = run();
		fflush(stdout);
		_exit(status);
	}
	CLAIM(waitpid(child, &status, 0) == child && status == 0);
}

static int gone_for_good(void)
{
	CLAIM(setgroups(2, (gid_t[]){ 7, 5 }) == 0 && setgid(B) == 0 && setuid(A) == 0);
	CLAIM(users_are(A, A, A) && groups_are(B, B, B) && holds(0, 0));
	REFUSED(setuid(0), EPERM);
	REFUSED(seteuid(0), EPERM);
	REFUSED(setreuid(0, (uid_t)-1), EPERM);
	REFUSED(setresuid((uid_t)-1, B, (uid_t)-1), EPERM);
	REFUSED(setuid((uid_t)-1), EINVAL);
	REFUSED(setgid(0), EPERM);
	REFUSED(setresgid(0, 0, 0), EPERM);
	REFUSED(setgroups(0, NULL), EPERM);
	REFUSED(chroot("/"), EPERM);
	REFUSED(chroot("/nothing"), ENOENT);
	CLAIM(setuid(A) == 0 && setresuid(A, (uid_t)-1, A) == 0 && setreuid(A, A) == 0 && setgid(B) == 0 && users_are(A, A, A));
	return claims_failed != 0;
}

static int there_and_back(void)
{
	CLAIM(seteuid(A) == 0 && users_are(0, A, 0) && holds(0, ~0u));
	REFUSED(setgroups(0, NULL), EPERM);
	REFUSED(setuid(B), EPERM);
	REFUSED(setgid(B), EPERM);
	CLAIM(seteuid(0) == 0 && setegid(B) == 0 && groups_are(0, B, 0) && setegid(0) == 0 && users_are(0, 0, 0) && holds(~0u, ~0u));
	CLAIM(setreuid(A, B) == 0 && users_are(A, B, B) && setreuid(B, A) == 0 && users_are(B, A, A));
	REFUSED(setreuid(C, (uid_t)-1), EPERM);
	REFUSED(setreuid((uid_t)-1, 0), EPERM);
	CLAIM(setreuid((uid_t)-1, B) == 0 && users_are(B, B, A) && setresuid(A, A, B) == 0 && users_are(A, A, B) && setuid(B) == 0 && users_are(A, B, B));
	return claims_failed != 0;
}

/* Who is root in effect becomes whoever it likes, for good by one call only. */
static int root_in_effect(void)
{
	CLAIM(setreuid(A, 0) == 0 && users_are(A, 0, 0) && setreuid(0, A) == 0 && users_are(0, A, A));
	CLAIM(setreuid(A, 0) == 0 && setresuid(A, C, 0) == 0 && users_are(A, C, 0) && setuid(0) == 0 && users_are(A, 0, 0));
	CLAIM(setregid(B, (gid_t)-1) == 0 && groups_are(B, 0, 0) && setregid((gid_t)-1, C) == 0 && groups_are(B, C, C));
	CLAIM(setuid(C) == 0 && users_are(C, C, C) && setgid(B) == 0 && groups_are(B, B, C));
	REFUSED(setgid(A), EPERM);
	return claims_failed != 0;
}

static int at_once(void)
{
	CLAIM(setresgid(A, B, C) == 0 && setregid((gid_t)-1, (gid_t)-1) == 0 && groups_are(A, B, C) && setregid((gid_t)-1, A) == 0 && groups_are(A, A, C));
	CLAIM(setresgid(0, 0, 0) == 0 && setresuid(A, B, C) == 0 && setreuid((uid_t)-1, (uid_t)-1) == 0 && users_are(A, B, C));
	CLAIM(setresuid(C, (uid_t)-1, A) == 0 && users_are(C, B, A));
	REFUSED(setresuid(0, A, A), EPERM);
	CLAIM(setresgid((gid_t)-1, (gid_t)-1, (gid_t)-1) == 0);
	REFUSED(setresgid(A, (gid_t)-1, (gid_t)-1), EPERM);
	REFUSED(setuid((uid_t)-1), EINVAL);
	REFUSED(syscall(SYS_getresuid, 16, 16, 16), EFAULT);
	return claims_failed != 0;
}

static int of_files(void)
{
	CLAIM(setfsuid((uid_t)-1) == 0 && holds(~0u, ~0u) && setfsuid(0) == 0 && holds(~0u, ~0u));
	CLAIM(setfsuid(A) == 0 && setfsuid((uid_t)-1) == A && setfsuid(0) == A && setfsgid(B) == 0 && setfsgid((gid_t)-1) == B);
	CLAIM(setfsuid(A) == 0 && users_are(0, 0, 0) && setresuid((uid_t)-1, 0, (uid_t)-1) == 0 && setfsuid((uid_t)-1) == 0);
	CLAIM(setfsuid(A) == 0 && holds(~ABOUT_FILES, ~0u) && setfsuid(C) == A && holds(~ABOUT_FILES, ~0u) && setfsuid(0) == C && holds(~0u, ~0u));
	CLAIM(setfsgid(A) == B && holds(~0u, ~0u) && setfsgid(B) == A);
	/* Calls that change nothing leave it, too; those that change something do not. */
	CLAIM(setfsuid(A) == 0 && setresuid((uid_t)-1, (uid_t)-1, (uid_t)-1) == 0 && setfsuid((uid_t)-1) == A);
	CLAIM(setresuid(0, (uid_t)-1, 0) == 0 && setfsuid((uid_t)-1) == A && setresuid((uid_t)-1, (uid_t)-1, C) == 0 && setfsuid((uid_t)-1) == 0);
	CLAIM(setfsuid(A) == 0 && setresuid(C, (uid_t)-1, (uid_t)-1) == 0 && setfsuid((uid_t)-1) == 0 && users_are(C, 0, C));
	CLAIM(setresuid(A, A, A) == 0 && setfsuid(0) == A && setfsuid((uid_t)-1) == A);
	return claims_failed != 0;
}

static int groups(void)
{
	gid_t got[8];

	CLAIM(setgroups(3, (gid_t[]){ 30, 10, 20 }) == 0 && getgroups(0, NULL) == 3 && getgroups(8, got) == 3);
	CLAIM(got[0] == 10 && got[1] == 20 && got[2] == 30);
	REFUSED(getgroups(2, got), EINVAL);
	REFUSED(getgroups(-1, got), EINVAL);
	REFUSED(syscall(SYS_setgroups, 1, 16), EFAULT);
	REFUSED(syscall(SYS_setgroups, 70000, got), EINVAL);
	CLAIM(load("/proc/self/status") && strstr(text, "\nGroups:\t10 20 30") != NULL && strstr(text, "\nUid:\t0\t0\t0\t0\n") != NULL);
	CLAIM(setgroups(0, NULL) == 0 && getgroups(8, got) == 0 && setgroups(2, (gid_t[]){ 5, 6 }) == 0);
	CLAIM(setresgid(B, B, C) == 0 && setresuid(A, A, C) == 0 && getgroups(8, got) == 2);
	CLAIM(load("/proc/self/status") && strstr(text, "\nUid:\t1000\t1000\t3000\t1000\nGid:\t2000\t2000\t3000\t2000\n") != NULL);
	return claims_failed != 0;
}

static int capabilities(void)
{
	struct __user_cap_header_struct header = { 1, 0 };
	struct capabilities all = held(), few;

	CLAIM((all.words[0].effective & all.words[0].permitted) == 0xffffffff && (all.words[1].permitted & 0x1ff) == 0x1ff);
	CLAIM(syscall(SYS_capget, &header, NULL) == 0 && header.version == _LINUX_CAPABILITY_VERSION_3);
	header.version = 1;
	REFUSED(syscall(SYS_capget, &header, &few), EINVAL);
	header.pid = -1;
	REFUSED(syscall(SYS_capget, &header, &few), EINVAL);
	header.pid = 4000000;
	REFUSED(syscall(SYS_capget, &header, &few), ESRCH);
	REFUSED(syscall(SYS_capset, &header, &few), EPERM);
	CLAIM(prctl(PR_CAPBSET_READ, CAP_SYS_CHROOT) == 1 && prctl(PR_GET_KEEPCAPS) == 0);
	REFUSED(prctl(PR_CAPBSET_READ, 64), EINVAL);
	CLAIM(prctl(PR_SET_KEEPCAPS, 1) == 0 && prctl(PR_GET_KEEPCAPS) == 1 && setuid(A) == 0);
	few = held();
	CLAIM(few.words[0].permitted == 0xffffffff && few.words[0].effective == 0);
	few.words[0].permitted = 1 << CAP_SETUID | 1 << CAP_KILL;
	few.words[0].effective = 1 << CAP_SETUID;
	few.words[1] = (struct __user_cap_data_struct){ 0 };
	CLAIM(hold(few) == 0 && setresuid(B, B, B) == 0);
	CLAIM(holds(1 << CAP_SETUID, 1 << CAP_SETUID | 1 << CAP_KILL));
	few = held();
	REFUSED(setgid(B), EPERM);
	few.words[0].permitted |= 1 << CAP_SETGID;
	REFUSED(hold(few), EPERM);
	few.words[0].permitted = 0;
	REFUSED(hold(few), EPERM);
	few.words[0].effective = 0;
	CLAIM(hold(few) == 0);
	REFUSED(setuid(0), EPERM);
	REFUSED(prctl(PR_CAPBSET_DROP, CAP_KILL), EPERM);
	CLAIM(load("/proc/self/status") && strstr(text, "\nCapEff:\t0000000000000000\n") != NULL);
	return claims_failed != 0;
}

/* Root without some of them stays so, whoever else is changed. */
static int given_up(void)
{
	struct capabilities most = held();

	most.words[0].effective &= ~(1u << CAP_KILL);
	CLAIM(hold(most) == 0 && setresuid(A, 0, C) == 0 && setresuid(C, (uid_t)-1, (uid_t)-1) == 0 && holds(~(1u << CAP_KILL), ~0u));
	CLAIM(setresuid((uid_t)-1, A, 0) == 0 && holds(0, ~0u) && seteuid(0) == 0 && holds(~0u, ~0u));
	most.words[0].permitted &= ~(1u << CAP_CHOWN);
	most.words[0].effective = most.words[0].permitted;
	CLAIM(hold(most) == 0 && setfsuid(A) == 0 && setfsuid(0) == A && holds(~(1u << CAP_CHOWN), ~(1u << CAP_CHOWN)));
	return claims_failed != 0;
}

static volatile uid_t sender;

static void on_signal(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	sender = info->si_uid;
}

/* Those who are sent something, or wait, are told who it was. */
static int told(void)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	struct ucred peer;
	socklen_t len = sizeof(peer);
	siginfo_t end = { 0 };
	int pair[2];

	CLAIM(sigaction(SIGUSR1, &action, NULL) == 0 && setresgid(B, B, B) == 0 && setresuid(A, A, A) == 0);
	CLAIM(raise(SIGUSR1) == 0 && sender == A);
	CLAIM(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0);
	CLAIM(peer.uid == A && peer.gid == B && peer.pid == getpid());
	pid_t child = fork();

	if (child == 0)
		_exit(getuid() == A && getegid() == B ? 9 : 1);
	CLAIM(waitid(P_PID, (id_t)child, &end, WEXITED) == 0 && end.si_uid == A && end.si_status == 9);
	return claims_failed != 0;
}

/* What one makes is one's own, and programs that one runs are. */
static int owned(const char *self)
{
	struct stat is;
	int fd, status;

	CLAIM(setresgid(B, B, B) == 0 && setresuid(A, A, A) == 0);
	fd = open("/tmp/owned/file", O_RDWR | O_CREAT, 0600);
	CLAIM(fstat(fd, &is) == 0 && is.st_uid == A && is.st_gid == B && close(fd) == 0);
	pid_t child = fork();

	if (child == 0) {
		execl(self, self, "0", NULL);
		_exit(77);
	}
	CLAIM(waitpid(child, &status, 0) == child && status == 0);
	return claims_failed != 0;
}

/* A word of the auxiliary vector as the kernel gave it, behind the environment: the library's getauxval() makes its own of some. */
static uint64_t vector_word(uint64_t type)
{
	char **end = environ;
	const uint64_t *words;

	while (*end != NULL)
		end++;
	words = (const uint64_t *)(end + 1);
	while (words[0] != type && words[0] != AT_NULL)
		words += 2;
	return words[0] == type ? words[1] : UINT64_MAX;
}

/* A program that is executed: by whom, and what it then is and may. Where it acts for somebody else than who started it, it is told. */
static const struct executed {
	uid_t users[3];
	gid_t groups[3];
	unsigned secure, effective, permitted;
} executed[] = {
	{ { A, A, A }, { B, B, B }, 0, 0, 0 }, { { A, C, 0 }, { 0, 0, 0 }, 1, 0, 0 },	 { { 0, 0, 0 }, { B, C, 0 }, 1, ~0u, ~0u },
	{ { 0, A, A }, { 0, 0, 0 }, 1, 0, ~0u }, { { A, 0, A }, { 0, 0, 0 }, 1, ~0u, ~0u },
};

static int again(unsigned which)
{
	const struct executed *by = &executed[which];

	CLAIM(users_are(by->users[0], by->users[1], by->users[1]) && groups_are(by->groups[0], by->groups[1], by->groups[1]));
	CLAIM(vector_word(AT_UID) == by->users[0] && vector_word(AT_EUID) == by->users[1]);
	CLAIM(vector_word(AT_GID) == by->groups[0] && vector_word(AT_EGID) == by->groups[1] && vector_word(AT_SECURE) == by->secure);
	CLAIM(holds(by->effective, by->permitted) && prctl(PR_GET_KEEPCAPS) == 0);
	if (by->permitted == 0)
		REFUSED(setuid(0), EPERM);
	return claims_failed != 0;
}

static int execute(unsigned which)
{
	const struct executed *by = &executed[which];

	CLAIM(setresgid(by->groups[0], by->groups[1], by->groups[2]) == 0 && prctl(PR_SET_KEEPCAPS, 1) == 0);
	CLAIM(setresuid(by->users[0], by->users[1], by->users[2]) == 0);
	execl("/proc/self/exe", "identities", (char[]){ (char)('0' + which), '\0' }, NULL);
	return 77;
}

static void *user_of(void *arg)
{
	*(uid_t *)arg = geteuid();
	return NULL;
}

/* A thread begins as who made it. */
static int in_threads(void)
{
	pthread_t thread;
	uid_t user = 0;

	CLAIM(setuid(A) == 0 && pthread_create(&thread, NULL, user_of, &user) == 0 && pthread_join(thread, NULL) == 0 && user == A);
	return claims_failed != 0;
}

int main(int argc, char **argv)
{
	char self[256] = "";
	int status;

	if (argc > 1)
		return again((unsigned)(argv[1][0] - '0'));
	CLAIM(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	in_child(gone_for_good);
	in_child(there_and_back);
	in_child(root_in_effect);
	in_child(at_once);
	in_child(of_files);
	in_child(groups);
	in_child(capabilities);
	in_child(given_up);
	in_child(told);
	for (unsigned i = 0; i < sizeof(executed) / sizeof(executed[0]); i++) {
		pid_t by = fork();

		if (by == 0)
			_exit(execute(i));
		CLAIM(waitpid(by, &status, 0) == by && status == 0);
	}
	in_child(in_threads);
	CLAIM(mkdir("/tmp/owned", 0777) == 0 && chmod("/tmp/owned", 0777) == 0);
	pid_t child = fork();

	if (child == 0) {
		status = owned(self);
		fflush(stdout);
		_exit(status);
	}
	CLAIM(waitpid(child, &status, 0) == child && status == 0 && users_are(0, 0, 0));
	return claims_end("identities");
}
