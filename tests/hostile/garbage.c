// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Every system call with garbage: a number of all there are, and of those behind them; arguments that are wild, of the kernel's half, unmapped, read-only,
 * across the end of a page; huge lengths; descriptors that are closed or of another kind. Most calls of a thread have one or two such arguments among
 * others that are good, or little but EFAULT would come of it. Meanwhile other threads write to the memory that is read, and map, protect and unmap it.
 */
#include "tests/hostile/hostile.h"
#include "tests/hostile/shapes.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { THREADS = 5, CALLS_MAX = 470, ARENA_PAGES = 16, PAGE = 4096, FD_KINDS = 19, FD_FIRST = 3, PATHS = 12 };

static char *arena; /* pages that come, go and change */
static char *constants; /* one page, read-only */

static const char *const paths[PATHS] = { "/tmp/h0", "/tmp/h1", "/tmp/hd", "/tmp/hd/x", "/tmp", "/dev/null", "/proc/self/maps", "/dev/ptmx",
					  "/dev/pts/1", "", "/proc/self/fd/9", "/dev/tty" };

/* What reaches the supervisor, as it would on Linux: it is not what is tried. */
static int is_theirs(long number)
{
	return number == SYS_kill || number == SYS_tkill || number == SYS_tgkill || number == SYS_rt_sigqueueinfo || number == SYS_rt_tgsigqueueinfo ||
	       number == SYS_prlimit64 || number == SYS_pidfd_open || number == SYS_pidfd_send_signal;
}

/* What ends the thread, the process or the whole family for sure, or sleeps for good: seldom let through. */
static int is_final(long number)
{
	switch (number) {
	case SYS_exit: case SYS_exit_group: case SYS_rt_sigreturn: case SYS_rt_sigsuspend: case SYS_execve: case SYS_execveat: case SYS_clone: case SYS_clone3:
	case SYS_munmap: case SYS_brk: case SYS_futex: case SYS_ppoll: case SYS_pselect6: case SYS_wait4: case SYS_waitid: case SYS_nanosleep:
	case SYS_clock_nanosleep: case SYS_flock: case SYS_rt_sigtimedwait: case SYS_epoll_pwait: case SYS_mmap: case SYS_mremap: case SYS_setrlimit:
		return 1;
	default:
		return 0;
	}
}

/* An address: good, then at the end of a page, then gone at any time, then none of this process's. */
static uint64_t address(uint64_t *state)
{
	uint64_t draw = hostile_draw(state);
	uint64_t page = (uint64_t)(uintptr_t)arena + draw / 64 % ARENA_PAGES * PAGE;

	switch (draw % 16) {
	case 0: return 0;
	case 1: return draw;
	case 2: return 0xffff000000000000ull + draw % (1ull << 40);
	case 3: return (1ull << 47) - draw / 16 % 64;
	case 4: return (uint64_t)(uintptr_t)constants + draw % PAGE;
	case 5: return page + PAGE - 1 - draw / 4096 % 24;
	case 6: return UINT64_MAX - draw / 16 % 128;
	case 7: return (uint64_t)(uintptr_t)paths[draw / 16 % PATHS];
	case 8: return 8 + draw % 4096;
	default: return page + draw / 1024 % (PAGE / 16) * 16;
	}
}

static uint64_t number(uint64_t *state)
{
	static const uint64_t edges[] = { 0, 1, 2, 7, 8, 64, 127, 128, 4095, 4096, 4097, 65536, 1ul << 20, INT32_MAX, 1ul << 31, UINT32_MAX, 1ull << 32, INT64_MAX,
					  1ull << 63, UINT64_MAX, UINT64_MAX - 1, UINT64_MAX - 4095, 0x7ffff000, 0x7fffffff000ull };
	uint64_t draw = hostile_draw(state);

	return draw % 4 == 0 ? draw >> draw / 4 % 64 : draw % 4 == 1 ? edges[draw / 4 % (sizeof(edges) / sizeof(edges[0]))] : draw / 4 % 16;
}

static uint64_t argument(uint64_t *state)
{
	uint64_t draw = hostile_draw(state);

	switch (draw % 8) {
	case 0: case 1: return FD_FIRST + draw / 8 % (FD_KINDS * 2);
	case 2: case 3: return number(state);
	case 4: return (uint64_t)(int64_t)-(int)(draw / 8 % 200);
	default: return address(state);
	}
}

