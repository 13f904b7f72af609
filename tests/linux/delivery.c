// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Whom a signal finds, what is blocked meanwhile, what is forgotten and what is not; timers and clocks at their edges. */
#include "tests/linux/claims.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MS = 1000000, ROUNDS = 300 };

static volatile sig_atomic_t depth, deepest, count, got;
static volatile pid_t receiver;
static sigset_t inside;

static sigset_t set_of(int signal)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	return set;
}

static void handle(int signal, void (*handler)(int), int flags, int also)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	if (also != 0)
		sigaddset(&action.sa_mask, also);
	CLAIM(sigaction(signal, &action, NULL) == 0);
}

static void note(int signal)
{
	got = signal;
	count++;
	receiver = gettid();
	sigprocmask(SIG_BLOCK, NULL, &inside);
}

static void nest(int signal)
{
	if (++depth > deepest)
		deepest = depth;
	if (count++ == 0)
		raise(signal);
	depth--;
}

/* In a handler its own signal is blocked, what its action names, and what was blocked before; or the first not, if it is not to be. */
static void masks_of_handlers(void)
{
	const sigset_t other = set_of(SIGUSR2);
	sigset_t now;

	handle(SIGHUP, note, 0, SIGTERM);
	CLAIM(sigprocmask(SIG_BLOCK, &other, NULL) == 0 && raise(SIGHUP) == 0 && got == SIGHUP);
	CLAIM(sigismember(&inside, SIGHUP) && sigismember(&inside, SIGTERM) && sigismember(&inside, SIGUSR2) && !sigismember(&inside, SIGUSR1));
	CLAIM(sigprocmask(SIG_SETMASK, NULL, &now) == 0 && !sigismember(&now, SIGHUP) && sigismember(&now, SIGUSR2));
	CLAIM(sigprocmask(SIG_UNBLOCK, &other, NULL) == 0 && (count = 0) == 0);
	handle(SIGUSR1, nest, 0, 0);
	CLAIM(raise(SIGUSR1) == 0 && count == 2 && deepest == 1 && (count = 0) == 0);
	handle(SIGUSR1, nest, SA_NODEFER, 0);
	CLAIM(raise(SIGUSR1) == 0 && count == 2 && deepest == 2 && (count = 0) == 0);
	handle(SIGUSR1, note, SA_RESETHAND, 0);
	CLAIM(raise(SIGUSR1) == 0 && count == 1 && signal(SIGUSR1, SIG_IGN) == SIG_DFL);
	REFUSED(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &other, NULL, 4), EINVAL);
	REFUSED(syscall(SYS_rt_sigprocmask, 9, &other, NULL, 8), EINVAL);
	REFUSED(syscall(SYS_rt_sigprocmask, SIG_BLOCK, 16, NULL, 8), EFAULT);
	REFUSED(syscall(SYS_rt_sigaction, SIGKILL, &(char[64]){ 0 }, NULL, 8), EINVAL);
	REFUSED(syscall(SYS_sigaltstack, &(stack_t){ .ss_sp = &now, .ss_size = 1000 }, NULL), ENOMEM);
	REFUSED(syscall(SYS_sigaltstack, &(stack_t){ .ss_sp = &now, .ss_size = 100000, .ss_flags = 64 }, NULL), EINVAL);
}

/* What waits is forgotten where it comes to be ignored, and only there; and what is blocked waits even if it is ignored. */
static void forgotten(void)
{
	const sigset_t set = set_of(SIGUSR1);
	const sigset_t quiet = set_of(SIGURG);
	const sigset_t queued = set_of(SIGRTMIN);
	const struct timespec none = { 0 };
	sigset_t pending;

	CLAIM(sigprocmask(SIG_BLOCK, &set, NULL) == 0 && sigprocmask(SIG_BLOCK, &quiet, NULL) == 0 && sigprocmask(SIG_BLOCK, &queued, NULL) == 0);
	handle(SIGUSR1, note, 0, 0);
	CLAIM(kill(getpid(), SIGUSR1) == 0 && signal(SIGUSR1, SIG_DFL) == note);
	CLAIM(sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1) && sigtimedwait(&set, NULL, &none) == SIGUSR1);
	CLAIM(signal(SIGUSR1, SIG_IGN) == SIG_DFL && kill(getpid(), SIGUSR1) == 0 && sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1));
	CLAIM(signal(SIGUSR1, SIG_IGN) == SIG_IGN && sigpending(&pending) == 0 && !sigismember(&pending, SIGUSR1));
	handle(SIGURG, note, 0, 0);
	CLAIM(kill(getpid(), SIGURG) == 0 && signal(SIGURG, SIG_DFL) == note && sigpending(&pending) == 0 && !sigismember(&pending, SIGURG));
	for (int i = 0; i < ROUNDS; i++) {
		for (int k = 0; k < 10; k++)
			CLAIM(sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = k }) == 0);
		CLAIM(signal(SIGRTMIN, SIG_IGN) != SIG_ERR && sigpending(&pending) == 0 && !sigismember(&pending, SIGRTMIN));
	}
	CLAIM(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0 && sigprocmask(SIG_UNBLOCK, &quiet, NULL) == 0);
	CLAIM(kill(getpid(), SIGUSR1) == 0 && sigpending(&pending) == 0 && !sigismember(&pending, SIGUSR1));
}

