// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Memory that is used up: what needs more is refused and says so, whichever part of it there was no memory for, leaves nothing, and goes well once there is
 * memory again.
 */
#include "tests/linux/leaves.h"
#include "tests/linux/rights.h"

#include <mqueue.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

enum { PAGE = 4096, PAGES = 1024, STEPS = 24, HIGHEST = 640, WATCHED = 40, TELLING = 12, FARS = 40, SMALL = 100 };

static char data[16 * PAGE] = { 1 };
static char *room;   /* PAGES of it */
static char *areas;  /* one area that is divided, beside no other */
static unsigned there; /* pages of `room` that have memory */
static int small[SMALL];
static int high = 40; /* a number that there was none of yet */
static int watched[WATCHED], telling[TELLING];
static int small_count, epoll = -1, event = -1;

/* Each does something and undoes it; 0, or why it could not be done. */

static int closed(int fd)
{
	int why = fd < 0 ? errno : 0;

	if (fd >= 0)
		close(fd);
	return why;
}

static int makes_event(void) { return closed(eventfd(0, 0)); }
static int makes_epoll(void) { return closed(epoll_create1(0)); }
static int makes_timerfd(void) { return closed(timerfd_create(CLOCK_MONOTONIC, 0)); }
static int makes_udp(void) { return closed(socket(AF_INET, SOCK_DGRAM, 0)); }
static int makes_tcp(void) { return closed(socket(AF_INET, SOCK_STREAM, 0)); }
static int opens_text(void) { return closed(open("/proc/self/maps", O_RDONLY)); }
static int opens_directory(void) { return closed(open("/tmp", O_RDONLY | O_DIRECTORY)); }
static int copies(void) { return closed(dup(0)); }
static int copies_high(void) { return closed(fcntl(0, F_DUPFD, high)); }

static int watches(void)
{
	struct epoll_event wanted = { .events = EPOLLIN };
	int why = 0;
	int count = 0;

	for (; count < WATCHED && why == 0; count++)
		why = epoll_ctl(epoll, EPOLL_CTL_ADD, watched[count], &wanted) == 0 ? 0 : errno;
	for (int i = 0; i < count - (why != 0); i++)
		if (epoll_ctl(epoll, EPOLL_CTL_DEL, watched[i], NULL) != 0)
			why = -1;
	return why;
}

static int makes_pipe(void)
{
	int pair[2];
	ssize_t sent;

	if (pipe2(pair, O_NONBLOCK) != 0)
		return errno;
	sent = write(pair[1], data, sizeof(data));
	return closed(pair[0]) != 0 || closed(pair[1]) != 0 ? -1 : sent < 0 ? errno : 0;
}

static int sends(void)
{
	int pair[2];
	int why = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0)
		return errno;
	if (send(pair[0], data, 5 * PAGE, 0) < 0)
		why = errno;
	if (hand_over(pair[0], event, 0) != 1)
		why = errno;
	close(pair[0]);
	close(pair[1]);
	return why;
}

static int reads_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	return closed(signalfd(-1, &set, 0));
}

static int makes_timer(void)
{
	int number;

	return syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &number) != 0 ? errno : syscall(SYS_timer_delete, number) == 0 ? 0 : -1;
}

static int queues(void)
{
	struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = 4000 };
	mqd_t queue = mq_open("/scarce", O_CREAT | O_RDWR | O_NONBLOCK, 0600, &attr);
	int why = 0;

	if (queue < 0)
		return errno;
	for (int i = 0; i < 4 && why == 0; i++)
		why = mq_send(queue, data, 4000, 0) == 0 ? 0 : errno;
	return mq_unlink("/scarce") == 0 && mq_close(queue) == 0 ? why : -1;
}

static int writes_file(void)
{
	struct flock range = { .l_type = F_WRLCK, .l_start = 3, .l_len = 4 };
	int fd = open("/tmp/file", O_RDWR | O_CREAT, 0600);
	int why = 0;

	if (fd < 0) {
		why = errno;
		unlink("/tmp/file");
		return why;
	}
	if (write(fd, data, 2 * PAGE) < 0 || fcntl(fd, F_SETLK, &range) != 0 || flock(fd, LOCK_EX) != 0)
		why = errno;
	close(fd);
	return unlink("/tmp/file") == 0 ? why : errno; /* what is not found for want of memory stays until the next time */
}

static int maps_file(void)
{
	int fd = open("/tmp/mapped", O_RDWR);
	char *at = fd >= 0 ? mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
	int why = at == MAP_FAILED || mlock(at, 3 * PAGE) != 0 ? errno : 0;

	if (at != MAP_FAILED && munmap(at, 3 * PAGE) != 0)
		why = -1;
	if (fd >= 0)
		close(fd);
	return why;
}

static int divides(void)
{
	int why = 0;

	for (int i = 1; i < 30 && why == 0; i += 2)
		why = mprotect(areas + i * PAGE, PAGE, PROT_READ) == 0 ? 0 : errno;
	return mprotect(areas, 32 * PAGE, PROT_READ | PROT_WRITE) == 0 ? why : -1;
}

