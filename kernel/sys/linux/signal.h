// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Signals (signal.7): sent, blocked, delivered to handlers on the program's stack, or their default action. */
#ifndef KERNEL_SYS_LINUX_SIGNAL_H
#define KERNEL_SYS_LINUX_SIGNAL_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/core/spinlock.h"
#include "lib/list.h"
#include "lib/status.h"

struct process;
struct thread;

enum {
	LINUX_SIGHUP = 1, LINUX_SIGINT = 2, LINUX_SIGQUIT = 3, LINUX_SIGILL = 4, LINUX_SIGTRAP = 5, LINUX_SIGABRT = 6, LINUX_SIGBUS = 7, LINUX_SIGFPE = 8,
	LINUX_SIGKILL = 9, LINUX_SIGUSR1 = 10, LINUX_SIGSEGV = 11, LINUX_SIGUSR2 = 12, LINUX_SIGPIPE = 13, LINUX_SIGALRM = 14, LINUX_SIGTERM = 15,
	LINUX_SIGCHLD = 17, LINUX_SIGCONT = 18, LINUX_SIGSTOP = 19, LINUX_SIGTSTP = 20, LINUX_SIGTTIN = 21, LINUX_SIGTTOU = 22, LINUX_SIGURG = 23,
	LINUX_SIGXCPU = 24, LINUX_SIGVTALRM = 26, LINUX_SIGPROF = 27, LINUX_SIGWINCH = 28, LINUX_SIGSYS = 31, LINUX_SIGRTMIN = 32,
	LINUX_SIGNALS = 64,
};

/* Sets of signals: bit n - 1 for signal n. */
#define LINUX_SIGNAL_BIT(signal) (1ul << ((signal) - 1))
#define LINUX_SIGNALS_NEVER_BLOCKED (LINUX_SIGNAL_BIT(LINUX_SIGKILL) | LINUX_SIGNAL_BIT(LINUX_SIGSTOP))
#define LINUX_SIGNALS_STOP (LINUX_SIGNAL_BIT(LINUX_SIGSTOP) | LINUX_SIGNAL_BIT(LINUX_SIGTSTP) | LINUX_SIGNAL_BIT(LINUX_SIGTTIN) | LINUX_SIGNAL_BIT(LINUX_SIGTTOU))

/* Those that a program's own instruction causes: delivered before all others. */
#define LINUX_SIGNALS_SYNCHRONOUS                                                                                                            \
	(LINUX_SIGNAL_BIT(LINUX_SIGSEGV) | LINUX_SIGNAL_BIT(LINUX_SIGBUS) | LINUX_SIGNAL_BIT(LINUX_SIGILL) | LINUX_SIGNAL_BIT(LINUX_SIGTRAP) | \
	 LINUX_SIGNAL_BIT(LINUX_SIGFPE) | LINUX_SIGNAL_BIT(LINUX_SIGSYS))

static inline bool linux_signal_is_synchronous(int signal)
{
	return (LINUX_SIGNALS_SYNCHRONOUS & LINUX_SIGNAL_BIT(signal)) != 0;
}

/* siginfo's `code` (asm-generic/siginfo.h). */
enum {
	LINUX_SI_USER = 0, LINUX_SI_KERNEL = 0x80, LINUX_SI_QUEUE = -1, LINUX_SI_TIMER = -2, LINUX_SI_TKILL = -6,
	LINUX_ILL_ILLOPC = 1, LINUX_FPE_FLTUNK = 14, LINUX_TRAP_BRKPT = 1, LINUX_SEGV_MAPERR = 1, LINUX_SEGV_ACCERR = 2, LINUX_BUS_ADRALN = 1,
	LINUX_BUS_ADRERR = 2, LINUX_CLD_EXITED = 1, LINUX_CLD_KILLED = 2, LINUX_CLD_STOPPED = 5, LINUX_CLD_CONTINUED = 6,
};

enum { LINUX_SIGNALS_QUEUED_MAX = 1024 /* of a process; RLIMIT_SIGPENDING */ };

/* struct sigaction of the kernel: `handler` and `flags`. */
enum { LINUX_SIG_DFL = 0, LINUX_SIG_IGN = 1 };
enum {
	LINUX_SA_NOCLDSTOP = 1, LINUX_SA_NOCLDWAIT = 2, LINUX_SA_SIGINFO = 4, LINUX_SA_RESTORER = 0x04000000, LINUX_SA_ONSTACK = 0x08000000,
	LINUX_SA_RESTART = 0x10000000, LINUX_SA_NODEFER = 0x40000000,
};
#define LINUX_SA_RESETHAND 0x80000000ul

/* stack_t's `flags`. */
enum { LINUX_SS_ONSTACK = 1, LINUX_SS_DISABLE = 2 };
#define LINUX_SS_AUTODISARM 0x80000000u

/* siginfo_t as the program sees it (asm-generic/siginfo.h). */
struct linux_siginfo {
	int32_t signo, error, code, pad;
	uint64_t fields[14];
};

static_assert(sizeof(struct linux_siginfo) == 128, "asm-generic/siginfo.h: SI_MAX_SIZE");

struct linux_action { /* struct sigaction of the kernel */
	uint64_t handler, flags, restorer, mask;
};

