// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What is told of children, how they are made and what they begin with; the terminal in the fore- and background; who a thread is to the scheduler. */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <fenv.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, DEEP = 20 << 20, STACK = 64 << 20 };

#define BAD ((void *)16)

/* What a child that does `what` ends with, as waitpid() has it. */
static int status_of(int (*what)(void))
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		int result = what();

		fflush(stdout);
		_exit(result);
	}
	CLAIM(waitpid(child, &status, 0) == child);
	return status;
}

static void changes_are_told_once(void)
{
	volatile int *turns = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	siginfo_t info = { 0 };
	int status = 0;
	int before;
	pid_t child = fork();

	while (child == 0)
		++*turns;
	CLAIM(waitpid(child, &status, WNOHANG | WUNTRACED | WCONTINUED) == 0 && kill(child, SIGSTOP) == 0);
	CLAIM(waitid(P_PID, (id_t)child, &info, WSTOPPED) == 0 && info.si_pid == child && info.si_code == CLD_STOPPED && info.si_status == SIGSTOP);
	before = *turns;
	usleep(3000);
	CLAIM(*turns == before && waitpid(child, &status, WNOHANG | WUNTRACED) == 0 && kill(child, SIGCONT) == 0);
	CLAIM(waitid(P_PID, (id_t)child, &info, WCONTINUED) == 0 && info.si_code == CLD_CONTINUED && info.si_status == SIGCONT);
	CLAIM(waitpid(child, &status, WNOHANG | WUNTRACED | WCONTINUED) == 0);
	for (int i = 0; i < 1000 && *turns == before; i++)
		usleep(1000);
	CLAIM(*turns != before && kill(child, SIGTERM) == 0 && waitpid(child, &status, 0) == child && WTERMSIG(status) == SIGTERM);
	REFUSED(waitid(P_PID, (id_t)child, &info, WEXITED), ECHILD);
	REFUSED(waitid(P_PID, (id_t)child, &info, WNOHANG), EINVAL);
	REFUSED(waitid(P_PID, 0, &info, WEXITED), EINVAL);
	REFUSED(waitid((idtype_t)9, 0, &info, WEXITED), EINVAL);
	REFUSED(syscall(SYS_wait4, -1, &status, 0x100, NULL), EINVAL);
	CLAIM(munmap((void *)turns, PAGE) == 0);
}

/* Who has lost its parent stops, goes on and ends for nobody; what waits for it hears of that. */
static void orphans(void)
{
	char byte;
	int pair[2] = { -1, -1 };
	pid_t child;

	CLAIM(pipe(pair) == 0);
	child = fork();
	if (child == 0) {
		pid_t parent = getpid();

		if (fork() != 0)
			_exit(0);
		while (getppid() == parent)
			usleep(500);
		if (fork() == 0) {
			usleep(2000);
			_exit(kill(getppid(), SIGCONT));
		}
		kill(getpid(), SIGSTOP);
		_exit(write(pair[1], "x", 1) != 1);
	}
	CLAIM(close(pair[1]) == 0 && waitpid(child, NULL, 0) == child && read(pair[0], &byte, 1) == 1 && read(pair[0], &byte, 1) == 0);
	CLAIM(close(pair[0]) == 0);
}

