// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Signals: handlers, masks, queues, the alternate stack, calls that are interrupted, timers. */
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "tests/linux/claims.h"

static volatile sig_atomic_t got, got_value, got_code, count;
static void *volatile got_address;
static sigjmp_buf back;

static void note(int signal, siginfo_t *info, void *context)
{
	volatile double scratch = 1.5;

	(void)context;
	scratch *= 2; /* what the handler does to vector registers is not seen behind it */
	got = signal;
	got_value = info->si_value.sival_int;
	got_code = info->si_code;
	count++;
}

static void leave(int signal, siginfo_t *info, void *context)
{
	(void)context;
	got = signal;
	got_code = info->si_code;
	got_address = info->si_addr;
	siglongjmp(back, 1);
}

static void handle(int signal, void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags };

	CLAIM(sigaction(signal, &action, NULL) == 0);
}

static sigset_t set_of(int signal)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	return set;
}

static void handlers_keep_all_registers(void)
{
	double kept;

	handle(SIGUSR1, note, 0);
	__asm__ volatile("fmov d9, #3.25" ::: "d9");
	CLAIM(raise(SIGUSR1) == 0);
	__asm__ volatile("fmov %d0, d9" : "=w"(kept));
	CLAIM(kept == 3.25);
	CLAIM(got == SIGUSR1 && got_code == SI_TKILL);
}

static void a_blocked_signal_waits(void)
{
	const sigset_t set = set_of(SIGUSR1);
	const union sigval value = { .sival_int = 77 };
	sigset_t pending;

	got = 0;
	CLAIM(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	CLAIM(sigqueue(getpid(), SIGUSR1, value) == 0);
	CLAIM(sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1));
	CLAIM(got == 0);
	CLAIM(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0);
	CLAIM(got == SIGUSR1 && got_value == 77 && got_code == SI_QUEUE);
}

static void real_time_signals_queue_in_order(void)
{
	const sigset_t set = set_of(SIGRTMIN);
	const struct timespec soon = { 0, 1000000 };
	siginfo_t info;

	CLAIM(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	for (int i = 0; i < 3; i++)
		CLAIM(sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = i }) == 0);
	for (int i = 0; i < 3; i++)
		CLAIM(sigtimedwait(&set, &info, &soon) == SIGRTMIN && info.si_value.sival_int == i);
	REFUSED(sigtimedwait(&set, &info, &soon), EAGAIN);
}

static void a_full_queue_keeps_what_need_not_queue(void)
{
	const struct timespec soon = { 0, 1000000 };
	const union sigval value = { .sival_int = 5 };
	const sigset_t all[2] = { set_of(SIGRTMIN), set_of(SIGUSR2) };
	siginfo_t info;
	int queued = 0;

	CLAIM(sigprocmask(SIG_BLOCK, &all[0], NULL) == 0 && sigprocmask(SIG_BLOCK, &all[1], NULL) == 0);
	while (sigqueue(getpid(), SIGRTMIN, value) == 0)
		queued++;
	CLAIM(errno == EAGAIN && queued >= 64);
	CLAIM(kill(getpid(), SIGUSR2) == 0 && kill(getpid(), SIGRTMIN) == 0);
	CLAIM(sigtimedwait(&all[1], &info, &soon) == SIGUSR2);
	for (int i = 0; i < queued; i++)
		CLAIM(sigtimedwait(&all[0], &info, &soon) == SIGRTMIN);
	REFUSED(sigtimedwait(&all[0], &info, &soon), EAGAIN);
	CLAIM(sigprocmask(SIG_UNBLOCK, &all[1], NULL) == 0);
}

static void a_fault_can_be_survived(void)
{
	static char stack[16384];
	const stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };

	handle(SIGSEGV, leave, 0);
	if (sigsetjmp(back, 1) == 0)
		*(volatile int *)0x123450 = 1;
	CLAIM(got == SIGSEGV && got_code == SEGV_MAPERR && got_address == (void *)0x123450);
	CLAIM(sigaltstack(&alternate, NULL) == 0);
	handle(SIGSEGV, leave, SA_ONSTACK);
	got = 0;
	if (sigsetjmp(back, 1) == 0)
		__asm__ volatile("mov sp, #16\n\tstr x0, [sp]" ::: "memory");
	CLAIM(got == SIGSEGV && got_address == (void *)16);
}

static void interrupted_calls_end_or_go_on(void)
{
	const struct itimerval soon = { .it_value = { 0, 100000 } };
	struct timespec left = { 0 };
	int pipes[2];
	char byte;

	handle(SIGALRM, note, 0);
	CLAIM(setitimer(ITIMER_REAL, &soon, NULL) == 0);
	REFUSED(nanosleep(&(struct timespec){ 5, 0 }, &left), EINTR);
	CLAIM(left.tv_sec == 4);
	CLAIM(pipe(pipes) == 0);
	CLAIM(setitimer(ITIMER_REAL, &soon, NULL) == 0);
	REFUSED((int)read(pipes[0], &byte, 1), EINTR);
	handle(SIGALRM, note, SA_RESTART);
	count = 0;
	CLAIM(setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 2000 }, { 0, 2000 } }, NULL) == 0);
	if (fork() == 0) {
		(void)nanosleep(&(struct timespec){ 0, 30000000 }, NULL);
		(void)!write(pipes[1], "x", 1);
		_exit(0);
	}
	CLAIM(read(pipes[0], &byte, 1) == 1 && byte == 'x');
	CLAIM(count > 2);
	CLAIM(setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL) == 0);
}

static void timers_tick_and_tell_what_was_missed(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 5 };
	const struct itimerspec every = { { 0, 2000000 }, { 0, 2000000 } };
	const sigset_t set = set_of(SIGUSR1);
	sigset_t none;
	timer_t timer;

	sigemptyset(&none);
	handle(SIGUSR1, note, 0);
	CLAIM(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	CLAIM(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
	CLAIM(timer_settime(timer, 0, &every, NULL) == 0);
	for (int i = 0; i < 3; i++) {
		got = 0;
		REFUSED(sigsuspend(&none), EINTR);
		CLAIM(got == SIGUSR1 && got_value == 5 && got_code == SI_TIMER);
	}
	(void)nanosleep(&(struct timespec){ 0, 21000000 }, NULL);
	REFUSED(sigsuspend(&none), EINTR);
	CLAIM(timer_getoverrun(timer) >= 8);
	CLAIM(timer_delete(timer) == 0);
	REFUSED(timer_gettime(timer, &(struct itimerspec){ 0 }), EINVAL);
	CLAIM(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0);
}

static void cpu_time_passes_only_while_it_is_used(void)
{
	const clock_t begin = clock();

	handle(SIGVTALRM, note, 0);
	(void)nanosleep(&(struct timespec){ 0, 50000000 }, NULL);
	CLAIM(clock() - begin < 40000);
	got = 0;
	CLAIM(setitimer(ITIMER_VIRTUAL, &(struct itimerval){ .it_value = { 0, 3000 } }, NULL) == 0);
	while (got == 0)
		;
	CLAIM(got == SIGVTALRM);
}

int main(void)
{
	handlers_keep_all_registers();
	a_blocked_signal_waits();
	real_time_signals_queue_in_order();
	a_full_queue_keeps_what_need_not_queue();
	a_fault_can_be_survived();
	interrupted_calls_end_or_go_on();
	timers_tick_and_tell_what_was_missed();
	cpu_time_passes_only_while_it_is_used();
	return claims_end("signals");
}