static volatile pid_t other_thread;
static volatile int leave;

static void *sleeper(void *arg)
{
	other_thread = gettid();
	while (!leave)
		usleep(500);
	return arg;
}

/* A process's signal goes to a thread that does not block it; a thread's to that thread. */
static void threads(void)
{
	const sigset_t set = set_of(SIGUSR1);
	struct sigevent event = { .sigev_notify = 4 /* SIGEV_THREAD_ID */, .sigev_signo = SIGUSR1 };
	const struct itimerspec soon = { .it_value = { 0, MS } };
	pthread_t thread;
	timer_t timer;

	handle(SIGUSR1, note, 0, 0);
	CLAIM(pthread_create(&thread, NULL, sleeper, NULL) == 0);
	while (other_thread == 0)
		usleep(500);
	CLAIM(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0 && (count = 0) == 0 && kill(getpid(), SIGUSR1) == 0);
	for (int i = 0; i < 1000 && count == 0; i++)
		usleep(500);
	CLAIM(count == 1 && receiver == other_thread && pthread_sigmask(SIG_UNBLOCK, &set, NULL) == 0);
	event.sigev_notify_thread_id = other_thread;
	CLAIM(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 && timer_settime(timer, 0, &soon, NULL) == 0);
	for (int i = 0; i < 1000 && count == 1; i++)
		usleep(500);
	CLAIM(count == 2 && receiver == other_thread && timer_delete(timer) == 0);
	CLAIM(syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1) == 0 && count == 3 && receiver == gettid());
	CLAIM(kill(other_thread, SIGUSR1) == 0); /* that is to the process */
	for (int i = 0; i < 1000 && count == 3; i++)
		usleep(500);
	CLAIM(count == 4);
	REFUSED(syscall(SYS_tgkill, getpid(), 0, SIGUSR1), EINVAL);
	REFUSED(syscall(SYS_tgkill, getpid(), other_thread, 65), EINVAL);
	REFUSED(syscall(SYS_tgkill, 1 << 21, other_thread, 0), ESRCH);
	for (int i = 0; i < ROUNDS; i++)
		CLAIM(syscall(SYS_tkill, other_thread, 0) == 0);
	leave = 1;
	CLAIM(pthread_join(thread, NULL) == 0);
	REFUSED(syscall(SYS_tkill, other_thread, 0), ESRCH);
	REFUSED(kill(other_thread, 0), ESRCH);
}

/* A mask for one wait is not that of the next. */
static void masks_of_waits(void)
{
	const sigset_t set = set_of(SIGUSR2);
	const struct timespec brief = { 0, MS };
	sigset_t all;
	sigset_t now;

	sigfillset(&all);
	CLAIM(ppoll(NULL, 0, &brief, &all) == 0 && sigprocmask(SIG_SETMASK, NULL, &now) == 0 && !sigismember(&now, SIGUSR2));
	CLAIM(sigprocmask(SIG_BLOCK, &set, NULL) == 0 && poll(NULL, 0, 1) == 0 && ppoll(NULL, 0, &brief, NULL) == 0);
	CLAIM(sigprocmask(SIG_UNBLOCK, &set, &now) == 0 && sigismember(&now, SIGUSR2) && !sigismember(&now, SIGUSR1));
	REFUSED(syscall(SYS_ppoll, NULL, 0, &brief, &all, 4), EINVAL);
}

