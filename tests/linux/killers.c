// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Who may send signals to whom: by users, and within a session SIGCONT. */
#include "tests/linux/claims.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { A = 1000, B = 2000, C = 3000, KILL_BIT = 1 << 5 };

/* A process of those users that waits to be ended; `group` 0: it leads a group of its own, else it joins that. */
static pid_t victim(uid_t real, uid_t saved, pid_t group, int own_session)
{
	int ready[2];
	char byte;

	CLAIM(pipe(ready) == 0);
	pid_t child = fork();

	if (child == 0) {
		CLAIM((own_session ? setsid() > 0 : setpgid(0, group) == 0) && setresuid(real, saved, saved) == 0);
		CLAIM(write(ready[1], "r", 1) == 1);
		for (;;)
			pause();
	}
	CLAIM(read(ready[0], &byte, 1) == 1 && close(ready[0]) == 0 && close(ready[1]) == 0);
	return child;
}

static void end(pid_t child)
{
	int status;

	CLAIM(kill(child, SIGKILL) == 0 && waitpid(child, &status, 0) == child && WTERMSIG(status) == SIGKILL);
}

/* What a process of those users may claim, in a process of its own. */
static void as(uid_t real, uid_t effective, void (*claims)(pid_t), pid_t of)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		CLAIM(setresuid(real, effective, C) == 0);
		claims(of);
		fflush(stdout);
		_exit(claims_failed != 0);
	}
	CLAIM(waitpid(child, &status, 0) == child && status == 0);
}

static void may(pid_t of)
{
	siginfo_t info = { .si_signo = SIGCONT, .si_code = SI_QUEUE };

	CLAIM(kill(of, 0) == 0 && kill(of, SIGCONT) == 0 && syscall(SYS_tkill, of, 0) == 0 && syscall(SYS_tgkill, of, of, SIGCONT) == 0);
	CLAIM(syscall(SYS_rt_sigqueueinfo, of, SIGCONT, &info) == 0 && syscall(SYS_rt_tgsigqueueinfo, of, of, SIGCONT, &info) == 0);
}

static void may_not(pid_t of)
{
	siginfo_t info = { .si_signo = SIGTERM, .si_code = SI_QUEUE };

	REFUSED(kill(of, 0), EPERM);
	REFUSED(kill(of, SIGTERM), EPERM);
	REFUSED(kill(-of, SIGTERM), EPERM);
	REFUSED(syscall(SYS_tkill, of, SIGTERM), EPERM);
	REFUSED(syscall(SYS_tgkill, of, of, 0), EPERM);
	REFUSED(syscall(SYS_rt_sigqueueinfo, of, SIGTERM, &info), EPERM);
	REFUSED(syscall(SYS_rt_tgsigqueueinfo, of, of, SIGTERM, &info), EPERM);
	REFUSED(kill(of, 99), EINVAL);
}

static void may_only_continue(pid_t of)
{
	may_not(of);
	CLAIM(kill(of, SIGCONT) == 0 && kill(-of, SIGCONT) == 0);
}

static void may_not_even_continue(pid_t of)
{
	may_not(of);
	REFUSED(kill(of, SIGCONT), EPERM);
}

static void users(void)
{
	pid_t of = victim(A, B, 0, 0);

	as(A, C, may, of);
	as(B, C, may, of);
	as(C, A, may, of);
	as(C, B, may, of);
	as(C, 0, may, of);
	as(C, C, may_only_continue, of);
	as(0, C, may_only_continue, of);
	end(of);
	of = victim(A, A, 0, 1);
	as(A, A, may, of);
	as(B, C, may_not_even_continue, of);
	end(of);
}

/* Capabilities count, not being root. */
static void without_capability(pid_t of)
{
	unsigned header[2] = { 0x20080522, 0 }, words[6];

	CLAIM(syscall(SYS_capget, header, words) == 0);
	words[0] &= ~(unsigned)KILL_BIT;
	CLAIM(syscall(SYS_capset, header, words) == 0);
	may_only_continue(of);
}

static void groups_one_may(pid_t of)
{
	CLAIM(kill(-of, SIGUSR1) == 0 && kill(of, 0) == -1);
}

static void all_one_may(pid_t of)
{
	(void)of;
	CLAIM(kill(-1, SIGTERM) == 0);
}

static void groups(void)
{
	pid_t first = victim(A, A, 0, 0), second = victim(B, B, first, 0);
	int status;

	as(0, 0, without_capability, first);
	as(B, B, groups_one_may, first);
	CLAIM(waitpid(second, &status, 0) == second && WTERMSIG(status) == SIGUSR1 && kill(first, 0) == 0);
	as(C, C, all_one_may, first);
	CLAIM(waitpid(first, &status, WNOHANG) == 0);
	second = victim(B, B, first, 0);
	as(B, B, all_one_may, first);
	CLAIM(waitpid(second, &status, 0) == second && WTERMSIG(status) == SIGTERM && waitpid(first, &status, WNOHANG) == 0);
	end(first);
}