/* asm-generic/ioctls.h: from TCGETS on, and those of a pseudo-terminal's master */
static const uint32_t terminal_requests[] = {
	0x5401, 0x5402, 0x5404, 0x5409, 0x540a, 0x540b, 0x540e, 0x540f, 0x5410, 0x5411, 0x5413, 0x5414, 0x541b, 0x5422, 0x5429, 0x5441, 0x80045430, 0x40045431,
	0x40045431, 0x80045439, 0x40045436, 0x5420, 0x80045438,
};

/* linux/fcntl.h: of seals and pipes, and the commands below them */
static const uint32_t fcntl_commands[] = { 1033, 1033, 1034, 1031, 1032, 0, 1, 2, 3, 4, 8, 9, 10, 11, 1030 };

/* What was made last that is System V's. */
static volatile int object;

/* What a call expects of an argument, built somewhere in the arena where others change it meanwhile. */
static uint64_t expected(uint64_t *state, char letter)
{
	uint64_t draw = hostile_draw(state);
	char *at = arena + draw / 32 % ARENA_PAGES * PAGE + draw / 512 % 32 * 128;
	struct iovec piece = { (void *)(uintptr_t)address(state), draw % 6000 };
	struct msghdr message = { .msg_name = draw % 4 == 0 ? at : NULL, .msg_namelen = 16, .msg_iov = (struct iovec *)(void *)(at + 64), .msg_iovlen = 1,
				  .msg_control = draw % 3 == 0 ? arena : NULL, .msg_controllen = 16 + draw % 64 };
	struct itimerspec time = { { 0, (long)(draw % 2000000) }, { 0, (long)(draw % 2000000) } };
	struct sockaddr_storage name = { .ss_family = draw % 2 ? AF_UNIX : AF_INET };
	struct sembuf ops[] = { { draw / 4 % 4, (short)(draw / 16 % 5 - 2), draw & SEM_UNDO }, { draw / 64 % 3, 1, IPC_NOWAIT }, { draw / 256 % 3, -1, IPC_NOWAIT | SEM_UNDO } };

	memcpy((char *)&name + 2, draw % 4 == 1 ? "/tmp/hs" : draw % 2 ? "\0h" : "\x1b\x58\x7f\0\0\1", 7);
	switch (letter) {
	case 'f': return FD_FIRST + draw / 8 % (FD_KINDS * 3);
	case 'd': return draw % 4 ? (uint64_t)AT_FDCWD : FD_FIRST + 1;
	case 'p': return (uint64_t)(uintptr_t)paths[draw % PATHS];
	case 'z': return draw % 3 ? draw / 4 % 8192 : number(state);
	case 'i': return terminal_requests[draw % (sizeof(terminal_requests) / sizeof(terminal_requests[0]))];
	case 'c': return fcntl_commands[draw % (sizeof(fcntl_commands) / sizeof(fcntl_commands[0]))];
	case 'b': return draw & (O_NONBLOCK | O_CLOEXEC);
	case 'k': return draw % 5; /* MFD_CLOEXEC, MFD_ALLOW_SEALING, and one that there is not */
	case 'q': return draw % 3 ? 1u << draw / 4 % 5 : draw / 4 % 64;
	case 'w': return draw % 2 ? IN_ALL_EVENTS | (draw / 2 & (IN_ONESHOT | IN_MASK_ADD)) : draw / 2 & (0xf7006fff | IN_IGNORED);
	case 'n': return draw % 4 ? draw / 4 % 16 : number(state);
	case 'o': return draw / 8 & (O_RDWR | O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NONBLOCK | O_DIRECTORY | O_PATH);
	case 't': memcpy(at, &time, sizeof(time)); break;
	case 's': memcpy(at, &name, sizeof(name)); break;
	case 'l': memcpy(at, &(int){ (int)(draw % 130) }, 4); break;
	case 'm': memcpy(at, &message, sizeof(message)); memcpy(at + 64, &piece, sizeof(piece)); break;
	case 'v': memcpy(at, &piece, sizeof(piece)); break;
	case 'g': return draw % 2 ? 17 /* SIGCHLD, of clone */ : (uint64_t)(uintptr_t)at;
	case 'x': return (draw & (IPC_CREAT | IPC_EXCL | IPC_NOWAIT)) | 0600;
	case 'j': return draw % 4 ? (uint64_t)object : draw / 4 % 16;
	case 'y': return draw / 8 % 21; /* of what semctl(2), msgctl(2) and shmctl(2) do */
	case 'e': memcpy(at, ops, sizeof(ops)); break;
	case '0': return 0;
	default: return address(state);
	}
	return (uint64_t)(uintptr_t)at;
}