/* The signal that ends a child which does `what`. */
static int ended_by(void (*what)(void))
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		what();
		_exit(0);
	}
	return waitpid(child, &status, 0) == child && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void fault_blocked(void)
{
	const sigset_t set = set_of(SIGSEGV);

	handle(SIGSEGV, _exit, 0, 0);
	sigprocmask(SIG_BLOCK, &set, NULL);
	*(volatile int *)16 = 1;
}

static void fault_ignored(void)
{
	signal(SIGSEGV, SIG_IGN);
	*(volatile int *)16 = 1;
}

static int64_t ns_of(struct timespec at)
{
	return at.tv_sec * 1000000000ll + at.tv_nsec;
}

static int64_t now_ns(clockid_t clock)
{
	struct timespec at = { 0 };

	CLAIM(clock_gettime(clock, &at) == 0);
	return ns_of(at);
}

static void timers(void)
{
	struct itimerspec setting = { .it_value = { 0, 500 * MS } };
	struct itimerspec told = { 0 };
	struct itimerval interval = { .it_value = { 5, 0 }, .it_interval = { 1, 5 } };
	const sigset_t set = set_of(SIGALRM);
	siginfo_t info;
	timer_t timer;
	int number = -1;

	CLAIM(setitimer(ITIMER_REAL, &interval, NULL) == 0 && getitimer(ITIMER_REAL, &interval) == 0);
	CLAIM(interval.it_value.tv_sec == 4 && interval.it_interval.tv_sec == 1 && interval.it_interval.tv_usec == 5 && alarm(0) == 5);
	CLAIM(getitimer(ITIMER_REAL, &interval) == 0 && interval.it_value.tv_sec == 0 && interval.it_value.tv_usec == 0);
	REFUSED(syscall(SYS_getitimer, 3, &interval), EINVAL);
	CLAIM(sigprocmask(SIG_BLOCK, &set, NULL) == 0 && syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &number) == 0);
	timer = (timer_t)(intptr_t)number;
	CLAIM(timer_settime(timer, 0, &setting, NULL) == 0 && timer_gettime(timer, &told) == 0 && ns_of(told.it_value) > 400 * MS);
	CLAIM(timer_settime(timer, 0, &(struct itimerspec){ 0 }, &told) == 0 && ns_of(told.it_value) > 400 * MS);
	CLAIM(timer_gettime(timer, &told) == 0 && ns_of(told.it_value) == 0);
	REFUSED(sigtimedwait(&set, &info, &(struct timespec){ 0, MS }), EAGAIN);
	setting.it_value.tv_nsec = 2 * MS;
	CLAIM(timer_settime(timer, 0, &setting, NULL) == 0 && sigwaitinfo(&set, &info) == SIGALRM && info.si_code == SI_TIMER);
	CLAIM(clock_gettime(CLOCK_MONOTONIC, &setting.it_value) == 0 && (setting.it_value.tv_sec += 5) > 0);
	CLAIM(timer_settime(timer, TIMER_ABSTIME, &setting, NULL) == 0 && timer_gettime(timer, &told) == 0 && told.it_value.tv_sec == 4);
	CLAIM(timer_settime(timer, TIMER_ABSTIME, &(struct itimerspec){ .it_value = { 0, 1 } }, NULL) == 0 && sigwaitinfo(&set, &info) == SIGALRM);
	CLAIM(timer_delete(timer) == 0 && sigprocmask(SIG_UNBLOCK, &set, NULL) == 0);
	REFUSED(syscall(SYS_timer_create, CLOCK_MONOTONIC, 16, &number), EFAULT);
	REFUSED(syscall(SYS_timer_create, 77, NULL, &number), EINVAL);
	REFUSED(syscall(SYS_timer_create, CLOCK_REALTIME_COARSE, NULL, &number), EOPNOTSUPP);
	/* As many as there may be, again and again. */
	for (int i = 0; i < ROUNDS; i++)
		CLAIM(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &number) == 0 && syscall(SYS_timer_delete, number) == 0);
}

