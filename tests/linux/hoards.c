// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Whatever a process has the kernel keep for it, the machine gives no more than the process is charged for, but for little: else one with a small budget
 * could take the memory of all.
 */
#include "tests/linux/claims.h"
#include "tests/linux/load.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE_KIB = 4, SLACK_KIB = 96, THREADS = 12, MANY = 1024, MESSAGE = 8192, PIECE = 40000 };

static char bytes[PIECE];
static struct {
	long type;
	char text[MESSAGE];
} message = { .type = 1 };
static struct iovec pieces[MANY];
static int ends[2];
static int semaphores;

/* Each keeps something, as much as it likes or as it may, and tells whether it has any. */

static int children(void)
{
	int count = 0;

	for (; count < 400; count++) {
		int pid = fork();

		if (pid == 0)
			_exit(0);
		if (pid < 0)
			break;
	}
	return count == 400; /* that nobody waits for */
}

static int signals(void)
{
	sigset_t all;
	int count = 0;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	while (count < 5000 && sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = count }) == 0)
		count++;
	return count >= 500;
}

static int texts(void)
{
	char *areas = mmap(NULL, 100 * 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int count = 0;
	char first;

	for (int i = 0; i < 100; i++)
		if (mprotect(areas + i * 8192, 4096, PROT_NONE) != 0)
			return 0;
	for (int fd; count < 100 && (fd = open("/proc/self/maps", O_RDONLY)) >= 0 && read(fd, &first, 1) == 1; count++)
		;
	return count == 100;
}

static int mapped(void)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	int count = 0;

	while (count < 5000 && mmap(NULL, 4096, count % 2 ? PROT_READ : PROT_NONE, MAP_PRIVATE, fd, 0) != MAP_FAILED)
		count++;
	return count == 5000;
}

static int queues(void)
{
	struct mq_attr size = { .mq_maxmsg = 10, .mq_msgsize = MESSAGE };
	char name[32];
	int sent = 0;

	for (int i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "/hoard-%d", i);

		mqd_t queue = mq_open(name, O_CREAT | O_RDWR | O_NONBLOCK, 0600, &size);

		mq_unlink(name);
		while (queue != (mqd_t)-1 && mq_send(queue, bytes, MESSAGE, 0) == 0)
			sent++;
	}
	return sent == 80;
}

static int messages(void)
{
	int sent = 0;

	for (int i = 0; i < 40; i++) {
		int queue = msgget(IPC_PRIVATE, IPC_CREAT | 0600);

		while (msgsnd(queue, &message, 2000, IPC_NOWAIT) == 0)
			sent++;
	}
	return sent >= 40;
}

static int semaphore_sets(void)
{
	struct sembuf up = { .sem_num = 0, .sem_op = 1, .sem_flg = SEM_UNDO };
	int count = 0;

	for (int set; count < 200 && (set = semget(IPC_PRIVATE, 250, IPC_CREAT | 0600)) >= 0 && semop(set, &up, 1) == 0; count++)
		;
	return count >= 100;
}

static int local(int type, size_t each)
{
	int pair[2];
	int sent = 0;

	for (int i = 0; i < 30 && socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, pair) == 0; i++)
		while (write(pair[0], bytes, each) > 0)
			sent++;
	return sent >= 30;
}

static int streams(void)
{
	return local(SOCK_STREAM, PIECE);
}

static int datagrams(void)
{
	return local(SOCK_DGRAM, 100);
}

static int pipes(void)
{
	int count = 0;

	for (int pair[2]; count < 40 && pipe2(pair, O_NONBLOCK) == 0 && write(pair[1], bytes, sizeof(bytes)) > 0; count++)
		;
	return count == 40;
}

static int answers(void)
{
	struct {
		struct nlmsghdr header;
		struct rtgenmsg family;
	} asked = { { sizeof(asked), RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 }, { AF_UNSPEC } };
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	int sent = 0;

	for (int i = 0; i < 20; i++) {
		int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_ROUTE);

		for (int j = 0; j < 50 && sendto(fd, &asked, sizeof(asked), 0, (struct sockaddr *)&to, sizeof(to)) > 0; j++)
			sent++;
	}
	return sent >= 20;
}

static int watched(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int events[20];
	int count = 0;

	for (int i = 0; i < 20; i++)
		events[i] = eventfd(0, 0);
	for (int i = 0; i < 100; i++) {
		int epoll = epoll_create1(0);

		for (int j = 0; j < 20; j++)
			count += epoll_ctl(epoll, EPOLL_CTL_ADD, events[j], &event) == 0;
		inotify_add_watch(inotify_init(), "/tmp", IN_ALL_EVENTS);
	}
	return count == 2000;
}

