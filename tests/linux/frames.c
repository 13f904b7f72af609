// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What a handler finds on its stack, what it may change there, and what the kernel does not take back from there. Spec: Linux, arch/arm64/kernel/signal.c */
#include "tests/linux/claims.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

enum { PAGE = 4096, STACK = 16 * PAGE, OTHER_MAGIC = 0x12345678 };

static volatile sig_atomic_t count;
static char *stack;
static volatile uintptr_t faulted;
static stack_t inside;

/* What a handler does with its frame; then the child goes on, if it can. */
static void (*change)(ucontext_t *context);

static struct _aarch64_ctx *record_of(ucontext_t *context, size_t at)
{
	return (struct _aarch64_ctx *)(void *)((char *)context->uc_mcontext.__reserved + at);
}

static void take(int signal, void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags };

	CLAIM(sigaction(signal, &action, NULL) == 0);
}

/* A fault's frame tells where and how; it goes on behind the instruction. */
static void on_fault(int signal, siginfo_t *info, void *at)
{
	ucontext_t *context = at;
	struct esr_context *esr = (struct esr_context *)(void *)record_of(context, sizeof(struct fpsimd_context));

	CLAIM(signal == SIGSEGV && (uintptr_t)info->si_addr == faulted && context->uc_mcontext.fault_address == faulted);
	CLAIM(record_of(context, 0)->magic == FPSIMD_MAGIC && record_of(context, 0)->size == sizeof(struct fpsimd_context));
	CLAIM(esr->head.magic == ESR_MAGIC && esr->head.size == sizeof(*esr) && esr->esr >> 26 == 0x24 /* a data abort of EL0 */ && (esr->esr & 64) != 0);
	CLAIM(record_of(context, sizeof(struct fpsimd_context) + sizeof(*esr))->magic == 0);
	CLAIM((context->uc_mcontext.pstate & 0x1f) == 0 && (uintptr_t)context % 16 == 0);
	context->uc_mcontext.pc += 4;
	count++;
}

static void on_signal(int signal, siginfo_t *info, void *at)
{
	ucontext_t *context = at;
	struct fpsimd_context *vectors = (struct fpsimd_context *)(void *)record_of(context, 0);
	sigset_t now;

	CLAIM(signal == SIGUSR1 && info->si_pid == getpid() && context->uc_mcontext.fault_address == 0);
	CLAIM(vectors->head.magic == FPSIMD_MAGIC && record_of(context, sizeof(*vectors))->magic == 0 && record_of(context, sizeof(*vectors))->size == 0);
	sigemptyset(&now);
	CLAIM(memcmp(&context->uc_sigmask, &now, 8) == 0);
	count++;
	if (change != NULL)
		change(context);
}

static void changes_registers(ucontext_t *context)
{
	struct fpsimd_context *vectors = (struct fpsimd_context *)(void *)record_of(context, 0);

	context->uc_mcontext.regs[20] = 0x1122334455667788;
	vectors->vregs[9] = 0x99aabbccddeeff00;
	vectors->fpcr = 1u << 22;
	sigaddset(&context->uc_sigmask, SIGUSR2);
}

/* tgkill(getpid(), gettid(), SIGUSR1), between two looks at registers. */
static void registers(void)
{
	register uint64_t result __asm__("x20") = 5;
	uint64_t vector;
	uint64_t mode;
	sigset_t now;

	change = changes_registers;
	__asm__ volatile("fmov d9, x20\n"
			 "mov x8, #172\n svc #0\n mov x21, x0\n"
			 "mov x8, #178\n svc #0\n mov x1, x0\n mov x0, x21\n mov x2, %3\n"
			 "mov x8, #131\n svc #0\n"
			 "fmov %1, d9\n mrs %2, fpcr\n msr fpcr, xzr\n"
			 : "+r"(result), "=&r"(vector), "=&r"(mode)
			 : "i"(SIGUSR1)
			 : "x0", "x1", "x2", "x8", "x21", "d9", "memory");
	change = NULL;
	CLAIM(result == 0x1122334455667788 && vector == 0x99aabbccddeeff00 && mode == 1u << 22);
	CLAIM(sigprocmask(SIG_SETMASK, NULL, &now) == 0 && sigismember(&now, SIGUSR2) && !sigismember(&now, SIGUSR1));
	sigemptyset(&now);
	sigprocmask(SIG_SETMASK, &now, NULL);
}