/* Of a process. */
struct linux_handlers {
	struct spinlock lock;
	/* W: under `lock`. */
	struct linux_action actions[LINUX_SIGNALS]; /* signal n is [n - 1] */
	uint64_t pending;                           /* for any thread of it */
	struct list_node queue;                     /* of what is known of them, for those that carry more than their number */
	unsigned queued;                            /* in this queue, and those of its threads */
	bool closed;                                /* it has ended: nothing is sent any more */
	_Atomic uint32_t stopped;                   /* W: under `lock`. Its threads stand still (SIGSTOP) */
};

/* Of a thread. */
struct linux_signals {
	uint64_t mask;            /* W: itself, under the handlers' lock. Bit n - 1: signal n is blocked */
	uint64_t saved_mask;      /* W: itself: what sigsuspend, ppoll, ... put back when a handler has been set up */
	bool restore_mask;
	uint64_t wanted;          /* W: itself, under the handlers' lock. What sigtimedwait waits for, though it is blocked */
	uint64_t pending;         /* W: under the handlers' lock */
	struct list_node queue;   /* W: under the handlers' lock */
	uint64_t stack_va, stack_bytes; /* W: itself. sigaltstack; 0: none */
	uint32_t stack_flags;
	_Atomic uint32_t due;     /* W: any CPU. Something may have to be delivered */
};

/* Sends to a process, to a thread: what is ignored goes nowhere. `info` NULL: SI_KERNEL. Context: fiber or scheduler, any CPU. */
void linux_signal_process(struct process *process, int signal, const struct linux_siginfo *info);
void linux_signal_thread(struct thread *thread, int signal, const struct linux_siginfo *info);

/* Sends to every process of a group, whoever they are. */
void linux_signal_group(unsigned group, int signal, const struct linux_siginfo *info);

/* The same for what the thread has done itself (a fault, SIGPIPE): where it is blocked or ignored a fault's ends the process. Context: its fiber. */
void linux_signal_fault(struct thread *thread, int signal, int code, uint64_t address);

/* Whether a signal waits that is not blocked: then a sleep ends. Context: the thread's fiber. */
bool linux_signal_is_due(struct thread *thread);

/*
 * Before the program goes on: takes what is due, and sets up a handler, ends or stops the process. `restarted` tells what the call that was just
 * answered returned where it is to be begun again (LINUX_RESTART...), else 0. Context: the thread's fiber.
 */
void linux_signal_deliver(struct thread *thread, int64_t restarted);

/*
 * A page fault or another exception of the program that nobody could mend: `status` as linux_mm_fault() has it (STATUS_EIO, STATUS_EACCES,
 * STATUS_ENOMEM), else STATUS_EFAULT. Context: the thread's fiber, stopped by it.
 */
void linux_signal_exception(struct thread *thread, status_t status);

/* Blocks what is in `mask`, and nothing else. Context: the thread's fiber. */
void linux_signal_set_mask(struct thread *thread, uint64_t mask);

/*
 * For calls that block other signals while they wait (ppoll, pselect6, epoll_pwait): takes the set at `mask_va` of `bytes`, or nothing where that is
 * 0; STATUS_EFAULT, STATUS_EINVAL. At their end, with their result: where that says a signal has come, the mask stays until its handler is set up.
 */
MUST_CHECK status_t linux_signal_wait_begin(struct thread *thread, uint64_t mask_va, uint64_t bytes);
void linux_signal_wait_end(struct thread *thread, int64_t result);

/*
 * What is behind the calls above: to `thread`, or to any thread of `process` where it is NULL. STATUS_EAGAIN: it would have to be queued, and too many
 * are, or there is no memory for it. Spec: Linux, kernel/signal.c: __send_signal_locked()
 */
MUST_CHECK status_t linux_signal_send(struct process *process, struct thread *thread, int signal, const struct linux_siginfo *info);

/* All that is pending for a thread, and for its process. Context: its fiber. */
uint64_t linux_signal_pending(struct thread *thread);

/* Takes the first that is pending of `set`, with what is known of it; 0: there is none. Context: the thread's fiber. */
int linux_signal_take(struct thread *thread, uint64_t set, struct linux_siginfo *info);

/* Has a thread look at its signals, wherever it is. Context: fiber or scheduler, any CPU; the thread is held. */
void linux_signal_kick(struct thread *thread);

/* Has every thread that does not block it look at what is pending for the process: when one that was to take it cannot. */
void linux_signal_redirect(struct process *process);

/* Has every thread of the process look: it stands still. */
void linux_signal_stop_all(struct process *process);

/* What is pending of `set` was never sent. */
void linux_signal_forget(struct process *process, uint64_t set);

/* Lets a process that stands still go on, and says so to its parent. */
void linux_signal_continue(struct process *process);

/* For fork, execve and the end. */
void linux_signals_init(struct linux_signals *signals);
void linux_signals_free(struct linux_signals *signals, struct linux_handlers *handlers); /* NULL: its thread has never run */
void linux_handlers_init(struct linux_handlers *handlers);
void linux_handlers_copy(const struct linux_handlers *from, struct linux_handlers *to);
void linux_handlers_exec(struct linux_handlers *handlers);
void linux_handlers_free(struct linux_handlers *handlers);

#endif