/* Each timer has one signal that waits: it is not lost in another timer's, and comes once. */
static void timers_of_one_signal(int signal)
{
	const struct itimerspec once = { .it_value = { 0, MS } };
	const struct itimerspec often = { .it_value = { 0, MS }, .it_interval = { 0, MS } };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = signal };
	const sigset_t set = set_of(signal);
	siginfo_t info;
	timer_t all[3];

	CLAIM(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	for (int i = 0; i < 3; i++) {
		event.sigev_value.sival_int = i;
		event.sigev_notify_thread_id = gettid();
		event.sigev_notify = i == 2 ? SIGEV_THREAD_ID : SIGEV_SIGNAL;
		CLAIM(timer_create(CLOCK_MONOTONIC, &event, &all[i]) == 0);
		CLAIM(timer_settime(all[i], 0, i == 2 ? &often : &once, NULL) == 0);
	}
	usleep(20000);
	CLAIM(timer_settime(all[2], 0, &(struct itimerspec){ 0 }, NULL) == 0);
	CLAIM(sigtimedwait(&set, &info, &(struct timespec){ 0 }) == signal && info.si_value.sival_int == 2); /* the thread's own first */
	CLAIM(sigtimedwait(&set, &info, &(struct timespec){ 0 }) == signal && info.si_value.sival_int == 0);
	CLAIM(sigtimedwait(&set, &info, &(struct timespec){ 0 }) == signal && info.si_value.sival_int == 1);
	REFUSED(sigtimedwait(&set, &info, &(struct timespec){ 0 }), EAGAIN);
	for (int i = 0; i < 3; i++)
		CLAIM(timer_delete(all[i]) == 0);
	CLAIM(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0);
}

/* How often it has gone off besides is told with the signal, too. */
static void overruns(void)
{
	const struct itimerspec often = { .it_value = { 0, MS }, .it_interval = { 0, MS } };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN };
	const sigset_t set = set_of(SIGRTMIN);
	siginfo_t info;
	timer_t timer;

	CLAIM(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	CLAIM(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 && timer_settime(timer, 0, &often, NULL) == 0);
	usleep(20000);
	CLAIM(sigwaitinfo(&set, &info) == SIGRTMIN && info.si_overrun >= 10);
	CLAIM(timer_delete(timer) == 0);
	while (sigtimedwait(&set, &info, &(struct timespec){ 0 }) > 0)
		;
	CLAIM(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0);
}

static void *spin(void *arg)
{
	int64_t end = now_ns(CLOCK_THREAD_CPUTIME_ID) + 5 * MS;

	while (now_ns(CLOCK_THREAD_CPUTIME_ID) < end)
		;
	return arg;
}

