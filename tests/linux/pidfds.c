// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Descriptors of processes: where they come from, when they can be read, whom they wait for, signal and look into, and what is left of one that has gone. */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CODE = 7, NOBODY = 1000, VALUE = 31, FAR = 900 };
#define P_PIDFD_ ((idtype_t)3)
#define CLEAR_SIGHAND 0x100000000ull

struct asked { /* struct clone_args, as of its first version */
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
};

static int go[2]; /* a child ends when it can read here */
static volatile sig_atomic_t value;

static int pidfd_open(int pid, unsigned flags)
{
	return (int)syscall(SYS_pidfd_open, pid, flags);
}

static int send(int fd, int signal, siginfo_t *info, unsigned flags)
{
	return (int)syscall(SYS_pidfd_send_signal, fd, signal, info, flags);
}

static int getfd(int pidfd, int fd, unsigned flags)
{
	return (int)syscall(SYS_pidfd_getfd, pidfd, fd, flags);
}

static void wait_to_go(void)
{
	char byte;

	(void)!read(go[0], &byte, 1);
}

static int child(void)
{
	int pid = fork();

	if (pid == 0) {
		wait_to_go();
		_exit(CODE);
	}
	return pid;
}

static int is_ready(int fd, int within_ms)
{
	struct pollfd asked = { .fd = fd, .events = POLLIN | POLLOUT };

	return poll(&asked, 1, within_ms) == 1 && asked.revents == POLLIN;
}

static void where_they_come_from(void)
{
	int own = pidfd_open(getpid(), 0);
	char byte;

	CLAIM(own >= 0 && fcntl(own, F_GETFD) == FD_CLOEXEC && fcntl(own, F_GETFL) == O_RDWR);
	REFUSED(read(own, &byte, 1), EINVAL);
	REFUSED(write(own, "", 1), EINVAL);
	CLAIM(!is_ready(own, 0));
	close(own);
	own = pidfd_open(getpid(), O_NONBLOCK);
	CLAIM(own >= 0 && fcntl(own, F_GETFL) == (O_RDWR | O_NONBLOCK));
	close(own);
	REFUSED(pidfd_open(getpid(), 1), EINVAL);
	REFUSED(pidfd_open(0, 0), EINVAL);
	REFUSED(pidfd_open(-1, 0), EINVAL);
	REFUSED(pidfd_open(1 << 21, 0), ESRCH);
}

static void one_that_ends_can_be_read_and_waited_for(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int pid = child();
	int fd = pidfd_open(pid, 0);
	int patient = pidfd_open(pid, O_NONBLOCK);
	int epoll = epoll_create1(0);
	siginfo_t info = { .si_pid = -1 };

	CLAIM(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0 && epoll_wait(epoll, &event, 1, 0) == 0);
	CLAIM(waitid(P_PIDFD_, (id_t)fd, &info, WEXITED | WNOHANG) == 0 && info.si_pid == 0);
	REFUSED(waitid(P_PIDFD_, (id_t)patient, &info, WEXITED), EAGAIN);
	CLAIM(waitid(P_PIDFD_, (id_t)patient, &info, WEXITED | WNOHANG) == 0);
	CLAIM(write(go[1], "", 1) == 1);
	CLAIM(epoll_wait(epoll, &event, 1, -1) == 1 && event.events == EPOLLIN);
	CLAIM(is_ready(fd, -1) && is_ready(patient, 0));
	CLAIM(send(fd, SIGTERM, NULL, 0) == 0); /* it is still to be waited for */
	CLAIM(waitid(P_PIDFD_, (id_t)patient, &info, WEXITED | WNOWAIT) == 0 && info.si_pid == pid);
	CLAIM(waitid(P_PIDFD_, (id_t)fd, &info, WEXITED) == 0 && info.si_pid == pid && info.si_code == CLD_EXITED && info.si_status == CODE);
	REFUSED(waitid(P_PIDFD_, (id_t)fd, &info, WEXITED), ECHILD);
	CLAIM(is_ready(fd, 0));
	REFUSED(send(fd, 0, NULL, 0), ESRCH);
	REFUSED(send(fd, 999, NULL, 0), ESRCH);
	REFUSED(getfd(fd, 0, 0), ESRCH);
	REFUSED(pidfd_open(pid, 0), ESRCH);
	REFUSED(waitid(P_PIDFD_, (id_t)-1, &info, WEXITED), EINVAL);
	REFUSED(waitid(P_PIDFD_, (id_t)FAR, &info, WEXITED), EBADF);
	REFUSED(waitid(P_PIDFD_, (id_t)go[0], &info, WEXITED), EBADF);
	close(fd);
	close(patient);
	close(epoll);
}

