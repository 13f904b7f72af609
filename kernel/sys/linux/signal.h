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
	LINUX_SIGCHLD = 17, LINUX_SIGCONT = 18, LINUX_SIGSTOP = 19, LINUX_SIGTSTP = 20, LINUX_SIGTTIN = 21, LINUX_SIGTTOU = 22, LINUX_SIGWINCH = 28,
	LINUX_SIGNALS = 64,
};

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
	struct list_node queue;                     /* of struct linux_siginfo, for those that carry more than their number */
};

/* Of a thread. */
struct linux_signals {
	uint64_t mask;            /* W: itself. Bit n - 1: signal n is blocked */
	uint64_t saved_mask;      /* W: itself: what sigsuspend, ppoll, ... put back when a handler has been set up */
	bool restore_mask;
	uint64_t pending;         /* W: under the handlers' lock */
	struct list_node queue;   /* W: under the handlers' lock */
	uint64_t stack_va, stack_bytes; /* W: itself. sigaltstack; 0: none */
	uint32_t stack_flags;
	_Atomic uint32_t due;     /* W: any CPU. Something may have to be delivered */
};

/* Sends to a process, to a thread: what is ignored goes nowhere. `info` NULL: SI_KERNEL. Context: fiber or scheduler, any CPU. */
void linux_signal_process(struct process *process, int signal, const struct linux_siginfo *info);
void linux_signal_thread(struct thread *thread, int signal, const struct linux_siginfo *info);

/* Sends to every process of a group; tells how many there were. */
unsigned linux_signal_group(unsigned group, int signal, const struct linux_siginfo *info);

/* The same for what the thread has done itself (a fault, SIGPIPE): where it is blocked or ignored a fault's ends the process. Context: its fiber. */
void linux_signal_fault(struct thread *thread, int signal, int code, uint64_t address);

/* Whether a signal waits that is not blocked: then a sleep ends. Context: the thread's fiber. */
bool linux_signal_is_due(struct thread *thread);

/*
 * Before the program goes on: takes what is due, and sets up a handler, ends or stops the process. `restarted` tells what the call that was just
 * answered returned where it is to be begun again (LINUX_RESTART...), else 0. Context: the thread's fiber.
 */
void linux_signal_deliver(struct thread *thread, int64_t restarted);

/* For fork, execve and the end. */
void linux_handlers_init(struct linux_handlers *handlers);
void linux_handlers_copy(const struct linux_handlers *from, struct linux_handlers *to);
void linux_handlers_exec(struct linux_handlers *handlers);
void linux_handlers_free(struct linux_handlers *handlers);

#endif
