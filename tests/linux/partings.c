// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Sockets, queues, timers, signals, threads and processes: what they did and what was refused leaves nothing in the kernel. */
#include "tests/linux/leaves.h"
#include "tests/linux/rights.h"

#include <arpa/inet.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

enum { PORT = 8281 };

#define BAD ((void *)16)

static char data[70000];

static void unix_streams(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "/tmp/socket" };
	socklen_t bytes = sizeof(name);
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	int client = socket(AF_UNIX, SOCK_STREAM, 0);
	int other = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int fd;

	REFUSED(connect(client, (struct sockaddr *)&name, bytes), ENOENT);
	CLAIM(bind(listener, (struct sockaddr *)&name, bytes) == 0);
	REFUSED(connect(client, (struct sockaddr *)&name, bytes), ECONNREFUSED);
	REFUSED(bind(client, (struct sockaddr *)&name, bytes), EADDRINUSE);
	REFUSED(bind(client, BAD, bytes), EFAULT);
	REFUSED(bind(99, (struct sockaddr *)&name, bytes), EBADF);
	REFUSED(bind(0, (struct sockaddr *)&name, bytes), ENOTSOCK);
	REFUSED(bind(client, (struct sockaddr *)&name, 200), EINVAL);
	REFUSED(listen(client, 1), EINVAL);
	REFUSED(accept(client, NULL, NULL), EINVAL);
	CLAIM(listen(listener, 1) == 0 && connect(client, (struct sockaddr *)&name, bytes) == 0);
	REFUSED(connect(client, (struct sockaddr *)&name, bytes), EISCONN);
	CLAIM(connect(other, (struct sockaddr *)&name, bytes) == 0 || errno == EAGAIN);
	CLAIM((fd = accept(listener, NULL, NULL)) >= 0 && send(client, data, 5000, 0) == 5000 && recv(fd, data, 10, MSG_PEEK) == 10 && recv(fd, data, 10, 0) == 10);
	CLAIM(getsockname(fd, (struct sockaddr *)&name, &bytes) == 0 && (bytes = sizeof(name)) > 0 && getpeername(fd, (struct sockaddr *)&name, &bytes) == 0);
	REFUSED(getsockname(fd, BAD, &bytes), EFAULT);
	REFUSED(getpeername(listener, (struct sockaddr *)&name, &bytes), ENOTCONN);
	REFUSED(send(fd, BAD, 10, 0), EFAULT);
	REFUSED(recv(fd, BAD, 10, 0), EFAULT);
	REFUSED(syscall(SYS_sendmsg, fd, BAD, 0), EFAULT);
	REFUSED(syscall(SYS_recvmsg, fd, BAD, 0), EFAULT);
	CLAIM(shutdown(fd, SHUT_WR) == 0 && recv(client, data, 10, 0) == 0);
	CLAIM(close(fd) == 0 && close(client) == 0 && close(other) == 0 && close(listener) == 0 && unlink("/tmp/socket") == 0);
}