/* Another thread waits while it ends. */
static void *ends_one(void *none)
{
	usleep(20000);
	CLAIM(write(go[1], "", 1) == 1);
	return none;
}

static void who_waits_is_woken(void)
{
	int pid = child();
	int fd = pidfd_open(pid, 0);
	pthread_t thread;

	CLAIM(pthread_create(&thread, NULL, ends_one, NULL) == 0);
	CLAIM(is_ready(fd, -1));
	pthread_join(thread, NULL);
	CLAIM(waitpid(pid, NULL, 0) == pid);
	close(fd);
}

static void note(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	value = info->si_code == SI_QUEUE ? info->si_value.sival_int : info->si_code == SI_USER && info->si_pid == getpid() ? -VALUE : 0;
}

static void what_is_sent_comes(void)
{
	struct sigaction action = { .sa_sigaction = note, .sa_flags = SA_SIGINFO };
	siginfo_t info = { .si_signo = SIGUSR1, .si_code = SI_QUEUE, .si_value.sival_int = VALUE };
	int own = pidfd_open(getpid(), 0);
	int pid = child();
	int fd = pidfd_open(pid, 0);
	int status;

	sigaction(SIGUSR1, &action, NULL);
	CLAIM(send(own, SIGUSR1, NULL, 0) == 0 && value == -VALUE);
	CLAIM(send(own, SIGUSR1, &info, 0) == 0 && value == VALUE);
	CLAIM(send(own, 0, NULL, 0) == 0);
	REFUSED(send(own, SIGUSR2, &info, 0), EINVAL);
	REFUSED(send(own, SIGUSR1, &info, 1), EINVAL);
	REFUSED(send(own, 65, NULL, 0), EINVAL);
	REFUSED(send(own, SIGUSR1, (siginfo_t *)8, 0), EFAULT);
	REFUSED(send(go[0], SIGUSR1, NULL, 0), EBADF);
	REFUSED(send(FAR, SIGUSR1, NULL, 0), EBADF);
	info.si_code = SI_USER; /* what only the kernel says, of another process */
	REFUSED(send(fd, SIGUSR1, &info, 0), EPERM);
	info.si_code = SI_TKILL;
	REFUSED(send(fd, SIGUSR1, &info, 0), EPERM);
	CLAIM(send(fd, SIGKILL, NULL, 0) == 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	close(fd);
	close(own);
}

/* A directory of /proc stands for its process, for a signal alone. */
static void folders(void)
{
	static const char *const others[] = { "/proc/self/task", "/proc/self/fd", "/proc", "/tmp" };
	siginfo_t info = { 0 };
	char path[32];
	int pid = child();
	int status, fd;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	fd = open(path, O_RDONLY | O_DIRECTORY);
	CLAIM(fd >= 0 && send(fd, 0, NULL, 0) == 0);
	REFUSED(send(fd, SIGTERM, NULL, 1), EINVAL);
	REFUSED(waitid(P_PIDFD_, (id_t)fd, &info, WEXITED), EBADF);
	REFUSED(getfd(fd, 0, 0), EBADF);
	CLAIM(send(fd, SIGTERM, NULL, 0) == 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	REFUSED(send(fd, 0, NULL, 0), ESRCH);
	close(fd);
	fd = open("/proc/self", O_PATH | O_DIRECTORY);
	REFUSED(send(fd, 0, NULL, 0), EBADF);
	close(fd);
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		fd = open(others[i], O_RDONLY | O_DIRECTORY);
		CLAIM(fd >= 0);
		REFUSED(send(fd, 0, NULL, 0), EBADF);
		close(fd);
	}
	snprintf(path, sizeof(path), "/proc/self/task/%d", getpid());
	fd = open(path, O_RDONLY | O_DIRECTORY);
	REFUSED(send(fd, 0, NULL, 0), EBADF);
	close(fd);
}

static void a_file_of_another_process_is_taken(void)
{
	int ends[2], taken;
	int pid, fd;
	char byte = 0;

	CLAIM(pipe(ends) == 0);
	pid = child();
	fd = pidfd_open(pid, 0);
	close(ends[1]); /* the child has it */
	taken = getfd(fd, ends[1], 0);
	CLAIM(taken >= 0 && fcntl(taken, F_GETFD) == FD_CLOEXEC && (fcntl(taken, F_GETFL) & O_ACCMODE) == O_WRONLY);
	CLAIM(write(taken, "x", 1) == 1 && read(ends[0], &byte, 1) == 1 && byte == 'x');
	REFUSED(getfd(fd, FAR, 0), EBADF);
	REFUSED(getfd(fd, -1, 0), EBADF);
	REFUSED(getfd(ends[0], 0, 0), EBADF);
	REFUSED(getfd(fd, ends[1], 1), EINVAL);
	close(taken);
	kill(pid, SIGKILL);
	CLAIM(is_ready(fd, -1) && read(ends[0], &byte, 1) == 0); /* nobody has it any more */
	waitpid(pid, NULL, 0);
	close(fd);
	close(ends[0]);
}

/* As somebody else: one may be looked for and waited for, and no more. */
static void of_another_user(void)
{
	int top = pidfd_open(getppid(), 0);

	CLAIM(setresuid(NOBODY, NOBODY, NOBODY) == 0);
	REFUSED(send(top, SIGUSR1, NULL, 0), EPERM);
	REFUSED(getfd(top, 0, 0), EPERM);
	CLAIM(!is_ready(top, 0));
	close(top);
	top = pidfd_open(getppid(), 0);
	CLAIM(top >= 0);
	close(top);
}

static void made_with_its_process(void)
{
	int fd = -1;
	int pid = (int)syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, &fd, 0, 0);
	siginfo_t info;
	char path[64], name[64];

	if (pid == 0) {
		wait_to_go();
		_exit(fcntl(fd, F_GETFD) == -1 ? CODE : 0); /* its maker alone has it */
	}
	CLAIM(pid > 0 && fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CLAIM(readlink(path, name, sizeof(name)) == 18 && memcmp(name, "anon_inode:[pidfd]", 18) == 0);
	CLAIM(write(go[1], "", 1) == 1);
	CLAIM(waitid(P_PIDFD_, (id_t)fd, &info, WEXITED) == 0 && info.si_pid == pid && info.si_status == CODE);
	close(fd);
	REFUSED(syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, 8, 0, 0), EFAULT);
	REFUSED(syscall(SYS_clone, CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, 0, &fd, 0, 0), EINVAL);
	REFUSED(syscall(SYS_clone, CLONE_PIDFD | CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, 0, &fd, 0, 0), EINVAL);
	REFUSED(wait(NULL), ECHILD); /* nothing of those that were refused */
	CLAIM(fcntl(fd, F_GETFD) == -1);
}