static void clocks(void)
{
	int64_t begin = now_ns(CLOCK_MONOTONIC);
	struct timespec at = { (begin + 20 * MS) / 1000000000, (begin + 20 * MS) % 1000000000 };
	int64_t own = now_ns(CLOCK_THREAD_CPUTIME_ID);
	pthread_t thread;
	clockid_t clock;
	pid_t child;

	CLAIM(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == 0 && now_ns(CLOCK_MONOTONIC) >= begin + 20 * MS);
	CLAIM(now_ns(CLOCK_THREAD_CPUTIME_ID) < own + 10 * MS && spin(NULL) == NULL && now_ns(CLOCK_THREAD_CPUTIME_ID) >= own + 5 * MS);
	/* A process's clock is that of all its threads, and others of the family have theirs. */
	own = now_ns(CLOCK_THREAD_CPUTIME_ID);
	CLAIM(pthread_create(&thread, NULL, spin, NULL) == 0 && pthread_join(thread, NULL) == 0 && clock_getcpuclockid(0, &clock) == 0);
	CLAIM(now_ns(clock) >= own + 5 * MS && clock_getcpuclockid(getpid(), &clock) == 0 && now_ns(clock) >= own + 5 * MS);
	child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	CLAIM(clock_getcpuclockid(child, &clock) == 0 && now_ns(clock) < 5 * MS && kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
	REFUSED(syscall(SYS_clock_gettime, clock, &at), EINVAL);
	REFUSED(syscall(SYS_clock_gettime, -1, &at), EINVAL);
	REFUSED(clock_gettime(77, &at), EINVAL);
	REFUSED(syscall(SYS_clock_settime, CLOCK_MONOTONIC, &at), EINVAL);
	REFUSED(syscall(SYS_clock_settime, CLOCK_REALTIME, 16), EFAULT);
}

/* A timer goes by the clock that it was made of, and not by its process's. */
static void by_their_clocks(void)
{
	const struct itimerspec some = { .it_value = { 0, 4 * MS } };
	struct itimerspec left;
	struct sigevent nothing = { .sigev_notify = SIGEV_NONE };
	pthread_t thread;
	clockid_t clock;
	timer_t timer;
	pid_t child;

	CLAIM(timer_create(CLOCK_THREAD_CPUTIME_ID, &nothing, &timer) == 0 && timer_settime(timer, 0, &some, NULL) == 0);
	CLAIM(pthread_create(&thread, NULL, spin, NULL) == 0 && pthread_join(thread, NULL) == 0);
	CLAIM(timer_gettime(timer, &left) == 0 && left.it_value.tv_nsec > 1 * MS);
	for (int i = 0; i < 3; i++)
		CLAIM(spin(NULL) == NULL);
	CLAIM(timer_gettime(timer, &left) == 0 && left.it_value.tv_nsec == 0 && timer_delete(timer) == 0);
	child = fork();
	if (child == 0)
		for (;;)
			CLAIM(spin(NULL) == NULL);
	CLAIM(clock_getcpuclockid(child, &clock) == 0 && timer_create(clock, &nothing, &timer) == 0 && timer_settime(timer, 0, &some, NULL) == 0);
	for (int i = 0; i < 5000 && timer_gettime(timer, &left) == 0 && left.it_value.tv_nsec != 0; i++)
		usleep(1000);
	CLAIM(left.it_value.tv_nsec == 0 && kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
	CLAIM(timer_settime(timer, 0, &some, NULL) == 0 && usleep(20000) == 0 && timer_gettime(timer, &left) == 0 && timer_delete(timer) == 0);
}

/* How well the clock is kept: by nobody; and who may not set it. */
static void kept(void)
{
	struct timex told = { .modes = 0 }, single = { .modes = ADJ_OFFSET_SS_READ }, set = { .modes = ADJ_FREQUENCY };
	struct timeval now = { 1, 1000000 };
	int status;

	CLAIM(adjtimex(&told) == TIME_ERROR && told.status == STA_UNSYNC && told.offset == 0 && told.maxerror == 16000000 && told.esterror == 16000000);
	CLAIM(told.constant == 2 && told.precision == 1 && told.tolerance == 32768000 && told.tick == 10000 && told.tai == 0);
	CLAIM(told.time.tv_sec * 1000000000ull + (unsigned long)told.time.tv_usec * 1000 <= (unsigned long long)now_ns(CLOCK_REALTIME) && told.time.tv_sec > 0);
	CLAIM(adjtimex(&single) == TIME_ERROR && clock_adjtime(CLOCK_REALTIME, &told) == TIME_ERROR);
	REFUSED(clock_adjtime(CLOCK_MONOTONIC, &told), EOPNOTSUPP);
	REFUSED(clock_adjtime(77, &told), EINVAL);
	REFUSED(syscall(SYS_adjtimex, 16), EFAULT);
	REFUSED(syscall(SYS_settimeofday, &now, NULL), EINVAL);
	REFUSED(syscall(SYS_settimeofday, 16, NULL), EFAULT);
	pid_t child = fork();

	if (child == 0) {
		now.tv_usec = 0;
		CLAIM(setuid(1000) == 0 && adjtimex(&told) == TIME_ERROR);
		REFUSED(adjtimex(&set), EPERM);
		REFUSED(syscall(SYS_settimeofday, &now, NULL), EPERM);
		fflush(stdout);
		_exit(claims_failed != 0);
	}
	CLAIM(waitpid(child, &status, 0) == child && status == 0);
}

/* What was sent to the thread comes before what was sent to its process, whatever the numbers. */
static void own_first(void)
{
	sigset_t both, before;

	sigemptyset(&both);
	sigaddset(&both, SIGUSR1);
	sigaddset(&both, SIGUSR2);
	CLAIM(sigprocmask(SIG_BLOCK, &both, &before) == 0);
	CLAIM(kill(getpid(), SIGUSR1) == 0 && syscall(SYS_tkill, (int)syscall(SYS_gettid), SIGUSR2) == 0);
	CLAIM(sigwaitinfo(&both, NULL) == SIGUSR2 && sigwaitinfo(&both, NULL) == SIGUSR1);
	CLAIM(sigprocmask(SIG_SETMASK, &before, NULL) == 0);
}

int main(void)
{
	masks_of_handlers();
	forgotten();
	threads();
	masks_of_waits();
	CLAIM(ended_by(fault_blocked) == SIGSEGV && ended_by(fault_ignored) == SIGSEGV);
	timers();
	timers_of_one_signal(SIGRTMIN);
	timers_of_one_signal(SIGUSR1);
	overruns();
	clocks();
	by_their_clocks();
	kept();
	own_first();
	return claims_end("delivery");
}
