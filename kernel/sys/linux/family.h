// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Parents, children, process groups and sessions. A process that was started from the manifest is the top of a family: it has no parent, and all that
 * came of it by fork see each other and nobody else; they are killed when it ends. One that has ended stays, as little as a structure, until its parent
 * has asked how; without a parent, or another process that has asked for such, nobody will, and it goes at once. One lock for all of it, outside a process's and its handlers'.
 */
#ifndef KERNEL_SYS_LINUX_FAMILY_H
#define KERNEL_SYS_LINUX_FAMILY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/core/spinlock.h"
#include "kernel/sys/linux/wait.h"
#include "lib/list.h"
#include "lib/status.h"

struct process;
struct thread;

struct linux_family {
	struct process *process; /* held while it is in the list */
	struct linux_event changed; /* a child ended, stopped or goes on; it begins another program */
	/* W: under the lock, all that follows. */
	struct list_node of_all;
	struct linux_family *parent; /* NULL: it has none, or has outlived it */
	_Atomic uint32_t parent_number; /* what getppid(2) tells, which takes no lock */
	struct list_node children;
	struct list_node of_parent;
	_Atomic uint32_t user;   /* W: itself. The real one, as it is told with its end */
	unsigned top;            /* number of the process that the family began with */
	unsigned group, session;
	int exit_signal;         /* what the parent is sent at its end; 0: nothing */
	int death_signal;        /* what it is sent at its parent's end; 0: nothing */
	bool executed;           /* it has begun another program since it was made */
	bool reaps;              /* what outlives its parents below it becomes its own child */
	bool ended;              /* `status` holds how, as wait4(2) tells it */
	bool continued;          /* and nobody has asked */
	bool left_terminal;      /* W: itself. It is no more a process of its session's terminal */
	unsigned hung_up_group;  /* W: under the lock of all terminals. In front when that of the session that it leads was hung up; 0: none */
	int stop_signal;         /* it stands still, and nobody has asked; 0: otherwise */
	int status;
	uint64_t children_cpu_ns; /* of those that were waited for, and theirs */
	uint64_t cpu_ns;          /* its own, once it has ended */
};

/* Who it is in siginfo_t: its number, and its user. */
uint64_t linux_family_stamp(const struct linux_family *family);

/* Its place; `parent` NULL: it begins a family. STATUS_ENOMEM. */
MUST_CHECK status_t linux_family_enter(struct process *process, struct process *parent, int exit_signal);

/* It has given back all it had: says so to its parent, and lets its children go. For process_finish(). */
void linux_family_end(struct process *process);

/* It was never started: as if it had not been made. */
void linux_family_abandon(struct process *process);

/* Stops (by `signal`), and goes on: for its parent to know. */
void linux_family_stopped(struct process *process, int signal);
void linux_family_continued(struct process *process);

/* Has begun another program: who waits in vfork goes on. */
void linux_family_executed(struct process *process);

unsigned linux_family_group(const struct process *process);
unsigned linux_family_session(const struct process *process);

/* The session of a group; 0: there is no such group. */
unsigned linux_group_session(unsigned group);

/* Whether none of a group has a parent in its session but outside the group: then nobody there would let it go on once it has been stopped. */
bool linux_group_is_orphaned(unsigned group);

/* The process of `asking`'s family with that number, held; it may have ended. NULL: there is none. */
struct process *linux_family_find(const struct process *asking, unsigned pid);

/* The one with the smallest number beyond `after` of `asking`'s family (NULL: of any), held; only of `group`, where that is not 0. */
struct process *linux_family_next(const struct process *asking, unsigned after, unsigned group);

/* The smallest number of its threads beyond `after`; 0: there is none. The first thread counts as there, also when it has ended, as the process has its number. */
unsigned linux_thread_next(struct process *process, unsigned after);

/* A thread of the family by its number, held; of process `pid`, where that is not 0. */
struct thread *linux_family_thread(const struct process *asking, unsigned pid, unsigned tid);

/* For wait_child.c. */
extern struct spinlock linux_family_lock;
void linux_family_remove(struct linux_family *family);

#endif