static int moves(void)
{
	static unsigned turn;
	char *far = (char *)(0x4000000000ul + ((uintptr_t)(turn++ % FARS) << 30)); /* where there are no tables yet, as long as FARS lasts */
	char *at = mmap((void *)0x3000000000ul, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *to;
	int why = 0;
	int locked;

	if (at == MAP_FAILED)
		return errno;
	locked = mlock(at, PAGE) == 0;
	if (!locked)
		why = errno;
	else
		at[0] = 7;
	to = why == 0 ? mremap(at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, far) : at;
	if (to == MAP_FAILED) {
		why = errno;
		to = at;
	}
	if (locked)
		CLAIM(mincore(to, PAGE, (unsigned char *)data) == 0 && data[0] == 1 && to[0] == 7); /* moved or not, it is there */
	return munmap(to, PAGE) == 0 ? why : -1;
}

static int queues_signal(void)
{
	const struct timespec none = { 0 };
	sigset_t set;
	int why;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 3);
	sigprocmask(SIG_BLOCK, &set, NULL);
	why = sigqueue(getpid(), SIGRTMIN + 3, (union sigval){ 0 }) == 0 ? 0 : errno;
	return why != 0 || sigtimedwait(&set, NULL, &none) == SIGRTMIN + 3 ? why : -1;
}

/* Its maker waits, so that it does not need a page of its own for what the child still shares. Without memory the child may be killed. */
static int makes_child(void)
{
	int status = -1;
	long child = syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);

	if (child == 0)
		syscall(SYS_exit_group, 3);
	if (child < 0)
		return errno;
	return waitpid((pid_t)child, &status, 0) == child && (WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 3) ? 0 : -1;
}

static int makes_memfd(void)
{
	int fd = memfd_create("scarce", MFD_ALLOW_SEALING);
	char *at;
	int why = 0;

	if (fd < 0)
		return errno;
	if (write(fd, data, 2 * PAGE) < 0 || ftruncate(fd, 3 * PAGE) != 0)
		why = errno;
	at = why == 0 ? mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
	if (why == 0 && (at == MAP_FAILED || mlock(at, 3 * PAGE) != 0))
		why = errno;
	if (at != MAP_FAILED && munmap(at, 3 * PAGE) != 0)
		why = -1;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL) != 0 || write(fd, data, 1) != -1 || errno != EPERM)
		why = -1; /* which takes no memory */
	close(fd);
	return why;
}

/* What there is no memory for is told as lost. */
static int is_told(void)
{
	char told[1024];
	int fd = inotify_init1(IN_NONBLOCK);
	ssize_t bytes;
	int why = 0;

	if (fd < 0)
		return errno;
	if (inotify_add_watch(fd, "/tmp", IN_ATTRIB) < 0 || inotify_add_watch(fd, "/tmp/mapped", IN_ATTRIB) < 0)
		why = errno;
	else if (chmod("/tmp/mapped", 0600) != 0)
		why = errno;
	bytes = read(fd, told, sizeof(told));
	if (why == 0 && (bytes < (ssize_t)sizeof(struct inotify_event) || (((struct inotify_event *)(void *)told)->mask & (IN_ATTRIB | IN_Q_OVERFLOW)) == 0))
		why = -1;
	if (why == 0 && ((struct inotify_event *)(void *)(told + (bytes == sizeof(struct inotify_event) ? 0 : 2 * sizeof(struct inotify_event))))->mask == IN_Q_OVERFLOW)
		why = ENOMEM;
	close(fd);
	return why;
}

/* Watches are smaller than all else: until there is no memory for another. */
static int watches_all(void)
{
	int numbers[TELLING];
	int why = 0;
	int count = 0;

	for (; count < TELLING && why == 0; count++)
		why = (numbers[count] = inotify_add_watch(telling[count], "/tmp", IN_ATTRIB)) > 0 ? 0 : numbers[count] < 0 ? errno : -1;
	for (int i = 0; i < count - (why != 0); i++)
		if (inotify_rm_watch(telling[i], numbers[i]) != 0 || read(telling[i], data, PAGE) < 0)
			why = -1;
	return why;
}

static int makes_terminal(void)
{
	const int unlocked = 0;
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
	int slave;
	int why;

	if (master < 0)
		return errno;
	slave = ioctl(master, TIOCSPTLCK, &unlocked) == 0 ? ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY) : -1;
	why = slave < 0 ? errno : 0;
	if (slave >= 0 && (write(slave, data, 100) != 100 || read(master, data + PAGE, 100) != 100 || write(master, "x\n", 2) != 2 || close(slave) != 0))
		why = -1;
	memset(data, 2, sizeof(data));
	return close(master) == 0 ? why : -1;
}