/* Names that are none, datagrams to who goes, descriptors in what is never received. */
static void unix_datagrams(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "\0parting" };
	struct msghdr message = { .msg_iov = BAD, .msg_iovlen = 1 };
	socklen_t bytes = 2 + 8;
	int a = socket(AF_UNIX, SOCK_DGRAM, 0);
	int b = socket(AF_UNIX, SOCK_DGRAM, 0);
	int pair[2];
	int fd;

	CLAIM(bind(a, (struct sockaddr *)&name, bytes) == 0 && connect(b, (struct sockaddr *)&name, bytes) == 0);
	CLAIM(send(b, data, 100, 0) == 100 && sendto(b, data, 100, 0, (struct sockaddr *)&name, bytes) == 100 && recv(a, data, 10, 0) == 10);
	CLAIM(hand_over(b, b, 0) == 1 && hand_over(b, 0, 0) == 1);
	REFUSED(hand_over(b, 99, 0), EBADF);
	REFUSED(send(b, data, sizeof(data) * 100, 0), EMSGSIZE);
	REFUSED(syscall(SYS_sendmsg, b, &message, 0), EFAULT);
	message.msg_iovlen = 2000;
	REFUSED(syscall(SYS_sendmsg, b, &message, 0), EMSGSIZE);
	CLAIM(close(a) == 0);
	REFUSED(send(b, data, 100, 0), ECONNREFUSED);
	CLAIM(close(b) == 0 && socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0 && hand_over(pair[0], pair[0], 0) == 1 && hand_over(pair[0], 1, 0) == 1);
	CLAIM((fd = take_over(pair[1], 0)) >= 0 && close(fd) == 0 && (fd = take_over(pair[1], 0)) >= 0 && close(fd) == 0);
	CLAIM(hand_over(pair[0], pair[1], 0) == 1 && close(pair[0]) == 0 && recv(pair[1], data, 1, 0) == 1 && close(pair[1]) == 0);
	REFUSED(socketpair(AF_UNIX, 77, 0, pair), EINVAL);
	REFUSED(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, BAD), EFAULT);
	REFUSED(socketpair(AF_INET, SOCK_STREAM, 0, pair), EOPNOTSUPP);
	REFUSED(socket(AF_UNIX, SOCK_STREAM, 9), EPROTONOSUPPORT);
	REFUSED(socket(77, SOCK_STREAM, 0), EAFNOSUPPORT);
}

static void internet(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in from;
	socklen_t bytes = sizeof(from);
	int one = 1;
	int udp = socket(AF_INET, SOCK_DGRAM, 0);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int client = socket(AF_INET, SOCK_STREAM, 0);
	int fd;

	CLAIM(bind(udp, (struct sockaddr *)&at, sizeof(at)) == 0 && connect(udp, (struct sockaddr *)&at, sizeof(at)) == 0);
	CLAIM(send(udp, data, 300, 0) == 300 && send(udp, data, 10, 0) == 10 && recvfrom(udp, data, 400, 0, (struct sockaddr *)&from, &bytes) == 300);
	REFUSED(send(udp, BAD, 10, 0), EFAULT);
	REFUSED(send(udp, data, 66000, 0), EMSGSIZE);
	REFUSED(getsockname(udp, BAD, &bytes), EFAULT);
	REFUSED(bind(client, (struct sockaddr *)&at, 3), EINVAL);
	REFUSED(connect(client, (struct sockaddr *)&at, 3), EINVAL);
	REFUSED(connect(client, (struct sockaddr *)&at, sizeof(at)), ECONNREFUSED);
	CLAIM(close(client) == 0 && (client = socket(AF_INET, SOCK_STREAM, 0)) >= 0 && setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, 4) == 0);
	REFUSED(recv(client, data, 1, 0), ENOTCONN);
	REFUSED(send(client, data, 1, MSG_NOSIGNAL), EPIPE);
	CLAIM(bind(listener, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(listener, 2) == 0 && connect(client, (struct sockaddr *)&at, sizeof(at)) == 0);
	CLAIM((fd = accept(listener, (struct sockaddr *)&from, &bytes)) >= 0 && write(client, data, 3000) == 3000 && read(fd, data, 1000) == 1000);
	CLAIM(close(fd) == 0 && close(client) == 0 && close(listener) == 0 && close(udp) == 0);
}

