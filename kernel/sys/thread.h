// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A thread of a process: registers, a ring block (or a share of its creator's), and one fiber that drives it, on one CPU for its whole
 * life. It is a kernel object (interface thread).
 */
#ifndef KERNEL_SYS_THREAD_H
#define KERNEL_SYS_THREAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "hal/contract/user.h"
#include "kernel/cap/object.h"
#include "kernel/cap/ring_set.h"
#include "kernel/core/spinlock.h"
#include "lib/list.h"
#include "lib/status.h"

struct fiber;
struct linux_thread;
struct process;

#define THREAD_CPU_ANY UINT32_MAX

struct thread {
	_Atomic uint32_t ending; /* W: any CPU. It is to end, or its process is */
	struct object object;
	struct hal_user user; /* W: its fiber */
	struct process *process; /* held */
	void (*run)(struct thread *thread); /* what its fiber does until it, or its process, ends */
	struct linux_thread *personality; /* of a thread that runs a Linux program; NULL: it is native, and has: */
	struct ring_set *rings;  /* its own, or those of the thread it shares with, which is held */
	struct ring_set own;
	struct thread *owner;     /* of the rings */
	unsigned cpu;
	bool is_main;
	unsigned block;           /* number of its ring block in the process */
	uint64_t rings_va;
	uint64_t calls;           /* W: its fiber. System calls made */
	struct fiber *fiber;      /* W: itself, when it begins */
	bool ended;               /* W: its fiber, with its last act on its CPU */
	struct list_node of_process; /* W: under the process's lock */
	struct spinlock lock;
	bool gone;                /* W: under `lock` */
	struct list_node waiters; /* W: under `lock`. Operations that wait for its end */
};

struct thread_options {
	uint64_t pc, sp, tls;
	uint64_t x[3];
	struct thread *share; /* whose rings it uses, or NULL. Then it runs on that one's CPU */
	unsigned cpu;         /* or THREAD_CPU_ANY */
	bool is_main;         /* the first one */
	struct linux_thread *personality; /* it runs a Linux program, and has no rings; or NULL. Taken over, not on errors */
};

/*
 * Makes a thread of `process` that waits to be started; a native one with its ring block: x[1] is set to its address. STATUS_ENOMEM, STATUS_EAGAIN: too many
 * threads, or the process ends; STATUS_EINVAL: no such CPU. The caller gets a hold. Context: fiber, any CPU.
 */
MUST_CHECK status_t thread_create(struct process *process, const struct thread_options *options, struct thread **out);

/* Whose fiber runs here; NULL: it is no thread's. Context: fiber or scheduler. */
struct thread *thread_current(void);

/* Lets it run, in a fiber of its CPU. STATUS_ENOMEM: the caller abandons it. */
MUST_CHECK status_t thread_start(struct thread *thread);

/* Takes back a thread that was never started; the caller's hold too. */
void thread_abandon(struct thread *thread);

/* Has it look whether it, or its process, is to end, whatever it does. Context: fiber or scheduler, any CPU. */
void thread_notice(struct thread *thread);

/* A CPU for something new: each in turn. */
unsigned thread_pick_cpu(void);

#endif