static void made_by_clone3(void)
{
	uint64_t args[12] = { 0 };
	volatile pid_t tid = 0;
	volatile pid_t parent_tid = 0;
	int status = -1;
	long child;

	args[0] = 0x01000000 /* CLONE_CHILD_SETTID */ | 0x00100000 /* CLONE_PARENT_SETTID */;
	args[2] = (uintptr_t)&tid;
	args[3] = (uintptr_t)&parent_tid;
	args[4] = SIGCHLD;
	child = syscall(SYS_clone3, args, 88);
	if (child == 0)
		syscall(SYS_exit_group, tid == syscall(SYS_getpid) ? 5 : 6);
	CLAIM(child > 0 && parent_tid == child && waitpid((pid_t)child, &status, 0) == child && WEXITSTATUS(status) == 5 && tid == 0);
	REFUSED(syscall(SYS_clone3, args, 63), EINVAL);
	REFUSED(syscall(SYS_clone3, args, 5000), E2BIG);
	args[11] = 1;
	REFUSED(syscall(SYS_clone3, args, 96), E2BIG);
	args[4] = 65;
	REFUSED(syscall(SYS_clone3, args, 64), EINVAL);
	args[4] = SIGCHLD;
	args[5] = PAGE; /* a stack of no size */
	REFUSED(syscall(SYS_clone3, args, 64), EINVAL);
	REFUSED(syscall(SYS_clone3, BAD, 64), EFAULT);
	REFUSED(syscall(SYS_clone, CLONE_SIGHAND | SIGCHLD, 0, 0, 0, 0), EINVAL);
	child = syscall(SYS_clone, CLONE_IO | SIGCHLD, 0, 0, 0, 0);
	if (child == 0)
		syscall(SYS_exit_group, 7);
	CLAIM(child > 0 && waitpid((pid_t)child, &status, 0) == child && WEXITSTATUS(status) == 7);
	REFUSED(syscall(SYS_clone, CLONE_THREAD | CLONE_SIGHAND | SIGCHLD, 0, 0, 0, 0), EINVAL);
}

static int starts(const char *word, const char *second, const char *path)
{
	char *words[] = { (char *)path, (char *)word, (char *)second, NULL };
	char *variables[] = { "A=b", NULL };

	execve(path, words, word != NULL && second == NULL ? variables : variables + 1);
	return 100;
}

static int starts_deep(void)
{
	const struct rlimit limit = { STACK, STACK };

	signal(SIGHUP, (void (*)(int))(uintptr_t)_exit);
	fesetround(FE_UPWARD);
	return setrlimit(RLIMIT_STACK, &limit) == 0 ? starts("deep", NULL, "/proc/self/exe") : 101;
}

static int starts_plain(void)
{
	return starts("plain", "more", "/proc/self/exe");
}

static int starts_script(void)
{
	int fd = open("/tmp/script", O_WRONLY | O_CREAT | O_TRUNC, 0700);
	char self[256] = "";
	char line[300];
	int bytes;

	CLAIM(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	bytes = snprintf(line, sizeof(line), "#!%s script\n", self);
	CLAIM(write(fd, line, (size_t)bytes) == bytes && close(fd) == 0 && chdir("/tmp") == 0);
	return starts(NULL, NULL, "./script");
}

/* Registers, modes, handlers and the stack are as a program finds them that nobody was before. */
static int begun(char **argv)
{
	struct sigaction action;

	CLAIM((uintptr_t)(argv - 1) % 16 == 0 && fegetround() == FE_TONEAREST);
	CLAIM(sigaction(SIGHUP, NULL, &action) == 0 && action.sa_handler == SIG_DFL);
	if (strcmp(argv[1], "deep") == 0) {
		volatile char *deep = __builtin_alloca(DEEP);

		for (long at = DEEP - 1; at > 0; at -= DEEP / 64)
			deep[at] = 1;
		CLAIM(deep[DEEP - 1] == 1);
	}
	fflush(stdout);
	return claims_failed != 0;
}

static void scheduling(void)
{
	struct sched_param param = { .sched_priority = 10 };
	unsigned long mask = 0;

	CLAIM(syscall(SYS_sched_getaffinity, 0, 8, &mask) == 8 && (mask & 1) != 0);
	REFUSED(syscall(SYS_sched_getaffinity, 0, 4, &mask), EINVAL);
	CLAIM(syscall(SYS_sched_setaffinity, 0, 8, &mask) == 0 && (mask = 0) == 0);
	REFUSED(syscall(SYS_sched_setaffinity, 0, 8, &mask), EINVAL);
	REFUSED(syscall(SYS_sched_setaffinity, 0, 8, BAD), EFAULT);
	REFUSED(syscall(SYS_sched_setaffinity, 1 << 21, 8, &mask), ESRCH);
	CLAIM(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &param) == 0 && syscall(SYS_sched_getscheduler, 0) == SCHED_FIFO);
	param.sched_priority = 20;
	CLAIM(syscall(SYS_sched_setparam, 0, &param) == 0 && (param.sched_priority = 0) == 0);
	CLAIM(syscall(SYS_sched_getparam, 0, &param) == 0 && param.sched_priority == 20);
	REFUSED(syscall(SYS_sched_setscheduler, 0, SCHED_BATCH, &param), EINVAL);
	REFUSED(syscall(SYS_sched_setscheduler, 0, 99, &param), EINVAL);
	REFUSED(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, NULL), EINVAL);
	param.sched_priority = 0;
	REFUSED(syscall(SYS_sched_setparam, 0, &param), EINVAL);
	CLAIM(syscall(SYS_sched_setscheduler, 0, SCHED_BATCH, &param) == 0 && syscall(SYS_sched_getscheduler, 0) == SCHED_BATCH);
	CLAIM(syscall(SYS_sched_setparam, 0, &param) == 0 && syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &param) == 0);
	REFUSED(syscall(SYS_sched_getscheduler, 1 << 21), ESRCH);
	REFUSED(prctl(PR_SET_PDEATHSIG, 65), EINVAL);
	REFUSED(syscall(SYS_prlimit64, 0, RLIMIT_CORE, BAD, NULL), EFAULT);
	REFUSED(syscall(SYS_prlimit64, 0, RLIMIT_CORE, NULL, BAD), EFAULT);
}