/* From a file through two pipes, and from memory; what is there for memory comes out. */
static int splices(void)
{
	struct iovec piece = { data, 3 * PAGE };
	int fd = open("/tmp/mapped", O_RDONLY);
	int first[2] = { -1, -1 };
	int second[2] = { -1, -1 };
	ssize_t moved = -1;
	int why;

	if (fd >= 0 && pipe2(first, O_NONBLOCK) == 0 && pipe2(second, O_NONBLOCK) == 0)
		moved = vmsplice(first[1], &piece, 1, SPLICE_F_NONBLOCK);
	if (moved > 0)
		moved = tee(first[0], second[1], 2 * PAGE, SPLICE_F_NONBLOCK);
	if (moved > 0)
		moved = splice(first[0], NULL, second[1], NULL, 3 * PAGE, SPLICE_F_NONBLOCK);
	if (moved > 0)
		moved = splice(fd, NULL, first[1], NULL, 2 * PAGE, SPLICE_F_NONBLOCK);
	why = moved < 0 ? errno : moved == 0 ? -1 : 0;
	for (unsigned i = 0; i < 2; i++) {
		close(first[i]);
		close(second[i]);
	}
	close(fd);
	return why;
}

static const struct {
	const char *name;
	int (*act)(void);
	int is_free; /* of the process's memory: nobody counts it */
} acts[] = {
	{ "eventfd", makes_event, 0 }, { "epoll", makes_epoll, 0 }, { "timerfd", makes_timerfd, 0 }, { "udp", makes_udp, 0 }, { "tcp", makes_tcp, 0 }, { "text", opens_text, 0 },
	{ "directory", opens_directory, 0 }, { "dup", copies, 1 }, { "high", copies_high, 0 }, { "watch", watches, 0 }, { "pipe", makes_pipe, 0 }, { "send", sends, 0 },
	{ "signalfd", reads_signals, 0 }, { "timer", makes_timer, 1 }, { "queue", queues, 0 }, { "file", writes_file, 0 }, { "map", maps_file, 0 }, { "divide", divides, 0 },
	{ "move", moves, 0 }, { "signal", queues_signal, 1 }, { "child", makes_child, 0 }, { "memfd", makes_memfd, 0 },
	{ "inotify", is_told, 0 }, { "notice", watches_all, 0 }, { "terminal", makes_terminal, 0 }, { "splice", splices, 0 },
};

enum { ACTS = sizeof(acts) / sizeof(acts[0]) };

static unsigned refused[ACTS], done[ACTS];

static void all_act(int scarce)
{
	for (unsigned i = 0; i < ACTS; i++) {
		int why = acts[i].act();

		refused[i] += why != 0;
		done[i] += scarce && why == 0;
		if (why != 0 && !(scarce && (why == ENOMEM || why == EAGAIN || why == ENOBUFS || why == ENOSPC))) {
			claims_failed++;
			printf("WRONG: %s: %d (%s)\n", acts[i].name, why, why > 0 ? strerror(why) : "it was not undone");
		}
	}
}

/* Nothing is left but what is too little for the smallest of them; then a page after the other comes back. */
static void squeeze(void)
{
	small_count = 0;
	high = high < HIGHEST ? high * 2 : high;
	for (there = 0; there < PAGES && mlock(room + (size_t)there * PAGE, PAGE) == 0; there++)
		;
	CLAIM(there > 100 && there < PAGES && errno == ENOMEM);
	while (small_count < SMALL && (small[small_count] = eventfd(0, 0)) >= 0)
		small_count++;
	for (unsigned step = 0; step < STEPS; step++) {
		all_act(1);
		there -= step < 10 ? 1 : 2;
		CLAIM(madvise(room + (size_t)there * PAGE, 2 * PAGE, MADV_DONTNEED) == 0);
	}
	while (small_count > 0)
		close(small[--small_count]);
	CLAIM(madvise(room, (size_t)PAGES * PAGE, MADV_DONTNEED) == 0);
	all_act(0);
}

int main(void)
{
	int fd = open("/tmp/mapped", O_RDWR | O_CREAT | O_TRUNC, 0600);

	CLAIM(write(fd, data, 3 * PAGE) == 3 * PAGE && close(fd) == 0);
	memset(data, 2, sizeof(data));
	room = mmap(NULL, (size_t)PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	areas = mmap((void *)0x1800000000ul, 32 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	epoll = epoll_create1(0);
	event = eventfd(0, 0);
	for (int i = 0; i < WATCHED; i++)
		CLAIM((watched[i] = dup(event)) >= 0);
	for (int i = 0; i < TELLING; i++)
		CLAIM((telling[i] = inotify_init1(IN_NONBLOCK)) >= 0);
	CLAIM(epoll >= 0 && event >= 0);
	printf("scarce\n"); /* and has memory for it */
	all_act(0);
	LEAVES_NOTHING(squeeze);
	for (unsigned i = 0; i < ACTS; i++)
		if (done[i] == 0 || (refused[i] == 0 && !acts[i].is_free)) {
			claims_failed++;
			printf("WRONG: %s: %u times refused, %u times done\n", acts[i].name, refused[i], done[i]);
		}
	CLAIM(unlink("/tmp/mapped") == 0);
	return claims_end("scarce");
}