/* A call as it is meant, but for an argument here and there. */
static void call_shaped(uint64_t *state)
{
	const struct shape *shape = &shapes[hostile_draw(state) % (sizeof(shapes) / sizeof(shapes[0]))];
	uint64_t x[6];

	if ((shape->number == SYS_clone || shape->number == SYS_execve || shape->number == SYS_execveat) && hostile_draw(state) % 64 != 0)
		return;
	for (unsigned i = 0; i < 6; i++)
		x[i] = i >= strlen(shape->arguments) || hostile_draw(state) % 12 == 0 ? argument(state) : expected(state, shape->arguments[i]);
	long result = syscall(shape->number, x[0], x[1], x[2], x[3], x[4], x[5]);

	if (result >= 0 && (shape->number == SYS_shmget || shape->number == SYS_semget || shape->number == SYS_msgget))
		object = (int)result;
}

/* Descriptors of all kinds, at numbers where others find them. */
static void descriptors_open(uint64_t *state)
{
	struct sockaddr_storage name = { .ss_family = AF_UNIX };
	struct epoll_event event = { .events = EPOLLIN };
	int pair[2];
	int epoll = epoll_create1(0);

	(void)!open(paths[hostile_draw(state) % PATHS], O_RDWR | O_CREAT, 0600);
	(void)!open("/tmp", O_RDONLY | O_DIRECTORY);
	(void)!open("/proc/self", O_PATH);
	(void)!pipe2(pair, O_NONBLOCK);
	(void)!socketpair(AF_UNIX, hostile_draw(state) % 2 ? SOCK_STREAM : SOCK_DGRAM, 0, pair);
	(void)epoll_ctl(epoll, EPOLL_CTL_ADD, pair[0], &event);
	(void)eventfd(0, EFD_NONBLOCK);
	(void)!ftruncate(memfd_create("m", hostile_draw(state) % 4), 3 * PAGE);
	(void)inotify_add_watch(inotify_init1(IN_NONBLOCK), paths[hostile_draw(state) % 5], IN_ALL_EVENTS);
	(void)timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	(void)syscall(SYS_pidfd_open, getpid(), O_NONBLOCK);
	(void)socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	(void)socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	pair[0] = socket(AF_UNIX, SOCK_STREAM, 0);
	memcpy((char *)&name + 2, "\0h", 2);
	if (bind(pair[0], (struct sockaddr *)&name, 4) == 0)
		(void)listen(pair[0], 4);
	(void)!open("/dev/tty", O_RDONLY | O_NONBLOCK);
	pair[0] = open("/dev/ptmx", O_RDWR | O_NONBLOCK);
	pair[1] = 0;
	if (ioctl(pair[0], TIOCSPTLCK, &pair[1]) == 0)
		(void)!ioctl(pair[0], TIOCGPTPEER, O_RDWR | O_NONBLOCK);
}

/* A message with descriptors, structures that point to each other, vectors: what calls look for behind their pointers. */
static void arena_fill(uint64_t *state)
{
	uint64_t *words = (uint64_t *)(void *)(arena + hostile_draw(state) % ARENA_PAGES * PAGE);

	for (unsigned i = 0; i < 64; i++)
		words[hostile_draw(state) % (PAGE / 8)] = argument(state);
	if (hostile_draw(state) % 4 == 0)
		strcpy((char *)words, paths[hostile_draw(state) % PATHS]);
}

