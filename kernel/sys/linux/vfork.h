// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What a child of vfork(2) says by its maker's memory. It has a copy of that (fork.c); but what it has stored just above its maker's stack pointer when it
 * ends by itself is stored there for its maker, too. By that posix_spawn(3) of glibc, and programs that do it themselves, learn why no program was begun.
 * Context of all: the thread's fiber; may sleep.
 */
#ifndef KERNEL_SYS_LINUX_VFORK_H
#define KERNEL_SYS_LINUX_VFORK_H

#include "lib/status.h"

struct process;
struct thread;

/* For the maker, before the child begins. STATUS_ENOMEM. What it takes is the child's. */
MUST_CHECK status_t linux_vfork_lend(struct thread *thread, struct process *child);

/* For a thread that begins: of the child's first one, what it finds there. */
void linux_vfork_begin(struct thread *thread);

/* For the child, which is about to end, while it has its memory; of others nothing comes. */
void linux_vfork_tell(struct thread *thread);

/* For the maker, once the child has ended, or begun another program: then there is nothing to hear. */
void linux_vfork_hear(struct thread *thread, const struct process *child);

/* Frees what was lent to a process: it begins another program, or nobody holds it any more. Context: any fiber. */
void linux_vfork_free(struct process *process);

#endif