static void queues(void)
{
	struct mq_attr wanted = { .mq_maxmsg = 3, .mq_msgsize = 100 };
	struct sigevent event = { .sigev_notify = SIGEV_NONE };
	mqd_t queue = mq_open("/parting", O_CREAT | O_RDWR | O_NONBLOCK, 0600, &wanted);
	mqd_t other = mq_open("/parting", O_RDONLY);
	char got[100];

	REFUSED(mq_open("/parting", O_CREAT | O_EXCL | O_RDWR, 0600, &wanted), EEXIST);
	REFUSED(mq_open("/none", O_RDONLY), ENOENT);
	REFUSED(syscall(SYS_mq_open, BAD, O_RDONLY, 0, NULL), EFAULT);
	wanted.mq_maxmsg = -1;
	REFUSED(mq_open("/other", O_CREAT | O_RDWR, 0600, &wanted), EINVAL);
	for (int i = 0; i < 3; i++)
		CLAIM(mq_send(queue, data, 100, (unsigned)i) == 0);
	REFUSED(mq_send(queue, data, 100, 1), EAGAIN);
	REFUSED(mq_send(queue, data, 101, 1), EMSGSIZE);
	REFUSED(mq_send(queue, BAD, 10, 1), EFAULT);
	REFUSED(mq_send(other, data, 10, 1), EBADF);
	REFUSED(mq_receive(queue, got, 99, NULL), EMSGSIZE);
	REFUSED(mq_receive(1, got, 100, NULL), EBADF);
	CLAIM(mq_receive(queue, got, 100, NULL) == 100);
	CLAIM(mq_notify(queue, &event) == 0);
	REFUSED(mq_notify(other, &event), EBUSY);
	CLAIM(mq_unlink("/parting") == 0 && mq_close(queue) == 0 && mq_close(other) == 0); /* with two messages in it, and a notice */
	REFUSED(mq_unlink("/parting"), ENOENT);
	REFUSED(mq_unlink("/"), ENOENT);
}

static void timers(void)
{
	struct itimerspec setting = { .it_value = { 100, 0 }, .it_interval = { 1, 0 } };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = 99 };
	int number;

	for (int i = 0; i < 3; i++) {
		CLAIM(syscall(SYS_timer_create, i < 2 ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID, NULL, &number) == 0);
		CLAIM(syscall(SYS_timer_settime, number, 0, &setting, NULL) == 0);
		REFUSED(syscall(SYS_timer_settime, number, 0, BAD, NULL), EFAULT);
		REFUSED(syscall(SYS_timer_gettime, number, BAD), EFAULT);
		CLAIM(syscall(SYS_timer_getoverrun, number) == 0 && syscall(SYS_timer_delete, number) == 0);
		REFUSED(syscall(SYS_timer_delete, number), EINVAL);
	}
	REFUSED(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &number), EINVAL);
	REFUSED(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, BAD), EFAULT);
	REFUSED(syscall(SYS_timer_create, 99, NULL, &number), EINVAL);
}

static void signals(void)
{
	const struct timespec none = { 0 };
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 3);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < 20; i++)
		CLAIM(sigqueue(getpid(), SIGRTMIN + 3, (union sigval){ .sival_int = i }) == 0);
	CLAIM(sigtimedwait(&set, &info, &none) == SIGRTMIN + 3 && info.si_value.sival_int == 0);
	REFUSED(syscall(SYS_rt_sigtimedwait, &set, BAD, &none, 8), EFAULT); /* and that one is gone */
	CLAIM(signal(SIGRTMIN + 3, SIG_IGN) == SIG_DFL && signal(SIGRTMIN + 3, SIG_DFL) == SIG_IGN);
	REFUSED(sigtimedwait(&set, &info, &none), EAGAIN);
	REFUSED(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, BAD), EFAULT);
	REFUSED(kill(getpid(), 65), EINVAL);
	REFUSED(kill(99999, SIGUSR1), ESRCH);
	REFUSED(kill(-99999, SIGUSR1), ESRCH);
	CLAIM(kill(getpid(), 0) == 0 && syscall(SYS_tkill, gettid(), 0) == 0 && syscall(SYS_tgkill, getpid(), gettid(), 0) == 0);
	REFUSED(syscall(SYS_tkill, 99999, 0), ESRCH);
	CLAIM(syscall(SYS_sched_getscheduler, gettid()) == 0 && getpgid(getpid()) > 0 && getsid(getpid()) > 0);
}

static void *ends(void *arg)
{
	return arg;
}

static volatile int shared;

/* Looks at a timer that others look at, too. */
static void *looks(void *arg)
{
	struct itimerspec setting;

	CLAIM(syscall(SYS_tkill, gettid(), 0) == 0 && syscall(SYS_sched_rr_get_interval, gettid(), &setting) == 0 && syscall(SYS_sched_getscheduler, gettid()) == 0 && syscall(SYS_tgkill, getpid(), gettid(), 0) == 0);
	CLAIM(syscall(SYS_sched_setscheduler, gettid(), SCHED_OTHER, &(struct sched_param){ 0 }) == 0);
	for (int i = 0; i < 30; i++)
		CLAIM(syscall(SYS_timer_gettime, shared, &setting) == 0 && syscall(SYS_timer_getoverrun, shared) == 0);
	return arg;
}

