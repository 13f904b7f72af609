// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* How programs begin: what their registers, their stack and their words are, who waits for them, and which of two that begin at once does. */
#include "tests/linux/claims.h"

#include <fenv.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096 };

/* All that the registers held when the program began, in one word: it begins here (rules.mk). */
uint64_t starting_registers = 1;

__asm__(".globl starting_begin\n"
	"starting_begin:\n"
	".irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30\n"
	"	orr x0, x0, x\\n\n"
	".endr\n"
	".irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
	"	orr v0.16b, v0.16b, v\\n\\().16b\n"
	".endr\n"
	"	fmov x1, d0\n"
	"	orr x0, x0, x1\n"
	"	mov x1, v0.d[1]\n"
	"	orr x0, x0, x1\n"
	"	mrs x1, tpidr_el0\n"
	"	orr x0, x0, x1\n"
	"	mrs x1, fpcr\n"
	"	orr x0, x0, x1\n"
	"	mrs x1, fpsr\n"
	"	orr x0, x0, x1\n"
	"	adrp x1, starting_registers\n"
	"	str x0, [x1, :lo12:starting_registers]\n"
	"	mov x0, #0\n"
	"	mov x1, #0\n"
	"	b _start\n");

static volatile int *shared;
static volatile sig_atomic_t count;

static void note(int signal_)
{
	(void)signal_;
	count++;
}

static int status_of(pid_t child)
{
	int status = -1;

	while (waitpid(child, &status, 0) == -1 && errno == EINTR)
		;
	return status;
}

static long vfork_like(void)
{
	return syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
}

/* Who makes a child so waits until it has ended or become another, whatever signals come. */
static void waits_for_child(void)
{
	char *words[] = { "starting", "reads", NULL };
	int pair[2] = { -1, -1 };
	long child;

	signal(SIGUSR1, note);
	*shared = count = 0;
	child = vfork_like();
	if (child == 0) {
		kill(getppid(), SIGUSR1);
		usleep(3000);
		*shared = 1;
		syscall(SYS_exit_group, 4);
	}
	CLAIM(*shared == 1 && count == 1 && WEXITSTATUS(status_of((pid_t)child)) == 4);
	child = vfork_like();
	if (child == 0) {
		usleep(3000);
		*shared = 2;
		kill(getpid(), SIGKILL);
	}
	CLAIM(*shared == 2 && WTERMSIG(status_of((pid_t)child)) == SIGKILL && pipe(pair) == 0);
	child = vfork_like();
	if (child == 0) {
		*shared = 3;
		dup2(pair[0], 0);
		close(pair[1]);
		execv("/proc/self/exe", words);
		syscall(SYS_exit_group, 99);
	}
	CLAIM(*shared == 3 && write(pair[1], "x", 1) == 1 && WEXITSTATUS(status_of((pid_t)child)) == 8);
	CLAIM(close(pair[0]) == 0 && close(pair[1]) == 0);
}

static volatile int ends;

static void *stores(void *arg)
{
	volatile int *there = arg;

	while (!ends) {
		(*there)++;
		usleep(50);
	}
	return NULL;
}

static int begins_nothing(void *arg)
{
	char *none[] = { NULL };

	usleep(1000);
	execv("/there/is/none", none);
	*(volatile int *)arg = errno;
	_exit(127);
}

/* Why its child could not begin another program is told to who lent it the memory, near the stack pointer; what other threads store there meanwhile stays. */
static void hears_of_child(void)
{
	static char stack[16384] __attribute__((aligned(16)));
	volatile int why[2] = { 0, 0 };
	pthread_t thread;
	pid_t child;
	int before;

	CLAIM(pthread_create(&thread, NULL, stores, (void *)&why[1]) == 0);
	while (why[1] == 0)
		usleep(50);
	before = why[1];
	child = clone(begins_nothing, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, (void *)&why[0]);
	CLAIM(why[0] == ENOENT && why[1] > before && WEXITSTATUS(status_of(child)) == 127);
	ends = 1;
	CLAIM(pthread_join(thread, NULL) == 0);
}

static volatile int go;

static void *becomes(void *arg)
{
	char *words[] = { "starting", "is", "left", NULL };

	while (!go)
		;
	execv("/proc/self/exe", words);
	return arg;
}

/* Two become another at once: one of them does. */
static void two_become_another(void)
{
	for (int i = 0; i < 3; i++) {
		pid_t child = fork();

		if (child == 0) {
			pthread_t threads[2];

			for (int k = 0; k < 2; k++)
				pthread_create(&threads[k], NULL, becomes, NULL);
			usleep(1000);
			go = 1;
			while (1)
				pause();
		}
		CLAIM(WEXITSTATUS(status_of(child)) == 9);
	}
}

/* The stack is as the ABI has it however many words there are: and the last of them lies right below the program's name. */
static int words_lie_well(int argc, char **argv)
{
	char *last = environ[0] != NULL ? environ[0] : argv[argc - 1];

	for (int i = 0; environ[i] != NULL; i++)
		last = environ[i];
	CLAIM(starting_registers == 0 && (uintptr_t)(argv - 1) % 16 == 0 && (char *)getauxval(AT_EXECFN) == last + strlen(last) + 1);
	CLAIM(argc == 1 || argv[1] == argv[0] + strlen(argv[0]) + 1);
	fflush(stdout);
	return claims_failed == 0 ? 9 : 1;
}

static void words(void)
{
	for (int i = 0; i < 8; i++) {
		char *given[] = { "starting", "is", i & 1 ? "more" : NULL, i & 4 ? "words" : NULL, NULL };
		char *variables[] = { i & 2 ? "A=b" : NULL, i & 4 ? "CC=d" : NULL, NULL };
		pid_t child = fork();

		if (child == 0) {
			fesetround(FE_UPWARD);
			execve("/proc/self/exe", given, variables);
			_exit(99);
		}
		CLAIM(WEXITSTATUS(status_of(child)) == 9);
	}
}

int main(int argc, char **argv)
{
	char byte;

	if (argc > 1 && strcmp(argv[1], "is") == 0)
		return words_lie_well(argc, argv);
	if (argc > 1)
		return read(0, &byte, 1) == 1 ? 8 : 9;
	CLAIM(words_lie_well(argc, argv) == 9);
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	waits_for_child();
	hears_of_child();
	two_become_another();
	words();
	return claims_end("starting");
}