/* One that has ended and that nobody has waited for is whose it was. */
static void ended(void)
{
	siginfo_t info;
	pid_t child = fork();

	if (child == 0)
		_exit(setuid(A));
	CLAIM(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) == 0);
	CLAIM(seteuid(A) == 0 && kill(child, 0) == 0 && kill(child, SIGTERM) == 0 && seteuid(0) == 0);
	CLAIM(setresuid(B, B, 0) == 0);
	REFUSED(kill(child, SIGTERM), EPERM);
	CLAIM(setresuid(0, 0, 0) == 0 && waitpid(child, NULL, 0) == child);
}

static volatile sig_atomic_t own;

static void count(int signal_)
{
	(void)signal_;
	own++;
}

/* A signal to one's own group reaches oneself and all of it, and not who is apart. */
static pid_t apart;

static void to_own_group(void)
{
	int status = -1;
	pid_t beside;

	CLAIM(setpgid(0, 0) == 0);
	beside = victim(0, 0, getpid(), 0);
	CLAIM(signal(SIGUSR1, count) == SIG_DFL && kill(0, SIGUSR1) == 0 && own == 1);
	CLAIM(waitpid(beside, &status, 0) == beside && WTERMSIG(status) == SIGUSR1 && kill(apart, 0) == 0);
}

static void own_group(void)
{
	apart = victim(0, 0, 0, 0);
	claims_apart(to_own_group);
	CLAIM(waitpid(apart, NULL, WNOHANG) == 0);
	end(apart);
}

/* That nobody is there comes before what is no signal. */
static void nobody(void)
{
	enum { NOBODY = 999999, NO_SIGNAL = 99 };
	siginfo_t info = { .si_signo = SIGTERM, .si_code = SI_QUEUE };
	const pid_t self = getpid(), one = victim(0, 0, 0, 0);

	REFUSED(kill(NOBODY, 0), ESRCH);
	REFUSED(kill(NOBODY, NO_SIGNAL), ESRCH);
	REFUSED(kill(-NOBODY, NO_SIGNAL), ESRCH);
	REFUSED(kill(self, NO_SIGNAL), EINVAL);
	REFUSED(kill(self, -1), EINVAL);
	REFUSED(kill(-one, NO_SIGNAL), EINVAL);
	REFUSED(kill(-1, NO_SIGNAL), EINVAL);
	REFUSED(kill(0, NO_SIGNAL), EINVAL);
	REFUSED(syscall(SYS_tkill, 0, SIGTERM), EINVAL);
	REFUSED(syscall(SYS_tkill, -1, SIGTERM), EINVAL);
	REFUSED(syscall(SYS_tkill, NOBODY, NO_SIGNAL), ESRCH);
	REFUSED(syscall(SYS_tkill, self, NO_SIGNAL), EINVAL);
	REFUSED(syscall(SYS_tgkill, 0, self, 0), EINVAL);
	REFUSED(syscall(SYS_tgkill, self, 0, 0), EINVAL);
	REFUSED(syscall(SYS_tgkill, one, self, 0), ESRCH);
	REFUSED(syscall(SYS_tgkill, self, one, NO_SIGNAL), ESRCH);
	REFUSED(syscall(SYS_rt_sigqueueinfo, NOBODY, NO_SIGNAL, &info), ESRCH);
	REFUSED(syscall(SYS_rt_sigqueueinfo, 0, 0, &info), ESRCH);
	REFUSED(syscall(SYS_rt_sigqueueinfo, one, NO_SIGNAL, &info), EINVAL);
	REFUSED(syscall(SYS_rt_tgsigqueueinfo, 0, self, 0, &info), EINVAL);
	REFUSED(syscall(SYS_rt_tgsigqueueinfo, one, self, 0, &info), ESRCH);
	REFUSED(syscall(SYS_rt_sigqueueinfo, one, SIGTERM, 8), EFAULT);
	info.si_code = SI_TKILL;
	REFUSED(syscall(SYS_rt_sigqueueinfo, one, SIGTERM, &info), EPERM);
	info.si_code = SI_USER;
	REFUSED(syscall(SYS_rt_sigqueueinfo, NOBODY, NO_SIGNAL, &info), EPERM);
	CLAIM(syscall(SYS_rt_sigqueueinfo, self, 0, &info) == 0); /* oneself may be told anything */
	CLAIM(kill(one, 0) == 0);
	end(one);
}

int main(void)
{
	users();
	own_group();
	nobody();
	groups();
	ended();
	return claims_end("killers");
}
