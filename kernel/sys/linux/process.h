// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What a process has that runs a Linux program, beside what every process has (kernel/sys/process.h): areas of memory, descriptors, a root,
 * handlers of signals, and its place in the family. It is made with the process, or by fork, and goes when the process has been collected.
 */
#ifndef KERNEL_SYS_LINUX_PROCESS_H
#define KERNEL_SYS_LINUX_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/core/spinlock.h"
#include "kernel/sys/linux/comm.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/mm.h"
#include "kernel/sys/linux/signal.h"
#include "kernel/sys/linux/timers.h"
#include "kernel/sys/linux/wait.h"
#include "kernel/sys/process.h"
#include "lib/list.h"

struct linux_root;
struct linux_words;

enum {
	LINUX_RLIMIT_STACK = 3, LINUX_RLIMIT_NOFILE = 7, LINUX_RLIMIT_AS = 9, LINUX_RLIMIT_SIGPENDING = 11, LINUX_RLIMITS = 16,
};

struct linux_process {
	struct process *process; /* whose it is */
	struct linux_mm mm;
	struct linux_fds fds;
	struct linux_root *root; /* held: where its paths begin, and what is mounted there; shared by all that were forked */
	struct linux_handlers handlers;
	struct linux_timers timers;
	struct linux_family *family; /* parent, children, group, session (family.c) */
	uint64_t rlimits[LINUX_RLIMITS][2]; /* soft, hard */
	struct linux_words *words;   /* W: under the process's lock. NULL: none */
	uint32_t used_to;            /* as personality(2) has it */
	_Atomic bool hides;          /* it is not dumpable (PR_SET_DUMPABLE): only who has CAP_SYS_PTRACE looks into it */
	bool no_huge_pages;          /* PR_SET_THP_DISABLE: told, and nothing goes by it */
	struct linux_vfork *lent;    /* W: its maker, before it begins; itself. NULL: it was not made by vfork, or has begun another program */
	bool undoes;                 /* its end changes semaphores of System V (sem.c); stays so until then */
	char exe[256];               /* W: under the process's lock. Path of the program it runs */
	char comm[LINUX_COMM_BYTES]; /* W: under the process's lock. Of its first thread */
	uint64_t began_ns;           /* since the machine's start, when it was made */
	uint64_t cpu_ns;             /* W: under the process's lock. CPU time of threads that have ended */
	uint64_t sigreturn_va;       /* W: execve. Code that a handler returns to where it names none (the vDSO's); 0: there is none */
};

/*
 * Makes a process one that runs Linux programs; it has no descriptors, and nothing mapped. `parent` NULL: it begins a family; else that is told of its end
 * by `exit_signal`. STATUS_ENOMEM. Context: fiber; the boot CPU's, where it begins a family.
 */
MUST_CHECK status_t linux_process_attach(struct process *process, struct process *parent, int exit_signal);

/* Gives back all that it used, when its last thread has left: called by process_empty(). What its parent may ask for stays. */
void linux_process_detach(struct process *process);

/* Frees it with its process: nobody holds that any more. */
void linux_process_free(struct linux_process *personality);

#endif