static void ignore(int signal_)
{
	(void)signal_;
}

static int reads_in_background(void)
{
	char byte;

	return setpgid(0, 0) == 0 && read(0, &byte, 1) == -1 ? errno : 0;
}

static int reads_deaf(void)
{
	signal(SIGTTIN, SIG_IGN);
	return reads_in_background();
}

/* A line waits for its end, what is read raw as its settings say; who is not in front is stopped, or told so. */
static void terminal(void)
{
	const struct itimerspec soon = { .it_value = { 0, 300000000 } };
	struct pollfd wanted = { .fd = 0, .events = POLLIN | POLLOUT };
	struct winsize size = { 0 };
	struct termios line, raw;
	struct timespec from, to;
	timer_t timer;
	int status = 0;
	char bytes[4];
	pid_t child;

	if (!isatty(0))
		return;
	CLAIM(poll(&wanted, 1, 0) == 1 && wanted.revents == POLLOUT && tcgetattr(0, &line) == 0);
	CLAIM(ioctl(0, TIOCGWINSZ, &size) == 0 && (size.ws_col == 0) == (size.ws_row == 0));
	raw = line;
	raw.c_lflag &= (tcflag_t)~ICANON;
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	CLAIM(tcsetattr(0, TCSANOW, &raw) == 0 && read(0, bytes, 4) == 0);
	raw.c_cc[VTIME] = 1;
	CLAIM(tcsetattr(0, TCSANOW, &raw) == 0 && clock_gettime(CLOCK_MONOTONIC, &from) == 0 && read(0, bytes, 4) == 0);
	CLAIM(clock_gettime(CLOCK_MONOTONIC, &to) == 0 && (to.tv_sec - from.tv_sec) * 1000000000 + to.tv_nsec - from.tv_nsec >= 95000000);
	raw.c_cc[VMIN] = 1;
	for (int i = 0; i < 2; i++) { /* neither a byte nor a line comes */
		struct sigaction action = { .sa_handler = ignore };

		CLAIM(tcsetattr(0, TCSANOW, i == 0 ? &raw : &line) == 0 && sigaction(SIGALRM, &action, NULL) == 0);
		CLAIM(timer_create(CLOCK_MONOTONIC, NULL, &timer) == 0 && timer_settime(timer, 0, &soon, NULL) == 0);
		REFUSED(read(0, bytes, 4), EINTR);
		CLAIM(timer_delete(timer) == 0);
	}
	CLAIM(WEXITSTATUS(status_of(reads_deaf)) == EIO);
	child = fork();
	if (child == 0)
		_exit(reads_in_background());
	CLAIM(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTIN);
	CLAIM(kill(child, SIGKILL) == 0 && waitpid(child, &status, 0) == child);
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "script") == 0)
		return strcmp(argv[2], "./script") == 0 ? 7 : 8;
	if (argc > 1)
		return begun(argv);
	changes_are_told_once();
	orphans();
	made_by_clone3();
	CLAIM(status_of(starts_deep) == 0 && status_of(starts_plain) == 0 && WEXITSTATUS(status_of(starts_script)) == 7);
	scheduling();
	terminal();
	return claims_end("children");
}