static void sends_descriptors(uint64_t *state)
{
	struct iovec piece = { (void *)(uintptr_t)address(state), hostile_draw(state) % 64 };
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(4 * sizeof(int))];
	} control = { .header = { CMSG_LEN(4 * sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	int fds[4];

	for (unsigned i = 0; i < 4; i++)
		fds[i] = FD_FIRST + (int)(hostile_draw(state) % FD_KINDS);
	memcpy(CMSG_DATA(&control.header), fds, sizeof(fds));
	(void)sendmsg(FD_FIRST + (int)(hostile_draw(state) % FD_KINDS), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void pages_change(uint64_t *state)
{
	char *page = arena + hostile_draw(state) % ARENA_PAGES * PAGE;
	size_t bytes = (1 + hostile_draw(state) % 4) * PAGE;

	switch (hostile_draw(state) % 4) {
	case 0: (void)mmap(page, bytes, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_ANONYMOUS | MAP_PRIVATE, -1, 0); break;
	case 1: (void)mprotect(page, bytes, hostile_draw(state) % 2 ? PROT_READ : PROT_READ | PROT_WRITE); break;
	case 2: (void)mmap(page, bytes, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_SHARED, FD_FIRST + (int)(hostile_draw(state) % (FD_KINDS * 2)), 0); break;
	default: (void)madvise(page, bytes, MADV_DONTNEED); break;
	}
}

static void ignore(int signal_)
{
	(void)signal_;
}

static void *storm(void *arg)
{
	uint64_t state = (uint64_t)(uintptr_t)arg;

	for (;;) {
		long what = (long)(hostile_draw(&state) % CALLS_MAX);
		uint64_t kind = hostile_draw(&state);

		if (kind % 16 == 0)
			pages_change(&state);
		else if (kind % 16 == 1)
			arena_fill(&state);
		else if (kind % 64 == 2)
			sends_descriptors(&state);
		else if (kind % 256 == 3)
			descriptors_open(&state);
		else if (kind % 4 != 3)
			call_shaped(&state);
		else if (is_theirs(what))
			(void)syscall(SYS_tgkill, getpid(), gettid(), 1 + kind / 256 % 64 % 8);
		else if (!is_final(what) || kind / 256 % 512 == 0)
			(void)syscall(what, argument(&state), argument(&state), argument(&state), argument(&state), argument(&state), argument(&state));
	}
	return NULL;
}

/* Ends waits of the others, again and again, and takes memory away under their hands. */
static void *disturb(void *arg)
{
	uint64_t state = (uint64_t)(uintptr_t)arg;
	const struct timespec moment = { 0, 300000 };

	for (;;) {
		(void)nanosleep(&moment, NULL);
		pages_change(&state);
		(void)syscall(SYS_kill, getpid(), SIGUSR1);
	}
	return NULL;
}

/* Who faults goes on, on a page that is there again. */
static void faulted(int signal_, siginfo_t *info, void *context)
{
	(void)signal_;
	(void)context;
	uintptr_t at = (uintptr_t)info->si_addr & ~(uintptr_t)(PAGE - 1);

	if (at < (uintptr_t)arena || at >= (uintptr_t)arena + (ARENA_PAGES + 4) * PAGE ||
	    mmap((void *)at, PAGE, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_ANONYMOUS | MAP_PRIVATE, -1, 0) == MAP_FAILED)
		_exit(1);
}

_Noreturn void hostile_garbage(uint64_t seed)
{
	struct sigaction action = { .sa_sigaction = faulted, .sa_flags = SA_SIGINFO | SA_NODEFER };
	pthread_t thread;

	arena = mmap(NULL, (ARENA_PAGES + 4) * PAGE, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
	constants = mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
	(void)sigaction(SIGSEGV, &action, NULL);
	(void)sigaction(SIGBUS, &action, NULL);
	action.sa_handler = ignore;
	action.sa_flags = 0; /* what waits ends */
	for (int i = 1; i < 32; i++)
		if (i != SIGSEGV && i != SIGBUS && i != SIGKILL && i != SIGSTOP)
			(void)sigaction(i, &action, NULL);
	for (unsigned i = 0; i < 4; i++)
		descriptors_open(&seed);
	for (unsigned i = 1; i < THREADS; i++)
		(void)pthread_create(&thread, NULL, i == 1 ? disturb : storm, (void *)(uintptr_t)hostile_draw(&seed));
	(void)storm((void *)(uintptr_t)hostile_draw(&seed));
	_exit(0);
}