static void threads(void)
{
	pthread_t all[4];
	int number;

	CLAIM(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &number) == 0);
	shared = number;
	for (int i = 0; i < 4; i++)
		CLAIM(pthread_create(&all[i], NULL, looks, NULL) == 0);
	for (int i = 0; i < 4; i++)
		CLAIM(pthread_join(all[i], NULL) == 0);
	CLAIM(syscall(SYS_timer_delete, number) == 0);

	for (int i = 0; i < 4; i++)
		CLAIM(pthread_create(&all[i], NULL, ends, NULL) == 0);
	for (int i = 0; i < 4; i++)
		CLAIM(pthread_join(all[i], NULL) == 0);
	REFUSED(syscall(SYS_clone, CLONE_THREAD, 0, 0, 0, 0), EINVAL);
	REFUSED(syscall(SYS_clone3, BAD, 88), EFAULT);
}

/* Children that end, one that is killed with descriptors, memory, timers and signals of its own, one that nobody waits for, one that becomes another. */
static void children(void)
{
	char *words[] = { "partings", "leave", NULL };
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		struct itimerspec setting = { .it_value = { 100, 0 } };
		int number;
		int pair[2];

		CLAIM(mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED && pipe(pair) == 0 && write(pair[1], data, 5000) == 5000);
		CLAIM(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &number) == 0 && syscall(SYS_timer_settime, number, 0, &setting, NULL) == 0);
		CLAIM(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && hand_over(pair[0], pair[1], 0) == 1);
		sigprocmask(SIG_BLOCK, &(sigset_t){ { ~0ul } }, NULL);
		sigqueue(getpid(), SIGRTMIN, (union sigval){ 0 });
		kill(getpid(), SIGKILL);
	}
	CLAIM(waitpid(child, &status, 0) == child && WTERMSIG(status) == SIGKILL);
	child = fork();
	if (child == 0) {
		if (fork() == 0)
			_exit(0);
		execv("/proc/self/exe", words);
		_exit(1);
	}
	CLAIM(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 7);
	REFUSED(waitpid(child, &status, 0), ECHILD);
	REFUSED(syscall(SYS_waitid, P_PID, child, BAD, WEXITED, NULL), ECHILD);
	child = vfork();
	if (child == 0)
		_exit(3);
	CLAIM(syscall(SYS_wait4, child, BAD, 0, NULL) == -1 && errno == EFAULT); /* and it is gone */
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static void programs(void)
{
	char *words[] = { "partings", "leave", NULL };
	char *bad[] = { "partings", BAD, NULL };
	int fd = open("/tmp/text", O_WRONLY | O_CREAT | O_TRUNC, 0700);

	CLAIM(write(fd, "#!/none\n", 8) == 8 && close(fd) == 0);
	REFUSED(execv("/tmp/text", words), ENOENT);
	REFUSED(execv("/tmp/none", words), ENOENT);
	REFUSED(execv("/tmp", words), EACCES);
	REFUSED(execv("/proc/self/exe", bad), EFAULT);
	REFUSED(syscall(SYS_execve, BAD, words, words), EFAULT);
	REFUSED(syscall(SYS_execveat, 99, "x", words, words, 0), EBADF);
	REFUSED(syscall(SYS_execveat, 99, "", words, words, 0), ENOENT);
	REFUSED(syscall(SYS_execveat, AT_FDCWD, "/proc/self/exe", words, words, 1), EINVAL);
	CLAIM(unlink("/tmp/text") == 0);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "leave") == 0)
		return 7;
	LEAVES_NOTHING(unix_streams);
	LEAVES_NOTHING(unix_datagrams);
	LEAVES_NOTHING(internet);
	LEAVES_NOTHING(queues);
	LEAVES_NOTHING(timers);
	LEAVES_NOTHING(signals);
	LEAVES_NOTHING(threads);
	LEAVES_NOTHING(children);
	LEAVES_NOTHING(programs);
	return claims_end("partings");
}