/* What a program has chosen besides flags, as that instructions take the same time whatever the data is (DIT), is its choice after a handler, too. */
static void modes(void)
{
	uint64_t timing = 1ul << 24;

	if ((getauxval(AT_HWCAP) & HWCAP_DIT) == 0)
		return;
	__asm__ volatile("msr s3_3_c4_c2_5, %0" : : "r"(timing));
	CLAIM(raise(SIGUSR1) == 0);
	__asm__ volatile("mrs %0, s3_3_c4_c2_5\n msr s3_3_c4_c2_5, xzr\n" : "=&r"(timing));
	CLAIM(timing == 1ul << 24);
	count--;
}

/* What a fault's frame has besides is passed over. */
static void puts_other(ucontext_t *context)
{
	struct fpsimd_context vectors = *(struct fpsimd_context *)(void *)record_of(context, 0);

	*record_of(context, 0) = (struct _aarch64_ctx){ ESR_MAGIC, 32 };
	*(struct fpsimd_context *)(void *)record_of(context, 32) = vectors;
	*record_of(context, 32 + sizeof(vectors)) = (struct _aarch64_ctx){ 0, 0 };
}

static void is_unknown(ucontext_t *context)
{
	puts_other(context);
	record_of(context, 0)->magic = OTHER_MAGIC;
}

static void is_unknown_behind(ucontext_t *context)
{
	*record_of(context, sizeof(struct fpsimd_context)) = (struct _aarch64_ctx){ OTHER_MAGIC, 16 };
	*record_of(context, sizeof(struct fpsimd_context) + 16) = (struct _aarch64_ctx){ 0, 0 };
}

static void has_two(ucontext_t *context)
{
	memcpy(record_of(context, sizeof(struct fpsimd_context)), record_of(context, 0), sizeof(struct fpsimd_context));
	*record_of(context, 2 * sizeof(struct fpsimd_context)) = (struct _aarch64_ctx){ 0, 0 };
}

static void ends_badly(ucontext_t *context)
{
	*record_of(context, sizeof(struct fpsimd_context)) = (struct _aarch64_ctx){ 0, 16 };
}

static void leaves_with_code(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	_exit(info->si_code);
}

static void is_told(ucontext_t *context)
{
	take(SIGSEGV, leaves_with_code, 0);
	ends_badly(context);
}

static void misfits(ucontext_t *context)
{
	puts_other(context);
	record_of(context, 0)->size = 40;
	memmove(record_of(context, 40), record_of(context, 32), sizeof(struct fpsimd_context));
}

static void stands_still(ucontext_t *context)
{
	puts_other(context);
	record_of(context, 0)->size = 0;
}

static void goes_beyond(ucontext_t *context)
{
	puts_other(context);
	record_of(context, 0)->size = 4096;
}

static void has_none(ucontext_t *context)
{
	*record_of(context, 0) = (struct _aarch64_ctx){ 0, 0 };
}

static void is_short(ucontext_t *context)
{
	record_of(context, 0)->size -= 16;
}

static void is_last(ucontext_t *context)
{
	struct _aarch64_ctx head = *record_of(context, 0);

	*record_of(context, 0) = (struct _aarch64_ctx){ ESR_MAGIC, 4096 - 32 };
	*record_of(context, 4096 - 32) = head;
}

static void is_kernel(ucontext_t *context)
{
	context->uc_mcontext.pstate |= 5; /* EL1h */
}

static void is_old(ucontext_t *context)
{
	context->uc_mcontext.pstate |= 0x10; /* AArch32 */
}

static void sets_flags(ucontext_t *context)
{
	context->uc_mcontext.pstate |= 0xf0000000;
}