static void made_by_clone3(void)
{
	int fd = -1, tid = -1;
	struct asked asked = { .flags = CLONE_PIDFD | CLONE_PARENT_SETTID | CLEAR_SIGHAND, .pidfd = (uint64_t)(uintptr_t)&fd,
			       .parent_tid = (uint64_t)(uintptr_t)&tid, .exit_signal = SIGCHLD };
	struct sigaction action;
	siginfo_t info;
	int pid;

	signal(SIGUSR2, SIG_IGN);
	pid = (int)syscall(SYS_clone3, &asked, sizeof(asked));
	if (pid == 0) {
		int is_default = sigaction(SIGUSR1, NULL, &action) == 0 && action.sa_handler == SIG_DFL;
		int is_ignored = sigaction(SIGUSR2, NULL, &action) == 0 && action.sa_handler == SIG_IGN;

		_exit(is_default && is_ignored ? CODE : 0);
	}
	CLAIM(pid > 0 && tid == pid && fd >= 0);
	CLAIM(waitid(P_PIDFD_, (id_t)fd, &info, WEXITED) == 0 && info.si_pid == pid && info.si_status == CODE);
	CLAIM(sigaction(SIGUSR1, NULL, &action) == 0 && action.sa_sigaction == note);
	close(fd);
	asked.pidfd = asked.parent_tid;
	REFUSED(syscall(SYS_clone3, &asked, sizeof(asked)), EINVAL);
}

static void *tells_its_number(void *to)
{
	*(volatile int *)to = (int)syscall(SYS_gettid);
	wait_to_go();
	return NULL;
}

static void a_thread_has_none(void)
{
	volatile int tid = 0;
	pthread_t thread;

	CLAIM(pthread_create(&thread, NULL, tells_its_number, (void *)&tid) == 0);
	while (tid == 0)
		usleep(1000);
	REFUSED(pidfd_open(tid, 0), EINVAL);
	CLAIM(write(go[1], "", 1) == 1);
	pthread_join(thread, NULL);
}

int main(void)
{
	CLAIM(pipe(go) == 0);
	where_they_come_from();
	one_that_ends_can_be_read_and_waited_for();
	who_waits_is_woken();
	what_is_sent_comes();
	folders();
	a_file_of_another_process_is_taken();
	claims_apart(of_another_user);
	made_with_its_process();
	made_by_clone3();
	a_thread_has_none();
	return claims_end("pidfds");
}
