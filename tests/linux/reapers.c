// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Who has asked for it becomes the parent of what outlives its parents below it, as `tini` and `runit` do. */
#include "tests/linux/claims.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t told;

static void on_child(int signal)
{
	(void)signal;
	told++;
}

static void reaps_set(int reaps)
{
	CLAIM(prctl(PR_SET_CHILD_SUBREAPER, reaps, 0, 0, 0) == 0);
}

static int reaps(void)
{
	int is = -1;

	CLAIM(prctl(PR_GET_CHILD_SUBREAPER, &is, 0, 0, 0) == 0);
	return is;
}

/* Ends with `status` once `parent` is its parent no more, and its number has become that of `after`. */
static void outlive(pid_t parent, pid_t after, int status)
{
	for (int i = 0; i < 2000 && getppid() == parent; i++)
		usleep(1000);
	_exit(getppid() == after ? status : 99);
}

static int status_of(pid_t child)
{
	int status = -1;

	CLAIM(waitpid(child, &status, __WALL) == child && WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* The status of what is left to be waited for, one process; its maker, which was waited for, ended with 0. */
static int left(pid_t maker)
{
	int status = -1;

	CLAIM(status_of(maker) == 0);
	CLAIM(waitpid(-1, &status, 0) > 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void is_told(void)
{
	CLAIM(reaps() == 0);
	reaps_set(7);
	CLAIM(reaps() == 1);
	reaps_set(0);
	CLAIM(reaps() == 0);
	REFUSED(prctl(PR_GET_CHILD_SUBREAPER, 16, 0, 0, 0), EFAULT);
}

static void what_lives_is_taken(void)
{
	pid_t self = getpid();
	pid_t child;

	reaps_set(1);
	child = fork();
	if (child == 0) {
		if (reaps() != 0) /* what its maker asked for is not inherited */
			_exit(1);
		if (fork() == 0)
			outlive(getppid(), self, 3);
		_exit(0);
	}
	CLAIM(left(child) == 3);
	REFUSED(waitpid(-1, NULL, WNOHANG), ECHILD);
}

/* A child whose end is no signal to its parent. */
static pid_t quiet_child(void)
{
	return (pid_t)syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
}

/* It is told of, though its maker wanted to hear nothing. */
static void what_has_ended_is_taken(void)
{
	siginfo_t info;
	pid_t child;

	reaps_set(1);
	CLAIM(signal(SIGCHLD, on_child) != SIG_ERR);
	child = quiet_child();
	if (child == 0) {
		pid_t made = quiet_child();

		if (made == 0)
			_exit(4);
		_exit(waitid(P_PID, (id_t)made, &info, WEXITED | WNOWAIT | __WALL) != 0);
	}
	CLAIM(left(child) == 4 && told == 1);
	REFUSED(waitpid(-1, NULL, WNOHANG), ECHILD);
}

static void what_is_not_wanted_is_not_kept(void)
{
	pid_t child;

	reaps_set(1);
	child = fork();
	if (child == 0) {
		pid_t made = fork();
		siginfo_t info;

		if (made == 0)
			_exit(5);
		(void)!waitid(P_PID, (id_t)made, &info, WEXITED | WNOWAIT);
		kill(getpid(), SIGSTOP);
		_exit(0);
	}
	CLAIM(waitpid(child, NULL, WUNTRACED) == child && signal(SIGCHLD, SIG_IGN) != SIG_ERR && kill(child, SIGCONT) == 0);
	REFUSED(waitpid(-1, NULL, 0), ECHILD);
}

/* The nearest takes it; after that has ended, or asks no more, the next one. */
static void the_nearest_takes(void)
{
	pid_t self = getpid();
	int pair[2] = { -1, -1 };
	char byte;
	pid_t near;

	CLAIM(pipe(pair) == 0);
	reaps_set(1);
	near = fork();
	if (near == 0) {
		pid_t parent = getpid();
		pid_t made;

		reaps_set(1);
		made = fork();
		if (made == 0) {
			pid_t between = getpid();

			if (fork() == 0) {
				while (getppid() == between)
					usleep(1000);
				if (getppid() != parent || write(pair[1], "x", 1) != 1)
					_exit(98);
				outlive(parent, self, 6);
			}
			_exit(0);
		}
		_exit(waitpid(made, NULL, 0) != made || waitpid(-1, NULL, WNOHANG) != 0 || read(pair[0], &byte, 1) != 1);
	}
	CLAIM(left(near) == 6);
	near = fork();
	if (near == 0) {
		pid_t made;

		reaps_set(1);
		reaps_set(0);
		made = fork();
		if (made == 0) {
			if (fork() == 0)
				outlive(getppid(), self, 7);
			_exit(0);
		}
		_exit(waitpid(made, NULL, 0) != made || waitpid(-1, NULL, WNOHANG) != -1);
	}
	CLAIM(left(near) == 7);
}

/* What was made before it was asked, too; a signal for the end of the parent comes all the same. */
static void those_before_and_their_signals(void)
{
	int status = -1;
	int pair[2] = { -1, -1 };
	char byte;
	pid_t child;

	CLAIM(pipe(pair) == 0);
	child = fork();
	if (child == 0) {
		if (fork() == 0) {
			if (prctl(PR_SET_PDEATHSIG, SIGUSR1) == 0 && write(pair[1], "x", 1) == 1)
				pause();
			_exit(8);
		}
		_exit(pause());
	}
	CLAIM(read(pair[0], &byte, 1) == 1);
	reaps_set(1);
	CLAIM(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
	CLAIM(waitpid(-1, &status, 0) > 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1);
	REFUSED(waitpid(-1, NULL, WNOHANG), ECHILD);
}

static void is_kept_over_execve(void)
{
	pid_t child = fork();

	if (child == 0) {
		reaps_set(1);
		execl("/proc/self/exe", "reapers", "again", NULL);
		_exit(1);
	}
	CLAIM(status_of(child) == 0);
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return reaps() != 1;
	is_told();
	claims_apart(what_lives_is_taken);
	claims_apart(what_has_ended_is_taken);
	claims_apart(what_is_not_wanted_is_not_kept);
	claims_apart(the_nearest_takes);
	claims_apart(those_before_and_their_signals);
	is_kept_over_execve();
	return claims_end("reapers");
}