/* How a child ends whose handler does so with its frame: its status, or the signal and 128. */
static int ends(void (*how)(ucontext_t *context))
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		change = how;
		raise(SIGUSR1);
		fflush(stdout);
		_exit(claims_failed != 0);
	}
	CLAIM(waitpid(child, &status, 0) == child);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void looks(int signal, siginfo_t *info, void *at)
{
	ucontext_t *context = at;
	char here;

	(void)info;
	CLAIM(&here >= stack && &here < stack + STACK && sigaltstack(NULL, &inside) == 0);
	CLAIM(context->uc_stack.ss_sp == stack && context->uc_stack.ss_size == STACK);
	if ((inside.ss_flags & SS_ONSTACK) != 0)
		REFUSED(syscall(SYS_sigaltstack, &(stack_t){ .ss_sp = stack, .ss_size = STACK }, NULL), EPERM);
	if (count++ == 0)
		raise(signal == SIGHUP ? SIGTERM : SIGHUP); /* goes on where it is */
}

static void stacks(void)
{
	stack_t own = { .ss_sp = stack, .ss_size = STACK };
	stack_t now;
	char here;

	take(SIGHUP, looks, SA_ONSTACK);
	take(SIGTERM, looks, SA_ONSTACK);
	CLAIM(sigaltstack(&own, NULL) == 0 && (count = 0) == 0 && raise(SIGHUP) == 0 && count == 2 && inside.ss_flags == SS_ONSTACK);
	CLAIM(sigaltstack(NULL, &now) == 0 && now.ss_flags == 0 && now.ss_sp == stack && now.ss_size == STACK);
	/* One that is put away while it is used is there again afterwards. */
	own.ss_flags = (int)(1u << 31) /* SS_AUTODISARM */;
	take(SIGTERM, on_signal, 0);
	CLAIM(sigaltstack(&own, NULL) == 0 && (count = 1) == 1 && raise(SIGHUP) == 0 && count == 2 && inside.ss_flags == SS_DISABLE);
	CLAIM(sigaltstack(NULL, &now) == 0 && now.ss_flags == own.ss_flags && now.ss_sp == stack && now.ss_size == STACK);
	own = (stack_t){ .ss_flags = SS_DISABLE };
	CLAIM(sigaltstack(&own, NULL) == 0 && sigaltstack(NULL, &now) == 0 && now.ss_flags == SS_DISABLE);
	REFUSED(syscall(SYS_sigaltstack, 16, NULL), EFAULT);
	CLAIM(&here < stack || &here >= stack + STACK);
}

/* No frame can be put where there is no memory. */
static void nowhere(ucontext_t *context)
{
	stack_t none = { .ss_sp = (void *)(uintptr_t)PAGE, .ss_size = STACK };

	(void)context;
	sigaltstack(&none, NULL);
	take(SIGUSR2, on_fault, SA_ONSTACK);
	raise(SIGUSR2);
}

int main(void)
{
	stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	take(SIGSEGV, on_fault, 0);
	take(SIGUSR1, on_signal, 0);
	faulted = 24;
	__asm__ volatile("mov x9, #24\n str xzr, [x9]\n" ::: "x9", "memory");
	CLAIM(count == 1);
	registers();
	CLAIM(count == 2);
	modes();
	signal(SIGSEGV, SIG_DFL);
	CLAIM(ends(NULL) == 0 && ends(puts_other) == 0 && ends(sets_flags) == 0);
	CLAIM(ends(misfits) == 128 + SIGSEGV && ends(stands_still) == 128 + SIGSEGV && ends(goes_beyond) == 128 + SIGSEGV);
	CLAIM(ends(has_none) == 128 + SIGSEGV && ends(is_short) == 128 + SIGSEGV && ends(is_last) == 128 + SIGSEGV);
	CLAIM(ends(is_unknown) == 128 + SIGSEGV && ends(is_unknown_behind) == 128 + SIGSEGV && ends(has_two) == 128 + SIGSEGV);
	CLAIM(ends(ends_badly) == 128 + SIGSEGV && ends(is_told) == SEGV_ACCERR);
	CLAIM(ends(is_kernel) == 128 + SIGSEGV && ends(is_old) == 128 + SIGSEGV && ends(nowhere) == 128 + SIGSEGV);
	stacks();
	return claims_end("frames");
}