/* Threads that sleep in a call. */
static int sleepers(void *(*sleep_in)(void *), size_t stack_bytes)
{
	pthread_attr_t small;
	pthread_t thread;
	int count = 0;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, stack_bytes);
	while (count < THREADS && pthread_create(&thread, &small, sleep_in, NULL) == 0)
		count++;
	usleep(50000);
	return count == THREADS;
}

static void *poll_many(void *none)
{
	static struct pollfd many[MANY];

	for (int i = 0; i < MANY; i++)
		many[i].fd = -1;
	poll(many, MANY, -1);
	return none;
}

static int polls(void)
{
	return sleepers(poll_many, 16384);
}

static void *read_pieces(void *none)
{
	readv(ends[0], pieces, MANY);
	return none;
}

static void *receive_pieces(void *none)
{
	struct msghdr header = { .msg_iov = pieces, .msg_iovlen = MANY };

	recvmsg(ends[0], &header, 0);
	return none;
}

static int reads(void)
{
	return pipe(ends) == 0 && sleepers(read_pieces, 16384);
}

static int receives(void)
{
	return socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 && sleepers(receive_pieces, 16384);
}

static void *operate(void *none)
{
	struct sembuf many[400];

	for (int i = 0; i < 400; i++)
		many[i] = (struct sembuf){ .sem_num = 0, .sem_op = -1 };
	semop(semaphores, many, 400);
	return none;
}

static int operations(void)
{
	semaphores = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
	return semaphores >= 0 && sleepers(operate, 16384);
}

static const struct {
	const char *name;
	int (*keep)(void);
} hoards[] = {
	{ "children that nobody waits for", children }, { "signals that are blocked", signals }, { "files of /proc", texts },
	{ "areas of memory", mapped }, { "message queues", queues }, { "messages of System V", messages }, { "semaphores", semaphore_sets },
	{ "UNIX streams", streams }, { "UNIX datagrams", datagrams }, { "pipes", pipes }, { "answers of netlink", answers },
	{ "what is watched", watched }, { "polls", polls }, { "readv", reads }, { "recvmsg", receives }, { "semop", operations },
};

/* KiB that nobody has; -1: this is another kernel. */
static long machine_free_kib(void)
{
	long pages = load("/sys/rumpk/memory") ? number_behind("free_pages ") : -1;

	return pages >= 0 ? pages * PAGE_KIB : -1;
}

static void objects_remove(void)
{
	struct msginfo queues_told;
	struct seminfo sets_told;
	struct msqid_ds queue;
	struct semid_ds set;
	int last = msgctl(0, IPC_INFO, (struct msqid_ds *)(void *)&queues_told);

	for (int i = 0; i <= last; i++)
		msgctl(msgctl(i, MSG_STAT, &queue), IPC_RMID, NULL);
	last = semctl(0, 0, IPC_INFO, &sets_told);
	for (int i = 0; i <= last; i++)
		semctl(semctl(i, 0, SEM_STAT, &set), 0, IPC_RMID);
}

/* One process keeps what it keeps, while this one looks at what has become less. */
static void hoard(const char *name, int (*keep)(void))
{
	int go[2], done[2];
	char has = 0;

	CLAIM(pipe(go) == 0 && pipe(done) == 0);

	int pid = fork();

	if (pid == 0) {
		if (read(go[0], &has, 1) == 1)
			has = (char)(1 + keep());
		write(done[1], &has, 1);
		for (;;)
			pause();
	}

	long machine = machine_free_kib();
	long own = free_kib();
	int is_known = machine >= 0; /* else this is another kernel */

	write(go[1], "", 1);
	CLAIM(read(done[0], &has, 1) == 1 && has == 2);
	own -= free_kib();
	machine -= machine_free_kib();
	if (has != 2 || (is_known && machine > own + own / 8 + SLACK_KIB))
		printf("%s: the machine gave %ld KiB, %ld were charged\n", name, machine, own);
	CLAIM(!is_known || machine <= own + own / 8 + SLACK_KIB);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	objects_remove();
	for (int i = 0; i < 2; i++) {
		close(go[i]);
		close(done[i]);
	}
}

int main(void)
{
	static char read_to[MANY];
	long own;

	for (int i = 0; i < MANY; i++)
		pieces[i] = (struct iovec){ read_to + i, 1 };
	hoard("pipes", pipes); /* what the first one needs for ever */
	own = free_kib();
	for (unsigned i = 0; i < sizeof(hoards) / sizeof(hoards[0]); i++)
		hoard(hoards[i].name, hoards[i].keep);
	if (getpid() == 1)
		CLAIM(is_given_back(own));
	return claims_end("hoards");
}
